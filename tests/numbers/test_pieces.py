"""Symbols are cut apart where the least ink is, and their boxes are known."""

import numpy as np
from written import number

from inkdigits.imaging.strokes import draw
from inkdigits.numbers.line import normalize_line
from inkdigits.numbers.pieces import Pieces

HEIGHT, LEFT, TOP = 60, 60, 80


def cut(ink, text_places):
    """Cut at columns of the ink, which is level."""
    line = normalize_line(ink)
    (scale, _, left), _ = line.to_ink
    centers = (np.array(text_places) - left) / scale
    return line, Pieces(line), centers


def test_digits_that_stand_apart_are_cut_out_whole():
    ink = number()
    places = [LEFT + 20 + HEIGHT * place for place in range(5)]
    line, pieces, centers = cut(ink, places)
    found = pieces.of(centers)
    assert len(found) == 5
    total = sum(int((picture > 128).sum()) for picture, _ in found)
    assert total == int((line.pixels > 128).sum())
    for place, (_, (left, top, width, height)) in enumerate(found):
        assert abs(left - (LEFT - 3 + HEIGHT * place)) <= 4
        assert abs(top - (TOP - 3)) <= 4
        assert abs(width - (0.6 * HEIGHT + 6)) <= 6
        assert abs(height - (HEIGHT + 6)) <= 6


def test_digits_that_touch_are_cut_where_they_touch():
    # Two uprights that a thin bar connects.
    bars = [np.array([[40.0, 40.0], [40.0, 100.0]]), np.array([[100.0, 40.0], [100.0, 100.0]])]
    ink = draw([*bars, np.array([[40.0, 70.0], [100.0, 70.0]])], [12, 12, 3], (140, 140))
    _, pieces, centers = cut(ink, [40, 100])
    first, second = (box for _, box in pieces.of(centers))
    assert abs(first[0] + first[2] - second[0]) <= 4
    assert 30 <= first[0] + first[2] - 40 + 2 <= 60


def test_each_piece_is_cut_once_for_all_texts():
    ink = number()
    _, pieces, centers = cut(ink, [LEFT + 20 + HEIGHT * place for place in range(5)])
    first = pieces.of(centers)
    assert pieces.of(centers[:])[2][0] is first[2][0]


def test_symbol_without_ink_has_no_box():
    ink = np.concatenate([number(text="4", shape=(240, 160)), np.zeros((240, 300), np.uint8)], 1)
    ink[140:150, 440:450] = 255
    _, pieces, centers = cut(ink, [75, 250, 445])
    (_, first), (picture, second), (_, third) = pieces.of(centers)
    assert first is not None
    assert third is not None
    assert second is None
    assert not picture.any()


def test_symbols_in_one_column_are_cut():
    _, pieces, _ = cut(number(), [80])
    assert len(pieces.of(np.array([30.0, 30.0, 30.0]))) == 3
