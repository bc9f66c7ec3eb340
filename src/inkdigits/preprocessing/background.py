"""Tells ink from the sheet that it is on, in any picture of a drawing.

The sheet may lie on a table or in a frame, in uneven light, be ruled and dusty. A large picture is
looked at from afar first, and then closer where the digit is.
"""

import math
from collections.abc import Sequence
from functools import lru_cache, partial

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inkdigits.arrays import Array, Pixels

SMALL = 28  # longer side, in pixels: so small a picture has no frame, no ruling and no light

LONGEST = 8192  # side, in pixels: in a longer one only each second pixel counts, or each third, ...
FAR = 2048  # longer side, in pixels, of what is looked at at once
STRIP = 64  # rows that are halved at once: so few stay in the processor's cache
LARGE = 200  # longer side, in pixels: of a smaller digit more can be seen closer up
AROUND = 0.5  # of the digit's longer side: so much of the sheet around it is seen closer up, too

GRAINS = 64  # parts of the border; in each, the sheet is as bright as its median
UNEVEN = 6  # of 255: three quarters of an evenly lit border differ less from their median
FLAT = 0.12  # of the difference of ink and sheet: less than that vary both, in even light
CLEAR = 0.5  # of a border with ink on it: so much of it, at least, is no soft edge
LIGHT = 160  # longer side, in pixels, of the coarse picture in which uneven light is measured
LIGHT_SAMPLES = 4  # in each direction, for a pixel of that
DIM = 24  # of 255: of the light on so dark a sheet little can be said
DARKEST_SHADOW = 0.5  # of the light around: what has less of it is ink, not shadow
CORNERS = 0.5  # weight of the square of how many corners are not as the sheet should be
HILL = 0.05  # of the longer side, standard deviation: so far around, what light there is counts
WIDEST = 0.3  # of the longer side: no stroke is so wide, but a shadow is

FRAME_DEPTH = 0.12  # of the picture's side: no deeper lie the sides of a frame
FRAME_LENGTH = 0.75  # of the picture's side: so long they are, at least
FRAME_SAMPLES = 64  # places along a row that are looked at, about
BOLD = 0.6  # of the strongest: a frame may be so strong, and lines of ruled paper are not

FAINTEST = 24  # of 255: what stands out less from the sheet, all over the picture, is no ink
FAINT_SHARE = 0.12  # of the strongest ink: what is fainter is a stroke's soft edge, or JPEG noise
NOISE_OF_QUARTILE = 5  # times the quarter of a sheet's noise that is weakest is nearly all of it
SURE_SHARE = 0.5  # of the strongest ink: each piece of a digit is so strong somewhere

GRAINY = 128  # longer side, in pixels: scaled to 28x28, a larger picture's noise averages out
SPECK_PX = 4  # pixels, the most of a speck
SPECK_EDGE = 0.25  # of the strongest ink: what is fainter parts a speck from what is beside it
MANY_SPECKS = 4  # or more, and
SPECKLED = 0.005  # of the pixels, or more: so many specks are noise

RULED = 0.5  # of a row, or a column: a line of ruled paper inks more of it
ALONE = 0.25  # of a row: so much more of it than of those beside it is inked by a line
THIN = 0.1  # of the side: a line is not so wide, not even in a picture of few pixels
THROUGH = 0.9  # of a row, or a column: a line that inks so much of it is no stroke
COARSE = 256  # longer side, in pixels, of the coarse picture in which pieces are told apart
SPECK = 0.2  # of the longest piece's length: what is shorter is the digit's only if near to it
LEAST = 0.04  # of the length of an edge of the sheet: what is shorter, beside it, is no digit

KEPT_SIZE = 512  # of a line, in pixels: matrices that resample so much are kept for the next time

Place = tuple[slice, slice]  # rows and columns


