"""Lines for training say what their text says, in every kind that there is."""

import cv2
import numpy as np
import pytest

from inkdigits.data import number_lines, number_strings
from inkdigits.data.number_lines import FILLER, OTHER, example, spoil
from inkdigits.data.number_signs import SUMS, sign
from inkdigits.data.number_strings import HEIGHT_PX, Hand, Spacing, hands, write
from inkdigits.data.traces import Traces
from inkdigits.data.unipen_numbers import NumberTrace

ONE = np.array([[0.0, 0.0], [0.0, 1.0]])
RING = np.stack([np.cos(np.linspace(0, 6.3, 30)), 1.5 * np.sin(np.linspace(0, 6.3, 30))], axis=1)
PEN = Hand([[ONE], [RING]] * 5, np.array([1, 0] * 5, np.uint8))
ANY = Hand([[ONE], [RING]] * 5, np.arange(10, dtype=np.uint8))


def components(ink):
    return cv2.connectedComponents((ink > 128).astype(np.uint8))[0] - 1


@pytest.fixture
def calm(monkeypatch):
    """Let digits stand apart, unjoined, and as their writer wrote them."""
    monkeypatch.setattr(number_strings, "SPACINGS", (Spacing(1, 0.3, 0.4),))
    settings = number_strings.StringSettings(cursive=0)
    monkeypatch.setattr(number_strings, "STRINGS", settings)
    monkeypatch.setattr(number_strings, "vary", lambda strokes, label, rng: strokes)


@pytest.mark.parametrize("text", ["1", "10", "1101", "000111"])
def test_each_digit_of_a_text_is_written(calm, text):
    ink = write(text, [PEN], np.random.default_rng(len(text)))
    assert components(ink) == len(text)
    rows = np.flatnonzero(ink.any(axis=1))
    assert 0.7 * HEIGHT_PX < len(rows) < 2 * HEIGHT_PX


def test_digit_that_a_writer_lacks_is_another_writers(calm):
    ones = Hand([[ONE]], np.array([1], np.uint8))
    assert components(write("10", [ones, PEN], np.random.default_rng(1))) == 2


def test_digit_that_nobody_has_is_told():
    with pytest.raises(ValueError, match="no writer has a 7"):
        write("17", [PEN], np.random.default_rng(1))


def test_pictures_and_traces_give_hands_of_writers_with_enough_digits(digits):
    labels = np.array([0, 1] * 12 + [1], np.uint8)
    writers = np.array(["a"] * 24 + ["b"])
    (hand,) = hands(Traces([[ONE]] * 25, labels, writers))
    assert len(hand.glyphs) == 24
    assert hand.labels.tolist() == labels[:24].tolist()


def test_pictures_are_enlarged_to_the_height_of_a_digit(calm, unseen_digits):
    is_seven = np.flatnonzero(unseen_digits.labels == 7)[:3]
    hand = Hand(list(unseen_digits.images[is_seven]), np.full(3, 7, np.uint8))
    ink = write("7", [hand], np.random.default_rng(0))
    assert 0.6 * HEIGHT_PX < np.ptp(np.flatnonzero((ink > 128).any(axis=1))) < 1.5 * HEIGHT_PX


@pytest.mark.parametrize("symbol", [*".,-$?", FILLER, *SUMS])
def test_every_sign_can_be_written_and_is_of_a_digits_size(symbol):
    for seed in range(20):
        points = np.concatenate(sign(symbol, np.random.default_rng(seed)))
        assert np.isfinite(points).all()
        assert np.ptp(points, axis=0).max() < (2.6 if symbol == "-" else 2)
    assert write(f"1{symbol}0", [PEN], np.random.default_rng(0)).any()


def test_examples_are_of_all_kinds_and_repeat_themselves():
    number = NumberTrace([ONE * 40, RING * 20 + 40], "10", "x/1")
    outliers = np.full((3, 28, 28), 200, np.uint8)
    texts = []
    for seed in range(100):
        ink, text = example([ANY], [number], outliers, np.random.default_rng(seed))
        again, same = example([ANY], [number], outliers, np.random.default_rng(seed))
        np.testing.assert_array_equal(ink, again)
        assert text == same
        assert ink.dtype == np.uint8
        texts.append(text)
    joined = "".join(texts)
    assert set(joined) <= set("0123456789.,-$?")
    assert set(".,-$?") < set(joined)
    assert any(text.isdigit() and len(text) > 4 for text in texts)
    assert OTHER in texts
    assert any(OTHER in text and any(map(str.isdigit, text)) for text in texts)


def test_example_without_numbers_and_outliers_is_made_too():
    for seed in range(60):
        _, text = example([ANY], [], np.zeros((0, 28, 28), np.uint8), np.random.default_rng(seed))
        assert text


def test_amounts_have_at_most_one_decimal_mark_and_two_cents():
    for seed in range(200):
        text = number_lines._amount(np.random.default_rng(seed)).strip("$-#")
        assert text[0].isdigit()
        if "." in text and "," in text:
            assert len(text.replace(".", ",").split(",")[-1]) == 2


def test_spoiling_keeps_most_of_the_ink():
    ink = write("10101", [PEN], np.random.default_rng(3))
    for seed in range(60):
        spoiled = spoil(ink.copy(), np.random.default_rng(seed))
        assert abs(spoiled.shape[0] - ink.shape[0]) <= 6
        assert (spoiled > 60).sum() > 0.4 * (ink > 60).sum()
