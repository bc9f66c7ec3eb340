"""The layers: each is an immutable recipe whose `forward` returns its result and the way back.

No layer stores an activation, so one network serves many threads, and each derivative stands
right under the function that it derives.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import prod
from typing import Protocol, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

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
        kept = rng.random(x.shape, np.float32) >= self.rate
        keep = np.asarray(kept, x.dtype, like=x) / x.dtype.type(1 - self.rate)

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


@dataclass(frozen=True)
class AddChannel(WithoutParameters):
    """Give gray pictures the axis of their one channel, which convolution asks for.

    x        float32 (N, H, W)
    returns  float32 (N, H, W, 1), and backward
    """

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Change the shape alone: the values are not copied."""

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy[..., 0]

        return x[..., None], backward


@dataclass(frozen=True)
class ZeroPad2D(WithoutParameters):
    """Lay a frame of zeros round each picture, so that a window can look beyond its border.

    x        float32 (N, H, W, C)
    returns  float32 (N, H + 2 width, W + 2 width, C), and backward
    """

    width: int = 1

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Copy the pictures into the larger ones."""
        inside = slice(self.width, -self.width)

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy[:, inside, inside]

        frame = (self.width, self.width)
        return np.pad(x, ((0, 0), frame, frame, (0, 0))), backward


@dataclass(frozen=True)
class Conv2D:
    """Look at a picture through a small window, wherever it fits, with a bank of filters.

    At each place, each filter gives one number: a weighted sum of the K x K pixels in the window,
    in all their channels, plus a bias.

    x        float32 (N, H, W, C)
    returns  float32 (N, H - K + 1, W - K + 1, F), and backward
    source   docs/how-it-works.md, "Convolution"
    """

    channels: int  # C
    filters: int  # F
    kernel_size: int = 3  # K
    initializer: Initializer = he

    def init(self, rng: Generator) -> Params:
        """Weights (K, K, C, F) from the initializer, biases (F,) of zero."""
        window = (self.kernel_size, self.kernel_size, self.channels)
        weight = self.initializer(rng, prod(window), self.filters)
        return {
            "weight": weight.reshape(*window, self.filters),
            "bias": np.zeros(self.filters, np.float32),
        }

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Raise ValueError, by NumPy, if x has not as many channels as the layer."""
        weight, side = params["weight"], self.kernel_size
        windows = sliding_window_view(x, (side, side), axis=(1, 2))  # (N, H-K+1, W-K+1, C, K, K)
        count, height, width = windows.shape[:3]
        # Every window as a row, every filter as a column: all the sums are one matrix product.
        rows = windows.transpose(0, 1, 2, 4, 5, 3).reshape(-1, side * side * x.shape[3])
        y = (rows @ weight.reshape(-1, self.filters)).reshape(count, -1)
        y += np.tile(params["bias"], height * width)

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array | None:
            np.copyto(grads["bias"], _sums(dy.reshape(count, -1).sum(axis=0), self.filters))
            dy = dy.reshape(-1, self.filters)
            np.dot(rows.T, dy, out=grads["weight"].reshape(-1, self.filters))
            if not need_dx:
                return None
            # A pixel gets back from each window that it was in, by its place in that window.
            dx = np.zeros_like(x)
            for row, column in np.ndindex(side, side):
                back = (dy @ weight[row, column].T).reshape(count, height, width, -1)
                dx[:, row : row + height, column : column + width] += back
            return dx

        return y.reshape(count, height, width, -1), backward


@dataclass(frozen=True)
class MaxPool2D(WithoutParameters):
    """Shrink a picture: of each square of pixels only the largest value is kept.

    Rows and columns that fill no square are left out.

    x        float32 (N, H, W, C)
    returns  float32 (N, H // pool_size, W // pool_size, C), and backward, which gives each square's gradient
             to exactly one pixel of it: after ReLU, ties of zero are common
    source   docs/how-it-works.md, "Pooling"
    """

    pool_size: int = 2

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Keep the largest down each column of a square, then the largest of these."""
        columns, backward_columns = self._largest(x, axis=1)
        y, backward_rows = self._largest(columns, axis=2)

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return backward_columns(backward_rows(dy))

        return y, backward

    def _largest(self, x: Array, axis: int) -> tuple[Array, Callable[[Array], Array]]:
        """Keep the largest of each `pool_size` neighbors along one axis; and the way back."""
        end = x.shape[axis] // self.pool_size * self.pool_size
        before = (slice(None),) * axis
        places = [(*before, slice(first, end, self.pool_size)) for first in range(self.pool_size)]
        y = x[places[0]]
        for place in places[1:]:
            y = np.maximum(y, x[place])

        def backward(dy: Array) -> Array:
            dx = np.zeros_like(x)
            waiting = np.ones_like(y, dtype=bool)
            for place in places:
                largest = waiting & (x[place] == y)
                np.multiply(dy, largest, out=dx[place])
                waiting ^= largest
            return dx

        return y, backward


@dataclass(frozen=True)
class BatchNorm:
    """Bring each channel to mean 0 and variance 1 over the batch, then to a scale and a shift.

    It knows the batch alone and is for training alone: `network.fold_batch_norm` builds it, with the
    statistics of many pictures, into the layer before it, and what reads digits has none.

    x        float32 (N, ..., C)
    returns  float32, the same shape, and backward
    source   Ioffe and Szegedy 2015, Batch Normalization, algorithm 1
    """

    channels: int  # C
    epsilon: float = 1e-5

    def init(self, rng: Generator) -> Params:
        """A scale (C,) of one, and a shift (C,) of zero."""
        return {
            "scale": np.ones(self.channels, np.float32),
            "shift": np.zeros(self.channels, np.float32),
        }

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Take mean and variance over all places of all examples of the batch."""
        flat = x.reshape(len(x), -1)
        places = flat.shape[1] // self.channels
        count = len(x) * places
        mean = _sums(flat.sum(axis=0), self.channels) / count
        normal = flat - np.tile(mean, places)
        variance = _sums(np.einsum("np,np->p", normal, normal), self.channels) / count
        inverse = 1 / np.sqrt(variance + self.epsilon)
        normal *= np.tile(inverse, places)
        y = normal * np.tile(params["scale"], places)
        y += np.tile(params["shift"], places)

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array | None:
            dflat = dy.reshape(flat.shape)
            dscale = _sums(np.einsum("np,np->p", dflat, normal), self.channels)
            dshift = _sums(dflat.sum(axis=0), self.channels)
            np.copyto(grads["scale"], dscale)
            np.copyto(grads["shift"], dshift)
            if not need_dx:
                return None
            # The mean and the variance depend on x, too: what they take away.
            dx = dflat - np.tile(dshift / count, places)
            dx -= normal * np.tile(dscale / count, places)
            dx *= np.tile(params["scale"] * inverse, places)
            return dx.reshape(x.shape)

        return y.reshape(x.shape), backward


# NumPy is quick along long rows. So where few channels are treated alike at many places, a row
# holds all places of an example: np.tile repeats the channels' values along it; this undoes that.


def _sums(row: Array, channels: int) -> Array:
    """Add up the places of a row, channel by channel.

    row      float32 (places * C,)
    returns  float32 (C,)
    """
    return row.reshape(-1, channels).sum(axis=0)
