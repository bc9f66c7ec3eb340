"""MNIST's digits, drawn again by other pens."""

import numpy as np
import pytest
from scipy import ndimage

from inkdigits.data.restroke import _redrawn, _with_another_pen, restroke
from inkdigits.preprocessing import ink


@pytest.fixture(scope="module")
def pictures(digits):
    return digits.images[:150]


@pytest.fixture(scope="module")
def redrawn(pictures):
    return restroke(pictures, seed=0)


def width_of(drawn):
    """The width of a digit's strokes, by the depth along their middle, in pixels."""
    depth = ndimage.distance_transform_edt(drawn > 0.5)
    return 2 * np.median(depth[(drawn > 0.5) & (depth >= ndimage.maximum_filter(depth, 3))])


def test_pictures_are_as_the_clean_up_leaves_them(redrawn, pictures):
    assert (redrawn.shape, redrawn.dtype) == (pictures.shape, np.uint8)
    assert (redrawn.max(axis=(1, 2)) == 255).all()
    rows, columns = (np.flatnonzero(redrawn.any(axis=(0, axis))) for axis in (2, 1))
    assert min(rows[0], columns[0]) >= 1
    longest = [max(np.ptp(np.nonzero(picture), axis=1)) + 1 for picture in redrawn]
    assert np.median(longest) == ink.BOX


def test_they_are_still_the_digits_that_they_were(redrawn, pictures):
    """Beside its own original a digit looks more like itself than like another of the batch."""

    def blurred(batch):
        soft = ndimage.gaussian_filter(batch.astype(float), (0, 2, 2)).reshape(len(batch), -1)
        soft -= soft.mean(axis=1, keepdims=True)
        return soft / np.linalg.norm(soft, axis=1, keepdims=True)

    likeness = blurred(redrawn) @ blurred(ink.from_mnist(pictures)).T
    assert np.mean(likeness.argmax(axis=1) == np.arange(len(pictures))) > 0.6
    assert np.median(likeness.diagonal()) > 0.85


def test_the_seed_and_the_place_decide_the_picture(redrawn, pictures):
    np.testing.assert_array_equal(restroke(pictures[:20], seed=0), redrawn[:20])
    same = (restroke(pictures[:20], seed=1) == redrawn[:20]).all(axis=(1, 2))
    assert not same.any()
    alike = restroke(np.repeat(pictures[:1], 20, axis=0), seed=0)
    assert len(np.unique(alike.reshape(20, -1), axis=0)) > 15


def test_the_originals_are_left_as_they_are(pictures):
    before = pictures.copy()
    restroke(pictures[:10], seed=3)
    np.testing.assert_array_equal(pictures, before)


def test_pens_are_of_all_widths(pictures):
    widths = [
        width_of(_with_another_pen(picture, np.random.default_rng(number)))
        for number, picture in enumerate(pictures)
    ]
    assert np.quantile(widths, 0.1) < 5
    assert np.quantile(widths, 0.9) > 11


def test_round_pens_leave_strokes_of_one_width(pictures):
    def unevenness(drawn):
        """How much wider the widest of a stroke is than the median of it."""
        depth = ndimage.distance_transform_edt(drawn > 0.5)
        return depth.max() / (width_of(drawn) / 2)

    ones = np.array([_with_another_pen(pictures[0], np.random.default_rng(n)) for n in range(60)])
    even = np.mean([unevenness(drawn) < 1.25 for drawn in ones])
    assert 0.4 < even < 0.85


def test_sizes_edges_and_blocks_vary(pictures):
    given = [_redrawn(pictures[0], np.random.default_rng(number)) for number in range(200)]
    sides = np.array([max(picture.shape) for picture in given])
    assert sides.min() < 40
    assert sides.max() > 120
    hard = [np.isin(picture, (0, 255)).all() for picture in given]
    assert 0.35 < np.mean(hard) < 0.65
    blocks = [
        all(side % 8 == 0 for side in picture.shape)
        and (picture == picture[::8, ::8].repeat(8, 0).repeat(8, 1)).all()
        for picture in given
    ]
    assert 0.02 < np.mean(blocks) < 0.25


def test_the_clean_up_is_the_callers(pictures):
    sizes = []

    def clean(strength):
        sizes.append(strength.shape)
        return np.full((28, 28), 7, np.uint8)

    assert (restroke(pictures[:5], 0, clean) == 7).all()
    assert len(sizes) == 5
