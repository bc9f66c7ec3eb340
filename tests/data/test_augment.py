"""Augmentation: each transform alone, then all of them together."""

from dataclasses import fields, replace

import numpy as np
import plain_augmentation
import pytest
from foreign import ForeignArray

from inkdigits.arrays import PART_BYTES
from inkdigits.data.augment import BYTES_EACH, Augment, _interpolate

PART = PART_BYTES // BYTES_EACH  # images, at most
IDENTITY = Augment(
    **{field.name: 0.0 for field in fields(Augment)} | {"elastic_length_scale_px": 4.0}
)
CHANGES = [  # one at a time
    {"rotation_degrees": 30.0},
    {"scale": 0.3},
    {"aspect": 0.3},
    {"shear": 0.3},
    {"shift_px": 3.0},
    {"elastic_px": 2.0},
    {"stroke": 0.8},
    {"gap_share": 1.0},
    {"noise": 0.2},
    {"blur": 1.0},
]
STRONG = Augment(
    rotation_degrees=15.0,
    scale=0.15,
    aspect=0.15,
    shear=0.2,
    shift_px=2.0,
    elastic_px=1.2,
    elastic_length_scale_px=4.0,
    stroke=0.5,
    gap_share=0.1,
    noise=0.05,
    blur=0.5,
)
ROWS, COLUMNS = np.mgrid[:28, :28] - 13.5


def augmented(x, seed=0, **strengths):
    return replace(IDENTITY, **strengths)(x, np.random.default_rng(seed))


def bars(count, height=18, width=4):
    """Draw centered vertical bars with soft edges."""
    up = np.clip(height / 2 + 0.5 - np.abs(ROWS), 0, 1)
    across = np.clip(width / 2 + 0.5 - np.abs(COLUMNS), 0, 1)
    return np.tile(up * across, (count, 1, 1)).astype(np.float32)


def moments(x):
    """Return the center of mass (N, 2) and the covariance (N, 2, 2) of the ink, rows first."""
    mass = x.sum(axis=(1, 2))
    pixels = np.stack([ROWS, COLUMNS], axis=-1)
    center = np.einsum("nhw,hwi->ni", x, pixels) / mass[:, None]
    spread = np.einsum("nhw,hwi,hwj->nij", x, pixels, pixels) / mass[:, None, None]
    return center, spread - np.einsum("ni,nj->nij", center, center)


def test_zero_strengths_change_nothing(digits):
    x = digits.images[:50] / np.float32(255)
    np.testing.assert_allclose(augmented(x), x, atol=2e-6)


@pytest.mark.parametrize("change", [*CHANGES, {}], ids=lambda change: next(iter(change), "all"))
def test_augmented_images_are_valid_and_reproducible(digits, change):
    x = digits.images[:64] / np.float32(255)
    before = x.copy()
    augment = replace(IDENTITY, **change) if change else STRONG
    y = augment(x, np.random.default_rng(1))
    assert (y.shape, y.dtype) == (x.shape, np.float32)
    assert y.min() >= 0
    assert y.max() <= 1
    np.testing.assert_array_equal(x, before)
    assert (np.abs(y - x).max(axis=(1, 2)) > 0.02).mean() > 0.8
    np.testing.assert_array_equal(augment(x, np.random.default_rng(1)), y)
    assert not np.array_equal(augment(x, np.random.default_rng(2)), y)


@pytest.mark.parametrize("change", [*CHANGES, {}], ids=lambda change: next(iter(change), "all"))
def test_each_image_is_augmented_differently(change):
    augment = replace(IDENTITY, **change) if change else STRONG
    y = augment(np.float32(0.8) * bars(8), np.random.default_rng(0))
    assert len(np.unique(y.round(3).reshape(8, -1), axis=0)) == 8


@pytest.mark.parametrize("change", [*CHANGES, {}], ids=lambda change: next(iter(change), "all"))
def test_augmentation_equals_the_plain_one(digits, change):
    augment = replace(IDENTITY, **change) if change else STRONG
    x = digits.images[: 2 * PART + 3] / np.float32(255)
    x[::3] = np.random.default_rng(0).random(x[::3].shape)  # with ink up to the border
    expected = plain_augmentation.augment(augment, x, np.random.default_rng(5))
    np.testing.assert_allclose(augment(x, np.random.default_rng(5)), expected, atol=6e-6)


@pytest.mark.parametrize("count", [0, 1, PART, PART + 1])
def test_batches_of_any_size_are_augmented(digits, count):
    x = digits.images[:count] / np.float32(255)
    expected = plain_augmentation.augment(STRONG, x, np.random.default_rng(count))
    np.testing.assert_allclose(STRONG(x, np.random.default_rng(count)), expected, atol=6e-6)


@pytest.mark.parametrize("count", [0, 32, PART + 1])
def test_arrays_of_another_library_are_augmented_alike(digits, count):
    """They imitate GPU arrays: see tests/foreign.py."""
    x = digits.images[:count] / np.float32(255)
    expected = STRONG(x, np.random.default_rng(0))
    foreign = STRONG(ForeignArray(x), np.random.default_rng(0))
    np.testing.assert_allclose(foreign.get(), expected, atol=1e-6)


