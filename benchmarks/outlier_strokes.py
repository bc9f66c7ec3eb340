"""Non-digits that are lines: scribbles, curves, hatching and dashes."""

import math

import numpy as np
from outlier_sources import Sources
from outlier_text import rotation
from PIL import Image, ImageDraw

from inkdigits.arrays import Array, Generator

CANVAS = 160  # px, side of most images


def scribble(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a line that wanders back and forth, at least six times as long as the field is wide."""
    heading = rng.normal(0, rng.uniform(0.2, 0.5), rng.integers(150, 300)).cumsum()
    walk = np.stack([np.cos(heading), np.sin(heading)]).cumsum(axis=1)
    return _pen(rng, _reflected(walk))


def _reflected(walk: Array) -> Array:
    """Reflect a walk at the borders of a field.

    walk     float (2, M), steps of length 1
    returns  float (2, M), in a field of 24 by 24
    """
    return np.abs((walk + 12) % 48 - 24)


def lissajous_curve(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a Lissajous curve with two different frequencies."""
    t = np.linspace(0, 2 * math.pi * rng.uniform(0.8, 1.6), 300)
    across, down = rng.choice([3, 4, 5, 7, 8], 2, replace=False)
    drift = rng.uniform(0.0, 0.5) * t
    line = np.stack([np.cos(across * t + rng.uniform(0, 6)) + drift, np.sin(down * t)])
    return _pen(rng, line)


def hatching(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a zigzag that fills an area, as when crossing something out."""
    count = int(rng.integers(7, 20))
    x = np.arange(count) * rng.uniform(0.1, 0.5) + rng.normal(0, 0.1, count)
    y = np.where(np.arange(count) % 2, 1, -1) * rng.uniform(0.7, 1.3, count)
    return _pen(rng, rotation(rng.uniform(0, math.pi)) @ np.stack([x, y]))


def dash(rng: Generator, sources: Sources) -> Image.Image:
    """Draw one to three strokes within 30 degrees of horizontal, or a row of dots."""
    image = Image.new("L", (CANVAS, CANVAS), 255)
    pen = ImageDraw.Draw(image)
    width = int(rng.integers(3, 16))
    middle, length = rng.uniform(60, 100, 2), rng.uniform(40, 110)
    angle = math.radians(rng.uniform(-30, 30))
    along = np.array([math.cos(angle), math.sin(angle)]) * length / 2
    form = rng.choice(["stroke", "strokes", "dots"], p=[0.6, 0.2, 0.2])
    if form == "dots":
        for place in np.linspace(-1, 1, int(rng.integers(2, 5))):
            _dot(pen, middle + place * along, width / 2 + 2)
    else:
        for number in range(1 if form == "stroke" else int(rng.integers(2, 4))):
            first, last = (middle + sign * along + [0, number * 2.5 * width] for sign in (-1, 1))
            pen.line([*first, *last], fill=0, width=width)
            _dot(pen, first, width / 2)
            _dot(pen, last, width / 2)
    return image


def _dot(pen: ImageDraw.ImageDraw, middle: Array, radius: float) -> None:
    x, y = middle
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=0)


def _pen(rng: Generator, line: Array) -> Image.Image:
    """Draw one line over most of the canvas.

    line  float (2, M), x and y of any size
    """
    first = line.min(axis=1, keepdims=True)
    size = rng.uniform(70, 120)
    points = 20 + (line - first) * size / (line.max(axis=1, keepdims=True) - first).max()
    image = Image.new("L", (CANVAS, CANVAS), 255)
    width = int(rng.integers(2, 9))
    ImageDraw.Draw(image).line(points.T.ravel().tolist(), fill=0, width=width, joint="curve")
    return image
