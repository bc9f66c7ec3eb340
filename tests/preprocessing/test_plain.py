"""The preprocessing of pictures that are not ink on paper: grayscale and scaling, nothing else."""

import numpy as np
import pytest
from sample_images import as_rgba

from inkdigits.imaging.decode import decode, encode_png
from inkdigits.preprocessing import plain


@pytest.fixture
def picture():
    """Grays that no segmentation leaves alone: the picture fills the frame."""
    return np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)


def test_gray_picture_of_28x28_is_unchanged_as_an_array_and_as_a_file(picture):
    np.testing.assert_array_equal(plain.from_ink(picture), picture)
    np.testing.assert_array_equal(plain.from_mnist(picture[None])[0], picture)
    np.testing.assert_array_equal(plain.from_image(decode(encode_png(picture))), picture)


def test_polarity_and_position_are_kept(picture):
    white = np.full((28, 28), 255, np.uint8)
    white[2:6, 20:24] = 0
    np.testing.assert_array_equal(plain.from_image(as_rgba(white)), white)


@pytest.mark.parametrize("shape", [(8, 8), (64, 64), (20, 100), (1, 1), (29, 27), (900, 700)])
def test_any_size_is_scaled_to_28x28_and_a_uniform_picture_keeps_its_gray(shape):
    scaled = plain.from_ink(np.full(shape, 77, np.uint8))
    assert scaled.dtype == np.uint8
    np.testing.assert_array_equal(scaled, np.full((28, 28), 77))


def test_halving_takes_the_mean_of_four_pixels(picture):
    large = picture.repeat(2, axis=0).repeat(2, axis=1)
    np.testing.assert_array_equal(plain.from_ink(large), picture)


def test_transparent_parts_are_white():
    rgba = np.zeros((28, 28, 4), np.uint8)
    rgba[:14, :, 3] = 255
    rgba[14:, :, :3] = 40  # the colors of transparent pixels do not count
    rgba[20, :, 3] = 51
    seen = plain.from_image(rgba)
    assert (seen[:14] == 0).all()
    assert (seen[21:] == 255).all()
    assert (seen[20] == 255 - round((255 - 40) * 0.2)).all()
