"""The ink of each box of a field, also where it crosses a line, and whether it is struck out."""

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels
from inkdigits.forms.ink import cut, stroke_strength, to_levels
from inkdigits.forms.layout import Cell, Rectangle
from inkdigits.forms.straighten import PX_PER_MM

_AROUND = 0.35  # of a box's width and height; ink that leaves the box by more is cut off
_MIN_AREA_PX = PX_PER_MM**2 // 4  # of ink in a box; less is a speck
_NEAR_LINE_MM = 0.6
_DARK = 0.25  # darkness of ink near a line that is no rest of it
_TRACE_MM = 0.25, 1.25  # blurred by these, a trace of ink is darker by ...
_TRACE = 0.045
_MIN_TRACE_PX = PX_PER_MM**2
_SPECK_MM2 = 0.04  # a smaller component is none
_OWN_SHARE = 0.7  # of a component that is in one box; it is that box's as a whole
_STRIKE = 1.8  # box widths; a straight stroke through more boxes strikes them out
_STRIKE_DEGREES = range(-35, 36, 5)
_STRIKE_STEP = 2  # pixels; strokes are searched for in every second one
_SCRIBBLE = 0.5  # of a box; digits cover less, even with a felt pen
_INK = 96  # of 255; more is a part of a stroke


@dataclass(frozen=True)
class FieldInk:
    """The ink of one field.

    boxes          for each box uint8 (H, W), 0 is paper; all 0 if it is empty
    is_struck_out  whether the field, or one of its boxes, seems to be crossed out
    is_clear       whether what was left out is little: specks, and tails of other fields' digits
    """

    boxes: tuple[Pixels, ...]
    is_struck_out: bool
    is_clear: bool

    @property
    def is_empty(self) -> bool:
        """Whether there is no ink in any box."""
        return not any(box.any() for box in self.boxes)


def cut_boxes(ink: Array, cell: Cell) -> FieldInk:
    """Cut out the ink of each box of a field.

    Connected ink belongs to the box that most of it is in. If it is in two boxes, such as touching
    digits, it is cut at the line between them.

    ink   float32 (H, W), of the page, as `ink.extract_ink` returns it
    cell  where its boxes are on this page
    """
    place, box = cell.place, cell.boxes[0]
    around_x, around_y = _AROUND * min(box.width, box.height), _AROUND * box.height
    wide = Rectangle(
        max(0.0, place.left - around_x),
        max(0.0, place.top - around_y),
        place.width + 2 * around_x,
        place.height + 2 * around_y,
    )
    part = cut(ink, wide)
    levels = to_levels(part, stroke_strength(cut(ink, place)))
    # Edges of the boxes in the part: x of all lines, y of the first and the last.
    xs = [*(b.left for b in cell.boxes), cell.boxes[-1].right]
    columns = np.rint([(x - wide.left) * PX_PER_MM for x in xs]).astype(int)
    top, bottom = (round((y - wide.top) * PX_PER_MM) for y in (place.top, place.bottom))
    owners, dropped = _assign(levels, columns, top, bottom)
    away = _away_from_lines(levels.shape, columns, top, bottom)
    # The edge of a shadow is broader than a stroke.
    narrow, broad = (cv2.GaussianBlur(part, (0, 0), mm * PX_PER_MM) for mm in _TRACE_MM)
    around_px = round(around_x * PX_PER_MM)
    boxes: list[Pixels] = []
    doubts = [dropped / _MIN_AREA_PX]
    for first, last in pairwise(columns.tolist()):
        own = owners == len(boxes)
        around = slice(max(0, first - around_px), last + around_px)
        strokes = own & (levels > _INK)
        if np.count_nonzero(strokes & away) >= _MIN_AREA_PX:
            boxes.append(np.where(own, levels, 0).astype(np.uint8)[:, around])
            continue
        boxes.append(np.zeros_like(levels[:, around]))
        # Strong ink along a line, or a trace of ink in the box: perhaps a digit all the same.
        doubts.append(np.count_nonzero(strokes & (part > _DARK)) / _MIN_TRACE_PX)
        trace = (narrow - broad > _TRACE) & away
        doubts.append(np.count_nonzero(trace[top:bottom, first:last]) / _MIN_TRACE_PX)
    inside = levels[top:bottom, columns[0] : columns[-1]] > _INK
    # A number that is written freely is in a single wide box.
    width = min((columns[-1] - columns[0]) / len(cell.boxes), bottom - top)
    struck = _has_strike(inside, width) or any(
        (levels[top:bottom, left:right] > _INK).mean() > _SCRIBBLE
        for left, right in pairwise(columns.tolist())
    )
    return FieldInk(tuple(boxes), struck, max(doubts) < 1)


