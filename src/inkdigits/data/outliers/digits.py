"""Outliers made from real digits: cut, rotated, crossed out, put together, shuffled or inverted."""

import math

import numpy as np

from inkdigits.arrays import Generator, Pixels
from inkdigits.constants import CLASSES, IMAGE_SIDE
from inkdigits.data.outliers.canvas import DigitsByLabel, circle, random_digit, rotate
from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing import ink

# Half -> the digits of which that half does not look like a digit.
HALVES = {"top": (0, 5), "bottom": (0, 2, 3, 5), "left": (3,)}
# Orientation -> the digits that do not look like a digit in it.
ORIENTATIONS = {
    "on its side": (1, 2, 3, 4, 5, 6, 7, 8, 9),
    "upside down": (3, 4, 7),
    "mirrored": (3, 4, 6, 7, 9),
}
CENTER = IMAGE_SIDE // 2


def digit_sequence(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Place two or three digits in a row or a column, apart or touching."""
    count = rng.choice([2, 3], p=[0.8, 0.2])
    step = rng.integers(11, 24)
    length, breadth = IMAGE_SIDE + step * (count - 1), IMAGE_SIDE + 6
    canvas = np.zeros((breadth, length), np.uint8)
    is_column = rng.random() < 0.25
    allowed = range(2, CLASSES) if is_column else range(CLASSES)  # two 1s in a column are a long 1
    for number in range(count):
        digit = random_digit(rng, digits, allowed)
        top, left = rng.integers(7), step * number
        part = canvas[top : top + IMAGE_SIDE, left : left + IMAGE_SIDE]
        np.maximum(part, digit.T if is_column else digit, out=part)
    return ink.from_ink(canvas.T if is_column else canvas)


def half_digit(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Cut a digit through its middle and keep one half."""
    side = rng.choice(list(HALVES))
    digit = random_digit(rng, digits, HALVES[side])
    rows, columns = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
    share = rng.uniform(0.35, 0.5)
    height, width = round(share * len(rows)), round(share * len(columns))
    kept_rows = {"top": rows[:height], "bottom": rows[-height:]}.get(side, rows)
    kept_columns = columns[:width] if side == "left" else columns
    return ink.from_ink(digit[np.ix_(kept_rows, kept_columns)])


def rotated_or_mirrored(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Put a digit on its side or upside down, or mirror it."""
    orientation = rng.choice(list(ORIENTATIONS))
    digit = random_digit(rng, digits, ORIENTATIONS[orientation])
    if orientation == "mirrored":
        return ink.from_ink(digit[:, ::-1])
    quarters = 2 if orientation == "upside down" else rng.choice([1, 3])
    return ink.from_ink(np.rot90(digit, quarters))


def crossed_out(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Cross out a digit with a vertical stroke or with several strokes, or circle it."""
    variant = rng.choice(["vertical", "several", "circled"])
    # With one more stroke, a 0, 1, 4 or 7 may still be a digit.
    allowed = (2, 3, 5, 6, 8, 9) if variant == "vertical" else range(CLASSES)
    digit = random_digit(rng, digits, allowed)
    if variant == "vertical":
        lean = rng.normal(0, 2)
        strokes = [CENTER + np.array([[lean, -13], [-lean, 13]])]
    elif variant == "several":
        angle = rng.uniform(0, math.pi)
        strokes = [
            CENTER + rotate(np.array([[-12, offset], [12, offset]]), angle + rng.normal(0, 0.3))
            for offset in rng.uniform(-6, 6, rng.integers(2, 5))
        ]
    else:
        strokes = [CENTER + 13 * circle(16)]
    return ink.from_ink(np.maximum(digit, draw(strokes, rng.uniform(1.5, 3.5), digit.shape)))


def shuffled_quadrants(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Move each quadrant of a digit to another one's place."""
    digit = random_digit(rng, digits, range(CLASSES))[4:24, 4:24]
    quadrants = [digit[top : top + 10, left : left + 10] for top in (0, 10) for left in (0, 10)]
    orders = ([1, 0, 3, 2], [2, 3, 0, 1], [3, 2, 1, 0], [1, 2, 3, 0], [3, 0, 1, 2])
    a, b, c, d = (quadrants[place] for place in orders[rng.integers(len(orders))])
    return ink.from_ink(np.block([[a, b], [c, d]]))


def inverted(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Fill the background with ink and leave the digit blank."""
    trim = rng.integers(0, 5)
    canvas = 255 - random_digit(rng, digits, range(CLASSES))
    return ink.from_ink(canvas[trim : IMAGE_SIDE - trim, trim : IMAGE_SIDE - trim])
