"""Strokes of any size become a sheet of a bounded one, and in a bounded time."""

import numpy as np
import pytest
from werkzeug.exceptions import UnprocessableEntity

from inkdigits.api.drawings import MOST_POINTS, SHEET_PX, SMALLEST_SHEET_PX, draw_strokes
from inkdigits.api.schemas import Stroke

SEVEN = [[0.0, 0.0], [1.8, 0.0], [0.7, 3.0]]


def stroke(points, width=0.3):
    return Stroke(points=[[float(x), float(y)] for x, y in points], width=float(width))


def test_the_sheet_is_as_large_as_the_strokes():
    sheet = draw_strokes([stroke(SEVEN)])
    assert SHEET_PX <= max(sheet.shape) < 1.1 * SHEET_PX
    ink = np.argwhere(sheet > 0)
    # All of it is on the sheet, and little beside it.
    assert (ink.min(axis=0) > 0).all()
    assert (ink.min(axis=0) < 5).all()
    assert (ink.max(axis=0) < np.array(sheet.shape) - 1).all()
    assert (ink.max(axis=0) > np.array(sheet.shape) - 6).all()


@pytest.mark.parametrize("scale", [1e-6, 0.01, 100, 1e5])
def test_the_unit_does_not_matter(scale):
    expected = draw_strokes([stroke(SEVEN)]).astype(int)
    scaled = [[scale * x, scale * y] for x, y in SEVEN]
    sheet = draw_strokes([stroke(scaled, 0.3 * scale)])
    assert np.abs(sheet - expected).max() <= 1


@pytest.mark.parametrize("shift", [-1000, 5e5])
def test_the_place_does_not_matter(shift):
    expected = draw_strokes([stroke(SEVEN)]).astype(int)
    shifted = [[x + shift, y - shift] for x, y in SEVEN]
    assert np.abs(draw_strokes([stroke(shifted)]) - expected).max() <= 1


@pytest.mark.parametrize("width", [5e-324, 1e-9, 1, 1e6])
def test_a_dot_is_a_disc(width):
    for points in ([[3, 4]], [[3, 4], [3, 4]], [[-1e6, 1e6]]):
        sheet = draw_strokes([stroke(points, width)])
        assert sheet.max() > 70  # a quarter of a pixel in each of four
        rows, columns = np.nonzero(sheet)
        assert np.ptp(rows) == np.ptp(columns)


def test_a_hair_is_still_seen():
    sheet = draw_strokes([stroke([[0, 0], [1000, 0], [1000, 1000]], 1e-6)])
    assert (sheet > 100).sum() >= 2 * SHEET_PX * 0.9


def test_each_stroke_keeps_its_pen():
    sheet = draw_strokes([stroke([[0, 0], [0, 10]], 1), stroke([[10, 0], [10, 10]], 4)])
    row = sheet[sheet.shape[0] // 2] > 127
    left, right = row[: len(row) // 2].sum(), row[len(row) // 2 :].sum()
    assert right == pytest.approx(4 * left, rel=0.15)


@pytest.mark.parametrize(
    "points", [[[-1e6, -1e6], [1e6, 1e6]], [[0, 0], [1e6, 1e-6]], [[1e6, 0], [1e6, 1e-300]]]
)
@pytest.mark.parametrize("width", [1e-300, 1, 1e6])
def test_the_sheet_is_small_whatever_is_drawn(points, width):
    sheet = draw_strokes([stroke(points, width)])
    assert max(sheet.shape) < 1.1 * SHEET_PX
    assert sheet.any()


def test_a_long_scribble_gets_a_smaller_sheet():
    scribble = [[0, 0], [1, 1]] * 5000
    sheet = draw_strokes([stroke(scribble, 0.1)] * 2)
    assert SMALLEST_SHEET_PX <= max(sheet.shape) < SHEET_PX / 2


def test_too_many_points_are_refused():
    most = [stroke([[0, 0]] * (MOST_POINTS // 2))] * 2
    assert draw_strokes(most).any()
    with pytest.raises(UnprocessableEntity, match="20,001 points"):
        draw_strokes([*most, stroke([[0, 0]])])
