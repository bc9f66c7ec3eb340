"""Accuracy and time of test-time augmentation (TTA).

TTA averages a model's predictions over several views of an image. Four methods are compared: a
single pass; TTA only where the network is unsure, as the Recognizer does it; the mean probabilities
of five views, of which four are shifted by a pixel; and those of nine views, with four more that
are rotated or scaled. (The Recognizer averages the logits of the five views.) The time covers the
whole prediction: the preprocessing, which is done once for all views, the transforms and the
network. Nothing is measured on test digits, because the results are used for model selection.
"""

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from evaluation_data import MNIST, PENDIGITS, mnist_digits, pendigits_digits
from results_store import save_results
from rich.console import Console
from rich.table import Table
from scipy import ndimage

from inkdigits import Recognizer
from inkdigits.arrays import Array, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data.mnist import Digits
from inkdigits.inference import SHIFTS_PX
from inkdigits.metrics import measure
from inkdigits.model_file import DEFAULT_MODEL, Model, load_model, locate


class View(NamedTuple):
    """How a view differs from the image: rotated, scaled, and shifted in pixels."""

    degrees: float = 0.0
    scale: float = 1.0
    down: float = 0.0
    right: float = 0.0


VIEWS = (
    *(View(down=down, right=right) for down, right in SHIFTS_PX),
    View(degrees=-4),
    View(degrees=4),
    View(scale=0.95),
    View(scale=1.05),
)
COUNTS = (len(SHIFTS_PX), len(VIEWS))  # how many views are averaged, starting from the first
ROUNDS = 3


def transform(images: Pixels, view: View) -> Pixels:
    """Transform images about their center, with bilinear interpolation.

    images   uint8 (N, 28, 28)
    returns  uint8 (N, 28, 28)
    """
    if view == View():
        return images
    angle = np.radians(view.degrees)
    rotation = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    inverse = np.eye(3)  # from an output pixel to its source; the first axis counts the images
    inverse[1:, 1:] = rotation / view.scale
    center = (IMAGE_SIDE - 1) / 2 * np.array([0, 1, 1])
    shift = np.array([0, view.down, view.right])
    offset = center - inverse @ (center + shift)
    return ndimage.affine_transform(images, inverse, offset, order=1)


def single_pass(model: Model, name: str) -> Recognizer:
    """Return a recognizer that sends each image through the network once, without TTA."""
    return Recognizer(replace(model, tta=False), name)


def mean_over_views(recognizer: Recognizer, count: int, preprocessed: Pixels) -> Array:
    """Return the mean probabilities over the first `count` views, float64 (N, 10)."""
    return np.mean(
        [
            recognizer.predict_batch(transform(preprocessed, view)).probabilities
            for view in VIEWS[:count]
        ],
        axis=0,
    )


def methods(model: Model, name: str) -> dict[str, Callable[[Pixels], Array]]:
    """Return each method by name: a function from preprocessed images to probabilities."""
    once = single_pass(model, name)
    unsure = Recognizer(replace(model, tta=True), name)
    return {
        "single pass": lambda preprocessed: once.predict_batch(preprocessed).probabilities,
        "TTA if unsure": lambda preprocessed: unsure.predict_batch(preprocessed).probabilities,
        **{f"TTA, {count} views": partial(mean_over_views, once, count) for count in COUNTS},
    }


def compare(model: Model, name: str, digits: Digits) -> dict[str, dict[str, float]]:
    """Return accuracy, log loss and time of each method; the time is relative to a single pass."""
    recognizer = single_pass(model, name)
    functions = methods(model, name)
    seconds: dict[str, list[float]] = {method: [] for method in functions}
    figures = {}
    for _ in range(ROUNDS):
        for method, predict in functions.items():
            start = time.perf_counter()
            probabilities = predict(recognizer.preprocess_mnist(digits.images))
            seconds[method].append(time.perf_counter() - start)
            metrics = measure(probabilities, digits.labels)
            figures[method] = {"accuracy": metrics.accuracy, "log_loss": metrics.log_loss}
    baseline, *_ = (statistics.median(times) for times in seconds.values())
    for method, times in seconds.items():
        figures[method]["relative_time"] = statistics.median(times) / baseline
    return figures


def show(datasets: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print the figures as a table."""
    table = Table("data set", "method", "accuracy", "log loss", "relative time")
    for name, by_method in datasets.items():
        table.add_section()
        for method, figures in by_method.items():
            table.add_row(
                name,
                method,
                f"{figures['accuracy']:.2%}",
                f"{figures['log_loss']:.4f}",
                f"{figures['relative_time']:.1f}",
            )
    Console().print(table)


def main() -> None:
    """Compare the methods on one model; print and save the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a file, or a shipped model's name")
    path = locate(parser.parse_args().model)
    model, name = load_model(path), path.stem
    validation = mnist_digits("validation", Recognizer(model, name))
    datasets: dict[str, Any] = {
        f"{MNIST} validation": compare(model, name, validation),
        PENDIGITS: compare(model, name, pendigits_digits()),
    }
    show(datasets)
    save_results("tta", {"model": name, "digest": model.digest, "datasets": datasets})


if __name__ == "__main__":
    main()
