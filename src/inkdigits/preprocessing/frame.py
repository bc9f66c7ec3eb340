"""Find the paper inside a frame: a line drawn around it, or the table that it lies on."""

from collections.abc import Sequence
from functools import reduce

import cv2
import numpy as np

from inkdigits.arrays import Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.preprocessing.background import MIN_CONTRAST
from inkdigits.preprocessing.filters import opening
from inkdigits.preprocessing.resample import Region

MAX_DEPTH = 0.12  # of the image's side; the sides of a frame are no farther from the border
MIN_LENGTH = 0.75  # of the image's side; the sides of a frame are at least this long
LINE_STRENGTH = 0.6  # of the strongest edge or ink; a frame may be stronger, ruled lines are paler
SAMPLES = 64  # rows or columns that are examined, about


def find_frame(channels: Sequence[Pixels]) -> Region | None:
    """Find the region inside a frame.

    channels  uint8 (H, W), one for each color
    returns   rows and columns of the image, or None if there is no frame
    """
    height, width = channels[0].shape
    if max(height, width) <= IMAGE_SIDE:
        return None
    columns = _inside([channel[:: 1 + height // SAMPLES] for channel in channels])
    if columns is None:
        return None
    rows = _inside([channel[:, :: 1 + width // SAMPLES].T for channel in channels])
    return (rows, columns) if rows else None


def _inside(samples: Sequence[Pixels]) -> slice | None:
    """Find the columns between two straight edges from top to bottom, one near each side.

    samples  uint8 (S, W), some rows of each color
    """
    width = samples[0].shape[1]
    if MAX_DEPTH * width < 1:
        return None
    reach = 1 + width // 100  # columns: the width of a soft edge or of a line
    return _paper(samples, reach) or _between_lines(samples, reach)


def _paper(samples: Sequence[Pixels], reach: int) -> slice | None:
    """Find the columns of paper on a table: at its edges the color changes, and stays changed.

    samples  uint8 (S, W), some rows of each color
    reach    columns, the width of an edge
    """
    # A line, which is narrower than the distance between the compared columns, sets few apart.
    differ = _are_edges(_differences(samples, 3 * reach), MIN_CONTRAST)
    differ = opening(differ, (1, reach + 1))
    left, right = _near_sides(differ, MAX_DEPTH * samples[0].shape[1])
    return slice(left[-1] + 1 + reach, right[0] + 2 * reach) if left and right else None


def _between_lines(samples: Sequence[Pixels], reach: int) -> slice | None:
    """Find the columns between the two lines of a frame.

    samples  uint8 (S, W), some rows of each color
    reach    columns, the width of a line
    """
    depth = MAX_DEPTH * samples[0].shape[1]
    differences = _differences(samples, reach)
    thresholds = (LINE_STRENGTH * float(differences.max()), MIN_CONTRAST)
    if not all(_near_sides(_are_edges(differences, min(thresholds)), depth)):
        return None
    for threshold in thresholds:
        edges = _are_edges(differences, threshold)
        left, right = _near_sides(edges, depth)
        # With more edges in between, these are the lines of ruled paper.
        if left and right and len(left) + len(right) == cv2.countNonZero(edges):
            return slice(left[-1] + 1 + reach, right[0])
    return None


def _differences(samples: Sequence[Pixels], reach: int) -> Pixels:
    """Compare each column with the one `reach` to its right, in the color that differs most.

    samples  uint8 (S, W), some rows of each color
    returns  uint8 (S, W - reach)
    """
    each = (cv2.absdiff(sample[:, reach:], sample[:, :-reach]) for sample in samples)
    return reduce(cv2.max, each)


def _are_edges(differences: Pixels, threshold: float) -> Pixels:
    """Return which columns differ in most rows, uint8 (1, W), 0 or 1."""
    mask = (differences > threshold).view(np.uint8)
    counts = cv2.reduce(mask, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return (counts >= MIN_LENGTH * len(mask)).view(np.uint8)


def _near_sides(edges: Pixels, depth: float) -> tuple[list[int], list[int]]:
    """Return the edges no deeper in the image than a frame, on the left and on the right.

    edges    uint8 (1, W), nonzero at edges
    returns  columns
    """
    columns = np.flatnonzero(edges).tolist()
    left = [column for column in columns if column < depth]
    return left, [column for column in columns if column >= edges.size - depth]
