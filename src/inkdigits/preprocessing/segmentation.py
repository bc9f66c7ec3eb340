"""Segment ink from its background, in each plausible way."""

import math
from collections.abc import Iterator, Sequence
from itertools import chain

import numpy as np

from inkdigits.arrays import Pixels
from inkdigits.preprocessing.background import (
    BACKGROUND,
    MIN_CONTRAST,
    border_of,
    composite,
    difference_from_background,
    split_colors,
)
from inkdigits.preprocessing.clutter import isolate_digit, remove_specks
from inkdigits.preprocessing.corners import paint_corners
from inkdigits.preprocessing.frame import find_frame
from inkdigits.preprocessing.resample import Region, downscale
from inkdigits.preprocessing.surface import extract_faint_ink

MAX_SIDE = 8192  # pixels; a longer image is reduced to every second pixel, or every third, ...
OVERVIEW_PX = 2048  # longer side of the image in which the digit is searched for
SMALL_DIGIT_PX = 200  # longer side there; a smaller digit is extracted at full resolution
SURROUNDINGS = 0.5  # of the digit's longer side; how much around a small digit is kept with it
SMALL_PHOTO_PX = 64  # longer side; the noise of a smaller photo may be as strong as its ink


def extract_ink(rgba: Pixels) -> Pixels:
    """Segment ink from its background: how much each pixel differs from the color of the paper.

    The background is the color of most of the border, under even illumination or not, or of most
    corners if a digit ends at the border. Inside a frame, or on a table, only the paper counts;
    corners beyond the edges of the paper are painted with its color. A small digit in a large image
    is cropped out, with some paper around it.

    rgba     uint8 (H, W, 4)
    returns  uint8 (h, w), 0 is background; smaller than the image if there is a frame, or if the
             image is large
    """
    return next(segmentations(rgba))


def segmentations(rgba: Pixels) -> Iterator[Pixels]:
    """Segment ink from its background in each plausible way, one after the other.

    rgba     uint8 (H, W, 4)
    yields   uint8 (h, w), as `extract_ink` returns; the likeliest one first
    """
    step = math.ceil(max(rgba.shape) / MAX_SIDE)
    rgba = rgba[::step, ::step]
    overview, halvings = downscale(rgba, OVERVIEW_PX)
    found = _segment(overview)
    ink, inside = next(found)
    if halvings and ink.max() >= MIN_CONTRAST and (place := _small_digit(ink, inside)):
        rows, columns = (slice(part.start << halvings, part.stop << halvings) for part in place)
        ink, _ = next(_segment(rgba[rows, columns]))
    yield ink
    yield from (other for other, _ in found)


def located_segmentations(rgba: Pixels) -> Iterator[tuple[Pixels, slice, slice, int]]:
    """Segment all ink of an image from its background, and tell where it lies.

    rgba     uint8 (H, W, 4)
    yields   uint8 (h, w); the rows and columns of the image that it covers; and the scale: how many
             rows of the image one row of the ink covers. The likeliest one comes first
    """
    step = math.ceil(max(rgba.shape) / MAX_SIDE)
    overview, halvings = downscale(rgba[::step, ::step], OVERVIEW_PX)
    scale = step << halvings
    for ink, inside in _segment(overview):
        rows, columns = (slice(part.start * scale, part.stop * scale) for part in inside)
        yield ink, rows, columns, scale


def _segment(rgba: Pixels) -> Iterator[tuple[Pixels, Region]]:
    """Segment ink from its background at the image's own resolution.

    A transparent background is white, or black if nothing would show on white.

    yields   uint8 (h, w), and the rows and columns of the image that it covers
    """
    colors, alpha = split_colors(rgba)
    if alpha is None:
        found = _segment_opaque(colors)
    else:
        found = _segment_opaque([composite(color, alpha, white=True) for color in colors])
        likeliest = next(found)
        if likeliest[0].max() >= MIN_CONTRAST:
            found = chain([likeliest], found)
        else:
            found = _segment_opaque([composite(color, alpha, white=False) for color in colors])
    for ink, inside in found:
        yield remove_specks(ink), inside


def _segment_opaque(channels: Sequence[Pixels]) -> Iterator[tuple[Pixels, Region]]:
    """Segment ink from its background, without corners beyond the edges of the paper.

    channels  uint8 (H, W), one for each color
    yields    uint8 (h, w), and the rows and columns of the image that it covers
    """
    painted = paint_corners(channels)
    yield from _segment_paper(painted)
    if painted is not channels:  # what seemed to be the paper may be a broad stroke
        yield next(_segment_paper(channels))


def _segment_paper(channels: Sequence[Pixels]) -> Iterator[tuple[Pixels, Region]]:
    """Segment ink from its background, inside the frame if there is one with ink in it.

    channels  uint8 (H, W), one for each color
    yields    uint8 (h, w), and the rows and columns of the image that it covers
    """
    if inside := find_frame(channels):
        framed = [channel[inside] for channel in channels]
        found = _extract(framed)
        likeliest, _ = next(found)
        if likeliest.max() >= MIN_CONTRAST:
            yield likeliest, inside
            yield from ((ink, inside) for ink, _ in found)
            return
    height, width = channels[0].shape
    for ink, is_evenly_lit in _extract(channels):
        # A line that was paler in the shadow is now as strong as elsewhere.
        inside = None if is_evenly_lit else find_frame([ink])
        if inside and ink[inside].max() >= MIN_CONTRAST:
            yield ink[inside], inside
        else:
            yield ink, (slice(0, height), slice(0, width))


def _extract(channels: Sequence[Pixels]) -> Iterator[tuple[Pixels, bool]]:
    """Take the difference from the background, in each plausible light.

    channels  uint8 (H, W), one for each color
    yields    uint8 (h, w), and whether illumination is even
    """
    ink, is_evenly_lit = difference_from_background(channels)
    is_small = max(ink.shape) <= SMALL_PHOTO_PX
    is_noisy = is_small and np.count_nonzero(border := border_of(ink)) > border.size / 2
    is_pale = 0 < ink.max() < MIN_CONTRAST
    if is_evenly_lit and not is_noisy and not is_pale:
        yield ink, True
        # A corner in the dark leaves most of the border as it is.
        other, is_evenly_lit = difference_from_background(channels, BACKGROUND.dark_corner_share)
        if not is_evenly_lit:
            yield other, False
        return
    faint = extract_faint_ink(channels)
    if faint is None:
        yield ink, is_evenly_lit
    elif is_small:
        yield from ((faint, True), (ink, is_evenly_lit))
    else:
        yield from ((ink, is_evenly_lit), (faint, True))


def _small_digit(ink: Pixels, inside: Region) -> Region | None:
    """Find the digit, with some of the paper around it, unless it is large.

    ink      uint8 (h, w)
    inside   the rows and columns of the image that the ink covers
    returns  rows and columns of the image
    """
    _, box = isolate_digit(ink)
    length = max(part.stop - part.start for part in box)
    if length >= SMALL_DIGIT_PX:
        return None
    margin = 2 + round(SURROUNDINGS * length)
    rows, columns = (
        slice(
            whole.start + max(0, part.start - margin),
            min(whole.stop, whole.start + part.stop + margin),
        )
        for whole, part in zip(inside, box, strict=True)
    )
    return rows, columns
