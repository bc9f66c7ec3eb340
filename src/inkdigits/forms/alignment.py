"""Find the lines of the boxes on a straightened page, and how it is bent."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array
from inkdigits.forms.layout import LINE_WIDTH, Cell, Layout, Rectangle
from inkdigits.forms.straighten import PX_PER_MM, Bend, bend_terms


@dataclass(frozen=True)
class AlignmentSettings:
    """Tuning constants of the search for lines."""

    reach_mm: tuple[float, ...] = (2.2, 1.5, 1.0)  # how far lines are searched for, in each round
    inset_mm: float = 1.0  # beside a line, where the lines across it do not count
    center_mm: float = LINE_WIDTH + 0.25  # of a line's profile
    beside_mm: float = 0.5  # on both sides of it
    min_contrast: float = 0.03  # between a line and what is beside it
    min_noise_ratio: float = 3.0  # of a line to other places
    clear_share: float = 0.4  # of the usual contrast, for lines that count as seen
    smoothness: float = 0.02  # weight of a bend's terms, growing with their degree
    outlier_mm: float = 0.6  # a line farther from the bend than this is not one


SETTINGS = AlignmentSettings()


@dataclass(frozen=True)
class Alignment:
    """Where the boxes of each cell are, as measured.

    offsets  float64 (N, 2), how far from its place each cell is, in millimeters
    visible  bool (N, 2), whether its vertical and its horizontal lines were found
    contrast float64 (N, 2), between the palest of these lines, found or not, and what is beside it
    """

    offsets: Array
    visible: NDArray[np.bool_]
    contrast: Array

    @property
    def seen(self) -> NDArray[np.bool_]:
        """Return whether the lines of each cell were found in both directions, bool (N,)."""
        return np.logical_and(self.visible[:, 0], self.visible[:, 1])


def measure(signal: Array, cells: Sequence[Cell], reach_mm: float) -> Alignment:
    """Find the lines of each cell near where they should be.

    signal  float32 (H, W), large on lines
    """
    found = [
        [_measure(signal, cell, reach_mm, is_vertical) for is_vertical in (True, False)]
        for cell in cells
    ]
    values = np.array(found).reshape(-1, 2, 3)
    return Alignment(values[..., 0], values[..., 1] > 0, values[..., 2])


def is_seen(alignment: Alignment) -> NDArray[np.bool_]:
    """Return which cells are not hidden, in whole or in part: all of whose lines are seen.

    If the lines are hardly seen anywhere, as in a blurred picture, that of one cell says nothing.

    returns  bool (N,)
    """
    usual = np.median(alignment.contrast, axis=0)
    hidden = alignment.contrast < SETTINGS.clear_share * usual
    hidden &= usual > SETTINGS.min_contrast
    return np.logical_not(hidden[:, 0] | hidden[:, 1])


def find_bend(signal: Array, layout: Layout, cells: Sequence[Cell]) -> Bend:
    """Find how a page is bent, from the lines of its boxes.

    The lines are searched for farther and farther from the markers, where the page is known.

    signal  float32 (H, W), of the page straightened without a bend
    """
    centers = np.array([middle(cell.place) for cell in cells])
    bend = Bend(np.zeros((bend_terms(centers[:1], (1, 1)).shape[1], 2)), _size(layout))
    for reach in SETTINGS.reach_mm:
        offsets = bend.at(centers)
        here = [moved(cell, *offset) for cell, offset in zip(cells, offsets, strict=True)]
        found = measure(signal, here, reach)
        bend = _fit(centers, offsets + found.offsets, found.visible, layout)
    return bend


def _size(layout: Layout) -> tuple[float, float]:
    return layout.width, layout.height


def _fit(centers: Array, offsets: Array, visible: NDArray[np.bool_], layout: Layout) -> Bend:
    """Fit a smooth bend to measured offsets, without outliers; the markers are where they are."""
    size = _size(layout)
    corners = np.array([middle(marker.place) for marker in layout.markers])
    terms = bend_terms(np.concatenate([centers, corners]), size)
    degrees = np.repeat(np.arange(5), np.arange(1, 6))
    penalty = np.diag(SETTINGS.smoothness * len(terms) * (degrees / 2) ** 2 + 1e-6)
    coefficients = np.zeros((terms.shape[1], 2))
    for axis in range(2):
        values = np.r_[offsets[:, axis], np.zeros(len(corners))]
        weights = np.r_[visible[:, axis].astype(float), np.ones(len(corners))]
        for _ in range(3):
            weighted = terms * weights[:, None]
            solved = np.linalg.solve(weighted.T @ terms + penalty * 0.05, weighted.T @ values)
            off = np.abs(values - terms @ solved)
            weights *= np.where(off > SETTINGS.outlier_mm, 0.1, 1)
        coefficients[:, axis] = solved
    return Bend(coefficients, size)


def _measure(
    signal: Array, cell: Cell, reach_mm: float, is_vertical: bool
) -> tuple[float, bool, float]:
    """Find the vertical or horizontal lines of a cell.

    returns  how far they are from their place, in millimeters, whether they were found, and their
             contrast
    """
    place, inset = cell.place, SETTINGS.inset_mm
    beyond = reach_mm + SETTINGS.center_mm + SETTINGS.beside_mm
    if is_vertical:
        lines = np.array([*(box.left for box in cell.boxes), cell.boxes[-1].right])
        start = place.left - beyond
        part = _cut(signal, start, place.top + inset, place.right + beyond, place.bottom - inset)
        profile = part.mean(axis=0)
    else:
        lines = np.array([place.top, place.bottom])
        start = place.top - beyond
        part = _cut(signal, place.left + inset, start, place.right - inset, place.bottom + beyond)
        profile = part.mean(axis=1)
    contrast = _contrast(profile.astype(np.float32))
    steps = np.arange(-round(reach_mm * PX_PER_MM), round(reach_mm * PX_PER_MM) + 1)
    # The middle of pixel p is at p + 0.5.
    first = round(start * PX_PER_MM)
    at = lines * PX_PER_MM - 0.5 - first
    places = np.arange(len(contrast))
    each = np.stack([np.interp(at + step, places, contrast) for step in steps])
    # Ink may hide some of the lines, or imitate one: all of them must be there.
    scores = np.minimum(each, 0.35).mean(axis=1)
    best = int(scores.argmax())
    others = np.abs(steps - steps[best]) > (SETTINGS.center_mm + SETTINGS.beside_mm) * PX_PER_MM
    noise = float(scores[others].std()) if others.any() else 0.0
    peak = float(scores[best])
    is_found = (
        peak > SETTINGS.min_contrast
        and peak > SETTINGS.min_noise_ratio * noise
        and np.median(each[best]) > SETTINGS.min_contrast / 2
        and 0 < best < len(steps) - 1
    )
    if not is_found:
        return 0.0, False, float(each[len(steps) // 2].min())
    before, after = float(scores[best - 1]), float(scores[best + 1])
    bow = before - 2 * peak + after
    fraction = 0.5 * (before - after) / bow if bow < 0 else 0.0
    return (float(steps[best]) + fraction) / PX_PER_MM, True, float(each[best].min())


def _contrast(profile: Array) -> Array:
    """Return how much each place of a profile exceeds what is beside it, on both sides."""
    center = round(SETTINGS.center_mm * PX_PER_MM) | 1
    beside = round(SETTINGS.beside_mm * PX_PER_MM)
    kernel = np.full(center + 2 * beside, -1 / (2 * beside), np.float32)
    kernel[beside:-beside] = 1 / center
    return cv2.filter2D(profile[None], cv2.CV_32F, kernel[None])[0]


def _cut(signal: Array, left: float, top: float, right: float, bottom: float) -> Array:
    """Cut out a rectangle in millimeters; beyond the page it is repeated."""
    rows = np.arange(round(top * PX_PER_MM), round(bottom * PX_PER_MM))
    columns = np.arange(round(left * PX_PER_MM), round(right * PX_PER_MM))
    rows = np.clip(rows, 0, signal.shape[0] - 1)
    columns = np.clip(columns, 0, signal.shape[1] - 1)
    part: Array = signal[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    if part.shape == (len(rows), len(columns)):
        return part
    return signal[np.ix_(rows, columns)]


def middle(place: Rectangle) -> tuple[float, float]:
    """Return x and y of the middle of a rectangle."""
    return place.left + place.width / 2, place.top + place.height / 2


def moved(cell: Cell, x: float, y: float) -> Cell:
    """Return a cell elsewhere on the page, by so many millimeters."""
    boxes = tuple(replace(box, left=box.left + x, top=box.top + y) for box in cell.boxes)
    return replace(cell, boxes=boxes)
