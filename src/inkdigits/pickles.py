"""The write-up's weights, a pickle of three arrays: read without trusting it, and written.

To unpickle is to run what the file says. So nothing here unpickles: a pickle's opcodes are
followed by hand, the few that arrays need, and what a pickle would call is only taken down.
"""

import hashlib
import io
import pickle
import pickletools
from dataclasses import dataclass
from typing import Any

import numpy as np

from inkdigits.arrays import Array
from inkdigits.inference import may_overflow
from inkdigits.model_file import ArtifactError, Model
from inkdigits.recipes import CLASSIC, RECIPES

MAX_PICKLE_BYTES = 8 * 2**20  # three arrays of zeros in protocol 0 are 5 MiB

# The arrays' names in the pickle, and in the network, which has them transposed.
_WEIGHTS = dict(zip(("W1", "W2", "W3"), CLASSIC.network.shapes, strict=True))
_MAX_OPCODES = 1000  # three arrays take about 120

# Everything that may be named. NumPy 1 says numpy.core where NumPy 2 says numpy._core.
_GLOBALS = {
    "_codecs encode": "encode",
    "numpy dtype": "dtype",
    "numpy ndarray": "ndarray",
    "numpy.core.multiarray _reconstruct": "reconstruct",
    "numpy._core.multiarray _reconstruct": "reconstruct",
    "numpy.core.numeric _frombuffer": "frombuffer",
    "numpy._core.numeric _frombuffer": "frombuffer",
}


# What a pickle would build, taken down: it may ask for the same bytes often, so none are copied.
@dataclass(frozen=True)
class _Global:
    name: str


@dataclass(frozen=True)
class _Latin1:
    text: str  # bytes, in protocols that have only text


@dataclass
class _Dtype:
    code: str
    byte_order: str = "="


@dataclass
class _Array:
    shape: Any = None
    dtype: Any = None
    order: Any = "C"
    data: Any = b""


def import_pickle(data: bytes) -> Model:
    """Make a model from {"W1", "W2", "W3"}: float64 or float32, (128, 784), (64, 128), (10, 64).

    Pickles of every protocol, 0 to 5, and of NumPy 1 and 2 are read.

    data     the bytes of the pickle
    returns  a model of the recipe "classic", its weights rounded to float32
    raises   ArtifactError if it is or names anything else than these three arrays
    """
    if len(data) > MAX_PICKLE_BYTES:
        raise _refusal(f"has {len(data)} bytes, and {MAX_PICKLE_BYTES} are the most that is read")
    try:
        weights = _follow(data)
        if not isinstance(weights, dict) or set(weights) != set(_WEIGHTS):
            raise _refusal("is no dictionary of W1, W2 and W3 alone")
        shapes = CLASSIC.network.shapes
        vector = np.concatenate(
            [
                _array(name, weights[name], shapes[parameter][::-1]).T.ravel()
                for name, parameter in _WEIGHTS.items()
            ]
        )
    # Warning: under `python -W error`, pickletools raises one for some backslashes in a name.
    except (LookupError, TypeError, ValueError, Warning) as error:
        raise _refusal(f"is damaged or holds other than arrays ({str(error)[:120]!a})") from None
    if not np.isfinite(vector).all():
        raise _refusal("holds a weight that is no finite float32 number")
    if may_overflow(CLASSIC, vector):
        raise _refusal("holds weights so large that some picture would overflow float32")
    return Model(
        recipe=CLASSIC.name,
        vector=vector,
        training={"imported": "pickle", "sha256": hashlib.sha256(data).hexdigest()},
    )


def export_pickle(model: Model) -> bytes:
    """Write a model's weights as the write-up does: {"W1", "W2", "W3"}, float64, outputs x inputs.

    returns  a pickle that needs NumPy alone, 1 or 2
    raises   ArtifactError if the model is no bias-free 784-128-64-10 network of sigmoids
    """
    network = RECIPES[model.recipe].network
    if network != CLASSIC.network:
        raise ArtifactError(
            f"a model of the recipe {model.recipe} cannot be a pickle of the write-up's kind, "
            "784-128-64-10 sigmoids without biases; export a model of the recipe classic."
        )
    params = network.unflatten(model.vector)
    weights = {
        name: params[parameter].T.astype(np.float64, order="C")
        for name, parameter in _WEIGHTS.items()
    }
    # NumPy 2 knows the old name too, NumPy 1 only that; a pickle names it once.
    return pickle.dumps(weights, protocol=3).replace(b"numpy._core.", b"numpy.core.", 1)


