"""Letters as strokes: complete, within their box, and none that looks like a digit."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from inkdigits.data.letter_strokes import LETTERS, arc, join, line
from inkdigits.imaging.strokes import draw


def draw_letter(name):
    strokes = [20 + 60 * stroke for stroke in LETTERS[name]]
    return draw(strokes, 4, (120, 120)) > 127


def test_line_goes_through_its_points():
    assert_allclose(line((0, 1), (0.5, 0)), [[0, 1], [0.5, 0]])


def test_arc_starts_and_ends_at_its_angles():
    quarter = arc((1, 2), (3, 4), 0.25, 0.5)
    assert_allclose(quarter[[0, -1]], [[1, 6], [-2, 2]], atol=1e-9)
    assert_allclose((((quarter - [1, 2]) / [3, 4]) ** 2).sum(axis=1), 1)
    assert len(arc((0, 0), (1, 1), 0, 1)) > 2 * len(arc((0, 0), (1, 1), 0, 0.25))


def test_parts_are_joined_in_order():
    assert_allclose(join(line((0, 0)), line((1, 1), (2, 0))), [[0, 0], [1, 1], [2, 0]])


@pytest.mark.parametrize("name", LETTERS)
def test_letter_fits_its_box(name):
    points = np.concatenate(LETTERS[name])
    assert points.shape[1] == 2
    assert points.min() > -0.1
    assert (points.max(axis=0) < [1.3, 1.5]).all()
    assert np.ptp(points[:, 1]) > 0.6


def components_of(mask, connectivity):
    """Count connected components, without the background."""
    return cv2.connectedComponents(mask.view(np.uint8), connectivity=connectivity)[0] - 1


@pytest.mark.parametrize(
    ("name", "components", "holes"),
    [
        ("A", 1, 1),
        ("E", 1, 0),
        ("Q", 1, 1),
        ("R", 1, 1),
        ("e", 1, 1),
        ("i", 2, 0),
        ("j", 2, 0),
        ("p", 1, 1),
    ],
)
def test_strokes_touch_where_they_should(name, components, holes):
    inked = draw_letter(name)
    assert components_of(inked, connectivity=8) == components
    assert components_of(~inked, connectivity=4) - 1 == holes


def test_letters_that_look_like_digits_are_excluded():
    assert not set("OoDIlZzSsGbBqg") & set(LETTERS)
    assert len(LETTERS) > 35
