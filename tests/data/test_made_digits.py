"""Digits are made in many forms: each is legible, and reproducible by its index."""

import math

import cv2
import numpy as np
import pytest

from inkdigits.data import made_digits
from inkdigits.data.made_digits import (
    FORMS,
    MADE,
    SEGMENTS,
    looped_four,
    looped_two,
    make,
    one_with_upstroke,
    seven,
    straight_digit,
    zero,
)
from inkdigits.data.rendering import render
from inkdigits.data.variation import AS_MADE
from inkdigits.imaging.strokes import draw

each_form = pytest.mark.parametrize("form", FORMS, ids=range(len(FORMS)))


def drawn(function, count=100, **options):
    """Return the strokes of a form, made with each of many seeds."""
    return [function(np.random.default_rng(seed), **options) for seed in range(count)]


def holes_in(strokes):
    """Count the parts of the paper that strokes enclose."""
    points = np.concatenate(strokes)
    low = points.min(axis=0)
    width, height = (100 * (points.max(axis=0) - low)).astype(int) + 40
    placed = [100 * (stroke - low) + 20 for stroke in strokes]
    paper = draw(placed, 6, (height, width), antialiased=False) == 0
    return cv2.connectedComponents(paper.astype(np.uint8), connectivity=4)[0] - 2


# make


def assert_same(strokes, expected):
    for digit, other in zip(strokes, expected, strict=True):
        for stroke, points in zip(digit, other, strict=True):
            np.testing.assert_array_equal(stroke, points)


def test_traces_are_labeled_and_by_one_writer():
    traces = make(300, seed=0)
    assert len(traces) == len(traces.strokes) == 300
    assert traces.labels.dtype == np.uint8
    assert set(traces.writers) == {MADE}
    assert traces.hashes == {}
    assert set(traces.labels) <= {form.label for form in FORMS}


def test_no_digits_are_made_if_none_are_wanted():
    traces = make(0, seed=0)
    assert len(traces) == len(traces.strokes) == len(traces.writers) == 0


def test_seed_and_index_determine_a_digit():
    many, few, other = make(60, seed=1), make(20, seed=1), make(60, seed=2)
    assert_same(many.strokes[:20], few.strokes)
    np.testing.assert_array_equal(many.labels[:20], few.labels)
    assert not np.array_equal(many.labels, other.labels)
    starts = {tuple(strokes[0][0]) for strokes in many.strokes + other.strokes}
    assert len(starts) > 60


def test_forms_are_made_in_proportion_to_their_shares(monkeypatch):
    ones = made_digits.Form(1, 30, lambda rng: [np.array([(0, 0), (0, 1)])])
    sevens = made_digits.Form(7, 10, lambda rng: [np.array([(0, 0), (1, 0)])])
    monkeypatch.setattr(made_digits, "FORMS", (ones, sevens))
    traces = make(1000, seed=0)
    assert np.mean(traces.labels == 1) == pytest.approx(0.75, abs=0.04)
    for strokes, label in zip(traces.strokes, traces.labels, strict=True):
        assert strokes[0][1, 0] == (label == 7)


def test_form_does_not_decide_how_the_digit_is_rendered():
    """Rendering draws its own random numbers for a digit's first copy."""
    ones = np.flatnonzero(make(1500, seed=5).labels == 1)
    draws = [np.random.default_rng((5, number, 0)).random() for number in ones]
    np.testing.assert_allclose(np.quantile(draws, [0.25, 0.5, 0.75]), [0.25, 0.5, 0.75], atol=0.1)


# Every form


@each_form
def test_form_is_strokes_in_a_box_of_a_digits_size(form):
    assert form.share > 0
    for strokes in drawn(form.strokes):
        for stroke in strokes:
            assert stroke.dtype == np.float64
            assert stroke.ndim == 2
            assert stroke.shape[1] == 2
            assert len(stroke) >= 2
            assert np.isfinite(stroke).all()
        width, height = np.ptp(np.concatenate(strokes), axis=0)
        assert 0.7 < height < 1.6
        assert width / height < 2.5


