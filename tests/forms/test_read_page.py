"""Sheets as they are photographed: turned, tilted, bent, in the shadow; and spoiled ones."""

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest
from sheet_pictures import TABLE, Photo, draw_page, photograph, to_px, write_digits

from inkdigits.forms.form import Field, Form
from inkdigits.forms.layout import Rectangle, layout
from inkdigits.forms.read_page import read_page
from inkdigits.forms.sources import Source
from inkdigits.recognizer import Recognizer

FORM = Form(
    "Points",
    (
        Field("number", 4),
        Field("first", 2),
        Field("second", 2),
        Field("total", 3, sum=("first", "second")),
    ),
)
ROWS = 4
VALUES = {
    (1, "number"): "2718", (1, "first"): " 7", (1, "second"): "35", (1, "total"): " 42",
    (3, "number"): "4049", (3, "first"): "12", (3, "second"): " 3", (3, "total"): " 16",
    (4, "number"): "5731",
}  # fmt: skip
PLAIN = Photo(megapixels=1.5, tilt=10, direction=60)


@cache
def recognizer():
    return Recognizer.load()


def cells():
    return {(c.row + 1, c.field.name): c for c in layout(FORM, ROWS).pages[0].cells}


@cache
def filled(copy=7):
    """A page with three rows: the third has a wrong sum, and the fourth is struck out."""
    rng = np.random.default_rng(3)
    page = draw_page(FORM, ROWS, copy)
    for key, value in VALUES.items():
        write_digits(page, cells()[key].boxes, value, rng, digits=plain_strokes)
    place = cells()[4, "number"].place
    start, end = (place.left - 1, place.top + 5), (place.right + 1, place.top + 3)
    cv2.line(page, to_px(*start), to_px(*end), (110, 45, 25), 6, cv2.LINE_AA)
    return page


def plain_strokes(digit, rng):
    """The digits as in a school book, so that none is doubtful."""
    turn = np.linspace(0, 2 * np.pi, 24)[:, None]
    o = np.hstack([np.sin(turn), -np.cos(turn)])  # a circle, clockwise from the top
    wide, low, high = (0.3, 0.25), (0, 0.22), (0, -0.2)
    six = low + o * (0.3, 0.28)
    strokes = {
        0: [o * (0.35, 0.5)],
        1: [[(-0.2, -0.3), (0, -0.5), (0, 0.5)]],
        2: [[*(o[18:24] * wide), *(o[:9] * wide), (-0.3, 0.75), (0.35, 0.75)]],
        3: [[*(o[19:24] * wide), *(o[:12] * wide), *((0, 0.5) + o[1:17] * (0.33, 0.25))]],
        4: [[(0.05, -0.5), (-0.35, 0.15), (0.4, 0.15)], [(0.2, -0.15), (0.2, 0.5)]],
        5: [[(0.3, -0.5), (-0.25, -0.5), (-0.28, -0.05), *(low + o[1:17] * (0.33, 0.3))]],
        6: [[(0.25, -0.5), (-0.2, -0.05), *six[17:], *six[:19]]],
        7: [[(-0.3, -0.5), (0.35, -0.5), (-0.05, 0.5)]],
        8: [[*(o * (0.25, 0.24)), *((0, 0.5) + o * (0.3, 0.26))]],
        9: [[*(high + o[6:] * (0.3, 0.28)), *(high + o[:7] * (0.3, 0.28)), (0.25, 0.5)]],
    }
    return [np.array(stroke, float) for stroke in strokes[digit]]


def read(tmp_path, page, photo, form=FORM, change=None):
    data = photograph(page, photo, np.random.default_rng(0))
    if change is not None:
        picture = change(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR))
        data = cv2.imencode(".jpg", picture)[1].tobytes()
    path = tmp_path / "photo.jpg"
    path.write_bytes(data)
    return read_page(Source(str(path), "0" * 64, 1), 1, form, recognizer())


@pytest.mark.parametrize(
    "photo",
    [
        replace(PLAIN, turns=0, shadow=0.5),
        replace(PLAIN, turns=1, tilt=35, megapixels=1.2),
        replace(PLAIN, turns=2, curl=6, tilt=20, direction=0),
        replace(PLAIN, turns=3, blur=0.25, jpeg=40),
    ],
    ids=["shadow", "tilted", "bent", "blurred"],
)
def test_photo_in_any_orientation(tmp_path, photo):
    result = read(tmp_path, filled(), photo)
    assert result.problem is None
    assert (result.copy, result.form_page, len(result.fields)) == (7, 1, 4 * ROWS)
    for field in result.fields:
        expected = VALUES.get((field.row, field.name), "").strip()
        if (field.row, field.name) == (4, "number"):
            assert (field.value, field.reason, field.review) == ("", "struck_out", True)
        elif not expected:
            assert (field.value, field.reason, field.review) == ("", "empty", False)
        else:
            assert field.value == expected
    broken = {field.name for field in result.fields if field.reason == "sum_rule"}
    assert broken == {"first", "second", "total"}
    assert {field.row for field in result.fields if field.reason == "sum_rule"} == {3}


