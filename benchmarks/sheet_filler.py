"""Fill in printed sheets with digits of one writer, in boxes, with a pen."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.data import pendigits, unipen
from inkdigits.data.traces import Traces, select_writers
from inkdigits.forms.form import Field
from inkdigits.forms.layout import Cell, Rectangle

PAGE_WIDTH = 210.0  # A4, in millimeters
_SHIFT = 4  # bits of fractions of a pixel, as OpenCV takes coordinates


@dataclass(frozen=True)
class Pen:
    """A pen: the share of red, green and blue light that its ink lets through, and its width.

    texture  how uneven its ink is, 0 to 1
    """

    color: tuple[float, float, float]
    width_mm: tuple[float, float]
    texture: float = 0.0


PENS = {
    "blue ballpoint": Pen((0.16, 0.2, 0.55), (0.35, 0.55), 0.25),
    "black ballpoint": Pen((0.15, 0.15, 0.17), (0.35, 0.55), 0.25),
    "black gel pen": Pen((0.08, 0.08, 0.09), (0.4, 0.7)),
    "fountain pen": Pen((0.1, 0.14, 0.45), (0.4, 0.8), 0.1),
    "felt tip": Pen((0.1, 0.1, 0.12), (0.8, 1.1)),
    "pencil": Pen((0.42, 0.42, 0.43), (0.4, 0.6), 0.4),
    "red ballpoint": Pen((0.75, 0.14, 0.16), (0.35, 0.55), 0.25),
}


@dataclass(frozen=True, eq=False)
class Writer:
    """Someone whose digits were recorded: of each digit some traces, in a box of height 1."""

    name: str
    digits: tuple[tuple[list[Array], ...], ...]


def unseen_writers() -> list[Writer]:
    """Load the writers of all ten digits that no model was trained on."""
    tablet = select_writers(pendigits.load(), pendigits.DEVELOPMENT_WRITERS)
    others = unipen.select_contributors(unipen.load(), unipen.DEVELOPMENT_CONTRIBUTORS)
    writers = [
        _writer(traces, name) for traces in (tablet, others) for name in np.unique(traces.writers)
    ]
    return [writer for writer in writers if all(writer.digits)]


def _writer(traces: Traces, name: object) -> Writer:
    own = traces.take(traces.writers == name)
    return Writer(
        str(name),
        tuple(
            tuple(
                upright(own.strokes[number])
                for number in np.flatnonzero(own.labels == digit).tolist()
            )
            for digit in range(10)
        ),
    )


def upright(strokes: Sequence[Array]) -> list[Array]:
    """Scale a digit to height 1, with its top at 0 and its middle at x = 0."""
    points = np.concatenate(strokes).astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    scale = 1 / max(float(high[1] - low[1]), 0.35 * float(high[0] - low[0]), 1e-6)
    middle = np.array([(low[0] + high[0]) / 2, low[1]])
    return [(stroke.astype(np.float64) - middle) * scale for stroke in strokes]


@dataclass(frozen=True)
class Entry:
    """What was written into one field.

    text           its digits; "" if it was left empty
    is_struck_out  whether a line was drawn through it
    """

    row: int
    name: str
    text: str
    is_struck_out: bool = False


def fill_page(
    page: Pixels,
    cells: Sequence[Cell],
    writer: Writer,
    pen: Pen,
    choose: Callable[[Field, Generator], str],
    rng: Generator,
    *,
    empty: float = 0.05,
    struck_out: float = 0.01,
) -> tuple[Pixels, list[Entry]]:
    """Write into every field of a page.

    page     uint8 (H, W, 3), as printed; not changed
    cells    its fields, in millimeters; the page's width is that of the picture
    choose   the text for a field
    empty, struck_out  shares of the fields that are
    returns  the page, and what is written on it
    """
    entries = []
    px_per_mm = page.shape[1] / PAGE_WIDTH
    ink = np.zeros(page.shape[:2], np.uint8)
    width_mm = rng.uniform(*pen.width_mm)
    size = rng.uniform(0.6, 0.85)  # of this writer's digits, in heights of a box
    baseline = rng.normal(0, 0.04)
    for cell in cells:
        if rng.random() < empty:
            entries.append(Entry(cell.row, cell.field.name, ""))
            continue
        text = choose(cell.field, rng)
        first = len(cell.boxes) - len(text)  # numbers end in the last box
        for digit, box in zip(text, cell.boxes[first:], strict=True):
            shapes = writer.digits[int(digit)]
            strokes = shapes[int(rng.integers(len(shapes)))]
            _write(ink, strokes, box, size, baseline, width_mm, px_per_mm, rng)
        is_struck_out = bool(rng.random() < struck_out)
        if is_struck_out:
            _strike(ink, cell.place, width_mm, px_per_mm, rng)
        entries.append(Entry(cell.row, cell.field.name, text, is_struck_out))
    return inked(page, ink, pen, rng), entries


def inked(page: Pixels, ink: Pixels, pen: Pen, rng: Generator) -> Pixels:
    """Put ink on a page: it lets through a share of the light.

    ink      uint8 (H, W), 255 is full ink
    """
    cover = ink.astype(np.float32) / 255
    if pen.texture:
        grain = cv2.GaussianBlur(rng.standard_normal(ink.shape, np.float32), (0, 0), 1.2)
        cover *= np.clip(1 - pen.texture * (0.5 + 1.5 * np.abs(grain) / 0.25 * 0.3), 0, 1)
    light = 1 - cover[..., None] * (1 - np.array(pen.color, np.float32))
    return np.rint(page * light).astype(np.uint8)


def _write(
    ink: Pixels, strokes: list[Array], box: Rectangle, size: float, baseline: float,
    width_mm: float, px_per_mm: float, rng: Generator,
) -> None:  # fmt: skip
    """Write one digit into a box, about in its middle, sometimes across its lines."""
    height = box.height * size * rng.uniform(0.9, 1.1)
    points = np.concatenate(strokes)
    wide = float(np.ptp(points[:, 0])) * height
    height *= min(1.0, 0.95 * box.width / max(wide, 1e-6))
    x = box.left + box.width * (0.5 + rng.normal(0, 0.05))
    y = box.top + (box.height - height) * (0.5 + baseline) + box.height * rng.normal(0, 0.03)
    turn = rng.normal(0, 0.02)
    rotation = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    for stroke in strokes:
        _draw(ink, stroke @ rotation * height + (x, y), width_mm, px_per_mm)


def _strike(
    ink: Pixels, place: Rectangle, width_mm: float, px_per_mm: float, rng: Generator
) -> None:
    """Cross out a field by a line, or by two."""
    for _ in range(int(rng.integers(1, 3))):
        ends = place.top + place.height * rng.uniform(0.25, 0.75, 2)
        line = np.array([[place.left + 0.5, ends[0]], [place.right - 0.5, ends[1]]])
        _draw(ink, line, width_mm, px_per_mm)


def _draw(ink: Pixels, points_mm: Array, width_mm: float, px_per_mm: float) -> None:
    """Draw a stroke; (N, 2), x and y."""
    points = np.rint(points_mm * px_per_mm * (1 << _SHIFT)).astype(np.int32)
    thickness = max(1, round(width_mm * px_per_mm))
    if len(points) == 1:
        points = np.repeat(points, 2, axis=0)
    cv2.polylines(ink, [points[:, None]], False, 255, thickness, cv2.LINE_AA, _SHIFT)
