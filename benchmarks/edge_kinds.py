"""Pictures with something other than the digit at an edge: a table, paper, a thumb, a neighbor."""

from collections.abc import Callable

import numpy as np
from pens import coverage
from picture_parts import (
    Shape,
    camera,
    inked,
    log_uniform,
    photo_shape,
    placed,
    saved,
    sheet,
)
from PIL import Image, ImageDraw
from tracing import Stroke

from inkdigits.arrays import Array, Generator

FINER = 4  # factor at which shapes are drawn, so that their edges are soft
MARGIN = 0.2  # of the shorter side, between the digit and the edges


def _polygon(points: Array, shape: Shape) -> Array:
    """Return how much of each pixel a polygon covers.

    points   (N, 2), rows and columns in px
    returns  float64 (H, W), 0 to 1
    """
    image = Image.new("L", (shape[1] * FINER, shape[0] * FINER))
    ImageDraw.Draw(image).polygon([(x, y) for y, x in (points * FINER).tolist()], 255)
    return np.asarray(image.reduce(FINER), np.float64) / 255


def _at_a_side(outline: Callable[[Shape], Array], shape: Shape, rng: Generator) -> Array:
    """Return how much of each pixel a polygon covers that is at one of the four sides.

    outline  makes the polygon, at the top of a picture of a given shape
    returns  float64 (H, W), 0 to 1
    """
    turns = int(rng.integers(4))
    turned = shape if turns % 2 == 0 else shape[::-1]
    return np.rot90(_polygon(outline(turned), turned), turns)


def _scene(
    strokes: list[Stroke],
    rng: Generator,
    gray: tuple[float, float],
    thing: Callable[[Shape], tuple[Array, float, Array]],
) -> bytes:
    """Photograph a digit on paper, large or as small as 32 px, with a thing at an edge.

    gray   range of the paper's brightness
    thing  gives, for the size of a picture, how much of each pixel is covered, the share of the
           paper's brightness that is taken there, and the color, which is multiplied
    """
    shape = photo_shape(rng)
    if rng.random() < 0.4:
        shape = (round(log_uniform(rng, 32, 100)),) * 2
    shorter = min(shape)
    size_px = max(13, rng.uniform(0.25, 0.58) * shorter)
    pen_px = max(1.4, rng.uniform(0.03, 0.12) * size_px)
    digit = placed(strokes, size_px, shape, MARGIN * shorter, rng)
    image = inked(sheet(shape, rng.uniform(*gray), rng), coverage(digit, pen_px, shape),
                  rng.uniform(0.35, 0.85))  # fmt: skip
    covered, darkness, color = thing(shape)
    image = inked(image, covered, darkness)
    image *= 1 - covered[..., None] * (1 - color)
    return saved(camera(image, rng, blur_px=min(0.5, pen_px / 5)), rng, quality=75)


NEUTRAL = np.ones(3)


def table_corner(strokes: list[Stroke], rng: Generator) -> bytes:
    """Show the dark table at one corner of the picture, where the paper ends."""

    def thing(shape: Shape) -> tuple[Array, float, Array]:
        height, width = shape
        down, right = rng.uniform(0.07, 0.26, 2) * min(shape)
        corner = np.array([[0, 0], [down, 0], [0, right]])
        if rng.random() < 0.5:
            corner[:, 0] = height - corner[:, 0]
        if rng.random() < 0.5:
            corner[:, 1] = width - corner[:, 1]
        return _polygon(corner, shape), rng.uniform(0.3, 0.9), rng.uniform(0.7, 1, 3)

    return _scene(strokes, rng, (140, 245), thing)


def papers_edge(strokes: list[Stroke], rng: Generator) -> bytes:
    """Show a brighter or darker strip along a side or a part of it, where the paper ends."""

    def strip(shape: Shape) -> Array:
        depth = rng.uniform(0.04, 0.13) * min(shape)
        length = shape[1] * (1.0 if rng.random() < 0.4 else rng.uniform(0.3, 0.95))
        slant = rng.uniform(0.6, 1) if rng.random() < 0.5 else 1
        return np.array([[0, 0], [depth, 0], [slant * depth, length], [0, length]])

    def thing(shape: Shape) -> tuple[Array, float, Array]:
        covered = _at_a_side(strip, shape, rng)
        brighter = rng.random() < 0.6
        return covered, rng.uniform(-0.9, -0.25) if brighter else rng.uniform(0.25, 0.8), NEUTRAL

    return _scene(strokes, rng, (100, 200), thing)


def thumb(strokes: list[Stroke], rng: Generator) -> bytes:
    """Hold the paper with a thumb, whose tip is in the picture."""

    def tip(shape: Shape) -> Array:
        reach, half = rng.uniform(0.06, 0.16) * min(shape), rng.uniform(0.06, 0.15) * min(shape)
        angles = np.linspace(0, 2 * np.pi, 60)
        center = rng.uniform(half, shape[1] - half)
        return np.stack([reach * np.cos(angles), center + half * np.sin(angles)], axis=1)

    def thing(shape: Shape) -> tuple[Array, float, Array]:
        covered = _at_a_side(tip, shape, rng)
        skin = np.array([1, rng.uniform(0.7, 0.85), rng.uniform(0.55, 0.75)])
        return covered, rng.uniform(0.2, 0.75), skin

    return _scene(strokes, rng, (150, 245), thing)


def neighbors_stroke(strokes: list[Stroke], rng: Generator) -> bytes:
    """Cut a neighboring digit at the left or right edge, so that a stroke of it is in the picture.

    The neighbor is the same digit. Less than half of it is left, and less than a third of its size.
    """

    def thing(shape: Shape) -> tuple[Array, float, Array]:
        height, width = shape
        size_px = rng.uniform(0.3, 0.55) * min(shape)
        points = [stroke * size_px for stroke in strokes]
        extent = np.concatenate(points).max(axis=0)
        visible = rng.uniform(0.1, 0.3) * size_px
        visible = min(visible, 0.45 * float(extent[1]), 0.14 * width)
        left = visible - extent[1] if rng.random() < 0.5 else width - visible
        top = rng.uniform(0, height - extent[0])
        pen_px = max(1.4, rng.uniform(0.04, 0.12) * size_px)
        covered = coverage([stroke + np.array([top, left]) for stroke in points], pen_px, shape)
        return covered, rng.uniform(0.4, 0.85), NEUTRAL

    return _scene(strokes, rng, (150, 245), thing)


def bar_at_an_edge(strokes: list[Stroke], rng: Generator) -> bytes:
    """Cut a bar at an edge, across it or along it."""

    def bar(shape: Shape) -> Array:
        long, short = rng.uniform(0.08, 0.35) * min(shape), rng.uniform(0.015, 0.05) * min(shape)
        deep, wide = (short, long) if rng.random() < 0.5 else (min(long, 0.14 * min(shape)), short)
        left = rng.uniform(0, shape[1] - wide)
        return np.array([[-1, left], [deep, left], [deep, left + wide], [-1, left + wide]])

    def thing(shape: Shape) -> tuple[Array, float, Array]:
        return _at_a_side(bar, shape, rng), rng.uniform(0.4, 0.9), NEUTRAL

    return _scene(strokes, rng, (150, 245), thing)
