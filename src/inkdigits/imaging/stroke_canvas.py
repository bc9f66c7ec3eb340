"""Render pen strokes in any unit on a canvas that fits them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.imaging.strokes import draw

# Length of a digit's longer side: seven times that of the network's input, so edges are smooth.
CANVAS_PX = 200
MIN_CANVAS_PX = 60  # of the height, for a dense scribble
MIN_PEN_PX = 1.0
# Rendering visits the pixels of every segment's bounding box. If all boxes together have more
# pixels than this, as in a dense scribble, the canvas is made smaller.
MAX_BOX_PIXELS = 20_000_000
# Width of a pen that is not known, as a share of the canvas's height.
DEFAULT_WIDTH = 0.1


@dataclass(frozen=True)
class Canvas:
    """The size of a canvas: a drawing is as large as fits, or smaller if it is a dense scribble.

    A pen without a width is a tenth as wide as the canvas is high.
    """

    width_px: float
    height_px: float


@dataclass(frozen=True)
class Rendering:
    """Strokes on a canvas.

    ink     uint8 (H, W), 255 is full ink
    scale   pixels for each unit of the strokes
    corner  float (2,), x and y of the ink's upper left corner, in the unit of the strokes
    """

    ink: Pixels
    scale: float
    corner: Array


DIGIT_CANVAS = Canvas(CANVAS_PX, CANVAS_PX)


def render_strokes(
    points: Sequence[Array], widths: Sequence[float | None], canvas: Canvas = DIGIT_CANVAS
) -> Rendering:
    """Render strokes on a canvas that fits them.

    points   of each stroke, float (M, 2) with M at least 1: x and y, y points down
    widths   of each stroke's pen, in the unit of the points; None if it is not known
    raises   ValueError if there are no strokes, or one has no points
    """
    corner = np.min([stroke.min(axis=0) for stroke in points], axis=0)
    extent = np.max([stroke.max(axis=0) for stroke in points], axis=0) - corner
    # The width of the drawing, too, is measured by the height of the canvas.
    aspect = np.array([canvas.height_px / canvas.width_px, 1])
    # A single dot has no extent: then the width does not matter.
    default = DEFAULT_WIDTH * float((aspect * extent).max()) or 1.0
    known_widths = np.array([default if width is None else width for width in widths])
    # A dot is as large as its pen. The lower bound keeps the scale finite.
    height = max(float((aspect * (extent + known_widths.max())).max()), 1e-9)
    fit = canvas.height_px / height
    scale = _height_px([fit * stroke for stroke in points], fit * known_widths, canvas) / height
    pens = np.maximum(scale * known_widths, MIN_PEN_PX)
    margin = math.ceil(pens.max() / 2) + 1
    columns, rows = (np.ceil(scale * extent).astype(int) + 2 * margin).tolist()
    ink = draw(
        [scale * (stroke - corner) + margin for stroke in points], pens.tolist(), (rows, columns)
    )
    return Rendering(ink, scale, corner - margin / scale)


def _height_px(points: list[Array], widths: Array, canvas: Canvas) -> float:
    """Choose the canvas's height so that rendering visits at most MAX_BOX_PIXELS pixels."""
    box_pixels = sum(
        float((np.abs(np.diff(stroke, axis=0)) + width + 1).prod(axis=1).sum())
        for stroke, width in zip(points, widths, strict=True)
    )
    shrink = math.sqrt(MAX_BOX_PIXELS / box_pixels) if box_pixels > MAX_BOX_PIXELS else 1.0
    return max(canvas.height_px * shrink, MIN_CANVAS_PX)
