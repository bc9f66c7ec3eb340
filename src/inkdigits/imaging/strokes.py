"""Rasterize pen strokes, drawn with a round pen.

A pixel is ink if its distance from the nearest segment of a stroke is less than half the pen's
width, which makes ends and joins round.
"""

import math
from collections.abc import Sequence

import numpy as np

from inkdigits.arrays import Array, Pixels

MIN_WIDTH_PX = 1.0  # a finer pen is drawn this wide, but paler
MIN_ALIASED_WIDTH_PX = math.sqrt(2)  # nothing is paler here; a finer dot could miss all pixels
MIN_INK = 0.4  # of full ink; what the finest pen leaves on a pixel that it covers
MAX_PX = 1e6  # larger coordinates and widths are clipped to it, or their squares would overflow


def draw(
    strokes: Sequence[Array],
    pen_px: float | Sequence[float],
    shape: tuple[int, int],
    antialiased: bool = True,
) -> Pixels:
    """Draw strokes with a round pen on a blank canvas.

    strokes      each float (M, 2), x and y in pixels from the top left corner, y downwards; the
                 first pixel's center is at (0.5, 0.5). A single point is a dot; an empty stroke
                 draws nothing
    pen_px       width of the pen in pixels: one for all strokes, or one for each
    shape        (H, W) of the canvas, which clips the strokes
    antialiased  soft edges; otherwise each pixel is either full ink or none
    returns      uint8 (H, W), 255 is full ink
    raises       ValueError if a stroke is not (M, 2), a coordinate is not finite, a pen's width is
                 not positive and finite, or the numbers of pens and strokes differ
    """
    pens = [float(pen) for pen in np.atleast_1d(pen_px)]
    if np.ndim(pen_px) == 0:
        pens *= len(strokes)
    if len(pens) != len(strokes):
        raise ValueError(f"there are {len(strokes)} strokes but {len(pens)} pens")
    canvas = np.zeros(shape, np.float32)
    for stroke, pen in zip(strokes, pens, strict=True):
        _draw_stroke(canvas, _points(stroke), _width(pen), antialiased)
    return np.rint(255 * canvas).astype(np.uint8)


def _points(stroke: Array) -> Array:
    points = np.asarray(stroke, np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(
            f"expected a stroke of shape (M, 2), x and y of each point, not {points.shape}"
        )
    if not np.isfinite(points).all():
        raise ValueError("a stroke has a coordinate that is not finite")
    return np.clip(points, -MAX_PX, MAX_PX)


def _width(pen_px: float) -> float:
    if not 0 < pen_px < math.inf:
        raise ValueError(f"expected a positive, finite pen width in pixels, not {pen_px}")
    return min(pen_px, MAX_PX)


def _draw_stroke(canvas: Array, points: Array, pen_px: float, antialiased: bool) -> None:
    """Draw one stroke on the canvas, in place; where strokes overlap, the darker one counts."""
    width = max(pen_px, MIN_WIDTH_PX if antialiased else MIN_ALIASED_WIDTH_PX)
    reach = width / 2 + 0.5
    starts, ends = (points[:-1], points[1:]) if len(points) > 1 else (points, points)
    # The pixels that each segment reaches: x and y from `first` to before `last`, (segments, 2).
    first = np.floor(np.maximum(np.minimum(starts, ends) - reach, 0)).astype(int)
    last = np.ceil(np.minimum(np.maximum(starts, ends) + reach, canvas.shape[::-1])).astype(int)
    is_visible = (first < last).all(axis=1)
    if not is_visible.any():
        return
    first, last = first[is_visible], last[is_visible]
    left, top = first.min(axis=0)
    right, bottom = last.max(axis=0)

    x, y = np.arange(left, right) + 0.5, np.arange(top, bottom)[:, None] + 0.5
    nearest = np.full((bottom - top, right - left), np.inf)  # squared distances
    boxes = np.concatenate([first - (left, top), last - (left, top)], axis=1)
    segments = zip(
        starts[is_visible].tolist(), ends[is_visible].tolist(), boxes.tolist(), strict=True
    )
    for start, end, (x0, y0, x1, y1) in segments:
        box = nearest[y0:y1, x0:x1]
        np.minimum(box, _squared_distance(x[x0:x1], y[y0:y1], start, end), out=box)

    if antialiased:
        ink: Array = np.clip(reach - np.sqrt(nearest), 0, 1) * min(1, max(pen_px, MIN_INK))
    else:
        ink = (nearest <= (width / 2) ** 2).astype(np.float64)
    drawn = canvas[top:bottom, left:right]
    np.maximum(drawn, ink, out=drawn, casting="same_kind")


def _squared_distance(x: Array, y: Array, start: list[float], end: list[float]) -> Array:
    """Return the squared distance of points from a segment.

    x, y     float64 (W,) and (H, 1)
    returns  float64 (H, W)
    """
    (start_x, start_y), (end_x, end_y) = start, end
    length = math.hypot(end_x - start_x, end_y - start_y)
    # A dot may have any direction.
    cos, sin = ((end_x - start_x) / length, (end_y - start_y) / length) if length else (1.0, 0.0)
    x, y = x - (start_x + end_x) / 2, y - (start_y + end_y) / 2
    beyond: Array = np.abs(cos * x + sin * y)  # along the segment, from its middle
    beyond -= length / 2
    np.maximum(beyond, 0, out=beyond)
    beside: Array = cos * y - sin * x
    beyond *= beyond
    beside *= beside
    beyond += beside
    return beyond
