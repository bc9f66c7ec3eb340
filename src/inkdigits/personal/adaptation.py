"""Fit a personal model to a few samples of one person's digits."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from inkdigits import recipes
from inkdigits.arrays import Array
from inkdigits.data.samples import Sample
from inkdigits.inference import forward_batches
from inkdigits.nn.losses import one_hot, softmax_cross_entropy
from inkdigits.nn.network import Network
from inkdigits.preprocessing import network_input
from inkdigits.recognizer import Recognizer

SEED = 0
COPIES = 10  # augmented images of each sample
STEPS = 60
RATE = 0.05
PULL = 0.01  # towards the old weights


@dataclass(frozen=True, eq=False)
class PersonalModel:
    """What was learned from a person's samples: a change of a model's parameters.

    digest         SHA-256 of the file of the model that was adapted
    tensors        float32, the new values of some parameters by name
    strength       1 for the change as it was fitted; less if it was weakened, because other
                   people's digits suffered; 0 if the model is left as it was
    others_before  share of other people's digits that the model recognizes ...
    others_after   ... and the personal model
    """

    digest: str
    tensors: dict[str, Array]
    strength: float = 1.0
    others_before: float = 1.0
    others_after: float = 1.0

    def recognizer(self, base: Recognizer) -> Recognizer:
        """Return a recognizer with the personal model.

        base     the recognizer that was adapted
        raises   ValueError if it is another model
        """
        if base.digest != self.digest:
            raise ValueError("the personal model is of another model")
        network, vector = base.model.network, base.model.vector.copy()
        params = network.unflatten(vector)
        for name, tensor in self.tensors.items():
            params[name][...] = tensor
        vector.setflags(write=False)
        return Recognizer(replace(base.model, vector=vector), base.name)

    def to_bytes(self) -> bytes:
        """Return it as a verified file; see `from_bytes`."""
        raise NotImplementedError

    @classmethod
    def from_bytes(cls, data: bytes, base: Recognizer) -> "PersonalModel":
        """Read what `to_bytes` wrote; raise FileError if it is damaged or does not fit the base."""
        raise NotImplementedError


def adapt(base: Recognizer, samples: Sequence[Sample]) -> PersonalModel:
    """Fit a personal model to samples; the same samples give the same model.

    base     a recognizer of digits, whose model may be any
    samples  any number, of any digits; none leave the model as it was
    raises   ValueError if the model's classes are not the digits
    """
    network, vector = base.model.network, base.model.vector
    if not samples:
        return PersonalModel(base.digest, {})
    pictures = np.stack([sample.seen for sample in samples])
    labels = np.array([sample.label for sample in samples])
    x = np.repeat(network_input(pictures), COPIES, axis=0)
    x = recipes.MILD(x, np.random.default_rng(SEED))
    hidden_network = Network(network.layers[:-1])
    last = [name for name in network.shapes if name.startswith(f"{len(network.layers) - 1}.")]
    size = sum(int(np.prod(network.shapes[name])) for name in last)
    hidden = forward_batches(hidden_network, hidden_network.layer_params(vector[:-size]), x)
    params = {name: network.unflatten(vector)[name].copy() for name in last}
    old = {name: params[name].copy() for name in last}
    weight, bias = (*last, None)[:2]
    outputs = params[str(weight)].shape[1]
    targets = one_hot(outputs)[np.repeat(labels, COPIES)]
    for _ in range(STEPS):
        logits = hidden @ params[str(weight)] + (params[bias] if bias else 0)
        _, backward = softmax_cross_entropy(logits, targets)
        dlogits = backward()
        grads = {str(weight): hidden.T @ dlogits}
        if bias:
            grads[bias] = dlogits.sum(axis=0)
        for name, grad in grads.items():
            params[name] -= RATE * (grad + PULL * (params[name] - old[name]))
    return PersonalModel(base.digest, params)


def leave_one_out(base: Recognizer, samples: Sequence[Sample]) -> list[int | None]:
    """Predict each sample with a personal model that was fitted to all others.

    returns  for each sample the digit, or None if it is rejected
    """
    answers = []
    for number, sample in enumerate(samples):
        others = [*samples[:number], *samples[number + 1 :]]
        recognizer = adapt(base, others).recognizer(base)
        answers.append(recognizer.predict_candidates([sample.seen[None]])[0].digit)
    return answers
