"""Make pen traces of ways to write digits that many people use and few data sets show.

A 1 with an upstroke is a billion people's 1, and MNIST has hardly any. The others are the 7s that
it must not be taken for; slashed, angular and tailed 0s; looped 2s; 4s with a loop, or like a flash
of lightning; 8s of straight lines or of two rings; and digits of straight lines, as a mouse draws.

A digit is in a box of height 1: x, and y downwards.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from inkdigits.arrays import Array, Generator
from inkdigits.data.letter_strokes import arc, join, line
from inkdigits.data.traces import Traces
from inkdigits.data.variation import flattest_upstroke

MADE = "made"  # the writer of all made digits
STREAM = 0x6D616465  # "made" in ASCII; sets the random numbers apart from others of the same seed


@dataclass(frozen=True)
class Form:
    """One way to write a digit, and how often it is made, relative to the others."""

    label: int
    share: float
    strokes: Callable[[Generator], list[Array]]


def make(count: int, seed: int) -> Traces:
    """Make traces of digits in forms that are drawn at random.

    seed     makes the traces reproducible; each also depends on its index
    returns  Traces with a single writer, MADE
    """
    shares = np.array([form.share for form in FORMS])
    # Not (seed, number) alone: rendering's generator of a digit's first copy, (seed, number, 0), is
    # the same, and what it varies would depend on the form.
    rngs = [np.random.default_rng((seed, number, STREAM)) for number in range(count)]
    forms = [FORMS[rng.choice(len(FORMS), p=shares / shares.sum())] for rng in rngs]
    return Traces(
        strokes=[form.strokes(rng) for form, rng in zip(forms, rngs, strict=True)],
        labels=np.array([form.label for form in forms], np.uint8),
        writers=np.full(count, MADE),
    )


def one_with_upstroke(rng: Generator) -> list[Array]:
    """Make a 1 with an upstroke up to as long as its stem, and sometimes with a base."""
    lean = rng.uniform(-12, 35)
    top, foot = np.zeros(2), _toward(lean)
    length = rng.uniform(0.08, 1.05)
    angle = rng.uniform(lean + 12, min(lean + 65, math.degrees(flattest_upstroke(length))))
    if rng.random() < 0.12 and lean > -8:  # begins at the foot
        angle = rng.uniform(lean + 14, min(lean + 42, 60))
        length = rng.uniform(0.85, 1.05) * foot[1] / max(math.cos(math.radians(angle)), 0.4)
    upstroke = _bent(rng, length * _toward(angle), top, 0.08)
    stem = _bent(rng, top, foot, 0.04)
    strokes = [join(upstroke, stem)] if rng.random() < 0.9 else [upstroke, stem]
    if rng.random() < 0.25:
        left, right = rng.uniform(0.1, 0.35, 2) * (rng.random() < 0.85, 1)
        strokes.append(foot + np.array([[-left, 0], [right, 0]]))
    return strokes


def seven(rng: Generator) -> list[Array]:
    """Make a 7, with a cross-bar or not; its bar is flatter than any upstroke of a 1."""
    corner, foot = np.zeros(2), _toward(rng.uniform(-2, 42))
    start = rng.uniform(0.35, 0.9) * _toward(rng.uniform(84, 104))
    bar, stem = _bent(rng, start, corner, 0.08), _bent(rng, corner, foot, 0.1)
    if rng.random() < 0.25:
        serif = start + rng.uniform(0.06, 0.2) * _toward(rng.normal(0, 15))
        bar = join(serif[None], bar)
    strokes = [join(bar, stem)]
    if rng.random() < 0.35:
        middle = rng.uniform(0.4, 0.65) * foot
        half = rng.uniform(0.1, 0.3) * _toward(rng.uniform(70, 110))
        strokes.append(np.stack([middle + half, middle - half]))
    return strokes


def zero(rng: Generator) -> list[Array]:
    """Make a round or angular 0, open or closed, with a slash, a tail or a curl, or with none."""
    half_width = rng.uniform(0.2, 0.5)
    turns = rng.random() + rng.choice([-1, 1]) * np.linspace(0, rng.uniform(0.93, 1.08), 40)
    circle = np.stack([np.cos(2 * math.pi * turns), np.sin(2 * math.pi * turns)], axis=1)
    # With a larger exponent this ellipse has corners: it is a superellipse.
    exponent = 2.0 if rng.random() < 0.5 else rng.uniform(2, 5)
    outline = np.sign(circle) * np.abs(circle) ** (2 / exponent) * (half_width, 0.5)
    addition = rng.choice(["slash", "tail", "curl", "none"], p=[0.55, 0.2, 0.1, 0.15])
    if addition == "none":
        return [outline]
    if addition == "slash":
        # Towards the upper right, and sometimes towards the upper left.
        angle = rng.uniform(20, 70) * (1 if rng.random() < 0.85 else -1)
        half, middle = rng.uniform(0.25, 0.75) * _toward(angle), rng.normal(0, 0.05, 2)
        return [outline, _bent(rng, middle - half, middle + half, 0.1)]
    outward = rng.choice([-1, 1], 2)  # to one of the four corners
    place = outward * (0.8 * half_width, 0.35)
    if addition == "tail":
        length = outward * rng.uniform(0.03, 0.3, 2)
        return [outline, _bent(rng, place, place + length, 0.2)]
    radius = rng.uniform(0.05, 0.12)
    return [outline, arc((place[0], place[1]), (radius, radius), 0, 1)]


def looped_two(rng: Generator) -> list[Array]:
    """Make a 2 whose stroke makes a loop at the lower left."""
    width, radius = rng.uniform(0.4, 0.7), rng.uniform(0.05, 0.14)
    corner = (rng.uniform(-0.05, 0.1) + radius, 1 - radius * rng.uniform(0.8, 1.2))
    top = rng.uniform(0.2, 0.32)
    head = arc((width / 2, top), (width / 2, top), rng.uniform(0.45, 0.62), rng.uniform(1.02, 1.15))
    loop = arc(corner, (radius, radius * rng.uniform(0.5, 1)), 0.2, rng.uniform(0.95, 1.15))
    end = (width + rng.uniform(-0.1, 0.25), 1 + rng.uniform(-0.12, 0.08))
    middle = ((corner[0] + end[0]) / 2, 1 + rng.uniform(-0.12, 0.04))
    return [join(head, loop, line(middle, end))]


def sloping_two(rng: Generator) -> list[Array]:
    """Make a 2 whose foot falls to the right, below a head that may be small."""
    width, corner_level = rng.uniform(0.35, 0.8), rng.uniform(0.55, 0.85)
    radii = (rng.uniform(0.3, 0.5) * width, rng.uniform(0.35, 0.5) * corner_level)
    head = arc(radii, radii, rng.uniform(0.5, 0.7), rng.uniform(1.0, 1.2))
    corner = (rng.uniform(0, 0.3) * width, corner_level)
    end = (width + rng.uniform(0, 0.3), 1.0)
    foot = _bent(rng, np.array(corner), np.array(end), 0.06)
    return [join(head, foot)]


def looped_four(rng: Generator) -> list[Array]:
    """Make a 4 whose left side is round, or a loop, small or as large as that of a 6."""
    radius, level = rng.uniform(0.06, 0.2), rng.uniform(0.5, 0.8)
    top = (rng.uniform(0.2, 0.6), 0.0)
    radii = (radius, radius * rng.uniform(0.7, 1.2))
    first = rng.uniform(0.4, 1.0)  # where the loop begins, from its left over its top to its right
    loop = arc((radius, level), radii, first, rng.uniform(-0.1, 0.05))
    right = rng.uniform(2 * radius + 0.08, 0.65)
    bar = line((right + rng.uniform(0.05, 0.3), level + rng.uniform(-0.25, 0.08)))
    stem = line((right + rng.uniform(-0.04, 0.1), rng.uniform(0.2, 0.95) * level), (right, 1))
    return [join(line(top), loop, bar), stem]


def lightning_four(rng: Generator) -> list[Array]:
    """Make a 4 of one zigzag: down to the left, to the right, and down."""
    level, width = rng.uniform(0.45, 0.68), rng.uniform(0.4, 0.7)
    top = (rng.uniform(0.25, 0.6) * width, 0.0)
    left, right = (0.0, level), (width, level + rng.uniform(-0.15, 0.05))
    return [line(top, left, right, (rng.uniform(0.3, 0.95) * width, 1))]


def eight(rng: Generator) -> list[Array]:
    """Make an 8 of two crossing diagonals between two bars, or of one ring upon the other."""
    width, waist = rng.uniform(0.35, 0.7), rng.uniform(0.4, 0.55)
    if rng.random() < 0.4:
        return [line((0, 0), (width, 1), (0, 1), (width, 0), (0, 0))]
    upper, lower = rng.uniform(0.75, 1, 2) * width / 2
    first, second = rng.random(2)
    return [
        arc((width / 2, waist / 2), (upper, waist / 2), first, first + rng.uniform(0.95, 1.05)),
        arc((width / 2, (1 + waist) / 2), (lower, (1 - waist) / 2), second, second + 1),
    ]


# The digits of a seven-segment display that have corners, on a grid of 2 by 3 points.
_A, _B, _C, _D, _E, _F = (0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)
SEGMENTS: dict[int, tuple[tuple[tuple[int, int], ...], ...]] = {
    0: ((_A, _B, _F, _E, _A),),
    2: ((_A, _B, _D, _C, _E, _F),),
    3: ((_A, _B, _F, _E), (_C, _D)),
    4: ((_A, _C, _D), (_B, _F)),
    5: ((_B, _A, _C, _D, _F, _E),),
    6: ((_B, _A, _E, _F, _D, _C),),
    7: ((_A, _B, _F),),
    8: ((_A, _B, _F, _E, _A), (_C, _D)),
    9: ((_D, _C, _A, _B, _F, _E),),
}


def straight_digit(rng: Generator, label: int) -> list[Array]:
    """Make a digit of horizontal and vertical lines, as on a seven-segment display."""
    scale = (rng.uniform(0.3, 0.75), 0.5)
    corners = np.array([(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)], float)
    corners[2:4, 1] += rng.uniform(-0.3, 0.3)  # the waist
    corners += rng.normal(0, 0.04, corners.shape)
    return [np.stack([corners[2 * y + x] for x, y in stroke]) * scale for stroke in SEGMENTS[label]]


FORMS = (
    Form(1, 30, one_with_upstroke),
    Form(7, 12, seven),
    Form(0, 20, zero),
    Form(2, 7, looped_two),
    Form(2, 5, sloping_two),
    Form(4, 6, looped_four),
    Form(4, 5, lightning_four),
    Form(8, 5, eight),
    *(Form(label, 2, partial(straight_digit, label=label)) for label in SEGMENTS),
)


def _toward(degrees: float) -> Array:
    """Return the unit vector that points down, and so many degrees from it to the left."""
    angle = math.radians(degrees)
    return np.array([-math.sin(angle), math.cos(angle)])


def _bent(rng: Generator, start: Array, end: Array, bend: float) -> Array:
    """Make a slightly curved stroke from start to end; float (M, 2).

    bend     standard deviation of its height, as a fraction of its length
    """
    t = np.linspace(0, 1, 9)[:, None]
    right, down = end - start
    return (
        start + t * (end - start) + 4 * t * (1 - t) * rng.normal(0, bend) * np.array([down, -right])
    )
