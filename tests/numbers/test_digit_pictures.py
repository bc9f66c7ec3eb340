"""The picture of a number is cut into its digits, whatever the networks recognize in it."""

import numpy as np
import pytest
from written import number

from inkdigits import Recognizer
from inkdigits.imaging.errors import DamagedImage
from inkdigits.imaging.inputs import to_rgba
from inkdigits.numbers import digit_pictures
from inkdigits.numbers.digit_pictures import NumberError, cut_digits
from inkdigits.numbers.picture import inks_of


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load()


@pytest.mark.parametrize("gap", [1.0, 0.8])
def test_a_number_is_cut_into_its_digits(recognizer, gap):
    pieces = cut_digits(recognizer, 255 - number(gap=gap), "47474")
    assert [recognizer.recognize_ink(piece).digit for piece in pieces] == [4, 7, 4, 7, 4]
    for piece in pieces:
        assert piece.dtype == np.uint8
        assert piece[0].any()  # cropped to its ink
        assert piece[:, -1].any()


@pytest.mark.parametrize(
    ("written", "text"), [("47474", "42474"), ("47474", "11111"), ("74", "66")]
)
def test_digits_that_were_not_recognized_are_cut_out_where_they_are(recognizer, written, text):
    picture = 255 - number(text=written, gap=0.8)
    expected = cut_digits(recognizer, picture, written)
    for piece, other in zip(cut_digits(recognizer, picture, text), expected, strict=True):
        np.testing.assert_array_equal(piece, other)


@pytest.mark.parametrize("text", ["4747", "474747", "4"])
def test_another_count_of_digits_is_an_error(recognizer, text):
    with pytest.raises(NumberError, match=r"does not show \d digits? that can be told apart"):
        cut_digits(recognizer, 255 - number(), text)


@pytest.mark.parametrize("order", [1, -1])
def test_the_picture_in_which_the_digits_are_the_likeliest_is_cut(recognizer, monkeypatch, order):
    inks = [next(inks_of(to_rgba(255 - number(text=text)))) for text in ("47", "74")]
    monkeypatch.setattr(digit_pictures, "inks_of", lambda rgba: iter(inks[::order]))
    pieces = cut_digits(recognizer, 255 - number(), "47")
    assert [recognizer.recognize_ink(piece).digit for piece in pieces] == [4, 7]


def test_a_blank_picture_is_an_error(recognizer):
    with pytest.raises(NumberError, match="does not show 2 digits"):
        cut_digits(recognizer, np.full((80, 80), 255, np.uint8), "47")


@pytest.mark.parametrize("text", ["", "4-7", "four", "\u0664", "4 7", "4" * 21])
def test_a_text_that_is_not_digits_is_an_error(recognizer, text):
    with pytest.raises(NumberError, match=r"1 to 20 digits from 0 to 9"):
        cut_digits(recognizer, 255 - number(), text)


def test_a_damaged_picture_is_an_error_of_images(recognizer):
    with pytest.raises(DamagedImage):
        cut_digits(recognizer, b"\x89PNG\r\n\x1a\n", "47")
