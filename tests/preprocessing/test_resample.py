"""Rasters are cropped, resized, halved and pooled, compared with plain formulas."""

import numpy as np
import pytest

from inkdigits.preprocessing import resample

LARGE = resample.MAX_DIRECT_PX  # pixels; images of more take another way


def resized_by_matrices(image, shape):
    """Each new pixel is the mean over its area, or is interpolated linearly between old ones."""
    for size, new_size in zip(image.shape, shape, strict=True):
        scale = size / new_size
        centers = (np.arange(new_size) + 0.5) * scale
        distances = np.abs(centers[:, None] - (np.arange(size) + 0.5))
        weights = np.clip((max(scale, 1) + 1) / 2 - distances, 0, 1)
        image = (weights / weights.sum(axis=1, keepdims=True) @ image).T
    return image


@pytest.mark.parametrize(
    ("shape", "new_shape"),
    [
        ((1, 1), (1, 1)),
        ((1, 1), (7, 3)),
        ((1, 99), (1, 20)),
        ((99, 1), (20, 1)),
        ((2, 5000), (1, 80)),
        ((28, 28), (28, 28)),
        ((13, 20), (80, 123)),
        ((21, 20), (20, 19)),
        ((160, 120), (80, 60)),
        ((181, 181), (80, 80)),
        ((182, 181), (80, 80)),
        ((1, LARGE + 1), (1, 20)),
        ((LARGE + 1, 1), (20, 1)),
        ((1201, 977), (80, 65)),
        ((1201, 977), (1201, 976)),
    ],
)
@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
def test_resizing_equals_plain_matrices(shape, new_shape, dtype):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, shape).astype(dtype) / (1 if dtype == np.uint8 else 255)
    image = image.astype(dtype)
    resized = resample.resize(image, new_shape)
    assert (resized.dtype, resized.shape) == (np.float32, new_shape)
    expected = resized_by_matrices(image.astype(float), new_shape)
    # OpenCV leaves out a pixel of which an area has less than a thousandth.
    np.testing.assert_allclose(resized, expected, atol=1e-3 * image.max())


def test_resizing_does_not_need_contiguous_images():
    image = np.random.default_rng(0).integers(0, 256, (300, 400), np.uint8)
    np.testing.assert_array_equal(
        resample.resize(image[::2, 1::3], (20, 20)),
        resample.resize(np.ascontiguousarray(image[::2, 1::3]), (20, 20)),
    )


@pytest.mark.parametrize(
    ("shape", "fitted"), [((40, 10), (20, 5)), ((3, 12), (5, 20)), ((1, 99), (1, 20))]
)
def test_fitting_keeps_the_aspect_and_scales_the_peak_to_1(shape, fitted):
    ink = np.full(shape, 99, np.uint8)
    np.testing.assert_allclose(resample.fit(ink, 20), np.ones(fitted), atol=1e-6)


@pytest.mark.parametrize("shape", [(9, 9), (9, 2), (2, 9), (1, 9), (9, 1), (4, 4)])
def test_bounding_box_holds_every_nonzero_pixel_and_no_empty_border(shape):
    rng = np.random.default_rng(0)
    for _ in range(50):
        image = rng.integers(0, 256, shape, np.uint8) * (rng.random(shape) < 0.2)
        image[rng.integers(shape[0]), rng.integers(shape[1])] = 1
        rows, columns = resample.bounding_box(image)
        inked_rows, inked_columns = np.nonzero(image)
        assert (rows.start, rows.stop) == (inked_rows.min(), inked_rows.max() + 1)
        assert (columns.start, columns.stop) == (inked_columns.min(), inked_columns.max() + 1)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (3, 2), (129, 9)])
def test_halving_averages_each_channel_on_its_own(shape):
    rgba = np.random.default_rng(0).integers(0, 256, (*shape, 4), np.uint8)
    height, width = (max(side, 2) // 2 for side in shape)
    # A single row, or column, is its own mean.
    pairs = np.broadcast_to(rgba, (max(shape[0], 2), max(shape[1], 2), 4))
    whole = pairs[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 4)
    halved = resample.halve(rgba)
    assert halved.shape == (height, width, 4)
    np.testing.assert_allclose(halved, whole.mean(axis=(1, 3)), atol=0.5)


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
