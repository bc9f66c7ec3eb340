"""A form without markers is found by its print, and any other page is refused."""

from functools import cache

import cv2
import empty_form
import numpy as np
import pytest
from sheet_pictures import Photo, photograph

from inkdigits.forms.reference import prepare
from inkdigits.forms.registration import register
from inkdigits.forms.registration_checks import RegistrationError

TEXTS = {"customer": "271828", "reading": "4049", "before": "1742", "persons": "2"}


@cache
def reference():
    gray = cv2.cvtColor(empty_form.draw_form(), cv2.COLOR_BGR2GRAY)
    return prepare(gray, [empty_form.rectangle(name) for name in empty_form.FIELDS])


@cache
def filled():
    return empty_form.fill(empty_form.draw_form(), **TEXTS)


def seen(page, **changes):
    photo = Photo(**{"megapixels": 2, "tilt": 15, "direction": 70} | changes)
    file = photograph(page, photo, np.random.default_rng(0))
    return cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)


@pytest.mark.parametrize(
    "changes",
    [
        {"tilt": 35, "direction": 200, "turns": 1},
        {"tilt": 10, "turns": 2, "shadow": 0.5, "megapixels": 1.2},
        {"turns": 3, "curl": 4},
    ],
    ids=["from the side", "in a shadow", "curled"],
)
def test_straightened_photo_lies_on_the_reference(changes):
    found = register(reference(), seen(filled(), **changes))
    assert found.image.shape == (*reference().shape, 3)
    assert found.found > 0.9
    gray = cv2.cvtColor(found.image, cv2.COLOR_BGR2GRAY)
    expected = cv2.cvtColor(filled(), cv2.COLOR_BGR2GRAY)
    for name in empty_form.FIELDS:
        left, top, width, height = empty_form.rectangle(name)
        whole = np.s_[top - 40 : top + height + 40, left - 40 : left + width + 40]
        inner = np.s_[top - 25 : top + height + 25, left - 25 : left + width + 25]
        scores = cv2.matchTemplate(gray[whole], expected[inner], cv2.TM_CCOEFF_NORMED)
        _, score, _, place = cv2.minMaxLoc(scores)
        assert score > 0.7
        assert np.abs(np.array(place) - 15).max() <= 3  # a third of a millimeter


def test_another_form_is_refused():
    words = [line[::-1].upper() for line in empty_form.LINES[::-1]]
    other = empty_form.draw_form(words, seed=8)
    with pytest.raises(RegistrationError) as refused:
        register(reference(), seen(other))
    assert refused.value.reason in ("no_form", "wrong_sheet")


def test_form_that_shares_only_the_upper_half_is_refused():
    other = empty_form.draw_form([line[::-1].upper() for line in empty_form.LINES], seed=8)
    other[:1480] = filled()[:1480]
    with pytest.raises(RegistrationError, match="differs from the reference"):
        register(reference(), seen(other))


def test_page_without_print_is_refused():
    with pytest.raises(RegistrationError, match="not found"):
        register(reference(), seen(np.full_like(filled(), 250)))


def test_covered_field_is_refused():
    page = filled().copy()
    left, top, width, height = empty_form.rectangle("reading")
    page[top - 30 : top + height + 30, left + width // 2 : left + width + 40] = 250
    with pytest.raises(RegistrationError, match="covered or folded"):
        register(reference(), seen(page))


def test_field_in_the_dark_is_refused():
    page = filled().copy()
    page[1900:] = page[1900:] // 12
    with pytest.raises(RegistrationError, match="dark"):
        register(reference(), seen(page))


def test_field_beyond_the_picture_is_refused():
    with pytest.raises(RegistrationError, match="outside of the picture"):
        register(reference(), seen(filled(), tilt=0)[:1100])


def test_mirrored_page_is_refused():
    with pytest.raises(RegistrationError):
        register(reference(), np.ascontiguousarray(seen(filled())[:, ::-1]))


def test_reference_with_little_print_is_refused():
    empty = np.full((1200, 800), 250, np.uint8)
    cv2.rectangle(empty, (300, 300), (600, 360), 0, 2)
    with pytest.raises(ValueError, match="too little print"):
        prepare(empty, [(300, 300, 300, 60)])
