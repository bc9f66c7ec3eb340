"""What training makes small: softmax with cross-entropy, and the targets that it aims at."""

from collections.abc import Callable

import numpy as np

from inkdigits.arrays import Array


def one_hot(classes: int) -> Array:
    """Make the targets that ask for the right class alone, a row for each class.

    returns  float32 (C, C); index it by labels to get the targets of a batch
    """
    return np.eye(classes, dtype=np.float32)


def smoothed(classes: int, smoothing: float) -> Array:
    """Make targets that spread the share `smoothing` evenly over all classes.

    returns  float32 (C, C), rows of sum 1
    source   Szegedy, Vanhoucke, Ioffe, Shlens and Wojna 2016, Rethinking the Inception
             Architecture, section 7
    """
    return one_hot(classes) * np.float32(1 - smoothing) + np.float32(smoothing / classes)


def near_zero_and_one(classes: int) -> Array:
    """Make the write-up's targets: 0.99 for the right class and 0.01 for each other.

    returns  float32 (C, C), rows of sum 1.08 for ten classes: no probabilities
    """
    return np.where(one_hot(classes) == 1, np.float32(0.99), np.float32(0.01))


def softmax(logits: Array) -> Array:
    """Turn scores into probabilities: exp(z) over the sum of exp(z).

    logits   float32 (N, C)
    returns  float32 (N, C), rows of sum 1
    source   docs/how-it-works.md, "Softmax"
    """
    # Shifting all scores of a row changes nothing but keeps exp from overflowing.
    exponentials: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
    exponentials /= exponentials.sum(axis=1, keepdims=True)
    return exponentials


def softmax_cross_entropy(logits: Array, targets: Array) -> tuple[float, Callable[[], Array]]:
    """Measure how far probabilities are from targets: logsumexp(z) - t.z, the mean of a batch.

    For targets of sum 1 this is the cross-entropy. For the write-up's, whose sum is 1.08, it is
    the function whose gradient is the write-up's "output minus target".

    logits   float32 (N, C)
    targets  float32 (N, C)
    returns  the loss, and backward: () -> dlogits, float32 (N, C)
    source   docs/how-it-works.md, "The loss"
    """
    peak = logits.max(axis=1, keepdims=True)
    exponentials: Array = np.exp(logits - peak)
    total: Array = exponentials.sum(axis=1, keepdims=True)
    scores = (targets * logits).sum(axis=1, keepdims=True)
    loss = (np.log(total) + (peak - scores)).mean()

    def backward() -> Array:
        dlogits = exponentials / total - targets
        dlogits /= len(logits)
        return dlogits

    return float(loss), backward
