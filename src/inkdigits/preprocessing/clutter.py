"""Remove what is not the digit: specks, soft edges and noise, ruled lines, other components.

An ink image, uint8 (H, W), says how much each pixel differs from the background, which is 0.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inkdigits.arrays import Array, Pixels
from inkdigits.preprocessing.background import MIN_CONTRAST
from inkdigits.preprocessing.frame import LINE_STRENGTH, MAX_DEPTH, MIN_LENGTH
from inkdigits.preprocessing.resample import Region, bounding_box, max_pool


@dataclass(frozen=True)
class ClutterSettings:
    """Tuning constants. Strengths are shares of the image's strongest ink, its peak."""

    faint: float = 0.12  # strength; fainter pixels are soft edges or JPEG artifacts
    noise_quartiles: int = 5  # times its first quartile; nearly all noise is fainter
    certain: float = 0.5  # strength; every component of a digit has a stronger pixel

    # Salt-and-pepper noise
    max_noisy_px: int = 128  # longer side; downscaling a larger image averages its noise
    speck_px: int = 4  # pixels; a larger component is not a speck
    speck_edge: float = 0.25  # strength; fainter pixels separate a speck from its surroundings
    min_specks: int = 4  # a lower count is not noise
    speck_density: float = 0.005  # of the pixels; a lower density is not noise

    # Ruled lines
    ruled: float = 0.5  # of a row or column; a ruled line covers more of it
    line_excess: float = 0.25  # of a row; how much more of it a line covers than of its neighbors
    max_line_width: float = 0.1  # of the side, even in a small image
    through: float = 0.9  # of a row; if a line covers more of it, its soft edges are removed too
    ink_over_line: float = 1.5  # of a line's median; stronger pixels on the line are ink

    # Connected components
    coarse_px: int = 256  # longer side of the coarse image on which components are labeled
    long: float = 0.2  # of the longest component; a shorter one must be near to belong to the digit
    min_length: float = 0.04  # of a frame's length; if all else is shorter, the frame is the digit


CLUTTER = ClutterSettings()
NEIGHBORS = np.ones((3, 3))  # components are connected along diagonals as well


def isolate_digit(ink: Pixels) -> Pixels:
    """Keep the digit and remove everything else: ruled lines, other components, faint pixels.

    ink      uint8 (H, W), MIN_CONTRAST or more at its peak
    returns  uint8 (H, W)
    """
    peak = int(ink.max())
    faint = _faint_level(ink, peak)
    ink = _remove_ruled_lines(ink, faint, peak)
    ink = _remove_other_components(ink, faint, peak)
    return ink * (ink > faint)


def remove_specks(ink: Pixels) -> Pixels:
    """Remove salt-and-pepper noise, and fill the holes that it leaves in strokes.

    MNIST's images have three specks at most.

    ink      uint8 (H, W)
    returns  uint8 (H, W); the input itself if it has few specks, or consists of specks alone
    """
    if max(ink.shape) > CLUTTER.max_noisy_px:
        return ink
    _, specks = ndimage.label(_specks(ink), NEIGHBORS)
    if specks < max(CLUTTER.min_specks, CLUTTER.speck_density * ink.size):
        return ink
    median: Pixels = ndimage.median_filter(ink, 3, mode="constant")
    off = np.maximum(ink, median) - np.minimum(ink, median)
    cleaned = np.where(off > CLUTTER.certain * ink.max(), median, ink)
    cleaned[_specks(cleaned)] = 0
    return cleaned if cleaned.max() >= MIN_CONTRAST else ink


def _specks(ink: Pixels) -> NDArray[np.bool_]:
    """Find the components of few pixels that are strong somewhere.

    returns  bool (H, W)
    """
    peak = int(ink.max())
    components, count = ndimage.label(ink > CLUTTER.speck_edge * peak, NEIGHBORS)
    sizes = np.bincount(components.ravel(), minlength=1)
    strong = np.zeros(count + 1, bool)
    strong[components[ink > CLUTTER.certain * peak]] = True
    strong[0] = False
    return (strong & (sizes <= CLUTTER.speck_px))[components]


def _faint_level(ink: Pixels, peak: int) -> int:
    """Choose the level up to which a pixel is a soft edge, or noise."""
    step = _coarse_step(ink)
    # Interpolating the quartile would take twice as long.
    quartile = np.percentile(ink[::step, ::step], 25, method="lower")
    noise = CLUTTER.noise_quartiles * float(quartile)
    return int(min(max(CLUTTER.faint * peak, noise), CLUTTER.certain * peak))


