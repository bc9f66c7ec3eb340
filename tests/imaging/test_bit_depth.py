"""The bits that a 16-bit image uses are told from noise in its low bits."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from inkdigits.imaging.bit_depth import is_noise, reduce, unused_bits


@pytest.mark.parametrize(
    ("maximum", "unused"), [(255, 0), (128, 0), (127, 1), (64, 1), (15, 4), (3, 6), (1, 7), (0, 8)]
)
def test_upper_bits_are_unused_if_they_are_0_in_all_samples(maximum, unused):
    high = np.zeros((3, 4), np.uint8)
    high[1, 2] = maximum
    assert unused_bits(high) == unused


@pytest.mark.parametrize("unused", range(9))
def test_the_eight_bits_after_the_unused_ones_remain(unused):
    samples = np.arange(2**16 >> unused, dtype=np.uint16)
    high, low = (samples >> 8).astype(np.uint8), samples.astype(np.uint8)
    expected = samples.astype(int) << unused >> 8
    np.testing.assert_array_equal(reduce(high, low, unused), expected)
    both = np.stack([high, high], axis=-1), np.stack([low, low], axis=-1)
    of_two = reduce(*both, np.array([unused, 0], np.uint8))
    np.testing.assert_array_equal(of_two, np.stack([expected, high], axis=-1))


def noise(deviation, size=(200, 300)):
    return np.random.default_rng(1).normal(0, deviation, size)


def drawing(width=1, size=(28, 28), contrast=128):
    image = Image.new("L", size[::-1])
    draw = ImageDraw.Draw(image)
    draw.line((size[1] / 4, size[0] / 4, size[1] * 3 / 4, size[0] * 3 / 4), contrast, width)
    return np.asarray(image)


def image_of(values):
    return np.clip(np.round(values), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("deviation", [0.5, 3, 10, 20])
def test_noise_is_noise(deviation):
    level = 5 * deviation
    assert is_noise(image_of(level + noise(deviation)))
    lines = noise(deviation, (200, 1)) + noise(deviation / 10)
    assert is_noise(image_of(level + lines))
    assert is_noise(image_of(level + lines).T)
    assert is_noise(image_of(np.full((20, 30), level)))
    hot_pixels = image_of(level + noise(deviation))
    hot_pixels[::20, ::17] = 250
    assert is_noise(hot_pixels)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (50, 1), (2, 2)])
def test_even_the_smallest_images_are_noise_or_not(size):
    assert is_noise(np.full(size, 9, np.uint8))


@pytest.mark.parametrize("size", [(28, 28), (300, 200), (2000, 1000)])
@pytest.mark.parametrize("width", [1, 3])
def test_a_drawing_is_no_noise(size, width):
    strokes = drawing(width, size)
    assert not is_noise(strokes)
    assert not is_noise(255 - strokes)
    assert not is_noise(image_of(20 + strokes + noise(3, size)))


def test_a_gradient_is_no_noise():
    ramp = np.linspace(0, 255, 400)[:, np.newaxis] + np.zeros(300)
    assert not is_noise(image_of(ramp + noise(5, ramp.shape)))
