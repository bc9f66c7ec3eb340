"""A page of a form on a scan, straightened, without what is printed on it."""

from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels
from inkdigits.forms.layout import Cell, Rectangle
from inkdigits.forms.paper import darkness, estimate_paper
from inkdigits.forms.reference import Area, Reference, prepare
from inkdigits.forms.registration import register
from inkdigits.forms.scanned_form import Place, ScannedForm
from inkdigits.forms.sources import PageError, load_page, open_source
from inkdigits.forms.straighten import PX_PER_MM

FIELD_HEIGHT_MM = 8.0  # the height that fields are given; how large the paper was is not known
SIDES_PX = (1200, 4000)  # limits of a straightened page's longer side
PRINT = 0.12  # darkness of the form's own print; dirt of the scan is lighter
PRINT_BEYOND_MM = 0.25  # how far a picture's print may be from the scan's
OVER_PRINT = 0.3  # more darkness than the print's is ink on it
REPAIR_MM = 0.6  # how far ink is continued across print


@dataclass(frozen=True, eq=False)
class EmptyPage:
    """What is known of a form's scan, in pixels of the straightened page.

    reference  to find the form in pictures
    cells      the fields, in "millimeters": PX_PER_MM of them are a pixel of a straightened page
    printed    float32 (H, W, 3), darkness of the print, and of what is just beside it
    """

    reference: Reference
    cells: tuple[Cell, ...]
    printed: Array


@dataclass(frozen=True, eq=False)
class ScannedPage:
    """A straightened page.

    colors  uint8 (H, W, 3), blue, green, red
    dark    float32 (H, W, 3), as `paper.darkness` returns it, without the form's own print
    cells   the fields
    """

    colors: Pixels
    dark: Array
    cells: tuple[Cell, ...]


def straighten_scanned(picture: Pixels, form: ScannedForm) -> ScannedPage:
    """Find a form on a scan in a picture, and straighten it.

    picture  uint8 (H, W, 3), blue, green, red
    raises   RegistrationError if the form is not in the picture; PageError if its scan cannot be
             used
    """
    empty = load_empty_page(form)
    colors = register(empty.reference, picture).image
    dark = darkness(colors, estimate_paper(colors))
    for cell in empty.cells:
        _remove_print(dark, empty.printed, cell.place)
    return ScannedPage(colors, dark, empty.cells)


@lru_cache(maxsize=2)
def load_empty_page(form: ScannedForm) -> EmptyPage:
    """Read the scan of a form.

    raises   PageError if it cannot be used
    """
    scan = load_scan(form)
    try:
        return prepare_empty_page(scan, form)
    except ValueError as error:
        raise PageError(f"The form cannot be found in pictures: {error}.") from None


def load_scan(form: ScannedForm) -> Pixels:
    """Read the page of a form's scan; uint8 (H, W, 3), blue, green, red.

    raises   PageError if it cannot be read, or is not the scan on which the rectangles were drawn
    """
    path = str(form.scan_path)
    try:
        digest = open_source(path).digest
        scan = load_page(path, form.scan.page)
    except PageError as error:
        raise PageError(f"The scan of the empty form, {path}: {error}") from None
    if digest != form.scan.sha256 or scan.shape[1::-1] != form.scan.size:
        raise PageError(
            "The scan of the empty form has changed since its fields were drawn: put the former "
            "file back, or draw the fields again with `inkdigits form from-scan`."
        )
    return scan


def prepare_reference(
    scan: Pixels, form: ScannedForm
) -> tuple[Pixels, tuple[Area, ...], Reference]:
    """Prepare a scan to find the form in pictures.

    returns  the scan, as large as straightened pages are; the fields on it; and its print
    raises   ValueError if there is too little print on it
    """
    factor = _factor(scan.shape, form.places)
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    straight: Pixels = cv2.resize(scan, None, fx=factor, fy=factor, interpolation=how)
    areas = tuple(_area(place, factor) for place in form.places)
    return straight, areas, prepare(cv2.cvtColor(straight, cv2.COLOR_BGR2GRAY), areas)


def prepare_empty_page(scan: Pixels, form: ScannedForm) -> EmptyPage:
    """Prepare a scan to find the form in pictures, and to remove its print from them.

    raises   ValueError if there is too little print on it
    """
    straight, areas, reference = prepare_reference(scan, form)
    dark = np.maximum(darkness(straight, estimate_paper(straight)), 0)
    size = 2 * round(PRINT_BEYOND_MM * PX_PER_MM) + 1
    printed = cv2.dilate(dark, np.ones((size, size), np.uint8))
    cells = tuple(
        Cell(0, field, _boxes(area, field.length if place.boxes else 1))
        for field, place, area in zip(form.fields, form.places, areas, strict=True)
    )
    return EmptyPage(reference, cells, printed)


def _factor(shape: tuple[int, ...], places: tuple[Place, ...]) -> float:
    """Return by how much to enlarge a scan, so that its fields are as high as those we print."""
    height = float(np.median([place.rectangle[3] for place in places]))
    longer = max(shape[:2])
    lowest, highest = SIDES_PX
    return min(max(FIELD_HEIGHT_MM * PX_PER_MM / height, lowest / longer), highest / longer)


def _area(place: Place, factor: float) -> Area:
    left, top, width, height = (round(side * factor) for side in place.rectangle)
    return left, top, max(1, width), max(1, height)


def _boxes(area: Area, count: int) -> tuple[Rectangle, ...]:
    left, top, width, height = (side / PX_PER_MM for side in area)
    step = width / count
    return tuple(Rectangle(left + number * step, top, step, height) for number in range(count))


def _remove_print(dark: Array, printed: Array, place: Rectangle) -> None:
    """Remove the form's print in and around a field, in place; ink is continued across it."""
    around = place.height / 2
    rows = _span(place.top - around, place.bottom + around, dark.shape[0])
    columns = _span(place.left - around, place.right + around, dark.shape[1])
    part, own = dark[rows, columns], printed[rows, columns]
    is_print: NDArray[np.bool_] = own.max(axis=2) > PRINT
    is_over = (part.max(axis=2) > own.max(axis=2) + OVER_PRINT) & is_print
    levels = np.rint(255 * np.clip(part, 0, 1)).astype(np.uint8)
    hole = (is_print & ~is_over).astype(np.uint8)
    filled = cv2.inpaint(levels, hole, REPAIR_MM * PX_PER_MM, cv2.INPAINT_TELEA)
    part[hole > 0] = filled[hole > 0].astype(np.float32) / 255


def _span(start: float, end: float, limit: int) -> slice:
    first = max(0, round(start * PX_PER_MM))
    return slice(first, max(first + 1, min(limit, round(end * PX_PER_MM))))
