"""Made digits have the shapes that they are named after."""

from io import BytesIO
from itertools import pairwise

import numpy as np
import pytest
from made_digits import (
    BOXY,
    KINDS,
    Sources,
    boxy_digit,
    load_sevens,
    made_digits,
    slashed_zero,
    uncrossed_seven,
    uncrossed_sevens,
    upstroked_one,
)
from PIL import Image
from scipy import ndimage

from inkdigits.data.traces import Traces

SEVEN = np.array([[0, 0], [10, 0], [5, 20]], np.float32)  # x and y
BAR = np.array([[4, 10], [9, 10]], np.float32)


@pytest.fixture
def sources(digits):
    return Sources(digits, [[np.array([[0, 0], [0, 0.5], [1, 0.2]])]])


def many(make, sources, count=300):
    rng = np.random.default_rng(0)
    return [make(rng, sources) for _ in range(count)]


def direction(step):
    """Degrees from straight down, to the left, of a step of (row, column)."""
    return np.degrees(np.arctan2(-step[1], step[0]))


@pytest.mark.parametrize("name", KINDS)
def test_files_are_deterministic_differ_and_show_a_digit(name, sources):
    once = list(made_digits(name, sources, 6))
    assert list(made_digits(name, sources, 3)) == once[:3]
    assert len({file for _, file in once}) == 6
    for label, file in once:
        assert 0 <= label <= 9
        image = np.asarray(Image.open(BytesIO(file)).convert("L"), float)
        ink = np.abs(image - np.median(image)) > 60
        assert 0.001 < ink.mean() < 0.4
        assert not ink[[0, -1]].any()
        assert not ink[:, [0, -1]].any()


def test_upstroke_rises_to_the_top_of_the_stem_and_is_steeper_than_a_bar(sources):
    lengths, angles, bases = [], [], 0
    for digit in many(upstroked_one, sources):
        assert digit.label == 1
        points = digit.strokes[0]
        tip, top, foot = points[0], points[15], points[-1]
        stem = np.hypot(*(foot - top))
        lengths.append(np.hypot(*(tip - top)) / stem)
        angles.append(direction(tip - top) - direction(foot - top))
        assert direction(tip - top) < 68.1
        bases += len(digit.strokes) == 2
    assert min(lengths) < 0.15
    assert max(lengths) > 0.9
    assert 9.9 < min(angles) < 13
    assert 58 < max(angles) < 65.1
    assert 80 < bases < 160


def test_bar_of_a_seven_is_nearly_level(sources):
    for digit in many(uncrossed_seven, sources):
        assert digit.label == 7
        (stroke,) = digit.strokes
        corner = stroke[-16]
        bar, stem = stroke[-31] - corner, stroke[-1] - corner
        assert 77 < direction(bar) < 103
        assert 4 < direction(stem) < 43


def test_sevens_of_one_stroke_are_uncrossed():
    traces = Traces(
        [[SEVEN], [SEVEN, BAR], [SEVEN]], np.array([7, 7, 1], np.uint8), np.array([1, 1, 1])
    )
    (seven,) = uncrossed_sevens(traces)
    np.testing.assert_allclose(seven[0], SEVEN[:, ::-1] / 20)


def test_slash_crosses_the_ring_in_either_direction(sources):
    slopes, beyond = [], 0
    for digit in many(slashed_zero, sources):
        ring, slash = digit.strokes
        step = slash[-1] - slash[0]
        slopes.append(step[0] * step[1])
        middle = ring.mean(axis=0)
        assert np.hypot(*(slash.mean(axis=0) - middle)) < 0.2
        beyond += np.abs(slash - middle).max(axis=0)[0] > np.abs(ring - middle).max(axis=0)[0]
    assert 100 < sum(slope < 0 for slope in slopes) < 200
    assert 5 < beyond < 250


def test_boxy_digits_have_the_right_number_of_holes(sources):
    holes = {label: {0} for label in (1, 2, 3, 5, 7)}
    holes |= {0: {1}, 8: {2}} | {label: {0, 1} for label in (4, 6, 9)}
    assert set(BOXY) == set(holes)
    for digit in many(boxy_digit, sources):
        image = np.zeros((140, 140), bool)
        for stroke in digit.strokes:
            for start, end in pairwise(stroke):
                places = np.rint(20 + 100 * np.linspace(start, end, 200)).astype(int)
                image[tuple(places.T)] = True
        image = ndimage.binary_dilation(image, iterations=4)
        assert ndimage.label(~image, np.ones((3, 3)))[1] - 1 in holes[digit.label], digit


@pytest.mark.data
def test_written_sevens_are_of_several_writers(data_folders):
    sevens = load_sevens()
    assert 100 < len(sevens) < 300
    for (stroke,) in sevens:
        assert np.ptp(stroke, axis=0).max() == pytest.approx(1)
