"""Pictures are moved as they should be before their probabilities are averaged."""

import numpy as np
import pytest
from test_time_augmentation import COPIES, MOVES, Move, averaged, moved, ways_of

from inkdigits import Recognizer


@pytest.fixture
def bars():
    """Two upright bars, one beside the middle, uint8 (2, 28, 28)."""
    pictures = np.zeros((2, 28, 28), np.uint8)
    pictures[0, 6:22, 12:16] = 255
    pictures[1, 6:22, 5:9] = 255
    return pictures


def test_the_first_copy_is_the_picture_and_each_other_one_differs(bars):
    assert MOVES[0] == Move()
    assert len(set(MOVES)) == len(MOVES) == max(COPIES)
    np.testing.assert_array_equal(moved(bars, MOVES[0]), bars)
    for move in MOVES[1:]:
        for copy, bar in zip(moved(bars, move), bars, strict=True):
            assert (copy != bar).any()


@pytest.mark.parametrize(("down", "right"), [(1, 0), (-1, 0), (0, 1), (0, -1)])
def test_a_shift_goes_where_it_says(bars, down, right):
    shifted = moved(bars, Move(down=down, right=right))
    np.testing.assert_array_equal(shifted, np.roll(bars, (down, right), axis=(1, 2)))


def test_scale_and_turn_are_about_the_middle(bars):
    large = moved(bars, Move(scale=1.5))[0] > 127
    assert large.any(axis=1).sum() == pytest.approx(24, abs=1)
    assert large.any(axis=0).sum() == pytest.approx(6, abs=1)
    np.testing.assert_allclose(moved(bars, Move(degrees=90))[0], bars[0].T, atol=1)


def test_the_mean_is_over_the_copies(digits):
    recognizer = Recognizer.load("mlp")
    cleaned = recognizer.preprocess_mnist(digits.images[:20])
    expected = sum(recognizer.probabilities(moved(cleaned, move)) for move in MOVES[:5]) / 5
    np.testing.assert_allclose(averaged(recognizer, 5, cleaned), expected)
    np.testing.assert_allclose(averaged(recognizer, 1, cleaned), recognizer.probabilities(cleaned))


def test_the_ways_differ_in_the_pictures_that_leave_it_unsure(digits):
    recognizer = Recognizer.load("mlp")
    cleaned = recognizer.preprocess_mnist(digits.images[:2000])
    read = {way: probabilities_of(cleaned) for way, probabilities_of in ways_of(recognizer).items()}
    assert list(read) == ["once", "again if unsure", "5 times", "9 times"]
    is_again = (read["once"] != read["again if unsure"]).any(axis=1)
    assert 0 < is_again.sum() < 400
    assert read["once"][~is_again].max(axis=1).min() > read["once"][is_again].max(axis=1).mean()
    assert (read["5 times"] != read["once"]).any(axis=1).sum() > 1900
