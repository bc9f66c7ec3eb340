"""Printed forms: what a camera finds on them, and what people read."""

from dataclasses import replace
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest

from inkdigits import Recognizer
from inkdigits.forms.form import Field, Form, FormError
from inkdigits.forms.layout import LINE_COLOR, MARKER_DICTIONARY, PAGE_SIZES, layout
from inkdigits.forms.print_form import print_form
from inkdigits.forms.sheet_code import SheetCode
from inkdigits.storage.files import FileError

pytestmark = pytest.mark.extras

PX = 4  # pixels per millimeter in which pages are rendered here
EXAM = Form("Points of 7b", (Field("student", 6, "Student number"), Field("total", 3)), rows=30)
METERS = replace(EXAM, page="Letter", arrangement="rows", title="Meters", rows=7)


def pages_of(data):
    """Each page of a PDF as text and as an RGB picture."""
    pdfium = pytest.importorskip("pypdfium2")
    for page in pdfium.PdfDocument(data):
        picture = page.render(scale=PX * 25.4 / 72, rev_byteorder=True).to_numpy()
        yield page.get_textpage().get_text_bounded(), np.ascontiguousarray(picture[..., :3])


def dejavu():
    """A font with Greek and Cyrillic letters, which matplotlib ships."""
    matplotlib = pytest.importorskip("matplotlib")
    return Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"


@pytest.mark.parametrize("form", [EXAM, METERS], ids=["A4", "Letter"])
def test_markers_and_codes_are_found_where_the_layout_says(form):
    plan = layout(form, 70)
    assert len(plan.pages) > 1
    found = []
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, MARKER_DICTIONARY))
    for _, picture in pages_of(print_form(form, rows=70, copies=2, first=99)):
        height, width = picture.shape[:2]
        assert (width / PX, height / PX) == pytest.approx(PAGE_SIZES[form.page], abs=0.5)
        corners, ids, _ = cv2.aruco.ArucoDetector(dictionary).detectMarkers(picture)
        assert sorted(ids.ravel().tolist()) == [0, 1, 2, 3]
        for number, quadrilateral in zip(ids.ravel(), corners, strict=True):
            place = plan.markers[number].place
            expected = [
                (place.left, place.top),
                (place.right, place.top),
                (place.right, place.bottom),
                (place.left, place.bottom),
            ]
            np.testing.assert_allclose(quadrilateral[0] / PX, expected, atol=0.3)
        text, points, _ = cv2.QRCodeDetector().detectAndDecode(picture)
        np.testing.assert_allclose(points[0][0] / PX, (plan.code.left, plan.code.top), atol=0.6)
        found.append(SheetCode.from_text(text))
    assert found == [
        SheetCode(form.identity, 70, copy, page.number)
        for copy in (99, 100)
        for page in plan.pages
    ]  # fmt: skip


@pytest.mark.parametrize("form", [EXAM, METERS], ids=["A4", "Letter"])
def test_boxes_are_empty_and_have_light_lines(form):
    plan = layout(form, form.rows)
    pages = list(pages_of(print_form(form)))
    for page, (_, picture) in zip(plan.pages, pages, strict=True):
        for box in (box for cell in page.cells for box in cell.boxes):
            inside = picture[
                round((box.top + 0.5) * PX) : round((box.bottom - 0.5) * PX),
                round((box.left + 0.5) * PX) : round((box.right - 0.5) * PX),
            ]
            assert inside.min() == 255
            line = picture[round((box.top + box.height / 2) * PX)]
            for edge in (box.left, box.right):
                near = line[round((edge - 0.4) * PX) : round((edge + 0.4) * PX) + 1]
                # The line is light: in red, which shows dark pens, it is as white as the paper.
                assert near[:, 0].min() >= LINE_COLOR[0] - 2
                assert near[:, 2].min() < 200


def test_example_digits_are_recognized():
    plan = layout(EXAM, 1)
    ((_, picture),) = pages_of(print_form(EXAM, rows=1))
    recognizer = Recognizer.load()
    for digit, box in enumerate(plan.examples):
        inside = picture[
            round((box.top + 0.4) * PX) : round((box.bottom - 0.4) * PX),
            round((box.left + 0.4) * PX) : round((box.right - 0.4) * PX),
        ]
        encoded = cv2.imencode(".png", np.ascontiguousarray(inside[..., ::-1]))[1].tobytes()
        assert recognizer.recognize(encoded).digit == digit


