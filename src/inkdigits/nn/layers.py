"""Layers. A layer is an immutable recipe; `forward` returns the output and the backward function.

No layer stores activations, so one network can serve many threads, and each derivative stands
right under the function it differentiates.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Protocol, TypeAlias

import numpy as np

from inkdigits.arrays import Array, Generator
from inkdigits.nn.initializers import Initializer, he

Params: TypeAlias = Mapping[str, Array]  # one layer's parameters, or their gradients, by name
Shape: TypeAlias = tuple[int, ...]


class Backward(Protocol):
    """The backward pass of one layer."""

    def __call__(self, dy: Array, grads: Params, need_dx: bool = True) -> Array | None:
        """Turn dy, the gradient at the layer's output, into dx, the gradient at its input.

        The gradients of the layer's parameters overwrite `grads`, so there is no `zero_grad`. The
        first layer with parameters is called with need_dx=False: the gradient at the image is
        never used, and it is a third of the work.
        """


class Layer(Protocol):
    """One step of a network: sizes only, no arrays.

    `forward` without a random generator is inference; with one, it is training.
    """

    def param_shapes(self) -> dict[str, Shape]:
        """Return the shape of each parameter; {} for a layer without any."""

    def output_shape(self, shape: Shape) -> Shape:
        """Return the shape of an example after the layer, without the batch axis.

        shape   of an example before the layer
        raises  ValueError if the layer does not accept that shape
        """

    def init(self, rng: Generator) -> Params:
        """Draw the initial parameters, float32."""

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Compute the output for a batch; return it with the backward function."""


class ParameterFree:
    """Base class of the layers that learn nothing."""

    def param_shapes(self) -> dict[str, Shape]:
        """Return {}."""
        return {}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the input's shape: most of these layers keep it."""
        return shape

    def init(self, rng: Generator) -> Params:
        """Return {}."""
        return {}


@dataclass(frozen=True)
class Dense:
    """Connect every input to every output: y = x W + b.

    x        float32 (N, I)
    returns  float32 (N, O), and backward
    source   docs/how-it-works.md, "Dense layers"
    """

    inputs: int
    outputs: int
    bias: bool = True
    initializer: Initializer = field(default=he, repr=False)

    def param_shapes(self) -> dict[str, Shape]:
        """Return weight (I, O), and bias (O,) if there is one."""
        bias: dict[str, Shape] = {"bias": (self.outputs,)} if self.bias else {}
        return {"weight": (self.inputs, self.outputs)} | bias

    def output_shape(self, shape: Shape) -> Shape:
        """Return (O,); raise ValueError unless the shape is (I,)."""
        if shape != (self.inputs,):
            raise shape_error(self, shape)
        return (self.outputs,)

    def init(self, rng: Generator) -> Params:
        """Draw the weights by the initializer; biases start at zero."""
        params = {"weight": self.initializer(rng, self.inputs, self.outputs)}
        if self.bias:
            params["bias"] = np.zeros(self.outputs, np.float32)
        return params

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Multiply and add the bias; NumPy raises ValueError if x does not have I columns."""
        weight = params["weight"]
        y = x.dot(weight)  # faster than matmul for a batch of one, here and below
        if self.bias:
            y += params["bias"]

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array | None:
            np.dot(x.T, dy, out=grads["weight"])
            if self.bias:
                np.sum(dy, axis=0, out=grads["bias"])
            return dy.dot(weight.T) if need_dx else None

        return y, backward


@dataclass(frozen=True)
class Sigmoid(ParameterFree):
    """Squash each value into (0, 1): y = 1 / (1 + exp(-x)).

    x        float32, any shape
    returns  float32, the same shape, and backward
    source   docs/how-it-works.md, "The sigmoid"
    """

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Compute (1 + tanh(x / 2)) / 2: the same function, without overflow."""
        y: Array = 0.5 * np.tanh(0.5 * x) + 0.5

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy * y * (1 - y)

        return y, backward


@dataclass(frozen=True)
class ReLU(ParameterFree):
    """Keep positive values and set negative ones to zero: y = max(x, 0).

    x        float32, any shape
    returns  float32, the same shape, and backward; the derivative at 0 is taken as 0
    source   docs/how-it-works.md, "ReLU"
    """

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Apply it element by element."""
        y = np.maximum(x, 0)

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy * (y > 0)

        return y, backward


@dataclass(frozen=True)
class Dropout(ParameterFree):
    """In training, zero each value with probability `rate` and scale the others by 1 / (1 - rate).

    rate     at least 0 and below 1
    x        float32, any shape
    returns  float32, the same shape, and backward; at inference, x itself
    source   Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, Dropout
    """

    rate: float

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Draw a new mask for each call."""
        if rng is None:
            return x, lambda dy, grads, need_dx=True: dy
        kept = rng.random(x.shape, np.float32) >= self.rate
        keep = np.asarray(kept, x.dtype, like=x) / x.dtype.type(1 - self.rate)

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy * keep

        return x * keep, backward


