"""Import and export the write-up's weights: a pickle of three arrays, which is not trusted.

Unpickling runs whatever code a file names. So nothing is unpickled here: the few opcodes that
arrays need are interpreted by hand, and what the pickle would call is only recorded.
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
from inkdigits.model_file import Model
from inkdigits.nn.layers import Layer, Shape
from inkdigits.nn.network import Network
from inkdigits.recipes import CLASSIC
from inkdigits.storage.files import FileError

MAX_PICKLE_BYTES = 8 * 2**20  # three arrays of zeros in protocol 0 are 5 MiB

# The arrays' names in the pickle and in the network, where they are transposed.
_WEIGHTS = dict(zip(("W1", "W2", "W3"), CLASSIC.network.shapes, strict=True))
_MAX_OPCODES = 1000  # three arrays take about 120

# Every global a pickle may name. NumPy 1 writes numpy.core where NumPy 2 writes numpy._core.
_GLOBALS = {
    "_codecs encode": "encode",
    "numpy dtype": "dtype",
    "numpy ndarray": "ndarray",
    "numpy.core.multiarray _reconstruct": "reconstruct",
    "numpy._core.multiarray _reconstruct": "reconstruct",
    "numpy.core.numeric _frombuffer": "frombuffer",
    "numpy._core.numeric _frombuffer": "frombuffer",
}


# Records of what a pickle would build. Many may refer to the same bytes, so these are not copied.
@dataclass(frozen=True)
class _Global:
    name: str


@dataclass(frozen=True)
class _Latin1:
    text: str  # bytes, in protocols without a type for them


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

    Accepts every pickle protocol, 0 to 5, and NumPy 1 and 2.

    data     the bytes of the pickle
    returns  a model of the recipe "classic", its weights rounded to float32
    raises   FileError if it contains or names anything but these three arrays
    """
    if len(data) > MAX_PICKLE_BYTES:
        raise _error(f"has {len(data)} bytes, more than the limit of {MAX_PICKLE_BYTES}")
    try:
        weights = _interpret(data)
        if not isinstance(weights, dict) or set(weights) != set(_WEIGHTS):
            raise _error("is not a dictionary of exactly W1, W2 and W3")
        shapes = CLASSIC.network.shapes
        vector = np.concatenate(
            [
                _array(name, weights[name], shapes[parameter][::-1]).T.ravel()
                for name, parameter in _WEIGHTS.items()
            ]
        )
    # Warning: under `python -W error`, pickletools raises one for some backslashes in a name.
    except (LookupError, TypeError, ValueError, Warning) as error:
        raise _error(f"is damaged or contains more than arrays ({str(error)[:120]!a})") from None
    if not np.isfinite(vector).all():
        raise _error("contains a weight that is not a finite float32 number")
    if may_overflow(CLASSIC.network, vector):
        raise _error("contains weights so large that some image would overflow float32")
    provenance = {"imported": "pickle", "sha256": hashlib.sha256(data).hexdigest()}
    return Model.from_recipe(CLASSIC, vector, training=provenance)


def export_pickle(model: Model) -> bytes:
    """Write a model's weights as the write-up does: {"W1", "W2", "W3"}, float64, outputs x inputs.

    returns  a pickle that needs only NumPy, 1 or 2
    raises   FileError unless the model is a bias-free 784-128-64-10 network of sigmoids
    """
    if _layers(model.network) != _layers(CLASSIC.network):
        raise FileError(
            f"a model of the recipe {model.recipe} does not fit into the write-up's pickle, which "
            "holds 784-128-64-10 sigmoids without biases; export a model of the recipe classic."
        )
    params = model.network.unflatten(model.vector)
    weights = {
        name: params[parameter].T.astype(np.float64, order="C")
        for name, parameter in _WEIGHTS.items()
    }
    # NumPy 1 only knows the old module name, NumPy 2 both. The pickle contains it once.
    return pickle.dumps(weights, protocol=3).replace(b"numpy._core.", b"numpy.core.", 1)


def _layers(network: Network) -> list[tuple[type[Layer], dict[str, Shape]]]:
    """Return what each layer computes; how its weights were initialized does not matter."""
    return [(type(layer), layer.param_shapes()) for layer in network.layers]


def _interpret(data: bytes) -> Any:
    """Interpret a pickle's opcodes up to the value they describe; nothing they name is run.

    raises  LookupError, TypeError or ValueError for a malformed pickle, FileError for one that
            needs more than arrays
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
                raise TypeError("a key that is not a string")  # a nested tuple takes years to hash
            stack[-1][key] = value

    stream = io.BytesIO(data)
    argument: Any
    for count, (opcode, argument, _) in enumerate(pickletools.genops(stream)):
        if count == _MAX_OPCODES:
            raise _error("has more opcodes than three arrays need")
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
                stack.append(_global(" ".join(names)))  # TypeError if these are not strings
            case "REDUCE":
                arguments = stack.pop()
                stack.append(_record_call(stack.pop(), arguments))
            case "BUILD":
                state = stack.pop()
                _set_state(stack[-1], state)
            case "STOP":
                (value,) = stack
                if stream.read(1):
                    raise ValueError("there are bytes after its end")
                return value
            case name:
                raise _error(f"uses the opcode {name}, which no array needs")
    raise ValueError("it is incomplete")


def _global(name: str) -> _Global:
    if name not in _GLOBALS:
        raise _error(f"names {name.replace(' ', '.')[:80]!a}, and only arrays are accepted")
    return _Global(_GLOBALS[name])


def _record_call(function: Any, arguments: Any) -> _Latin1 | _Dtype | _Array:
    """Record what a call would return."""
    match function, arguments:
        case _Global("encode"), (str() as text, "latin1"):
            return _Latin1(text)
        case _Global("dtype"), ("f4" | "f8" as code, _, _):
            return _Dtype(code)
        case _Global("reconstruct"), (_Global("ndarray"), (0,), b"b" | _Latin1("b")):
            return _Array()
        case _Global("frombuffer"), (data, dtype, shape, "C" | "F" as order):
            return _Array(shape, dtype, order, data)
    raise ValueError("a call that does not make an array of numbers")


def _set_state(target: Any, state: Any) -> None:
    """Record the state that an array or its dtype would get."""
    match target, state:
        case _Dtype(), (3, "<" | ">" as byte_order, None, None, None, -1, -1, 0):
            target.byte_order = byte_order
        case _Array(), (1, shape, dtype, int() as is_fortran, data):  # True and False are ints
            target.shape, target.dtype, target.data = shape, dtype, data
            target.order = "F" if is_fortran else "C"
        case _:
            raise ValueError("a state that an array of numbers does not have")


def _array(name: str, value: Any, shape: tuple[int, ...]) -> Array:
    """Make an array from its record, if it has this shape.

    returns  float32
    raises   TypeError or ValueError, by NumPy, if its data are not the bytes of such an array
    """
    match value:
        case _Array(dtype=_Dtype(code, byte_order)) if value.shape == shape:
            dtype = np.dtype(byte_order + code)
            data = value.data
        case _:
            raise _error(f"does not have an array of shape {shape}, float64 or float32, as {name}")
    if isinstance(data, _Latin1):
        data = data.text.encode("latin-1")
    with np.errstate(over="ignore"):  # too large values become infinite, and are rejected as such
        return np.frombuffer(data, dtype).reshape(shape, order=value.order).astype(np.float32)


def _error(cause: str) -> FileError:
    return FileError(
        f"the pickle {cause}; use one with the write-up's W1, W2 and W3, or train a model."
    )
