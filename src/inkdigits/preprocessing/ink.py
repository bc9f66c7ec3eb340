"""Any drawing -> the 28x28 picture that MNIST would have made of it.

MNIST's own pictures were made so: the digit is scaled, antialiased, until its longer side is
20 pixels, and laid into 28x28 with its center of mass in the middle. What MNIST's people wrote
with was much alike; a drawing's pen may be a hair or a brush, and is brought to theirs first.
MNIST's own pictures pass through here (almost) unchanged.
"""

import math

import numpy as np
from scipy import ndimage

from inkdigits.arrays import Array, Pixels
from inkdigits.preprocessing.background import FAINTEST, extract_ink, isolate_digit, resampling

SIDE = 28  # of the picture, in pixels
BOX = 20  # longer side of the digit in it
MIDDLE = 14  # row and column of MNIST's center of mass, where the first is number 0

WORKING = 80  # longer side of a large digit while its strokes are measured or redrawn, in pixels
MARGIN = 8  # around it, which the thickest growth needs
HALF_INK = 0.4  # of the peak: from here on a pixel counts as inked
FINEST, FATTEST = 1.65, 5.0  # px of the box; the strokes of 97% of MNIST's digits lie between
FINE, FAT = 2.4, 4.2  # what finer and fatter ones are brought to: MNIST's mean is 2.7
MOST_THINNED = 0.2  # of the stroke, on each side: or uneven strokes would break, or all be gone


def from_image(rgba: Pixels) -> Pixels:
    """Make the 28x28 picture of one drawing.

    rgba     uint8 (H, W, 4)   any size, colors and polarity, transparent or not
    returns  uint8 (28, 28)    0 is the sheet and 255 full ink; all 0 if the sheet is blank
    """
    return from_ink(extract_ink(rgba))


def from_mnist(pictures: Pixels) -> Pixels:
    """Make the 28x28 pictures of many, all 28x28 with light ink on black, as MNIST's are.

    pictures  uint8 (N, 28, 28)
    returns   uint8 (N, 28, 28), as `from_image` makes of each
    """
    return np.stack([from_ink(picture) for picture in pictures]) if len(pictures) else pictures


def from_ink(strength: Pixels) -> Pixels:
    """Crop to the ink, bring the pen to MNIST's, scale and center.

    strength  uint8 (H, W), how much each pixel stands out from the sheet
    returns   uint8 (28, 28), 255 the strongest ink; all 0 if nothing stands out
    """
    picture = np.zeros((SIDE, SIDE), np.uint8)
    if strength.max() < FAINTEST:
        return picture
    # In a picture of MNIST's size the soft edges are a good part of the digit, and they count.
    if max(strength.shape) > SIDE:
        strength = isolate_digit(strength)
    digit = _resized(_with_mnists_pen(_cropped(strength)), BOX)

    height, width = digit.shape
    mass = float(digit.sum())
    top = round(MIDDLE - float(digit.sum(axis=1) @ np.arange(height)) / mass)
    left = round(MIDDLE - float(digit.sum(axis=0) @ np.arange(width)) / mass)
    top, left = np.clip(top, 0, SIDE - height), np.clip(left, 0, SIDE - width)
    picture[top : top + height, left : left + width] = np.rint(255 * digit)
    return picture


def _cropped(ink: Array | Pixels) -> Array:
    """Cut to the rows and columns with ink."""
    rows = np.flatnonzero(ink.any(axis=1))
    columns = np.flatnonzero(ink.any(axis=0))
    return ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1].astype(np.float32)


def _resized(ink: Array, longer_side: int) -> Array:
    """Scale the ink, antialiased, until its longer side has so many pixels, and its peak is 1."""
    scale = longer_side / max(ink.shape)
    height, width = (max(1, round(scale * side)) for side in ink.shape)
    ink = resampling(ink.shape[0], height) @ ink @ resampling(ink.shape[1], width).T
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
    # From the middle of one pixel to that of another: the edge between them is half a pixel
    # nearer, and a pixel is half covered where the new edge goes through its middle.
    inked = np.pad(_resized(digit, WORKING), MARGIN) > HALF_INK
    if growth > 0:
        distance: Array = ndimage.distance_transform_edt(~inked)  # from the ink
        return _cropped(np.clip(growth + 1 - distance, 0, 1))
    depth: Array = ndimage.distance_transform_edt(inked)  # in the ink
    growth = max(growth, -MOST_THINNED * min(stroke, 2 * float(depth.max()) - 1))
    return _cropped(np.clip(depth + growth, 0, 1))


def _stroke(ink: Array) -> float:
    """Measure the mean width of the strokes, in pixels, by their area and the length of their edge.

    A stroke of width w and length l has the area w l and an edge of 2 (w + l): two equations for
    w. The edge of a picture in grays is its total variation, here by differences along both
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
