"""Image filters that several kinds of training images share."""

from typing import Any

import cv2
from numpy.typing import NDArray

from inkdigits.arrays import Array


def gaussian_blur(image: Array, deviation_px: float) -> Array:
    """Blur with a Gaussian kernel of any standard deviation; the image is mirrored at its borders.

    image    float32 or float64 (H, W)
    returns  the same shape and type
    """
    side = 2 * round(4 * deviation_px) + 1
    blurred: NDArray[Any] = cv2.GaussianBlur(
        image, (side, side), deviation_px, borderType=cv2.BORDER_REFLECT
    )
    return blurred
