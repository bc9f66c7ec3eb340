"""Pictures with straight lines: a box or circle round the digit, an underline, the digit's bar."""

from collections.abc import Sequence

import numpy as np
from pens import coverage
from picture_parts import (
    Box,
    Shape,
    box_of,
    camera,
    inked,
    log_uniform,
    photo_shape,
    placed,
    saved,
    sheet,
)
from tracing import Stroke

from inkdigits.arrays import Array, Generator


def _form(
    strokes: list[Stroke], marks: list[Stroke], size_px: float, shape: Shape, rng: Generator
) -> bytes:
    """Draw a digit and marks, printed or of the digit's own pen, on paper or in a program.

    strokes, marks   in px
    """
    pen_px = max(1.2, rng.uniform(0.025, 0.11) * size_px)
    mark_px = max(1.0, rng.uniform(0.3, 1.2) * pen_px)
    darkness = rng.uniform(0.5, 0.9)
    mark_darkness = darkness * (1 if rng.random() < 0.5 else rng.uniform(0.45, 1))
    gray = rng.uniform(170, 255)
    if rng.random() < 0.15:  # light on dark
        gray = rng.uniform(30, 70)
        darkness, mark_darkness = -darkness * 3, -mark_darkness * 3
    image = inked(sheet(shape, gray, rng), coverage(marks, mark_px, shape), mark_darkness)
    digit = coverage(strokes, pen_px, shape)
    own = inked(sheet(shape, gray, rng, tint=0), digit, darkness)
    image += digit[..., None] * (own - image)
    if rng.random() < 0.7:
        image = camera(image, rng, blur_px=min(0.5, mark_px / 4))
    return saved(image, rng, quality=75)


def _scene(
    strokes: list[Stroke], rng: Generator, margin: float
) -> tuple[list[Stroke], float, Shape]:
    """Place a digit and return its strokes in px, its size and the size of the picture.

    margin  between the digit and the edges, relative to the digit's size
    """
    shape = photo_shape(rng)
    if rng.random() < 0.3:
        shape = (round(log_uniform(rng, 64, 160)),) * 2
    share = rng.uniform(0.25, min(0.6, 0.95 / (1 + 2 * margin)))
    size_px = max(24, share * min(shape))
    return placed(strokes, size_px, shape, margin * size_px, rng), size_px, shape


def _rectangle(top: float, left: float, bottom: float, right: float) -> Stroke:
    return np.array([[top, left], [top, right], [bottom, right], [bottom, left], [top, left]])


def _ellipse(box: Box) -> Stroke:
    top, left, bottom, right = box
    angles = np.linspace(0, 2 * np.pi, 120)
    center = np.array([top + bottom, left + right]) / 2
    return center + np.stack([np.sin(angles), np.cos(angles)], 1) * [
        (bottom - top) / 2,
        (right - left) / 2,
    ]


def _around(box: Box, by: Sequence[float]) -> Box:
    return box[0] - by[0], box[1] - by[1], box[2] + by[2], box[3] + by[3]


def box_around(strokes: list[Stroke], rng: Generator) -> bytes:
    """Write a digit into a form's field."""
    digit, size_px, shape = _scene(strokes, rng, margin=0.45)
    space = np.minimum(rng.uniform(0.14, 0.42, 4), rng.uniform(0.2, 0.45)) * size_px
    return _form(digit, [_rectangle(*_around(box_of(digit), space.tolist()))], size_px, shape, rng)


def touching_box(strokes: list[Stroke], rng: Generator) -> bytes:
    """Write a digit into a field that is so small that it touches one or two sides."""
    digit, size_px, shape = _scene(strokes, rng, margin=0.35)
    space = rng.uniform(0.14, 0.32, 4) * size_px
    sides = rng.permutation(4)[: rng.integers(1, 3)]
    space[sides] = rng.uniform(-0.03, 0.01, len(sides)) * size_px
    return _form(digit, [_rectangle(*_around(box_of(digit), space.tolist()))], size_px, shape, rng)


def _circled(strokes: list[Stroke], rng: Generator, least: float, most: float) -> bytes:
    """Draw an ellipse around a digit.

    least, most   range of the radius, relative to half of the diagonal of the bounding box
    """
    digit, size_px, shape = _scene(strokes, rng, margin=0.45)
    top, left, bottom, right = box_of(digit)
    half = np.hypot(bottom - top, right - left) / 2
    radius = half * rng.uniform(least, most) * np.array([1, rng.uniform(0.85, 1.1)])
    middle = np.array([top + bottom, left + right]) / 2 + rng.normal(0, 0.015, 2) * size_px
    ellipse = _ellipse((*(middle - radius).tolist(), *(middle + radius).tolist()))
    return _form(digit, [ellipse], size_px, shape, rng)


def circle_around(strokes: list[Stroke], rng: Generator) -> bytes:
    """Draw a circle or an ellipse around a digit."""
    return _circled(strokes, rng, 1.22, 1.6)


def touching_circle(strokes: list[Stroke], rng: Generator) -> bytes:
    """Draw a circle that touches the digit, or nearly."""
    return _circled(strokes, rng, 0.94, 1.1)


def underline(strokes: list[Stroke], rng: Generator) -> bytes:
    """Underline a digit: long or short, a bit slanted, apart from it."""
    return _underlined(strokes, rng, rng.uniform(0.09, 0.3), rng.uniform(-0.1, 0.8, 2))


def touching_underline(strokes: list[Stroke], rng: Generator) -> bytes:
    """Draw an underline that touches the bottom of the digit and extends well beyond both sides.

    A short one could pass for a stroke of the digit: it would turn a 7 into a 2.
    """
    return _underlined(strokes, rng, rng.uniform(-0.02, 0.03), rng.uniform(0.35, 1, 2))


def _underlined(strokes: list[Stroke], rng: Generator, below: float, beyond: Array) -> bytes:
    """Draw a line under a digit.

    below, beyond   the distance, and how much longer the line is to either side, relative to the
                    size of the digit
    """
    digit, size_px, shape = _scene(strokes, rng, margin=0.4)
    _, left, bottom, right = box_of(digit)
    left, right = left - beyond[0] * size_px, right + beyond[1] * size_px
    row = bottom + below * size_px
    rise = np.tan(np.radians(rng.uniform(-4, 4))) * (right - left) / 2
    if below > 0.05 and below * size_px < abs(rise) + 0.06 * size_px:
        rise = 0.0  # it would touch
    line = np.array([[row + rise, left], [row - rise, right]])
    return _form(digit, [line], size_px, shape, rng)
