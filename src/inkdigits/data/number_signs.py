"""Pen strokes of the signs that stand between, before and after the digits of a number.

Each is a few strokes in the unit of a digit's height: x from 0, and y downwards, 0 at the top of a
digit and 1 at its foot.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from inkdigits.arrays import Array, Generator
from inkdigits.data.letter_strokes import LETTERS, arc, line
from inkdigits.data.mark_strokes import MARKS

# Marks that consist of dots and dashes, as numbers have them, or stand for a currency.
_IN_NUMBERS = ("dollar", "euro", "pound", "ellipsis", "therefore")
_MARKS = [strokes for name, strokes in MARKS.items() if name not in _IN_NUMBERS]
_LETTERS = list(LETTERS.values())
_FILLERS = ("hash", "asterisk")


def sign(symbol: str, rng: Generator) -> list[Array]:
    """Make one of ".", ",", "-", "$", "#" for a filler, those of SUMS, or "?" for others."""
    return _MAKERS[symbol](rng)


def _point(rng: Generator) -> list[Array]:
    foot = rng.uniform(0.88, 1.04)
    return [np.array([[0, foot], [rng.uniform(0, 0.08), foot + rng.uniform(-0.03, 0.05)]])]


def _comma(rng: Generator) -> list[Array]:
    length = rng.uniform(0.15, 0.42)
    top = rng.uniform(0.8, 1.0)
    foot = np.array([-length * rng.uniform(0.0, 0.7), top + length])
    if rng.random() < 0.5:
        return [line((0, top), (0.1 * length, top + 0.35 * length), tuple(foot))]
    return [line((0, top), tuple(foot))]


def _dash(rng: Generator) -> list[Array]:
    length = rng.uniform(0.25, 1.0) if rng.random() < 0.85 else rng.uniform(1, 2.5)
    bend = rng.normal(0, 0.05, 3) * min(length, 1)
    height = rng.uniform(0.38, 0.72)
    points = np.array([[0, 0], [0.5 * length, 0], [length, 0]])
    return [points + np.stack([np.zeros(3), height + bend], axis=1)]


def _currency(rng: Generator) -> list[Array]:
    make = _dollar if rng.random() < 0.7 else _euro if rng.random() < 0.6 else _pound
    return _written(make(rng), rng)


def _dollar(rng: Generator) -> list[Array]:
    """Make an S, in one curve or with corners, and one or two bars that cross it or stick out."""
    width, swing = rng.uniform(0.3, 0.65), rng.uniform(0.35, 0.5)
    turn = np.linspace(rng.uniform(-0.08, 0.06), rng.uniform(0.94, 1.08), 32)
    x = 0.5 - swing * np.sin(2 * math.pi * (turn - rng.uniform(-0.02, 0.06)))
    curve = np.stack([width * x, 0.05 + 0.9 * turn], axis=1)
    bars = []
    top, bottom = -rng.uniform(0.02, 0.3), 1 + rng.uniform(0.02, 0.3)
    middle = width * rng.uniform(0.35, 0.65)
    lean = rng.normal(0, 0.06)
    count = 1 if rng.random() < 0.7 else 2
    for number in range(count):
        x_bar = middle + (number - (count - 1) / 2) * rng.uniform(0.1, 0.2)
        ends = [(x_bar - lean, top), (x_bar + lean, bottom)]
        if rng.random() < 0.15:  # only above and below the S
            bars += [line(ends[0], (x_bar, 0.12)), line((x_bar, 0.88), ends[1])]
        else:
            bars.append(line(*ends))
    return [curve, *bars]


def _euro(rng: Generator) -> list[Array]:
    width = rng.uniform(0.3, 0.5)
    curve = arc((width, 0.5), (width, rng.uniform(0.4, 0.5)), 0.12, 0.88)[:, :2]
    left = -rng.uniform(0.02, 0.2)
    return [
        curve,
        line((left, 0.4), (1.2 * width, 0.38 + rng.normal(0, 0.04))),
        line((left, 0.6), (1.1 * width, 0.6 + rng.normal(0, 0.04))),
    ]


def _pound(rng: Generator) -> list[Array]:
    return [np.asarray(stroke) * (0.6, 1) for stroke in MARKS["pound"]]


def _filler(rng: Generator) -> list[Array]:
    """Make a sign that people put at the ends of an amount, so that nobody adds a digit."""
    strokes = MARKS[_FILLERS[rng.integers(len(_FILLERS))]]
    size = rng.uniform(0.4, 0.9)
    return _written([np.asarray(stroke) * size + (0, (1 - size) / 2) for stroke in strokes], rng)


def _of_sum(mark: str, rng: Generator) -> list[Array]:
    """Make a sign of a sum, in the middle of the line."""
    size = rng.uniform(0.35, 0.75)
    moved = (0, rng.uniform(0.45, 0.6) - size / 2)
    return _written([np.asarray(stroke) * size + moved for stroke in MARKS[mark]], rng)


def _colon(rng: Generator) -> list[Array]:
    upper, lower = rng.uniform(0.2, 0.45), rng.uniform(0.7, 0.95)
    return [np.array([[0, row], [0.02, row + rng.uniform(0, 0.05)]]) for row in (upper, lower)]


def _other(rng: Generator) -> list[Array]:
    """Make a letter or a mark."""
    if rng.random() < 0.7:
        return _written(_LETTERS[rng.integers(len(_LETTERS))], rng)
    size = rng.uniform(0.5, 1)
    strokes = _MARKS[rng.integers(len(_MARKS))]
    return _written([np.asarray(stroke) * size + (0, (1 - size) / 2) for stroke in strokes], rng)


def _written(strokes: Sequence[Array], rng: Generator) -> list[Array]:
    """Move each point and each stroke a little, and make the whole narrower."""
    narrow = (rng.uniform(0.6, 0.95), 1)
    return [
        (np.asarray(stroke) + rng.normal(0, 0.02, stroke.shape) + rng.normal(0, 0.025, 2)) * narrow
        for stroke in strokes
    ]


_MAKERS: dict[str, Callable[[Generator], list[Array]]] = {
    ".": _point,
    ",": _comma,
    "-": _dash,
    "$": _currency,
    "#": _filler,
    "?": _other,
    "+": partial(_of_sum, "plus"),
    "x": partial(_of_sum, "multiplication sign"),
    "=": partial(_of_sum, "equals"),
    ":": _colon,
}
SUMS = "+x:="  # the signs of sums, which do not occur in numbers
