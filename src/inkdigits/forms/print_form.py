"""Forms as PDF: printed on paper, each copy with a number of its own."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np

from inkdigits.arrays import Array
from inkdigits.forms.example_digits import EXAMPLE_DIGITS
from inkdigits.forms.fonts import LINE_HEIGHT, Fonts
from inkdigits.forms.form import Form, FormError
from inkdigits.forms.layout import (
    LINE_COLOR,
    LINE_WIDTH,
    MARKER_DICTIONARY,
    Label,
    Layout,
    Page,
    Rectangle,
    layout,
)
from inkdigits.forms.sheet_code import MAX_COPY, SheetCode
from inkdigits.storage.files import FileError

MAX_COPIES = 1000
MAX_PRINTED = 2000  # pages

MM = 72 / 25.4  # points
_BLACK, _GRAY = (0, 0, 0), (95, 95, 95)
_PEN_WIDTH = 0.45  # of the example digits, in millimeters
_DIGIT_HEIGHT = 0.68  # of the example digits, as a fraction of their boxes' height
_EXAMPLES_LABEL = "Write the digits like these:"


def print_form(
    form: Form,
    *,
    rows: int | None = None,
    copies: int = 1,
    first: int = 1,
    font: Path | None = None,
) -> bytes:
    """Draw a form as a PDF.

    rows     on each copy, in place of the form's own number
    copies   how many; each has a number in its code
    first    number of the first copy
    font     a TrueType font for all texts
    returns  the PDF; the same bytes each time
    raises   FormError if something does not fit; FileError if the font cannot be used, or reportlab
             is not installed
    """
    plan = layout(form, form.rows if rows is None else rows)
    if not 1 <= copies <= MAX_COPIES:
        raise FormError(f"{copies} copies are not 1 to {MAX_COPIES:,}; choose another number")
    if not 1 <= first <= MAX_COPY + 1 - copies:
        raise FormError(f"the copies' numbers are not from 1 to {MAX_COPY:,}; choose another first")
    if copies * len(plan.pages) > MAX_PRINTED:
        raise FormError(
            f"{copies} copies have {copies * len(plan.pages):,} pages, more than {MAX_PRINTED:,}; "
            "print fewer at once"
        )
    try:
        return _draw(form, plan, range(first, first + copies), Fonts(font))
    except ModuleNotFoundError:
        raise FileError(
            "Printing a form needs the package reportlab; install it with "
            "`pip install 'inkdigits[forms]'`."
        ) from None


def _draw(form: Form, plan: Layout, copies: Sequence[int], fonts: Fonts) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    file = BytesIO()
    # Invariant: without the time and a random number, which reportlab writes into every file.
    size = (plan.width * MM, plan.height * MM)
    canvas = Canvas(file, size, invariant=1, pageCompression=1, initialFontName=fonts.regular)
    canvas.setTitle(form.title)
    canvas.setCreator("inkdigits")
    paper = _Paper(canvas, plan, fonts)
    for page in plan.pages:  # what all copies share is stored once
        canvas.beginForm(f"page{page.number}")
        paper.draw_page(form, page)
        canvas.endForm()
    for copy in copies:
        for page in plan.pages:
            canvas.doForm(f"page{page.number}")
            code = SheetCode(form.identity, plan.rows, copy, page.number)
            paper.draw_modules(_qr_code(code.to_text()), plan.code)
            pages = f", page {page.number} of {len(plan.pages)}" if len(plan.pages) > 1 else ""
            paper.draw_text(f"Sheet {copy}{pages}", plan.footer, (9, 9), _BLACK)
            paper.draw_text(form.identity, plan.footer, (7, 7), _GRAY, align="right")
            canvas.showPage()
    canvas.save()
    return file.getvalue()


class _Paper:
    """Draws on a canvas in millimeters from the top left corner."""

    def __init__(self, canvas: Any, plan: Layout, fonts: Fonts) -> None:
        self.canvas, self.plan, self.fonts = canvas, plan, fonts

    def draw_page(self, form: Form, page: Page) -> None:
        """Draw what is the same on every copy of a page."""
        plan = self.plan
        for marker in plan.markers:
            self.draw_modules(_marker(marker.id), marker.place)
        title = self.fonts.check("title", form.title)
        self.draw_text(title, plan.title, (15, 8), _BLACK, bold=True)
        self._draw_instructions(self.fonts.check("instructions", form.instructions))
        self.draw_text(_EXAMPLES_LABEL, plan.examples_label, (8.5, 6), _BLACK)
        self._draw_boxes(plan.examples)
        for box, strokes in zip(plan.examples, EXAMPLE_DIGITS, strict=True):
            self._draw_digit(box, strokes)
        for cell in page.cells:
            self._draw_boxes(cell.boxes)
        self._draw_labels(page.labels)

    def draw_text(
        self,
        text: str,
        place: Rectangle,
        sizes: tuple[float, float],
        color: tuple[int, int, int],
        *,
        bold: bool = False,
        align: Literal["left", "right"] = "left",
    ) -> None:
        """Draw one line of text, vertically centered in its place; shrink it, or cut it off."""
        text, size = self.fonts.fit(text, place.width * MM, sizes, bold=bold)
        self.canvas.setFont(self.fonts.bold if bold else self.fonts.regular, size)
        self._fill(color)
        # Capitals and digits are about 0.73 of the font's size high.
        y = self._y(place.top + place.height / 2) - 0.365 * size
        if align == "right":
            self.canvas.drawRightString(place.right * MM, y, text)
        else:
            self.canvas.drawString(place.left * MM, y, text)

    def draw_modules(self, dark: Array, place: Rectangle) -> None:
        """Draw a pattern of black squares; bool (N, N).

        It is one path, so that no fine lines appear between the squares, and no viewer smooths it
        as it would smooth a picture.
        """
        side = place.width / len(dark)
        path = self.canvas.beginPath()
        for y, row in enumerate(dark):
            edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]])))
            for start, end in edges.reshape(-1, 2):
                left, bottom = place.left + start * side, place.top + (y + 1) * side
                path.rect(left * MM, self._y(bottom), (end - start) * side * MM, side * MM)
        self._fill(_BLACK)
        self.canvas.drawPath(path, stroke=0, fill=1)

    def _draw_instructions(self, text: str) -> None:
        place = self.plan.instructions
        wrapped = self.fonts.wrap(text, place.width * MM, place.height * MM, (8.5, 6.5))
        if wrapped is None:
            raise FormError("instructions do not fit on the page; shorten them")
        lines, size = wrapped
        self.canvas.setFont(self.fonts.regular, size)
        self._fill(_BLACK)
        y = self._y(place.top)
        for line in lines:
            y -= size * LINE_HEIGHT
            self.canvas.drawString(place.left * MM, y + 0.2 * size, line)

    def _draw_labels(self, labels: Sequence[Label]) -> None:
        """Draw the rows' numbers, and the fields' labels: in one size, unless some are long."""
        largest, usual, smallest = 8.5, 7.0, 5.5
        names = [
            replace(label, text=self.fonts.check("name or label", label.text))
            for label in labels
            if label.align == "left"
        ]
        fitting = [
            self.fonts.fit(label.text, label.place.width * MM, (largest, usual))[1]
            for label in names
        ]
        for label in names:
            self.draw_text(label.text, label.place, (min(fitting), smallest), _BLACK)
        for label in labels:
            if label.align == "right":
                self.draw_text(label.text, label.place, (7.5, 5), _GRAY, align="right")

    def _draw_boxes(self, boxes: Sequence[Rectangle]) -> None:
        """Draw a comb: a frame, and a line between two boxes each."""
        first, last = boxes[0], boxes[-1]
        self.canvas.setStrokeColorRGB(*(value / 255 for value in LINE_COLOR))
        self.canvas.setLineWidth(LINE_WIDTH * MM)
        self.canvas.setLineJoin(0)
        path = self.canvas.beginPath()
        top, bottom = self._y(first.top), self._y(first.bottom)
        path.rect(first.left * MM, bottom, (last.right - first.left) * MM, top - bottom)
        for box in boxes[1:]:
            path.moveTo(box.left * MM, bottom)
            path.lineTo(box.left * MM, top)
        self.canvas.drawPath(path, stroke=1, fill=0)

    def _draw_digit(self, box: Rectangle, strokes: Sequence[Array]) -> None:
        points = np.concatenate(strokes)
        height = _DIGIT_HEIGHT * box.height
        width = (points[:, 0].min() + points[:, 0].max()) * height
        left = box.left + (box.width - width) / 2
        top = box.top + (box.height - height) / 2
        self.canvas.setStrokeColorRGB(0, 0, 0)
        self.canvas.setLineWidth(_PEN_WIDTH * MM)
        self.canvas.setLineCap(1)
        self.canvas.setLineJoin(1)
        path = self.canvas.beginPath()
        for stroke in strokes:
            for number, (x, y) in enumerate(stroke.tolist()):
                draw = path.lineTo if number else path.moveTo
                draw((left + x * height) * MM, self._y(top + y * height))
        self.canvas.drawPath(path, stroke=1, fill=0)
        self.canvas.setLineCap(0)

    def _fill(self, color: tuple[int, int, int]) -> None:
        self.canvas.setFillColorRGB(*(value / 255 for value in color))

    def _y(self, y: float) -> float:
        """Convert to points from the lower edge, as PDF has it."""
        return (self.plan.height - y) * MM


def _marker(number: int) -> Array:
    """Return a marker's black modules; bool (6, 6)."""
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, MARKER_DICTIONARY))
    side = dictionary.markerSize + 2  # the border has one module
    return cv2.aruco.generateImageMarker(dictionary, number, side) == 0


def _qr_code(text: str) -> Array:
    """Return a QR code's black modules, without the border that OpenCV adds; bool (21, 21)."""
    parameters = cv2.QRCodeEncoder.Params()
    parameters.correction_level = cv2.QRCODE_ENCODER_CORRECT_LEVEL_M
    parameters.mode = cv2.QRCODE_ENCODER_MODE_ALPHANUMERIC
    dark = cv2.QRCodeEncoder.create(parameters).encode(text) == 0
    rows, columns = np.flatnonzero(dark.any(axis=1)), np.flatnonzero(dark.any(axis=0))
    return dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