def test_gray_scan_and_pictures_of_boxes(tmp_path):
    gray = lambda picture: cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)  # noqa: E731
    result = read(tmp_path, filled(), replace(PLAIN, tilt=0), change=gray)
    number = next(f for f in result.fields if (f.row, f.name) == (1, "number"))
    assert (number.value, number.reason) == ("2718", None)
    assert [box.blank for box in number.boxes] == [False] * 4
    total = next(f for f in result.fields if (f.row, f.name) == (1, "total"))
    assert [box.blank for box in total.boxes] == [True, False, False]
    picture = cv2.imdecode(np.frombuffer(number.crop, np.uint8), cv2.IMREAD_GRAYSCALE)
    assert picture.shape[1] > 2 * picture.shape[0]


def covered(page, number):
    page = page.copy()
    place = layout(FORM, ROWS).markers[number].place
    cv2.circle(page, to_px(place.left + 5, place.top + 5), 70, (90, 120, 180), -1)
    return page


def folded(page):
    page = page.copy()
    width, side = page.shape[1], 350
    cv2.fillPoly(page, [np.array([(width - side, 0), (width, 0), (width, side)])], TABLE)
    corner = np.array([(width - side, 0), (width - side, side), (width, side)])
    cv2.fillPoly(page, [corner], (235, 235, 235))
    return page


@pytest.mark.parametrize(
    ("spoil", "photo", "change", "sentence"),
    [
        (lambda page: covered(page, 2), PLAIN, None, "The lower right marker was not found"),
        (folded, PLAIN, None, "The upper right marker was not found: unfold the corner"),
        (None, PLAIN, lambda p: p[: len(p) * 3 // 4], "lower left markers were cut off"),
        (None, PLAIN, lambda p: p[:, ::-1], "The picture is mirrored"),
        (None, replace(PLAIN, shadow=0.9), None, "A part of the sheet is too dark"),
        (None, replace(PLAIN, megapixels=0.3, fill=0.8, blur=0), None, "The sheet is too small"),
        (lambda page: np.full_like(page, 255), PLAIN, None, "No markers were found"),
        (lambda page: np.hstack([page, page]), PLAIN, None, "there are several sheets"),
        (lambda page: page[:, ::-1].copy(), PLAIN, None, "The picture is mirrored"),
    ],
)
def test_spoiled_sheet_is_told_and_not_recognized(tmp_path, spoil, photo, change, sentence):
    page = filled() if spoil is None else spoil(filled())
    result = read(tmp_path, page, photo, change=change)
    assert result.fields == ()
    assert sentence in result.problem


def test_sheet_of_another_form_is_told(tmp_path):
    other = replace(FORM, title="Other points")
    assert "a sheet of another form" in read(tmp_path, filled(), PLAIN, other).problem


def test_code_that_is_covered_is_told(tmp_path):
    page = filled().copy()
    place = layout(FORM, ROWS).code
    cv2.circle(page, to_px(place.left + 11, place.top + 11), 90, (255, 255, 255), -1)
    assert (
        "The code in the upper right corner cannot be read" in read(tmp_path, page, PLAIN).problem
    )


def test_hidden_field_is_not_empty(tmp_path):
    page = filled().copy()
    place = cells()[2, "number"].place  # an empty one
    paper = Rectangle(place.left - 3, place.top + 1, place.width + 6, place.height)
    corner, opposite = to_px(paper.left, paper.top), to_px(paper.right, paper.bottom)
    cv2.rectangle(page, corner, opposite, (255, 255, 255), -1)
    fields = {(f.row, f.name): f for f in read(tmp_path, page, PLAIN).fields}
    assert fields[2, "number"].review
    assert not fields[2, "first"].review


def test_digit_that_is_hidden_is_told(tmp_path):
    page = filled().copy()
    box = cells()[1, "number"].boxes[0]  # of 2718, which would be 718
    corner, opposite = to_px(box.left - 3, box.top - 1), to_px(box.right - 0.7, box.bottom + 1)
    cv2.rectangle(page, corner, opposite, (255, 255, 255), -1)
    fields = {(f.row, f.name): f for f in read(tmp_path, page, PLAIN).fields}
    assert fields[1, "number"].review
    assert not fields[1, "second"].review