def extract_ink(rgba: Pixels) -> Pixels:
    """Tell ink from sheet: how far each pixel is from the sheet's color.

    The sheet is what most of the picture's border is, in even light or uneven, or most of its
    corners if a digit ends at the border. A transparent one is taken for white, or for black if on
    white nothing would be seen. If there is a frame round the sheet, or a table, only what is
    inside counts. Of a large picture, the digit and what is around it may be all that is given.

    rgba     uint8 (H, W, 4)
    returns  uint8 (H, W), 0 is the sheet's color; smaller if there is a frame, or if the picture
             is large
    """
    step = math.ceil(max(rgba.shape) / LONGEST)
    rgba = far = rgba[::step, ::step]
    halvings = 0
    while max(far.shape) > FAR:
        far = _halved(far)
        halvings += 1
    strength, inside = _strength(far)
    strength = _without_specks(strength)
    if halvings == 0 or strength.max() < FAINTEST:
        return strength
    place = _around_digit(strength, inside)
    if place is None:
        return strength
    rows, columns = (slice(part.start << halvings, part.stop << halvings) for part in place)
    return extract_ink(rgba[rows, columns])


def isolate_digit(strength: Pixels) -> Pixels:
    """Take away all that is no part of the digit: soft edges, noise, ruling, specks.

    strength  uint8 (H, W), how much each pixel stands out from the sheet, FAINTEST or more at most
    returns   uint8 (H, W), 0 is the sheet
    """
    peak = int(strength.max())
    faint = _faint(strength, peak)
    strength = _without_other_pieces(_without_ruling(strength, faint, peak), faint, peak)
    return strength * (strength > faint)


def _without_specks(strength: Pixels) -> Pixels:
    """Take away the specks of a picture that is strewn with them, and fill such holes in the ink.

    MNIST's pictures hold three specks at most.

    strength  uint8 (H, W), how much each pixel stands out from the sheet
    returns   uint8 (H, W); the same if there are few specks, or nothing else
    """
    if max(strength.shape) > GRAINY:
        return strength
    if _count(_specks(strength)) < max(MANY_SPECKS, SPECKLED * strength.size):
        return strength
    median: Pixels = ndimage.median_filter(strength, 3, mode="constant")
    off = np.maximum(strength, median) - np.minimum(strength, median)
    cleaned = np.where(off > SURE_SHARE * strength.max(), median, strength)
    cleaned[_specks(cleaned)] = 0
    return cleaned if cleaned.max() >= FAINTEST else strength


def _specks(strength: Pixels) -> NDArray[np.bool_]:
    """Find the pieces of ink that are of few pixels, and strong somewhere.

    returns  bool (H, W)
    """
    peak = int(strength.max())
    pieces, count = ndimage.label(strength > SPECK_EDGE * peak, np.ones((3, 3)))
    sizes = np.bincount(pieces.ravel(), minlength=1)
    strong = np.zeros(count + 1, bool)
    strong[pieces[strength > SURE_SHARE * peak]] = True
    strong[0] = False
    return (strong & (sizes <= SPECK_PX))[pieces]


def _count(specks: NDArray[np.bool_]) -> int:
    """Count pieces."""
    return int(ndimage.label(specks, np.ones((3, 3)))[1])


def _halved(rgba: Pixels) -> Pixels:
    """Make a picture half as large, each pixel the mean of four.

    Colors are averaged without regard to how transparent they are, which makes the edges of a
    stroke on a transparent sheet a little darker than they should be.
    """
    pixels = np.ascontiguousarray(rgba).view(np.uint32)[..., 0]
    strips = []
    for first in range(0, max(1, len(pixels) - 1), STRIP):
        strip = pixels[first : first + STRIP]
        if strip.shape[0] > 1:
            strip = _mean(strip[:-1:2], strip[1::2])
        if strip.shape[1] > 1:
            strip = _mean(strip[:, :-1:2], strip[:, 1::2])
        strips.append(strip)
    return np.concatenate(strips)[..., None].view(np.uint8)


