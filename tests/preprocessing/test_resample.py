"""Rasters are cropped, resized, halved and pooled, compared with plain formulas."""

import numpy as np
import pytest

from inkdigits.preprocessing import resample


def test_resampling_to_the_same_size_is_the_identity():
    np.testing.assert_array_equal(resample.resampling_matrix(20, 20), np.eye(20, dtype=np.float32))


def test_resampling_averages_areas_and_interpolates():
    halved = resample.resampling_matrix(6, 3) @ np.array([0, 2, 4, 6, 8, 10], np.float32)
    np.testing.assert_allclose(halved, [1, 5, 9], atol=1e-6)
    thirds = resample.resampling_matrix(5, 2) @ np.array([1, 1, 1, 0, 0], np.float32)
    np.testing.assert_allclose(thirds, [1, 0.2], atol=1e-6)
    doubled = resample.resampling_matrix(2, 4) @ np.array([0, 4], np.float32)
    np.testing.assert_allclose(doubled, [0, 1, 3, 4], atol=1e-6)


@pytest.mark.parametrize("size", [7, resample.MAX_CACHED_PX + 1])
def test_shared_matrix_cannot_be_written_to(size):
    with pytest.raises(ValueError, match="read-only"):
        resample.resampling_matrix(size, 5)[0, 0] = 1


def test_image_is_resized_along_both_axes():
    image = np.outer([0, 2, 4, 6], [1, 1, 3, 3]).astype(np.float32)
    resized = resample.resize(image, (2, 2))
    np.testing.assert_allclose(resized, [[1, 3], [5, 15]], atol=1e-6)


@pytest.mark.parametrize(
    ("shape", "fitted"), [((40, 10), (20, 5)), ((3, 12), (5, 20)), ((1, 99), (1, 20))]
)
def test_fitting_keeps_the_aspect_and_scales_the_peak_to_1(shape, fitted):
    ink = np.full(shape, 99, np.float32)
    np.testing.assert_allclose(resample.fit(ink, 20), np.ones(fitted), atol=1e-6)


def test_crop_holds_every_nonzero_pixel_and_no_empty_border():
    image = np.zeros((9, 9), np.uint8)
    image[2, 5] = image[6, 3] = 7
    assert resample.bounding_box(image) == (slice(2, 7), slice(3, 6))
    cropped = resample.crop(image)
    assert (cropped.dtype, cropped.shape, cropped.sum()) == (np.float32, (5, 3), 14)


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 7), (7, 1), (3, 2), (2 * resample.STRIP_ROWS + 1, 9)]
)
def test_halving_averages_each_byte_on_its_own(shape):
    rgba = np.random.default_rng(0).integers(0, 256, (*shape, 4), np.uint8)
    height, width = (max(side, 2) // 2 for side in shape)
    # A single row, or column, is its own mean.
    pairs = np.broadcast_to(rgba, (max(shape[0], 2), max(shape[1], 2), 4))
    whole = pairs[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 4)
    halved = resample.halve(rgba)
    assert halved.shape == (height, width, 4)
    error = whole.mean(axis=(1, 3)) - halved  # rounded down once for rows, once for columns
    assert error.min() >= 0
    assert error.max() <= 1


@pytest.mark.parametrize(("side", "halvings"), [(64, 0), (65, 1), (128, 1), (130, 2), (300, 3)])
def test_image_is_halved_until_it_is_small_enough(side, halvings):
    small, count = resample.downscale(np.zeros((3, side, 4), np.uint8), 64)
    assert count == halvings
    assert small.shape[:2] == (max(1, 3 >> halvings), side >> halvings)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("shape", [(1, 1), (6, 6), (7, 5)])
def test_pooling_takes_the_maximum_of_each_block(shape, size):
    image = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    expected = [
        [
            image[row : row + size, column : column + size].max()
            for column in range(0, shape[1], size)
        ]
        for row in range(0, shape[0], size)
    ]
    np.testing.assert_array_equal(resample.max_pool(image, size), expected)
