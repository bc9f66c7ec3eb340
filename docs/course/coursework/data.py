"""Load the digits of the course, and pictures that students bring."""

from pathlib import Path
from typing import Any

import numpy as np

from coursework.exercise import NotYet
from inkdigits.arrays import Pixels
from inkdigits.data import made_digits as made
from inkdigits.data import mnist, semeion
from inkdigits.data.folders import DataError
from inkdigits.data.mnist import Digits
from inkdigits.data.rendering import render
from inkdigits.data.split import split_at_random, split_by_writer
from inkdigits.imaging.inputs import to_rgba
from inkdigits.imaging.strokes import draw

# A 4 that somebody drew with a finger, x and y from 0 to 1.
EXAMPLE = ([(0.55, 0.05), (0.1, 0.62), (0.85, 0.6)], [(0.66, 0.35), (0.62, 1.0)])
BLUE, YELLOW = np.array([40, 60, 150]), np.array([250, 244, 215])


def load_digits() -> tuple[Digits, Digits]:
    """Load MNIST's training digits, and hold the digits of a sixth of the writers out.

    returns  the digits to train on, and the digits to validate on
    raises   NotYet, with the command to run, if the data are missing
    """
    try:
        digits = mnist.load("train")
    except DataError as error:
        raise NotYet(f"The digits are missing. {error} In a notebook: !inkdigits data") from None
    split = split_at_random if digits.writers is None else split_by_writer
    return split(digits, 1 / 6, seed=0)


def load_test_digits() -> Digits:
    """Load MNIST's test digits: look at them once, at the very end."""
    return mnist.load("test")


def ink(digits: Digits) -> Any:
    """Return the pixels as the network takes them: float32 (N, 28, 28), 1 is full ink."""
    return digits.images / np.float32(255)


def load_picture(path: str = "my-digit.png") -> Pixels:
    """Load a picture of your own digit; without the file, an example: a blue 4 on yellow paper.

    path     of a drawing, a scan or a photo: PNG, JPEG and others
    returns  uint8 (H, W, 3)
    """
    if Path(path).exists():
        return to_rgba(Path(path))[..., :3]
    print(f"There is no {path} beside this notebook yet, so this is an example.")
    return example_picture()


def example_picture() -> Pixels:
    """Draw the example, uint8 (150, 200, 3)."""
    strokes = [np.array(stroke) * 62 + (118, 18) for stroke in EXAMPLE]
    opacity = draw(strokes, 4.5, (150, 200))[..., None] / 255
    return np.rint(YELLOW + opacity * (BLUE - YELLOW)).astype(np.uint8)


def made_digits(count: int, seed: int) -> Digits:
    """Draw digits in forms that are common in the world and rare in MNIST, by the project's rules.

    count   of digits
    seed    another one gives other digits
    """
    return render(made.make(count, seed), 1, seed)


def italian_digits() -> Digits | None:
    """Load Semeion, digits of about 80 people in Italy; None if its file is not installed."""
    try:
        return semeion.load()
    except DataError as error:
        print(f"Without the Italian digits: {error}")
        return None