def _mean(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Average the four bytes of each pixel, each on its own, rounded down.

    source  Dietz's formula (Warren 2013, Hacker's Delight, section 2-5): what both have, and half
            of what one has
    """
    mean = one ^ other
    mean &= np.uint32(0xFEFEFEFE)  # or a byte's last bit would become the first of the next one
    mean >>= np.uint32(1)
    mean += one & other
    return mean


def _around_digit(strength: Pixels, inside: Place) -> Place | None:
    """Find the digit and some of the sheet around it, unless the digit is large.

    strength  uint8 (H, W), of what is inside the frame
    inside    where that is in the picture
    returns   rows and columns of the picture
    """
    digit = isolate_digit(strength)
    lines = (np.flatnonzero(digit.any(axis=axis)) for axis in (1, 0))
    box = [(int(line[0]), int(line[-1]) + 1) for line in lines]
    length = max(last - first for first, last in box)
    if length >= LARGE:
        return None
    margin = 2 + round(AROUND * length)
    rows, columns = (
        slice(part.start + max(0, first - margin), min(part.stop, part.start + last + margin))
        for part, (first, last) in zip(inside, box, strict=True)
    )
    return rows, columns


def _strength(rgba: Pixels) -> tuple[Pixels, Place]:
    """Tell ink from sheet in a picture that is not large.

    returns  uint8 (H, W), and the rows and columns of the picture that it is of
    """
    laid = _lay_on(255, rgba)
    inside = _inside_of_frame(laid)
    if inside:
        strength, _ = _distance_from_sheet(laid[inside])
        if strength.max() >= FAINTEST:
            return strength, inside
    whole = slice(0, rgba.shape[0]), slice(0, rgba.shape[1])
    strength, is_evenly_lit = _distance_from_sheet(laid)
    if not is_evenly_lit:
        # A line that is paler in the shadow is now as strong as elsewhere.
        inside = _inside_of_frame(np.broadcast_to(strength[..., None], laid.shape))
        if inside and strength[inside].max() >= FAINTEST:
            return strength[inside], inside
    if strength.max() < FAINTEST and rgba[..., 3].min() < 255:
        strength, _ = _distance_from_sheet(_lay_on(0, rgba))
    return strength, whole


def _lay_on(gray: int, rgba: Pixels) -> Pixels:
    """Lay the picture on a gray sheet, so that nothing is transparent any more."""
    if rgba[..., 3].min() == 255:
        return rgba[..., :3]
    alpha = rgba[..., 3].astype(np.uint16)
    below = gray * (255 - alpha)
    laid = np.empty((*alpha.shape, 3), np.uint8)
    for color in range(3):
        mixed = rgba[..., color] * alpha + below
        # Divides by 255 and rounds: exactly so up to 255 * 255, and much faster.
        mixed += 128
        mixed += mixed >> 8
        mixed >>= 8
        laid[..., color] = mixed
    return laid


def _inside_of_frame(rgb: Pixels) -> tuple[slice, slice] | None:
    """Find what is inside a line round the sheet, or the sheet itself on a table.

    returns  its rows and columns, or None if there is no frame
    """
    if max(rgb.shape) <= SMALL:
        return None
    rows = _between_edges(rgb)
    columns = _between_edges(rgb.swapaxes(0, 1)) if rows else None
    return (rows, columns) if rows and columns else None


def _between_edges(rgb: Pixels) -> slice | None:
    """Find the rows between two straight edges across the picture, near its top and its bottom."""
    reach = 1 + len(rgb) // 100  # rows, over which an edge may be soft, or a line may go
    sample = rgb[:, :: 1 + rgb.shape[1] // FRAME_SAMPLES].astype(np.int16)
    return _between_tables(sample, reach) or _between_lines(sample, reach)


def _between_tables(sample: NDArray[np.int16], reach: int) -> slice | None:
    """Find the rows of a sheet on a table: there the color changes, and stays another.

    sample  (H, W, 3), some columns of the picture
    """
    depth = FRAME_DEPTH * len(sample)
    # Two rows that are farther apart than a line is wide differ by a line in few places only.
    differ = (_changes(sample, 3 * reach) > FAINTEST).mean(axis=1) >= FRAME_LENGTH
    edges = np.flatnonzero(ndimage.binary_opening(differ, np.ones(reach + 1)))
    above, below = edges[edges < depth], edges[edges >= len(differ) - depth]
    if len(above) and len(below):
        return slice(int(above[-1]) + 1 + reach, int(below[0]) + 2 * reach)
    return None


def _between_lines(sample: NDArray[np.int16], reach: int) -> slice | None:
    """Find the rows between two lines of a frame.

    sample  (H, W, 3), some columns of the picture
    """
    depth = FRAME_DEPTH * len(sample)
    changes = _changes(sample, reach)
    for least in (BOLD * changes.max(initial=0), FAINTEST):
        edges = np.flatnonzero((changes > least).mean(axis=1) >= FRAME_LENGTH)
        above, below = edges[edges < depth], edges[edges >= len(changes) - depth]
        # Edges between them are the lines of ruled paper.
        if len(above) and len(below) and len(above) + len(below) == len(edges):
            return slice(int(above[-1]) + 1 + reach, int(below[0]))
    return None


def _changes(sample: NDArray[np.int16], reach: int) -> NDArray[np.int16]:
    """Compare each row with the one that is `reach` below it, by the color that differs most."""
    red, green, blue = np.moveaxis(np.abs(sample[reach:] - sample[:-reach]), 2, 0)
    return np.maximum(np.maximum(red, green), blue)


def _distance_from_sheet(rgb: Pixels) -> tuple[Pixels, bool]:
    """The largest difference in any of the three colors, so that yellow on white counts too.

    returns  uint8 (H, W), as it is in the best light; and whether the sheet is evenly lit
    """
    # One by one, each in one piece of memory: faster than all at once.
    red, green, blue = (np.ascontiguousarray(rgb[..., color]) for color in range(3))
    is_gray = np.array_equal(red, green) and np.array_equal(green, blue)
    channels = (red,) if is_gray else (red, green, blue)
    sheets = _sheets(channels)
    distance = np.zeros_like(red)
    for channel, sheet in zip(channels, sheets, strict=True):
        # Written so because unsigned numbers wrap round below zero.
        difference: Pixels = np.maximum(channel, sheet) - np.minimum(channel, sheet)
        np.maximum(distance, difference, out=distance)
    light = np.maximum(np.mean(np.broadcast_arrays(*sheets), axis=0, dtype=np.float32), DIM)
    if light.ndim == 0:
        return distance, True
    # Where there is less of it, the same ink differs less.
    return np.minimum(distance * (light.max() / light), 255).astype(np.uint8), False


def _sheets(channels: Sequence[Pixels]) -> list[Pixels]:
    """Estimate how bright the sheet is, also under the ink.

    channels  uint8 (H, W), one for each color
    returns   for each, uint8 (): what most of the picture's border is, or most of its corners if a
              digit ends at the border; or (H, W) where light is uneven
    """
    borders = [_border(channel) for channel in channels]
    middles = [np.median(border) for border in borders]
    off = [
        np.abs(border - middle) > UNEVEN for border, middle in zip(borders, middles, strict=True)
    ]
    uneven = [color for color, where in enumerate(off) if where.mean() > 0.25]
    if not uneven:
        return [np.asarray(middle, np.uint8) for middle in middles]
    # Light and ink change all colors at once: the one that changes most tells which of the two.
    clearest = max(uneven, key=lambda color: int(np.ptp(borders[color])))
    border, channel = borders[clearest], channels[clearest]
    threshold = (int(border.max()) + int(border.min())) / 2
    bright = border > threshold
    levels = np.where(bright, np.median(border[bright]), np.median(border[~bright]))
    if max(channel.shape) > SMALL and not _is_cropped(border, levels):
        return [_unevenly_lit_sheet(channel) for channel in channels]
    # A broad pen may ink more of the border than it leaves, but digits are round: most corners are
    # sheet. If two are light and two dark, most of the border is.
    bright_corners = np.count_nonzero(channel[[0, 0, -1, -1], [0, -1, 0, -1]] > threshold)
    is_light = bright.mean() > 0.5 if bright_corners == 2 else bright_corners > 2
    return [np.asarray(np.median(border[bright == is_light]), np.uint8) for border in borders]


def _border(channel: Pixels) -> Pixels:
    """Go once round the picture, clockwise, without the grain of its paper: that is no light."""
    border = np.concatenate([channel[0], channel[1:, -1], channel[-1, -2::-1], channel[-2::-1, 0]])
    filtered: Pixels = ndimage.median_filter(border, max(1, len(border) // GRAINS), mode="wrap")
    return filtered


def _is_cropped(border: Pixels, levels: Array) -> bool:
    """Whether a border is of two even levels, ink and sheet, in turns: a digit ends there.

    border  uint8 (N,), once round the picture
    levels  float64 (N,), the one of the two that each pixel is nearer to
    """
    flat = FLAT * np.ptp(levels)
    even = np.abs(border - levels) <= flat
    # Where a stroke ends softly it is neither ink nor sheet; light changes more slowly.
    window = 3 + len(border) // GRAINS
    most = ndimage.maximum_filter1d(border, window, mode="wrap")
    least = ndimage.minimum_filter1d(border, window, mode="wrap")
    steady = most - least <= flat
    # A shadow begins and ends once.
    changes = np.count_nonzero(levels != np.roll(levels, 1))
    return bool(changes > 2 and steady.mean() >= CLEAR and even[steady].mean() >= 0.75)


def _unevenly_lit_sheet(channel: Pixels) -> Pixels:
    """Estimate how bright the sheet is everywhere, in a coarse picture: light is smooth.

    channel  uint8 (H, W), one color
    returns  uint8 (H, W)
    """
    step = max(1, max(channel.shape) // (LIGHT_SAMPLES * LIGHT))
    sample = channel[::step, ::step]
    height, width = sample.shape
    scale = min(1, LIGHT / max(height, width))
    rows, columns = (math.ceil(scale * side) for side in (height, width))
    coarse = resampling(height, rows) @ sample.astype(np.float32) @ resampling(width, columns).T
    sheet = np.clip(_without_strokes(coarse), 0, 255)
    bright = resampling(rows, height) @ sheet @ resampling(columns, width).T
    whole = np.rint(bright).astype(np.uint8).repeat(step, axis=0).repeat(step, axis=1)
    return whole[: channel.shape[0], : channel.shape[1]]


def _without_strokes(coarse: Array) -> Array:
    """Paint over all strokes with what is beside them.

    coarse   float32 (H, W), from 0 to 255
    returns  float32 (H, W)
    source   Serra 1982, Image Analysis and Mathematical Morphology: closing and opening
    """
    reach = math.ceil(WIDEST * max(coarse.shape))
    smooth = ndimage.gaussian_filter(coarse, 1)
    # Beyond the border the light stays as it is there, but ink ends there.
    continued, mirrored = (np.pad(smooth, reach, mode) for mode in ("edge", "reflect"))
    darker, lighter = np.minimum(continued, mirrored), np.maximum(continued, mirrored)
    framed = np.where(darker < DARKEST_SHADOW * lighter, mirrored, continued)
    inner = slice(reach, -reach)
    without_dark: Array = ndimage.grey_closing(framed, (reach, reach))[inner, inner]
    without_light: Array = ndimage.grey_opening(framed, (reach, reach))[inner, inner]
    sheet = min(without_dark, without_light, key=partial(_unlikely, picture=smooth))
    # Where light is brightest, or darkest, a hill or a hollow of it was taken for a stroke.
    return sheet + _mean_of_sheet(smooth - sheet)


def _unlikely(sheet: Array, picture: Array) -> float:
    """Judge a sheet without its strokes, dark or light ones: the smaller, the likelier.

    Where the wrong ones were taken away there is a blob in place of the digit. Or, if the digit is
    cropped, all is ink: but few digits end in a corner, and hardly any in three.
    """
    off = np.abs(picture - sheet)[[0, 0, -1, -1], [0, -1, 0, -1]].sum() / max(np.ptp(picture), 1)
    return math.log1p(_roughness(sheet)) + CORNERS * float(off) ** 2


def _mean_of_sheet(difference: Array) -> Array:
    """Average a difference over what is around each pixel and is no ink.

    difference  float32 (H, W), from a sheet without its strokes; most of it where there is ink
    returns     float32 (H, W)
    """
    off = np.abs(difference)
    ink = ndimage.binary_dilation(off > SURE_SHARE * off.max(), iterations=2)
    around = HILL * max(difference.shape)
    share = ndimage.gaussian_filter(np.float32(1) - ink, around)
    mean: Array = ndimage.gaussian_filter(difference * ~ink, around) / np.maximum(share, 0.01)
    return mean


def _roughness(picture: Array) -> float:
    """How much the slope changes, all together: little where light falls off."""
    return sum(float(np.abs(np.diff(picture, 2, axis)).sum()) for axis in (0, 1))


def _faint(strength: Pixels, peak: int) -> int:
    """Choose the strength up to which a pixel is a soft edge, or noise."""
    step = _step(strength)
    # To interpolate would take twice as long.
    quartile = np.percentile(strength[::step, ::step], 25, method="lower")
    noise = NOISE_OF_QUARTILE * float(quartile)
    return int(min(max(FAINT_SHARE * peak, noise), SURE_SHARE * peak))


def _without_ruling(strength: Pixels, faint: int, peak: int) -> Pixels:
    """Take away pale thin lines across the whole sheet; stronger ink on them stays."""
    step = _step(strength)
    row_shares = (strength[:, ::step] > faint).mean(axis=1)
    column_shares = (strength[::step] > faint).mean(axis=0)
    if max(row_shares.max(), column_shares.max()) <= RULED:
        return strength
    strength = strength.copy()
    for sheet, shares in ((strength, row_shares), (strength.T, column_shares)):
        _take_lines_away(sheet, shares, peak)
    return strength


def _take_lines_away(strength: Pixels, shares: Array, peak: int) -> None:
    """Make zero what is pale in the rows that are a thin line.

    strength  uint8 (H, W)   changed in place
    shares    float64 (H,)   how much of each row is inked
    """
    pale = shares > RULED
    levels = np.zeros(len(strength))
    levels[pale] = np.median(strength[pale], axis=1)
    pale &= levels < BOLD * peak
    # A row of a broad stroke is no line, for it has others beside it that ink nearly as much.
    alone = ndimage.white_tophat(shares, 2 + round(THIN * len(shares)))
    thin = pale & (alone > ALONE)
    for line in np.flatnonzero(thin):
        soft = int(shares[line] > THROUGH)
        beside = strength[max(line - soft, 0) : line + soft + 1]
        beside[beside < 1.5 * levels[line]] = 0


def _without_other_pieces(strength: Pixels, faint: int, peak: int) -> Pixels:
    """Take away the pieces that are no part of the digit: specks, noise, edges of the sheet."""
    step = _step(strength)
    coarse = _largest_of_blocks(strength, step)
    inked = coarse > faint
    if _is_one_piece(inked):
        return strength
    pieces, _ = ndimage.label(inked, np.ones((3, 3)))
    sure = np.unique(pieces[coarse > SURE_SHARE * peak])
    kept = _near_or_long(pieces, sure[sure > 0])
    shown = kept.repeat(step, axis=0).repeat(step, axis=1)
    return strength * shown[: strength.shape[0], : strength.shape[1]]


def _is_one_piece(inked: NDArray[np.bool_]) -> bool:
    """Whether all the ink hangs together, as it mostly does; it is looked at without the sheet."""
    rows, columns = (np.flatnonzero(inked.any(axis=axis)) for axis in (1, 0))
    digit = inked[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return bool(ndimage.label(digit, np.ones((3, 3)))[1] == 1)


def _near_or_long(pieces: NDArray[np.int32], numbers: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell the digit's pieces: the long ones, and those no farther from them than they are long.

    pieces   int (H, W), the number of the piece that each pixel is of, or 0
    numbers  (N,), of the pieces that may be the digit's
    returns  bool (H, W)
    """
    found = ndimage.find_objects(pieces)
    boxes = [found[number - 1] for number in numbers]
    lengths = np.array([max(part.stop - part.start for part in box) for box in boxes])
    is_edge = _are_edges(pieces, numbers, boxes)
    if lengths[~is_edge].max(initial=0) > LEAST * lengths.max():
        numbers, lengths = numbers[~is_edge], lengths[~is_edge]
    lengths = lengths - 1  # a speck takes two pixels of a coarse picture, if it lies between them
    is_long = lengths >= SPECK * lengths.max()
    kept = np.isin(pieces, numbers[is_long])
    gaps = ndimage.minimum(ndimage.distance_transform_edt(~kept), pieces, numbers)
    return np.isin(pieces, numbers[is_long | (gaps <= lengths)])


