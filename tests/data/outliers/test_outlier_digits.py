"""Outliers made from real digits: which digits are used, and how they are changed."""

import numpy as np
import pytest

from inkdigits.data.outliers.digits import half_digit, inverted, rotated_or_mirrored


def draw(kind, by_label, count=60):
    rng = np.random.default_rng(0)
    return [kind(rng, by_label) for _ in range(count)]


def without(by_label, *labels):
    """Return the digits without some labels; using one of these raises an error."""
    return [[] if label in labels else images for label, images in enumerate(by_label)]


@pytest.mark.parametrize(
    ("kind", "left_out"), [(half_digit, (1, 4, 6, 7, 8, 9)), (rotated_or_mirrored, (0,))]
)
def test_digits_that_would_become_other_digits_are_excluded(kind, left_out, by_label):
    draw(kind, without(by_label, *left_out))
    for label in set(range(10)) - set(left_out):
        with pytest.raises(ValueError, match="high <= 0"):
            draw(kind, without(by_label, label))


def test_half_digit_is_smaller_than_the_digit():
    """The half of a square is half as high or half as wide."""
    square = np.zeros((1, 28, 28), np.uint8)
    square[0, 4:24, 4:24] = 255
    for image in draw(half_digit, [square] * 10):
        height, width = (np.ptp(np.flatnonzero(image.any(axis=axis))) + 1 for axis in (1, 0))
        assert max(height, width) == 20
        assert min(height, width) <= 0.62 * 20


def test_inverted_digit_has_ink_around_it():
    square = np.zeros((1, 28, 28), np.uint8)
    square[0, 9:19, 9:19] = 255
    for image in draw(inverted, [square] * 10):
        assert image[7, 7] == 255
        assert image[14, 14] == 0
