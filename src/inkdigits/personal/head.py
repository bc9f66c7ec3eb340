"""A model in two parts: the last two dense layers, which are adapted, and all layers before them.

What the first part computes for an image, its features, is the same for everyone. So features are
computed once, and the adaptation costs little more than two matrix products a step.
"""

from dataclasses import dataclass, replace

import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.constants import DIGITS
from inkdigits.inference import forward_batches
from inkdigits.nn.layers import Dense
from inkdigits.nn.network import Network, NetworkParams
from inkdigits.preprocessing import network_input
from inkdigits.recognizer import Recognizer

ADAPTED = 2  # dense layers


@dataclass(frozen=True, eq=False)
class Head:
    """The layers of a model that are adapted.

    network     they alone
    vector      float32 (Q,), their parameters, the last Q of the model's
    names       of these parameters in the model's network, in order
    body        the layers before them ...
    body_params ... and their parameters
    threshold   above which a rejection score means "not a digit"; infinity if nothing is rejected
    """

    network: Network
    vector: Array
    names: tuple[str, ...]
    body: Network
    body_params: NetworkParams
    threshold: float

    @classmethod
    def of(cls, recognizer: Recognizer) -> "Head":
        """Split a model.

        raises   ValueError if its classes are not the digits, or it has no dense layer
        """
        model = recognizer.model
        layers = model.network.layers
        dense = [number for number, layer in enumerate(layers) if isinstance(layer, Dense)]
        if model.classes != DIGITS or not dense:
            lacks = "does not recognize digits" if dense else "has no dense layer to adapt"
            raise ValueError(f"the model {recognizer.name} {lacks}; choose one that does")
        first = dense[-ADAPTED:][0]
        network, body = Network(layers[first:]), Network(layers[:first])
        names = list(model.network.shapes)[len(body.shapes) :]
        return cls(
            network=network,
            vector=model.vector[model.vector.size - network.size :],
            names=tuple(names),
            body=body,
            body_params=model.network.layer_params(model.vector)[:first],
            threshold=np.inf if model.rejection_threshold is None else model.rejection_threshold,
        )

    def features(self, x: Array) -> Array:
        """Compute what the adapted layers are given.

        x        float32 (N, 28, 28), ink in [0, 1]
        returns  float32 (N, D)
        """
        return forward_batches(self.body, self.body_params, x)

    def features_of(self, pictures: Pixels) -> Array:
        """Compute the features of preprocessed images, uint8 (N, 28, 28)."""
        return self.features(network_input(pictures))

    def logits(self, features: Array, vector: Array) -> Array:
        """Compute the logits, without test-time augmentation.

        features  float32 (N, D)
        vector    float32 (Q,)
        returns   float32 (N, C)
        """
        return self.network.forward(self.network.layer_params(vector), features)[0]

    def tensors(self, vector: Array) -> dict[str, Array]:
        """Name parameters as the model does."""
        return dict(zip(self.names, self.network.unflatten(vector).values(), strict=True))


def with_tensors(base: Recognizer, tensors: dict[str, Array]) -> Recognizer:
    """Return a recognizer in which some of a model's parameters have other values.

    tensors  float32, by name
    """
    vector = base.model.vector.copy()
    params = base.model.network.unflatten(vector)
    for name, tensor in tensors.items():
        params[name][...] = tensor
    vector.setflags(write=False)  # many threads share one vector
    return Recognizer(replace(base.model, vector=vector), base.name)
