"""Pen strokes -> picture: draws what a round pen leaves on a sheet.

Of each stroke the distance from every pixel near it is found, segment by segment; where that is
less than half the pen's width there is ink. Round ends and joins follow by themselves.
"""

import math
from collections.abc import Sequence

import numpy as np

from inkdigits.arrays import Array, Pixels

# px: a pen finer than this is drawn this wide, and paler. Without soft edges nothing is paler, and
# a finer dot between four pixels would be missed.
FINEST, FINEST_ALIASED = 1.0, math.sqrt(2)
PALEST = 0.4  # of full ink: what the finest hair leaves where it covers most of a pixel
# px: points farther from the corner are drawn so far from it, and fatter pens so fat, for beyond
# it numbers would overflow.
FARTHEST = 1e6


def draw(
    strokes: Sequence[Array],
    pen_px: float | Sequence[float],
    shape: tuple[int, int],
    antialiased: bool = True,
) -> Pixels:
    """Draw strokes with a round pen on a blank sheet.

    strokes      each float (M, 2): x and y in px, y downwards, from the sheet's top left corner;
                 the first pixel's center is at (0.5, 0.5). One point is a dot, none is nothing
    pen_px       the pen's width in px, of all strokes or of each
    shape        (H, W) of the sheet; what lies beside it is cut off
    antialiased  soft edges, or each pixel either full ink or none
    returns      uint8 (H, W), how much of each pixel is ink, 255 all of it
    raises       ValueError if a stroke is not (M, 2), a coordinate or a pen's width is no finite
                 number, a pen has no width, or there are not as many pens as strokes
    """
    pens = [float(pen) for pen in np.atleast_1d(pen_px)]
    if np.ndim(pen_px) == 0:
        pens *= len(strokes)
    if len(pens) != len(strokes):
        raise ValueError(f"there are {len(strokes)} strokes but {len(pens)} pens")
    sheet = np.zeros(shape, np.float32)
    for stroke, pen in zip(strokes, pens, strict=True):
        _draw_stroke(sheet, _points(stroke), _width(pen), antialiased)
    return np.rint(255 * sheet).astype(np.uint8)


def _points(stroke: Array) -> Array:
    points = np.asarray(stroke, np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ValueError(f"a stroke is (M, 2), x and y of each point, not {points.shape}")
    if not np.isfinite(points).all():
        raise ValueError("a stroke has a point that is not finite")
    return np.clip(points, -FARTHEST, FARTHEST)


def _width(pen_px: float) -> float:
    if not 0 < pen_px < math.inf:
        raise ValueError(f"a pen's width is a finite number of px over 0, not {pen_px}")
    return min(pen_px, FARTHEST)


def _draw_stroke(sheet: Array, points: Array, pen_px: float, antialiased: bool) -> None:
    """Lay one stroke on the sheet, in place; ink over ink is no darker."""
    width = max(pen_px, FINEST if antialiased else FINEST_ALIASED)
    reach = width / 2 + 0.5
    starts, ends = (points[:-1], points[1:]) if len(points) > 1 else (points, points)
    # (segments, 2), x and y: the pixels from first to before last are those that a segment reaches.
    first = np.floor(np.maximum(np.minimum(starts, ends) - reach, 0)).astype(int)
    last = np.ceil(np.minimum(np.maximum(starts, ends) + reach, sheet.shape[::-1])).astype(int)
    on_sheet = (first < last).all(axis=1)
    if not on_sheet.any():
        return
    first, last = first[on_sheet], last[on_sheet]
    left, top = first.min(axis=0)
    right, bottom = last.max(axis=0)

    x, y = np.arange(left, right) + 0.5, np.arange(top, bottom)[:, None] + 0.5
    nearest = np.full((bottom - top, right - left), np.inf)  # distance squared
    boxes = np.concatenate([first - (left, top), last - (left, top)], axis=1)
    segments = zip(starts[on_sheet].tolist(), ends[on_sheet].tolist(), boxes.tolist(), strict=True)
    for start, end, (x0, y0, x1, y1) in segments:
        box = nearest[y0:y1, x0:x1]
        np.minimum(box, _squared_distance(x[x0:x1], y[y0:y1], start, end), out=box)

    if antialiased:
        ink: Array = np.clip(reach - np.sqrt(nearest), 0, 1) * min(1, max(pen_px, PALEST))
    else:
        ink = (nearest <= (width / 2) ** 2).astype(np.float64)
    drawn = sheet[top:bottom, left:right]
    np.maximum(drawn, ink, out=drawn, casting="same_kind")


def _squared_distance(x: Array, y: Array, start: list[float], end: list[float]) -> Array:
    """The squared distance of points from a segment.

    x, y     float64 (W,) and (H, 1)
    returns  float64 (H, W)
    """
    (start_x, start_y), (end_x, end_y) = start, end
    length = math.hypot(end_x - start_x, end_y - start_y)
    # Of a dot any direction will do.
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