def _follow(data: bytes) -> Any:
    """Follow a pickle's opcodes to the value that it describes; nothing that it names is run.

    raises  LookupError, TypeError or ValueError for a malformed pickle, ArtifactError for one
            that asks for more than arrays
    """
    stack: list[Any] = []
    marks: list[int] = []
    memo: dict[int, Any] = {}

    def since_mark() -> list[Any]:
        start = marks.pop()
        values = stack[start:]
        del stack[start:]
        return values

    def set_items(values: list[Any]) -> None:
        for key, value in zip(values[::2], values[1::2], strict=True):
            if not isinstance(key, str):
                raise TypeError("a key that is no text")  # a nested tuple takes years to hash
            stack[-1][key] = value

    stream = io.BytesIO(data)
    argument: Any
    for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if count == _MAX_OPCODES:
            raise _refusal("is longer than three arrays need")
        match opcode.name:
            case "PROTO" | "FRAME":
                pass
            case "NONE" | "INT" | "BININT" | "BININT1" | "BININT2" | "LONG" | "LONG1":
                stack.append(argument)
            case "UNICODE" | "SHORT_BINUNICODE" | "BINUNICODE" | "BINUNICODE8":
                stack.append(argument)
            case "SHORT_BINBYTES" | "BINBYTES" | "BINBYTES8" | "BYTEARRAY8":
                stack.append(argument)
            case "NEWTRUE" | "NEWFALSE":
                stack.append(opcode.name == "NEWTRUE")
            case "MARK":
                marks.append(len(stack))
            case "EMPTY_TUPLE":
                stack.append(())
            case "TUPLE1" | "TUPLE2" | "TUPLE3":
                start = len(stack) - int(opcode.name[-1])
                stack[start:] = [tuple(stack[start:])]
            case "TUPLE":
                stack.append(tuple(since_mark()))
            case "EMPTY_DICT":
                stack.append({})
            case "DICT":
                values = since_mark()
                stack.append({})
                set_items(values)
            case "SETITEM":
                values = [stack.pop(-2), stack.pop()]
                set_items(values)
            case "SETITEMS":
                set_items(since_mark())
            case "PUT" | "BINPUT" | "LONG_BINPUT":
                memo[argument] = stack[-1]
            case "MEMOIZE":
                memo[len(memo)] = stack[-1]
            case "GET" | "BINGET" | "LONG_BINGET":
                stack.append(memo[argument])
            case "GLOBAL":
                stack.append(_global(argument))
            case "STACK_GLOBAL":
                names = [stack.pop(-2), stack.pop()]
                stack.append(_global(" ".join(names)))  # TypeError if these are not texts
            case "REDUCE":
                arguments = stack.pop()
                stack.append(_called(stack.pop(), arguments))
            case "BUILD":
                state = stack.pop()
                _set_state(stack[-1], state)
            case "STOP":
                (value,) = stack
                if stream.read(1):
                    raise ValueError("bytes follow its end")
                return value
            case name:
                raise _refusal(f"asks for {name}, which no array needs")
    raise ValueError("it has no end")


def _global(name: str) -> _Global:
    if name not in _GLOBALS:
        raise _refusal(f"names {name.replace(' ', '.')[:80]!a}, and only arrays are let in")
    return _Global(_GLOBALS[name])


def _called(function: Any, arguments: Any) -> _Latin1 | _Dtype | _Array:
    """Take down what a call would give."""
    match function, arguments:
        case _Global("encode"), (str() as text, "latin1"):
            return _Latin1(text)
        case _Global("dtype"), ("f4" | "f8" as code, _, _):
            return _Dtype(code)
        case _Global("reconstruct"), (_Global("ndarray"), (0,), b"b" | _Latin1("b")):
            return _Array()
        case _Global("frombuffer"), (data, dtype, shape, "C" | "F" as order):
            return _Array(shape, dtype, order, data)
    raise ValueError("a call that makes no array of numbers")


def _set_state(target: Any, state: Any) -> None:
    """Take down the state that an array or its dtype would be given."""
    match target, state:
        case _Dtype(), (3, "<" | ">" as byte_order, None, None, None, -1, -1, 0):
            target.byte_order = byte_order
        case _Array(), (1, shape, dtype, int() as is_fortran, data):  # True and False are ints
            target.shape, target.dtype, target.data = shape, dtype, data
            target.order = "F" if is_fortran else "C"
        case _:
            raise ValueError("a state that no array of numbers has")


def _array(name: str, value: Any, shape: tuple[int, ...]) -> Array:
    """Make an array of what was taken down, if it has this shape.

    returns  float32
    raises   TypeError or ValueError, by NumPy, if its data are not the bytes of such an array
    """
    match value:
        case _Array(dtype=_Dtype(code, byte_order)) if value.shape == shape:
            dtype = np.dtype(byte_order + code)
            data = value.data
        case _:
            raise _refusal(f"holds no array of shape {shape} and float64 or float32 as {name}")
    if isinstance(data, _Latin1):
        data = data.text.encode("latin-1")
    with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused as such
        return np.frombuffer(data, dtype).reshape(shape, order=value.order).astype(np.float32)


def _refusal(cause: str) -> ArtifactError:
    return ArtifactError(
        f"the pickle {cause}; take one of the write-up's W1, W2 and W3, or train a model."
    )
