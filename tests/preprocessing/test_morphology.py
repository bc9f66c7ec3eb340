"""Openings and closings equal plain minima and maxima, for odd and even windows."""

import cv2
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view

from inkdigits.preprocessing.morphology import closing, opening


def extremes(row, size, function, before, mode):
    """The minimum or maximum of `size` values, of which `before` stand before the value itself."""
    padded = np.pad(row, (before, size - 1 - before), mode=mode)
    return function(sliding_window_view(padded, size), axis=1)


def reference(row, size, first, second, mode):
    first_pass = extremes(row, size, first, size // 2 if first is np.min else (size - 1) // 2, mode)
    return extremes(
        first_pass, size, second, size // 2 if second is np.min else (size - 1) // 2, mode
    )


@pytest.mark.parametrize("size", [1, 2, 3, 4, 7, 10])
@pytest.mark.parametrize("length", [10, 11, 60])
@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize(
    ("border", "mode"), [(cv2.BORDER_CONSTANT, "constant"), (cv2.BORDER_REFLECT, "symmetric")]
)
@pytest.mark.parametrize("axis", [0, 1])
def test_result_equals_plain_minima_and_maxima(size, length, dtype, border, mode, axis):
    row = np.random.default_rng(0).integers(0, 256, length).astype(dtype)
    window = (size, 1) if axis == 0 else (1, size)
    for function, first, second in ((opening, np.min, np.max), (closing, np.max, np.min)):
        image = np.expand_dims(row, 1 - axis)
        expected = reference(row, size, first, second, mode)
        np.testing.assert_array_equal(function(image, window, border).ravel(), expected)


def test_even_windows_do_not_move_the_image():
    image = np.zeros((20, 20), np.uint8)
    image[5:11, 8:14] = 255
    np.testing.assert_array_equal(opening(image, (6, 6)), image)
    np.testing.assert_array_equal(closing(255 - image, (4, 4), cv2.BORDER_REFLECT), 255 - image)
