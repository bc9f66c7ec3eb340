"""Outliers of free strokes: glyphs of no alphabet, scribbles, coils, dashes and crossings."""

import math

import numpy as np

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.data.outliers.canvas import (
    CURVE_SEGMENTS,
    DigitsByLabel,
    draw_strokes,
    random_point,
    rotate,
)


def glyph(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw a letter of no alphabet: one to four strokes, most of them joined."""
    strokes: list[Array] = []
    # A single stroke often resembles a digit.
    for _ in range(rng.choice([1, 2, 3, 4], p=[0.05, 0.3, 0.4, 0.25])):
        start = random_point(rng)
        if strokes and rng.random() < 0.7:
            other = strokes[rng.integers(len(strokes))]
            start = other[rng.integers(len(other))]
        make_stroke = STROKES[rng.integers(len(STROKES))]
        strokes.append(make_stroke(rng, start))
    return draw_strokes(rng, strokes)


def _line(rng: Generator, start: Array) -> Array:
    return np.stack([start, random_point(rng)])


def _curve(rng: Generator, start: Array) -> Array:
    """Make a quadratic Bezier curve."""
    t = np.linspace(0, 1, CURVE_SEGMENTS + 2)[:, None]
    control, end = random_point(rng) * 1.6 - 0.3, random_point(rng)
    return (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end


def _arc(rng: Generator, start: Array) -> Array:
    """Make a part of an ellipse, up to slightly more than all of it."""
    sweep = rng.uniform(0.4, 2.1) * math.pi * rng.choice([-1, 1])
    angle = rng.uniform(0, 2 * math.pi) + np.linspace(0, sweep, 2 * CURVE_SEGMENTS)
    width, height = rng.uniform(0.1, 0.4, 2)
    ellipse = np.stack([width * np.cos(angle), height * np.sin(angle)], axis=1)
    return start + ellipse - ellipse[0]


def _stem_with_hook(rng: Generator, start: Array) -> Array:
    """Make a straight stroke that ends in an arc, as in j, f, r or h."""
    end = random_point(rng)
    return np.concatenate([start[None], _arc(rng, end)])


def _zigzag(rng: Generator, start: Array) -> Array:
    """Make connected straight segments, as in N, V, W or M."""
    return np.stack([start, *(random_point(rng) for _ in range(rng.integers(2, 5)))])


def _wave(rng: Generator, start: Array) -> Array:
    """Make a smooth curve through a few points."""
    return _spline(np.stack([start, *(random_point(rng) for _ in range(rng.integers(2, 6)))]))


def _dot(rng: Generator, start: Array) -> Array:
    return random_point(rng)[None]


# A stroke that is listed twice is twice as frequent.
STROKES = (_line, _line, _curve, _curve, _arc, _arc, _stem_with_hook, _zigzag, _wave, _dot)


def _spline(points: Array) -> Array:
    """Interpolate points with a Catmull-Rom spline.

    points   float (M, 2), at least two
    """
    before = np.concatenate([points[:1], points[:-2]])
    start, end = points[:-1], points[1:]
    after = np.concatenate([points[2:], points[-1:]])
    t = (np.arange(CURVE_SEGMENTS) / CURVE_SEGMENTS)[:, None, None]
    curve = (
        2 * start
        + (end - before) * t
        + (2 * before - 5 * start + 4 * end - after) * t**2
        + (3 * start - before - 3 * end + after) * t**3
    ) / 2
    return np.concatenate([curve.transpose(1, 0, 2).reshape(-1, 2), points[-1:]])


def scribble(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw a line that goes back and forth, smoothly or with corners."""
    points = rng.normal(0.5, rng.uniform(0.15, 0.4, 2), (rng.integers(6, 20), 2))
    return draw_strokes(rng, [_spline(points) if rng.random() < 0.6 else points])


def coil(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw loops or waves along a line, or a spiral."""
    turns = rng.uniform(2.5, 5)
    t = np.linspace(0, 1, round(12 * turns))
    angle = 2 * math.pi * turns * t + rng.uniform(0, 2 * math.pi)
    is_spiral = rng.random() < 0.3
    if is_spiral:
        length, radius = rng.uniform(0, 0.2), 0.5 * t
    else:
        length, radius = rng.uniform(0.5, 1.5), np.full_like(t, rng.uniform(0.2, 0.5))
    flatness = rng.uniform(0, 1)
    x, y = length * t + flatness * radius * np.cos(angle), radius * np.sin(angle)
    return draw_strokes(rng, [rotate(np.stack([x, y], axis=1), rng.uniform(0, 2 * math.pi))])


def dashes(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw one to four parallel strokes; a single one is closer to horizontal than any 1."""
    count = rng.choice([1, 2, 3, 4], p=[0.5, 0.2, 0.2, 0.1])
    max_angle = math.radians(40 if count == 1 else 90)
    dash = np.stack([np.linspace(0, 1, 5), rng.normal(0, 0.15) * np.array([0, 0.7, 1, 0.7, 0])], 1)
    strokes = [dash * rng.uniform(0.6, 1) + [0, 0.35 * number] for number in range(count)]
    angle = rng.uniform(-max_angle, max_angle)
    return draw_strokes(rng, [rotate(stroke, angle) for stroke in strokes], vary_slant=False)


def crossing(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw two to four straight strokes through nearly the same point."""
    count = rng.integers(2, 5)
    angles = rng.uniform(0, math.pi) + math.pi * (np.arange(count) + rng.normal(0, 0.1)) / count
    strokes = []
    for angle in angles:
        ends = np.array([[-rng.uniform(0.3, 0.6), 0], [rng.uniform(0.3, 0.6), 0]])
        strokes.append(rotate(ends, angle) + rng.normal(0, 0.06, 2))
    return draw_strokes(rng, strokes)
