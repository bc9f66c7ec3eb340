"""Shorten a column or row of digits, letters or other pieces to its first three.

At 28x28 pixels a longer one would merge into a line, which looks like a 1. Three pieces are still
distinct from any digit; two may not be: a 0 above a 1 looks like a 9.

An ink image, uint8 (H, W), says how much each pixel differs from the background, which is 0.
"""

from dataclasses import dataclass

import numpy as np

from inkdigits.arrays import Pixels
from inkdigits.preprocessing.resample import bounding_box
from inkdigits.preprocessing.stroke_width import stroke_width


@dataclass(frozen=True)
class SeriesSettings:
    """Tuning constants. Lengths are in pen widths unless noted."""

    inked: float = 0.4  # of the peak; fainter pixels between two pieces do not connect them
    min_pieces: int = 4  # fewer may be the pieces of a broken digit
    min_share: float = 0.5  # of the longest piece; shorter ones are not counted
    # The pieces of a dotted, dashed or cut stroke are shorter, narrower, or closer together.
    min_length: float = 3.0  # of the longest piece, along the series
    min_width: float = 2.0  # of all but one of the pieces, across it
    min_gap: float = 0.6  # between most of the pieces
    shown: int = 3


SERIES = SeriesSettings()


def first_pieces(ink: Pixels) -> Pixels:
    """Crop to the first three pieces if the ink is a column or row of at least four similar ones.

    ink      uint8 (H, W), cropped to what may be the digit
    returns  uint8 (h, w), cropped; the input itself if it is not such a series
    """
    for along in (ink, ink.T):
        end = _end_of_first_pieces(along)
        if end is not None:
            pieces = along[:end] if along is ink else along[:end].T
            return np.ascontiguousarray(pieces[bounding_box(np.ascontiguousarray(pieces))])
    return ink


def _end_of_first_pieces(ink: Pixels) -> int | None:
    """Return the row below the first pieces, or None if the ink is not a column of pieces."""
    mask = ink > SERIES.inked * ink.max()
    has_ink = np.concatenate([[False], mask.any(axis=1), [False]])
    starts, ends = np.flatnonzero(np.diff(has_ink)).reshape(-1, 2).T
    if len(starts) < SERIES.min_pieces:
        return None
    lengths = ends - starts
    counted = np.flatnonzero(lengths >= SERIES.min_share * lengths.max())
    pieces = [slice(starts[number], ends[number]) for number in counted]
    widths = np.array([1 + np.ptp(np.flatnonzero(mask[piece].any(axis=0))) for piece in pieces])
    pen = np.median([stroke_width(mask[piece].astype(np.float32)) for piece in pieces])
    is_series = (
        len(pieces) >= SERIES.min_pieces
        and lengths.max() >= SERIES.min_length * pen
        and np.median(starts[1:] - ends[:-1]) >= SERIES.min_gap * pen
        and np.count_nonzero(widths >= SERIES.min_width * pen) >= len(pieces) - 1
    )
    return int(ends[SERIES.shown - 1]) if is_series else None
