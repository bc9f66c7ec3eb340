"""Ways to adapt a model to one person's digits: the product's, and simpler ones to compare with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np

from inkdigits import Recognizer, recipes
from inkdigits.arrays import Array, Generator
from inkdigits.data.samples import Sample
from inkdigits.inference import forward_batches
from inkdigits.nn.layers import Backward, Params, Shape
from inkdigits.nn.losses import one_hot, softmax_cross_entropy
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import AdamW
from inkdigits.personal.adaptation import adapt
from inkdigits.preprocessing import network_input

Method: TypeAlias = Callable[[Recognizer, Sequence[Sample]], Recognizer]

SEED = 0
COPIES = 10  # augmented images of each sample
BATCH_SIZE = 64
LAST_LAYER = AdamW(weight_decay=1.0)  # of the change, so it pulls towards the old weights
BIASES = AdamW(weight_decay=0.1)


def product(base: Recognizer, samples: Sequence[Sample]) -> Recognizer:
    """Adapt as `inkdigits.personal` does."""
    return adapt(base, samples).recognizer(base)


@dataclass(frozen=True)
class DenseWithPrototypes:
    """The last layer, with a kernel of prototypes added to its logits.

    The logit of a class grows with the similarity to its nearest prototype: exp(-d^2 / (2 w^2)),
    where d is the distance of the unit vectors.

    source  Snell, Swersky and Zemel 2017, Prototypical Networks for Few-shot Learning, section 2,
            for classification by distances in a network's last hidden layer
    """

    inputs: int
    outputs: int
    prototypes: int
    width: float = 0.6
    gain: float = 8.0

    def param_shapes(self) -> dict[str, Shape]:
        """Return the shapes: `classes` has a 1 for the class of each prototype."""
        return {
            "weight": (self.inputs, self.outputs),
            "bias": (self.outputs,),
            "prototypes": (self.prototypes, self.inputs),
            "classes": (self.prototypes, self.outputs),
        }

    def output_shape(self, shape: Shape) -> Shape:
        """Return one output per class."""
        return (self.outputs,)

    def init(self, rng: Generator) -> Params:
        """Not used: prototypes are samples."""
        raise NotImplementedError

    def forward(
        self, params: Params, x: Array, rng: Generator | None = None
    ) -> tuple[Array, Backward]:
        """Compute the logits; there is no backward pass."""
        cosine = unit(x) @ params["prototypes"].T
        similarity = np.exp((cosine - 1) / np.float32(self.width**2))
        nearest = (similarity[:, :, None] * params["classes"]).max(axis=1)
        y = x @ params["weight"] + params["bias"] + np.float32(self.gain) * nearest
        return y, _no_backward


def _no_backward(dy: Array, grads: Params, need_dx: bool = True) -> Array | None:
    raise NotImplementedError


def unit(x: Array) -> Array:
    """Scale vectors to length 1; a vector of zeros stays one."""
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), np.float32(1e-6))


def prototypes(base: Recognizer, samples: Sequence[Sample]) -> Recognizer:
    """Add a kernel of the samples, in the last hidden layer, to the logits."""
    network = base.model.network
    params = network.layer_params(base.model.vector)
    first = Network(network.layers[:-1])
    x = network_input(np.stack([sample.seen for sample in samples]))
    hidden = unit(forward_batches(first, params[:-1], x))
    weight = params[-1]["weight"]
    bias = params[-1].get("bias", np.zeros(weight.shape[1], np.float32))
    inputs, outputs = weight.shape
    layer = DenseWithPrototypes(inputs, outputs, len(samples))
    classes = one_hot(outputs)[[sample.label for sample in samples]]
    vector = base.model.vector[: base.model.vector.size - sum(p.size for p in params[-1].values())]
    parts = [vector, weight.ravel(), bias, hidden.ravel(), classes.ravel()]
    model = replace(
        base.model, network=Network((*network.layers[:-1], layer)), vector=np.concatenate(parts)
    )
    return Recognizer(model, base.name)


def last_layer(base: Recognizer, samples: Sequence[Sample]) -> Recognizer:
    """Refit the last layer with a pull towards the old weights."""
    last = str(len(base.model.network.layers) - 1)
    names = [name for name in base.model.network.shapes if name.split(".")[0] == last]
    return _fitted(base, samples, names, 60, 0.02, LAST_LAYER)


def biases(base: Recognizer, samples: Sequence[Sample]) -> Recognizer:
    """Fit the biases of all layers."""
    names = [name for name in base.model.network.shapes if name.endswith(".bias")]
    return _fitted(base, samples, names, 40, 0.01, BIASES)


def _fitted(
    base: Recognizer,
    samples: Sequence[Sample],
    names: Sequence[str],
    steps: int,
    learning_rate: float,
    optimizer: AdamW,
) -> Recognizer:
    """Fit some parameters to augmented samples; weight decay applies to their change.

    names   of the parameters, such as "1.bias"
    """
    network, old = base.model.network, base.model.vector
    layer = min(int(name.split(".")[0]) for name in names)
    rng = np.random.default_rng(SEED)
    x = np.repeat(network_input(np.stack([sample.seen for sample in samples])), COPIES, axis=0)
    x = forward_batches(
        Network(network.layers[:layer]), network.layer_params(old)[:layer], recipes.MILD(x, rng)
    )
    labels = np.repeat([sample.label for sample in samples], COPIES)
    part = Network(network.layers[layer:])
    start = old.size - part.size
    changed = np.zeros_like(old)
    for name in names:
        network.unflatten(changed)[name][...] = 1
    changed = changed[start:]
    change, gradient = np.zeros_like(changed), np.zeros_like(changed)
    state = np.zeros((optimizer.state_vectors, change.size), np.float32)
    targets = one_hot(network.output_shapes((28, 28))[-1][0])
    for number in range(steps):
        chosen = rng.integers(len(x), size=min(BATCH_SIZE, len(x)))
        params = part.layer_params(old[start:] + change)
        logits, backward = part.forward(params, x[chosen])
        _, loss_backward = softmax_cross_entropy(logits, targets[labels[chosen]])
        backward(loss_backward(), part.layer_params(gradient))
        gradient *= changed
        optimizer.step(change, gradient, state, learning_rate, number)
    vector = old.copy()
    vector[start:] += change
    return Recognizer(replace(base.model, vector=vector), base.name)


METHODS: Mapping[str, Method] = {
    "product": product,
    "prototypes": prototypes,
    "last layer": last_layer,
    "biases": biases,
}
