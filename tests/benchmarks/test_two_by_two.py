"""The write-up's clean-up as its server has it, and recipes with another clean-up."""

import numpy as np
import pytest
import two_by_two

from inkdigits.preprocessing import classic
from inkdigits.recipes import CNN_SMALL, RECIPES


@pytest.fixture
def sheet():
    """An opaque white sheet with a black bar, uint8 (280, 280, 4)."""
    rgba = np.full((280, 280, 4), 255, np.uint8)
    rgba[40:200, 60:80, :3] = 0
    return rgba


def test_a_black_bar_on_white_is_what_classic_makes_of_it_on_the_small_grid(sheet):
    bar = np.zeros((1, 28, 28), np.uint8)
    bar[0, 4:20, 6:8] = 255
    np.testing.assert_array_equal(two_by_two.as_served(sheet), classic.from_mnist(bar)[0])


def test_a_transparent_sheet_is_white(sheet):
    clear = sheet.copy()
    clear[sheet[..., 0] == 255] = 0
    np.testing.assert_array_equal(two_by_two.as_served(clear), two_by_two.as_served(sheet))


def test_a_dark_sheet_is_all_ink(sheet):
    sheet[..., :3] = 255 - sheet[..., :3]
    assert (two_by_two.as_served(sheet) == 255).mean() > 0.9


def test_another_clean_up_takes_no_pictures_that_another_one_made(monkeypatch):
    monkeypatch.setattr(two_by_two, "RECIPES", dict(RECIPES))
    crossed = two_by_two.with_preprocessor(CNN_SMALL, "classic")
    assert two_by_two.RECIPES[crossed.name] is crossed
    assert crossed.preprocessing == "classic"
    assert crossed.network is CNN_SMALL.network
    assert not crossed.redrawn
    assert not crossed.pendigits_copies
    assert not crossed.nondigits
    assert RECIPES["cnn-small"] is CNN_SMALL