def test_people_are_told_what_to_write_and_which_sheet_it_is():
    form = replace(EXAM, title="Größe (\\) Čas <b>", instructions="Écris ici.")
    texts = [text for text, _ in pages_of(print_form(form, rows=90, copies=2))]
    assert len(texts) == 4
    for number, text in enumerate(texts):
        for words in (form.title, "Écris ici.", "Student number", "total", form.identity):
            assert words in text
        assert f"Sheet {number // 2 + 1}, page {number % 2 + 1} of 2" in text
    (only,) = pages_of(print_form(form, rows=1))
    assert "page" not in only[0]


def test_same_form_is_drawn_in_the_same_bytes():
    assert print_form(EXAM, copies=2) == print_form(EXAM, copies=2)


def test_many_copies_share_what_is_the_same():
    one, many = (len(print_form(EXAM, copies=copies)) for copies in (1, 11))
    assert many - one < 10 * 4_000


@pytest.mark.parametrize("text", ["W" * 80, "WWW " * 20, "i" * 80])
def test_long_texts_stay_in_their_places(text):
    fields = (Field("student", 6, text[:40]), Field("total", 1, text[:40]))
    form = replace(EXAM, title=text, fields=fields, instructions=f"{text[:25]} " * 5)
    plan = layout(form, 1)
    ((_, picture),) = pages_of(print_form(form, rows=1))
    dark = (picture.max(axis=2) < 200).astype(np.uint8)
    labels = [label.place for label in plan.pages[0].labels]
    marks = [marker.place for marker in plan.markers] + [plan.code, plan.footer]
    texts = [plan.title, plan.instructions, plan.examples_label]
    for place in [*marks, *texts, *plan.examples, *labels]:
        left, right = round((place.left - 0.5) * PX), round((place.right + 0.5) * PX)
        # Letters such as g reach below the line.
        dark[round((place.top - 0.5) * PX) : round((place.bottom + 0.8) * PX), left:right] = 0
    assert not dark.any()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Ελλάδα", "U+0395, which the font lacks; name a TrueType font that has it with --font"),
        ("\N{GRINNING FACE}", "U+1F600, which the font lacks"),
        ("שלום", "U+05E9, of a script that is not supported"),
        ("हिन्दी", "of a script that is not supported"),
    ],
)
def test_characters_that_cannot_be_drawn_are_told(text, words):
    for key, form in {
        "title": replace(EXAM, title=text),
        "instructions": replace(EXAM, instructions=text),
        "name or label": replace(EXAM, fields=(Field(text, 3),)),
    }.items():
        with pytest.raises(FormError) as caught:
            print_form(form)
        assert str(caught.value).startswith(f"{key}: ")
        assert words.removeprefix("U+0395, ") in str(caught.value)


def test_another_font_draws_other_letters():
    title = "Оценки Ελλάδα"
    ((text, _),) = pages_of(print_form(replace(EXAM, title=title), font=dejavu()))
    assert title in text


def test_damaged_fonts_are_refused(tmp_path):
    content = dejavu().read_bytes()
    rng = np.random.default_rng(0)
    damaged = [b"", b"x" * 1000, content[:10], content[:5000], content[: len(content) // 2]]
    for _ in range(5):
        changed = np.frombuffer(content, np.uint8).copy()
        changed[rng.integers(len(changed), size=3000)] = 0xFF
        changed[:300] = rng.permutation(changed[:300])  # the table of tables
        damaged.append(changed.tobytes())
    path = tmp_path / "damaged.ttf"
    for data in damaged:
        path.write_bytes(data)
        with pytest.raises(FileError) as caught:
            print_form(EXAM, font=path)
        assert "not a TrueType font that can be embedded; choose a .ttf file." in str(caught.value)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"copies": 0}, "0 copies are not 1 to 1,000"),
        ({"copies": 1001}, "1001 copies are not"),
        ({"first": 0}, "the copies' numbers are not from 1 to 99,999"),
        ({"first": 99_999, "copies": 2}, "the copies' numbers are not"),
        ({"rows": 900, "copies": 1000}, "1000 copies have"),
        ({"rows": 0}, "rows = 0 is not"),
    ],
)
def test_amounts_are_limited(options, words):
    with pytest.raises(FormError) as caught:
        print_form(EXAM, **options)
    assert words in str(caught.value)


def test_the_title_is_only_text_in_the_file():
    data = print_form(replace(EXAM, title=") Tj ET (/JS \\051 <</S/JavaScript>>"))
    pypdfium2 = pytest.importorskip("pypdfium2")
    document = pypdfium2.PdfDocument(BytesIO(data))
    assert document.get_metadata_dict()["Title"] == ") Tj ET (/JS \\051 <</S/JavaScript>>"