def test_rotation_is_uniform_up_to_the_maximum():
    _, spread = moments(augmented(bars(400), rotation_degrees=20.0))
    angle = np.degrees(np.arctan2(2 * spread[:, 0, 1], spread[:, 0, 0] - spread[:, 1, 1]) / 2)
    assert 18 < np.abs(angle).max() < 21
    assert abs(angle.mean()) < 2
    assert angle.std() == pytest.approx(20 / np.sqrt(3), rel=0.1)


def test_scale_is_up_to_the_maximum_factor():
    before = moments(bars(1))[1][0, 0, 0]
    factor = np.sqrt(moments(augmented(bars(400), scale=0.25))[1][:, 0, 0] / before)
    assert 1.2 < factor.max() < 1.27
    assert 1 / 1.27 < factor.min() < 1 / 1.2


def test_aspect_changes_only_the_width():
    before = moments(bars(1, width=8))[1][0]
    after = moments(augmented(bars(400, width=8), aspect=0.25))[1]
    np.testing.assert_allclose(after[:, 0, 0], before[0, 0], rtol=0.02)
    factor = np.sqrt(after[:, 1, 1] / before[1, 1])
    assert 1.2 < factor.max() < 1.27
    assert 1 / 1.27 < factor.min() < 1 / 1.2


def test_shear_moves_the_top_against_the_bottom():
    after = moments(augmented(bars(400), shear=0.3))[1]
    slope = after[:, 0, 1] / after[:, 0, 0]
    assert 0.27 < slope.max() < 0.31
    assert -0.31 < slope.min() < -0.27
    np.testing.assert_allclose(after[:, 0, 0], moments(bars(1))[1][0, 0, 0], rtol=0.02)


def test_shift_is_up_to_the_maximum_along_each_axis():
    center, spread = moments(augmented(bars(400), shift_px=3.0))
    assert 2.8 < np.abs(center).max() < 3.01
    np.testing.assert_allclose(np.abs(center.mean(axis=0)), 0, atol=0.3)
    np.testing.assert_allclose(spread[:, 0, 0], moments(bars(1))[1][0, 0, 0], rtol=0.02)


def test_ink_shifted_over_the_border_is_lost():
    x = np.zeros((200, 28, 28), np.float32)
    x[:, :, -1] = 1
    y = augmented(x, shift_px=6.0)
    assert y[:, :, 0].max() == 0
    assert (y.sum(axis=(1, 2)) < 1).mean() > 0.3


def test_elastic_field_is_smooth_and_has_its_standard_deviation():
    noise = 1.5 * np.random.default_rng(0).standard_normal((2000, 2, 8, 8), np.float32)
    field = _interpolate(noise, IDENTITY._spread().astype(np.float32))
    assert field.shape == (2000, 2, 28, 28)
    np.testing.assert_allclose(field.std(axis=0), 1.5, rtol=0.1)
    np.testing.assert_allclose(field.mean(axis=0), 0, atol=0.15)
    beside = np.mean(field[..., :-1] * field[..., 1:]) / 1.5**2
    far = np.mean(field[..., :-14] * field[..., 14:]) / 1.5**2
    assert beside > 0.9
    assert far < 0.3


def test_strokes_get_wider_and_narrower():
    before = bars(1).sum()
    ink = augmented(bars(400), stroke=1.0).sum(axis=(1, 2)) / before
    # A bar of 4 px becomes 6 px or 2 px wide, and longer or shorter by as much.
    assert 1.5 < ink.max() < 6 * 20 / (4 * 18) + 0.01
    assert 2 * 16 / (4 * 18) - 0.01 < ink.min() < 0.55


def test_gaps_are_narrow_and_in_the_given_share_of_the_images():
    x = np.ones((1000, 28, 28), np.float32)
    y = augmented(x, gap_share=0.3)
    lost = (x - y).sum(axis=(1, 2))
    assert np.mean(lost > 0) == pytest.approx(0.3, abs=0.06)
    # Across an image full of ink a gap is 28 px to 40 px long, and up to 3.4 px wide.
    assert 28 < lost[lost > 0].mean() < 40 * 3.4
    assert y.min() == 0


def test_noise_has_all_strengths_up_to_the_maximum():
    x = np.full((500, 28, 28), 0.5, np.float32)
    deviation = augmented(x, noise=0.1).std(axis=(1, 2))
    assert 0.09 < deviation.max() < 0.105
    assert deviation.min() < 0.005


def test_edges_are_blurred_or_sharpened():
    gray = np.tile(np.float32([0, 0, 0, 0.25, 0.75, 1, 1, 1]), (400, 28, 4))[:, :, :28]
    step = augmented(gray, blur=1.0)[:, 14, 3:5]  # the soft edge of a bar
    rise = (step[:, 1] - step[:, 0]) / 0.5
    # Filtering with [1 2 1] / 4 turns 0.25 and 0.75 into 0.3125 and 0.6875.
    assert 0.74 < rise.min() < 0.78
    assert 1.22 < rise.max() < 1.26
    flat = np.full((50, 28, 28), 0.5, np.float32)
    np.testing.assert_allclose(augmented(flat, blur=1.0)[:, 1:-1, 1:-1], 0.5, atol=1e-6)
