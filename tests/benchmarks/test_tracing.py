"""Tracing finds the strokes of a digit."""

import numpy as np
import pytest
from drawing_conditions import PLAIN
from drawing_simulator import draw
from PIL import Image, ImageDraw
from scipy import ndimage
from tracing import trace

from inkdigits.imaging.decode import decode
from inkdigits.preprocessing import ink


def line(degrees):
    """An image of a straight bar through the center, by its angle above the horizontal."""
    image = Image.new("L", (28, 28))
    half = 10 * np.array([np.cos(np.radians(degrees)), -np.sin(np.radians(degrees))])
    ImageDraw.Draw(image).line([*(14 - half), *(14 + half)], 255, 3)
    return np.asarray(image)


def shape(*calls):
    """Draw an image with Pillow; each call is a method name and its arguments."""
    image = Image.new("L", (28, 28))
    for name, *arguments in calls:
        getattr(ImageDraw.Draw(image), name)(*arguments)
    return np.asarray(image)


@pytest.mark.parametrize("degrees", [0, 30, 60, 90, 120, 150])
def test_straight_bar_is_one_stroke_in_its_direction(degrees):
    (stroke,) = trace(line(degrees))
    across, along = np.linalg.svd(stroke - stroke.mean(axis=0))[2][::-1]
    apart = (np.degrees(np.arctan2(-along[0], along[1])) - degrees + 90) % 180 - 90
    assert abs(apart) < 5
    # It is straight: no point is far from the line.
    assert np.abs((stroke - stroke.mean(axis=0)) @ across).max() < 0.06


def test_ring_is_one_closed_stroke():
    (stroke,) = trace(shape(("ellipse", (5, 5, 23, 23), 0, 255, 3)))
    np.testing.assert_array_equal(stroke[0], stroke[-1])
    radii = np.hypot(*(stroke - 0.5).T)
    assert radii.min() > 0.45
    assert radii.max() < 0.55
    steps = np.hypot(*np.diff(stroke, axis=0).T)
    assert steps.max() < 2 * np.median(steps)  # no gap or kink where it is closed
    turned = np.unwrap(np.arctan2(*(stroke - 0.5).T))
    assert abs(turned[-1] - turned[0]) == pytest.approx(2 * np.pi)


def test_strokes_that_meet_still_meet():
    strokes = trace(shape(("line", (5, 5, 23, 5), 255, 3), ("line", (14, 5, 14, 24), 255, 3)))
    assert len(strokes) == 3
    ends = [{tuple(stroke[0]), tuple(stroke[-1])} for stroke in strokes]
    assert set.intersection(*ends)


@pytest.mark.parametrize(("aside", "strokes"), [((16, 12, 16, 12), 2), ((16, 12, 23, 14), 3)])
def test_branch_is_a_stroke_but_a_bump_is_not(aside, strokes):
    bar = ("rectangle", (12, 4, 15, 24), 255)
    # The bar is split at the junction.
    assert len(trace(shape(bar, ("rectangle", aside, 255)))) == strokes


def test_crossbar_of_a_broad_stem_is_kept_on_both_sides():
    stem, bar = ("rectangle", (12, 4, 15, 24), 255), ("rectangle", (9, 13, 18, 15), 255)
    strokes = trace(shape(stem, bar))
    points = np.concatenate(strokes)
    assert len(strokes) >= 4
    middle = np.median(points[:, 1])
    assert points[:, 1].min() < middle - 0.08
    assert points[:, 1].max() > middle + 0.08


def test_loop_that_is_filled_with_ink_is_a_loop_again():
    stem, blot = ("line", (9, 3, 9, 18), 255, 2), ("ellipse", (8, 15, 18, 24), 255)
    assert any((stroke[0] == stroke[-1]).all() for stroke in trace(shape(stem, blot)))
    bar = ("rectangle", (9, 16, 11, 24), 255)  # no blot: hardly wider than the stem
    assert not any((stroke[0] == stroke[-1]).all() for stroke in trace(shape(stem, bar)))


def test_strokes_fill_a_unit_box_from_its_top_left_corner(digits):
    for image in digits.images[:50]:
        points = np.concatenate(trace(image))
        assert points.min(axis=0) == pytest.approx(0)
        assert points.max() == pytest.approx(1)


def test_traced_digits_resemble_the_originals(digits):
    """Both are blurred first, because a shift by a pixel does not matter."""
    correlations = []
    for number, image in enumerate(digits.images[:100]):
        file = draw(trace(image), PLAIN, np.random.default_rng(number))
        images = (ink.from_image(decode(file)), ink.from_ink(image))
        again, once = (ndimage.gaussian_filter(seen.astype(float), 1).ravel() for seen in images)
        correlations.append(np.corrcoef(again, once)[0, 1])
    assert np.mean(correlations) > 0.9  # measured 0.915
    assert min(correlations) > 0.5
