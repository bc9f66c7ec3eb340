"""The operators of ONNX of which our layers are made, and those that only move values.

source   https://onnx.ai/onnx/operators/
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array
from inkdigits.escaping import shown
from inkdigits.interchange.layer_builder import LayerBuilder
from inkdigits.interchange.onnx_file import MAX_DIMENSIONS, Node
from inkdigits.model_limits import MAX_SIZE
from inkdigits.nn.layers import ReLU, Sigmoid

LAST = ("Softmax", "LogSoftmax")  # both leave the probabilities as they are


class Operation:
    """One node with its constants, whose attributes are taken one by one."""

    def __init__(self, node: Node, constants: Mapping[str, NDArray[Any]], opset: int) -> None:
        self.operator = node.operator
        self.opset = opset
        self._attributes = dict(node.attributes)
        self.inputs = node.inputs
        self._constants = constants

    def is_constant(self, place: int) -> bool:
        """Return whether an input is constant."""
        return place < len(self.inputs) and self.inputs[place] in self._constants

    def constant(self, place: int) -> NDArray[Any] | None:
        """Return a constant input; None if the node does not have it."""
        name = self.inputs[place] if place < len(self.inputs) else ""
        if not name:
            return None
        if name not in self._constants:
            raise ValueError(f"an input of {self.operator} is computed, and must be constant")
        return self._constants[name]

    def required(self, place: int) -> NDArray[Any]:
        """Return a constant input; raise ValueError if the node does not have it."""
        value = self.constant(place)
        if value is None:
            raise ValueError(f"{self.operator} lacks an input")
        return value

    def number(self, name: str, default: float) -> float:
        """Take an attribute that is a number."""
        value = self._attributes.pop(name, default)
        if not isinstance(value, int | float):
            raise ValueError(f"the attribute {name} of {self.operator} is not a number")
        return value

    def choice(self, name: str, default: float | str, allowed: tuple[float | str, ...]) -> Any:
        """Take an attribute that must have one of these values."""
        value = self._attributes.pop(name, default)
        if not isinstance(value, int | float | str) or value not in allowed:
            raise ValueError(
                f"{self.operator} has {name} {ascii(value)[:40]}, and our layers have "
                f"{' or '.join(map(str, allowed))}"
            )
        return value

    def integers(self, name: str) -> list[int] | None:
        """Take an attribute that is a list of integers; None if the node does not have it."""
        value = self._attributes.pop(name, None)
        if value is None:
            return None
        if not isinstance(value, list) or not all(isinstance(number, int) for number in value):
            raise ValueError(f"the attribute {name} of {self.operator} is not a list of integers")
        return [int(number) for number in value]

    def axes(self, place: int) -> list[int] | None:
        """Take axes or a shape: an input, or in older versions an attribute."""
        value = self.constant(place)
        if value is None:
            return self.integers({"Reshape": "shape", "Pad": "pads"}.get(self.operator, "axes"))
        if value.dtype.kind != "i" or value.size > 64:
            raise ValueError(f"the axes or the shape of {self.operator} are not a few integers")
        return [int(number) for number in value.ravel()]

    def finish(self) -> None:
        """Check that every attribute has been taken."""
        for name in self._attributes:
            raise ValueError(f"{self.operator} has the attribute {shown(name)}, which is unknown")


Apply: TypeAlias = Callable[[LayerBuilder, Operation], None]


def apply_operator(
    builder: LayerBuilder, node: Node, constants: Mapping[str, NDArray[Any]], opset: int
) -> None:
    """Add what a node computes to the network.

    raises   ValueError, with the cause as a clause, if the node is not of our layer types
    """
    if node.operator not in OPERATORS:
        raise ValueError(
            f"it uses the operator {shown(node.operator)}, which is not one of "
            f"{', '.join(OPERATORS)}"
        )
    operation = Operation(node, constants, opset)
    OPERATORS[node.operator](builder, operation)
    operation.finish()


def _gemm(builder: LayerBuilder, operation: Operation) -> None:
    operation.choice("transA", 0, (0,))
    weight, bias = _floats(operation.required(1)), operation.constant(2)
    if operation.choice("transB", 0, (0, 1)):
        weight = weight.T
    alpha, beta = operation.number("alpha", 1.0), operation.number("beta", 1.0)
    if operation.inputs[0] in operation.inputs[1:]:
        raise ValueError("Gemm has an input twice")
    scaled = weight if alpha == 1 else weight * np.float64(alpha)
    builder.dense(scaled, None if bias is None else _row(_floats(bias)) * np.float64(beta))


def _matmul(builder: LayerBuilder, operation: Operation) -> None:
    builder.dense(_floats(operation.required(1)), None)


def _row(bias: Array) -> Array:
    """Return the bias of all examples; raise ValueError if it differs between them."""
    return bias[0] if bias.ndim == 2 and len(bias) == 1 else bias


def _conv(builder: LayerBuilder, operation: Operation) -> None:
    weight, bias = _floats(operation.required(1)), operation.constant(2)
    operation.choice("group", 1, (1,))
    sides = _sides(operation.integers("kernel_shape") or list(weight.shape[2:]), operation)
    if list(weight.shape[2:]) != sides:
        raise ValueError("the weights of Conv do not have the shape of its kernel")
    for name in ("strides", "dilations"):
        if (operation.integers(name) or [1, 1]) != [1, 1]:
            raise ValueError(f"Conv has {name} other than 1, which our layers do not have")
    padding = _same_on_all_sides(operation.integers("pads") or [0, 0, 0, 0], operation)
    automatic = operation.choice(
        "auto_pad", "NOTSET", ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER")
    )
    if str(automatic).startswith("SAME"):
        if sides[0] % 2 == 0:
            raise ValueError("Conv is padded by an odd number, on one side more than the other")
        padding = sides[0] // 2
    builder.convolution(weight, None if bias is None else _floats(bias), padding)


def _max_pool(builder: LayerBuilder, operation: Operation) -> None:
    sides = _sides(operation.integers("kernel_shape") or [], operation)
    if (operation.integers("strides") or [1, 1]) != sides:
        raise ValueError("MaxPool has strides other than its size, which our layers do not have")
    if (operation.integers("dilations") or [1, 1]) != [1, 1]:
        raise ValueError("MaxPool has dilations other than 1, which our layers do not have")
    operation.choice("storage_order", 0, (0,))
    operation.choice("auto_pad", "NOTSET", ("NOTSET", "VALID"))
    if _same_on_all_sides(operation.integers("pads") or [0, 0, 0, 0], operation):
        raise ValueError("MaxPool has padding, which our layers do not have")
    is_even = all(size % sides[0] == 0 for size in builder.index.shape[1:])
    operation.choice("ceil_mode", 0, (0, 1) if is_even else (0,))
    builder.max_pool(sides[0])


def _pad(builder: LayerBuilder, operation: Operation) -> None:
    operation.choice("mode", "constant", ("constant",))
    value, pads = operation.constant(2), operation.axes(1) or []
    padded_with = operation.number("value", 0.0) if value is None else _floats(value)
    if np.any(padded_with) or operation.constant(3) is not None:
        raise ValueError("Pad adds other values than zeros on all sides")
    before, after = pads[: len(pads) // 2], pads[len(pads) // 2 :]
    if len(pads) != 8 or any(before[:2] + after[:2]):
        raise ValueError("Pad does not add pixels to images (N, C, H, W)")
    builder.pad(_same_on_all_sides(before[2:] + after[2:], operation))


def _sides(shape: list[int], operation: Operation) -> list[int]:
    if len(shape) != 2 or shape[0] != shape[1] or not 1 <= shape[0] <= MAX_SIZE:
        raise ValueError(f"{operation.operator} is not of squares")
    return shape


def _same_on_all_sides(pads: list[int], operation: Operation) -> int:
    if len(pads) != 4 or len(set(pads)) != 1 or not 0 <= pads[0] <= MAX_SIZE:
        raise ValueError(f"{operation.operator} does not pad all sides by the same number")
    return pads[0]


def _add(builder: LayerBuilder, operation: Operation) -> None:
    builder.scale_and_shift(np.ones(()), _other(operation))


def _mul(builder: LayerBuilder, operation: Operation) -> None:
    builder.scale_and_shift(_other(operation), np.zeros(()))


def _sub(builder: LayerBuilder, operation: Operation) -> None:
    value = _other(operation)
    if operation.is_constant(0):
        builder.scale_and_shift(-np.ones(()), value)
    else:
        builder.scale_and_shift(np.ones(()), -value)


def _div(builder: LayerBuilder, operation: Operation) -> None:
    if operation.is_constant(0):
        raise ValueError("Div divides by what is computed")
    builder.scale_and_shift(1 / _other(operation), np.zeros(()))


def _other(operation: Operation) -> Array:
    """Return the constant of an operation of two values."""
    return _floats(operation.required(0 if operation.is_constant(0) else 1)).astype(np.float64)


def _batch_normalization(builder: LayerBuilder, operation: Operation) -> None:
    scale, shift, mean, variance = (_floats(operation.required(place)) for place in range(1, 5))
    epsilon = operation.number("epsilon", 1e-5)
    operation.number("momentum", 0.9)  # of training
    operation.choice("training_mode", 0, (0,))
    operation.choice("spatial", 1, (1,))
    axes = (1,) * (builder.index.ndim - 1)
    channels = builder.index.shape[:1]
    if any(values.shape != channels for values in (scale, shift, mean, variance)):
        raise ValueError("BatchNormalization does not have one value for each channel")
    factor = scale / np.sqrt(variance.astype(np.float64) + epsilon)
    builder.scale_and_shift(
        factor.reshape(-1, *axes), (shift - mean * factor).reshape(channels + axes)
    )


def _relu(builder: LayerBuilder, operation: Operation) -> None:
    builder.elementwise(ReLU())


def _sigmoid(builder: LayerBuilder, operation: Operation) -> None:
    builder.elementwise(Sigmoid())


def _nothing(builder: LayerBuilder, operation: Operation) -> None:
    """Dropout at inference, or Identity."""
    operation.number("ratio", 0.5)
    operation.number("seed", 0)
    operation.choice("is_test", 1, (1,))
    operation.constant(1)
    training = operation.constant(2)
    if training is not None and training.any():
        raise ValueError("Dropout is in training mode; export the network in evaluation mode")


def _last(builder: LayerBuilder, operation: Operation) -> None:
    axis = operation.number("axis", -1 if operation.opset >= 13 else 1)
    if builder.index.ndim != 1 or axis not in (-1, 1):
        raise ValueError(f"{operation.operator} is not over the classes")


def _flatten(builder: LayerBuilder, operation: Operation) -> None:
    if operation.number("axis", 1) != 1:
        raise ValueError("Flatten does not keep the examples apart")
    builder.move(builder.index.ravel())


def _reshape(builder: LayerBuilder, operation: Operation) -> None:
    sizes = operation.axes(1) or [1]
    before = builder.index.shape
    batch, shape = sizes[0], sizes[1:]
    if not operation.choice("allowzero", 0, (0, 1)):  # a zero copies a size
        batch = -1 if batch == 0 else batch
        copied = [*before, *(0 for _ in shape)]
        shape = [copied[place] if size == 0 else size for place, size in enumerate(shape)]
    is_kept = batch == builder.batch or (batch == -1 and (-1 not in shape or sizes[0] == 0))
    if not is_kept or not all(size == -1 or 1 <= size <= builder.index.size for size in shape):
        raise ValueError("Reshape does not keep the examples apart")
    if len(shape) > MAX_DIMENSIONS:
        raise ValueError(f"Reshape to more than {MAX_DIMENSIONS} axes")
    try:
        builder.move(builder.index.reshape(shape))
    except ValueError:
        raise ValueError(
            f"Reshape does not keep the {builder.index.size} values of each example"
        ) from None


def _transpose(builder: LayerBuilder, operation: Operation) -> None:
    axes = operation.integers("perm") or []
    if axes[:1] != [0] or sorted(axes) != list(range(builder.index.ndim + 1)):
        raise ValueError("Transpose does not keep the examples apart")
    builder.move(builder.index.transpose([axis - 1 for axis in axes[1:]]))


def _squeeze(builder: LayerBuilder, operation: Operation) -> None:
    axes = _example_axes(operation.axes(1) or [], builder.index.ndim + 1, operation)
    if any(builder.index.shape[axis] != 1 for axis in axes):
        raise ValueError("Squeeze removes an axis of more than one value")
    builder.move(builder.index.squeeze(axes))


def _unsqueeze(builder: LayerBuilder, operation: Operation) -> None:
    axes = operation.axes(1) or []
    count = builder.index.ndim + 1 + len(axes)
    if count > MAX_DIMENSIONS:
        raise ValueError(f"Unsqueeze to more than {MAX_DIMENSIONS} axes")
    builder.move(np.expand_dims(builder.index, _example_axes(axes, count, operation)))


def _example_axes(axes: list[int], count: int, operation: Operation) -> tuple[int, ...]:
    """Return axes of an example, counted without that of the batch.

    count   of all axes, with that of the batch
    """
    axes = [axis + count if axis < 0 else axis for axis in axes]
    if not axes or len(set(axes)) != len(axes) or not all(1 <= axis < count for axis in axes):
        raise ValueError(f"{operation.operator} does not keep the examples apart")
    return tuple(axis - 1 for axis in axes)


def _floats(values: NDArray[Any]) -> Array:
    if values.dtype.kind != "f":
        raise ValueError("a weight is not a floating-point number")
    return values.astype(np.float32, copy=False)


OPERATORS: Mapping[str, Apply] = {
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Add": _add,
    "Sub": _sub,
    "Mul": _mul,
    "Div": _div,
    "Conv": _conv,
    "Pad": _pad,
    "MaxPool": _max_pool,
    "BatchNormalization": _batch_normalization,
    "Relu": _relu,
    "Sigmoid": _sigmoid,
    "Dropout": _nothing,
    "Identity": _nothing,
    "Flatten": _flatten,
    "Reshape": _reshape,
    "Transpose": _transpose,
    "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze,
    "Softmax": _last,
    "LogSoftmax": _last,
}
