"""Pen traces are varied in single features, and stay traces of the same digit."""

import math
from dataclasses import fields, replace
from itertools import pairwise

import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.spatial import KDTree

from inkdigits.data.variation import Variation, flattest_upstroke, resampled, vary
from inkdigits.imaging.strokes import draw

SHARES = [field.name for field in fields(Variation) if isinstance(field.default, float)]
SHARES = [name for name in SHARES if not name.startswith("max_")]
NOTHING = Variation(**dict.fromkeys(SHARES, 0))
EVERYTHING = Variation(**dict.fromkeys(SHARES, 1))

TURN = np.linspace(0, 2 * np.pi, 41)[:, None]
RING = np.hstack([60 + 30 * np.cos(TURN), 120 + 50 * np.sin(TURN)])
HEIGHT = 100  # of the digits below


def polyline(*corners, points=15):
    """Return a stroke with points at equal distances on straight lines between corners."""
    parts = [np.linspace(start, end, points)[:-1] for start, end in pairwise(corners)]
    return np.concatenate([*parts, [corners[-1]]]).astype(float)


STEM = polyline((50, 20), (45, 120))
SEVEN = polyline((10, 20), (70, 20), (40, 120))
FOUR = polyline((50, 20), (10, 80), (75, 80))
NINE = [np.concatenate([RING * 0.6, polyline((54, 72), (50, 140))])]
DIGITS = {
    0: [RING],
    1: [STEM],
    2: [polyline((15, 30), (40, 20), (60, 40), (10, 120), (70, 120))],
    3: [polyline((10, 20), (60, 20), (30, 60), (60, 90), (35, 120), (10, 110))],
    4: [FOUR, polyline((55, 50), (55, 120))],
    5: [polyline((60, 20), (15, 20), (15, 60), (60, 75), (50, 120), (10, 110))],
    6: [polyline((60, 20), (20, 70), (20, 110), (50, 120), (60, 90), (20, 80))],
    7: [SEVEN],
    8: [RING * (0.8, 0.5), RING * (1, 0.5) + (0, 50)],
    9: NINE,
}


def varied(label, strokes=None, seeds=60, **shares):
    """Vary a digit with each of many seeds, in some features alone."""
    variation = replace(NOTHING, **shares)
    strokes = DIGITS[label] if strokes is None else strokes
    return [vary(strokes, label, np.random.default_rng(seed), variation) for seed in range(seeds)]


def is_same(strokes, expected):
    return len(strokes) == len(expected) and all(
        len(stroke) == len(other) and np.allclose(stroke, other)
        for stroke, other in zip(strokes, expected, strict=True)
    )


def length_of(strokes):
    return sum(np.linalg.norm(np.diff(stroke, axis=0), axis=1).sum() for stroke in strokes)


def distance_to(points, stroke):
    """Return the distance of each point from the nearest of a stroke."""
    return KDTree(resampled(np.asarray(stroke, float), 0.5)).query(points)[0]


def holes_in(stroke):
    """Count the parts of the paper that a stroke encloses."""
    paper = draw([2 * stroke + 50], 1.5, (350, 250)) < 128
    return cv2.connectedComponents(paper.astype(np.uint8), connectivity=4)[0] - 2


def is_left_of(point, stem):
    """Return whether a point is to the left of the line through a stem's ends."""
    (right, down), (x, y) = stem[-1] - stem[0], point - stem[0]
    return right * y - down * x > 0


# All features


@pytest.mark.parametrize("label", range(10))
def test_share_zero_changes_nothing(label):
    assert all(is_same(strokes, DIGITS[label]) for strokes in varied(label, seeds=20))


# Labels that a feature is for; all others stay as they are.
LABELS = {
    "upstroke": {1},
    "slash": {0, 7},
    "loop": {2, 4},
    "tail": {0, 9},
    "trim": {0, 2, 3, 5, 6, 8, 9},
    "gap": set(range(10)),
    "straight": set(range(10)),
}


def test_table_of_labels_has_every_feature():
    assert list(LABELS) == SHARES


@pytest.mark.parametrize("label", range(10))
@pytest.mark.parametrize("feature", LABELS)
def test_feature_is_for_some_digits_only(feature, label):
    changed = [not is_same(new, DIGITS[label]) for new in varied(label, seeds=30, **{feature: 1})]
    assert all(changed) if label in LABELS[feature] else not any(changed)


