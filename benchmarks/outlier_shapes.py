"""Non-digits that are shapes: outlined, filled or in drops, and doodles."""

import math

import numpy as np
from outlier_sources import Sources
from outlier_strokes import CANVAS
from outlier_text import rotation
from PIL import Image, ImageDraw

from inkdigits.arrays import Generator

Point = tuple[float, float]


def regular(corners: int, inner: float = 0.0) -> list[Point]:
    """Return a regular polygon, or a star if there is an inner radius."""
    count = 2 * corners if inner else corners
    radii = [inner if inner and number % 2 else 1.0 for number in range(count)]
    angles = [2 * math.pi * number / count - math.pi / 2 for number in range(count)]
    pairs = zip(radii, angles, strict=True)
    return [(radius * math.cos(angle), radius * math.sin(angle)) for radius, angle in pairs]


def _heart() -> list[Point]:
    angles = np.linspace(0, 2 * math.pi, 40)
    x = np.sin(angles) ** 3
    y = 13 * np.cos(angles) - 5 * np.cos(2 * angles) - 2 * np.cos(3 * angles) - np.cos(4 * angles)
    return list(zip(x.tolist(), (-y / 16).tolist(), strict=True))


def _crescent() -> list[Point]:
    outer = np.linspace(0.9, 2 * math.pi - 0.9, 30)
    inner = outer[::-1]
    x = np.concatenate([np.cos(outer), 0.45 + 0.6 * np.cos(inner)])
    y = np.concatenate([np.sin(outer), 0.85 * np.sin(inner)])
    return list(zip(x.tolist(), y.tolist(), strict=True))


# A circle is excluded because it looks like a 0, and anything narrow because it looks like a 1.
OUTLINES: dict[str, list[Point]] = {
    "square": [(-1, -1), (1, -1), (1, 1), (-1, 1)],
    "triangle": regular(3),
    "diamond": [(0, -1), (0.8, 0), (0, 1), (-0.8, 0)],
    "pentagon": regular(5),
    "star": regular(5, 0.4),
    "six-pointed star": regular(6, 0.55),
    "heart": _heart(),
    "crescent": _crescent(),
    "arrow": [
        (-1, -0.25), (0.2, -0.25), (0.2, -0.7), (1, 0), (0.2, 0.7), (0.2, 0.25), (-1, 0.25),
    ],
    "cross": [
        (-0.3, -1), (0.3, -1), (0.3, -0.3), (1, -0.3), (1, 0.3), (0.3, 0.3),
        (0.3, 1), (-0.3, 1), (-0.3, 0.3), (-1, 0.3), (-1, -0.3), (-0.3, -0.3),
    ],
    "house": [(-0.8, 1), (-0.8, -0.1), (0, -1), (0.8, -0.1), (0.8, 1)],
    "trapezoid": [(-0.5, -0.7), (0.5, -0.7), (1, 0.7), (-1, 0.7)],
}  # fmt: skip


def outlined_shape(rng: Generator, sources: Sources) -> Image.Image:
    """Draw the outline of a figure."""
    image, points = _shape(rng)
    closed = [value for point in [*points, *points[:2]] for value in point]
    width = int(rng.integers(3, 13))
    ImageDraw.Draw(image).line(closed, fill=0, width=width, joint="curve")
    return image