def _assign(
    levels: Pixels, columns: NDArray[np.intp], top: int, bottom: int
) -> tuple[NDArray[np.intp], int]:
    """Decide for each pixel with ink whose box it belongs to.

    returns  intp (H, W), the number of the box or -1, and how many pixels inside of the boxes are
             in no box
    """
    count, labels, stats, _ = cv2.connectedComponentsWithStats(
        (levels > 0).astype(np.uint8), connectivity=8
    )
    # The box of each column; what is left or right of the field counts for none.
    number_of = np.searchsorted(columns, np.arange(levels.shape[1]), side="right") - 1
    number_of[number_of == len(columns) - 1] = -1
    size = len(columns)  # boxes, and one more for what is in none
    home = np.broadcast_to(number_of, levels.shape).copy()
    home[:top] = home[bottom:] = -1
    # How much ink of each component is in each box.
    weights = np.bincount(
        (labels * size + home % size).ravel(), levels.ravel(), count * size
    ).reshape(count, size)
    total = np.maximum(weights.sum(axis=1), 1)
    inside = weights[:, :-1]
    best = inside.argmax(axis=1)
    owner = np.where(inside[np.arange(count), best] >= _OWN_SHARE * total, best, -2)
    # Most of it is outside of the field: a tail of a digit above, below or beside it.
    owner[weights[:, -1] > 0.5 * total] = -1
    owner[stats[:, cv2.CC_STAT_AREA] < _SPECK_MM2 * PX_PER_MM**2] = -1
    owner[0] = -1  # the paper
    owners = owner[labels]
    # Touching digits: each column's ink is the box's, and what leaves the field its neighbor's.
    nearest = np.searchsorted(columns, np.arange(levels.shape[1]), side="right") - 1
    nearest = np.clip(nearest, 0, size - 2)
    shared = owners == -2
    owners[shared] = np.broadcast_to(nearest, levels.shape)[shared]
    dropped = int(np.count_nonzero((owners == -1) & (levels > _INK) & (home >= 0)))
    return owners, dropped


def _away_from_lines(
    shape: tuple[int, ...], columns: NDArray[np.intp], top: int, bottom: int
) -> NDArray[np.bool_]:
    """Return where no line is near, of which a rest may be left; bool (H, W)."""
    near = round(_NEAR_LINE_MM * PX_PER_MM)
    away = np.ones(shape, bool)
    for column in columns.tolist():
        away[:, max(0, column - near) : column + near + 1] = False
    for row in (top, bottom):
        away[max(0, row - near) : row + near + 1] = False
    return away


def _has_strike(inside: NDArray[np.bool_], box_width: float) -> bool:
    """Return whether a straight stroke goes through several boxes.

    inside     bool (H, W), ink in the boxes of a field
    box_width  in pixels
    """
    small = inside[::_STRIKE_STEP, ::_STRIKE_STEP].astype(np.uint8)
    length = round(_STRIKE * box_width / _STRIKE_STEP)
    if small.shape[1] <= length or not small.any():
        return False
    # A hand does not draw quite straight.
    thick = cv2.dilate(small, np.ones((3, 1), np.uint8))
    return any(_opens(thick, _stroke(length, degrees)) for degrees in _STRIKE_DEGREES)


def _opens(ink: Pixels, stroke: Pixels) -> bool:
    if stroke.shape[0] > ink.shape[0]:
        return False
    border = cv2.BORDER_CONSTANT
    return bool(cv2.erode(ink, stroke, borderType=border, borderValue=0).any())


def _stroke(length: int, degrees: int) -> Pixels:
    """Draw a straight stroke of a given length across, as small as it can be."""
    rise = round(abs(np.tan(np.radians(degrees))) * length)
    stroke = np.zeros((rise + 1, length), np.uint8)
    start, end = ((0, rise), (length - 1, 0)) if degrees > 0 else ((0, 0), (length - 1, rise))
    cv2.line(stroke, start, end, 1)
    return stroke
