"""Build a network of our layers from the operations of another tool, one after the other.

The other tool may order the values of an example in another way: channels first, or flattened from
that. So the builder knows, for each value of the other tool's tensor, which of ours it is; an
operation that only moves values moves these numbers, and costs no layer.
"""

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array
from inkdigits.model_limits import MAX_LAYER_VALUES, MAX_LAYERS
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.layers import Dense, Flatten, Layer, ReLU, Shape, Sigmoid
from inkdigits.recipes import INPUT_SHAPE

MAX_SCALED = 2**10  # values of a flat layer that are scaled by a matrix


class LayerBuilder:
    """The layers so far, and the state of the tensor after them.

    Every error of the network is a ValueError, with the cause as a clause.

    layers   our layers
    params   float64 or float32, of each layer
    index    int, in the shape of one example of the other tool: the places of its values in our
             example, flattened
    batch    the size of the batch that the other tool's graph is fixed to; None if any
    """

    def __init__(self, shape: Shape, batch: int | None) -> None:
        self.layers: list[Layer] = []
        self.params: list[dict[str, Array]] = []
        self.index: NDArray[np.int_] = np.arange(prod(INPUT_SHAPE)).reshape(shape)
        self.batch = batch
        self._shape: Shape = INPUT_SHAPE
        # Not yet part of a layer: what our values, flattened, are multiplied by, and then added to.
        self._scale: Array | None = None
        self._shift: Array = np.zeros(0)

    def move(self, index: NDArray[np.int_]) -> None:
        """Take a new order of the same values."""
        self.index = index

    def elementwise(self, layer: ReLU | Sigmoid) -> None:
        """Add an activation function."""
        self._settle()
        self._add(layer)

    def dense(self, weight: Array, bias: Array | None) -> None:
        """Add a dense layer.

        weight   (I, O)
        bias     broadcast to (O,), or None
        """
        if weight.ndim != 2 or self.index.shape != weight.shape[:1]:
            raise ValueError(
                f"a matrix of shape {weight.shape} does not fit to values of {self.index.shape}"
            )
        inputs, outputs = weight.shape
        if len(self._shape) > 1:
            self._add(Flatten())
        ours = np.empty_like(weight)
        ours[self.index] = weight
        params = {"weight": ours}
        if bias is not None:
            params["bias"] = _broadcast(bias, (outputs,)).astype(np.float64)
        if self._scale is not None:
            params["bias"] = params.get("bias", 0.0) + self._shift @ ours
            params["weight"] = ours * self._scale[:, None]
            self._scale = None
        layer = Dense(inputs, outputs, bias="bias" in params)
        self._add(layer, params)
        self.index = np.arange(outputs)

    def convolution(self, weight: Array, bias: Array | None, padding: int) -> None:
        """Add a convolution.

        weight   (F, C, K, K)
        bias     (F,), or None
        padding  pixels of zeros on each side
        """
        if weight.ndim != 4 or weight.shape[2] != weight.shape[3]:
            raise ValueError(f"a convolution of shape {weight.shape} is not of squares")
        filters, channels, kernel_size, _ = weight.shape
        self.pad(padding)
        self._to_image()
        ours = weight.transpose(2, 3, 1, 0)
        layer = Conv2D(channels, filters, kernel_size)
        values = np.zeros(()) if bias is None else bias.astype(np.float64)
        self._add(layer, {"weight": ours, "bias": _broadcast(values, (filters,)).copy()})
        self._take_image_order()

    def max_pool(self, size: int) -> None:
        """Add max pooling of squares without overlap."""
        self._to_image()
        self._add(MaxPool2D(size))
        self._take_image_order()

    def pad(self, width: int) -> None:
        """Add zeros on all four sides."""
        self._to_image()
        if width:
            self._add(ZeroPad2D(width))
            self._take_image_order()

    def scale_and_shift(self, scale: Array, shift: Array) -> None:
        """Multiply the values, then add to them; folded into a layer before or after.

        scale, shift   in a shape that can be broadcast to (N, ...) of the other tool's values
        """
        scales, shifts = self._in_our_order(scale), self._in_our_order(shift)
        if self._scale is not None:
            self._scale = self._scale * scales
            self._shift = self._shift * scales + shifts
        elif not self._fold_back(scales, shifts):
            self._scale, self._shift = scales, shifts

    def finish(self) -> None:
        """Bring the values, which must be logits, into the order of the other tool."""
        if self.index.ndim != 1:
            raise ValueError(f"it ends with values of {self.index.shape}, not one for each class")
        if not self.layers:
            raise ValueError("it has no layers")
        if isinstance(self.layers[-1], ReLU | Sigmoid) and self._scale is None:
            raise ValueError(
                f"it ends with {type(self.layers[-1]).__name__}, and logits or a softmax of them "
                "are needed; leave the last activation out"
            )
        if self._scale is not None or not np.array_equal(self.index, np.arange(self.index.size)):
            self._check_scaled(self.index.size)
            self.dense(np.eye(self.index.size), None)
        if len(self._shape) > 1:
            self._add(Flatten())

    def _add(self, layer: Layer, params: dict[str, Array] | None = None) -> None:
        """Add a layer if its sizes are within the limits, before anything of them is allocated."""
        shape = layer.output_shape(self._shape)
        if prod(shape) > MAX_LAYER_VALUES or min(shape) < 1:
            raise ValueError(f"a layer has more than {MAX_LAYER_VALUES} values, or none")
        if len(self.layers) == MAX_LAYERS:
            raise ValueError(f"it has more than {MAX_LAYERS} layers")
        self.layers.append(layer)
        self.params.append(params or {})
        self._shape = shape

    def _to_image(self) -> None:
        """Check that the values are an image, channels first, and scale them by a layer."""
        self._settle()
        if self.index.ndim != 3:
            raise ValueError(
                f"a layer for images (N, C, H, W) is given values of {('N', *self.index.shape)}"
            )
        if len(self._shape) == 2:
            self._add(AddChannel())
        if len(self._shape) != 3 or not np.array_equal(self.index, self._image_order()):
            raise ValueError("a layer for images is given values in an order that ours cannot have")

    def _image_order(self) -> NDArray[np.int_]:
        return np.arange(prod(self._shape)).reshape(self._shape).transpose(2, 0, 1)

    def _take_image_order(self) -> None:
        self.index = self._image_order()

    def _in_our_order(self, values: Array) -> Array:
        """Broadcast values of the other tool to an example, and flatten them in our order."""
        if values.ndim > self.index.ndim and values.shape[0] == 1:
            values = values[0]
        ours = np.empty(self.index.size)
        ours[self.index.ravel()] = _broadcast(values, self.index.shape).ravel()
        return ours

    def _per_channel(self, values: Array) -> Array | None:
        """Return one value for each channel; None if they differ within a channel."""
        rows = values.reshape(-1, self._shape[-1])
        return rows[0] if np.array_equal(rows, np.broadcast_to(rows[0], rows.shape)) else None

    def _fold_back(self, scales: Array, shifts: Array) -> bool:
        """Fold a scale and a shift into the last layer, if it has weights."""
        if not self.layers or not isinstance(self.layers[-1], Dense | Conv2D):
            return False
        layer, params = self.layers[-1], self.params[-1]
        scale, shift = self._per_channel(scales), self._per_channel(shifts)
        if scale is None or shift is None:
            return False
        params["weight"] = params["weight"] * scale
        if "bias" in params or shift.any():
            params["bias"] = params.get("bias", np.zeros(())) * scale + shift
            if isinstance(layer, Dense):
                self.layers[-1] = replace(layer, bias=True)
        return True

    def _settle(self) -> None:
        """Make a layer of a scale and a shift that no other layer takes in."""
        if self._scale is None:
            return
        if len(self._shape) == 1:
            self._check_scaled(self._shape[0])
            order = self.index
            self.index = np.arange(self._shape[0])
            self.dense(np.eye(self._shape[0]), None)
            self.index = order
            return
        if len(self._shape) == 2:
            self._add(AddChannel())
        scale, shift = self._per_channel(self._scale), self._per_channel(self._shift)
        if scale is None or shift is None:
            raise ValueError("the pixels of an image are scaled or shifted differently")
        self._scale = None
        channels = self._shape[-1]
        self._add(
            Conv2D(channels, channels, 1), {"weight": np.diag(scale)[None, None], "bias": shift}
        )

    def _check_scaled(self, size: int) -> None:
        if size > MAX_SCALED:
            raise ValueError(f"more than {MAX_SCALED} values are scaled or moved before a layer")


def _broadcast(values: Array, shape: tuple[int, ...]) -> Any:
    try:
        return np.broadcast_to(values, shape)
    except ValueError:
        raise ValueError(
            f"a constant of shape {values.shape} does not fit to values of {shape}"
        ) from None
