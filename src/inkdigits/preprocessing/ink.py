"""Turn a drawing, photo or scan of a digit into the 28x28 picture that MNIST would have made of it.

MNIST scaled each digit, antialiased, until its longer side was 20 pixels, and placed its center of
mass in the middle of 28x28 pixels. Its writers used similar pens; here the pen may be a hairline
or a brush, so the stroke width is normalized first. MNIST's own images pass through (almost)
unchanged.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import islice

import cv2
import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.preprocessing.background import (
    MIN_CONTRAST,
    border_of,
    composite,
    differences_from_background,
    split_colors,
)
from inkdigits.preprocessing.clutter import isolate_digit, remove_ruled_lines, remove_specks
from inkdigits.preprocessing.corners import paint_corners
from inkdigits.preprocessing.frame import find_frame
from inkdigits.preprocessing.marks import without_marks
from inkdigits.preprocessing.pieces import without_cut
from inkdigits.preprocessing.resample import Region, bounding_box, downscale, fit
from inkdigits.preprocessing.stroke_width import normalize_stroke_width
from inkdigits.preprocessing.surface import extract_faint_ink

MAX_CANDIDATES = 3
BOX = 20  # longer side of MNIST's digits, in pixels
CENTER = 14  # row and column of their center of mass, counted from 0
# For rounding: a bit less than a half, so that rounding errors do not decide on symmetric digits.
HALF = 0.49999

MAX_SIDE = 8192  # pixels; a longer image is reduced to every second pixel, or every third, ...
OVERVIEW_PX = 2048  # longer side of the image in which the digit is searched for
SMALL_PHOTO_PX = 64  # longer side; the noise of a smaller photo may be as strong as its ink
SMALL_DIGIT_PX = 200  # longer side there; a smaller digit is extracted at full resolution
SURROUNDINGS = 0.5  # of the digit's longer side; how much around a small digit is kept with it


def from_image(rgba: Pixels) -> Pixels:
    """Make the 28x28 picture of one image.

    rgba     uint8 (H, W, 4)    any size, colors and polarity, transparent or not
    returns  uint8 (28, 28)     0 is background and 255 full ink; all 0 if the image is blank
    """
    return from_ink(extract_ink(rgba))


def candidates(rgba: Pixels) -> Pixels:
    """Make the 28x28 pictures of one image in each plausible way.

    rgba     uint8 (H, W, 4)      any size, colors and polarity, transparent or not
    returns  uint8 (K, 28, 28)    the likeliest first; K is 1 in most cases and 3 at most
    """
    first, *others = islice(segmentations(rgba), MAX_CANDIDATES)
    pictures = list(candidates_from_ink(first))
    # Of each other segmentation, the digit without all that may not belong to it.
    pictures[1:1] = [candidates_from_ink(ink)[-1] for ink in others]
    inked = [picture for picture in pictures if picture.any()]
    return np.stack((inked or pictures)[:MAX_CANDIDATES])


def candidates_from_ink(ink: Pixels) -> Pixels:
    """Isolate and normalize the digit in each plausible way.

    ink      uint8 (H, W), 0 is background
    returns  uint8 (K, 28, 28), the likeliest first, the one without all that may not belong to the
             digit last
    """
    pictures = [from_ink(ink)]
    if ink.max() >= MIN_CONTRAST and max(ink.shape) > IMAGE_SIDE:
        digit, _ = isolate_digit(ink)
        if (rest := without_marks(digit)) is not None:
            pictures.append(from_ink(rest))
        if (inner := without_cut(remove_ruled_lines(ink))) is not None:
            digit, _ = isolate_digit(inner)
            rest = without_marks(digit)
            pictures.append(_normalize(digit) if rest is None else from_ink(rest))
    return np.stack(pictures)


def from_mnist(images: Pixels) -> Pixels:
    """Make the 28x28 pictures of many images like MNIST's: 28x28, light ink on black.

    images   uint8 (N, 28, 28)
    returns  uint8 (N, 28, 28), what `from_image` makes of each
    """
    return np.stack([from_ink(image) for image in images]) if len(images) else images


def extract_ink(rgba: Pixels) -> Pixels:
    """Segment ink from its background: how much each pixel differs from the color of the paper.

    The background is the color of most of the border, under even illumination or not, or of most
    corners if a digit ends at the border. Inside a frame, or on a table, only the paper counts. A
    small digit in a large image is cropped out, with some paper around it.

    rgba     uint8 (H, W, 4)
    returns  uint8 (h, w), 0 is background; smaller than the image if there is a frame, or if the
             image is large
    """
    return next(segmentations(rgba))


def segmentations(rgba: Pixels) -> Iterator[Pixels]:
    """Segment ink from its background in each plausible way, as `extract_ink` in the likeliest.

    rgba     uint8 (H, W, 4)
    yields   uint8 (h, w), the likeliest first
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
    yield from (ink for ink, _ in found)


