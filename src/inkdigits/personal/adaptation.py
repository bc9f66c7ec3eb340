"""Fit a personal model to a few samples of one person's digits.

The last two dense layers are trained on: a step towards the samples, distorted at random, and a
step back wherever it would make the model less certain of what other people have written.

source  docs/how-it-works.md, "One person's handwriting"
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Labels
from inkdigits.data.samples import Sample
from inkdigits.inference import forward_batches
from inkdigits.nn.losses import one_hot, softmax, softmax_cross_entropy
from inkdigits.nn.optimizers import AdamW
from inkdigits.personal.head import Head
from inkdigits.personal.others import Others, load_others
from inkdigits.personal.personal_model import PersonalModel
from inkdigits.preprocessing import network_input
from inkdigits.recipes import CNN_SMALL
from inkdigits.recognizer import Recognizer
from inkdigits.threads import one_blas_thread

__all__ = ["PersonalModel", "adapt", "leave_one_out"]

SEED = 0
COPIES = 12  # distorted images of a sample, besides the sample itself ...
MAX_IMAGES = 650  # ... but all together no more than this, unless there are more samples
STEPS = 100
RATE = 0.002  # learning rate at first; it falls to 0 in a straight line
OTHERS_WEIGHT = 5.0  # of the loss on other people's digits and non-digits, against the samples'
PULL = 10.0  # towards the old parameters: weight decay of the change
PULL_ALONE = 50.0  # the same for a model without others' features, which nothing else holds back
STRENGTHS = (1.0, 0.75, 0.5, 0.25)  # of the change, the first that does not harm others
MAX_LOST = 0.003  # share of other people's digits that a personal model may lose
GROUPS = 10  # of samples that are left out together, if there are more samples


@one_blas_thread()
def adapt(
    base: Recognizer, samples: Sequence[Sample], others: Others | None = None
) -> PersonalModel:
    """Fit a personal model to samples; the same samples give the same model.

    base     a recognizer of digits, whose model may be any
    samples  any number, of any digits, preprocessed as for the model; none leave it as it was
    others   what the model must not forget; None takes what ships for the model, if anything does
    raises   ValueError if the model's classes are not the digits
    """
    head = Head.of(base)
    others = others or load_others(base.digest)
    if not samples:
        return _checked(base, head, others, np.zeros_like(head.vector))
    features, labels = _sample_features(head, samples)
    change = fit(head, features, labels, others)
    return _checked(base, head, others, change)


def leave_one_out(base: Recognizer, samples: Sequence[Sample]) -> list[int | None]:
    """Predict each sample with a personal model that was not fitted to it.

    Each sample is left out alone; if there are more than GROUPS, with a few others.

    returns  for each sample the digit, or None if it is rejected
    raises   ValueError if the model's classes are not the digits
    """
    answers: list[int | None] = [None] * len(samples)
    for number, digit in each_left_out(base, samples):
        answers[number] = digit
    return answers


def each_left_out(base: Recognizer, samples: Sequence[Sample]) -> Iterator[tuple[int, int | None]]:
    """Predict as `leave_one_out`, and yield each sample's number and digit as they are known."""
    head = Head.of(base)
    if not samples:
        return
    others = load_others(base.digest)
    features, labels = _sample_features(head, samples)
    # Samples of one digit are left out one after the other, so that others of it are there.
    group_of = np.empty(len(samples), int)
    group_of[np.argsort(labels, kind="stable")] = np.arange(len(samples)) % GROUPS
    for group in np.unique(group_of):
        is_left_out = group_of == group
        kept = features[~is_left_out]
        change = np.zeros_like(head.vector)
        if len(kept):
            change = fit(head, kept, labels[~is_left_out], others)
        recognizer = _checked(base, head, others, change).recognizer(base)
        for number in np.flatnonzero(is_left_out).tolist():
            (prediction,) = recognizer.predict_candidates([samples[number].seen[None]])
            yield number, prediction.digit


