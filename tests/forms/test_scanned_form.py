"""The file of a form on a scan: written, read again, and checked."""

import copy

import cv2
import empty_form
import pytest

from inkdigits.forms.scan_fields import open_empty_form
from inkdigits.forms.scanned_form import ScannedForm, load_any_form, parse_scanned_form
from inkdigits.forms.scanned_page import load_scan
from inkdigits.forms.sources import PageError
from inkdigits.storage.files import FileError


@pytest.fixture(scope="module")
def empty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("form")
    (folder / "scans").mkdir()
    cv2.imwrite(str(folder / "scans/empty.png"), empty_form.draw_form())
    return open_empty_form(folder / "scans/empty.png", 1, folder / "meter.toml")


def test_saved_form_is_read_again(empty):
    saved = empty.save(empty_form.described())
    form = load_any_form(empty.output)
    assert isinstance(form, ScannedForm)
    assert (form, form.identity) == (saved, saved.identity)
    assert form.scan.file == "scans/empty.png"
    assert [place.boxes for place in form.places] == [True, True, False, True]
    assert form.fields[3].range == (0, 20)
    assert load_scan(form).shape[:2] == empty_form.SIZE[::-1]


def test_identity_depends_on_the_rectangles(empty):
    content = empty_form.described()
    before = parse_scanned_form(content, empty.output.parent, empty.scan)
    content["fields"][0]["rectangle"][0] += 1
    after = parse_scanned_form(content, empty.output.parent, empty.scan)
    assert before.identity != after.identity


def test_changed_scan_is_refused(empty, tmp_path):
    (tmp_path / "scans").mkdir()
    page = empty_form.draw_form()
    page[:20] = 0
    cv2.imwrite(str(tmp_path / "scans/empty.png"), page)
    form = parse_scanned_form(empty_form.described(), tmp_path, empty.scan)
    with pytest.raises(PageError, match="has changed"):
        load_scan(form)


@pytest.mark.parametrize(
    ("key", "value", "cause"),
    [
        ("rectangle", None, "rectangle is missing"),
        ("rectangle", [0, 0, 5, 90], "at least 6 by 6 pixels"),
        ("rectangle", [-1, 0, 50, 90], "at least 6 by 6 pixels"),
        ("rectangle", [2000, 0, 101, 90], "beyond the scan"),
        ("rectangle", [1, 2, 3], "rectangle"),
        ("rectangle", "all", "rectangle"),
        ("boxes", 3, "boxes"),
        ("length", 0, "length"),
        ("name", "reading", "two have the name"),
        ("pattern", "[", "pattern"),
        ("colour", "red", "colour"),
    ],
)
def test_wrong_field_is_named(empty, key, value, cause):
    content = copy.deepcopy(empty_form.described())
    content["fields"][0][key] = value
    if value is None:
        del content["fields"][0][key]
    with pytest.raises(ValueError, match=cause):
        parse_scanned_form(content, empty.output.parent, empty.scan)


@pytest.mark.parametrize(
    "text",
    [
        "reference = 3\nfields = []",
        "fields = 3\n[reference]\nfile = 'a.png'",
        "[reference]\nfile = ''\nsha256 = ''\nsize = [1, 1]",
        f"[reference]\nfile = 'a.png'\nsha256 = '{'0' * 64}'\nsize = [0, 1]\n[[fields]]",
    ],
)
def test_file_that_is_no_form_is_refused(tmp_path, text):
    path = tmp_path / "form.toml"
    path.write_text(text)
    with pytest.raises(FileError, match="is not a valid form"):
        load_any_form(path)
