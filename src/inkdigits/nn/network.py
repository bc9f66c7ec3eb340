"""A network: a chain of layers over one flat vector of parameters."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from math import prod
from typing import Any, TypeAlias

import numpy as np

from inkdigits.arrays import Array, Generator
from inkdigits.nn.layers import BatchNorm, Layer, Params

# One flat vector seen as named arrays, a mapping a layer: views, so to write to one is to write
# to the vector. An optimizer's step, the norm of a gradient, an average of weights and a
# checkpoint are each one operation on the vector.
NetworkParams: TypeAlias = tuple[Params, ...]


@dataclass(frozen=True)
class Network:
    """Layers that are applied one after the other."""

    layers: tuple[Layer, ...]

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of each parameter by name, such as "1.weight", in the order of the vector."""
        drawn = [layer.init(np.random.default_rng(0)) for layer in self.layers]
        return {
            f"{number}.{name}": array.shape
            for number, params in enumerate(drawn)
            for name, array in params.items()
        }

    @cached_property
    def size(self) -> int:
        """The number of parameters, P."""
        return sum(prod(shape) for shape in self.shapes.values())

    def init(self, rng: Generator) -> Array:
        """Draw the parameters that training starts from.

        returns  float32 (P,)
        """
        drawn = [array.ravel() for layer in self.layers for array in layer.init(rng).values()]
        return np.concatenate([np.empty(0, np.float32), *drawn])

    def unflatten(self, vector: Array) -> dict[str, Array]:
        """Cut a vector into arrays by the parameters' names.

        vector   (P,), any dtype
        returns  views into the vector, in its order
        raises   ValueError if the vector has not P elements
        """
        if vector.shape != (self.size,):
            raise ValueError(f"expected {self.size} parameters, got shape {vector.shape}")
        views, start = {}, 0
        for name, shape in self.shapes.items():
            views[name] = vector[start : start + prod(shape)].reshape(shape)
            start += prod(shape)
        return views

    def layer_params(self, vector: Array) -> NetworkParams:
        """Cut a vector into what `forward` takes, and `backward` writes into.

        vector   (P,), any dtype
        returns  a mapping from name to view for each layer
        raises   ValueError if the vector has not P elements
        """
        views: tuple[dict[str, Array], ...] = tuple({} for _ in self.layers)
        for full_name, view in self.unflatten(vector).items():
            number, name = full_name.split(".")
            views[int(number)][name] = view
        return views

    def forward(
        self, params: NetworkParams, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Callable[[Array, NetworkParams], None]]:
        """Send a batch through all layers.

        x        float32 (N, ...)
        returns  float32 (N, ...), the last layer's output, and backward: (dy, grads) -> None,
                 which fills the views `grads` of a gradient vector
        """
        way_back = []
        for layer, layer_params in zip(self.layers, params, strict=True):
            x, backward_layer = layer.forward(layer_params, x, rng)
            way_back.append(backward_layer)

        def backward(dy: Array, grads: NetworkParams) -> None:
            gradient: Any = dy
            for number in range(len(self.layers) - 1, self._first_learner - 1, -1):
                need_dx = number > self._first_learner
                gradient = way_back[number](gradient, grads[number], need_dx)

        return x, backward

    @cached_property
    def inference_network(self) -> "Network":
        """The network without batch normalization: what reads digits once training is done."""
        return Network(tuple(layer for layer in self.layers if not isinstance(layer, BatchNorm)))

    def fold_batch_norm(self, vector: Array, batches: Iterable[Array]) -> Array:
        """Build batch normalization into the layers before it, with the statistics of pictures.

        Training took each batch's own mean and variance; here their means over all these batches
        are taken for good. Then (xW + b - mean) / deviation * scale + shift is a weighted sum plus
        a bias again.

        vector   (P,), the parameters of this network, in which each BatchNorm stands right after
                 a layer with weights and biases
        batches  float32 (N, ...) each, of the kind that was trained on
        returns  the parameters of the plain network
        """
        params = self.layer_params(vector)
        measured: dict[int, list[Array]] = {}  # by the number of the layer: mean and variance
        for x in batches if self.inference_network != self else ():
            for number, layer in enumerate(self.layers):
                if isinstance(layer, BatchNorm):
                    rows = x.reshape(-1, layer.channels)
                    moments = np.stack([rows.mean(axis=0), rows.var(axis=0) + layer.epsilon])
                    measured.setdefault(number, []).append(moments)
                x, _ = layer.forward(params[number], x)

        plain = [dict(layer_params) for layer_params in params]
        for number, moments_of_batches in measured.items():
            mean, variance = np.stack(moments_of_batches).mean(axis=0)
            factor = params[number]["scale"] / np.sqrt(variance)
            before = plain[number - 1]
            before["weight"] = before["weight"] * factor
            before["bias"] = (before["bias"] - mean) * factor + params[number]["shift"]
            plain[number] = {}
        return np.concatenate([array.ravel() for part in plain for array in part.values()])

    @cached_property
    def _first_learner(self) -> int:
        """The number of the first layer with parameters: the way back ends there."""
        return int(next(iter(self.shapes), f"{len(self.layers)}.").split(".")[0])
