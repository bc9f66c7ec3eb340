"""Sheets that inkdigits prints, filled in by unseen writers, and photographed."""

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from sheet_camera import SPOILT, Camera, Colors, choose_camera, photograph
from sheet_filler import PENS, Entry, Writer, fill_page

from inkdigits.arrays import Array, Generator
from inkdigits.forms.form import Field, Form
from inkdigits.forms.layout import Layout, layout
from inkdigits.forms.print_form import print_form

SEED = 23
DPI = 300  # of the print; a page has 2480 x 3508 pixels
ROWS = 30
FORM = Form(
    "Points and payments",
    (Field("student", 6), Field("points", 2, range=(0, 60)), Field("amount", 5)),
    rows=ROWS,
)
OTHER_FORM = Form("Meter readings", (Field("meter", 6), Field("month", 2), Field("reading", 5)))
ANOTHER_FORM = "another form"


@dataclass(frozen=True, eq=False)
class Sheet:
    """A photographed sheet, and what is written on it."""

    file: bytes
    camera: Camera
    pen: str
    writer: str
    entries: list[Entry]
    is_other_form: bool = False


def choose_text(asked: Field, rng: Generator) -> str:
    """Choose a number for a field; some are shorter than the field."""
    if asked.range is not None:
        number = int(rng.integers(asked.range[0], asked.range[1] + 1))
        return str(number) if rng.random() < 0.5 else str(number).zfill(asked.length)
    length = asked.length
    if asked.name == "amount" and rng.random() < 0.4:
        length = int(rng.integers(2, asked.length + 1))
    return "".join(map(str, rng.integers(10, size=length)))


def printed_pages(form: Form, copies: int) -> Iterator[Colors]:
    """Print copies of a form, and yield the first page of each."""
    import pypdfium2  # an optional extra

    pdf = pypdfium2.PdfDocument(BytesIO(print_form(form, rows=ROWS, copies=copies)))
    for page in pdf:
        picture = page.render(scale=DPI / 72, rev_byteorder=True).to_numpy()
        yield np.ascontiguousarray(picture[..., :3])


def sheets(count: int, spoilt: str | None, writers: list[Writer]) -> Iterator[Sheet]:
    """Print, fill in and photograph sheets; they are always the same.

    spoilt   None, one of SPOILT, or ANOTHER_FORM
    """
    form = OTHER_FORM if spoilt == ANOTHER_FORM else FORM
    plan = layout(form, ROWS)
    cells = plan.pages[0].cells
    names = list(PENS)
    for number, page in enumerate(printed_pages(form, count)):
        rng = np.random.default_rng((SEED, number, *(spoilt or "").encode()))
        writer, pen = writers[number % len(writers)], names[int(rng.integers(len(names)))]
        filled, entries = fill_page(page, cells, writer, PENS[pen], choose_text, rng)
        camera = choose_camera(rng, spoilt if spoilt in SPOILT else None)
        file = photograph(filled, (plan.width, plan.height), camera, rng, _marker_centers(plan))
        yield Sheet(file, camera, pen, writer.name, entries, spoilt == ANOTHER_FORM)


def _marker_centers(plan: Layout) -> Array:
    places = [marker.place for marker in plan.markers]
    return np.array([(p.left + p.width / 2, p.top + p.height / 2) for p in places])