@pytest.mark.parametrize("feature", LABELS)
def test_share_says_how_often_a_digit_is_varied(feature):
    label = min(LABELS[feature])
    new = varied(label, seeds=300, **{feature: 0.3})
    changed = [not is_same(strokes, DIGITS[label]) for strokes in new]
    assert np.mean(changed) == pytest.approx(0.3, abs=0.09)


@pytest.mark.parametrize("label", range(10))
def test_generator_determines_the_variation(label):
    one, same, other = (
        vary(DIGITS[label], label, np.random.default_rng(seed), EVERYTHING) for seed in (1, 1, 2)
    )
    assert is_same(one, same)
    assert not is_same(one, other)


@pytest.mark.parametrize("label", range(10))
def test_variation_does_not_depend_on_the_unit_or_the_place(label):
    moved = [0.01 * stroke + (7, -3) for stroke in DIGITS[label]]
    for seed in range(20):
        first = vary(DIGITS[label], label, np.random.default_rng(seed), EVERYTHING)
        second = vary(moved, label, np.random.default_rng(seed), EVERYTHING)
        assert is_same([0.01 * stroke + (7, -3) for stroke in first], second)


@pytest.mark.parametrize("label", range(10))
def test_varied_digit_stays_near_the_original(label):
    """No feature is larger than the digit, and most of what was written is still there."""
    original = np.concatenate(DIGITS[label])
    low, high = original.min(axis=0), original.max(axis=0)
    size = (high - low).max()
    for seed in range(40):
        strokes = vary(DIGITS[label], label, np.random.default_rng(seed), EVERYTHING)
        points = np.concatenate(strokes)
        assert (points > low - size).all()
        assert (points < high + size).all()
        ink = KDTree(np.concatenate([resampled(stroke, 1) for stroke in strokes]))
        near, _ = ink.query(np.concatenate([resampled(stroke, 3) for stroke in DIGITS[label]]))
        assert np.mean(near < 0.2 * size) > 0.8


coordinates = st.floats(-1000, 1000, width=32) | st.sampled_from([0.0, 1.0])
points = st.tuples(coordinates, coordinates)
any_stroke = st.lists(points, min_size=1, max_size=8) | st.builds(
    lambda point, count: [point] * count, points, st.integers(1, 20)
)


@given(
    strokes=st.lists(any_stroke, min_size=1, max_size=4),
    label=st.integers(0, 9),
    seed=st.integers(0, 2**32 - 1),
)
@example(strokes=[[(3, 3)]], label=7, seed=0)
@example(strokes=[[(0, 3), (9, 3)]], label=7, seed=0)
@settings(deadline=None, max_examples=100)
def test_any_trace_can_be_varied_and_drawn(strokes, label, seed):
    strokes = [np.array(stroke, np.float32) for stroke in strokes]
    before = [stroke.copy() for stroke in strokes]
    new = vary(strokes, label, np.random.default_rng(seed), EVERYTHING)
    assert all(np.array_equal(*pair) for pair in zip(strokes, before, strict=True))
    for stroke in new:
        assert stroke.ndim == 2
        assert stroke.shape[1] == 2
        assert len(stroke)
        assert np.isfinite(stroke).all()
    assert draw([100 + stroke for stroke in new], 5, (9, 9)).shape == (9, 9)


# Upstroke


@pytest.mark.parametrize("lean", [0, 8, 20])
@pytest.mark.parametrize("upwards", [False, True])
def test_upstroke_begins_to_the_left_and_below_the_top_of_the_stem(lean, upwards):
    stem = polyline((50 + lean, 20), (50 - lean, 120))
    written = stem[::-1] if upwards else stem
    shares = []
    for upstroke, *base in varied(1, [written], upstroke=1):
        start, *rest = upstroke
        np.testing.assert_allclose(rest, stem, atol=1e-9)
        left, down = stem[0, 0] - start[0], start[1] - stem[0, 1]
        assert left > 0
        assert down > 0
        length = math.hypot(left, down) / length_of([stem])
        assert math.atan2(left, down) <= flattest_upstroke(length) + 1e-9
        assert is_left_of(start, stem)
        shares.append(length)
        for stroke in base:  # a serif at the foot
            np.testing.assert_allclose(stroke[:, 1], 120)
            assert stroke[0, 0] < stem[-1, 0] < stroke[1, 0]
    assert max(shares) < 1.1
    assert np.ptp(shares) > 0.5


