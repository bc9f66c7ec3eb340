"""Where everything is on a form's pages: the one answer for printing, recognizing and reviewing.

All lengths are in millimeters, measured from the top left corner of the page.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from inkdigits.forms.form import Field, Form, FormError

# Part of a sheet's code: sheets printed with a different layout are told apart. Add 1 whenever
# anything below moves.
LAYOUT_VERSION = 1

PAGE_SIZES = {"A4": (210.0, 297.0), "Letter": (215.9, 279.4)}
MARKER_DICTIONARY = "DICT_4X4_50"  # the name of OpenCV's dictionary of ArUco markers
MARKER_SIDE = 12.0
CODE_SIDE = 22.0
LINE_WIDTH = 0.35  # of the boxes' lines, centered on the edges of their rectangles
LINE_COLOR = (255, 178, 102)  # RGB; light, and without the blue of many pens

MAX_ROWS = 999
MAX_PAGES = 99

_MARGIN = 10.0  # many printers leave out the outermost 5 to 8 mm
_SIDE = 12.0  # left and right of the table
_QUIET = 4.0  # free space around the code
_EXAMPLES_TOP = 28.5
_EXAMPLES_LABEL = 43.0
_TABLE_TOP = 36.5
_HEADING = 5.5  # height of the fields' labels above a table
_FOOTER = 24.0  # the markers at the bottom, and the space above them
_BOX_WIDTHS = (6.5, 5.0)  # the widest is used if there is space
_PITCHES = (9.5, 7.0)  # from one line of boxes to the next
_LINE_GAP = 1.2  # between two lines of boxes
_BLOCK_GAP = 4.0  # between two rows of several lines
_FIELD_GAP = 4.0
_NUMBER = 8.0  # width of the rows' numbers
_LABEL = 52.0  # width of labels beside boxes
_BAND_GAP = 8.0


@dataclass(frozen=True)
class Rectangle:
    """A rectangle with horizontal and vertical sides."""

    left: float
    top: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """The right edge."""
        return self.left + self.width

    @property
    def bottom(self) -> float:
        """The lower edge."""
        return self.top + self.height


@dataclass(frozen=True)
class Marker:
    """An ArUco marker of MARKER_DICTIONARY: its black square."""

    id: int
    place: Rectangle


@dataclass(frozen=True)
class Cell:
    """The boxes of one field in one row.

    row    from 0, counted over all pages of a copy
    field  a field of the form
    boxes  one for each digit, left to right; neighbors share an edge
    """

    row: int
    field: Field
    boxes: tuple[Rectangle, ...]

    @property
    def place(self) -> Rectangle:
        """The rectangle of all boxes together."""
        first, last = self.boxes[0], self.boxes[-1]
        return Rectangle(first.left, first.top, last.right - first.left, first.height)


@dataclass(frozen=True)
class Label:
    """Text to print; it shrinks to fit its place."""

    text: str
    place: Rectangle
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True)
class Page:
    """What differs between the pages: `number` counts from 1."""

    number: int
    cells: tuple[Cell, ...]
    labels: tuple[Label, ...]


@dataclass(frozen=True)
class Layout:
    """The pages of one copy of a form.

    markers       four, the same on every page: top left (id 0), top right (1), bottom right (2),
                  bottom left (3)
    code          where the QR code is, without the free space around it
    title         where the title is printed
    instructions  where the instructions are printed
    examples      ten boxes with the digits 0 to 9 to copy
    footer        where the number of the sheet and the page are printed
    """

    width: float
    height: float
    rows: int
    markers: tuple[Marker, Marker, Marker, Marker]
    code: Rectangle
    title: Rectangle
    instructions: Rectangle
    examples: tuple[Rectangle, ...]
    examples_label: Rectangle
    footer: Rectangle
    pages: tuple[Page, ...]


def layout(form: Form, rows: int) -> Layout:
    """Lay out the pages of one copy of a form.

    rows    how many rows, 1 to MAX_ROWS
    raises  FormError if the rows or the fields do not fit
    """
    if not 1 <= rows <= MAX_ROWS:
        raise FormError(f"rows = {rows} is not a number from 1 to {MAX_ROWS}; choose another")
    width, height = PAGE_SIZES[form.page]
    grid = _grid(form, rows, width, height)
    pages = -(-rows // grid.per_page)
    if pages > MAX_PAGES:
        raise FormError(
            f"{rows} rows take {pages} pages, more than {MAX_PAGES}; print fewer rows, and more "
            "copies"
        )
    left, right = _MARGIN + MARKER_SIDE + _QUIET, width - _MARGIN - MARKER_SIDE - _QUIET
    code = Rectangle(right - CODE_SIDE, _MARGIN, CODE_SIDE, CODE_SIDE)
    text_width = code.left - _QUIET - left
    return Layout(
        width=width,
        height=height,
        rows=rows,
        markers=_markers(width, height),
        code=code,
        title=Rectangle(left, _MARGIN, text_width, 6.0),
        instructions=Rectangle(left, _MARGIN + 6.5, text_width, 11.5),
        examples=_boxes(10, _SIDE + _EXAMPLES_LABEL, _EXAMPLES_TOP, 6.0, 7.0),
        examples_label=Rectangle(_SIDE, _EXAMPLES_TOP, _EXAMPLES_LABEL - 2, 7.0),
        footer=Rectangle(left, height - _MARGIN - 5, right - left, 5),
        pages=tuple(_page(form, grid, number, rows) for number in range(1, pages + 1)),
    )


@dataclass(frozen=True)
class _Grid:
    """Sizes that follow from the form, the page and the number of rows.

    A band is a column of rows; there are several if the rows are short enough to stand side by
    side, and too many for one.
    """

    top: float
    box_width: float
    pitch: float  # from one line of boxes to the next
    step: float  # from one row to the next
    bands: int
    band_width: float
    per_band: int

    @property
    def box_height(self) -> float:
        return self.pitch - _LINE_GAP

    @property
    def per_page(self) -> int:
        return self.bands * self.per_band


def _grid(form: Form, rows: int, width: float, height: float) -> _Grid:
    in_columns = form.arrangement == "columns"
    lengths = [field.length for field in form.fields]
    if in_columns:
        boxes, fixed = sum(lengths), _NUMBER + _FIELD_GAP * (len(lengths) - 1)
    else:
        boxes, fixed = max(lengths), _NUMBER + _LABEL
    space = width - 2 * _SIDE
    widest, narrowest = _BOX_WIDTHS
    box_width = min(widest, (space - fixed) / boxes)
    if box_width < narrowest:
        most = math.floor((space - fixed) / narrowest)
        raise FormError(
            f"fields: {len(lengths)} fields side by side have {boxes} boxes, and only "
            f'{max(most, 0)} fit; shorten or remove some, or set arrangement = "rows"'
        )
    lines, gap = (1, 0.0) if in_columns else (len(lengths), _BLOCK_GAP * (len(lengths) > 1))
    top = _TABLE_TOP + (_HEADING if in_columns else 2.0)
    available = height - _FOOTER - top
    largest, smallest = _PITCHES
    most = math.floor((available + gap) / (lines * smallest + gap) + 1e-9)
    if not most:
        raise FormError(
            f"fields: {len(lengths)} fields do not fit below each other on a page, but "
            f"{math.floor(available / smallest)}; remove some, or use two forms"
        )
    band_width = fixed + boxes * box_width
    fitting = math.floor((space + _BAND_GAP) / (band_width + _BAND_GAP) + 1e-9)
    bands = min(fitting, -(-rows // most))
    pages = -(-rows // (bands * most))
    per_band = -(-rows // (bands * pages))  # so that the pages are equally full
    pitch = min(((available + gap) / per_band - gap) / lines, largest)
    return _Grid(top, box_width, pitch, lines * pitch + gap, bands, band_width, per_band)


def _page(form: Form, grid: _Grid, number: int, rows: int) -> Page:
    place_fields = _side_by_side if form.arrangement == "columns" else _below_each_other
    cells: list[Cell] = []
    labels: list[Label] = []
    first = (number - 1) * grid.per_page
    for row in range(first, min(first + grid.per_page, rows)):
        band, place = divmod(row - first, grid.per_band)
        left = _SIDE + band * (grid.band_width + _BAND_GAP)
        top = grid.top + place * grid.step
        if rows > 1:
            number_place = Rectangle(left, top, _NUMBER - 2, grid.box_height)
            labels.append(Label(str(row + 1), number_place, "right"))
        for label, cell in place_fields(form, grid, row, left + _NUMBER, top):
            cells.append(cell)
            if form.arrangement == "rows" or place == 0:
                labels.append(label)
    return Page(number, tuple(cells), tuple(labels))


def _side_by_side(
    form: Form, grid: _Grid, row: int, left: float, top: float
) -> Iterator[tuple[Label, Cell]]:
    """Place a row's fields side by side, with labels above the table."""
    for field in form.fields:
        width = field.length * grid.box_width
        label_place = Rectangle(left, _TABLE_TOP, width + _FIELD_GAP - 2, _HEADING - 0.5)
        boxes = _boxes(field.length, left, top, grid.box_width, grid.box_height)
        yield Label(field.heading, label_place), Cell(row, field, boxes)
        left += width + _FIELD_GAP


