"""Offer the digit without what may not belong to it: a box or a circle, a line, a cut neighbor.

Each is offered on evidence alone, and the network chooses. An ink image, uint8 (H, W), says how
much each pixel differs from the background, which is 0.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.preprocessing.background import MIN_CONTRAST
from inkdigits.preprocessing.clutter import isolate_digit, remove_ruled_lines
from inkdigits.preprocessing.filters import distance_to_outside, opening
from inkdigits.preprocessing.resample import bounding_box, max_pool


@dataclass(frozen=True)
class AlternativeSettings:
    """Tuning constants. Lengths are shares of the longer side of the ink, if nothing else."""

    # What the border cuts
    image_px: int = 256  # longer side of the coarse image in which it is searched for
    faint: float = 0.12  # of the strongest ink; fainter pixels separate components
    border: float = 0.012  # of the image's longer side; what is as near to the border is cut
    min_uncut: float = 0.1  # of the image's longer side; length of what is not cut

    coarse_px: int = 128  # longer side of the coarse image in which lines are searched for

    # A line around the digit
    min_filled: float = 0.5  # of its bounding box; what it encloses, and the line itself
    max_beyond: float = 0.12  # width of parts of the digit that reach beyond the line
    max_deviation: float = 0.08  # from a rectangle or an ellipse, of its area
    min_inked: float = 0.9  # of its outline
    inside: float = 0.5  # share of ink at one depth; with less, that is inside the line
    max_width: float = 0.12  # of the line
    min_length: float = 0.25  # of what is enclosed
    max_gap: float = 0.5  # between two contacts of the digit with the line, of its own length

    # A line under the digit
    end: float = 0.06  # of the line; at each end there is nothing else
    max_height: float = 0.15  # of the line at its ends, of its own length
    min_underline: float = 0.4  # of the width of the rest, if the line is apart from it
    lowest: float = 0.65  # of the height; where a line begins to be under the digit
    min_line: float = 0.9  # of the line that is inked


ALTERNATIVES = AlternativeSettings()


def plausible_digits(ink: Pixels) -> Iterator[Pixels]:
    """Isolate the digit, as it is, and without what may not belong to it.

    ink      uint8 (H, W), MIN_CONTRAST or more at its peak
    yields   uint8 (h, w), cropped to the digit; the likeliest first
    """
    digit, _ = isolate_digit(ink)
    rests, is_in_box = _without_line(digit)
    bare = [isolate_digit(rest)[0] for rest in rests]
    # People write digits into boxes, but hardly any digit is a box with something in it.
    yield from [*bare, digit] if is_in_box else [digit, *bare]
    uncut = _without_cut(ink)
    if uncut is not None:
        digit, _ = isolate_digit(uncut)
        rests, _ = _without_line(digit)
        yield isolate_digit(rests[-1])[0] if rests else digit


def _without_cut(ink: Pixels) -> Pixels | None:
    """Erase what the border of the image cuts: a neighbor's stroke, the edge of the paper, a thumb.

    ink      uint8 (H, W)
    returns  uint8 (H, W), or None if nothing is cut, or nothing would be left
    """
    reach = math.ceil(ALTERNATIVES.border * max(ink.shape))
    least = ALTERNATIVES.faint * cv2.minMaxLoc(ink)[1]
    sides = ink[:reach], ink[-reach:], ink[:, :reach], ink[:, -reach:]
    if all(cv2.minMaxLoc(side)[1] <= least for side in sides):
        return None
    ink = remove_ruled_lines(ink)
    step = max(1, max(ink.shape) // ALTERNATIVES.image_px)
    mask = (max_pool(ink, step) > least).view(np.uint8)
    if len(_outlines(mask)) == 1:
        return None  # as of a cropped digit, at once
    count, components, statistics, _ = cv2.connectedComponentsWithStats(mask)
    at_border = components.copy()
    reach = math.ceil(reach / step)
    at_border[reach:-reach, reach:-reach] = 0
    is_cut = np.zeros(count, bool)
    is_cut[at_border] = True
    lengths = statistics[:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(axis=1)
    lengths[0] = 0  # the background
    if lengths[~is_cut].max(initial=0) < ALTERNATIVES.min_uncut * max(mask.shape):
        return None
    is_cut[0] = False
    cut = cv2.dilate(is_cut[components].view(np.uint8), np.ones((3, 3), np.uint8))
    return _erase(ink, cut, step)


def _without_line(ink: Pixels) -> tuple[list[Pixels], bool]:
    """Erase a box or a circle around the digit, or a line under it.

    ink      uint8 (H, W), cropped to what may be the digit, with all else 0
    returns  uint8 (H, W), if there is such a line, and something would be left: at first with the
             parts of the line that may be the digit's as well; and whether the line is a box
    """
    step = max(1, max(ink.shape) // ALTERNATIVES.coarse_px)
    has_ink = (max_pool(ink, step) > 0).view(np.uint8)
    mask = cv2.copyMakeBorder(has_ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    outlines = _outlines(mask)
    lines, is_box = _enclosure(mask, outlines)
    if not lines and (underline := _underline(mask, outlines)) is not None:
        lines = [underline]
    rests = (_erase(ink, line[1:-1, 1:-1], step) for line in lines)
    return [rest for rest in rests if rest is not None], is_box


def _erase(ink: Pixels, where: NDArray[Any], step: int) -> Pixels | None:
    """Erase ink; None if nothing would be left.

    where  bool or uint8, each for `step` x `step` pixels of the ink
    """
    erased = where.repeat(step, axis=0).repeat(step, axis=1)[: ink.shape[0], : ink.shape[1]]
    rest = np.where(erased, np.uint8(0), ink)
    return rest if rest.max() >= MIN_CONTRAST else None


def _outlines(mask: Pixels) -> Sequence[NDArray[np.int32]]:
    """Follow the outline of each component, of those that no other encloses."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    return outlines


