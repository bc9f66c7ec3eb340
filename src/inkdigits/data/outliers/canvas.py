"""What the kinds of outliers share: their type, and drawing strokes on a canvas."""

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import cv2
import numpy as np

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.data.sampling import log_uniform
from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing import ink

CANVAS_PX = 32  # side of the canvas for strokes
MARGIN_PX = 4.0  # around them
PENS_PX = (1.6, 5.0)  # range of stroke widths, log-uniform
CURVE_SEGMENTS = 5  # straight segments that approximate a curve

DigitsByLabel: TypeAlias = Sequence[Pixels]  # for each of the ten digits, uint8 (N, 28, 28)
Kind: TypeAlias = Callable[[Generator, DigitsByLabel], Pixels]  # preprocessed, uint8 (28, 28)


def draw_strokes(
    rng: Generator, strokes: Sequence[Array], vary_slant: bool = True, filled: bool = False
) -> Pixels:
    """Scale strokes to fill the canvas, draw them with a random pen, and preprocess the image.

    strokes     each float (M, 2): x and y, y downwards, in any unit
    vary_slant  whether to shear them and change their width at random
    filled      whether to fill what they enclose
    """
    points = np.concatenate(strokes)
    if vary_slant:
        shear_scale = np.array([[rng.uniform(0.55, 1.3), 0], [rng.normal(0, 0.2), 1]])
        points = points @ shear_scale
    top_left = points.min(axis=0)
    size = max(float((points.max(axis=0) - top_left).max()), 0.05)
    points = MARGIN_PX + (points - top_left) * (CANVAS_PX - 2 * MARGIN_PX) / size
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    pen_px = log_uniform(rng, PENS_PX)
    canvas = draw(np.split(points, ends), pen_px, (CANVAS_PX, CANVAS_PX))
    if filled:
        _fill_holes(canvas)
    return ink.from_ink(canvas)


def _fill_holes(canvas: Pixels) -> None:
    """Fill what strokes enclose, in place. They do not reach the corner of the canvas."""
    outside = (canvas > 127).view(np.uint8)
    cv2.floodFill(outside, None, (0, 0), 2)
    canvas[outside != 2] = 255


def rotate(points: Array, angle: float) -> Array:
    """Rotate points (M, 2) about the origin by an angle in radians."""
    cos, sin = math.cos(angle), math.sin(angle)
    return points @ np.array([[cos, sin], [-sin, cos]])


def circle(segments: int) -> Array:
    """Return a closed circle of radius 1 about the origin; float (segments, 2)."""
    angle = np.linspace(0, 2 * math.pi, segments)
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def random_point(rng: Generator) -> Array:
    """Draw a point where strokes of letters start and end: near one of a grid of 3 by 4."""
    column, row = rng.integers(3) / 2, rng.integers(4) / 3
    return np.array([column, row]) + rng.normal(0, 0.06, 2)
