"""Any drawing -> the 28x28 picture that MNIST would have made of it.

MNIST's own pictures were made so: the digit is scaled, antialiased, until its longer side is
20 pixels, and laid into 28x28 with its centre of mass in the middle. What MNIST's people wrote
with was much alike; a drawing's pen may be a hair or a brush, and is brought to theirs first.
MNIST's own pictures pass through here (almost) unchanged.
"""

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from inkdigits.arrays import Array, Pixels

SIDE = 28  # of the picture, in pixels
BOX = 20  # longer side of the digit in it
MIDDLE = 14  # row and column of MNIST's centre of mass, where the first is number 0

WORKING = 80  # longer side of a large digit while its strokes are measured or redrawn, in pixels
MARGIN = 8  # around it, which the thickest growth needs
HALF_INK = 0.4  # of the peak: from here on a pixel counts as inked
FINEST, FATTEST = 1.65, 5.0  # px of the box; the strokes of 97% of MNIST's digits lie between
FINE, FAT = 2.4, 4.2  # what finer and fatter ones are brought to: MNIST's mean is 2.7
MOST_THINNED = 0.2  # of the stroke, on each side: or uneven strokes would break, or all be gone

LONGEST = 8192  # side, in pixels: in a longer one only each second pixel counts, or each third, ...

GRAINS = 64  # parts of the border; in each, the sheet is as bright as its median
UNEVEN = 6  # of 255: three quarters of an evenly lit border differ less from their median
FLAT = 0.12  # of the difference of ink and sheet: less than that vary both, in even light
LIGHT = 160  # longer side, in pixels, of the coarse picture in which uneven light is measured
INK_ENDS = 100  # of 255: twice a difference that no light makes over the widest stroke
WIDEST = 0.3  # of the longer side: no stroke is so wide, but a shadow is

FRAME_DEPTH = 0.12  # of the picture's side: no deeper lie the sides of a frame
FRAME_LENGTH = 0.75  # of the picture's side: so long they are, at least
FRAME_SAMPLES = 64  # places along a row that are looked at, about
BOLD = 0.6  # of the strongest: a frame may be so strong, and lines of ruled paper are not

FAINTEST = 24  # of 255: what stands out less from the sheet, all over the picture, is no ink
FAINT_SHARE = 0.12  # of the strongest ink: what is fainter is a stroke's soft edge, or JPEG noise
NOISE_OF_QUARTILE = 5  # times the quarter of a sheet's noise that is weakest is nearly all of it
SURE_SHARE = 0.5  # of the strongest ink: each piece of a digit is so strong somewhere

RULED = 0.5  # of a row, or a column: a line of ruled paper inks more of it
COARSE = 256  # longer side, in pixels, of the coarse picture in which pieces are told apart
SPECK = 0.2  # of the longest piece's length: what is shorter is the digit's only if near to it
LEAST = 0.04  # of the length of an edge of the sheet: what is shorter, beside it, is no digit


def clean(rgba: Pixels) -> Pixels:
    """Make the 28x28 picture of one drawing.

    rgba     uint8 (H, W, 4)   any size, colours and polarity, transparent or not
    returns  uint8 (28, 28)    0 is the sheet and 255 full ink; all 0 if the sheet is blank
    """
    return fit(contrast(rgba))


def clean_batch(pictures: Pixels) -> Pixels:
    """Make the 28x28 pictures of many, all 28x28 with light ink on black, as MNIST's are.

    pictures  uint8 (N, 28, 28)
    returns   uint8 (N, 28, 28), as `clean` makes of each
    """
    return np.stack([fit(picture) for picture in pictures]) if len(pictures) else pictures


def contrast(rgba: Pixels) -> Pixels:
    """Tell ink from sheet: how far each pixel is from the sheet's colour.

    The sheet is what most of the picture's border is, in even light or uneven. A transparent one
    is taken for white, or for black if on white nothing would be seen. If there is a frame round
    the sheet, or a table, only what is inside counts.

    rgba     uint8 (H, W, 4)
    returns  uint8 (H, W), 0 is the sheet's colour; smaller if there is a frame, or if a side is
             very long
    """
    step = math.ceil(max(rgba.shape) / LONGEST)
    rgba = rgba[::step, ::step]
    laid = _lay_on(255, rgba)
    inside = _inside_of_frame(laid)
    if inside:
        strength = _distance_from_sheet(laid[inside])
        if strength.max() >= FAINTEST:
            return strength
    strength = _distance_from_sheet(laid)
    if strength.max() >= FAINTEST or rgba[..., 3].min() == 255:
        return strength
    return _distance_from_sheet(_lay_on(0, rgba))


