"""Pictures of thin digits whose own bar lies on whole rows of pixels, as a ruled line does."""

import numpy as np
from pens import coverage
from picture_parts import in_unit_box, inked, log_uniform, placed, saved, sheet
from tracing import Stroke

from inkdigits.arrays import Array, Generator

LEAST_BAR = 0.5  # of the digit's width
LEVEL_DEGREES = 25  # maximum slope of a bar
THICK = 0.07  # of the digit; maximum vertical distance between the parts of a bar
WARPED = 0.25  # of the digit: what is further from the bar keeps its place


def own_bar(strokes: list[Stroke], rng: Generator) -> bytes:
    """Draw a thin digit whose bar lies on a whole row of pixels, or half on each of two."""
    return _barred(strokes, round(log_uniform(rng, 28, 200)), False, rng)


def own_bar_on_ruled_paper(strokes: list[Stroke], rng: Generator) -> bytes:
    """Draw a thin digit whose bar lies on a whole row of pixels, between ruled lines."""
    return _barred(strokes, round(log_uniform(rng, 120, 300)), True, rng)


def _barred(strokes: list[Stroke], side: int, ruled: bool, rng: Generator) -> bytes:
    leveled = with_level_bar(strokes)
    if leveled is None:
        raise ValueError("this digit has no bar")
    shape = side, side
    strokes, bar, length = leveled
    # The bar is 40% to 85% of the picture's width, as far as the digit has room.
    height, width = np.concatenate(strokes).max(axis=0).tolist()
    most_px = (0.75 if ruled else 0.92) * side
    width_px = min(most_px, rng.uniform(0.4, 0.85) * side * width / length)
    height_px = min(most_px, width_px / rng.uniform(0.65, 1.2))
    scaled = [stroke * np.array([height_px / height, width_px / width]) for stroke in strokes]
    digit = placed(scaled, 1, shape, 0.04 * side, rng)
    row = float(digit[0][0, 0] - scaled[0][0, 0]) + bar * height_px / height
    antialiased = rng.random() < 0.7
    pen_px = float(rng.choice([1, rng.uniform(1, 1.8)])) if antialiased else 1.0
    middle = np.floor(row) + (0 if antialiased and rng.random() < 0.5 else 0.5)
    digit = [stroke + np.array([middle - row, 0]) for stroke in digit]
    paper = sheet(shape, rng.uniform(225, 255), rng, tint=4)
    if ruled:
        spacing = rng.uniform(0.3, 0.8) * height_px
        first = (row + rng.uniform(0.25, 0.75) * spacing) % spacing  # not on the bar
        for line in np.arange(first, side, spacing).astype(int):
            paper[line] *= rng.uniform(0.6, 0.85)
    image = inked(paper, coverage(digit, pen_px, shape, antialiased), rng.uniform(0.7, 1))
    if rng.random() < 0.15:
        image = 255 - image
    return saved(image, rng, jpeg=0.15, quality=85)


def has_bar(strokes: list[Stroke]) -> bool:
    """Return whether a digit has a nearly level part of at least half of its width."""
    return with_level_bar(strokes) is not None


def with_level_bar(strokes: list[Stroke]) -> tuple[list[Stroke], float, float] | None:
    """Bend a digit so that its longest nearly level part is exactly level and straight.

    returns  the strokes in a unit box, and the row and the length of the bar; None if there is no
             such part of at least half of the digit's width
    """
    runs = [run for stroke in strokes for run in _level_runs(stroke)]
    if not runs:
        return None
    longest = max(runs, key=_width)
    row = float(longest[:, 0].mean())
    near = [run for run in runs if np.abs(run[:, 0] - row).max() < THICK or run is longest]
    bar = np.concatenate(near)
    bar = bar[np.argsort(bar[:, 1], kind="stable")]
    if _width(bar) < LEAST_BAR * _width(np.concatenate(strokes)):
        return None

    def bent(stroke: Stroke) -> Stroke:
        bar_row = np.interp(stroke[:, 1], bar[:, 1], bar[:, 0])
        away = np.abs(stroke[:, 0] - bar_row)
        share = np.interp(away, [0.02, WARPED], [1, 0])
        return stroke + np.stack([share * (row - bar_row), np.zeros(len(stroke))], axis=1)

    marked = in_unit_box([*map(bent, strokes), np.array([[row, bar[0, 1]], [row, bar[-1, 1]]])])
    return marked[:-1], float(marked[-1][0, 0]), _width(marked[-1])


def _width(points: Array) -> float:
    return float(np.ptp(points[:, 1]))


def _level_runs(stroke: Stroke) -> list[Stroke]:
    """Return the parts of a stroke that are nearly level."""
    reach = max(1, len(stroke) // 12)
    steps = np.arange(len(stroke) - 1)
    before, after = np.maximum(steps - reach, 0), np.minimum(steps + 1 + reach, len(stroke) - 1)
    down, right = np.abs(stroke[after] - stroke[before]).T
    level = down < np.tan(np.radians(LEVEL_DEGREES)) * right
    edges = np.flatnonzero(np.diff(np.concatenate([[False], level, [False]])))
    return [stroke[first : last + 1] for first, last in edges.reshape(-1, 2).tolist()]
