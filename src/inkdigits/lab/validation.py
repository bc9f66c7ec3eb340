"""The predictions of the validation images, in a run's folder: confusion matrix and mistakes."""

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Labels, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.inference import forward_batches
from inkdigits.lab.files import replace_file
from inkdigits.lab.views import Confusion, ValidationDigit
from inkdigits.nn.losses import softmax
from inkdigits.recipes import Recipe
from inkdigits.storage.files import invalid_file, read_file
from inkdigits.storage.tensors import read_tensors, write_tensors

PICTURES, PREDICTIONS = "validation-pictures.z", "validation-predictions.tensors"
MAX_IMAGES = 10_000  # of more, every n-th is shown
IMAGE_BYTES = IMAGE_SIDE**2


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of N validation images of C classes, after some steps.

    labels, predicted  int (N,)
    confidence         float32 (N,)
    """

    classes: tuple[str, ...]
    labels: NDArray[np.int_]
    predicted: NDArray[np.int_]
    confidence: Array
    step: int


def shown_images(x: Array, labels: Labels) -> tuple[Array, Labels]:
    """Return the validation images that are shown: at most MAX_IMAGES of them."""
    every = slice(None, None, max(1, ceil(len(x) / MAX_IMAGES)))
    return x[every], labels[every]


def write_pictures(folder: Path, x: Array) -> None:
    """Keep validation images, float32 (N, 28, 28) in [0, 1]; raise OSError."""
    pictures = np.rint(255 * x).astype(np.uint8)
    replace_file(folder / PICTURES, zlib.compress(pictures.tobytes(), 1))


def write_predictions(
    folder: Path, recipe: Recipe, vector: Array, x: Array, labels: Labels, step: int
) -> None:
    """Predict validation images, and keep the result.

    vector   float32 (P,), of the inference network
    raises   OSError
    """
    network = recipe.network.inference_network
    logits = forward_batches(network, network.layer_params(vector), x)
    probabilities = softmax(logits[:, : len(recipe.classes)])
    tensors = {
        "labels": labels.astype(np.float32),
        "predicted": probabilities.argmax(axis=1).astype(np.float32),
        "confidence": probabilities.max(axis=1).astype(np.float32),
    }
    document = {"classes": list(recipe.classes), "step": step}
    write_tensors(folder / PREDICTIONS, tensors, document)


def read_predictions(folder: Path) -> Predictions | None:
    """Read the predictions of the last epoch; None if there are none.

    raises   FileError if the file is damaged
    """
    path = folder / PREDICTIONS
    if not path.exists():
        return None
    tensors, document, _ = read_tensors(path)
    match tensors, document:
        case (
            {"labels": labels, "predicted": predicted, "confidence": confidence},
            {"classes": list() as classes, "step": int() as step},
        ) if (
            labels.shape == predicted.shape == confidence.shape == (len(labels),)
            and all(isinstance(name, str) for name in classes)
            and _are_classes(labels, len(classes))
            and _are_classes(predicted, len(classes))
        ):
            numbers = labels.astype(int), predicted.astype(int)
            return Predictions(tuple(classes), *numbers, confidence, step)
    raise invalid_file(path, "its arrays are not predictions")


def _are_classes(values: Array, classes: int) -> bool:
    return bool(np.all((values >= 0) & (values < classes)))


def confusion(predictions: Predictions) -> Confusion:
    """Count the images of each class by the class that was predicted."""
    classes = len(predictions.classes)
    counts = np.zeros((classes, classes), int)
    np.add.at(counts, (predictions.labels, predictions.predicted), 1)
    return Confusion(predictions.classes, counts, predictions.step)


def digits(
    folder: Path,
    predictions: Predictions,
    chosen: Callable[[NDArray[np.int_], NDArray[np.int_]], Any],
    count: int,
) -> list[ValidationDigit]:
    """Return chosen validation images, the most confident predictions first.

    chosen   maps labels and predicted classes, int (N,), to bool (N,)
    raises   FileError if the pictures are missing or damaged
    """
    numbers = np.flatnonzero(chosen(predictions.labels, predictions.predicted))
    order = np.argsort(-predictions.confidence[numbers], kind="stable")
    numbers = numbers[order[:count]]
    if not len(numbers):
        return []
    pictures = _read_pictures(folder, len(predictions.labels))
    return [
        ValidationDigit(
            number,
            predictions.classes[predictions.labels[number]],
            predictions.classes[predictions.predicted[number]],
            float(predictions.confidence[number]),
            pictures[number],
        )
        for number in numbers.tolist()
    ]


def _read_pictures(folder: Path, count: int) -> Pixels:
    path = folder / PICTURES
    size = count * IMAGE_BYTES
    try:
        data = zlib.decompressobj().decompress(read_file(path, 2 * MAX_IMAGES * IMAGE_BYTES), size)
    except zlib.error:
        data = b""
    if len(data) != size:
        raise invalid_file(path, "it does not have the pictures of the validation images")
    return np.frombuffer(data, np.uint8).reshape(-1, IMAGE_SIDE, IMAGE_SIDE)
