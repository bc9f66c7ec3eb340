"""A column or row of many pieces is shortened to the first three; a digit is left as it is."""

import cv2
import numpy as np
import pytest

from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing import ink
from inkdigits.preprocessing.series import first_pieces

SEVEN = np.array([[0, 0], [20, 0], [8, 30]])
ONE = np.array([[10, 0], [10, 30]])
THREE = np.array([[0, 0], [20, 5], [6, 14], [20, 22], [0, 30]])


def column(*strokes, pitch=40, pen=3, slope=0):
    """Draw strokes below each other, and crop to them."""
    placed = [
        stroke + np.array([50 + slope * number, 5 + pitch * number])
        for number, stroke in enumerate(strokes)
    ]
    canvas = draw(placed, pen, (10 + pitch * len(strokes) + 30, 400))
    left, top, width, height = cv2.boundingRect(canvas)
    return np.ascontiguousarray(canvas[top : top + height, left : left + width])


@pytest.mark.parametrize("count", [4, 5, 9])
@pytest.mark.parametrize("slope", [-5, 0, 5])
@pytest.mark.parametrize("pen", [1.5, 3, 5])
@pytest.mark.parametrize("is_row", [False, True])
def test_first_three_of_many_pieces_are_left(count, slope, pen, is_row):
    strokes = [SEVEN, THREE, *[SEVEN] * (count - 2)]
    whole, expected = (column(*part, pen=pen, slope=slope) for part in (strokes, strokes[:3]))
    if is_row:
        whole, expected = (np.ascontiguousarray(part.T) for part in (whole, expected))
    np.testing.assert_array_equal(first_pieces(whole), expected)


def test_one_of_the_pieces_may_be_as_narrow_as_a_stroke():
    strokes = [SEVEN, ONE, THREE, SEVEN]
    assert first_pieces(column(*strokes)).shape[0] < column(*strokes).shape[0]


def test_short_pieces_are_not_counted():
    dash = np.array([[0, 0], [20, 0]])
    whole = column(SEVEN, dash, SEVEN, dash, SEVEN)
    assert first_pieces(whole) is whole


@pytest.mark.parametrize(
    "whole",
    [
        column(SEVEN, THREE, SEVEN),
        column(*[ONE] * 6),
        column(ONE, SEVEN, ONE, SEVEN),
        column(*[np.array([[0, 0], [20, 0]])] * 6),
        column(*[SEVEN] * 5, pitch=36, pen=4),
        column(*[SEVEN] * 5, pen=20, pitch=80),
    ],
    ids=["three", "dashes along", "mostly narrow", "dashes across", "close together", "thick"],
)
def test_what_may_be_one_digit_is_left_as_it_is(whole):
    assert first_pieces(whole) is whole


def test_candidates_are_of_the_first_pieces():
    whole = np.pad(column(*[SEVEN] * 5), 40)
    expected = ink.from_ink(np.pad(column(SEVEN, SEVEN, SEVEN), 40))
    np.testing.assert_array_equal(ink.candidates_from_ink(whole)[0], expected)
    rgba = np.dstack([255 - whole] * 3 + [np.full_like(whole, 255)])
    np.testing.assert_array_equal(ink.candidates(rgba)[0], expected)