def fit(strength: Pixels) -> Pixels:
    """Crop to the ink, bring the pen to MNIST's, scale and centre.

    strength  uint8 (H, W), how much each pixel stands out from the sheet
    returns   uint8 (28, 28), 255 the strongest ink; all 0 if nothing stands out
    """
    picture = np.zeros((SIDE, SIDE), np.uint8)
    peak = int(strength.max())
    if peak < FAINTEST:
        return picture
    faint = 0
    # In a picture of MNIST's size the soft edges are a good part of the digit, and they count.
    if max(strength.shape) > SIDE:
        faint = _faint(strength, peak)
        strength = _digit_alone(_without_ruling(strength, faint, peak), faint, peak)
    digit = _resized(_with_mnists_pen(_cropped(strength, faint)), BOX)

    height, width = digit.shape
    mass = float(digit.sum())
    top = round(MIDDLE - float(digit.sum(axis=1) @ np.arange(height)) / mass)
    left = round(MIDDLE - float(digit.sum(axis=0) @ np.arange(width)) / mass)
    top, left = np.clip(top, 0, SIDE - height), np.clip(left, 0, SIDE - width)
    picture[top : top + height, left : left + width] = np.rint(255 * digit)
    return picture


def _faint(strength: Pixels, peak: int) -> int:
    """Choose the strength up to which a pixel is a soft edge, or noise."""
    step = _step(strength)
    noise = NOISE_OF_QUARTILE * float(np.percentile(strength[::step, ::step], 25))
    return int(min(max(FAINT_SHARE * peak, noise), SURE_SHARE * peak))


def _without_ruling(strength: Pixels, faint: int, peak: int) -> Pixels:
    """Take away pale lines across the whole sheet; stronger ink on them stays."""
    step = _step(strength)
    rows = np.flatnonzero((strength[:, ::step] > faint).mean(axis=1) > RULED)
    columns = np.flatnonzero((strength[::step] > faint).mean(axis=0) > RULED)
    if len(rows) + len(columns) == 0:
        return strength
    strength = strength.copy()
    for sheet, lines in ((strength, rows), (strength.T, columns)):
        for line in lines:
            level = float(np.median(sheet[line]))
            if level < BOLD * peak:
                sheet[line][sheet[line] < 1.5 * level] = 0
    return strength


def _digit_alone(strength: Pixels, faint: int, peak: int) -> Pixels:
    """Take away the pieces that are no part of the digit: specks, noise, edges of the sheet."""
    step = _step(strength)
    coarse = _largest_of_blocks(strength, step)
    pieces, count = ndimage.label(coarse > faint, np.ones((3, 3)))
    if count == 1:
        return strength
    sure = np.unique(pieces[coarse > SURE_SHARE * peak])
    kept = _near_or_long(pieces, sure[sure > 0])
    shown = kept.repeat(step, axis=0).repeat(step, axis=1)
    return strength * shown[: strength.shape[0], : strength.shape[1]]


