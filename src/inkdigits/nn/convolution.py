"""Layers for images: convolution, pooling and padding. Arrays are (N, H, W, C)."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import pairwise
from math import prod

import numpy as np

from inkdigits.arrays import Array, Generator, batch_parts, sliding_windows
from inkdigits.nn.initializers import Initializer, he
from inkdigits.nn.layers import (
    Backward,
    ParameterFree,
    Params,
    Shape,
    shape_error,
    sum_positions,
    tile_positions,
)


@dataclass(frozen=True)
class AddChannel(ParameterFree):
    """Add to grayscale images the channel axis that convolutions expect.

    x        float32 (N, H, W)
    returns  float32 (N, H, W, 1), and backward
    """

    def output_shape(self, shape: Shape) -> Shape:
        """Return (H, W, 1); raise ValueError unless the shape is (H, W)."""
        if len(shape) != 2:
            raise shape_error(self, shape)
        return (*shape, 1)

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Change the shape only: no values are copied."""

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy[..., 0]

        return x[..., None], backward


@dataclass(frozen=True)
class ZeroPad2D(ParameterFree):
    """Pad each image with zeros on all four sides.

    x        float32 (N, H, W, C)
    returns  float32 (N, H + 2 width, W + 2 width, C), and backward
    """

    width: int = 1

    def output_shape(self, shape: Shape) -> Shape:
        """Return the padded size; raise ValueError unless the shape is (H, W, C)."""
        if len(shape) != 3:
            raise shape_error(self, shape)
        height, width, channels = shape
        return height + 2 * self.width, width + 2 * self.width, channels

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Copy the images into larger ones."""
        inside = slice(self.width, -self.width)

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return dy[:, inside, inside]

        frame = (self.width, self.width)
        return np.pad(x, ((0, 0), frame, frame, (0, 0))), backward


@dataclass(frozen=True)
class Conv2D:
    """Convolve each image with a bank of filters (no padding, stride 1).

    At each position, each filter gives one number: the dot product with the K x K window in all
    its channels, plus a bias.

    x        float32 (N, H, W, C)
    returns  float32 (N, H - K + 1, W - K + 1, F), and backward
    source   docs/how-it-works.md, "Convolution"
    """

    channels: int  # C
    filters: int  # F
    kernel_size: int = 3  # K
    initializer: Initializer = field(default=he, repr=False)

    def param_shapes(self) -> dict[str, Shape]:
        """Return weight (K, K, C, F) and bias (F,)."""
        window = (self.kernel_size, self.kernel_size, self.channels)
        return {"weight": (*window, self.filters), "bias": (self.filters,)}

    def output_shape(self, shape: Shape) -> Shape:
        """Return (H - K + 1, W - K + 1, F); raise ValueError unless a window fits in (H, W, C)."""
        if len(shape) != 3 or shape[2] != self.channels or min(shape[:2]) < self.kernel_size:
            raise shape_error(self, shape)
        return (*(side - self.kernel_size + 1 for side in shape[:2]), self.filters)

    def init(self, rng: Generator) -> Params:
        """Draw the weights by the initializer; biases start at zero."""
        shape = self.param_shapes()["weight"]
        weight = self.initializer(rng, prod(shape[:3]), self.filters)
        return {"weight": weight.reshape(shape), "bias": np.zeros(self.filters, np.float32)}

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Multiply windows by filters; NumPy raises ValueError if x does not have C channels."""
        weight, side = params["weight"], self.kernel_size
        height, width = x.shape[1] - side + 1, x.shape[2] - side + 1
        filters = weight.reshape(-1, self.filters)
        # A few images at a time, so that their windows stay in the processor's cache.
        parts = batch_parts(x, height * width * weight.nbytes // self.filters)
        y = np.empty((len(x), height, width, self.filters), x.dtype, like=x)
        bias = tile_positions(params["bias"], height * width)
        for part in parts:
            # im2col: with windows as rows and filters as columns, all sums are one matrix product.
            np.dot(_window_rows(x[part], side), filters, out=y[part].reshape(-1, self.filters))
            images = y[part].reshape(-1, len(bias))
            images += bias

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array | None:
            dbias = sum_positions(dy.reshape(len(x), -1).sum(axis=0), self.filters)
            np.copyto(grads["bias"], dbias)
            dweight = grads["weight"]
            dweight[...] = 0
            dx = np.zeros_like(x) if need_dx else None
            for part in parts:
                dy_part = dy[part].reshape(-1, self.filters)
                # Copying the windows again takes little time; keeping them, a lot of memory. BLAS
                # computes the transpose of the product faster.
                dweight += dy_part.T.dot(_window_rows(x[part], side)).T.reshape(weight.shape)
                if dx is None:
                    continue
                for row, column in np.ndindex(side, side):
                    # col2im: a pixel's gradient is the sum over all windows that contain it.
                    back = dy_part.dot(weight[row, column].T)
                    pixels = dx[part, row : row + height, column : column + width]
                    pixels += back.reshape(pixels.shape)
            return dx

        return y, backward


def _window_rows(x: Array, side: int) -> Array:
    """Copy each window of the images into a row.

    x        float32 (N, H, W, C)
    returns  float32 (N (H - K + 1) (W - K + 1), K K C)
    """
    windows = sliding_windows(x, side)
    if x.shape[3] == 1:
        # A row of such a window has only K numbers, and NumPy is slow on short rows. So each of
        # its K K positions is copied from all windows at once, into a column.
        return windows.transpose(3, 4, 0, 1, 2).reshape(side * side, -1).T
    return windows.reshape(-1, side * side * x.shape[3])


@dataclass(frozen=True)
class MaxPool2D(ParameterFree):
    """Downsample each image: keep the largest value of each P x P square.

    Rows and columns that do not fill a square are dropped.

    x        float32 (N, H, W, C)
    returns  float32 (N, H // P, W // P, C), and backward, which sends each square's gradient to
             exactly one of its maxima: after ReLU, ties of zero are common
    source   docs/how-it-works.md, "Pooling"
    """

    pool_size: int = 2  # P

    def output_shape(self, shape: Shape) -> Shape:
        """Return (H // P, W // P, C); raise ValueError unless a square fits in (H, W, C)."""
        if len(shape) != 3 or min(shape[:2]) < self.pool_size:
            raise shape_error(self, shape)
        return (*(side // self.pool_size for side in shape[:2]), shape[2])

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Take the maximum along the rows, then along the columns."""
        columns, backward_columns = self.max_along(x, axis=1)
        y, backward_rows = self.max_along(columns, axis=2)

        def backward(dy: Array, grads: Params, need_dx: bool = True) -> Array:
            return backward_columns(backward_rows(dy))

        return y, backward

    def max_along(self, x: Array, axis: int) -> tuple[Array, Callable[[Array], Array]]:
        """Take the maximum of each `pool_size` neighbors along one axis, with the backward pass."""
        end = x.shape[axis] // self.pool_size * self.pool_size
        before = (slice(None),) * axis
        places = [(*before, slice(first, end, self.pool_size)) for first in range(self.pool_size)]
        y = x[places[0]]
        for place in places[1:]:
            y = np.maximum(y, x[place])

        def backward(dy: Array) -> Array:
            dx = np.empty_like(x)
            dx[(*before, slice(end, None))] = 0
            for place, after in pairwise(places):
                # Where this is not the maximum, the gradient moves on to the next.
                np.multiply(dy, x[place] != y, out=dx[after])
                np.subtract(dy, dx[after], out=dx[place])
                dy = dx[after]
            dx[places[-1]] = dy
            return dx

        return y, backward
