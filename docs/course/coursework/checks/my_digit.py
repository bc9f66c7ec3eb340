"""Step 7: why it fails on my digit, and preprocessing."""

from typing import Any

import numpy as np

from coursework.exercise import FunctionCheck


def _gray_cases() -> Any:
    rng = np.random.default_rng(0)
    dark_on_light = 200 + 5 * rng.random((9, 7))
    dark_on_light[3:6, 2:4] = 60
    light_on_dark = 30 + 5 * rng.random((8, 8))
    light_on_dark[2:5, 2:4] = 240
    yield (dark_on_light,)
    yield (light_on_dark,)


def _border(gray: Any) -> Any:
    return np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]])


def _ink(gray: Any) -> Any:
    difference = np.abs(gray - np.median(_border(gray)))
    return difference / difference.max()


def _box_cases() -> Any:
    image = np.zeros((12, 10))
    image[2:9, 3:5] = 1
    image[7, 3:8] = 0.8
    image[0, 0] = 0.1
    yield (image,)
    yield (image.T.copy(),)
    single = np.zeros((6, 6))
    single[4, 2] = 1
    yield (single,)


def _crop(ink: Any, least: Any = 0.25, last: Any = 1, swapped: Any = False) -> Any:
    rows, columns = np.flatnonzero((ink > least).any(1)), np.flatnonzero((ink > least).any(0))
    if swapped:
        rows, columns = columns, rows
    return ink[rows[0] : rows[-1] + last, columns[0] : columns[-1] + last]


def _crop_only_rows(ink: Any) -> Any:
    rows = np.flatnonzero((ink > 0.25).any(axis=1))
    return ink[rows[0] : rows[-1] + 1]


def _mass_cases() -> Any:
    rng = np.random.default_rng(1)
    yield (rng.random((6, 4)) ** 3,)
    image = np.zeros((20, 12))
    image[2:4, :9] = 0.5
    image[2:19, 7] = 1
    yield (image,)


def _mass(ink: Any) -> Any:
    rows, columns = np.indices(ink.shape)
    return (ink * rows).sum() / ink.sum(), (ink * columns).sum() / ink.sum()


ink_of = FunctionCheck(
    "ink_of",
    _gray_cases,
    _ink,
    {
        "light ink on a dark background goes wrong: the difference may be negative.": (
            lambda gray: (
                (np.median(_border(gray)) - gray) / np.abs(np.median(_border(gray)) - gray).max()
            )
        ),
        "the strongest ink should be 1.": lambda gray: np.abs(gray - np.median(_border(gray))),
        "this measures from black, whatever the paper is. Measure from the background.": (
            lambda gray: gray / gray.max()
        ),
        "this takes for granted that the paper is white. Measure from the background.": (
            lambda gray: 1 - gray / 255
        ),
        "the background is the median of the *border*, not the mean of the whole picture, in "
        "which there is ink, too.": (
            lambda gray: np.abs(gray - gray.mean()) / np.abs(gray - gray.mean()).max()
        ),
    },
    "The distance of each pixel from the background, divided by the largest distance.",
)

crop = FunctionCheck(
    "crop",
    _box_cases,
    _crop,
    {
        "the last row and the last column are missing: a slice ends *before* its second number.": (
            lambda ink: _crop(ink, last=0)
        ),
        "rows and columns have changed places: the first index is the row.": (
            lambda ink: _crop(ink, swapped=True)
        ),
        "the sides are still there: crop the columns, too.": _crop_only_rows,
        "a faint speck in the corner counts as ink. Only more than 0.25 should.": (
            lambda ink: _crop(ink, least=0.0)
        ),
    },
    "`np.flatnonzero` of the rows with ink gives their numbers: the first and the last one matter. "
    "The same for the columns.",
)

new_size = FunctionCheck(
    "new_size",
    lambda: [(40, 20), (10, 30), (7, 7), (100, 2), (33, 31)],
    lambda height, width: (
        max(1, round(height * 20 / max(height, width))),
        max(1, round(width * 20 / max(height, width))),
    ),
    {
        "a 1 would become as wide as it is tall: use the same factor for both sides.": (
            lambda height, width: (20, 20)
        ),
        "the *longer* side should become 20, and yours makes the shorter one 20.": (
            lambda height, width: (
                max(1, round(height * 20 / min(height, width))),
                max(1, round(width * 20 / min(height, width))),
            )
        ),
        "this works if the digit is tall. What if it is wider than tall?": (
            lambda height, width: (20, max(1, round(width * 20 / height)))
        ),
        "`int` rounds down. `round` gives the nearest number of pixels.": (
            lambda height, width: (
                max(1, int(height * 20 / max(height, width))),
                max(1, int(width * 20 / max(height, width))),
            )
        ),
        "a thin line may vanish: no side may be smaller than 1 pixel.": (
            lambda height, width: (
                round(height * 20 / max(height, width)),
                round(width * 20 / max(height, width)),
            )
        ),
    },
    "One factor, 20 over the longer side, for both. Return whole numbers, at least 1.",
)

center_of_mass = FunctionCheck(
    "center_of_mass",
    _mass_cases,
    _mass,
    {
        "row and column have changed places.": lambda ink: _mass(ink)[::-1],
        "this is the middle of the picture, wherever the ink is.": lambda ink: (
            (ink.shape[0] - 1) / 2,
            (ink.shape[1] - 1) / 2,
        ),
        "each pixel should weigh as much as it has ink: here faint ones count fully.": (
            lambda ink: _mass((ink > 0) * 1.0)
        ),
        "divide by how much ink there is in total.": (
            lambda ink: tuple(ink.sum() * part for part in _mass(ink))
        ),
        "divide by the amount of ink, not by the number of pixels.": (
            lambda ink: tuple(ink.sum() * part / ink.size for part in _mass(ink))
        ),
    },
    "`rows, columns = np.indices(ink.shape)` gives the row and the column of each pixel. Their "
    "mean, weighted by the ink.",
)
