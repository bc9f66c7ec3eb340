"""The write-up's preprocessing equals a plain pixel-by-pixel reference."""

import numpy as np
import pytest
from sample_images import as_rgba

from inkdigits.preprocessing import classic


def reference(image):
    """The write-up's steps: binarize, center the bounding box, gray the edges."""
    binary = [[255 if image[r][c] > 50 else 0 for c in range(28)] for r in range(28)]
    ink = [(r, c) for r in range(28) for c in range(28) if binary[r][c]]
    result = np.zeros((28, 28), np.uint8)
    if not ink:
        return result
    top, left = min(r for r, _ in ink), min(c for _, c in ink)
    height = max(r for r, _ in ink) - top + 1
    width = max(c for _, c in ink) - left + 1
    down, right = (28 - height) // 2 - top, (28 - width) // 2 - left
    for r, c in ink:
        result[r + down, c + right] = 255
    for r, c in ink:
        for dr, dc in ((-1, 0), (1, 0), (0, -1), (0, 1)):
            row, column = r + down + dr, c + right + dc
            if 0 <= row < 28 and 0 <= column < 28 and result[row, column] == 0:
                result[row, column] = 128
    return result


def random_images(number):
    """Random ink of every density, in boxes anywhere: many touch the border."""
    rng = np.random.default_rng(0)
    images = np.zeros((number, 28, 28), np.uint8)
    for image in images:
        top, bottom = sorted(rng.integers(0, 29, 2))
        left, right = sorted(rng.integers(0, 29, 2))
        shape = (bottom - top, right - left)
        image[top:bottom, left:right] = rng.integers(0, 256, shape) * (rng.random(shape) < 0.4)
    return images


def corner_cases():
    images = np.zeros((8, 28, 28), np.uint8)
    images[1] = 255
    images[2, 0, 0] = 255
    images[3, 27, 27] = 255
    images[4, 0, :] = 255
    images[5, :, 27] = 255
    images[6, 5, 5] = 50  # not over the threshold
    images[7, 5, 5] = 51
    return images


@pytest.mark.parametrize("images", [random_images(300), corner_cases()], ids=["random", "corners"])
def test_result_equals_the_reference(images):
    expected = np.stack([reference(image) for image in images])
    np.testing.assert_array_equal(classic.from_mnist(images), expected)


def test_result_equals_the_reference_on_real_digits(digits):
    images = digits.images[:300]
    expected = np.stack([reference(image) for image in images])
    np.testing.assert_array_equal(classic.from_mnist(images), expected)


def test_batch_is_not_modified(digits):
    images = digits.images[:10].copy()
    classic.from_mnist(images)
    np.testing.assert_array_equal(images, digits.images[:10])


def test_image_in_mnist_form_is_only_binarized(digits):
    one_by_one = [classic.from_image(as_rgba(image)) for image in digits.images[:200]]
    np.testing.assert_array_equal(one_by_one, classic.from_mnist(digits.images[:200]))


def test_black_ink_on_the_write_ups_blue_canvas_is_extracted():
    """28x28, black ink 2 px wide on opaque rgb(93, 212, 248), gives the same as white on black."""
    ink = np.zeros((28, 28), bool)
    ink[4:20, 10:12] = True
    ink[18:20, 10:18] = True
    canvas = np.empty((28, 28, 4), np.uint8)
    canvas[:] = (93, 212, 248, 255)
    canvas[ink, :3] = 0
    np.testing.assert_array_equal(classic.from_image(canvas), reference(np.where(ink, 255, 0)))


def test_pale_ink_is_stretched_before_the_threshold():
    image = np.full((28, 28), 255, np.uint8)
    image[8:20, 13:15] = 225  # 30 of 255 levels darker, below the threshold
    result = classic.from_image(as_rgba(image))
    assert (result == 255).sum() == 24


def test_large_drawing_is_scaled_to_28x28():
    image = np.full((300, 200), 255, np.uint8)
    image[50:250, 90:110] = 0
    result = classic.from_image(as_rgba(image))
    rows, columns = np.nonzero(result == 255)
    assert (np.ptp(rows) + 1, np.ptp(columns) + 1) == (20, 2)
    assert set(np.unique(result)) == {0, 128, 255}


@pytest.mark.parametrize("side", [28, 300])
def test_blank_image_stays_blank(side):
    assert not classic.from_image(as_rgba(np.full((side, side), 200, np.uint8))).any()