def _remove_ruled_lines(ink: Pixels, faint: int, peak: int) -> Pixels:
    """Remove pale thin lines across the whole image; stronger ink on them stays."""
    step = _coarse_step(ink)
    row_shares = (ink[:, ::step] > faint).mean(axis=1)
    column_shares = (ink[::step] > faint).mean(axis=0)
    if max(row_shares.max(), column_shares.max()) <= CLUTTER.ruled:
        return ink
    ink = ink.copy()
    for image, shares in ((ink, row_shares), (ink.T, column_shares)):
        _erase_lines(image, shares, peak)
    return ink


def _erase_lines(ink: Pixels, shares: Array, peak: int) -> None:
    """Erase the pale pixels of the rows that are a thin line, in place.

    ink     uint8 (H, W)
    shares  float64 (H,), how much of each row is inked
    """
    pale = shares > CLUTTER.ruled
    levels = np.zeros(len(ink))
    levels[pale] = np.median(ink[pale], axis=1)
    pale &= levels < LINE_STRENGTH * peak
    # A row of a broad stroke is not a line: the rows beside it are inked nearly as much.
    excess = ndimage.white_tophat(shares, 2 + round(CLUTTER.max_line_width * len(shares)))
    lines = pale & (excess > CLUTTER.line_excess)
    for row in np.flatnonzero(lines):
        soft = int(shares[row] > CLUTTER.through)  # rows on each side
        line = ink[max(row - soft, 0) : row + soft + 1]
        line[line < CLUTTER.ink_over_line * levels[row]] = 0


def _remove_other_components(ink: Pixels, faint: int, peak: int) -> Pixels:
    """Remove the connected components that are not part of the digit."""
    step = _coarse_step(ink)
    coarse = max_pool(ink, step)
    mask = coarse > faint
    # Most digits are one component. Counting them in the bounding box alone is faster.
    if ndimage.label(mask[bounding_box(mask)], NEIGHBORS)[1] == 1:
        return ink
    components, _ = ndimage.label(mask, NEIGHBORS)
    certain = np.unique(components[coarse > CLUTTER.certain * peak])
    kept = _components_of_digit(components, certain[certain > 0])
    kept = kept.repeat(step, axis=0).repeat(step, axis=1)
    return ink * kept[: ink.shape[0], : ink.shape[1]]


def _components_of_digit(
    components: NDArray[np.int32], labels: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Select the long components, and those no farther from them than they are long.

    components  int32 (H, W), the label of each pixel's component, or 0
    labels      int32 (N,), of the components to choose from
    returns     bool (H, W)
    """
    regions = ndimage.find_objects(components)
    boxes = [regions[label - 1] for label in labels]
    lengths = np.array([max(part.stop - part.start for part in box) for box in boxes])
    is_frame = _along_border(components, labels, boxes)
    if lengths[~is_frame].max(initial=0) > CLUTTER.min_length * lengths.max():
        labels, lengths = labels[~is_frame], lengths[~is_frame]
    lengths = lengths - 1  # a speck between two pixels of the coarse image takes up both
    is_long = lengths >= CLUTTER.long * lengths.max()
    kept = np.isin(components, labels[is_long])
    gaps = ndimage.minimum(ndimage.distance_transform_edt(~kept), components, labels)
    return np.isin(components, labels[is_long | (gaps <= lengths)])


def _along_border(
    components: NDArray[np.int32], labels: NDArray[np.int32], boxes: list[Region]
) -> NDArray[np.bool_]:
    """Return which components run along the border of the image, as a frame does.

    boxes    rows and columns of each component
    returns  bool (N,)
    """
    shares = [
        [(part.stop - part.start) / side for part, side in zip(box, components.shape, strict=True)]
        for box in boxes
    ]
    margins = [math.ceil(MAX_DEPTH * side) for side in components.shape]
    inner = tuple(slice(margin, -margin) for margin in margins)
    return (np.max(shares, axis=1) >= MIN_LENGTH) & ~np.isin(labels, components[inner])


def _coarse_step(ink: Pixels) -> int:
    """Return how many pixels, in each direction, make one of the coarse image."""
    return max(1, max(ink.shape) // CLUTTER.coarse_px)