def _enclosure(
    mask: Pixels, outlines: Sequence[NDArray[np.int32]]
) -> tuple[list[NDArray[np.bool_]], bool]:
    """Find a line around all the rest: a box, a circle.

    mask      uint8 (H, W), 1 where there is ink, with a margin of zeros
    outlines  of its components
    returns   bool (H, W): none; or the line; or the line without what the digit shares with it,
              and then the line; and whether it is a box
    """
    if sum(map(cv2.contourArea, outlines)) < ALTERNATIVES.min_filled * mask.size:
        return [], False  # as of most digits, at once
    inside = cv2.drawContours(np.zeros_like(mask), outlines, -1, 1, cv2.FILLED)
    length = max(mask.shape)
    # Parts of the digit may reach beyond the line.
    side = max(3, round(ALTERNATIVES.max_beyond * length))
    inside = opening(inside, (side, side))
    shape = _shape(inside)
    if shape is None:
        return [], False
    depths = np.ceil(distance_to_outside(inside.view(bool))).astype(int)
    areas = np.maximum(np.bincount(depths.ravel()), 1)
    inked = np.bincount(depths.ravel(), mask.ravel()) / areas
    deeper = np.flatnonzero(inked[1:] < ALTERNATIVES.inside)
    if not len(deeper) or deeper[0] > ALTERNATIVES.max_width * length:
        return [], False
    if inked[1] < ALTERNATIVES.min_inked:
        return [], False
    width = int(deeper[0]) + 1
    line = (cv2.dilate(inside, np.ones((3, 3), np.uint8)) > 0) & (depths <= width) & (mask > 0)
    content = np.where(line, np.uint8(0), mask)
    enclosed = content & (depths > width).view(np.uint8)
    rows, columns = bounding_box(enclosed.view(np.uint8))
    content_length = max(rows.stop - rows.start, columns.stop - columns.start)
    if content_length < ALTERNATIVES.min_length * length:
        return [], False
    shared = _shared(line, content, width, round(ALTERNATIVES.max_gap * content_length))
    return [line & ~shared, line] if shared.any() else [line], shape == "box"


def _shape(filled: Pixels) -> Literal["box", "ellipse"] | None:
    """Return whether a filled shape is a rectangle, in any direction, or an ellipse."""
    outlines = _outlines(filled)
    if len(outlines) != 1:
        return None
    around = cv2.minAreaRect(outlines[0])
    box = cv2.fillConvexPoly(
        np.zeros_like(filled), np.rint(cv2.boxPoints(around)).astype(np.int32), 1
    )
    ellipse = cv2.ellipse(np.zeros_like(filled), around, 1, cv2.FILLED)
    from_box, from_ellipse = (np.count_nonzero(each != filled) for each in (box, ellipse))
    if min(from_box, from_ellipse) >= ALTERNATIVES.max_deviation * np.count_nonzero(filled):
        return None
    return "box" if from_box < from_ellipse else "ellipse"


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
    max_gap = max(1, max_gap) | 1  # an even disk would move what it closes by a pixel
    framed = cv2.copyMakeBorder(contacts | content, *(max_gap,) * 4, cv2.BORDER_CONSTANT)
    disk = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (max_gap, max_gap))
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


def _underline(mask: Pixels, outlines: Sequence[NDArray[np.int32]]) -> NDArray[np.bool_] | None:
    """Find a line under the digit: apart from it, or longer than all the rest at both ends.

    mask      uint8 (H, W), 1 where there is ink, with a margin of zeros
    outlines  of its components
    returns   bool (H, W)
    """
    if len(outlines) > 1:
        boxes = np.array([cv2.boundingRect(outline) for outline in outlines])  # x, y, width, height
        lowest = int((boxes[:, 1] + boxes[:, 3]).argmax())
        rest = np.delete(boxes, lowest, axis=0)
        ends = (rest[:, :2] + rest[:, 2:]).max(axis=0)
        left, top = rest[:, :2].min(axis=0).tolist()
        if boxes[lowest, 2] >= ALTERNATIVES.min_underline * (ends[0] - left):
            part = cv2.drawContours(np.zeros_like(mask), outlines, lowest, 1, cv2.FILLED)
            if _line_along(part, slice(top, int(ends[1]))) is not None:
                return part.view(bool)
    return _line_along(mask, bounding_box(mask)[0])


def _line_along(mask: Pixels, rows: slice) -> NDArray[np.bool_] | None:
    """Find a line that is all the ink at the left and the right end of a mask.

    mask     uint8 (H, W)
    rows     the line is below most of these
    returns  bool (H, W)
    """
    _, columns = bounding_box(mask)
    width = columns.stop - columns.start
    end = max(2, round(ALTERNATIVES.end * width))
    at_ends = [
        bounding_box(np.ascontiguousarray(mask[:, start : start + end]))[0]
        for start in (columns.start, columns.stop - end)
    ]
    height = max(part.stop - part.start for part in at_ends)
    if height > max(3, ALTERNATIVES.max_height * width):
        return None
    middles = [(part.start + part.stop - 1) / 2 for part in at_ends]
    if min(middles) < rows.start + ALTERNATIVES.lowest * (rows.stop - rows.start):
        return None
    line = np.interp(np.arange(mask.shape[1]), [columns.start, columns.stop - 1], middles)
    distances = np.abs(np.arange(mask.shape[0])[:, None] - line)
    if ((distances <= 1) & (mask > 0)).any(axis=0)[columns].mean() < ALTERNATIVES.min_line:
        return None
    return (distances <= (height + 1) / 2) & (mask > 0)
