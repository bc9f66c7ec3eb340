"""A network: a chain of layers over one flat vector of parameters."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, TypeAlias

import numpy as np

from inkdigits.arrays import Array, Generator
from inkdigits.nn.layers import BatchNorm, Layer, Params, Shape

# The parameters, or their gradients, layer by layer. All of them are views of one flat vector, so
# writing to one writes to the vector, and an optimizer step, a gradient norm, a moving average of
# the weights and a checkpoint are each one operation on one array.
NetworkParams: TypeAlias = tuple[Params, ...]


@dataclass(frozen=True)
class Network:
    """Layers applied one after the other."""

    layers: tuple[Layer, ...]

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """The shape of each parameter by name, such as "1.weight", in the order of the vector."""
        return {
            f"{number}.{name}": shape
            for number, layer in enumerate(self.layers)
            for name, shape in layer.param_shapes().items()
        }

    @cached_property
    def size(self) -> int:
        """The number of parameters, P."""
        return sum(prod(shape) for shape in self.shapes.values())

    def output_shapes(self, shape: Shape) -> list[Shape]:
        """Return the shape of an example after each layer, without the batch axis.

        shape   of an input example
        raises  ValueError if a layer does not accept what the one before it gives
        """
        return [shape := layer.output_shape(shape) for layer in self.layers]

    def init(self, rng: Generator) -> Array:
        """Draw the initial parameters.

        returns  float32 (P,)
        """
        drawn = [array.ravel() for layer in self.layers for array in layer.init(rng).values()]
        return np.concatenate([np.empty(0, np.float32), *drawn])

    def unflatten(self, vector: Array) -> dict[str, Array]:
        """Split a vector into arrays by parameter name.

        vector   (P,), any dtype
        returns  views of the vector, in its order
        raises   ValueError if the vector does not have P elements
        """
        if vector.shape != (self.size,):
            raise ValueError(f"expected {self.size} parameters, got shape {vector.shape}")
        arrays, start = {}, 0
        for name, shape in self.shapes.items():
            arrays[name] = vector[start : start + prod(shape)].reshape(shape)
            start += prod(shape)
        return arrays

    def layer_params(self, vector: Array) -> NetworkParams:
        """Split a vector into what `forward` takes and `backward` writes to.

        vector   (P,), any dtype
        returns  for each layer, a mapping from name to view
        raises   ValueError if the vector does not have P elements
        """
        params: tuple[dict[str, Array], ...] = tuple({} for _ in self.layers)
        for full_name, array in self.unflatten(vector).items():
            number, name = full_name.split(".")
            params[int(number)][name] = array
        return params

    def forward(
        self, params: NetworkParams, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Callable[[Array, NetworkParams], None]]:
        """Run the forward pass for a batch.

        x        float32 (N, ...)
        returns  float32 (N, ...), the last layer's output, and backward: (dy, grads) -> None,
                 which overwrites `grads`, the views of a gradient vector
        """
        backwards = []
        for layer, layer_params in zip(self.layers, params, strict=True):
            x, backward_layer = layer.forward(layer_params, x, rng)
            backwards.append(backward_layer)

        def backward(dy: Array, grads: NetworkParams) -> None:
            gradient: Any = dy
            for number in range(len(self.layers) - 1, self._first_with_params - 1, -1):
                need_dx = number > self._first_with_params
                gradient = backwards[number](gradient, grads[number], need_dx)

        return x, backward

    @cached_property
    def inference_network(self) -> "Network":
        """The network without batch normalization: what is evaluated, saved and served."""
        return Network(tuple(layer for layer in self.layers if not isinstance(layer, BatchNorm)))

    def fold_batch_norm(self, vector: Array, batches: Iterable[Array]) -> Array:
        """Fold batch normalization into the layers before it, with fixed statistics.

        Training used each batch's own mean and variance; here their averages over the given
        batches become constants. Then (xW + b - mean) / deviation * scale + shift is again a
        matrix product plus a bias.

        vector   (P,), parameters of this network, in which each BatchNorm directly follows a layer
                 with weight and bias
        batches  float32 (N, ...) each, drawn like the training images
        returns  the parameters of `inference_network`
        """
        params = self.layer_params(vector)
        measured: dict[int, list[Array]] = {}  # layer number -> mean and variance of each batch
        for x in batches if self.inference_network != self else ():
            for number, layer in enumerate(self.layers):
                if isinstance(layer, BatchNorm):
                    rows = x.reshape(-1, layer.channels)
                    moments = np.stack([rows.mean(axis=0), rows.var(axis=0) + layer.epsilon])
                    measured.setdefault(number, []).append(moments)
                x, _ = layer.forward(params[number], x)

        folded = [dict(layer_params) for layer_params in params]
        for number, moments_of_batches in measured.items():
            mean, variance = np.stack(moments_of_batches).mean(axis=0)
            factor = params[number]["scale"] / np.sqrt(variance)
            before = folded[number - 1]
            before["weight"] = before["weight"] * factor
            before["bias"] = (before["bias"] - mean) * factor + params[number]["shift"]
            folded[number] = {}
        return np.concatenate([array.ravel() for part in folded for array in part.values()])

    @cached_property
    def _first_with_params(self) -> int:
        """The number of the first layer with parameters, where the backward pass ends."""
        numbers = (number for number, layer in enumerate(self.layers) if layer.param_shapes())
        return next(numbers, len(self.layers))
