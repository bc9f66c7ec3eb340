"""Compare models on the same images: the settings that differ, the accuracies, the predictions."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Labels, Pixels
from inkdigits.metrics import McNemar, mcnemar, wilson_interval
from inkdigits.recognizer import Recognizer

# Of a layer: the fields whose values are clear without their names, and the defaults of others.
SIZES = ("inputs", "channels", "outputs", "filters", "kernel_size", "pool_size", "width", "rate")
DEFAULTS = {"bias": True, "initializer": "he", "epsilon": 1e-05}
SHA256 = re.compile(r"[0-9a-f]{64}")
UNSET = "unset"  # shown for a setting that a model does not record


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model predicts for N images.

    predicted   int (N,), the most likely class, even if the image is rejected
    confidence  float64 (N,), its probability
    rejected    bool (N,)
    """

    predicted: NDArray[np.int_]
    confidence: Array
    rejected: NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """How many images a model predicts correctly."""

    total: int
    correct: int
    accuracy: float
    interval: tuple[float, float]
    rejected: int


@dataclass(frozen=True)
class Pair:
    """Two models, by their places, and McNemar's test of them."""

    first: int
    second: int
    test: McNemar


def answer(recognizer: Recognizer, images: Pixels) -> Answers:
    """Predict images in MNIST's form.

    images   uint8 (N, 28, 28)
    """
    batch = recognizer.predict_batch(recognizer.preprocess_mnist(images))
    return from_probabilities(batch.probabilities, batch.rejected)


def from_probabilities(probabilities: Array, rejected: NDArray[np.bool_]) -> Answers:
    """Take the most likely class of each image.

    probabilities  float64 (N, C)
    rejected       bool (N,)
    """
    return Answers(probabilities.argmax(axis=1), probabilities.max(axis=1), rejected)


def score(answers: Answers, labels: Labels) -> Score:
    """Count the correct predictions, with the 95% interval of the accuracy.

    labels   int (N,)
    """
    total, correct = len(labels), int(np.count_nonzero(answers.predicted == labels))
    return Score(
        total=total,
        correct=correct,
        accuracy=correct / total,
        interval=wilson_interval(correct, total),
        rejected=int(np.count_nonzero(answers.rejected)),
    )


def compare_pairs(models: Sequence[Answers], labels: Labels) -> list[Pair]:
    """Test each pair of models.

    labels   int (N,)
    """
    right = [model.predicted == labels for model in models]
    return [
        Pair(first, second, mcnemar(right[first], right[second]))
        for first, second in combinations(range(len(models)), 2)
    ]


def differing_images(models: Sequence[Answers], labels: Labels) -> NDArray[np.intp]:
    """Find the images for which the models predict different classes.

    labels   int (N,)
    returns  their numbers: first those that some, but not all, predict correctly, and in both parts
             those with the most confident wrong prediction first
    """
    predicted = np.stack([model.predicted for model in models])
    confidence = np.stack([model.confidence for model in models])
    wrong = predicted != labels
    numbers = np.flatnonzero((predicted != predicted[0]).any(axis=0))
    most_confident = np.where(wrong, confidence, 0.0).max(axis=0)[numbers]
    all_wrong = wrong.all(axis=0)[numbers]
    return numbers[np.lexsort((-most_confident, all_wrong))]


def differing_settings(trainings: Sequence[Mapping[str, Any]]) -> dict[str, tuple[Any, ...]]:
    """Find the settings in which the trainings of models differ.

    trainings  JSON values, as a model file has them
    returns    for each setting, by a path such as "recipe.schedule.peak", its value in each
               training; UNSET where there is none
    """
    flat = [dict(_flatten(training)) for training in trainings]
    names = list(dict.fromkeys(name for settings in flat for name in settings))
    values = {name: tuple(settings.get(name, UNSET) for settings in flat) for name in names}
    return {
        name: row for name, row in values.items() if any(not _same(value, row[0]) for value in row)
    }


def brief(value: Any) -> str:
    """Write the value of a setting for people: a SHA-256 by its first digits."""
    text = str(value)
    return f"{text[:12]}..." if SHA256.fullmatch(text) else text


def _same(value: Any, other: Any) -> bool:
    return type(value) is type(other) and bool(value == other)


def _flatten(value: Any, path: str = "") -> list[tuple[str, Any]]:
    """Name each value by its path; a network's layers become one text."""
    if isinstance(value, dict):
        return [
            item
            for name, part in value.items()
            for item in _flatten(part, f"{path}.{name}" if path else str(name))
        ]
    if path == "recipe.network.layers" and isinstance(value, list):
        return [(path, ", ".join(_layer(layer) for layer in value))]
    if isinstance(value, list):
        return [
            item for n, part in enumerate(value) for item in _flatten(part, f"{path}[{n}]")
        ] or [(path, "none")]
    return [(path, value)]


def _layer(layer: Any) -> str:
    """Write a layer in short, such as Dense(784, 32): its sizes, and what is not the default."""
    if not isinstance(layer, dict):
        return str(layer)
    content = {
        name: value.get("type") if isinstance(value, dict) else value
        for name, value in layer.items()
    }
    sizes = [str(content[name]) for name in SIZES if name in content]
    others = [
        f"{name}={value}"
        for name, value in content.items()
        if name not in (*SIZES, "type") and DEFAULTS.get(name) != value
    ]
    return f"{content.get('type')}({', '.join(sizes + others)})"
