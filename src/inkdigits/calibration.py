"""Calibration on held-out digits: the temperature, and the threshold above which to reject."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Labels, to_host
from inkdigits.inference import predict_logits
from inkdigits.nn.losses import one_hot, softmax_cross_entropy
from inkdigits.recipes import Recipe

MAX_REJECTED = 0.005  # share of a source's real digits that the threshold may reject
MAX_REJECTED_OF_WRITER = 0.03  # the same of a writer's, if there are at least ...
DIGITS_OF_WRITER = 50  # ... this many

# Added to the rejection score of each candidate but the likeliest. With less, more non-digits are
# accepted as a piece of them that looks like a digit; with more, fewer boxes and underlines are
# left out.
ALTERNATIVE_PENALTY = 2.0


class HeldOut(NamedTuple):
    """Preprocessed digits that are not trained on.

    x        float32 (M, 28, 28), ink in [0, 1], on any device: all candidates for what the network
             sees of each digit, in most cases one, the likeliest first
    labels   (N,) 0 to 9, on the same device
    writers  (N,) numbers or names, on the host; None if unknown
    counts   int (N,), on the host, how many candidates each digit has; None if each has one
    """

    x: Array
    labels: Labels
    writers: NDArray[Any] | None
    counts: NDArray[np.int_] | None = None


class Calibration(NamedTuple):
    """What calibration adds to a network.

    temperature          probabilities are softmax(logits / temperature)
    rejection_threshold  images with a higher rejection score are not digits; None for a network
                         that knows digits only
    """

    temperature: float = 1.0
    rejection_threshold: float | None = None


def calibrate(recipe: Recipe, vector: Array, held_out: Mapping[str, HeldOut]) -> Calibration:
    """Fit temperature and rejection threshold on held-out digits, each source weighing the same.

    vector    float32 (P,), of the recipe's inference network
    held_out  digits by source; with none, the temperature is 1 and the threshold 0
    """
    network = recipe.network.inference_network
    params = network.layer_params(vector)

    def predict(x: Array) -> Array:
        return to_host(predict_logits(network, params, x, recipe.tta))

    sources = held_out.values()
    chosen = [
        _choose(predict(source.x), source.counts, bool(recipe.outliers)) for source in sources
    ]
    logits = [logits[:, : len(recipe.classes)] for logits, _ in chosen]
    labels = [to_host(source.labels) for source in sources]
    temperature = fit_temperature(logits, labels) if chosen else 1.0
    if not recipe.outliers:
        return Calibration(temperature)
    thresholds = [
        fit_rejection_threshold(scores, source.writers)
        for (_, scores), source in zip(chosen, sources, strict=True)
    ]
    return Calibration(temperature, max(thresholds, default=0.0))


def _choose(logits: Array, counts: NDArray[np.int_] | None, rejects: bool) -> tuple[Array, Array]:
    """Choose one candidate of each digit.

    logits   float32 (M, C), of all candidates of each digit
    counts   int (N,), how many candidates each digit has; None if each has one
    rejects  whether the network's last output is for non-digits
    returns  float32 (N, C), the logits of the chosen ones; and float (N,), their scores, all 0 for
             a network that knows digits only
    """
    scores = rejection_scores(logits) if rejects else np.zeros(len(logits))
    if counts is None:
        return logits, scores
    places, scores = choose_candidates(scores, counts)
    return logits[places], scores


def choose_candidates(scores: Array, counts: NDArray[np.int_]) -> tuple[NDArray[np.intp], Array]:
    """Choose the candidate of each image that looks most like a digit.

    scores   float (M,), rejection scores of all candidates of each image, the likeliest first
    counts   int (N,), how many candidates each image has, at least one
    returns  intp (N,), the places of the chosen ones; and float (N,), their scores, with the
             penalty of those that are not the likeliest
    """
    firsts = np.cumsum(counts) - counts
    is_alternative = np.ones(len(scores), bool)
    is_alternative[firsts] = False
    scores = scores + ALTERNATIVE_PENALTY * is_alternative
    images = np.repeat(np.arange(len(counts)), counts)
    places = np.lexsort((scores, images))[firsts]
    return places, scores[places]


def rejection_scores(logits: Array) -> Array:
    """Compute the log odds of the class "not a digit" against all ten digits together.

    logits   float (N, 11)
    returns  float (N,); above 0, a non-digit is likelier
    source   docs/how-it-works.md, "Not a digit"
    """
    digits = logits[:, :-1]
    peak = digits.max(axis=1)
    return logits[:, -1] - peak - np.log(np.exp(digits - peak[:, None]).sum(axis=1))


def fit_temperature(logits: Sequence[Array], labels: Sequence[Labels]) -> float:
    """Find the temperature that minimizes the mean over all sources of their cross-entropy.

    As the temperature grows, the cross-entropy falls and then rises, so a golden-section search
    over the temperature's logarithm finds the minimum.

    logits   of each source float32 (N, C), of digits that were not trained on
    labels   of each source (N,)
    source   Guo, Pleiss, Sun and Weinberger 2017, On Calibration of Modern Neural Networks
    """
    golden = (math.sqrt(5) - 1) / 2
    targets = [
        one_hot(source.shape[1])[target] for source, target in zip(logits, labels, strict=True)
    ]

    def loss(log_temperature: float) -> float:
        temperature = math.exp(log_temperature)
        return math.fsum(
            softmax_cross_entropy(source / temperature, target)[0]
            for source, target in zip(logits, targets, strict=True)
        )

    low, high = math.log(0.05), math.log(20)
    while high - low > 1e-4:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return math.exp((low + high) / 2)


def fit_rejection_threshold(scores: Array, writers: NDArray[Any] | None = None) -> float:
    """Find the lowest threshold that rejects few enough of a source's digits, and of any writer's.

    scores   float (N,), rejection scores of digits that were not trained on
    writers  (N,), or None if unknown
    """
    groups = [(scores, MAX_REJECTED)]
    if writers is not None:
        names, counts = np.unique(writers, return_counts=True)
        groups += [
            (scores[writers == name], MAX_REJECTED_OF_WRITER)
            for name in names[counts >= DIGITS_OF_WRITER]
        ]
    return max(float(np.sort(group)[-1 - int(share * len(group))]) for group, share in groups)
