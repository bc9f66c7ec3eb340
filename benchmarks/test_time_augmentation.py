"""Does it pay to read a picture several times, each time moved a little, and to take the mean?

A model reads each cleaned picture once; again only if it is unsure, as the recognizer does; five
times, with four copies shifted by a pixel; and nine times, with four more that are turned and
scaled. The probabilities of the copies are averaged. The time is that of the whole answer: the
clean-up, which is done once for all copies, the moves and the network. Nothing is measured on test
digits here, for a choice may follow from it.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from held_out import digits_of, pen_digits
from measured import keep
from rich.console import Console
from rich.table import Table
from scipy import ndimage

from inkdigits import Recognizer
from inkdigits.arrays import Array, Pixels
from inkdigits.data.mnist import Digits
from inkdigits.inference import PLACES
from inkdigits.metrics import measure
from inkdigits.model_file import DEFAULT_MODEL


class Move(NamedTuple):
    """How a copy differs from the picture: turned, scaled, and shifted in pixels."""

    degrees: float = 0.0
    scale: float = 1.0
    down: float = 0.0
    right: float = 0.0


MOVES = (
    *(Move(down=down, right=right) for down, right in PLACES),
    Move(degrees=-4),
    Move(degrees=4),
    Move(scale=0.95),
    Move(scale=1.05),
)
COPIES = (len(PLACES), len(MOVES))  # so many of the moves, from the first on
ROUNDS = 3


def moved(pictures: Pixels, move: Move) -> Pixels:
    """Move pictures about their middle, bilinearly.

    pictures  uint8 (N, 28, 28)
    returns   uint8 (N, 28, 28)
    """
    if move == Move():
        return pictures
    angle = np.radians(move.degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    back = np.eye(3)  # from a pixel to its source; the first axis counts the pictures
    back[1:, 1:] = turn / move.scale
    middle = np.array([0, 13.5, 13.5])
    shift = np.array([0, move.down, move.right])
    offset = middle - back @ (middle + shift)
    return ndimage.affine_transform(pictures, back, offset, order=1)


def reading_once(recognizer: Recognizer) -> Recognizer:
    """The same, but that it reads no picture again."""
    once = copy.copy(recognizer)
    once.recipe = replace(recognizer.recipe, tta=False)
    return once


def averaged(recognizer: Recognizer, copies: int, cleaned: Pixels) -> Array:
    """The mean of the probabilities of so many copies, float64 (N, 10)."""
    return np.mean(
        [recognizer.probabilities(moved(cleaned, move)) for move in MOVES[:copies]], axis=0
    )


def ways_of(recognizer: Recognizer) -> dict[str, Callable[[Pixels], Array]]:
    """Each way to read cleaned pictures, by its name."""
    once = reading_once(recognizer)
    return {
        "once": once.probabilities,
        "again if unsure": recognizer.probabilities,
        **{f"{copies} times": partial(averaged, once, copies) for copies in COPIES},
    }


def figures_of(recognizer: Recognizer, digits: Digits) -> dict[str, dict[str, float]]:
    """Accuracy, log loss and time, as a factor of that to read once, of each way to read."""
    ways = ways_of(recognizer)
    seconds: dict[str, list[float]] = {way: [] for way in ways}
    figures = {}
    for _ in range(ROUNDS):
        for way, probabilities_of in ways.items():
            since = time.perf_counter()
            probabilities = probabilities_of(recognizer.preprocess_mnist(digits.images))
            seconds[way].append(time.perf_counter() - since)
            metrics = measure(probabilities, digits.labels)
            figures[way] = {"accuracy": metrics.accuracy, "log_loss": metrics.log_loss}
    one = statistics.median(seconds["once"])
    for way in ways:
        figures[way]["time"] = statistics.median(seconds[way]) / one
    return figures


def show(read: dict[str, dict[str, dict[str, float]]]) -> None:
    """Print the figures as a table."""
    table = Table("read", "how often", "accuracy", "log loss", "time")
    for name, by_way in read.items():
        table.add_section()
        for way, figures in by_way.items():
            table.add_row(
                name,
                way,
                f"{figures['accuracy']:.2%}",
                f"{figures['log_loss']:.4f}",
                f"{figures['time']:.1f}",
            )
    Console().print(table)


def main() -> None:
    """Measure a model, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a file, or a shipped model")
    recognizer = Recognizer.load(parser.parse_args().model)
    read: dict[str, Any] = {
        "MNIST, validation": figures_of(recognizer, digits_of("validation", recognizer)),
        "pen writers": figures_of(recognizer, pen_digits()),
    }
    show(read)
    keep(
        "test_time_augmentation",
        {"model": recognizer.name, "digest": recognizer.digest, "read": read},
    )


if __name__ == "__main__":
    main()
