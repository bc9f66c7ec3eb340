"""Lines, boxes and dust are removed from the ink of a number, and its digits stay."""

import numpy as np
import pytest
from written import FOUR, SEVEN, number

from inkdigits.imaging.strokes import draw
from inkdigits.numbers.picture import NumberInk, inks_of, remove_clutter

SHAPE = (240, 500)


def lost(before, after):
    """Return the share of the ink that is gone."""
    return 1 - after[before > 128].astype(bool).mean()


def test_ink_without_clutter_stays_as_it_is():
    ink = number()
    assert remove_clutter(ink) is ink


@pytest.mark.parametrize("row", [150, 158], ids=["below", "through the digits' feet"])
@pytest.mark.parametrize("width", [2, 6])
def test_underline_is_removed(row, width):
    ink = number(at=(60, 90))
    underlined = ink.copy()
    underlined[row : row + width, 40:460] = 255
    cleaned = remove_clutter(underlined)
    line = np.zeros(SHAPE, bool)
    line[row : row + width, 40:460] = True
    assert cleaned[line & (ink == 0)].mean() < 40
    assert lost(ink, cleaned) < 0.08


def test_boxes_around_digits_are_removed():
    ink = number(height=50, at=(60, 90))
    boxed = ink.copy()
    for place in range(5):
        left = 52 + 50 * place
        for inset in range(2):
            boxed[80 + inset, left : left + 47] = boxed[150 - inset, left : left + 47] = 255
            boxed[80:151, left + inset] = boxed[80:151, left + 46 - inset] = 255
    cleaned = remove_clutter(boxed)
    assert cleaned[(boxed > 0) & (ink == 0)].mean() < 40
    assert lost(ink, cleaned) < 0.08


def test_dust_is_removed_and_a_decimal_point_is_not():
    ink = number()
    ink[130:140, 460:470] = 255
    dusty = ink.copy()
    dusty[10:12, 20:22] = 255
    np.testing.assert_array_equal(remove_clutter(dusty), ink)


def test_ink_that_is_all_lines_does_no_harm():
    grid = np.zeros(SHAPE, np.uint8)
    grid[::20] = 255
    grid[:, ::20] = 255
    for ink in (grid, np.full(SHAPE, 255, np.uint8), np.zeros((1, 1), np.uint8)):
        assert remove_clutter(ink).shape == ink.shape


def test_many_components_are_not_compared_with_each_other():
    ink = np.zeros((600, 600), np.uint8)
    ink[::3, ::3] = 255
    assert remove_clutter(ink).shape == ink.shape


def test_place_of_the_ink_in_a_large_picture_is_known():
    canvas = np.full((3000, 5000, 4), 255, np.uint8)
    digit = draw([stroke * 300 + 40 for stroke in [SEVEN, *FOUR]], 30, (400, 400))
    canvas[1500:1900, 2000:2400, :3] -= digit[:, :, None]
    ink = next(inks_of(canvas))
    rows, columns = np.nonzero(ink.ink > 128)
    box = (
        int(columns.min()), int(rows.min()),
        int(np.ptp(columns)) + 1, int(np.ptp(rows)) + 1,
    )  # fmt: skip
    left, top, width, height = ink.locate(box)
    rows, columns = np.nonzero(digit > 128)
    assert abs(left - 2000 - columns.min()) <= 6
    assert abs(top - 1500 - rows.min()) <= 6
    assert abs(width - np.ptp(columns)) <= 9
    assert abs(height - np.ptp(rows)) <= 9


def test_no_box_has_no_place():
    assert NumberInk(np.zeros((1, 1), np.uint8)).locate(None) is None


def test_box_does_not_reach_beyond_the_picture():
    picture = NumberInk(np.zeros((30, 50), np.uint8), left=10, top=20, scale=3, shape=(109, 159))
    assert picture.locate((5, 5, 10, 10)) == (25, 35, 30, 30)
    assert picture.locate((-5, -9, 10, 10)) == (0, 0, 25, 23)
    assert picture.locate((45, 25, 10, 10)) == (145, 95, 14, 14)
    assert NumberInk(np.zeros((30, 50), np.uint8)).locate((-1, -1, 60, 60)) == (0, 0, 50, 30)
