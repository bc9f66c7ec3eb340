"""Metrics of predicted probabilities against labels."""

import math
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Labels

BINS = 15  # of confidence, for the calibration error
RESAMPLES = 10_000  # bootstrap samples of the writers
THRESHOLDS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)  # of confidence
MIN_PROBABILITY = 1e-12  # in the log loss, so that no single error is infinite

Writer: TypeAlias = int | str  # a data set numbers or names its writers


@dataclass(frozen=True)
class Bin:
    """The predictions whose confidence is between two bounds."""

    low: float
    high: float
    count: int
    confidence: float  # their mean
    accuracy: float


@dataclass(frozen=True)
class Metrics:
    """Classification metrics.

    accuracy           share of correct predictions; `interval` is its 95% confidence interval
    precision, recall  for each class; 0, not NaN, for a class without predictions or labels
    log_loss           mean of -log(probability of the label), in nats
    brier              mean squared distance of the probabilities from the one-hot label
    calibration_error  expected calibration error: mean distance between confidence and accuracy
    confusion          int (C, C), rows are labels and columns predictions
    """

    total: int
    correct: int
    accuracy: float
    interval: tuple[float, float]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    log_loss: float
    brier: float
    calibration_error: float
    bins: tuple[Bin, ...]
    confusion: tuple[tuple[int, ...], ...]


