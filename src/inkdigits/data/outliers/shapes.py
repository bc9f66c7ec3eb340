"""Outliers that are closed shapes: rings, boxes, and polygons."""

import math

import numpy as np

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.data.outliers.canvas import (
    CURVE_SEGMENTS,
    DigitsByLabel,
    circle,
    draw_strokes,
    random_point,
    rotate,
)


def ring(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw a ring with horizontal bars inside, with rays, on legs, or with more rings."""
    outline = circle(4 * CURVE_SEGMENTS) / 2
    variant = rng.choice(["bars", "rays", "legs", "rings"])
    if variant == "bars":
        half_width = rng.uniform(0.2, 0.7)
        rows = rng.uniform(-0.3, 0.3, rng.integers(1, 3))
        more = [np.array([[-half_width, row], [half_width, row]]) for row in rows]
    elif variant == "rays":
        first, count = rng.uniform(0, 2 * math.pi), rng.integers(3, 9)
        ray = np.array([[rng.uniform(0, 0.6), 0], [rng.uniform(0.7, 1), 0]])
        more = [rotate(ray, first + 2 * math.pi * number / count) for number in range(count)]
    elif variant == "legs":
        hip, foot, bottom = rng.uniform([0.05, 0.05, 0.8], [0.4, 0.6, 1.5])
        more = [np.array([[side * hip, 0.45], [side * foot, bottom]]) for side in (-1, 1)]
    else:
        scale, offset = rng.uniform(0.2, 1), rng.uniform(0.35, 1)
        rings = [outline * scale + [offset, 0], outline * scale - [offset, 0]]
        more = rings[: rng.integers(1, 3)]
    return draw_strokes(rng, [outline, *more])


def polygon(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw a polygon, of straight or curved sides, that is empty or crossed by a line."""
    strokes = [_polygon(rng)]
    if rng.random() < 0.25:
        strokes.append(np.stack([random_point(rng) for _ in range(2)]))
    return draw_strokes(rng, strokes)


def filled_polygon(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Fill a polygon of straight or curved sides."""
    return draw_strokes(rng, [_polygon(rng)], filled=True)


def _polygon(rng: Generator) -> Array:
    """Make a polygon of three to five straight sides, or of two or three curved ones."""
    is_curved = rng.random() < 0.4
    # With more corners it would look like a ring.
    corners = rng.integers(2, 4) if is_curved else rng.integers(3, 6)
    steps = rng.uniform(0.6, 1.4, corners)
    angles = 2 * math.pi * (rng.random() + steps.cumsum() / steps.sum())
    radius = rng.uniform(0.35, 0.6, corners)
    points = 0.5 + np.stack([radius * np.cos(angles), radius * np.sin(angles)], axis=1)
    curvatures = is_curved * rng.uniform(-0.4, 0.4, corners)
    sides = zip(points, np.roll(points, -1, axis=0), curvatures, strict=True)
    return np.concatenate([_side(start, end, curvature) for start, end, curvature in sides])


def _side(start: Array, end: Array, curvature: float) -> Array:
    """Make a parabola between two points; its height is `curvature` times their distance."""
    t = np.linspace(0, 1, CURVE_SEGMENTS + 1)[:, None]
    right, down = end - start
    return start + t * (end - start) + 4 * t * (1 - t) * curvature * np.array([down, -right])


def box(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw a square with up to three lines, horizontal or vertical, that may extend beyond it."""
    strokes: list[Array] = [np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])]
    for _ in range(rng.integers(4)):
        position = rng.uniform(0.2, 0.8)
        first, last = rng.choice([0, 0.5, -0.3]), rng.choice([1, 0.5, 1.3])
        bar = np.array([[first, position], [last, position]])
        strokes.append(bar if rng.random() < 0.5 else bar[:, ::-1])
    angle = rng.normal(0, 0.15)
    return draw_strokes(rng, [rotate(stroke, angle) for stroke in strokes])