def from_ink(ink: Pixels) -> Pixels:
    """Isolate the digit, crop to it, normalize its stroke width, scale and center it.

    ink      uint8 (H, W), 0 is background
    returns  uint8 (28, 28), its strongest ink is 255; all 0 if no ink is stronger than noise
    """
    if ink.max() < MIN_CONTRAST:
        return np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    # In an image of MNIST's size the faint, soft edges are a good part of the digit. On most of the
    # border is none of it, but the grain of paper under uneven light.
    is_small = max(ink.shape) <= IMAGE_SIDE and np.count_nonzero(border_of(ink)) <= sum(ink.shape)
    digit = ink[bounding_box(ink)] if is_small else isolate_digit(ink)[0]
    return _normalize(digit)


def _normalize(digit: Pixels) -> Pixels:
    """Normalize the stroke width of a digit, scale and center it."""
    return _center(fit(normalize_stroke_width(digit, BOX), BOX))


def _segment(rgba: Pixels) -> Iterator[tuple[Pixels, Region]]:
    """Segment ink from its background at the image's own resolution.

    A transparent background is white, or black if nothing would show on white.

    yields   uint8 (h, w), and the rows and columns of the image that it covers
    """
    channels, alpha = split_colors(rgba)
    if alpha is not None:
        on_white = [composite(color, alpha, white=True) for color in channels]
        if next(_segment_opaque(on_white))[0].max() < MIN_CONTRAST:
            on_white = [composite(color, alpha, white=False) for color in channels]
        channels = on_white
    for ink, inside in _segment_opaque(channels):
        yield remove_specks(ink), inside


def _segment_opaque(channels: Sequence[Pixels]) -> Iterator[tuple[Pixels, Region]]:
    """Segment ink from its background, without corners beyond the edges of the paper.

    channels  uint8 (H, W), one for each color
    yields    uint8 (h, w), and the rows and columns of the image that it covers
    """
    painted = paint_corners(channels)
    yield from _segment_sheet(painted)
    if painted is not channels:
        yield next(_segment_sheet(channels))


def _segment_sheet(channels: Sequence[Pixels]) -> Iterator[tuple[Pixels, Region]]:
    """Segment ink from its background, inside the frame if there is one with ink in it.

    channels  uint8 (H, W), one for each color
    yields    uint8 (h, w), and the rows and columns of the image that it covers
    """
    if inside := find_frame(channels):
        framed = [channel[inside] for channel in channels]
        if next(_extract(framed))[0].max() >= MIN_CONTRAST:
            yield from ((ink, inside) for ink, _ in _extract(framed))
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
    """Segment ink from each plausible background.

    channels  uint8 (H, W), one for each color
    yields    uint8 (h, w), and whether illumination is even
    """
    differences = differences_from_background(channels)
    likeliest = next(differences)
    ink, is_evenly_lit = likeliest
    is_small = max(ink.shape) <= SMALL_PHOTO_PX
    is_noisy = is_small and np.median(border_of(ink)) > 0
    if not is_evenly_lit or is_noisy or 0 < ink.max() < MIN_CONTRAST:
        faint = extract_faint_ink(channels)
        if faint is not None:
            if is_small:
                yield faint, True
                yield likeliest
            else:
                yield likeliest
                yield faint, True
            return
    yield likeliest
    # other polarity
    if is_evenly_lit:
        yield from differences


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


def _center(digit: Array) -> Pixels:
    """Place the digit's center of mass in the middle of a 28x28 picture.

    digit    float32 (h, w), ink in [0, 1]
    returns  uint8 (28, 28)
    """
    height, width = digit.shape
    # Padded, because OpenCV would take a digit two pixels wide for a list of points.
    square = cv2.copyMakeBorder(digit, 0, BOX - height, 0, BOX - width, cv2.BORDER_CONSTANT)
    moments = cv2.moments(square)
    top = math.floor(CENTER - moments["m01"] / moments["m00"] + HALF)
    left = math.floor(CENTER - moments["m10"] / moments["m00"] + HALF)
    top = min(max(top, 0), IMAGE_SIDE - height)
    left = min(max(left, 0), IMAGE_SIDE - width)
    picture = np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    picture[top : top + height, left : left + width] = np.rint(255 * digit)
    return picture
