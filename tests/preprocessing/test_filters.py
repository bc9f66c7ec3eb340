"""Filters equal plain NumPy: minima and maxima, a Gaussian, distances; for any window."""

import cv2
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.testing import assert_allclose

from inkdigits.preprocessing.filters import (
    closing,
    distance_to_outside,
    gaussian_blur,
    opening,
)


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


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("deviation_px", [0.0, 0.7, 2.0, 6.0])
def test_blur_is_a_normalized_gaussian(deviation_px, dtype):
    image = np.zeros((61, 65), dtype)
    image[30, 32] = 1
    blurred = gaussian_blur(image, deviation_px)
    assert blurred.dtype == dtype
    rows, columns = np.mgrid[:61, :65]
    squared = (rows - 30) ** 2 + (columns - 32) ** 2
    expected = np.exp(-squared / (2 * deviation_px**2)) if deviation_px else image
    assert_allclose(blurred, expected / expected.sum(), atol=1e-4)
    assert blurred.sum() == pytest.approx(1, abs=1e-5)


def test_borders_are_mirrored():
    """Even where the kernel is larger than the image."""
    row = np.random.default_rng(0).random((1, 8)).repeat(5, axis=0)
    mirrored = np.concatenate([row, row[:, ::-1]] * 4, axis=1)
    assert_allclose(gaussian_blur(row, 3.0), gaussian_blur(mirrored, 3.0)[:, 32:40], rtol=1e-9)


@pytest.mark.parametrize("shape", [(2, 3), (1, 40), (40, 1), (30, 40)])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_distances_are_exact(shape, share):
    mask = np.random.default_rng(0).random(shape) < share
    mask[-1, 0] = False
    rows, columns = np.indices(shape)
    nearest = [np.hypot(rows - row, columns - column) for row, column in np.argwhere(~mask)]
    assert_allclose(distance_to_outside(mask), np.min(nearest, axis=0), rtol=1e-6)
