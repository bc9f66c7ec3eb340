"""Remove what is not the digit: specks, soft edges and noise, ruled lines, other components.

An ink image, uint8 (H, W), says how much each pixel differs from the background, which is 0.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.preprocessing.background import MIN_CONTRAST
from inkdigits.preprocessing.filters import distance_to_outside, opening
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
    line_end: float = 0.04  # of a row; a line begins and ends no farther from the border
    max_line_width: float = 0.1  # of the side, even in a small image
    through: float = 0.9  # of a row; if a line covers more of it, its soft edges are removed too
    ink_over_line: float = 1.5  # of a line's median; stronger pixels on the line are ink

    # Connected components
    coarse_px: int = 256  # longer side of the coarse image on which components are labeled
    long: float = 0.2  # of the longest component; a shorter one must be near to belong to the digit
    min_dots: int = 5  # a dotted stroke has more short components ...
    dots_share: float = 0.25  # ... and they have more of its ink; dust has less
    dot_gap: float = 1.6  # of a dot's length; the dots of a stroke are no farther apart
    dot: float = 0.9  # of the width of the pen; a smaller component is not the dot of a mark
    dot_reach: float = 5.0  # times its length; a dot is no farther from the rest
    min_length: float = 0.04  # of a frame's length; if all else is shorter, the frame is the digit


CLUTTER = ClutterSettings()
NEAR_ROWS = np.ones((5, 1), np.uint8)  # a line that is not quite level continues there


def isolate_digit(ink: Pixels) -> tuple[Pixels, Region]:
    """Keep the digit and remove everything else: ruled lines, other components, faint pixels.

    ink      uint8 (H, W), MIN_CONTRAST or more at its peak
    returns  uint8 (h, w), cropped to the digit; and its rows and columns in the image
    """
    peak = int(ink.max())
    faint = _faint_level(ink, peak)
    mask = _threshold(ink, faint)
    box = bounding_box(mask)
    cleaned = _remove_lines(ink, mask, box, peak)
    if cleaned is not ink:
        ink, box = cleaned, bounding_box(_threshold(cleaned, faint))
    # Most digits are one component.
    if not _is_one_component(ink, box, faint):
        ink = _remove_other_components(ink, faint, peak)
        box = bounding_box(_threshold(ink, faint))
    return cv2.threshold(ink[box], faint, 0, cv2.THRESH_TOZERO)[1], box


def remove_ruled_lines(ink: Pixels) -> Pixels:
    """Remove pale thin lines across the whole image; stronger ink on them stays.

    ink      uint8 (H, W), MIN_CONTRAST or more at its peak
    returns  uint8 (H, W), the input itself if there are none
    """
    peak = int(ink.max())
    mask = _threshold(ink, _faint_level(ink, peak))
    return _remove_lines(ink, mask, bounding_box(mask), peak)


def remove_specks(ink: Pixels) -> Pixels:
    """Remove salt-and-pepper noise, and fill the holes that it leaves in strokes.

    MNIST's images have three specks at most.

    ink      uint8 (H, W)
    returns  uint8 (H, W); the input itself if it has few specks, or consists of specks alone
    """
    if max(ink.shape) > CLUTTER.max_noisy_px:
        return ink
    specks = _specks(ink, max(CLUTTER.min_specks, CLUTTER.speck_density * ink.size))
    if specks is None:
        return ink
    framed = cv2.copyMakeBorder(ink, 1, 1, 1, 1, cv2.BORDER_CONSTANT)
    median = cv2.medianBlur(framed, 3)[1:-1, 1:-1]
    cleaned = np.where(cv2.absdiff(ink, median) > CLUTTER.certain * ink.max(), median, ink)
    specks = _specks(cleaned, 1)
    if specks is not None:
        cleaned[specks] = 0
    return cleaned if cleaned.max() >= MIN_CONTRAST else ink


def _specks(ink: Pixels, least: float) -> NDArray[np.bool_] | None:
    """Find the components of few pixels that are strong somewhere.

    returns  bool (H, W), or None if there are fewer than `least`
    """
    peak = int(ink.max())
    count, components = _components(ink > CLUTTER.speck_edge * peak)
    if count < least:
        return None
    is_speck = np.zeros(count + 1, bool)
    is_speck[components[ink > CLUTTER.certain * peak]] = True
    is_speck[np.bincount(components.ravel()) > CLUTTER.speck_px] = False
    is_speck[0] = False
    return is_speck[components] if np.count_nonzero(is_speck) >= least else None


def _components(mask: NDArray[np.bool_]) -> tuple[int, NDArray[np.int32]]:
    """Label connected components, which may be connected along diagonals.

    mask     bool (H, W)
    returns  how many there are; and int32 (H, W), the label of each pixel's component, or 0
    """
    labels, components = cv2.connectedComponents(mask.view(np.uint8))
    return labels - 1, components


def _faint_level(ink: Pixels, peak: int) -> int:
    """Choose the level up to which a pixel is a soft edge, or noise."""
    step = _coarse_step(ink)
    sample = ink[::step, ::step]
    place = (sample.size - 1) // 4  # of the first quartile, from the lowest
    is_clean = sample.size - np.count_nonzero(sample) > place
    quartile = 0 if is_clean else int(np.partition(sample, place, axis=None)[place])
    noise = CLUTTER.noise_quartiles * quartile
    return int(min(max(CLUTTER.faint * peak, noise), CLUTTER.certain * peak))


def _threshold(ink: Pixels, level: int) -> Pixels:
    """Return 1 where ink is stronger than a level, otherwise 0; uint8 (H, W)."""
    return cv2.threshold(ink, level, 1, cv2.THRESH_BINARY)[1]


def _counts(mask: Pixels, axis: int) -> NDArray[np.int32]:
    """Sum along rows, or columns, int32 (H,) or (W,)."""
    return cv2.reduce(mask, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel()


def _may_hold_lines(ink: Pixels, mask: Pixels, peak: int, shape: tuple[int, ...]) -> bool:
    """Return whether a row or column may be a ruled line: long, with a pale median.

    ink    uint8 (h, w), cropped
    mask   uint8 (h, w), 1 where there is ink
    shape  of the whole image
    """
    for axis in (1, 0):
        is_long = _counts(mask, axis) > CLUTTER.ruled * shape[axis]
        if is_long.any():
            strong = _threshold(ink, math.ceil(LINE_STRENGTH * peak) - 1)
            if (_counts(strong, axis)[is_long] <= shape[axis] / 2).any():
                return True
    return False


def _remove_lines(ink: Pixels, mask: Pixels, box: Region, peak: int) -> Pixels:
    """Remove ruled lines.

    mask     uint8 (H, W), 1 where there is ink
    box      that holds all ink
    returns  uint8 (H, W), the input itself if there are none
    """
    if not _may_hold_lines(ink[box], mask[box], peak, ink.shape):
        return ink
    cleaned = ink.copy()
    erased = [
        _erase_lines(image, has_ink, peak)
        for image, has_ink in ((cleaned, mask), (cleaned.T, mask.T))
    ]
    return cleaned if any(erased) else ink


def _erase_lines(ink: Pixels, mask: Pixels, peak: int) -> bool:
    """Erase the pale pixels of the rows that are a thin line across the image, in place.

    ink      uint8 (H, W)
    mask     uint8 (H, W), 1 where there is ink
    returns  whether there are such rows
    """
    shares = mask.mean(axis=1)
    long = np.flatnonzero(shares > CLUTTER.ruled)
    levels = dict(zip(long.tolist(), np.median(ink[long], axis=1).tolist(), strict=True))
    pale = [row for row, level in levels.items() if level < LINE_STRENGTH * peak]
    if not pale:
        return False
    # A row of a broad stroke is not a line: the rows beside it are inked nearly as much.
    window = (2 + round(CLUTTER.max_line_width * len(shares)), 1)
    excess = shares - opening(shares[:, None], window, cv2.BORDER_REFLECT)[:, 0]
    # The bar of a digit, a box and an underline mostly end within the image.
    margin = math.ceil(CLUTTER.line_end * mask.shape[1])
    starts, ends = (
        cv2.dilate(cv2.reduce(end, 1, cv2.REDUCE_MAX), NEAR_ROWS)[:, 0]
        for end in (mask[:, :margin], mask[:, -margin:])
    )
    crosses = starts & ends
    lines = [row for row in pale if excess[row] > CLUTTER.line_excess and crosses[row]]
    for row in lines:
        soft = int(shares[row] > CLUTTER.through)  # rows on each side
        line = ink[max(row - soft, 0) : row + soft + 1]
        line[line < CLUTTER.ink_over_line * levels[row]] = 0
    return bool(lines)


def _is_one_component(ink: Pixels, box: Region, faint: int) -> bool:
    """Return whether all ink is connected; box holds all ink."""
    step = _coarse_step(ink)
    rows, columns = (slice(part.start // step * step, part.stop) for part in box)
    return _components(max_pool(ink[rows, columns], step) > faint)[0] == 1


def _remove_other_components(ink: Pixels, faint: int, peak: int) -> Pixels:
    """Remove the connected components that are not part of the digit."""
    step = _coarse_step(ink)
    coarse = max_pool(ink, step)
    mask = _threshold(coarse, faint)
    count, components, statistics, _ = cv2.connectedComponentsWithStats(_bridge_dots(mask))
    components *= mask
    is_certain = np.zeros(count, bool)
    is_certain[components[coarse > CLUTTER.certain * peak]] = True
    kept = _components_of_digit(components, statistics[:, :4], is_certain)[components]
    kept = kept.repeat(step, axis=0).repeat(step, axis=1)
    return ink * kept[: ink.shape[0], : ink.shape[1]]


def _bridge_dots(mask: Pixels) -> Pixels:
    """Connect the dots of a dotted stroke, as a program draws one for each event of a fast mouse.

    mask     uint8 (H, W), 0 or 1
    returns  uint8 (H, W), 1 at the dots, between them and around them; the input itself if the
             strokes are not dotted
    """
    _, _, statistics, _ = cv2.connectedComponentsWithStats(mask)
    lengths, areas = statistics[1:, 2:4].max(axis=1), statistics[1:, 4]
    is_dot = lengths < CLUTTER.long * max(mask.shape)
    few = np.count_nonzero(is_dot) < CLUTTER.min_dots
    if few or areas[is_dot].sum() < CLUTTER.dots_share * areas.sum():
        return mask
    side = 1 + 2 * math.ceil(CLUTTER.dot_gap * float(np.median(lengths[is_dot])) / 2)
    # A closing would separate dots along a diagonal again.
    return cv2.dilate(mask, np.ones((side, side), np.uint8))


def _components_of_digit(
    components: NDArray[np.int32], boxes: NDArray[np.int32], is_certain: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Select the long components, those no farther from them than they are long, and dots.

    components  int32 (H, W), the label of each pixel's component, or 0
    boxes       int32 (N, 4), left, top, width and height, by label
    is_certain  bool (N,), which components to choose from, by label
    returns     bool (N,)
    """
    lengths = boxes[:, 2:].max(axis=1)
    unframed = is_certain & ~_along_border(components, boxes)
    if lengths[unframed].max(initial=0) > CLUTTER.min_length * lengths[is_certain].max():
        is_certain = unframed
    lengths -= 1  # a speck between two pixels of the coarse image takes up both
    is_long = is_certain & (lengths >= CLUTTER.long * lengths[is_certain].max())
    is_short = is_certain & ~is_long
    if not is_short.any():
        return is_long
    distances = distance_to_outside(~is_long[components])
    places = np.flatnonzero(is_short[components])
    gaps = np.full(len(lengths), np.inf, np.float32)
    np.minimum.at(gaps, components.ravel()[places], distances.ravel()[places])
    # The dot of an exclamation mark is as thick as its pen, a speck is finer.
    pen = 2 * float(distance_to_outside(is_long[components]).max()) - 1
    is_dot = boxes[:, 2:].min(axis=1) >= CLUTTER.dot * pen
    reaches = np.where(is_dot, CLUTTER.dot_reach, 1) * lengths
    return is_long | (is_short & (gaps <= reaches))


def _along_border(components: NDArray[np.int32], boxes: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Return which components run along the border of the image, as a frame does.

    boxes    int32 (N, 4), left, top, width and height, by label
    returns  bool (N,), by label
    """
    shares = boxes[:, 2:] / components.shape[::-1]
    rows, columns = (math.ceil(MAX_DEPTH * side) for side in components.shape)
    is_inside = np.zeros(len(boxes), bool)
    is_inside[components[rows:-rows, columns:-columns]] = True
    return (shares.max(axis=1) >= MIN_LENGTH) & ~is_inside


def _coarse_step(ink: Pixels) -> int:
    """Return how many pixels, in each direction, make one of the coarse image."""
    return max(1, max(ink.shape) // CLUTTER.coarse_px)
