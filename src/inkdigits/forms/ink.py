"""The ink on a straightened page: what is darker than the paper, without the lines of the boxes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TypeVar

import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.forms.layout import LINE_WIDTH, Cell, Rectangle
from inkdigits.forms.straighten import PX_PER_MM

Page = TypeVar("Page", Array, Pixels)
_BAND_MM = LINE_WIDTH / 2 + 0.45  # on each side of a line, where it darkens a blurred picture
_MAX_LINE = 0.5  # darkness; a line is lighter, so that something darker is ink on all of it
_ALLOWANCE = 1.25  # of a cell's usual line, for a single one
_GREEN_SHARE = 0.9  # red ink is dark in green alone; that of other pens in both
_FAINT = 0.1  # darkness of the weakest ink, of a pencil; noise and dirt are lighter
_PENCIL = 0.3  # darkness of the middle of its strokes
_WEAK, _STRONG = 0.3, 0.85  # of a stroke's darkness; what counts as paper, and as full ink


def extract_ink(dark: Array, cells: Sequence[Cell]) -> Array:
    """Remove the lines of all boxes from a page.

    Lines are orange: nothing of them is seen in red light, but that of a gray scan. Red ink is seen
    in green light, where lines are pale.

    dark     float32 (H, W, 3), as `paper.darkness` returns it
    cells    with the boxes where they are on this page
    returns  float32 (H, W), 0 is paper and 1 is black
    """
    red, green = dark[..., 2].copy(), dark[..., 1] * np.float32(_GREEN_SHARE)
    for cell in cells:
        for channel in (red, green):
            _remove_lines(channel, cell)
    ink: Array = np.maximum(red, green)
    np.maximum(ink, 0, out=ink)
    return ink


def to_levels(ink: Array, strength: float) -> Pixels:
    """Scale ink to 8 bits, so that the middle of a stroke is 255 and paper is 0.

    ink       float32 (H, W), as `extract_ink` returns it
    strength  darkness of the strokes
    returns   uint8 (H, W)
    """
    low = max(_FAINT, _WEAK * strength)
    scaled = (ink - low) * (255 / max(_STRONG * strength - low, 0.05))
    levels: Pixels = np.clip(np.rint(scaled), 0, 255).astype(np.uint8)
    return levels


def stroke_strength(ink: Array) -> float:
    """Return how dark the strokes in a part of a page are, at least as dark as a pencil's."""
    strong = ink[ink > _PENCIL / 2]
    if len(strong) < PX_PER_MM**2 // 4:
        return _PENCIL
    return max(_PENCIL, float(np.percentile(strong, 80)))


def _remove_lines(channel: Array, cell: Cell) -> None:
    """Subtract from a page what each line of a cell usually adds to it, in place."""
    place = cell.place
    xs = [*(box.left for box in cell.boxes), cell.boxes[-1].right]
    ys = [place.top, place.bottom]
    middle = (place.top + place.bottom) / 2
    down = [place.top - LINE_WIDTH, middle, place.bottom + LINE_WIDTH]
    across = [xs[0] - LINE_WIDTH, *xs[1:-1], xs[-1] + LINE_WIDTH]
    _subtract(channel, xs, down)
    _subtract(channel.T, ys, across)


def _subtract(channel: Array, lines: Sequence[float], stops: Sequence[float]) -> None:
    """Subtract vertical lines, in pieces: one may be a little aslant, or in the shadow in part.

    lines  where they are, in millimeters
    stops  where the pieces begin and end
    """
    rows = [max(0, round(stop * PX_PER_MM)) for stop in stops]
    columns = [round(line * PX_PER_MM) for line in lines]
    width = round(_BAND_MM * PX_PER_MM)
    bands = [
        channel[top:bottom, max(0, column - width) : column + width + 1]
        for column in columns
        for top, bottom in pairwise(rows)
    ]
    # Ink crosses a line in a few places, and seldom runs along all of it.
    profiles = [np.median(band, axis=0) for band in bands]
    narrowest = min(map(len, profiles))
    usual = float(np.median([profile[:narrowest].max() for profile in profiles]))
    for band, profile in zip(bands, profiles, strict=True):
        most = min(_MAX_LINE, _ALLOWANCE * usual + 0.02)
        band -= np.clip(profile, 0, most).astype(np.float32)


def cut(page: Page, place: Rectangle) -> Page:
    """Cut a rectangle out of a straightened page; it is a view.

    page   (H, W) or (H, W, 3)
    place  in millimeters
    """
    top, bottom = round(place.top * PX_PER_MM), round(place.bottom * PX_PER_MM)
    left, right = round(place.left * PX_PER_MM), round(place.right * PX_PER_MM)
    part: Page = page[max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    return part
