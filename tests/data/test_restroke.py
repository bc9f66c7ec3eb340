"""Restroking: MNIST's digits with another pen, still recognizable and still like MNIST."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from inkdigits.data import restroke as restroke_module
from inkdigits.data.restroke import (
    Restroking,
    _change_pen,
    _distance,
    _restroke,
    _slant,
    restroke,
)
from inkdigits.preprocessing import ink
from inkdigits.preprocessing.filters import gaussian_blur


@pytest.fixture(scope="module")
def images(digits):
    return digits.images[:150]


@pytest.fixture(scope="module")
def restroked(images):
    return restroke(images, seed=0)


def stroke_width(image):
    """Return the median stroke width in pixels, from the depth along the centerline."""
    depth = _distance(image > 0.5)
    largest = cv2.dilate(depth, np.ones((3, 3), np.uint8))
    return 2 * np.median(depth[(image > 0.5) & (depth >= largest)])


def test_distances_are_exact():
    mask = np.ones((9, 12), bool)
    mask[0, 0] = mask[6, 10] = False
    rows, columns = np.mgrid[:9, :12]
    expected = np.minimum(np.hypot(rows, columns), np.hypot(rows - 6, columns - 10))
    np.testing.assert_allclose(_distance(mask), expected, rtol=1e-6)
    assert _distance(mask)[3, 4] == 5


def test_images_are_preprocessed(restroked, images):
    assert (restroked.shape, restroked.dtype) == (images.shape, np.uint8)
    assert (restroked.max(axis=(1, 2)) == 255).all()
    rows, columns = (np.flatnonzero(restroked.any(axis=(0, axis))) for axis in (2, 1))
    assert min(rows[0], columns[0]) >= 1
    longer_sides = [max(np.ptp(np.nonzero(image), axis=1)) + 1 for image in restroked]
    assert np.median(longer_sides) == 20


def test_restroked_digits_resemble_their_originals(restroked, images):
    """Most are more similar to their original than to any other image of the batch."""

    def blurred(batch):
        soft = np.stack([gaussian_blur(image, 2).ravel() for image in batch.astype(float)])
        soft -= soft.mean(axis=1, keepdims=True)
        return soft / np.linalg.norm(soft, axis=1, keepdims=True)

    similarity = blurred(restroked) @ blurred(ink.from_mnist(images)).T
    assert np.mean(similarity.argmax(axis=1) == np.arange(len(images))) > 0.5
    assert np.median(similarity.diagonal()) > 0.8


def test_slanted_rows_keep_their_ink():
    image = np.zeros((20, 9), np.float32)
    image[:, 4] = 1
    for slant in (-0.4, 0.0, 0.4):
        slanted = _slant(image, slant)
        np.testing.assert_allclose(slanted.sum(axis=1), 1, atol=1e-3)
        columns = slanted @ np.arange(slanted.shape[1])
        assert columns[0] - columns[-1] == pytest.approx(19 * slant, abs=0.1)


def test_some_digits_are_stretched(images, monkeypatch):
    def aspect(**changes):
        monkeypatch.setattr(restroke_module, "RESTROKING", replace(Restroking(), **changes))
        drawn = [_restroke(image, np.random.default_rng(n)) for n, image in enumerate(images)]
        return np.array([np.ptp(np.nonzero(image), axis=1) + 1 for image in drawn]) @ [-1, 1]

    same_size = {"slanted_share": 0, "scales": (2, 2), "block_share": 0}
    usual, stretched = (aspect(**same_size, stretched_share=share) for share in (0, 1))
    assert np.mean(np.abs(stretched - usual) > 3) > 0.4
    assert np.mean(stretched > usual) == pytest.approx(0.5, abs=0.15)


def test_result_depends_on_the_seed_and_the_index(restroked, images):
    np.testing.assert_array_equal(restroke(images[:20], seed=0), restroked[:20])
    equal = (restroke(images[:20], seed=1) == restroked[:20]).all(axis=(1, 2))
    assert not equal.any()
    copies = restroke(np.repeat(images[:1], 20, axis=0), seed=0)
    assert len(np.unique(copies.reshape(20, -1), axis=0)) > 15


def test_originals_are_not_modified(images):
    before = images.copy()
    restroke(images[:10], seed=3)
    np.testing.assert_array_equal(images, before)


def test_pens_have_all_widths(images):
    widths = [
        stroke_width(_change_pen(image, np.random.default_rng(number)))
        for number, image in enumerate(images)
    ]
    assert np.quantile(widths, 0.1) < 5
    assert np.quantile(widths, 0.9) > 11


def test_round_pens_draw_a_constant_width(images):
    def unevenness(image):
        """Return the ratio of the maximum stroke width to the median."""
        depth = _distance(image > 0.5)
        return depth.max() / (stroke_width(image) / 2)

    drawn = [_change_pen(images[0], np.random.default_rng(seed)) for seed in range(60)]
    share = np.mean([unevenness(image) < 1.25 for image in drawn])
    assert 0.4 < share < 0.85


def test_sizes_edges_and_blocks_vary(images):
    drawn = [_restroke(images[0], np.random.default_rng(seed)) for seed in range(200)]
    sides = np.array([max(image.shape) for image in drawn])
    assert sides.min() < 40
    assert sides.max() > 120
    has_hard_edges = [np.isin(image, (0, 255)).all() for image in drawn]
    assert 0.35 < np.mean(has_hard_edges) < 0.65
    has_blocks = [
        all(side % 8 == 0 for side in image.shape)
        and (image == image[::8, ::8].repeat(8, 0).repeat(8, 1)).all()
        for image in drawn
    ]
    assert 0.02 < np.mean(has_blocks) < 0.25


def test_preprocessing_is_an_argument(images):
    shapes = []

    def preprocess(image):
        shapes.append(image.shape)
        return np.full((28, 28), 7, np.uint8)

    assert (restroke(images[:5], 0, preprocess) == 7).all()
    assert len(shapes) == 5
