"""The similarity of images to real digits."""

import numpy as np
import pytest

from inkdigits.data.outliers.clearance import BLOCKS, DECISIVE, References


def references(images, seed=0):
    order = np.random.default_rng(seed).permutation(len(images))
    return References.from_images(images, order)


def test_image_that_resembles_several_digits_is_similar(few_digits):
    """Moved by a pixel, a digit is far more similar to itself than its negative is."""
    image = few_digits.images[0]
    # The original and its copies are in different blocks.
    found = references(np.repeat(image[None], BLOCKS, axis=0))
    moved, negative = found.similarity(np.stack([np.roll(image, 1, axis=1), 255 - image]))
    assert moved > 0.85
    assert negative < 0.6


def test_illegible_digits_do_not_count(few_digits):
    """One or two squares among the digits exclude no squares; more of them do."""
    square = np.zeros((28, 28), np.uint8)
    square[4:24, 4:24] = 255
    similarity = []
    for squares in (0, DECISIVE - 1, BLOCKS * DECISIVE):
        images = np.concatenate([few_digits.images, np.repeat(square[None], squares, axis=0)])
        similarity.append(references(images).similarity(square[None])[0])
    assert similarity[0] == pytest.approx(similarity[1], abs=0.03)
    assert similarity[1] < 0.9
    assert similarity[2] == pytest.approx(1)


def test_similarity_is_never_above_1_and_0_for_a_blank_image(few_digits):
    blank = np.zeros((1, 28, 28), np.uint8)
    found = references(few_digits.images)
    assert found.similarity(blank) == 0
    assert found.similarity(few_digits.images[:100]).max() < 1 + 1e-5


def test_few_digits_are_enough(few_digits):
    image = few_digits.images[:1]
    assert references(image).similarity(image) == pytest.approx(1)
