"""How much darker than the paper each pixel of a straightened page is, whatever the light."""

import cv2
import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.forms.straighten import PX_PER_MM

_COARSE_PER_MM = 2  # pixels of the picture on which the paper is estimated
_WIDEST_STROKE_MM = 5.0  # a wider dark area counts as paper in the shadow
_SMOOTHING_MM = 1.0
_DARKEST = 8  # of 255; below it nothing can be said about the paper
_MOST_ORANGE = 0.7
_INK, _INK_SLOPE = 0.4, 4  # darkness in green light of ink, and how fast it replaces a line
_PALE = 0.35  # darkness of a line in green light, at most


def estimate_paper(page: Pixels) -> Pixels:
    """Estimate the color of the paper at each pixel, under the ink as well.

    page     uint8 (H, W, 3)
    returns  uint8 (h, w, 3), of _COARSE_PER_MM pixels for each millimeter
    """
    factor = _COARSE_PER_MM / PX_PER_MM
    coarse = cv2.resize(page, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    size = round(_WIDEST_STROKE_MM * _COARSE_PER_MM) | 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = cv2.morphologyEx(cv2.medianBlur(coarse, 3), cv2.MORPH_CLOSE, kernel)
    smooth: Pixels = cv2.GaussianBlur(closed, (0, 0), _SMOOTHING_MM * _COARSE_PER_MM)
    return smooth


def darkness(page: Pixels, paper: Pixels) -> Array:
    """Return how much darker than the paper each pixel is, for each color.

    page     uint8 (H, W, 3)
    paper    as `estimate_paper` returns it
    returns  float32 (H, W, 3), 0 is the paper and 1 is black; negative if lighter
    """
    height, width = page.shape[:2]
    white = cv2.resize(np.maximum(paper, _DARKEST), (width, height)).astype(np.float32)
    result: Array = 1 - page.astype(np.float32) / white
    return result


def line_signal(dark: Array) -> Array:
    """Return where something looks like the lines of the boxes: orange, or pale if it is gray.

    dark     float32 (H, W, 3), as `darkness` returns it
    returns  float32 (H, W), larger on a line than on ink, which is 0
    """
    orange = np.clip(dark[..., 0] - dark[..., 2], 0, _MOST_ORANGE)
    ink = np.clip(dark[..., 1] - _INK, 0, 1 / _INK_SLOPE) * _INK_SLOPE
    signal: Array = (orange + np.clip(dark[..., 1], 0, _PALE)) * (1 - ink)
    return signal
