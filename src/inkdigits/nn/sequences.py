"""Layers for lines of text: from an image to a sequence of columns. Arrays are (N, W, C).

A line may have any width, so the shape of an example has None in its place.
"""

from dataclasses import dataclass, field
from math import prod

import numpy as np

from inkdigits.arrays import Array, Generator
from inkdigits.nn.convolution import MaxPool2D
from inkdigits.nn.initializers import Initializer, he
from inkdigits.nn.layers import Backward, ParameterFree, Params, Shape, shape_error


@dataclass(frozen=True)
class MaxPoolRows(ParameterFree):
    """Downsample the height of each image: keep the largest of every P values of a column.

    Rows that do not fill a group are dropped.

    x        float32 (N, H, W, C)
    returns  float32 (N, H // P, W, C), and backward
    """

    pool_size: int = 2  # P

    def output_shape(self, shape: Shape) -> Shape:
        """Return (H // P, W, C); raise ValueError unless P rows fit in (H, W, C)."""
        if len(shape) != 3 or shape[0] < self.pool_size:
            raise shape_error(self, shape)
        return (shape[0] // self.pool_size, *shape[1:])

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Take the maximum along the rows."""
        y, backward_rows = MaxPool2D(self.pool_size).max_along(x, axis=1)

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return backward_rows(dy)

        return y, backward


@dataclass(frozen=True)
class Columns(ParameterFree):
    """Make each column of an image one step of a sequence.

    x        float32 (N, H, W, C)
    returns  float32 (N, W, H C), and backward
    """

    def output_shape(self, shape: Shape) -> Shape:
        """Return (W, H C); raise ValueError unless the shape is (H, W, C)."""
        if len(shape) != 3:
            raise shape_error(self, shape)
        height, width, channels = shape
        return width, height * channels

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Put the width before the height."""
        images, height, width, channels = x.shape

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy.reshape(images, width, height, channels).transpose(0, 2, 1, 3)

        return x.transpose(0, 2, 1, 3).reshape(images, width, height * channels), backward


@dataclass(frozen=True)
class Conv1D:
    """Convolve each sequence with a bank of filters; zeros around it keep its length.

    x        float32 (N, W, C)
    returns  float32 (N, W, F), and backward
    """

    channels: int  # C
    filters: int  # F
    kernel_size: int = 3  # K, odd
    initializer: Initializer = field(default=he, repr=False)

    def param_shapes(self) -> dict[str, Shape]:
        """Return weight (K, C, F) and bias (F,)."""
        return {
            "weight": (self.kernel_size, self.channels, self.filters),
            "bias": (self.filters,),
        }

    def output_shape(self, shape: Shape) -> Shape:
        """Return (W, F); raise ValueError unless the shape is (W, C)."""
        if len(shape) != 2 or shape[1] != self.channels:
            raise shape_error(self, shape)
        return shape[0], self.filters

    def init(self, rng: Generator) -> Params:
        """Draw the weights by the initializer; biases start at zero."""
        shape = self.param_shapes()["weight"]
        weight = self.initializer(rng, prod(shape[:2]), self.filters)
        return {"weight": weight.reshape(shape), "bias": np.zeros(self.filters, np.float32)}

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Multiply windows by filters; NumPy raises ValueError if x does not have C channels."""
        weight, size = params["weight"], self.kernel_size
        filters = weight.reshape(-1, self.filters)
        sequences, width, channels = x.shape
        before = size // 2
        padded = np.pad(x, ((0, 0), (before, before), (0, 0)))
        windows = np.concatenate([padded[:, k : k + width] for k in range(size)], axis=2)
        rows = windows.reshape(-1, size * channels)
        y = rows.dot(filters)
        y += params["bias"]

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array | None:
            dy_rows = dy.reshape(-1, self.filters)
            np.sum(dy_rows, axis=0, out=grads["bias"])
            np.dot(rows.T, dy_rows, out=grads["weight"].reshape(filters.shape))
            if not need_dx:
                return None
            dpadded = np.zeros_like(padded)
            for k in range(size):
                back = dy_rows.dot(weight[k].T)
                dpadded[:, k : k + width] += back.reshape(sequences, width, channels)
            return dpadded[:, before : before + width]

        return y.reshape(sequences, width, self.filters), backward
