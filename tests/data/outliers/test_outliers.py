"""Outliers: preprocessed, of many kinds, and none of them similar to a digit."""

import numpy as np
import pytest

from inkdigits.data import outliers
from inkdigits.data.outliers import KINDS, LENIENT, LIMITS, MEDIUM, STRICT, make
from inkdigits.data.outliers.clearance import References
from inkdigits.data.outliers.digits import rotated_or_mirrored
from inkdigits.data.outliers.shapes import filled_polygon, polygon
from inkdigits.data.outliers.strokes import glyph

SAMPLES = 60
each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


@pytest.fixture(scope="module")
def made(few_digits):
    return make(1000, 3, few_digits.images, few_digits.labels)


def draw(kind, by_label, seed=0, count=SAMPLES):
    rng = np.random.default_rng(seed)
    return np.stack([kind(rng, by_label) for _ in range(count)])


def assert_preprocessed(images):
    assert images.dtype == np.uint8
    assert images.shape[1:] == (28, 28)
    for image in images:
        assert image.max() == 255
        sides = np.array([np.ptp(np.flatnonzero(image.any(axis=axis))) + 1 for axis in (1, 0)])
        assert max(sides) <= 20
        places = np.argwhere(image)
        center = np.average(places, axis=0, weights=image[image > 0])
        # Only images that would not fit otherwise are off-center.
        assert (np.abs(center - 14) < np.where(28 - sides > 10, 0.6, 6)).all()


def test_makes_as_many_as_requested_and_preprocesses_them(made):
    assert len(made) == 1000
    assert_preprocessed(made)


@pytest.mark.parametrize(
    ("kind", "limit"), [(glyph, STRICT), (polygon, MEDIUM), (filled_polygon, LENIENT)]
)
def test_images_similar_to_a_digit_are_excluded(kind, limit, few_digits, by_label, monkeypatch):
    # Many copies, because a few digits do not count.
    images, labels = np.repeat(few_digits.images, 8, axis=0), np.repeat(few_digits.labels, 8)
    order = np.random.default_rng(0).permutation(len(images))
    similarity = References.from_images(images, order).similarity
    monkeypatch.setattr(outliers, "KINDS", {kind: 1.0})
    kept = similarity(make(300, 0, images, labels))
    assert limit - 0.04 < kept.max() < limit + 0.02
    assert similarity(draw(kind, by_label, count=300)).max() > limit


def test_limits_are_those_of_kinds():
    assert set(LIMITS) <= set(KINDS)


def test_blank_images_are_excluded(few_digits, monkeypatch):
    """Blank images are rare, so half of the digits are made blank here."""
    images = few_digits.images.copy()
    images[::2] = 0
    monkeypatch.setattr(outliers, "KINDS", {rotated_or_mirrored: 1.0})
    assert make(100, 0, images, few_digits.labels).any(axis=(1, 2)).all()


def test_outliers_depend_on_the_seed(few_digits):
    images, labels = few_digits.images, few_digits.labels
    first, again, other = (make(50, seed, images, labels) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert len(np.unique(np.concatenate([first, other]), axis=0)) == 100


def test_digits_are_not_modified(few_digits):
    before = few_digits.images.copy()
    make(200, 0, few_digits.images, few_digits.labels)
    np.testing.assert_array_equal(few_digits.images, before)


def test_zero_outliers_are_an_empty_array(few_digits):
    assert make(0, 0, few_digits.images, few_digits.labels).shape == (0, 28, 28)


def test_missing_digit_is_an_error(few_digits):
    others = few_digits.take(few_digits.labels != 7)
    with pytest.raises(ValueError, match="each of the ten"):
        make(10, 0, others.images, others.labels)


@each_kind
def test_each_kind_draws_preprocessed_images_that_differ(kind, by_label):
    images = draw(kind, by_label)
    inked = images[images.any(axis=(1, 2))]
    assert len(inked) > 0.8 * SAMPLES
    assert_preprocessed(inked)
    assert len(np.unique(inked, axis=0)) > 0.9 * len(inked)


@each_kind
def test_each_kind_depends_only_on_the_generator(kind, by_label):
    np.testing.assert_array_equal(draw(kind, by_label), draw(kind, by_label))
    assert (draw(kind, by_label, 1) != draw(kind, by_label, 2)).any()
