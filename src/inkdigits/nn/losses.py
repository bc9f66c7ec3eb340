"""The loss: softmax with cross-entropy, and the target distributions it is measured against."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inkdigits.arrays import Array


class Targets(Protocol):
    """How a label becomes a target distribution over the classes."""

    def __call__(self, classes: int) -> Array:
        """Return float32 (C, C), a row for each class; index it by labels to get a batch's."""


@dataclass(frozen=True)
class LabelSmoothing:
    """One-hot targets, of which a share is spread evenly over all classes.

    share    between 0, for one-hot targets, and 1
    source   Szegedy, Vanhoucke, Ioffe, Shlens and Wojna 2016, Rethinking the Inception
             Architecture, section 7
    """

    share: float

    def __call__(self, classes: int) -> Array:
        """Return float32 (C, C), rows of sum 1."""
        return one_hot(classes) * np.float32(1 - self.share) + np.float32(self.share / classes)


@dataclass(frozen=True)
class SoftTargets:
    """The write-up's targets: `on` for the right class and `off` for each other.

    They are not a distribution: for ten classes their sum is 1.08.
    """

    on: float = 0.99
    off: float = 0.01

    def __call__(self, classes: int) -> Array:
        """Return float32 (C, C)."""
        return np.where(one_hot(classes) == 1, np.float32(self.on), np.float32(self.off))


def one_hot(classes: int) -> Array:
    """Return the identity matrix: row c has a one for class c and zeros elsewhere.

    returns  float32 (C, C)
    """
    return np.eye(classes, dtype=np.float32)


def softmax(logits: Array) -> Array:
    """Turn logits into probabilities: exp(z) over the sum of exp(z).

    logits   float32 (N, C)
    returns  float32 (N, C), rows of sum 1
    source   docs/how-it-works.md, "Softmax"
    """
    # Subtracting the maximum changes nothing but keeps exp from overflowing.
    exponentials: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    exponentials /= exponentials.sum(axis=1, keepdims=True)
    return exponentials


def softmax_cross_entropy(
    logits: Array, targets: Array, examples: int | None = None
) -> tuple[float, Callable[[], Array]]:
    """Compute the loss logsumexp(z) - t.z, averaged over the batch.

    For targets of sum 1 this is the cross-entropy. For the write-up's, of sum 1.08, it is the
    function whose gradient is the write-up's "output minus target".

    logits    float32 (N, C)
    targets   float32 (N, C)
    examples  of the whole batch, if these are only some of its rows; the losses and gradients of
              its parts then add up to its mean
    returns   the loss, and backward: () -> dlogits, float32 (N, C)
    source    docs/how-it-works.md, "The loss"
    """
    count = examples or len(logits)
    peak = logits.max(axis=1, keepdims=True)
    exponentials: Array = np.exp(logits - peak)
    total: Array = exponentials.sum(axis=1, keepdims=True)
    scores = (targets * logits).sum(axis=1, keepdims=True)
    loss = (np.log(total) + (peak - scores)).sum() / count

    def backward() -> Array:
        dlogits = exponentials / total - targets
        dlogits /= count
        return dlogits

    return float(loss), backward
