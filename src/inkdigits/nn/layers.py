"""The layers: each is an immutable recipe whose `forward` returns its result and the way back.

No layer stores an activation, so one network serves many threads, and each derivative stands
right under the function that it derives.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Protocol, TypeAlias

import numpy as np

from inkdigits.arrays import Array, Generator
from inkdigits.nn.initializers import Initializer, he

Params: TypeAlias = Mapping[str, Array]  # one layer's parameters, or their gradients, by name


class Backward(Protocol):
    """The way back through a layer."""

    def __call__(self, dy: Array, grads: Params, need_dx: bool = True) -> Array | None:
        """Go from dy, the gradient at the layer's output, to dx, the gradient at its input.

        Writes the gradients of the layer's parameters into `grads`, over whatever was there, so
        there is nothing to set to zero first. The first layer that learns is asked for no dx:
        nobody needs to know how the picture should change, and it is a third of the work.
        """


class Layer(Protocol):
    """What a network is a chain of: sizes alone, no arrays.

    `forward` with no random generator is inference; with one, it is training.
    """

    def init(self, rng: Generator) -> Params:
        """Draw the parameters that the layer starts from, float32; none for most layers."""

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Compute the layer's output for a batch, and the function that goes back."""


class WithoutParameters:
    """A layer that has nothing to learn."""

    def init(self, rng: Generator) -> Params:
        """Nothing."""
        return {}


@dataclass(frozen=True)
class Dense:
    """Every output is a weighted sum of every input, plus a bias: y = x W + b.

    x        float32 (N, I)
    returns  float32 (N, O), and backward
    source   docs/how-it-works.md, "A layer of weighted sums"
    """

    inputs: int
    outputs: int
    bias: bool = True
    initializer: Initializer = he

    def init(self, rng: Generator) -> Params:
        """Weights (I, O) from the initializer, biases (O,) of zero."""
        params = {"weight": self.initializer(rng, self.inputs, self.outputs)}
        if self.bias:
            params["bias"] = np.zeros(self.outputs, np.float32)
        return params

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Raise ValueError, by NumPy, if x has not as many columns as the layer has inputs."""
        weight = params["weight"]
        y = x @ weight
        if self.bias:
            y += params["bias"]

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array | None:
            np.dot(x.T, dy, out=grads["weight"])  # matmul is slow for a batch of one
            if self.bias:
                np.sum(dy, axis=0, out=grads["bias"])
            return dy @ weight.T if need_dx else None

        return y, backward


@dataclass(frozen=True)
class Sigmoid(WithoutParameters):
    """An S-shaped curve from 0 to 1: y = 1 / (1 + exp(-x)).

    x        float32, any shape
    returns  float32, the same shape, and backward
    source   docs/how-it-works.md, "The sigmoid"
    """

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Compute it as (1 + tanh(x / 2)) / 2, which is the same and cannot overflow."""
        y: Array = 0.5 * np.tanh(0.5 * x) + 0.5

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy * y * (1 - y)

        return y, backward


@dataclass(frozen=True)
class ReLU(WithoutParameters):
    """What is positive passes, what is negative becomes zero: y = max(x, 0).

    x        float32, any shape
    returns  float32, the same shape, and backward; the slope at 0 is taken as 0
    source   docs/how-it-works.md, "The rectifier"
    """

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Compute it for each element on its own."""
        y = np.maximum(x, 0)

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy * (y > 0)

        return y, backward


@dataclass(frozen=True)
class Dropout(WithoutParameters):
    """In training, forget each value with probability `rate`, and raise the others to make up.

    rate     at least 0 and below 1
    x        float32, any shape
    returns  float32, the same shape, and backward; x itself where there is no generator
    source   Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov 2014, Dropout
    """

    rate: float

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Draw which values to keep, anew for each call."""
        if rng is None:
            return x, lambda dy, grads, need_dx=True: dy
        keep = (rng.random(x.shape, np.float32) >= self.rate) * x.dtype.type(1 / (1 - self.rate))

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy * keep

        return x * keep, backward


@dataclass(frozen=True)
class Flatten(WithoutParameters):
    """Lay each example out as one row.

    x        float32 (N, ...)
    returns  float32 (N, the product of the other sizes), and backward
    """

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Change the shape alone: the values are not copied."""

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy.reshape(x.shape)

        return x.reshape(len(x), prod(x.shape[1:])), backward