def _below_each_other(
    form: Form, grid: _Grid, row: int, left: float, top: float
) -> Iterator[tuple[Label, Cell]]:
    """Place a row's fields below each other, with labels beside them."""
    for field in form.fields:
        label_place = Rectangle(left, top, _LABEL - 2, grid.box_height)
        boxes = _boxes(field.length, left + _LABEL, top, grid.box_width, grid.box_height)
        yield Label(field.heading, label_place), Cell(row, field, boxes)
        top += grid.pitch


def _boxes(
    count: int, left: float, top: float, width: float, height: float
) -> tuple[Rectangle, ...]:
    return tuple(Rectangle(left + number * width, top, width, height) for number in range(count))


def _markers(width: float, height: float) -> tuple[Marker, Marker, Marker, Marker]:
    left, top = _MARGIN, _MARGIN
    right, bottom = width - _MARGIN - MARKER_SIDE, height - _MARGIN - MARKER_SIDE
    return (
        Marker(0, Rectangle(left, top, MARKER_SIDE, MARKER_SIDE)),
        Marker(1, Rectangle(right, top, MARKER_SIDE, MARKER_SIDE)),
        Marker(2, Rectangle(right, bottom, MARKER_SIDE, MARKER_SIDE)),
        Marker(3, Rectangle(left, bottom, MARKER_SIDE, MARKER_SIDE)),
    )
