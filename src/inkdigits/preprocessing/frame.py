"""Find the paper inside a frame: a line drawn around it, or the table that it lies on."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inkdigits.arrays import Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.preprocessing.background import MIN_CONTRAST
from inkdigits.preprocessing.resample import Region

MAX_DEPTH = 0.12  # of the image's side; the sides of a frame are no farther from the border
MIN_LENGTH = 0.75  # of the image's side; the sides of a frame are at least this long
LINE_STRENGTH = 0.6  # of the strongest edge or ink; a frame may be stronger, ruled lines are paler
SAMPLES = 64  # columns that are examined, about


def find_frame(rgb: Pixels) -> Region | None:
    """Find the region inside a frame.

    rgb      uint8 (H, W, 3)
    returns  rows and columns of the image, or None if there is no frame
    """
    if max(rgb.shape) <= IMAGE_SIDE:
        return None
    rows = _rows_inside(rgb)
    columns = _rows_inside(rgb.swapaxes(0, 1)) if rows else None
    return (rows, columns) if rows and columns else None


def _rows_inside(rgb: Pixels) -> slice | None:
    """Find the rows between two straight edges across the image, near its top and its bottom."""
    reach = 1 + len(rgb) // 100  # rows: the width of a soft edge or of a line
    sample = rgb[:, :: 1 + rgb.shape[1] // SAMPLES].astype(np.int16)
    return _rows_of_paper(sample, reach) or _rows_between_lines(sample, reach)


def _rows_of_paper(sample: NDArray[np.int16], reach: int) -> slice | None:
    """Find the rows of paper on a table: at its edges the color changes, and stays changed.

    sample  int16 (H, W, 3), some columns of the image
    reach   rows, the width of an edge
    """
    depth = MAX_DEPTH * len(sample)
    # A line, which is narrower than the distance between the compared rows, sets few rows apart.
    differ = (_row_differences(sample, 3 * reach) > MIN_CONTRAST).mean(axis=1) >= MIN_LENGTH
    edges = np.flatnonzero(ndimage.binary_opening(differ, np.ones(reach + 1)))
    above, below = edges[edges < depth], edges[edges >= len(differ) - depth]
    if len(above) and len(below):
        return slice(int(above[-1]) + 1 + reach, int(below[0]) + 2 * reach)
    return None


def _rows_between_lines(sample: NDArray[np.int16], reach: int) -> slice | None:
    """Find the rows between the two lines of a frame.

    sample  int16 (H, W, 3), some columns of the image
    reach   rows, the width of a line
    """
    depth = MAX_DEPTH * len(sample)
    differences = _row_differences(sample, reach)
    for threshold in (LINE_STRENGTH * differences.max(initial=0), MIN_CONTRAST):
        edges = np.flatnonzero((differences > threshold).mean(axis=1) >= MIN_LENGTH)
        above, below = edges[edges < depth], edges[edges >= len(differences) - depth]
        # With more edges in between, these are the lines of ruled paper.
        if len(above) and len(below) and len(above) + len(below) == len(edges):
            return slice(int(above[-1]) + 1 + reach, int(below[0]))
    return None


def _row_differences(sample: NDArray[np.int16], reach: int) -> NDArray[np.int16]:
    """Compare each row with the one `reach` below it, in the color that differs most.

    sample   int16 (H, W, 3)
    returns  int16 (H - reach, W)
    """
    red, green, blue = np.moveaxis(np.abs(sample[reach:] - sample[:-reach]), 2, 0)
    return np.maximum(np.maximum(red, green), blue)
