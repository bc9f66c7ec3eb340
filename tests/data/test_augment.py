"""Pictures changed at random: each change alone, then all of them together."""

from dataclasses import fields, replace

import numpy as np
import pytest
from foreign import ForeignArray

from inkdigits.data.augment import Augment

NOTHING = Augment(**{field.name: 0.0 for field in fields(Augment)} | {"elastic_grain_px": 4.0})
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
ROWS, COLUMNS = np.mgrid[:28, :28] - 13.5


def augmented(x, seed=0, **strengths):
    return replace(NOTHING, **strengths)(x, np.random.default_rng(seed))


def bars(count, height=18, width=4):
    """Upright bars with soft edges, in the middle."""
    up = np.clip(height / 2 + 0.5 - np.abs(ROWS), 0, 1)
    across = np.clip(width / 2 + 0.5 - np.abs(COLUMNS), 0, 1)
    return np.tile(up * across, (count, 1, 1)).astype(np.float32)


def moments(x):
    """Center of mass (N, 2) and covariance (N, 2, 2) of the ink, rows before columns."""
    mass = x.sum(axis=(1, 2))
    places = np.stack([ROWS, COLUMNS], axis=-1)
    center = np.einsum("nhw,hwi->ni", x, places) / mass[:, None]
    spread = np.einsum("nhw,hwi,hwj->nij", x, places, places) / mass[:, None, None]
    return center, spread - np.einsum("ni,nj->nij", center, center)


def test_without_any_strength_nothing_changes(digits):
    x = digits.images[:50] / np.float32(255)
    np.testing.assert_allclose(augmented(x), x, atol=2e-6)


@pytest.mark.parametrize("change", [*CHANGES, {}], ids=lambda change: next(iter(change), "all"))
def test_pictures_stay_pictures(digits, change):
    x = digits.images[:64] / np.float32(255)
    before = x.copy()
    augment = replace(NOTHING, **change) if change else Augment()
    y = augment(x, np.random.default_rng(1))
    assert (y.shape, y.dtype) == (x.shape, np.float32)
    assert y.min() >= 0
    assert y.max() <= 1
    np.testing.assert_array_equal(x, before)
    assert (np.abs(y - x).max(axis=(1, 2)) > 0.02).mean() > 0.8
    np.testing.assert_array_equal(augment(x, np.random.default_rng(1)), y)
    assert not np.array_equal(augment(x, np.random.default_rng(2)), y)


@pytest.mark.parametrize("change", [*CHANGES, {}], ids=lambda change: next(iter(change), "all"))
def test_each_picture_is_changed_in_its_own_way(change):
    augment = replace(NOTHING, **change) if change else Augment()
    y = augment(np.float32(0.8) * bars(8), np.random.default_rng(0))
    assert len(np.unique(y.round(3).reshape(8, -1), axis=0)) == 8


def test_arrays_of_another_library_are_changed_alike(digits):
    """As a GPU's would be: see tests/foreign.py."""
    x = digits.images[:32] / np.float32(255)
    expected = Augment()(x, np.random.default_rng(0))
    foreign = Augment()(ForeignArray(x), np.random.default_rng(0))
    np.testing.assert_array_equal(foreign.get(), expected)


def test_a_picture_is_turned_by_up_to_its_angle():
    _, spread = moments(augmented(bars(400), rotation_degrees=20.0))
    angle = np.degrees(np.arctan2(2 * spread[:, 0, 1], spread[:, 0, 0] - spread[:, 1, 1]) / 2)
    assert 18 < np.abs(angle).max() < 21
    assert abs(angle.mean()) < 2
    assert angle.std() == pytest.approx(20 / np.sqrt(3), rel=0.1)


def test_a_picture_grows_and_shrinks_by_up_to_its_factor():
    before = moments(bars(1))[1][0, 0, 0]
    factor = np.sqrt(moments(augmented(bars(400), scale=0.25))[1][:, 0, 0] / before)
    assert 1.2 < factor.max() < 1.27
    assert 1 / 1.27 < factor.min() < 1 / 1.2


def test_the_aspect_changes_the_width_alone():
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


def test_a_picture_is_shifted_by_up_to_its_distance_each_way():
    center, spread = moments(augmented(bars(400), shift_px=3.0))
    assert 2.8 < np.abs(center).max() < 3.01
    np.testing.assert_allclose(np.abs(center.mean(axis=0)), 0, atol=0.3)
    np.testing.assert_allclose(spread[:, 0, 0], moments(bars(1))[1][0, 0, 0], rtol=0.02)


def test_what_is_moved_over_the_border_is_gone():
    x = np.zeros((200, 28, 28), np.float32)
    x[:, :, -1] = 1
    y = augmented(x, shift_px=6.0)
    assert y[:, :, 0].max() == 0
    assert (y.sum(axis=(1, 2)) < 1).mean() > 0.3


def test_the_elastic_field_moves_points_by_its_deviation_and_neighbors_alike():
    augment = replace(NOTHING, elastic_px=1.5)
    field = augment._elastic_field(2000, np.random.default_rng(0), np.zeros(1, np.float32))
    assert field.shape == (2000, 2, 28, 28)
    np.testing.assert_allclose(field.std(axis=0), 1.5, rtol=0.1)
    np.testing.assert_allclose(field.mean(axis=0), 0, atol=0.15)
    beside = np.mean(field[..., :-1] * field[..., 1:]) / 1.5**2
    far = np.mean(field[..., :-14] * field[..., 14:]) / 1.5**2
    assert beside > 0.9
    assert far < 0.3


def test_strokes_grow_and_shrink():
    before = bars(1).sum()
    ink = augmented(bars(400), stroke=1.0).sum(axis=(1, 2)) / before
    # A bar of 4 px that is 6 px, or 2 px, wide, and as much longer or shorter.
    assert 1.5 < ink.max() < 6 * 20 / (4 * 18) + 0.01
    assert 2 * 16 / (4 * 18) - 0.01 < ink.min() < 0.55


def test_gaps_are_narrow_and_in_their_share_of_the_pictures():
    x = np.ones((1000, 28, 28), np.float32)
    y = augmented(x, gap_share=0.3)
    lost = (x - y).sum(axis=(1, 2))
    assert np.mean(lost > 0) == pytest.approx(0.3, abs=0.06)
    # Through a whole picture of ink: 28 px long, 40 across its corners, and up to 3.4 wide.
    assert 28 < lost[lost > 0].mean() < 40 * 3.4
    assert y.min() == 0


def test_noise_is_of_all_strengths_up_to_its_most():
    x = np.full((500, 28, 28), 0.5, np.float32)
    deviation = augmented(x, noise=0.1).std(axis=(1, 2))
    assert 0.09 < deviation.max() < 0.105
    assert deviation.min() < 0.005


def test_edges_are_blurred_and_sharpened():
    gray = np.tile(np.float32([0, 0, 0, 0.25, 0.75, 1, 1, 1]), (400, 28, 4))[:, :, :28]
    step = augmented(gray, blur=1.0)[:, 14, 3:5]  # of a bar's soft edge
    rise = (step[:, 1] - step[:, 0]) / 0.5
    # One step of [1 2 1] / 4 leaves 0.3125 and 0.6875 where 0.25 and 0.75 were.
    assert 0.74 < rise.min() < 0.78
    assert 1.22 < rise.max() < 1.26
    flat = np.full((50, 28, 28), 0.5, np.float32)
    np.testing.assert_allclose(augmented(flat, blur=1.0)[:, 1:-1, 1:-1], 0.5, atol=1e-6)
