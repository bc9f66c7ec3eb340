"""Filters: the Gaussian kernel, and mirrored borders."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from inkdigits.data.filters import gaussian_blur


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