@one_blas_thread()
def fit(head: Head, features: Array, labels: Labels, others: Others | None) -> Array:
    """Train the head on samples.

    features  float32 (N, K, D), of K images of each sample
    labels    (N,), 0 to 9
    others    None if there are none for this model
    returns   float32 (Q,), the change of the head's parameters
    """
    rng = np.random.default_rng(SEED)
    pull = PULL_ALONE if others is None else PULL
    labels = np.repeat(labels, features.shape[1])
    features = features.reshape(-1, features.shape[-1])
    targets = one_hot(head.network.output_shapes(features.shape[1:])[-1][0])
    optimizer = AdamW(beta2=0.99, weight_decay=pull)
    change, gradient = np.zeros_like(head.vector), np.empty_like(head.vector)
    grads = head.network.layer_params(gradient)
    state = np.zeros((optimizer.state_vectors, change.size), np.float32)
    keep_others = None if others is None else _Protection(head, others, targets)
    for step in range(STEPS):
        rows = _batch(len(features), rng)
        x = features[rows]
        if keep_others is not None:
            x = np.concatenate([x, keep_others.features])
        logits, backward = head.network.forward(head.network.layer_params(head.vector + change), x)
        dlogits = softmax_cross_entropy(logits[: len(rows)], targets[labels[rows]])[1]()
        if keep_others is not None:
            dlogits = np.concatenate([dlogits, keep_others.gradient(logits[len(rows) :])])
        backward(dlogits, grads)
        optimizer.step(change, gradient, state, RATE * (1 - step / STEPS), step)
    return change


class _Protection:
    """The loss on other people's digits and non-digits, which only holds a personal model back.

    It is the cross-entropy against the probabilities before the adaptation, of those images alone
    for which the model has become less certain of the right class.

    features  float32 (M, D)
    """

    def __init__(self, head: Head, others: Others, targets: Array) -> None:
        self.features, labels = others.protected()
        self._classes = targets[labels].astype(bool)
        self._before = softmax(head.logits(self.features, head.vector))

    def gradient(self, logits: Array) -> Array:
        """Compute the gradient at the logits, float32 (M, C)."""
        _, backward = softmax_cross_entropy(logits, self._before)
        dlogits = backward()
        after = softmax(logits)[self._classes]
        dlogits[after >= self._before[self._classes]] = 0
        dlogits *= np.float32(OTHERS_WEIGHT)
        return dlogits


def _sample_features(head: Head, samples: Sequence[Sample]) -> tuple[Array, Labels]:
    """Compute the features of samples and of distorted copies of them.

    returns  float32 (N, K, D), of K images of each sample, the first as it is; and labels (N,)
    """
    pictures = np.stack([sample.seen for sample in samples])
    labels = np.array([sample.label for sample in samples], np.uint8)
    copies = min(COPIES, max(MAX_IMAGES // len(samples) - 1, 0))
    x = network_input(pictures)
    assert CNN_SMALL.augment is not None
    rng = np.random.default_rng(SEED)
    images = [x, *(CNN_SMALL.augment(x, rng) for _ in range(copies))]
    features = [forward_batches(head.body, head.body_params, image) for image in images]
    return np.stack(features, axis=1), labels


def _batch(count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Choose the rows of one step: all of them, unless there are very many."""
    if count <= MAX_IMAGES:
        return np.arange(count)
    return rng.choice(count, MAX_IMAGES, replace=False)


def _checked(base: Recognizer, head: Head, others: Others | None, change: Array) -> PersonalModel:
    """Make the model of a change, weakened as far as other people's digits require."""
    if others is None:
        return PersonalModel(base.digest, head.tensors(head.vector + change))
    before = others.recognized / others.digits
    for strength in STRENGTHS:
        vector = head.vector + np.float32(strength) * change
        after = others.share_recognized(head, vector)
        if after >= before - MAX_LOST:
            return PersonalModel(base.digest, head.tensors(vector), strength, before, after)
    return PersonalModel(base.digest, {}, 0.0, before, before)
