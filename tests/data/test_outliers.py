"""Tests of the pictures of no digit: cleaned, of many kinds, and none of them like a digit."""

import numpy as np
import pytest
from scipy import ndimage

from inkdigits.data import outliers
from inkdigits.data.outliers import KINDS, make
from inkdigits.preprocessing import ink

SAMPLES = 60


@pytest.fixture(scope="module")
def few(digits):
    """2,000 digits, fewer than each picture is compared with."""
    return digits.take(slice(2000))


@pytest.fixture(scope="module")
def by_label(few):
    return [few.images[few.labels == label] for label in range(10)]


@pytest.fixture(scope="module")
def made(few):
    return make(1000, 3, few.images, few.labels)


def drawn(kind, by_label, seed=0, count=SAMPLES):
    rng = np.random.default_rng(seed)
    return np.stack([kind(rng, by_label) for _ in range(count)])


def without(by_label, *labels):
    """The digits, but for some, of which any use is then an error."""
    return [[] if label in labels else pictures for label, pictures in enumerate(by_label)]


def sides(picture):
    """Height and width of the ink."""
    return [int(np.ptp(np.flatnonzero(picture.any(axis=axis)))) + 1 for axis in (1, 0)]


def assert_cleaned(pictures):
    assert pictures.dtype == np.uint8
    assert pictures.shape[1:] == (28, 28)
    for picture in pictures:
        assert picture.max() == 255
        assert max(sides(picture)) <= ink.BOX
        middle = np.array(ndimage.center_of_mass(picture))
        free = 28 - np.array(sides(picture))
        # Only what would stick out of the picture lies beside the middle.
        assert (np.abs(middle - ink.CENTER) < np.where(free > 10, 0.6, 6)).all()


def test_as_many_as_asked_for_and_cleaned(made):
    assert len(made) == 1000
    assert_cleaned(made)


@pytest.mark.parametrize(
    ("kind", "limit"),
    [(outliers.glyph, outliers.TOO_LIKE), (outliers.outline, outliers.MUCH_TOO_LIKE)],
)
def test_none_is_too_like_a_digit(kind, limit, few, by_label, monkeypatch):
    def likeness(pictures):
        return (outlines(pictures) @ outlines(few.images).T).max(axis=1)

    def outlines(pictures):
        blurred = ndimage.gaussian_filter(pictures.astype(float), (0, 1, 1))[:, ::2, ::2]
        flat = blurred.reshape(len(pictures), -1)
        return flat / np.linalg.norm(flat, axis=1, keepdims=True)

    monkeypatch.setattr(outliers, "KINDS", {kind: 1.0})
    kept = likeness(make(300, 0, few.images, few.labels))
    assert limit - 0.02 < kept.max() < limit + 1e-5
    assert likeness(drawn(kind, by_label, count=300)).max() > limit


def test_a_blank_sheet_is_no_picture(few, monkeypatch):
    """Blank sheets are too rare to wait for, so half of the digits to turn are made blank."""
    images = few.images.copy()
    images[::2] = 0
    monkeypatch.setattr(outliers, "KINDS", {outliers.turned: 1.0})
    assert make(100, 0, images, few.labels).any(axis=(1, 2)).all()


def test_the_seed_and_the_digits_decide(few):
    first, again, other = (make(50, seed, few.images, few.labels) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert len(np.unique(np.concatenate([first, other]), axis=0)) == 100


def test_the_digits_stay_as_they_are(few):
    before = few.images.copy()
    make(200, 0, few.images, few.labels)
    np.testing.assert_array_equal(few.images, before)


def test_none_at_all(few):
    assert make(0, 0, few.images, few.labels).shape == (0, 28, 28)


def test_a_digit_is_missing(few):
    others = few.take(few.labels != 7)
    with pytest.raises(ValueError, match="each of the ten"):
        make(10, 0, others.images, others.labels)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_each_kind_draws_cleaned_pictures_that_differ(kind, by_label):
    pictures = drawn(kind, by_label)
    inked = pictures[pictures.any(axis=(1, 2))]
    assert len(inked) > 0.8 * SAMPLES
    assert_cleaned(inked)
    assert len(np.unique(inked, axis=0)) > 0.9 * len(inked)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_generator_alone_decides(kind, by_label):
    np.testing.assert_array_equal(drawn(kind, by_label), drawn(kind, by_label))
    assert (drawn(kind, by_label, 1) != drawn(kind, by_label, 2)).any()


@pytest.mark.parametrize(
    ("kind", "left_out"), [(outliers.half, (1, 4, 6, 7, 8, 9)), (outliers.turned, (0,))]
)
def test_digits_of_which_digits_would_come_are_left_out(kind, left_out, by_label):
    drawn(kind, without(by_label, *left_out))
    for label in set(range(10)) - set(left_out):
        with pytest.raises(ValueError, match="high <= 0"):
            drawn(kind, without(by_label, label))


def test_a_dash_alone_is_nearer_to_level_than_a_one(by_label):
    for picture in drawn(outliers.dashes, by_label):
        # Several that run into each other have more ink than one.
        if ndimage.label(picture, np.ones((3, 3)))[1] == 1 and picture.sum() < 90 * 255:
            rows, columns = np.nonzero(picture)
            assert columns.std() > rows.std()


def test_a_half_is_less_than_the_digit(few):
    """Of digits that are all one square, which a half is half as high or as wide as."""
    square = np.zeros((1, 28, 28), np.uint8)
    square[0, 4:24, 4:24] = 255
    for picture in drawn(outliers.half, [square] * 10):
        assert min(sides(picture)) <= 0.62 * ink.BOX