def filled_shape(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a filled figure."""
    image, points = _shape(rng)
    ImageDraw.Draw(image).polygon(points, fill=0)
    return image


def _shape(rng: Generator) -> tuple[Image.Image, list[Point]]:
    """Choose an outline, slightly rotated and distorted, and a blank canvas for it."""
    name = str(rng.choice(list(OUTLINES)))
    # An arrow never points up or down, where it could look like a 1.
    limit = 0.5 if name in ("arrow", "square", "diamond", "house") else math.pi
    linear = rotation(rng.uniform(-limit, limit))
    linear = linear @ np.diag(rng.uniform(0.8, 1.2, 2)) * rng.uniform(25, 50)
    points = np.array(OUTLINES[name]) @ linear.T + CANVAS / 2 + rng.uniform(-10, 10, 2)
    return Image.new("L", (CANVAS, CANVAS), 255), [(x, y) for x, y in points.tolist()]


def doodle(rng: Generator, sources: Sources) -> Image.Image:
    """Draw a face, a person, a tree, a flower, a fish, the sun, a cup or a window in strokes."""
    strokes = DOODLES[str(rng.choice(list(DOODLES)))]
    image = Image.new("L", (CANVAS, CANVAS), 255)
    pen, width = ImageDraw.Draw(image), int(rng.integers(3, 9))
    skew = np.eye(2) + rng.normal(0, 0.08, (2, 2))
    for stroke in strokes:
        points = np.array(stroke) + rng.normal(0, 0.03, 2)
        points = (points @ skew) * rng.uniform(40, 44) + CANVAS / 2
        pen.line(points.ravel().tolist(), fill=0, width=width, joint="curve")
    return image


def round_line(x: float, y: float, across: float, down: float, *turns: float) -> list[Point]:
    """Return an ellipse around x, y, or its arc between two angles, in turns from 0 to 1."""
    first, last = turns or (0.0, 1.0)
    angles = np.linspace(2 * math.pi * first, 2 * math.pi * last, 24)
    return [(x + across * math.cos(angle), y + down * math.sin(angle)) for angle in angles]


def _rays(inner: float, outer: float, count: int) -> list[list[Point]]:
    unit = regular(count)
    return [[(inner * x, inner * y), (outer * x, outer * y)] for x, y in unit]


DOODLES: dict[str, list[list[Point]]] = {
    "face": [
        round_line(0, 0, 1, 1), round_line(-0.4, -0.3, 0.1, 0.1), round_line(0.4, -0.3, 0.1, 0.1),
        round_line(0, 0.1, 0.5, 0.5, 0.05, 0.45),
    ],
    "person": [
        round_line(0, -0.75, 0.25, 0.25), [(0, -0.5), (0, 0.3)], [(-0.6, -0.2), (0.6, -0.2)],
        [(-0.5, 1), (0, 0.3), (0.5, 1)],
    ],
    "tree": [round_line(0, -0.4, 0.7, 0.6), [(-0.12, 0.2), (-0.15, 1)], [(0.12, 0.2), (0.15, 1)]],
    "flower": [
        round_line(0, -0.5, 0.18, 0.18), *(round_line(0.35 * x, -0.5 + 0.35 * y, 0.2, 0.2)
        for x, y in regular(6)), [(0, -0.1), (0, 1)],
    ],
    "fish": [
        round_line(-0.2, 0, 0.7, 0.4), [(0.5, 0), (1, -0.4), (1, 0.4), (0.5, 0)],
        round_line(-0.6, -0.1, 0.05, 0.05),
    ],
    "sun": [round_line(0, 0, 0.5, 0.5), *_rays(0.65, 1, 8)],
    "cup": [
        [(-0.7, -0.6), (-0.6, 0.7), (0.4, 0.7), (0.5, -0.6), (-0.7, -0.6)],
        round_line(0.5, 0, 0.4, 0.35, -0.25, 0.25),
    ],
    "window": [
        [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8), (-0.8, -0.8)],
        [(0, -0.8), (0, 0.8)], [(-0.8, 0), (0.8, 0)],
    ],
}  # fmt: skip


def blot(rng: Generator, sources: Sources) -> Image.Image:
    """Draw overlapping drops of ink."""
    image = Image.new("L", (CANVAS, CANVAS), 255)
    pen = ImageDraw.Draw(image)
    spread = rng.uniform(5, 25, 2)
    for _ in range(rng.integers(1, 13)):
        x, y = np.clip(rng.normal(CANVAS / 2, spread), 30, CANVAS - 30)
        across, down = rng.uniform(6, 28, 2)
        pen.ellipse((x - across, y - down, x + across, y + down), fill=0)
    return image
