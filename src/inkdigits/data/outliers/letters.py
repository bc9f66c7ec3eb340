"""Outliers that are letters: Latin ones, and glyphs composed of the parts of printed letters."""

import math
from collections.abc import Sequence

import numpy as np

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.data.letter_strokes import LETTERS
from inkdigits.data.outliers.canvas import (
    CURVE_SEGMENTS,
    DigitsByLabel,
    circle,
    draw_strokes,
    rotate,
)

SPANS = ((0, 1), (0, 0.5), (0.5, 1))  # of the grid's side: all of it, or either half


def latin_letter(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw a letter of the Latin alphabet as handwritten, sometimes with serifs or swashes."""
    name = rng.choice(list(LETTERS))
    strokes: list[Array] = [
        stroke + rng.normal(0, 0.025, stroke.shape) + rng.normal(0, 0.03, 2)
        for stroke in LETTERS[name]
    ]
    ending = rng.choice(["serifs", "swashes", "plain"], p=[0.25, 0.15, 0.6])
    if ending == "serifs":
        strokes += _serifs(rng, strokes)
    elif ending == "swashes":
        strokes = [_with_swash(rng, stroke) if len(stroke) > 1 else stroke for stroke in strokes]
    return draw_strokes(rng, strokes)


def printed_glyph(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw two to four parts of printed letters on a grid: stems, bars, bowls and diagonals."""
    strokes = [PARTS[rng.integers(len(PARTS))](rng) for _ in range(rng.integers(2, 5))]
    strokes = [stroke + rng.normal(0, 0.02, 2) for stroke in strokes]
    if rng.random() < 0.25:
        strokes += _serifs(rng, strokes)
    return draw_strokes(rng, strokes)


def _serifs(rng: Generator, strokes: Sequence[Array]) -> list[Array]:
    """Make a short bar for each end of each stroke."""
    half_width = rng.uniform(0.08, 0.2)
    bar = np.array([[-half_width, 0], [half_width, 0]])
    return [end + bar for stroke in strokes for end in (stroke[0], stroke[-1])]


def _with_swash(rng: Generator, stroke: Array) -> Array:
    """Begin a stroke with a curl, or end it with one."""
    turned = stroke[:: rng.choice([-1, 1])]
    curl = rng.uniform(0.08, 0.25) * circle(2 * CURVE_SEGMENTS)[: rng.integers(4, 9)]
    curl = rotate(curl * [1, rng.choice([-1, 1])], rng.uniform(0, 2 * math.pi))
    return np.concatenate([turned, turned[-1] + curl - curl[0]])


def _stem(rng: Generator) -> Array:
    column, (top, bottom) = _column(rng), _rows(rng)
    return np.array([[column, top], [column, bottom]])


def _bar(rng: Generator) -> Array:
    row = rng.integers(3) / 2
    first, last = SPANS[rng.integers(3)]
    return np.array([[first, row], [last, row]])


def _diagonal(rng: Generator) -> Array:
    column, (top, bottom) = _column(rng), _rows(rng)
    other = column + rng.choice([-1, -0.5, 0.5, 1])
    return np.array([[column, top], [other, bottom]])


def _bowl(rng: Generator) -> Array:
    """Make half an ellipse that is open on one of the four sides."""
    column, (top, bottom) = _column(rng), _rows(rng)
    angle = np.linspace(0, math.pi, 2 * CURVE_SEGMENTS)
    bulge, along = rng.choice([-1, -0.6, 0.6, 1]) * np.sin(angle), (1 - np.cos(angle)) / 2
    if rng.random() < 0.7:
        return np.stack([column + bulge, top + along * (bottom - top)], axis=1)
    return np.stack([along * rng.choice([0.5, 1]) + column / 2, bottom - 0.7 * bulge], axis=1)


def _ellipse(rng: Generator) -> Array:
    """Make a ring that fills the grid."""
    return 0.5 + circle(3 * CURVE_SEGMENTS) / 2


def _column(rng: Generator) -> float:
    return float(rng.integers(3) / 2)


def _rows(rng: Generator) -> tuple[float, float]:
    """Draw top and bottom: of the whole letter, or of its upper or lower half."""
    return SPANS[rng.choice(3, p=[0.5, 0.25, 0.25])]


# A part that is listed twice is twice as frequent.
PARTS = (_stem, _stem, _bar, _bar, _diagonal, _bowl, _bowl, _ellipse)
