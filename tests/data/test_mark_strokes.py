"""Marks as strokes: within their box, and with the dots that tell them from digits."""

import cv2
import numpy as np
import pytest

from inkdigits.data.mark_strokes import MARKS
from inkdigits.imaging.strokes import draw


def components_of(name):
    inked = draw([20 + 60 * stroke for stroke in MARKS[name]], 4, (100, 100)) > 127
    return cv2.connectedComponents(inked.view(np.uint8))[0] - 1


@pytest.mark.parametrize("name", MARKS)
def test_mark_fits_its_box(name):
    points = np.concatenate(MARKS[name])
    assert points.shape[1] == 2
    assert points.min() > -0.1
    assert points.max() < 1.1
    assert np.ptp(points, axis=0).max() > 0.6


@pytest.mark.parametrize(
    ("name", "components"),
    [
        *((name, 2) for name in MARKS if "question" in name),
        ("exclamation mark", 2),
        ("two exclamation marks", 4),
        ("plus", 1),
        ("equals", 2),
        ("percent", 3),
        ("at sign", 1),
        ("ellipsis", 3),
    ],
)
def test_parts_touch_where_they_should(name, components):
    assert components_of(name) == components
