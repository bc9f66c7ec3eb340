"""What the kinds of outliers share: their type, strokes on a canvas, and a choice of digits."""

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
NIB_SHARE = 0.25  # of the images are drawn with a broad nib, which draws thick and thin strokes
NIB_CANVAS_PX = 64  # side of the canvas for them
NIBS_PX = (4, 15)  # range of the nib's length
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
    has_nib = rng.random() < NIB_SHARE
    side = NIB_CANVAS_PX if has_nib else CANVAS_PX
    scale = side / CANVAS_PX
    top_left = points.min(axis=0)
    size = max(float((points.max(axis=0) - top_left).max()), 0.05)
    points = scale * (MARGIN_PX + (points - top_left) * (CANVAS_PX - 2 * MARGIN_PX) / size)
    ends = np.cumsum([len(stroke) for stroke in strokes])[:-1]
    pen_px = PENS_PX[0] if has_nib else log_uniform(rng, PENS_PX)
    canvas = draw(np.split(points, ends), pen_px, (side, side))
    if has_nib:
        canvas = cv2.dilate(canvas, _nib(rng))
    if filled:
        _fill_holes(canvas)
    return ink.from_ink(canvas)


def _nib(rng: Generator) -> Pixels:
    """Make a nib: a line in a random direction, most often as a right-handed writer holds it."""
    side = int(rng.integers(*NIBS_PX))
    across = rotate(np.array([[-0.5, 0], [0.5, 0]]), rng.choice([0, rng.uniform(-math.pi, 0)]))
    middle = side / 2
    return draw([middle + across * (side - 1)], 1, (side, side), antialiased=False) // 255


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


def random_digit(rng: Generator, digits: DigitsByLabel, labels: Sequence[int]) -> Pixels:
    """Choose an image of a digit with one of these labels."""
    images = digits[labels[int(rng.integers(len(labels)))]]
    return images[rng.integers(len(images))]
