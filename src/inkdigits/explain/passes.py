"""One forward pass, layer by layer, and the gradients of what it computed."""

from collections.abc import Sequence

import numpy as np

from inkdigits.arrays import Array
from inkdigits.nn.layers import Backward
from inkdigits.nn.network import Network


class Pass:
    """The forward pass for one image, which keeps each layer's output and backward function."""

    def __init__(self, network: Network, vector: Array, x: Array) -> None:
        """Run the pass.

        network  without batch normalization
        vector   float32 (P,), its parameters
        x        float32 (1, 28, 28), ink in [0, 1]
        """
        self.network = network
        self.params = network.layer_params(vector)
        # The backward functions also compute the parameters' gradients, which nothing here needs.
        self._grads = network.layer_params(np.empty_like(vector))
        self.arrays = [x]  # the input of layer 0, of layer 1, ...; the last one are the logits
        self._backwards: list[Backward] = []
        for layer, params in zip(network.layers, self.params, strict=True):
            x, backward = layer.forward(params, x)
            self.arrays.append(x)
            self._backwards.append(backward)

    @property
    def logits(self) -> Array:
        """The outputs of the last layer, float32 (C,)."""
        return self.arrays[-1][0]

    def gradients(self, dy: Array, layer: int | None = None) -> list[Array]:
        """Compute the gradient at every array before a layer's output.

        dy       float32, gradient at the output of the layer, for one example
        layer    index of the layer; None is the last one
        returns  float32, the gradients at the input of layer 0, 1, ..., and at last dy itself; each
                 in the shape of one example
        """
        count = len(self._backwards) if layer is None else layer + 1
        gradients = [dy[None]]
        for number in reversed(range(count)):
            dx = self._backwards[number](gradients[-1], self._grads[number])
            assert dx is not None  # it is needed, by default
            gradients.append(dx)
        return [gradient[0] for gradient in reversed(gradients)]


def one_hot_like(array: Array, index: Sequence[int]) -> Array:
    """Make an array of zeros with a single one, in the shape of another array."""
    chosen = np.zeros_like(array)
    chosen[tuple(index)] = 1
    return chosen