@each_form
def test_form_is_varied(form):
    widths = [np.ptp(np.concatenate(strokes)[:, 0]) for strokes in drawn(form.strokes)]
    assert np.std(widths) > 0.02


@each_form
def test_form_depends_on_its_generator_alone(form):
    assert_same(drawn(form.strokes, 5), drawn(form.strokes, 5))


def test_every_form_can_be_rendered():
    traces = make(300, seed=0)
    digits = render(traces, 1, seed=0, variation=AS_MADE)
    assert (digits.images.max(axis=(1, 2)) == 255).all()
    np.testing.assert_array_equal(digits.labels, traces.labels)


# Ones and sevens


def before_the_corner(strokes):
    """Return the angle of an upstroke or a bar with the vertical, in degrees, and its length.

    The corner is the origin, and the eight points before it are on the upstroke or the bar.
    """
    (stroke, *_) = strokes
    corner = int(np.flatnonzero((stroke == 0).all(axis=1))[0])
    x, y = stroke[corner - 8]
    return math.degrees(math.atan2(-x, y)), math.hypot(x, y)


def test_every_upstroke_is_steeper_than_every_bar_of_a_seven():
    upstrokes, bars = (
        np.array([before_the_corner(strokes) for strokes in drawn(form, 1000)])
        for form in (one_with_upstroke, seven)
    )
    assert upstrokes[:, 0].max() < bars[:, 0].min()
    # Upstrokes have all lengths, up to about that of the stem.
    assert np.quantile(upstrokes[:, 1], 0.1) < 0.25
    assert np.quantile(upstrokes[:, 1], 0.9) > 0.8


def test_upstroke_is_on_the_left_of_the_stem_and_below_its_top():
    for strokes in drawn(one_with_upstroke, 300):
        angle, length = before_the_corner(strokes)
        points = np.concatenate(strokes)
        foot = points[points[:, 1].argmax()]
        assert length * math.cos(math.radians(angle)) > 0  # below the top
        assert foot[1] > 0.5
    with_base = [strokes for strokes in drawn(one_with_upstroke, 300) if len(strokes[-1]) == 2]
    assert 0.1 < len(with_base) / 300 < 0.5
    for *_, base in with_base:
        assert base[0, 1] == base[1, 1]
        assert base[0, 0] < base[1, 0]


def test_some_sevens_are_crossed():
    crossed = [strokes for strokes in drawn(seven, 300) if len(strokes) == 2]
    assert 0.15 < len(crossed) / 300 < 0.6
    for stroke, bar in crossed:
        middle = bar.mean(axis=0)
        assert np.linalg.norm(stroke - middle, axis=1).min() < 0.2
        assert 0.3 < middle[1] < 0.8


# The other forms


def test_zeros_are_slashed_and_have_tails():
    digits = drawn(zero, 300)
    assert 0.05 < np.mean([len(strokes) == 1 for strokes in digits]) < 0.4
    through_the_middle = 0
    for outline, *additions in digits:
        middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
        through_the_middle += sum(
            np.linalg.norm(addition - middle, axis=1).min() < 0.2 for addition in additions
        )
    assert 0.3 < through_the_middle / 300 < 0.8


@pytest.mark.parametrize(("form", "share"), [(looped_two, 0.5), (looped_four, 0.2)])
def test_many_loops_are_closed(form, share):
    assert np.mean([holes_in(strokes) > 0 for strokes in drawn(form)]) > share


@pytest.mark.parametrize("label", SEGMENTS)
def test_straight_digit_has_the_shape_of_its_label(label):
    for strokes in drawn(straight_digit, 40, label=label):
        for stroke in strokes:
            steps = np.abs(np.diff(stroke, axis=0)).max(axis=1)
            lengths = np.linalg.norm(np.diff(stroke, axis=0), axis=1)
            assert (lengths < 1.25 * steps).all()  # nearly horizontal or vertical
    holes = [holes_in(strokes) for strokes in drawn(straight_digit, 40, label=label)]
    assert np.median(holes) == {0: 1, 6: 1, 8: 2, 9: 1}.get(label, 0)
