"""Filters that several steps share, by OpenCV.

Its own openings and closings move the image by a pixel if the window is even.
"""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array

Shape = tuple[int, int]  # rows and columns


def opening(image: NDArray[Any], window: Shape, border: int = cv2.BORDER_CONSTANT) -> NDArray[Any]:
    """Remove what is light and smaller than the window: minima, then their maxima.

    image    uint8, float32 or float64 (H, W)
    border   how OpenCV continues the image, by zeros if it is constant
    """
    return _maximum(_minimum(image, window, border), window, border)


def closing(image: NDArray[Any], window: Shape, border: int = cv2.BORDER_CONSTANT) -> NDArray[Any]:
    """Remove what is dark and smaller than the window: maxima, then their minima.

    image    uint8, float32 or float64 (H, W)
    border   how OpenCV continues the image, by zeros if it is constant
    """
    return _minimum(_maximum(image, window, border), window, border)


def gaussian_blur(image: Array, deviation_px: float) -> Array:
    """Blur by a Gaussian kernel, cut off at four standard deviations; borders are mirrored.

    image    float32 or float64 (H, W)
    returns  the same shape and type
    """
    side = 2 * int(4 * deviation_px + 0.5) + 1
    return cv2.GaussianBlur(image, (side, side), deviation_px, borderType=cv2.BORDER_REFLECT)


def distance_to_outside(mask: NDArray[np.bool_]) -> Array:
    """Return the distance of each pixel from the nearest one outside the mask, float32 (H, W).

    mask     bool (H, W)
    """
    return cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _minimum(image: NDArray[Any], window: Shape, border: int) -> NDArray[Any]:
    return cv2.erode(image, np.ones(window, np.uint8), None, (-1, -1), 1, border, 0)


def _maximum(image: NDArray[Any], window: Shape, border: int) -> NDArray[Any]:
    """Take the maximum over all windows of `_minimum` that hold the pixel."""
    anchor = ((window[1] - 1) // 2, (window[0] - 1) // 2)  # the default is half of each side
    return cv2.dilate(image, np.ones(window, np.uint8), None, anchor, 1, border, 0)
