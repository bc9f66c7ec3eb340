"""Offer the digit without what may not belong to it: what the border cuts, a box, a line.

Each is offered on evidence alone, and the network chooses. An ink image, uint8 (H, W), says how
much each pixel differs from the background, which is 0.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Pixels
from inkdigits.preprocessing.background import MIN_CONTRAST
from inkdigits.preprocessing.resample import max_pool


@dataclass(frozen=True)
class PieceSettings:
    """Tuning constants. Strengths are shares of the image's strongest ink, its peak."""

    coarse_px: int = 256  # longer side of the coarse image on which components are labeled
    faint: float = 0.12  # strength; fainter pixels separate components
    certain: float = 0.5  # strength; every component of a digit has a stronger pixel
    border: float = 0.012  # of the longer side; ink as near to the border counts as cut
    min_length: float = 0.1  # of the longer side; what remains without a component is as long


PIECES = PieceSettings()


def without_cut(ink: Pixels) -> Pixels | None:
    """Erase what the border of the image cuts: a neighbor's stroke, the edge of the paper, a thumb.

    ink      uint8 (H, W)
    returns  uint8 (H, W), or None if nothing is cut, or nothing would be left
    """
    step = max(1, max(ink.shape) // PIECES.coarse_px)
    coarse = max_pool(ink, step)
    mask = (coarse > PIECES.faint * int(coarse.max())).view(np.uint8)
    reach = math.ceil(PIECES.border * max(mask.shape))
    inner = np.s_[reach:-reach, reach:-reach]
    if np.count_nonzero(mask) == np.count_nonzero(mask[inner]):
        return None
    count, components, statistics, _ = cv2.connectedComponentsWithStats(mask)
    at_border = components.copy()
    at_border[inner] = 0
    is_cut = np.zeros(count, bool)
    is_cut[at_border] = True
    is_cut[0] = False
    lengths = statistics[1:, cv2.CC_STAT_WIDTH : cv2.CC_STAT_HEIGHT + 1].max(axis=1)
    if lengths[~is_cut[1:]].max(initial=0) < PIECES.min_length * max(mask.shape):
        return None
    cut = cv2.dilate(is_cut[components].view(np.uint8), np.ones((3, 3), np.uint8))
    cut = cut.repeat(step, axis=0).repeat(step, axis=1)[: ink.shape[0], : ink.shape[1]]
    rest = np.where(cut, np.uint8(0), ink)
    return rest if rest.max() >= MIN_CONTRAST else None