def test_upstroke_of_a_stem_that_leans_back_is_to_the_left_of_the_stem():
    stem = polyline((50, 20), (80, 120))
    for upstroke, *_ in varied(1, [stem], upstroke=1):
        assert is_left_of(upstroke[0], stem)
        assert upstroke[0, 1] > stem[0, 1]


@pytest.mark.parametrize(
    "strokes",
    [
        [polyline((30, 45), (50, 20), (50, 120))],  # has one already
        [STEM, polyline((30, 120), (60, 120))],  # has a base
        [polyline((10, 20), (80, 110))],  # not steep
        [polyline((30, 20), (60, 70), (30, 120))],  # not straight
        [STEM[:1]],
        [STEM[:1].repeat(5, axis=0)],
    ],
)
def test_only_plain_stems_get_an_upstroke(strokes):
    assert all(is_same(new, strokes) for new in varied(1, strokes, seeds=20, upstroke=1))


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3, 0.6, 1.0])
def test_longer_upstrokes_must_be_steeper(share):
    assert flattest_upstroke(share + 0.1) <= flattest_upstroke(share) < math.pi / 2
    assert flattest_upstroke(1.0) < flattest_upstroke(0.1)


# Slash and cross-bar


def test_slash_crosses_the_zero():
    angles = []
    for ring, slash in varied(0, slash=1):
        np.testing.assert_allclose(ring, RING)
        assert len(slash) == 2
        # It is a slash even where it is too short to reach the ring: it crosses its middle.
        middle = slash.mean(axis=0)
        assert np.linalg.norm(middle - RING.mean(axis=0)) < 0.25 * HEIGHT
        right, down = slash[1] - slash[0]
        angles.append(math.atan2(right, -down))
    upwards = np.abs(angles) < math.pi / 2
    assert upwards.all()
    to_the_right = np.mean(np.array(angles) > 0)
    assert 0.7 < to_the_right < 1
    lengths = [length_of([slash]) for _, slash in varied(0, slash=1)]
    assert min(lengths) < HEIGHT < max(lengths)


def test_bar_crosses_the_stem_of_the_seven():
    for strokes in ([SEVEN], [np.array([(10, 20), (70, 20), (40, 120)], float)]):
        places = []
        for stem, bar in varied(7, strokes, slash=1):
            np.testing.assert_allclose(stem, strokes[0])
            # The stem goes through the bar's middle.
            assert distance_to(bar.mean(axis=0, keepdims=True), stem) < 0.5
            assert 0.15 * HEIGHT < length_of([bar]) < 0.7 * HEIGHT
            right, down = bar[1] - bar[0]
            assert abs(down) < right
            places.append(bar[:, 1].mean())
        assert min(places) > 20 + 0.35 * HEIGHT
        assert max(places) < 20 + 0.8 * HEIGHT


def test_seven_with_a_bar_gets_no_other():
    strokes = [SEVEN, polyline((40, 70), (65, 70))]
    assert all(is_same(new, strokes) for new in varied(7, strokes, seeds=20, slash=1))


# Loops and tails


@pytest.mark.parametrize(
    ("label", "stroke"),
    [
        (2, DIGITS[2][0]),
        (4, FOUR),
        # The sharpest corners are at the top and at the right.
        (2, polyline((50, 35), (10, 20), (65, 25), (10, 120), (70, 110), (25, 95))),
    ],
)
def test_loop_is_added_at_the_lower_left(label, stroke):
    corner = np.array([10, 120 if label == 2 else 80])
    other = DIGITS[label][1:]
    for looped, *rest in varied(label, [stroke, *other], loop=1):
        assert is_same(rest, other)
        added = looped[distance_to(looped, stroke) > 0.5]
        assert len(added) > 5
        assert np.linalg.norm(added - corner, axis=1).max() < 0.3 * HEIGHT
        # It is a circle outside of the corner.
        width, height = np.ptp(added, axis=0)
        assert width > 0.04 * HEIGHT
        assert 0.7 < width / height < 1.4
        assert added[:, 0].mean() < corner[0]
        # The loop encloses paper, where there was none.
        assert holes_in(looped) > holes_in(stroke)