def _near_or_long(pieces: NDArray[np.int32], numbers: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Tell the digit's pieces: the long ones, and those no farther from them than they are long.

    pieces   int (H, W), the number of the piece that each pixel is of, or 0
    numbers  (N,), of the pieces that may be the digit's
    returns  bool (H, W)
    """
    found = ndimage.find_objects(pieces)
    boxes = [found[number - 1] for number in numbers]
    lengths = np.array([max(part.stop - part.start for part in box) for box in boxes])
    is_edge = np.array([_is_edge(box, pieces.shape) for box in boxes])
    if lengths[~is_edge].max(initial=0) > LEAST * lengths.max():
        numbers, lengths = numbers[~is_edge], lengths[~is_edge]
    lengths = lengths - 1  # a speck takes two pixels of a coarse picture, if it lies between them
    is_long = lengths >= SPECK * lengths.max()
    kept = np.isin(pieces, numbers[is_long])
    gaps = ndimage.minimum(ndimage.distance_transform_edt(~kept), pieces, numbers)
    return np.isin(pieces, numbers[is_long | (gaps <= lengths)])


def _is_edge(box: tuple[slice, slice], shape: tuple[int, int]) -> bool:
    """Whether a piece runs along the border of the picture, as the edge of a sheet does.

    box    rows and columns of the piece
    shape  of the picture
    """
    for along, across in ((0, 1), (1, 0)):
        length = box[along].stop - box[along].start
        depth = min(box[across].stop, shape[across] - box[across].start)
        if length >= FRAME_LENGTH * shape[along] and depth <= FRAME_DEPTH * shape[across]:
            return True
    return False


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


def _cropped(ink: Array | Pixels, faint: float) -> Array:
    """Cut to the rows and columns with ink that is not faint, and make what is faint zero."""
    rows = np.flatnonzero((ink > faint).any(axis=1))
    columns = np.flatnonzero((ink > faint).any(axis=0))
    cut: Array = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)
    cut[cut <= faint] = 0
    return cut


def _resized(ink: Array, longer_side: int) -> Array:
    """Scale the ink, antialiased, until its longer side has so many pixels, and its peak is 1."""
    scale = longer_side / max(ink.shape)
    height, width = (max(1, round(scale * side)) for side in ink.shape)
    ink = _resampling(ink.shape[0], height) @ ink @ _resampling(ink.shape[1], width).T
    return ink / float(ink.max())


def _with_mnists_pen(digit: Array) -> Array:
    """Thicken or thin the strokes, if they are finer or fatter than nearly all of MNIST's.

    digit    float32 (H, W), cropped
    returns  the digit itself, or redrawn at the working size, ink in [0, 1]
    """
    # A digit smaller than that is measured as it is: to enlarge it would blur its edges.
    measured = _resized(digit, WORKING) if max(digit.shape) > WORKING else digit / digit.max()
    stroke_in_box = _stroke(measured) * BOX / max(measured.shape)
    if FINEST <= stroke_in_box <= FATTEST:
        return digit
    wanted = FINE if stroke_in_box < FINEST else FAT
    # By `growth` on each side the stroke grows, and so does the digit, which is scaled then:
    # (stroke + 2 growth) / (WORKING + 2 growth) = wanted / BOX.
    stroke = stroke_in_box * WORKING / BOX
    growth = (wanted * WORKING - stroke * BOX) / (2 * (BOX - wanted))
    depth = _depth(_resized(digit, WORKING))
    growth = max(growth, -MOST_THINNED * min(stroke, 2 * float(depth.max())))
    return _cropped(np.clip(depth + growth + 0.5, 0, 1), faint=0)


def _stroke(ink: Array) -> float:
    """Measure the mean width of the strokes, in pixels, by their area and the length of their edge.

    A stroke of width w and length l has the area w l and an edge of 2 (w + l): two equations for
    w. The edge of a picture in greys is its total variation, here by differences along both
    diagonals.

    ink      float32 (H, W), peak 1
    """
    ink = np.pad(ink, 1)
    falling = ink[1:, 1:] - ink[:-1, :-1]
    rising = ink[1:, :-1] - ink[:-1, 1:]
    area = float(ink.sum())
    half_edge = float(np.sqrt((falling * falling + rising * rising) / 2).sum()) / 2
    # What is rounder than any stroke, such as a dot, is taken for a square.
    return (half_edge - math.sqrt(max(half_edge**2 - 4 * area, 0))) / 2


def _depth(ink: Array) -> Array:
    """Measure how deep each pixel lies in the ink; negative outside, how far it is from ink.

    ink      float32 (H, W), peak 1
    returns  float64 (H + 2 MARGIN, W + 2 MARGIN), pixels
    """
    inked = np.pad(ink, MARGIN) > HALF_INK
    inside: Array = ndimage.distance_transform_edt(inked)
    outside: Array = ndimage.distance_transform_edt(~inked)
    return np.where(inked, inside - 0.5, 0.5 - outside)


def _lay_on(grey: int, rgba: Pixels) -> Pixels:
    """Lay the picture on a grey sheet, so that nothing is transparent any more."""
    if rgba[..., 3].min() == 255:
        return rgba[..., :3]
    alpha = rgba[..., 3:].astype(np.uint16)
    laid = rgba[..., :3] * alpha + grey * (255 - alpha)
    return ((laid + 127) // 255).astype(np.uint8)


def _inside_of_frame(rgb: Pixels) -> tuple[slice, slice] | None:
    """Find what is inside a line round the sheet, or the sheet itself on a table.

    returns  its rows and columns, or None if there is no frame
    """
    if max(rgb.shape) <= SIDE:
        return None
    rows = _between_edges(rgb)
    columns = _between_edges(rgb.swapaxes(0, 1)) if rows else None
    return (rows, columns) if rows and columns else None


def _between_edges(rgb: Pixels) -> slice | None:
    """Find the rows between two straight edges across the picture, near its top and its bottom."""
    size, depth = len(rgb), FRAME_DEPTH * len(rgb)
    reach = 1 + size // 100  # rows, over which an edge may be soft
    sample = rgb[:, :: 1 + rgb.shape[1] // FRAME_SAMPLES].astype(np.int16)
    steps = np.abs(sample[reach:] - sample[:-reach])
    step = np.maximum(np.maximum(steps[..., 0], steps[..., 1]), steps[..., 2])
    for least in (BOLD * step.max(initial=0), FAINTEST):
        edges = np.flatnonzero((step > least).mean(axis=1) >= FRAME_LENGTH)
        above, below = edges[edges < depth], edges[edges >= len(step) - depth]
        # Edges between them are the lines of ruled paper.
        if len(above) and len(below) and len(above) + len(below) == len(edges):
            return slice(int(above[-1]) + 1 + reach, int(below[0]))
    return None


def _distance_from_sheet(rgb: Pixels) -> Pixels:
    """The largest difference in any of the three colours, so that yellow on white counts too."""
    distance = np.zeros(rgb.shape[:2], np.uint8)
    for colour in range(3):  # one by one, which is faster than all at once
        channel = rgb[..., colour]
        sheet = _sheet(channel)
        # Written so because unsigned numbers wrap round below zero.
        difference: Pixels = np.maximum(channel, sheet) - np.minimum(channel, sheet)
        if sheet.ndim:  # where there is less light, the same ink differs less
            most = np.maximum(sheet, 255 - sheet)
            difference = (difference * (np.float32(255) / most)).astype(np.uint8)
        np.maximum(distance, difference, out=distance)
    return distance


def _sheet(channel: Pixels) -> Pixels:
    """Estimate how bright the sheet is, also under the ink.

    channel  uint8 (H, W), one colour
    returns  uint8 (): what most of the picture's border is; or (H, W) if most of it is of no one
             brightness, as where light falls on paper from one side
    """
    # Clockwise, once round the picture.
    border = np.concatenate([channel[0], channel[1:, -1], channel[-1, -2::-1], channel[-2::-1, 0]])
    # The grain of paper is no light.
    border = ndimage.median_filter(border, max(1, len(border) // GRAINS), mode="wrap")
    middle = np.median(border)
    if (np.abs(border - middle) <= UNEVEN).mean() >= 0.75:
        return middle.astype(np.uint8)
    sheet = _sheet_between_strokes(border)
    if sheet is None and max(channel.shape) > SIDE:
        return _unevenly_lit_sheet(channel)
    return middle.astype(np.uint8) if sheet is None else sheet


def _sheet_between_strokes(border: Pixels) -> Pixels | None:
    """Estimate how bright the sheet is if a closely cropped digit ends at the border.

    border   uint8 (N,), once round the picture
    returns  uint8 (), or None if there are not two even levels, ink and sheet, in turns
    """
    bright = border > (int(border.max()) + int(border.min())) / 2
    light, dark = np.median(border[bright]), np.median(border[~bright])
    even = np.abs(border - np.where(bright, light, dark)) <= FLAT * (light - dark)
    # A shadow begins and ends once.
    changes = np.count_nonzero(bright != np.roll(bright, 1))
    if changes <= 2 or even.mean() < 0.75:
        return None
    return np.asarray(light if bright.mean() > 0.5 else dark).astype(np.uint8)


def _unevenly_lit_sheet(channel: Pixels) -> Pixels:
    """Paint over all strokes with what is beside them, in a coarse picture.

    channel  uint8 (H, W), one colour
    returns  uint8 (H, W)
    source   Serra 1982, Image Analysis and Mathematical Morphology: closing and opening
    """
    height, width = channel.shape
    scale = min(1, LIGHT / max(height, width))
    rows, columns = (math.ceil(scale * side) for side in (height, width))
    coarse = _resampling(height, rows) @ channel.astype(np.float32) @ _resampling(width, columns).T
    reach = math.ceil(WIDEST * max(rows, columns))
    smooth = ndimage.gaussian_filter(coarse, 1)
    mirrored = np.pad(smooth, reach, "reflect")
    continued = np.pad(smooth, reach, "reflect", reflect_type="odd")
    # Beyond the border the light goes on as it went, but ink ends there.
    framed = np.where(np.abs(continued - mirrored) > INK_ENDS, mirrored, continued)
    inner = slice(reach, -reach)
    without_dark: Array = ndimage.grey_closing(framed, (reach, reach))[inner, inner]
    without_light: Array = ndimage.grey_opening(framed, (reach, reach))[inner, inner]
    # The wrong one of the two has a blob in place of the digit.
    sheet = min(without_dark, without_light, key=_roughness)
    bright = _resampling(rows, height) @ sheet @ _resampling(columns, width).T
    return np.rint(np.clip(bright, 0, 255)).astype(np.uint8)


def _roughness(picture: Array) -> float:
    """How much the slope changes, all together: little where light falls off."""
    return sum(float(np.abs(np.diff(picture, 2, axis)).sum()) for axis in (0, 1))


def _resampling(size: int, new_size: int) -> Array:
    """Make the matrix that resamples a line of `size` pixels to `new_size`, antialiased.

    Each new pixel is the mean over the area that it covers; where the line grows, it is
    interpolated between the two nearest. Of the same size, it is the identity.

    returns  float32 (new_size, size), rows of sum 1
    """
    scale = size / new_size
    centres = (np.arange(new_size) + 0.5) * scale
    distances = np.abs(centres[:, None] - (np.arange(size) + 0.5))
    weights: Array = np.clip((max(scale, 1) + 1) / 2 - distances, 0, 1)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
