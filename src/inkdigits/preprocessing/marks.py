"""Offer a digit without a mark that was made around it or under it: a box, a circle, an underline.

Each is offered on evidence alone, and the network chooses.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.preprocessing.filters import distance_to_outside, opening
from inkdigits.preprocessing.resample import bounding_box, max_pool


@dataclass(frozen=True)
class MarkSettings:
    """Tuning constants. Lengths are shares of the longer side of the ink, if nothing else."""

    coarse_px: int = 128  # longer side of the coarse image in which marks are searched for

    # Boxes and circles
    max_beyond: float = 0.12  # width of parts of the digit that reach beyond the line
    max_deviation: float = 0.08  # from a rectangle or an ellipse, of its area
    max_gap: float = 0.5  # between two contacts of the line and what it encloses, of its length
    enclosing: float = 0.9  # of its outline that is inked
    open: float = 0.5  # of the pixels at one depth; with less ink they are inside the line
    max_line: float = 0.12  # width of its line
    min_enclosed: float = 0.7  # of the ink that is not part of the line
    min_content: float = 0.25  # length of what it encloses

    # Underlines
    end: float = 0.06  # of the width; at each end there is nothing but the line
    max_end_height: float = 0.15  # of the line there, in either direction
    min_underline: float = 0.4  # of the width of the rest
    lowest: float = 0.65  # of the height; where a line begins to be under the digit
    min_inked: float = 0.9  # of the line


MARKS = MarkSettings()


def without_marks(ink: Pixels) -> Pixels | None:
    """Erase a box or a circle around the digit, or a line under it.

    ink      uint8 (H, W), cropped to what may be the digit, with all else 0
    returns  uint8 (H, W), or None if there is no such mark
    """
    step = max(1, max(ink.shape) // MARKS.coarse_px)
    mask = cv2.copyMakeBorder(
        (max_pool(ink, step) > 0).view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT
    )
    mark = _enclosure(mask)
    if mark is None:
        mark = _underline(mask)
    if mark is None:
        return None
    erased = mark[1:-1, 1:-1].repeat(step, axis=0).repeat(step, axis=1)
    return np.where(erased[: ink.shape[0], : ink.shape[1]], np.uint8(0), ink)


def _enclosure(mask: Pixels) -> NDArray[np.bool_] | None:
    """Find a line around all the rest: a box, a circle.

    mask     uint8 (H, W), 1 where there is ink, with a margin of zeros
    returns  bool (H, W)
    """
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    inside = cv2.drawContours(np.zeros_like(mask), outlines, -1, 1, cv2.FILLED)
    length = max(mask.shape)
    # Parts of the digit may reach beyond the line.
    side = max(3, round(MARKS.max_beyond * length))
    inside = opening(inside, (side, side))
    if not _is_box_or_ellipse(inside):
        return None
    depths = np.ceil(distance_to_outside(inside.view(bool))).astype(int)
    areas = np.maximum(np.bincount(depths.ravel()), 1)
    inked = np.bincount(depths.ravel(), mask.ravel()) / areas
    inner = np.flatnonzero(inked[1:] < MARKS.open)
    if not len(inner) or inner[0] > MARKS.max_line * length or inked[1] < MARKS.enclosing:
        return None
    width = int(inner[0]) + 1
    line = (cv2.dilate(inside, np.ones((3, 3), np.uint8)) > 0) & (depths <= width) & (mask > 0)
    content = np.where(line, np.uint8(0), mask)
    enclosed = content & (depths > width).view(np.uint8)
    if np.count_nonzero(enclosed) < MARKS.min_enclosed * np.count_nonzero(content):
        return None
    rows, columns = bounding_box(enclosed)
    content_length = max(rows.stop - rows.start, columns.stop - columns.start)
    if content_length < MARKS.min_content * length:
        return None
    return line & ~_shared(line, content, width, round(MARKS.max_gap * content_length))


def _is_box_or_ellipse(shape: Pixels) -> bool:
    """Return whether a filled shape is a rectangle, in any direction, or an ellipse."""
    outlines, _ = cv2.findContours(shape, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if len(outlines) != 1:
        return False
    around = cv2.minAreaRect(outlines[0])
    box = cv2.fillConvexPoly(
        np.zeros_like(shape), np.rint(cv2.boxPoints(around)).astype(np.int32), 1
    )
    ellipse = cv2.ellipse(np.zeros_like(shape), around, 1, cv2.FILLED)
    least = min(np.count_nonzero(box != shape), np.count_nonzero(ellipse != shape))
    return least < MARKS.max_deviation * np.count_nonzero(shape)


def _shared(
    line: NDArray[np.bool_], content: Pixels, width: int, max_gap: int
) -> NDArray[np.bool_]:
    """Find the parts of a line that are strokes of the digit as well: those between two contacts.

    line     bool (H, W)
    content  uint8 (H, W), 1 where there is ink inside the line
    width    pixels, of the line
    max_gap  pixels, between two contacts
    returns  bool (H, W)
    """
    near = cv2.dilate(content, np.ones((2 * width + 1, 2 * width + 1), np.uint8))
    contacts = np.where(line, near, np.uint8(0))
    framed = cv2.copyMakeBorder(contacts | content, *(max_gap,) * 4, cv2.BORDER_CONSTANT)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (max(1, max_gap),) * 2)
    joined = cv2.morphologyEx(framed, cv2.MORPH_CLOSE, disk)[max_gap:-max_gap, max_gap:-max_gap]
    _, parts = cv2.connectedComponents(np.where(line, joined, np.uint8(0)))
    count, labels = cv2.connectedComponents(contacts)
    # The part that each contact belongs to; in two of them it is between them.
    part_of = np.zeros(count, np.int32)
    part_of[labels] = parts
    counts = np.bincount(part_of[1:], minlength=parts.max() + 1)
    is_shared = counts >= 2
    is_shared[0] = False
    return is_shared[parts]


def _underline(mask: Pixels) -> NDArray[np.bool_] | None:
    """Find a line under the digit: apart from it, or longer than all the rest at both ends.

    mask     uint8 (H, W), 1 where there is ink, with a margin of zeros
    returns  bool (H, W)
    """
    count, components, statistics, _ = cv2.connectedComponentsWithStats(mask)
    bottoms = statistics[:, cv2.CC_STAT_TOP] + statistics[:, cv2.CC_STAT_HEIGHT]
    lowest = 1 + int(bottoms[1:].argmax())
    if count > 2:
        part, rest = components == lowest, (components > 0) & (components != lowest)
        rows, columns = bounding_box(rest.view(np.uint8))
        width = statistics[lowest, cv2.CC_STAT_WIDTH]
        if width >= MARKS.min_underline * (columns.stop - columns.start):
            line = _line_along(part.view(np.uint8), rows)
            if line is not None:
                return part
    return _line_along(mask, bounding_box(mask)[0])


def _line_along(mask: Pixels, rows: slice) -> NDArray[np.bool_] | None:
    """Find a line that is all the ink at the left and the right end of a mask.

    mask     uint8 (H, W)
    rows     the line is below most of these
    returns  bool (H, W)
    """
    _, columns = bounding_box(mask)
    width = columns.stop - columns.start
    end = max(2, round(MARKS.end * width))
    left = np.flatnonzero(mask[:, columns.start : columns.start + end].any(axis=1))
    right = np.flatnonzero(mask[:, columns.stop - end : columns.stop].any(axis=1))
    if max(np.ptp(left), np.ptp(right)) + 1 > max(3, MARKS.max_end_height * width):
        return None
    middles = (left[0] + left[-1]) / 2, (right[0] + right[-1]) / 2
    if min(middles) < rows.start + MARKS.lowest * (rows.stop - rows.start):
        return None
    line = np.interp(np.arange(mask.shape[1]), [columns.start, columns.stop - 1], middles)
    distances = np.abs(np.arange(mask.shape[0])[:, None] - line)
    if ((distances <= 1) & (mask > 0)).any(axis=0)[columns].mean() < MARKS.min_inked:
        return None
    half = (max(np.ptp(left), np.ptp(right)) + 1) / 2
    return (distances <= half + 0.5) & (mask > 0)