@dataclass(frozen=True)
class Flatten(ParameterFree):
    """Reshape each example to one row.

    x        float32 (N, ...)
    returns  float32 (N, product of the other sizes), and backward
    """

    def output_shape(self, shape: Shape) -> Shape:
        """Return the product of all sizes as the only one."""
        return (prod(shape),)

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Change the shape only: no values are copied."""

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy.reshape(x.shape)

        return x.reshape(len(x), prod(x.shape[1:])), backward


@dataclass(frozen=True)
class BatchNorm:
    """Normalize each channel to mean 0 and variance 1 over the batch, then scale and shift it.

    It uses the batch's own statistics and keeps no state, so it is for training only:
    `Network.fold_batch_norm` folds it into the layer before it, and the inference network has none.

    x        float32 (N, ..., C)
    returns  float32, the same shape, and backward
    source   Ioffe and Szegedy 2015, Batch Normalization, algorithm 1
    """

    channels: int  # C
    epsilon: float = 1e-5

    def param_shapes(self) -> dict[str, Shape]:
        """Return scale (C,) and shift (C,)."""
        return {"scale": (self.channels,), "shift": (self.channels,)}

    def output_shape(self, shape: Shape) -> Shape:
        """Return the input's shape; raise ValueError unless its last axis is C."""
        if shape[-1:] != (self.channels,):
            raise shape_error(self, shape)
        return shape

    def init(self, rng: Generator) -> Params:
        """Start at scale one and shift zero."""
        return {
            "scale": np.ones(self.channels, np.float32),
            "shift": np.zeros(self.channels, np.float32),
        }

    def examples(self, x: Array) -> int:
        """Return how many examples the batch has; more than x where workers share a batch."""
        return len(x)

    def total(self, sums: Array) -> Array:
        """Return sums over the whole batch; more than those over x where workers share it."""
        return sums

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Take mean and variance over all positions of all examples of the batch."""
        flat = x.reshape(len(x), -1)
        positions = flat.shape[1] // self.channels
        count = self.examples(x) * positions
        mean = self.total(sum_positions(flat.sum(axis=0), self.channels)) / count
        centered = flat - tile_positions(mean, positions)
        squares = np.einsum("np,np->p", centered, centered)
        variance = self.total(sum_positions(squares, self.channels)) / count
        inverse = 1 / np.sqrt(variance + self.epsilon)
        factor = params["scale"] * inverse
        y = centered * tile_positions(factor, positions)
        y += tile_positions(params["shift"], positions)

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array | None:
            dflat = dy.reshape(flat.shape)
            dscale = sum_positions(np.einsum("np,np->p", dflat, centered), self.channels) * inverse
            dshift = sum_positions(dflat.sum(axis=0), self.channels)
            np.copyto(grads["scale"], dscale)
            np.copyto(grads["shift"], dshift)
            if not need_dx:
                return None
            # The mean and the variance depend on x too; these are their terms.
            dscale, dshift = self.total(np.stack([dscale, dshift]))
            dx = dflat - tile_positions(dshift / count, positions)
            dx -= centered * tile_positions(dscale * inverse / count, positions)
            dx *= tile_positions(factor, positions)
            return dx.reshape(x.shape)

        return y.reshape(x.shape), backward


# NumPy is fastest along long rows. Where few channels repeat over many positions, a row therefore
# holds all positions of an example: `tile_positions` repeats the channels' values along it, and
# `sum_positions` adds them up again.


def tile_positions(values: Array, positions: int) -> Array:
    """Repeat the channels' values for each position, like np.tile but in a third of the time.

    values   float32 (C,)
    returns  float32 (positions * C,)
    """
    return values[None].repeat(positions, axis=0).ravel()


def sum_positions(row: Array, channels: int) -> Array:
    """Sum a row over its positions, channel by channel.

    row      float32 (positions * C,)
    returns  float32 (C,)
    """
    return row.reshape(-1, channels).sum(axis=0)


def shape_error(layer: Layer, shape: Shape) -> ValueError:
    """Make the error for an input of the wrong shape."""
    return ValueError(f"{layer} does not accept an input of shape {shape}")
