"""Rows of forms, as a worker makes them: without Ray."""

import dataclasses
import io
import shutil

import cv2
import empty_form
import numpy as np
import pytest
from PIL import Image
from sheet_pictures import Photo, draw_page, photograph, write_digits

from inkdigits import Recognizer
from inkdigits.forms.form import Field, Form
from inkdigits.forms.layout import layout
from inkdigits.forms.scan_fields import open_empty_form
from inkdigits.imaging.decode import encode_png
from inkdigits.scale import form_task
from inkdigits.scale.form_task import FormTask
from inkdigits.scale.parts import Picture

FORM = Form("Points", (Field("points", 2, range=(0, 50)),), rows=2)


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load()


def straight(digit, rng):
    stroke = {1: [(0, 0), (0, 2)], 7: [(0, 0), (1, 0), (0.4, 2)]}[digit]
    return [np.array(stroke, float)]


def photo():
    page = draw_page(FORM, FORM.rows, copy=5)
    for cell in layout(FORM, FORM.rows).pages[0].cells[:1]:
        write_digits(page, cell.boxes, "17", np.random.default_rng(4), digits=straight)
    return photograph(page, Photo(megapixels=1, tilt=5), np.random.default_rng(0))


def test_each_field_is_a_row_and_so_is_a_page_that_failed(recognizer):
    task = FormTask.of(FORM, recognizer, 0.5)
    files = [
        Picture("1.jpg", photo()),
        Picture("blank.png", encode_png(np.full((200, 100), 255, np.uint8))),
        Picture("gone.png", OSError(5, "Input/output error")),
    ]
    written, empty, blank, gone = task.rows(iter(files))
    assert (written["key"], written["page"], written["copy"]) == ("1.jpg", 1, 5)
    assert (written["row"], written["field"], written["value"]) == (1, "points", "17")
    assert written["candidates"][0]["text"] == "17"
    assert (written["review"], written["error"]) == ("", None)
    assert (empty["row"], empty["value"], empty["error"]) == (2, "", None)
    assert (blank["key"], blank["page"]) == ("blank.png", 1)
    assert "no sheet" in blank["error"].lower() or "marker" in blank["error"].lower()
    assert gone == {"key": "gone.png", "error": "Input/output error."}
    outcomes = [task.outcome(row) for row in (written, empty, blank)]
    assert outcomes == ["recognized", "recognized", "failed"]


def test_pages_after_one_that_failed_are_rows(recognizer, monkeypatch):
    blank = Image.new("L", (100, 200), 255)
    file = io.BytesIO()
    blank.save(file, "TIFF", save_all=True, append_images=[blank, blank])
    read_page = form_task.read_page

    def lack_memory(source, number, *arguments):
        if number == 2:
            raise MemoryError
        return read_page(source, number, *arguments)

    monkeypatch.setattr(form_task, "read_page", lack_memory)
    task = FormTask.of(FORM, recognizer, 0.5)
    rows = list(task.rows(iter([Picture("3.tif", file.getvalue())])))
    assert [row["page"] for row in rows] == [1, 2, 3]
    assert ["not enough memory" in row["error"] for row in rows] == [False, True, False]


def test_field_below_the_threshold_is_to_be_reviewed(recognizer):
    task = FormTask.of(FORM, recognizer, 1.0)
    row = next(task.rows(iter([Picture("1.jpg", photo())])))
    assert row["review"] == "low confidence"
    assert task.outcome(row) == "rejected"


def test_scan_of_the_empty_form_goes_with_the_task(recognizer, tmp_path):
    scans = tmp_path / "scans"
    scans.mkdir()
    cv2.imwrite(str(scans / "empty.png"), empty_form.draw_form())
    empty = open_empty_form(scans / "empty.png", 1, tmp_path / "meter.toml")
    form = empty.save(empty_form.described())
    task = FormTask.of(form, recognizer, 0.5)
    shutil.rmtree(scans)  # which the machines of workers do not have
    blank = encode_png(np.full((200, 100), 255, np.uint8))
    (row,) = task.rows(iter([Picture("page.png", blank)]))
    assert "empty form" not in row["error"]
    assert row["key"] == "page.png"


def test_settings_tell_forms_apart_wherever_they_are(recognizer):
    other = dataclasses.replace(FORM, fields=(Field("points", 2, range=(0, 60)),))
    settings = [
        FormTask.of(FORM, recognizer, 0.5).settings(),
        FormTask.of(other, recognizer, 0.5).settings(),
        FormTask.of(FORM, recognizer, 0.6).settings(),
    ]
    assert all(each != settings[0] for each in settings[1:])
