"""Outliers that are several real digits: touching each other, or small ones in rows and columns."""

import cv2
import numpy as np

from inkdigits.arrays import Generator, Pixels
from inkdigits.constants import CLASSES
from inkdigits.data.outliers.canvas import DigitsByLabel, random_digit
from inkdigits.preprocessing import ink
from inkdigits.preprocessing.resample import bounding_box

DIGIT_PX = 56  # mean height of digits that touch
INK = 127  # stronger ink touches
OVERLAP_PX = 7  # how far they reach into each other, at most
ASPECTS = (0.4, 1.4)  # range of width / height that they are squeezed to
CELL_PX = (11, 19)  # range of the side of a table's cell
ROWS, COLUMNS = 7, 5  # of a table, at most
MISSING = 0.07  # share of its cells, if there are enough


def touching_digits(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Write two or three digits so close that they touch, sometimes on a line or squeezed."""
    count = rng.choice([2, 3], p=[0.85, 0.15])
    is_fine = rng.random() < 0.5
    first, *others = (_enlarged_digit(rng, digits, is_fine) for _ in range(count))
    group = first
    for digit in others:
        group = _join(rng, group, digit)
    height, width = group.shape
    if rng.random() < 0.15:  # a line along the bottom, as below 11
        row = height - int(rng.integers(2, 8))
        group = cv2.line(group, (0, row), (width - 1, row), 255, int(rng.integers(2, 8)))
    if rng.random() < 0.6:
        size = (round(rng.uniform(*ASPECTS) * height), height)
        group = cv2.resize(group, size, interpolation=cv2.INTER_AREA)
    return ink.from_ink(np.pad(group, 4))


def _enlarged_digit(rng: Generator, digits: DigitsByLabel, is_fine: bool) -> Pixels:
    """Choose a digit, cropped to its ink, in a random size.

    is_fine  whether its pen becomes finer
    """
    digit = random_digit(rng, digits, range(CLASSES))
    digit = digit[bounding_box(digit)]
    height = DIGIT_PX * rng.uniform(0.75, 1.2)
    width = rng.uniform(0.7, 1.1) * digit.shape[1] * height / len(digit)
    digit = cv2.resize(digit, (max(2, round(width)), round(height)))
    if is_fine:
        digit = cv2.erode(digit, np.ones((3, 3), np.uint8))
    return digit


def _join(rng: Generator, left: Pixels, right: Pixels) -> Pixels:
    """Place two images side by side, so that their ink touches or overlaps a little.

    left, right  uint8 (H, W) and (h, w)
    returns      uint8, cropped to the ink
    """
    height, width = max(len(left), len(right)), left.shape[1] + right.shape[1]
    apart = np.zeros((2, height, width), np.uint8)
    for canvas, image, column in zip(apart, (left, right), (0, left.shape[1]), strict=True):
        top = rng.integers(height - len(image) + 1)
        canvas[top : top + len(image), column : column + image.shape[1]] = image
    # In each row, the gap between the last ink on the left and the first on the right.
    is_ink = apart > INK
    last = width - is_ink[0, :, ::-1].argmax(axis=1)
    gaps = (is_ink[1].argmax(axis=1) - last)[is_ink.any(axis=2).all(axis=0)]
    gap = int(gaps.min()) if len(gaps) else 0
    shift = min(gap + int(rng.integers(OVERLAP_PX + 1)), left.shape[1])
    joined = apart[0]
    np.maximum(joined[:, : width - shift], apart[1][:, shift:], out=joined[:, : width - shift])
    return joined[bounding_box(joined)]


def digit_table(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Write small digits in a column, or in rows and columns, some of them missing."""
    rows, columns = int(rng.integers(1, ROWS + 1)), int(rng.integers(2, COLUMNS + 1))
    if rng.random() < 0.3:
        rows, columns = int(rng.integers(3, ROWS + 1)), 1
    height = int(rng.integers(*CELL_PX))
    width = round(height * rng.uniform(0.6, 1.2))
    canvas = np.zeros((rows * height, columns * width), np.uint8)
    is_repeated = rng.random() < 0.1  # the same digit everywhere
    labels = [int(rng.integers(CLASSES))] if is_repeated else range(CLASSES)
    missing = MISSING if rows * columns > 3 else 0
    for row, column in np.argwhere(rng.random((rows, columns)) >= missing):
        digit = random_digit(rng, digits, labels)
        size = round(width * rng.uniform(0.4, 0.95)), round(height * rng.uniform(0.7, 1))
        cell = cv2.resize(digit[bounding_box(digit)], size, interpolation=cv2.INTER_AREA)
        top, left = row * height, column * width + rng.integers(width - cell.shape[1] + 1)
        canvas[top : top + len(cell), left : left + cell.shape[1]] = cell
    return ink.from_ink(np.pad(canvas, 4))
