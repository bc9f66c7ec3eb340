"""The simulated camera of the benchmark of forms, and the writers who fill them in."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from sheet_camera import SPOILT, choose_camera, photograph
from sheet_filler import PENS, Writer, fill_page, upright

from inkdigits.forms.example_digits import EXAMPLE_DIGITS
from inkdigits.forms.form import Field, Form
from inkdigits.forms.layout import layout

SIZE_MM = (210.0, 297.0)
MARKERS = np.array([(16.0, 16.0), (194.0, 16.0), (194.0, 281.0), (16.0, 281.0)])


def page():
    return np.full((1188, 840, 3), 250, np.uint8)


def camera(**changes):
    return replace(choose_camera(np.random.default_rng(2)), megapixels=1.0, **changes)


def seen(**changes):
    rng = np.random.default_rng(3)
    file = photograph(page(), SIZE_MM, camera(**changes), rng, MARKERS)
    return cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_COLOR)


def test_photo_has_the_pixels_and_turns_asked_for():
    upright_photo = seen(quarter=0)
    assert abs(upright_photo.shape[0] * upright_photo.shape[1] - 1e6) < 2e4
    assert seen(quarter=1).shape == (*upright_photo.shape[1::-1], 3)
    assert np.array_equal(seen(quarter=0), upright_photo)


def test_sheet_at_the_largest_tilt_is_whole_in_the_picture():
    for toward in (0, 45, 90, 200):
        photo = seen(tilt=35.0, toward=toward, light="even", noise=0.0)
        border = np.concatenate([photo[0], photo[-1], photo[:, 0], photo[:, -1]])
        table, paper = np.median(border, axis=0), photo[photo.shape[0] // 2, photo.shape[1] // 2]
        assert np.abs(border.astype(int) - table).mean() < np.abs(paper - table).mean() / 3


@pytest.mark.parametrize("spoilt", SPOILT)
def test_spoilt_photo_differs(spoilt):
    assert np.abs(seen(spoilt=spoilt).astype(int) - seen()).max() > 60


def test_filled_fields_are_as_recorded():
    form = Form("Test", (Field("number", 3),), rows=10)
    cells = layout(form, 10).pages[0].cells
    writer = Writer("test", tuple((upright(strokes),) for strokes in EXAMPLE_DIGITS))
    filled, entries = fill_page(
        page(), cells, writer, PENS["black gel pen"], lambda field, rng: "42",
        np.random.default_rng(1), empty=0.3, struck_out=0,
    )  # fmt: skip
    assert {entry.text for entry in entries} == {"42", ""}
    for cell, entry in zip(cells, entries, strict=True):
        for number, box in enumerate(cell.boxes):
            rows, columns = (
                slice(round(4 * start) + 2, round(4 * end) - 2)
                for start, end in ((box.top, box.bottom), (box.left, box.right))
            )
            has_ink = filled[rows, columns].min() < 128
            assert has_ink == bool(entry.text and number > 0)  # numbers end in the last box
