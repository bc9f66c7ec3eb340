"""Whole numbers of real digits are recognized, located and, where they are none, rejected."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from inkdigits import Recognizer
from inkdigits.imaging.decode import encode_png
from inkdigits.imaging.errors import DamagedImage, UnsupportedImage
from inkdigits.numbers import (
    ConstraintError,
    Constraints,
    may_be_number,
    recognize_boxes,
    recognize_number,
    recognize_number_in_ink,
)
from inkdigits.numbers.pieces import INKED

SCALE = 3
GAP = 10


def box_of(ink):
    """Return left, top, width and height of ink, without its soft edges."""
    return cv2.boundingRect((ink > INKED).astype(np.uint8))


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load()


@pytest.fixture(scope="module")
def write(unseen_digits):
    """Put real digits side by side, as ink: returns it and the box of each digit."""

    def write(text, take=0, margin=20):
        parts, boxes = [], []
        left = margin
        for place, symbol in enumerate(text):
            found = np.flatnonzero(unseen_digits.labels == int(symbol))
            picture = unseen_digits.images[found[(take + place) % len(found)]]
            x, y, width, height = cv2.boundingRect(picture)
            cropped = picture[y : y + height, x : x + width]
            size = (SCALE * width, SCALE * height)
            parts.append((left, cv2.resize(cropped, size, interpolation=cv2.INTER_CUBIC)))
            x, y, *size = box_of(parts[-1][1])
            boxes.append((left + x, 20 + y, *size))
            left += parts[-1][1].shape[1] + GAP
        ink = np.zeros((110, left + margin), np.uint8)
        for left, part in parts:
            ink[20 : 20 + len(part), left : left + part.shape[1]] = part
        return ink, boxes

    return write


TEXTS = ["7", "42", "05", "351", "8809", "70615", "2468013579"]


@pytest.mark.parametrize("text", TEXTS)
def test_number_is_recognized_and_its_digits_are_located(recognizer, write, text):
    right = 0
    for take in range(4):
        ink, boxes = write(text, take)
        prediction = recognize_number(255 - ink, recognizer)
        right += prediction.text == text
        if prediction.text != text:
            continue
        assert prediction.written == "".join(filter(str.isdigit, prediction.written)) == text
        assert [each.digit for each in prediction.digits] == [int(symbol) for symbol in text]
        for each, box in zip(prediction.digits, boxes, strict=True):
            assert overlap(each.box, box) > 0.7
            assert sum(each.probabilities) == pytest.approx(1, abs=1e-6)
        assert prediction.candidates[0].text == text
        assert prediction.candidates[0].probability == prediction.confidence
        assert sum(each.probability for each in prediction.candidates) <= 1 + 1e-9
    assert right >= 3


def overlap(box, other):
    """Return the area that two boxes share, as a share of that which either covers."""
    sides = [
        min(box[axis] + box[axis + 2], other[axis] + other[axis + 2]) - max(box[axis], other[axis])
        for axis in (0, 1)
    ]
    shared = max(0, sides[0]) * max(0, sides[1])
    return shared / (box[2] * box[3] + other[2] * other[3] - shared)


def test_every_way_to_give_the_same_picture_gives_the_same_number(recognizer, write):
    ink, _ = write("351")
    expected = recognize_number(255 - ink, recognizer)
    assert recognize_number(encode_png(255 - ink), recognizer) == expected
    assert recognize_number(255 - ink) == expected  # the default model
    drawn = recognize_number_in_ink(ink, recognizer)
    assert drawn.text == expected.text
    assert recognize_number(ink, recognizer).text == expected.text  # light on dark


def test_boxes_follow_the_digits_in_a_larger_picture(recognizer, write):
    ink, boxes = write("351")
    canvas = np.full((400, 600), 255, np.uint8)
    canvas[200 : 200 + ink.shape[0], 150 : 150 + ink.shape[1]] -= ink
    prediction = recognize_number(canvas, recognizer)
    assert prediction.text == "351"
    for each, (left, top, width, height) in zip(prediction.digits, boxes, strict=True):
        assert overlap(each.box, (left + 150, top + 200, width, height)) > 0.7


@pytest.mark.parametrize("angle", [-12, 12])
def test_boxes_of_a_sloped_number_are_around_its_digits_and_inside_the_picture(
    recognizer, write, angle
):
    digits = "2351"
    ink, boxes = write(digits)
    height, width = ink.shape
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), angle, 1)
    turn[:, 2] += 100
    sloped = cv2.warpAffine(ink, turn, (width + 200, height + 200))
    x, y, *size = cv2.boundingRect(sloped)
    cropped = sloped[y : y + size[1], x : x + size[0]]
    prediction = recognize_number(255 - cropped, recognizer)
    assert prediction.text == digits
    for found, (left, top, w, h) in zip(prediction.digits, boxes, strict=True):
        alone = np.zeros_like(ink)
        alone[top : top + h, left : left + w] = ink[top : top + h, left : left + w]
        box = box_of(cv2.warpAffine(alone, turn, sloped.shape[::-1]))
        assert overlap(found.box, (box[0] - x, box[1] - y, *box[2:])) > 0.75
        assert min(found.box[:2]) >= 0
        assert found.box[0] + found.box[2] <= size[0]
        assert found.box[1] + found.box[3] <= size[1]


def test_signs_are_reported_but_are_not_in_the_text(recognizer, write):
    ink, boxes = write("1250", margin=40)
    (x, y, width, height) = boxes[1]
    point = (x + width + boxes[2][0]) // 2, y + height - 2
    cv2.circle(ink, point, 4, 255, -1)
    prediction = recognize_number(255 - ink, recognizer)
    assert (prediction.text, prediction.written) in (("1250", "12.50"), ("1250", "12,50"))
    (separator,) = prediction.separators
    assert separator.position == 2
    assert overlap(separator.box, (point[0] - 4, point[1] - 4, 9, 9)) > 0.5


@pytest.mark.parametrize(
    ("constraints", "allowed"),
    [
        ({"length": 4}, lambda text: len(text) == 4),
        ({"length": 2}, lambda text: len(text) == 2),
        ({"pattern": "9\\d*"}, lambda text: text[0] == "9"),
        ({"choices": ["361", "957", "842"]}, lambda text: text == "361"),
        ({"checksum": "luhn"}, lambda text: Constraints(checksum="luhn").allows(text)),
    ],
)
def test_constraint_decides_within_the_search_and_leaves_doubt(
    recognizer, write, constraints, allowed
):
    ink, _ = write("351")
    free = recognize_number(255 - ink, recognizer)
    assert free.text == "351"
    prediction = recognize_number(255 - ink, recognizer, **constraints)
    best = prediction.candidates[0].text
    assert allowed(best)
    assert all(allowed(each.text) or "choices" in constraints for each in prediction.candidates)
    assert prediction.confidence < free.confidence


@pytest.mark.parametrize("constraints", [{"length": 3}, {"pattern": "3\\d*"}, {"choices": ["351"]}])
def test_constraint_that_the_number_satisfies_does_not_lower_its_confidence(
    recognizer, write, constraints
):
    ink, _ = write("351")
    free = recognize_number(255 - ink, recognizer)
    prediction = recognize_number(255 - ink, recognizer, **constraints)
    assert prediction.text == free.text == "351"
    assert prediction.confidence > free.confidence - 0.001


@pytest.mark.parametrize("constraints", [{}, {"length": 2}])
def test_candidates_of_what_is_no_number_are_still_in_order(recognizer, constraints):
    noise = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
    probabilities = [
        each.probability for each in recognize_number(noise, recognizer, **constraints).candidates
    ]
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) <= 1 + 1e-9
    assert len(probabilities) > 1


def test_right_choice_is_surer_than_one_that_is_forced(recognizer, write):
    ink, _ = write("351")
    right = recognize_number(255 - ink, recognizer, choices=["351", "117"])
    assert right.text == "351"
    assert right.confidence > 0.9


def test_blank_picture_is_told(recognizer):
    prediction = recognize_number(np.full((60, 200), 255, np.uint8), recognizer)
    assert (prediction.text, prediction.reason, prediction.confidence) == (None, "blank", 0.0)
    assert prediction.digits == prediction.candidates == ()


def test_picture_without_any_digit_is_no_number(recognizer):
    picture = np.full((120, 300), 255, np.uint8)
    for left in (20, 110, 200):  # three stars
        for angle in range(0, 180, 45):
            along = 40 * np.array([np.cos(np.radians(angle)), np.sin(np.radians(angle))])
            middle = np.array([left + 40, 60])
            first, last = (tuple((middle + end).astype(int).tolist()) for end in (along, -along))
            cv2.line(picture, first, last, 0, 5)
    prediction = recognize_number(picture, recognizer)
    assert (prediction.text, prediction.reason) == (None, "not_a_number")


def test_wrong_arguments_are_told(recognizer, write):
    ink, _ = write("35")
    with pytest.raises(ConstraintError):
        recognize_number(255 - ink, recognizer, length=0)
    with pytest.raises(ConstraintError, match="list of texts"):
        recognize_number(255 - ink, recognizer, choices="35")
    with pytest.raises(DamagedImage):
        recognize_number(encode_png(255 - ink)[:-40], recognizer)
    with pytest.raises(UnsupportedImage, match=r"\(H, W\)"):
        recognize_number_in_ink(ink[None], recognizer)
    others = Recognizer(replace(recognizer.model, classes=tuple("abcdefghij")), "letters")
    for call in (
        lambda: recognize_number(255 - ink, others),
        lambda: recognize_number_in_ink(ink, others),
        lambda: recognize_boxes([ink], others),
    ):
        with pytest.raises(ValueError, match="'letters' does not recognize digits"):
            call()


def test_digits_in_boxes_are_recognized_and_empty_boxes_left_out(recognizer, write):
    pictures = [write(symbol, take=5)[0] for symbol in "80615"]
    blank = np.zeros((40, 40), np.uint8)
    prediction = recognize_boxes([blank, *pictures[:2], blank, *pictures[2:]], recognizer)
    assert prediction.text == "80615"
    assert prediction.confidence > 0.8
    assert all(each.box is None for each in prediction.digits)


def test_boxes_without_ink_are_blank(recognizer):
    blank = np.zeros((40, 40), np.uint8)
    assert recognize_boxes([blank, blank], recognizer).reason == "blank"
    assert recognize_boxes([], recognizer).reason == "blank"


def test_constraints_hold_for_boxes(recognizer, write):
    pictures = [write(symbol, take=5)[0] for symbol in "351"]
    for constraints, text in (
        (Constraints(choices=("361", "999", "35")), "361"),
        (Constraints(pattern="3[^5]1"), None),
    ):
        prediction = recognize_boxes(pictures, recognizer, constraints)
        best = prediction.candidates[0].text
        assert best == (text or best)
        assert constraints.allows(best)
        assert prediction.confidence < 0.5
    impossible = recognize_boxes(pictures, recognizer, Constraints(length=2))
    assert (impossible.text, impossible.candidates) == (None, ())


def test_single_digit_is_still_one_and_42_still_is_none(recognizer, write):
    ink, _ = write("42")
    assert recognizer.recognize(255 - ink).reason == "not_a_digit"
    assert may_be_number(ink)
    assert not may_be_number(write("7")[0])
    assert not may_be_number(np.zeros((30, 90), np.uint8))
