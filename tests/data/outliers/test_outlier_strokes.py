"""Outliers of strokes: the shared canvas, and dashes that must not look like a 1."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose

from inkdigits.data.outliers.canvas import circle, draw_strokes, rotate
from inkdigits.data.outliers.strokes import dashes


def test_circle_is_closed_and_has_radius_1():
    points = circle(16)
    assert_allclose(np.linalg.norm(points, axis=1), 1)
    assert_allclose(points[0], points[-1], atol=1e-9)


def test_rotation_is_clockwise_where_y_points_down():
    assert_allclose(rotate(np.array([[2.0, 0], [0, 1]]), np.pi / 2), [[0, 2], [-1, 0]], atol=1e-9)


@pytest.mark.parametrize("scale", [1, 100])
def test_strokes_are_scaled_to_the_canvas(scale):
    line = scale * np.array([[0, 0.5], [1, 0.5]])
    image = draw_strokes(np.random.default_rng(0), [line], vary_slant=False)
    rows, columns = np.nonzero(image)
    assert np.ptp(columns) + 1 == 20
    assert np.ptp(rows) + 1 < 10


def test_only_filled_outlines_are_filled():
    rng, square = np.random.default_rng(0), np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]])
    assert draw_strokes(rng, [square], vary_slant=False, filled=True)[14, 14] == 255
    assert draw_strokes(rng, [square], vary_slant=False)[14, 14] == 0


def test_slant_varies():
    vertical = np.array([[0, 0], [0, 1]])
    slopes = []
    for seed in range(60):
        rows, columns = np.nonzero(draw_strokes(np.random.default_rng(seed), [vertical]))
        slopes.append(np.polyfit(rows, columns, 1)[0])
    assert min(slopes) < -0.2
    assert max(slopes) > 0.2


def test_single_dash_is_closer_to_horizontal_than_a_one():
    rng = np.random.default_rng(0)
    for _ in range(60):
        image = dashes(rng, [])
        # Several dashes that touch have more ink than one.
        if cv2.connectedComponents(image)[0] == 2 and image.sum() < 90 * 255:
            rows, columns = np.nonzero(image)
            assert columns.std() > rows.std()
