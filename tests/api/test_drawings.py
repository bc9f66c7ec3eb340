"""Strokes of any size are rendered on a canvas of bounded size, in bounded time."""

import numpy as np
import pytest
from werkzeug.exceptions import UnprocessableEntity

from inkdigits.api import drawings
from inkdigits.api.drawings import MAX_POINTS_PER_DRAWING
from inkdigits.api.schemas import Stroke
from inkdigits.imaging.stroke_canvas import CANVAS_PX, MIN_CANVAS_PX

SEVEN = [[0.0, 0.0], [1.8, 0.0], [0.7, 3.0]]


def stroke(points, width=0.3):
    return Stroke(points=[[float(x), float(y)] for x, y in points], width=float(width))


def render_strokes(strokes):
    return drawings.render_strokes(strokes).ink


def test_canvas_fits_the_strokes():
    canvas = render_strokes([stroke(SEVEN)])
    assert CANVAS_PX <= max(canvas.shape) < 1.1 * CANVAS_PX
    ink = np.argwhere(canvas > 0)
    # All of the ink is on the canvas, with a narrow margin.
    assert (ink.min(axis=0) > 0).all()
    assert (ink.min(axis=0) < 5).all()
    assert (ink.max(axis=0) < np.array(canvas.shape) - 1).all()
    assert (ink.max(axis=0) > np.array(canvas.shape) - 6).all()


@pytest.mark.parametrize("scale", [1e-6, 0.01, 100, 1e5])
def test_unit_does_not_matter(scale):
    expected = render_strokes([stroke(SEVEN)]).astype(int)
    scaled = [[scale * x, scale * y] for x, y in SEVEN]
    canvas = render_strokes([stroke(scaled, 0.3 * scale)])
    assert np.abs(canvas - expected).max() <= 1


@pytest.mark.parametrize("shift", [-1000, 5e5])
def test_position_does_not_matter(shift):
    expected = render_strokes([stroke(SEVEN)]).astype(int)
    shifted = [[x + shift, y - shift] for x, y in SEVEN]
    assert np.abs(render_strokes([stroke(shifted)]) - expected).max() <= 1


@pytest.mark.parametrize("width", [5e-324, 1e-9, 1, 1e6])
def test_dot_is_a_disc(width):
    for points in ([[3, 4]], [[3, 4], [3, 4]], [[-1e6, 1e6]]):
        canvas = render_strokes([stroke(points, width)])
        assert canvas.max() > 70  # a quarter of a pixel in each of four
        rows, columns = np.nonzero(canvas)
        assert np.ptp(rows) == np.ptp(columns)


def test_thin_stroke_is_visible():
    canvas = render_strokes([stroke([[0, 0], [1000, 0], [1000, 1000]], 1e-6)])
    assert (canvas > 100).sum() >= 2 * CANVAS_PX * 0.9


def test_strokes_have_their_own_widths():
    canvas = render_strokes([stroke([[0, 0], [0, 10]], 1), stroke([[10, 0], [10, 10]], 4)])
    row = canvas[canvas.shape[0] // 2] > 127
    left, right = row[: len(row) // 2].sum(), row[len(row) // 2 :].sum()
    assert right == pytest.approx(4 * left, rel=0.15)


@pytest.mark.parametrize(
    "points", [[[-1e6, -1e6], [1e6, 1e6]], [[0, 0], [1e6, 1e-6]], [[1e6, 0], [1e6, 1e-300]]]
)
@pytest.mark.parametrize("width", [1e-300, 1, 1e6])
def test_canvas_size_is_bounded(points, width):
    canvas = render_strokes([stroke(points, width)])
    assert max(canvas.shape) < 1.1 * CANVAS_PX
    assert canvas.any()


def test_default_width_is_a_tenth_of_the_longer_side():
    points = [[float(x), float(y)] for x, y in SEVEN]
    expected = render_strokes([stroke(SEVEN, 0.3)])
    np.testing.assert_array_equal(render_strokes([Stroke(points=points)]), expected)
    # Of the whole drawing, and only for the strokes that have none.
    mixed = [Stroke(points=[[0.0, 0.0], [0.0, 10.0]]), stroke([[10, 0], [10, 5]], 2)]
    explicit = [stroke([[0, 0], [0, 10]], 1), mixed[1]]
    np.testing.assert_array_equal(render_strokes(mixed), render_strokes(explicit))


def test_default_width_of_a_dot_is_finite():
    expected = render_strokes([stroke([[3, 4]], 1)])
    for shift in (0, 7e5):
        dot = Stroke(points=[[shift + 3.0, 4.0]])
        np.testing.assert_array_equal(render_strokes([dot]), expected)


def test_long_scribble_gets_a_smaller_canvas():
    scribble = [[0, 0], [1, 1]] * 5000
    canvas = render_strokes([stroke(scribble, 0.1)] * 2)
    assert MIN_CANVAS_PX <= max(canvas.shape) < CANVAS_PX / 2


def test_too_many_points_are_rejected():
    most = [stroke([[0, 0]] * (MAX_POINTS_PER_DRAWING // 2))] * 2
    assert render_strokes(most).any()
    with pytest.raises(UnprocessableEntity, match="20,001 points"):
        render_strokes([*most, stroke([[0, 0]])])
