"""Reduce samples of 16 bits to 8, of those bits that an image uses.

Cameras and scanners measure 10, 12 or 14 bits, and many programs store them in 16 bits as they are:
white is 4,095 of 65,535, and viewers show it black. So are 8 bits that were converted to 16.
"""

import cv2
import numpy as np

from inkdigits.arrays import Pixels

MIN_RANGE = 24  # of the values of a picture
# The same, divided by the standard deviation of the noise: 11 for noise alone in 25 megapixels.
MIN_RANGE_TO_NOISE = 16
_NEIGHBORS = np.array([[1, 1, 1], [1, 0, 1], [1, 1, 1]], np.uint8)
_SAMPLES = 256  # of the noise, down and across


def unused_bits(high: Pixels) -> int:
    """Return how many of the upper bits are 0 in all samples, at most 8.

    high  uint8 of any shape, the upper 8 bits of each sample
    """
    return 8 - int(high.max()).bit_length()


def reduce(high: Pixels, low: Pixels, unused: int | Pixels) -> Pixels:
    """Return the 8 bits that follow the unused ones.

    high, low  uint8 of the same shape, the upper and the lower 8 bits of each sample
    unused     how many of the upper bits to drop, 0 to 8
    returns    uint8 of the same shape
    """
    unused = np.asarray(unused, np.uint8)
    return high << unused | low >> (8 - unused)


def is_noise(values: Pixels) -> bool:
    """Return whether an image shows hardly more than noise, such as that of a camera in darkness.

    values  uint8 (H, W)
    """
    noise = max(_noise(values), _noise(values.T))
    without_hot_pixels = np.minimum(values, cv2.dilate(values, _NEIGHBORS))
    value_range = int(without_hot_pixels.max()) - int(values.min())
    return value_range < max(MIN_RANGE, MIN_RANGE_TO_NOISE * noise)


def _noise(values: Pixels) -> float:
    """Estimate the standard deviation of the noise along the rows; of a drawing it is 0.

    Half the differences between neighbors in Gaussian noise are less than 0.95 of it.
    """
    down, across = (-(-length // _SAMPLES) for length in values.shape)
    left, right = values[::down, :-1:across], values[::down, 1::across]
    differences = np.abs(left.astype(np.int16) - right)
    return float(np.median(differences)) / 0.95 if differences.size else 0.0