@pytest.mark.parametrize(
    "stroke",
    [
        polyline((15, 30), (40, 20), (60, 40)),  # ends above
        polyline((10, 20), (12, 70), (10, 120)),  # no corner
        np.array([(10, 10), (10, 12)], float),
    ],
)
def test_stroke_without_a_corner_at_the_lower_left_gets_no_loop(stroke):
    assert all(is_same(new, [stroke]) for new in varied(2, [stroke], seeds=20, loop=1))


@pytest.mark.parametrize("label", [0, 9])
def test_tail_continues_the_last_stroke(label):
    (original,) = DIGITS[label]
    outwards = []
    for (stroke,) in varied(label, tail=1):
        np.testing.assert_allclose(stroke[:-1], original)
        tail = stroke[-1] - stroke[-2]
        assert np.linalg.norm(tail) < HEIGHT
        outwards.append(tail @ (original[-1] - original.mean(axis=0)) > 0)
    assert np.mean(outwards) > 0.8


# Trims, gaps and straight lines


def test_trimmed_stroke_is_shorter_at_its_ends_only():
    for (stroke,) in varied(0, trim=1):
        removed = length_of([RING]) - length_of([stroke])
        assert -1 < removed <= 2 * NOTHING.max_trim * HEIGHT + 1
        assert distance_to(stroke, RING).max() < 0.5
        # What is left is in one piece.
        assert np.linalg.norm(np.diff(stroke, axis=0), axis=1).max() < 10
    assert any(length_of(new) < length_of([RING]) - 5 for new in varied(0, trim=1))


def test_trim_leaves_most_of_a_short_stroke():
    dash = polyline((40, 40), (44, 40))
    for new in varied(5, [SEVEN, dash], trim=1):
        assert length_of(new[1:]) > 0.3 * length_of([dash])


def test_gap_splits_a_stroke_in_two():
    gaps = []
    for first, second in varied(1, gap=1):
        np.testing.assert_allclose((first[0], second[-1]), (STEM[0], STEM[-1]))
        gaps.append(np.linalg.norm(second[0] - first[-1]) / HEIGHT)
        assert length_of([first, second]) / HEIGHT == pytest.approx(1 - gaps[-1], abs=0.01)
        # The ends stay: a digit must not lose them.
        assert min(length_of([first]), length_of([second])) > 0.1 * HEIGHT
    assert min(gaps) > 0
    assert max(gaps) <= NOTHING.max_gap + 1e-9
    assert np.ptp(gaps) > 0.3 * NOTHING.max_gap


def test_gap_of_a_long_stroke_is_no_larger():
    for parts in varied(0, gap=1):
        assert length_of([RING]) - length_of(parts) < NOTHING.max_gap * HEIGHT + 1


def test_short_stroke_gets_no_gap():
    strokes = [polyline((10, 10), (10, 14)), polyline((60, 110), (64, 110))]
    assert all(is_same(new, strokes) for new in varied(3, strokes, seeds=20, gap=1))


def test_curves_become_few_straight_lines_near_them():
    for (stroke,) in varied(0, straight=1):
        assert 3 <= len(stroke) <= 12
        np.testing.assert_allclose(stroke[[0, -1]], RING[[0, -1]], atol=0.01)
        lines = resampled(stroke, 1)
        limit = NOTHING.tolerance[1] * HEIGHT
        assert distance_to(lines, RING).max() <= limit + 0.5
        assert distance_to(RING, stroke).max() <= limit + 0.5


def test_corners_stay_corners():
    for new in varied(7, straight=1):
        assert is_same(new, [np.array([(10, 20), (70, 20), (40, 120)], float)])


# resampled


def test_resampled_points_are_at_equal_distances():
    stroke = np.array([(0, 0), (0, 3), (4, 3)], float)
    np.testing.assert_allclose(
        resampled(stroke, 1), [(0, 0), (0, 1), (0, 2), (0, 3), (1, 3), (2, 3), (3, 3), (4, 3)]
    )
    assert len(resampled(stroke, 3.4)) == 3  # as near to the distance as the length allows
    np.testing.assert_allclose(resampled(stroke, 100), stroke[[0, -1]])


@pytest.mark.parametrize("count", [1, 4])
def test_dot_is_resampled_to_itself(count):
    np.testing.assert_allclose(resampled(np.full((count, 2), 3.0), 1), [(3, 3), (3, 3)])
