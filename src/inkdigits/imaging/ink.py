"""Any drawing -> the 28x28 picture that MNIST would have made of it.

MNIST's own pictures were made so: the digit is scaled, antialiased, until its longer side is
20 pixels, and laid into 28x28 with its centre of mass in the middle. What MNIST's people wrote
with was much alike; a drawing's pen may be a hair or a brush, and is brought to theirs first.
MNIST's own pictures pass through here (almost) unchanged.
"""

import math

import numpy as np
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
MOST_THINNED = 0.45  # of the stroke, on each side: or uneven strokes would break, or all be gone

UNEVEN = 6  # of 255: three quarters of an evenly lit border differ less from their median
LIGHT_ROUNDS = 4  # of fitting a surface to an unevenly lit border

FAINTEST = 24  # of 255: what stands out less from the sheet, all over the picture, is no ink
FAINT_SHARE = 0.12  # of the strongest ink: what is fainter is a stroke's soft edge, or JPEG noise


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
    is taken for white, or for black if on white nothing would be seen.

    rgba     uint8 (H, W, 4)
    returns  uint8 (H, W), 0 is the sheet's colour
    """
    on_white = _distance_from_sheet(_lay_on(255, rgba))
    if on_white.max() >= FAINTEST or rgba[..., 3].min() == 255:
        return on_white
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
    # In a picture of MNIST's size the soft edges are a good part of the digit, and they count.
    faint = int(FAINT_SHARE * peak) if max(strength.shape) > SIDE else 0
    digit = _resized(_with_mnists_pen(_cropped(strength, faint)), BOX)

    height, width = digit.shape
    mass = float(digit.sum())
    top = round(MIDDLE - float(digit.sum(axis=1) @ np.arange(height)) / mass)
    left = round(MIDDLE - float(digit.sum(axis=0) @ np.arange(width)) / mass)
    top, left = np.clip(top, 0, SIDE - height), np.clip(left, 0, SIDE - width)
    picture[top : top + height, left : left + width] = np.rint(255 * digit)
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
    alpha = rgba[..., 3:].astype(np.uint16)
    if alpha.min() == 255:
        return rgba[..., :3]
    laid = rgba[..., :3] * alpha + grey * (255 - alpha)
    return ((laid + 127) // 255).astype(np.uint8)


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
    """Estimate how bright the sheet is, also under the ink, from the border of the picture.

    channel  uint8 (H, W), one colour
    returns  uint8 (): what most of the border is; or (H, W) if most of it is of no one brightness,
             as where light falls on paper from one side: a surface of second degree through it
    """
    border = np.concatenate([channel[0], channel[-1], channel[:, 0], channel[:, -1]]).astype(float)
    deviation = np.abs(border - np.median(border))
    if np.percentile(deviation, 75) <= UNEVEN:
        return np.median(border).astype(np.uint8)
    height, width = channel.shape
    rows, columns = np.linspace(-1, 1, height), np.linspace(-1, 1, width)
    row = np.concatenate([[-1.0] * width, [1.0] * width, rows, rows])
    column = np.concatenate([columns, columns, [-1.0] * height, [1.0] * height])
    terms = np.stack([row**0, row, column, row**2, column**2, row * column], axis=1)
    for _ in range(LIGHT_ROUNDS):
        # What lies far off the others is ink on the border, and no part of the sheet.
        on_sheet = deviation <= max(4 * float(np.median(deviation)), UNEVEN)
        surface, *_ = np.linalg.lstsq(terms[on_sheet], border[on_sheet])
        deviation = np.abs(border - terms @ surface)
    constant, by_row, by_column, by_row_2, by_column_2, by_both = surface
    down = constant + by_row * rows + by_row_2 * rows**2
    across = by_column * columns + by_column_2 * columns**2
    bright = down[:, None] + across + by_both * np.outer(rows, columns)
    return np.rint(np.clip(bright, 0, 255)).astype(np.uint8)


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