def measure(probabilities: Array, labels: Labels) -> Metrics:
    """Compute the metrics of predicted probabilities.

    probabilities  float (N, C), rows of sum 1
    labels         int (N,)
    raises         ValueError if there are no predictions, or not as many labels
    """
    total, classes = probabilities.shape
    if total == 0 or total != len(labels):
        raise ValueError(f"{total} predictions do not fit {len(labels)} labels, or there are none")
    predicted = probabilities.argmax(axis=1)
    right = predicted == labels
    correct = int(right.sum())

    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, predicted), 1)
    hits = confusion.diagonal()
    of_label = probabilities[np.arange(total), labels].astype(np.float64)
    truth = np.eye(classes)[labels]
    bins = _bins(probabilities.max(axis=1), right)

    return Metrics(
        total=total,
        correct=correct,
        accuracy=correct / total,
        interval=wilson_interval(correct, total),
        precision=tuple((hits / np.maximum(confusion.sum(axis=0), 1)).tolist()),
        recall=tuple((hits / np.maximum(confusion.sum(axis=1), 1)).tolist()),
        log_loss=float(-np.log(np.maximum(of_label, MIN_PROBABILITY)).mean()),
        brier=float(((probabilities - truth) ** 2).sum(axis=1).mean()),
        calibration_error=sum(b.count * abs(b.confidence - b.accuracy) for b in bins) / total,
        bins=bins,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


@dataclass(frozen=True)
class ByWriter:
    """Accuracy by writer.

    mean      of the writers' accuracies, each with the same weight
    interval  95% confidence interval of the mean, for other writers of the same population
    worst     the lowest accuracy of a writer
    writers   accuracy of each
    """

    mean: float
    interval: tuple[float, float]
    worst: float
    writers: dict[Writer, float]


def measure_by_writer(right: NDArray[np.bool_], writers: NDArray[Any]) -> ByWriter:
    """Compute accuracy by writer: the digits of one writer tend to be all easy or all hard.

    right    bool (N,), whether each prediction is correct
    writers  int or str (N,), who wrote each digit
    raises   ValueError if there are none
    source   Efron 1979, Bootstrap Methods: the interval resamples writers with replacement
    """
    numbers, index = np.unique(writers, return_inverse=True)
    if not len(numbers):
        raise ValueError("there are no writers")
    accuracies = np.bincount(index, weights=right) / np.bincount(index)
    drawn = np.random.default_rng(0).integers(len(numbers), size=(RESAMPLES, len(numbers)))
    low, high = np.percentile(accuracies[drawn].mean(axis=1), (2.5, 97.5))
    return ByWriter(
        mean=float(accuracies.mean()),
        interval=(float(low), float(high)),
        worst=float(accuracies.min()),
        writers=dict(zip(numbers.tolist(), accuracies.tolist(), strict=True)),
    )


@dataclass(frozen=True)
class WriterAccuracy:
    """The accuracy of one writer."""

    writer: Writer
    digits: int
    accuracy: float


def rank_writers(
    right: NDArray[np.bool_], writers: NDArray[Any], min_digits: int = 1
) -> tuple[WriterAccuracy, ...]:
    """Compute the accuracy of each writer, and sort the writers by it, lowest first.

    right       bool (N,), whether each prediction is correct
    writers     int or str (N,), who wrote each digit
    min_digits  writers of fewer digits are left out, because one error would decide their rank
    """
    numbers, index, counts = np.unique(writers, return_inverse=True, return_counts=True)
    accuracies = np.bincount(index, weights=right) / counts
    return tuple(
        WriterAccuracy(numbers[rank].item(), int(counts[rank]), float(accuracies[rank]))
        for rank in np.argsort(accuracies, kind="stable")
        if counts[rank] >= min_digits
    )


@dataclass(frozen=True)
class Coverage:
    """A point of the risk-coverage curve: predictions of at least some confidence are accepted."""

    threshold: float
    accepted: int
    wrong: int


def risk_coverage(probabilities: Array, labels: Labels) -> tuple[Coverage, ...]:
    """Count accepted predictions, and wrong ones among them, at each of THRESHOLDS.

    probabilities  float (N, C)
    labels         int (N,)
    source         Geifman and El-Yaniv 2017, Selective Classification for Deep Neural Networks
    """
    confidence = probabilities.max(axis=1)
    wrong = probabilities.argmax(axis=1) != labels
    return tuple(
        Coverage(
            threshold=threshold,
            accepted=int(np.count_nonzero(confidence >= threshold)),
            wrong=int(np.count_nonzero(wrong & (confidence >= threshold))),
        )
        for threshold in THRESHOLDS
    )


@dataclass(frozen=True)
class McNemar:
    """McNemar's test of two models on the same examples.

    only_first   number of examples that only the first model predicts correctly
    only_second  the same of the second
    p_value      probability of a split at least this uneven if the models were equally accurate
    """

    only_first: int
    only_second: int
    p_value: float


def mcnemar(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> McNemar:
    """Test whether two models differ in accuracy: McNemar's test in its exact form, two-sided.

    If the models are equally accurate, each of the n examples that exactly one of them predicts
    correctly is as likely to be the first's as the second's: a binomial distribution with
    probability 1/2. With b of the first's and c of the second's, the p-value is twice its tail,

        min(1, 2 * sum(C(n, k) for k in 0 ... min(b, c)) / 2^n)

    which is exact for any n, so the usual approximation by chi-squared is not needed.

    first, second  bool (N,), whether each prediction is correct
    raises         ValueError if they have different shapes
    source         McNemar 1947, Note on the Sampling Error of the Difference between Correlated
                   Proportions or Percentages; Dietterich 1998, Approximate Statistical Tests for
                   Comparing Supervised Classification Learning Algorithms, section 3.1
    """
    if first.shape != second.shape:
        raise ValueError(f"predictions of shapes {first.shape} and {second.shape}")
    only_first = int(np.count_nonzero(first & ~second))
    only_second = int(np.count_nonzero(second & ~first))
    n, smaller = only_first + only_second, min(only_first, only_second)
    tail = term = 1  # C(n, 0)
    for k in range(1, smaller + 1):
        term = term * (n - k + 1) // k
        tail += term
    # Division of integers of any size; each may be too large for a float.
    return McNemar(only_first, only_second, min(1.0, 2 * tail / 2**n))


def wilson_interval(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Compute the Wilson score interval of an accuracy; z = 1.96 gives 95% confidence.

    source   Wilson 1927, Probable Inference, the Law of Succession, and Statistical Inference
    """
    share = correct / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _bins(confidence: Array, right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Group the predictions into bins of equal width; empty bins are left out."""
    number = np.minimum((confidence * BINS).astype(int), BINS - 1)
    return tuple(
        Bin(
            low=index / BINS,
            high=(index + 1) / BINS,
            count=int((number == index).sum()),
            confidence=float(confidence[number == index].mean(dtype=np.float64)),
            accuracy=float(right[number == index].mean()),
        )
        for index in np.unique(number).tolist()
    )
