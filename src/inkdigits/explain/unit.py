"""One unit: its inputs, weights, bias and result, so that it can be computed by hand."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from inkdigits.arrays import Array
from inkdigits.explain.explanation import Box, Kind, Unit, UnitExplanation
from inkdigits.explain.limits import check_unit
from inkdigits.explain.passes import Pass, one_hot_like
from inkdigits.nn.convolution import Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.layers import Dense, Flatten, ReLU, Sigmoid
from inkdigits.recipes import INPUT_SHAPE


@dataclass(frozen=True)
class _Formula:
    """What a unit is computed from; the fields are those of UnitExplanation."""

    kind: Kind
    inputs: Array
    weights: Array | None = None
    bias: float = 0.0
    where: Box | None = None


def explain_unit(forward: Pass, unit: Unit) -> UnitExplanation:
    """Explain how the value of one unit was computed.

    raises  ValueError if there is no such unit
    """
    check_unit([array.shape[1:] for array in forward.arrays[1:]], unit)
    outputs = forward.arrays[unit.layer + 1][0]
    gradients = forward.gradients(one_hot_like(outputs, unit.index), unit.layer)
    formula = _formula(forward, unit, gradients[unit.layer])
    total = None
    if formula.weights is not None:
        total = float(np.vdot(formula.inputs.astype(np.float64), formula.weights))
    return UnitExplanation(
        unit=unit,
        type=type(forward.network.layers[unit.layer]).__name__,
        kind=formula.kind,
        inputs=formula.inputs,
        weights=formula.weights,
        bias=formula.bias,
        total=total,
        result=float(outputs[unit.index]),
        where=formula.where,
        field=receptive_field(forward, unit),
        gradient=gradients[0],
        drives=forward.arrays[0][0] * gradients[0],
    )


def _formula(forward: Pass, unit: Unit, gradient: Array) -> _Formula:
    """Find what a unit is computed from.

    gradient  of the unit at its layer's input
    """
    layer, params = forward.network.layers[unit.layer], forward.params[unit.layer]
    x = forward.arrays[unit.layer][0]
    if isinstance(layer, Dense):
        shape = _shape_before_flatten(forward, unit.layer)
        weights = params["weight"][:, unit.index[0]].reshape(shape)
        bias = float(params["bias"][unit.index[0]]) if layer.bias else 0.0
        return _Formula("dense", x.reshape(shape), weights, bias)
    if isinstance(layer, Conv2D):
        row, column, channel = unit.index
        where = Box(row, column, layer.kernel_size, layer.kernel_size)
        bias = float(params["bias"][channel])
        weights = params["weight"][..., channel]
        return _Formula("convolution", _cut(x, where), weights, bias, where)
    if isinstance(layer, MaxPool2D):
        row, column, channel = unit.index
        side = layer.pool_size
        where = Box(row * side, column * side, side, side)
        return _Formula("pool", _cut(x, where)[..., channel], where=where)
    if isinstance(layer, ReLU | Sigmoid):
        return _Formula("activation", x[unit.index].reshape(1))
    return _Formula("other", x[gradient != 0])


def _shape_before_flatten(forward: Pass, layer: int) -> tuple[int, ...]:
    """Return the shape of a layer's input before the Flatten layer in front of it, if any."""
    is_flattened = layer > 0 and isinstance(forward.network.layers[layer - 1], Flatten)
    return forward.arrays[layer - is_flattened].shape[1:]


def _cut(x: Array, where: Box) -> Array:
    """Cut a box out of a layer's input, float32 (H, W, C)."""
    return x[where.row : where.row + where.height, where.column : where.column + where.width]


def receptive_field(forward: Pass, unit: Unit) -> Box:
    """Find the part of the 28x28 picture on which a unit depends, by the layers' sizes alone."""
    whole = Box(0, 0, *INPUT_SHAPE)
    if len(unit.index) < 2:
        return whole
    row, column = unit.index[:2]
    rows, columns = (row, row + 1), (column, column + 1)
    for number in reversed(range(unit.layer + 1)):
        if forward.arrays[number].ndim < 3:
            return whole  # a layer before it mixes all positions
        layer: Any = forward.network.layers[number]
        rows, columns = _before(layer, rows), _before(layer, columns)
    tops = [min(max(side, 0), INPUT_SHAPE[0]) for side in (*rows, *columns)]
    return Box(tops[0], tops[2], tops[1] - tops[0], tops[3] - tops[2])


def _before(layer: Any, span: tuple[int, int]) -> tuple[int, int]:
    """Return the rows, or columns, of a layer's input on which some of its output depend."""
    first, end = span
    if isinstance(layer, Conv2D):
        return first, end + layer.kernel_size - 1
    if isinstance(layer, MaxPool2D):
        return first * layer.pool_size, end * layer.pool_size
    if isinstance(layer, ZeroPad2D):
        return first - layer.width, end - layer.width
    return span
