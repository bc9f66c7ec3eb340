"""How good a model's probabilities are, measured against the labels."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Labels

BINS = 15  # of confidence, for the calibration error
RESAMPLES = 10_000  # of the writers, for the interval of their mean
THRESHOLDS = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.999)  # of confidence
SMALLEST = 1e-12  # probability that the log loss takes for zero, so that one error is not infinite


@dataclass(frozen=True)
class Bin:
    """The answers whose confidence lies between two bounds."""

    low: float
    high: float
    count: int
    confidence: float  # their mean
    accuracy: float


@dataclass(frozen=True)
class Metrics:
    """What `measure` finds.

    accuracy           share of right answers; `interval` holds the true one with 95% certainty
    precision, recall  for each class; NaN-free: 0 where a class was never answered, or never was
    log_loss           mean of -log(probability of the right class), in nats
    brier              mean squared distance of the probabilities from the one-hot label
    calibration_error  mean distance between confidence and accuracy over the bins
    confusion          int (C, C), rows the labels and columns the answers
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
    """Measure answers against labels.

    probabilities  float (N, C), rows of sum 1
    labels         int (N,)
    raises         ValueError if there is nothing to measure, or the two differ in number
    """
    total, classes = probabilities.shape
    if total == 0 or total != len(labels):
        raise ValueError(f"{total} answers and {len(labels)} labels: need as many, and at least 1")
    answers = probabilities.argmax(axis=1)
    right = answers == labels
    correct = int(right.sum())

    confusion = np.zeros((classes, classes), np.int64)
    np.add.at(confusion, (labels, answers), 1)
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
        log_loss=float(-np.log(np.maximum(of_label, SMALLEST)).mean()),
        brier=float(((probabilities - truth) ** 2).sum(axis=1).mean()),
        calibration_error=sum(b.count * abs(b.confidence - b.accuracy) for b in bins) / total,
        bins=bins,
        confusion=tuple(tuple(row) for row in confusion.tolist()),
    )


@dataclass(frozen=True)
class ByWriter:
    """What `measure_by_writer` finds.

    mean      of the writers' accuracies, each writer counting alike
    interval  holds the true mean, over all people who write so, with 95% certainty
    worst     the lowest accuracy of a writer
    writers   accuracy of each, by number
    """

    mean: float
    interval: tuple[float, float]
    worst: float
    writers: dict[int, float]


def measure_by_writer(right: NDArray[np.bool_], writers: Labels) -> ByWriter:
    """Measure how well people are read, rather than digits: a hand is easy or hard as a whole.

    right    bool (N,), whether each answer is
    writers  int (N,), who wrote it
    raises   ValueError if there is nothing to measure
    source   Efron 1979, Bootstrap Methods: writers are drawn again and again, with replacement
    """
    names, number = np.unique(writers, return_inverse=True)
    if not len(names):
        raise ValueError("no writer to measure")
    accuracies = np.bincount(number, weights=right) / np.bincount(number)
    drawn = np.random.default_rng(0).integers(len(names), size=(RESAMPLES, len(names)))
    low, high = np.percentile(accuracies[drawn].mean(axis=1), (2.5, 97.5))
    return ByWriter(
        mean=float(accuracies.mean()),
        interval=(float(low), float(high)),
        worst=float(accuracies.min()),
        writers=dict(zip(names.tolist(), accuracies.tolist(), strict=True)),
    )


@dataclass(frozen=True)
class Coverage:
    """What is left when answers of less than some confidence are not given."""

    threshold: float
    answered: int
    wrong: int


def risk_coverage(probabilities: Array, labels: Labels) -> tuple[Coverage, ...]:
    """Count answers, and wrong ones among them, at each of THRESHOLDS: for users to choose one.

    probabilities  float (N, C)
    labels         int (N,)
    source         Geifman and El-Yaniv 2017, Selective Classification for Deep Neural Networks
    """
    confidence = probabilities.max(axis=1)
    wrong = probabilities.argmax(axis=1) != labels
    return tuple(
        Coverage(
            threshold=threshold,
            answered=int(np.count_nonzero(confidence >= threshold)),
            wrong=int(np.count_nonzero(wrong & (confidence >= threshold))),
        )
        for threshold in THRESHOLDS
    )


def wilson_interval(correct: int, total: int, z: float = 1.96) -> tuple[float, float]:
    """Bounds between which the true accuracy lies, for z = 1.96 with 95% certainty.

    source   Wilson 1927, Probable Inference, the Law of Succession, and Statistical Inference
    """
    share = correct / total
    middle = share + z * z / (2 * total)
    spread = z * math.sqrt(share * (1 - share) / total + z * z / (4 * total * total))
    scale = 1 + z * z / total
    return max(0.0, (middle - spread) / scale), min(1.0, (middle + spread) / scale)


def _bins(confidence: Array, right: NDArray[np.bool_]) -> tuple[Bin, ...]:
    """Group the answers into bins of equal width; bins without any are left out."""
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