def _are_edges(
    pieces: NDArray[np.int32], numbers: NDArray[np.int32], boxes: list[Place]
) -> NDArray[np.bool_]:
    """Tell the pieces that run along the border of the picture, as a frame does.

    boxes    rows and columns of each piece
    returns  bool (N,)
    """
    shares = [
        [(part.stop - part.start) / side for part, side in zip(box, pieces.shape, strict=True)]
        for box in boxes
    ]
    margins = [math.ceil(FRAME_DEPTH * side) for side in pieces.shape]
    inner = tuple(slice(margin, -margin) for margin in margins)
    return (np.max(shares, axis=1) >= FRAME_LENGTH) & ~np.isin(numbers, pieces[inner])


def _step(picture: Pixels) -> int:
    """How many pixels, in each direction, make one of a coarse picture."""
    return max(1, max(picture.shape) // COARSE)


def _largest_of_blocks(picture: Pixels, step: int) -> Pixels:
    """Make a picture coarser: of each block of `step` x `step` pixels, the largest."""
    for _ in range(2):  # rows, then columns; the last block may be smaller
        largest = picture[::step].copy()
        for offset in range(1, step):
            rows = picture[offset::step]
            np.maximum(largest[: len(rows)], rows, out=largest[: len(rows)])
        picture = largest.T
    return picture


def resampling(size: int, new_size: int) -> Array:
    """Make the matrix that resamples a line of `size` pixels to `new_size`, antialiased.

    Each new pixel is the mean over the area that it covers; where the line grows, it is
    interpolated between the two nearest. Of the same size, it is the identity.

    returns  float32 (new_size, size), read-only, rows of sum 1
    """
    return _kept_matrix(size, new_size) if size <= KEPT_SIZE else _matrix(size, new_size)


def _matrix(size: int, new_size: int) -> Array:
    scale = size / new_size
    centers = (np.arange(new_size) + 0.5) * scale
    distances = np.abs(centers[:, None] - (np.arange(size) + 0.5))
    weights: Array = np.clip((max(scale, 1) + 1) / 2 - distances, 0, 1)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    weights.setflags(write=False)
    return weights


# Drawings are of few sizes, and to make the matrix takes longer than to multiply by it.
_kept_matrix = lru_cache(maxsize=64)(_matrix)
