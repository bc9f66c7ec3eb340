"""Recognize the sheet on one page of a source: from the picture to the values of its fields."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.forms import quality
from inkdigits.forms.alignment import Alignment, find_bend, is_seen, measure, moved
from inkdigits.forms.boxes import FieldInk, cut_boxes
from inkdigits.forms.fields import Reading, recognize_field, settle_sums
from inkdigits.forms.form import Form, FormError
from inkdigits.forms.ink import cut, extract_ink
from inkdigits.forms.layout import Cell, Layout, Rectangle, layout
from inkdigits.forms.markers import find_markers
from inkdigits.forms.page_code import read_code
from inkdigits.forms.paper import darkness, estimate_paper, line_signal
from inkdigits.forms.registration_checks import RegistrationError
from inkdigits.forms.results import BoxCrop, FieldResult, SheetResult
from inkdigits.forms.scanned_form import ScannedForm
from inkdigits.forms.scanned_page import straighten_scanned
from inkdigits.forms.sheet_code import SheetCode
from inkdigits.forms.sources import PageError, Source, load_page
from inkdigits.forms.straighten import PX_PER_MM, find_plane, straighten
from inkdigits.imaging.decode import encode_png
from inkdigits.recognizer import Recognizer

CROP_MARGIN_MM = 1.5  # around a field, in the picture that a person is shown
CROP_PX_PER_MM = 6
FINAL_REACH_MM = 1.0  # how far lines may still be from their places on the straightened page


class SheetError(Exception):
    """A picture shows no sheet of the form that can be recognized; the message is a sentence."""


@dataclass(frozen=True)
class StraightPage:
    """A page of a sheet, straightened.

    code    what the page says that it is; a form that we have not printed says nothing
    cells   the fields, with their boxes where they are on this page
    seen    for each of them, whether the lines of its boxes are seen
    colors  uint8 (H, W, 3), blue, green, red
    dark    float32 (H, W, 3), as `paper.darkness` returns it
    """

    code: SheetCode | None
    cells: tuple[Cell, ...]
    seen: tuple[bool, ...]
    colors: Pixels
    dark: Array


def read_page(source: Source, number: int, form: Form, recognizer: Recognizer) -> SheetResult:
    """Recognize the sheet on one page of a source; what goes wrong is in the result.

    number   of the page, from 1
    """
    known = source.path, source.digest, source.pages, number
    try:
        page = straighten_page(load_page(source.path, number), form)
    except (PageError, SheetError) as error:
        return SheetResult(*known, problem=str(error))
    ink = extract_ink(page.dark, page.cells)
    inks = [cut_boxes(ink, cell) for cell in page.cells]
    readings = [
        recognize_field(cell.row, cell.field, field_ink, recognizer, seen)
        for cell, field_ink, seen in zip(page.cells, inks, page.seen, strict=True)
    ]
    gray = cv2.cvtColor(page.colors, cv2.COLOR_BGR2GRAY)
    fields = tuple(
        _result(reading, cell, field_ink, gray)
        for reading, cell, field_ink in zip(settle_sums(readings), page.cells, inks, strict=True)
    )
    form_page, copy = (page.code.page, page.code.copy) if page.code else (1, None)
    return SheetResult(*known, form_page, copy, None, fields)


def straighten_page(picture: Pixels, form: Form) -> StraightPage:
    """Find a sheet of a form in a picture, and straighten it.

    picture  uint8 (H, W, 3), blue, green, red
    raises   SheetError if there is none, or the picture is not good enough
    """
    if isinstance(form, ScannedForm):
        return _straighten_scanned(picture, form)
    plan = layout(form, 1)  # the markers and the code are in the same places for any rows
    found = find_markers(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), plan.markers)
    _check(quality.marker_problem(found, plan, picture.shape))
    plane = find_plane(found, plan)
    if plane is None:
        raise SheetError(quality.NOT_A_SHEET)
    page = straighten(picture, plane, plan)
    gray = cv2.cvtColor(page, cv2.COLOR_BGR2GRAY)
    code = read_code(gray, plan)
    if code is not None and code.identity != form.identity:
        raise SheetError(quality.WRONG_SHEET)
    paper = estimate_paper(page)
    _check(quality.light_problem(paper, plan))
    _check(quality.sharpness_problem(gray, plane, plan))
    if code is None:
        raise SheetError(quality.NO_CODE)
    plan, cells = _cells(form, code)
    bend = find_bend(line_signal(darkness(page, paper)), plan, cells)
    page = straighten(picture, plane, plan, bend)
    dark = darkness(page, estimate_paper(page))
    aligned = measure(line_signal(dark), cells, FINAL_REACH_MM)
    _check(quality.flatness_problem(plane, aligned.seen))
    return StraightPage(
        code, _aligned(cells, aligned), tuple(is_seen(aligned).tolist()), page, dark
    )


def _straighten_scanned(picture: Pixels, form: ScannedForm) -> StraightPage:
    try:
        page = straighten_scanned(picture, form)
    except (RegistrationError, PageError) as error:
        raise SheetError(str(error)) from None
    return StraightPage(None, page.cells, (True,) * len(page.cells), page.colors, page.dark)


def _check(problem: str | None) -> None:
    if problem is not None:
        raise SheetError(problem)


def _cells(form: Form, code: SheetCode) -> tuple[Layout, tuple[Cell, ...]]:
    try:
        plan = layout(form, code.rows)
    except FormError:
        raise SheetError(quality.WRONG_ROWS) from None
    if not 1 <= code.page <= len(plan.pages):
        raise SheetError(quality.WRONG_ROWS)
    return plan, plan.pages[code.page - 1].cells


def _aligned(cells: tuple[Cell, ...], aligned: Alignment) -> tuple[Cell, ...]:
    """Move each cell to where its lines were found."""
    return tuple(
        moved(cell, float(x), float(y)) for cell, (x, y) in zip(cells, aligned.offsets, strict=True)
    )


def _result(reading: Reading, cell: Cell, ink: FieldInk, gray: Pixels) -> FieldResult:
    return FieldResult(
        row=reading.row + 1,
        name=reading.field.name,
        value=reading.value,
        confidence=min(1.0, reading.confidence),
        candidates=tuple((each.text, each.probability) for each in reading.candidates),
        reason=reading.reason,
        review=reading.review,
        crop=_crop(gray, cell.place),
        boxes=tuple(
            BoxCrop(encode_png(np.ascontiguousarray(255 - box)), not box.any()) for box in ink.boxes
        ),
    )


def _crop(gray: Pixels, place: Rectangle) -> bytes:
    """Encode the picture of a field for people."""
    wide = Rectangle(
        place.left - CROP_MARGIN_MM,
        place.top - CROP_MARGIN_MM,
        place.width + 2 * CROP_MARGIN_MM,
        place.height + 2 * CROP_MARGIN_MM,
    )
    part = cut(gray, wide)
    factor = CROP_PX_PER_MM / PX_PER_MM
    size = math.ceil(part.shape[1] * factor), math.ceil(part.shape[0] * factor)
    return encode_png(cv2.resize(part, size, interpolation=cv2.INTER_AREA))
