"""From the picture of a number to its ink, without ruled lines, boxes and specks."""

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.numbers.prediction import Box
from inkdigits.preprocessing.background import MIN_CONTRAST
from inkdigits.preprocessing.clutter import remove_ruled_lines
from inkdigits.preprocessing.filters import opening
from inkdigits.preprocessing.segmentation import located_segmentations

MAX_COMPONENTS = 500  # of which it is examined whether one is a box around another
MAX_SEGMENTATIONS = 2  # ways to understand a picture that are tried


@dataclass(frozen=True)
class ClutterSettings:
    """Tuning constants. Lengths are in heights of a digit."""

    inked: float = 0.3  # of the strongest ink; fainter pixels are soft edges
    tall: float = 0.5  # of the tallest component; a lower one says nothing of the digits' height
    wide: float = 4.0  # times its height; a wider component is a line
    line: float = 2.5  # length; a longer straight stroke is a line of the paper, not of a digit
    upright: float = 1.6  # length; the same for upright lines, the sides of boxes
    framed: float = 0.35  # of a component's height; a lower one inside it is not a digit in a box
    level_side: float = 0.75  # length; the same for the sides of a box that has been found
    upright_side: float = 1.1
    thick: float = 0.2  # thickness; a thicker stroke is not a line
    speck: float = 0.06  # length and width; a smaller component is dust


CLUTTER = ClutterSettings()


@dataclass(frozen=True)
class NumberInk:
    """The ink of a number, and where it lies in the picture.

    ink     uint8 (H, W), 0 is background
    left, top, scale   a place (x, y) of the ink is (left + scale x, top + scale y) of the picture
    shape   rows and columns of the picture; None if it is the ink itself
    """

    ink: Pixels
    left: int = 0
    top: int = 0
    scale: int = 1
    shape: tuple[int, ...] | None = None

    def locate(self, box: Box | None) -> Box | None:
        """Convert a box in the ink to one in the picture, which does not reach beyond its edges."""
        if box is None:
            return None
        rows, columns = self.shape or self.ink.shape
        x, y, width, height = (self.scale * side for side in box)
        left = max(0, min(self.left + x, columns - 1))
        top = max(0, min(self.top + y, rows - 1))
        right = max(left + 1, min(self.left + x + width, columns))
        bottom = max(top + 1, min(self.top + y + height, rows))
        return left, top, right - left, bottom - top


def inks_of(rgba: Pixels) -> Iterator[NumberInk]:
    """Segment the ink of a number from its background, in each plausible way.

    rgba     uint8 (H, W, 4)
    yields   the likeliest one first
    """
    for _, (ink, rows, columns, scale) in zip(
        range(MAX_SEGMENTATIONS), located_segmentations(rgba), strict=False
    ):
        yield NumberInk(remove_clutter(ink), columns.start, rows.start, scale, rgba.shape[:2])


def remove_clutter(ink: Pixels) -> Pixels:
    """Remove ruled lines, the sides of boxes, underlines and dust.

    ink      uint8 (H, W), 0 is background
    returns  uint8 (H, W); the input itself if there are none
    """
    peak = int(ink.max())
    if peak < MIN_CONTRAST:
        return ink
    ink = remove_ruled_lines(ink)
    mask = (ink > CLUTTER.inked * peak).view(np.uint8)
    _, components, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    boxes = statistics[:, :4]
    frames = _frames(boxes)
    height = _digit_height(boxes[1:][~frames[1:]])
    lines = _lines(mask, CLUTTER.line * height, CLUTTER.thick * height)
    lines |= _lines(mask.T, CLUTTER.upright * height, CLUTTER.thick * height).T
    if frames.any():
        framing = frames[components].view(np.uint8)
        lines |= _lines(framing, CLUTTER.level_side * height, CLUTTER.thick * height)
        lines |= _lines(framing.T, CLUTTER.upright_side * height, CLUTTER.thick * height).T
    if lines.any() and (mask & ~lines).any():
        ink = np.where(lines, 0, ink)
        mask = (ink > CLUTTER.inked * peak).view(np.uint8)
        _, components, statistics, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    small = statistics[:, 2:4].max(axis=1) < CLUTTER.speck * height
    small[0] = False
    return np.where(small[components], 0, ink) if small.any() else ink


def _frames(boxes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Find the components that have another tall one inside: boxes around digits.

    boxes    int32 (N, 4), left, top, width and height, the first one of the background
    returns  bool (N,)
    """
    frames = np.zeros(len(boxes), bool)
    if len(boxes) > MAX_COMPONENTS:
        return frames
    corners, opposite = boxes[:, :2], boxes[:, :2] + boxes[:, 2:]
    tall = boxes[:, 3] >= CLUTTER.framed * boxes[:, 3][:, None]
    begins = (corners > corners[:, None]).all(axis=2)
    ends = (opposite < opposite[:, None]).all(axis=2)
    frames[1:] = (tall & begins & ends)[1:, 1:].any(axis=1)
    return frames


def _digit_height(boxes: NDArray[np.int32]) -> float:
    """Estimate the height of the digits by the median of the tall components."""
    # The lines of the paper are wider than any digits that touch.
    digits = boxes[boxes[:, 2] <= CLUTTER.wide * boxes[:, 3]]
    # An underline may connect all of them.
    heights = (digits if len(digits) else boxes)[:, 3]
    return float(np.median(heights[heights >= CLUTTER.tall * heights.max()]))


def _lines(mask: Pixels, length: float, thick: float) -> NDArray[np.bool_]:
    """Find long thin level lines; ink that crosses them stays.

    mask     uint8 (H, W), 0 or 1
    returns  bool (H, W)
    """
    if mask.shape[1] <= length:
        return np.zeros(mask.shape, bool)
    # A line that is not quite level consists of shorter runs, which overlap in the rows beside it.
    closed = cv2.dilate(mask, np.ones((3, 1), np.uint8))
    runs = opening(closed, (1, max(3, round(length)))) & mask
    if not runs.any():
        return np.zeros(mask.shape, bool)
    side = max(1, round(thick))
    thin = runs & ~opening(runs, (side + 1, 1))
    # Where ink goes on both above and below a line, it is a stroke that crosses it.
    rest = mask & ~thin
    kernel = np.ones((2 * side + 1, 1), np.uint8)
    above = cv2.dilate(rest, kernel, anchor=(0, 2 * side))
    below = cv2.dilate(rest, kernel, anchor=(0, 0))
    return (thin & ~(above & below)).astype(bool)
