"""Turn a drawing, photo or scan of a digit into the 28x28 picture that MNIST would have made of it.

MNIST scaled each digit, antialiased, until its longer side was 20 pixels, and placed its center of
mass in the middle of 28x28 pixels. Its writers used similar pens; here the pen may be a hairline
or a brush, so the stroke width is normalized first. MNIST's own images pass through (almost)
unchanged.
"""

import math
from itertools import islice

import cv2
import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.preprocessing.alternatives import plausible_digits
from inkdigits.preprocessing.background import MIN_CONTRAST
from inkdigits.preprocessing.clutter import isolate_digit
from inkdigits.preprocessing.resample import bounding_box, fit
from inkdigits.preprocessing.segmentation import extract_ink, segmentations
from inkdigits.preprocessing.series import first_pieces
from inkdigits.preprocessing.stages import Stage, last_pictures
from inkdigits.preprocessing.stroke_width import normalize_stroke_width

MAX_CANDIDATES = 3
BOX = 20  # longer side of MNIST's digits, in pixels
CENTER = 14  # row and column of their center of mass, counted from 0
# For rounding: a bit less than a half, so that rounding errors do not decide on symmetric digits.
HALF = 0.49999


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
    return last_pictures(stages(rgba))


def stages(rgba: Pixels) -> list[list[Stage]]:
    """Make the pictures of each step, for each plausible way to understand an image.

    rgba     uint8 (H, W, 4)
    returns  for each of what `candidates` returns: the ink, the digit alone, with normal strokes,
             scaled, and centered, which is the candidate
    """
    first, *others = islice(segmentations(rgba), MAX_CANDIDATES)
    digits = [(first, digit) for digit in _plausible_digits(first)]
    # Of each further segmentation only the digit with the least around it. It comes before the
    # alternatives within the first segmentation.
    found = [(ink, _plausible_digits(ink)) for ink in others]
    digits[1:1] = [(ink, min(each, key=np.count_nonzero)) for ink, each in found if each]
    return [_stages(*pair) for pair in digits[:MAX_CANDIDATES]] or [_blank(first)]


def candidates_from_ink(ink: Pixels) -> Pixels:
    """Isolate and normalize the digit in each plausible way.

    ink      uint8 (H, W), 0 is background
    returns  uint8 (K, 28, 28), the likeliest first
    """
    return last_pictures(stages_from_ink(ink))


def stages_from_ink(ink: Pixels) -> list[list[Stage]]:
    """Make the pictures of each step, for each plausible way to isolate the digit.

    ink      uint8 (H, W), 0 is background
    returns  as `stages`, for each of what `candidates_from_ink` returns
    """
    digits = _plausible_digits(ink)[:MAX_CANDIDATES]
    return [_stages(ink, digit) for digit in digits] or [_blank(ink)]


def _plausible_digits(ink: Pixels) -> list[Pixels]:
    """Crop to the digit in each plausible way; there is none if no ink is stronger than noise."""
    if ink.max() < MIN_CONTRAST:
        return []
    if max(ink.shape) <= IMAGE_SIDE:
        return [ink[bounding_box(ink)]]
    likeliest, *others = plausible_digits(ink)
    return [first_pieces(likeliest), *others]


def from_mnist(images: Pixels) -> Pixels:
    """Make the 28x28 pictures of many images like MNIST's: 28x28, light ink on black.

    images   uint8 (N, 28, 28)
    returns  uint8 (N, 28, 28), what `from_image` makes of each
    """
    return np.stack([from_ink(image) for image in images]) if len(images) else images


def from_ink(ink: Pixels) -> Pixels:
    """Isolate the digit, crop to it, normalize its stroke width, scale and center it.

    ink      uint8 (H, W), 0 is background
    returns  uint8 (28, 28), its strongest ink is 255; all 0 if no ink is stronger than noise
    """
    picture: Pixels = likeliest_stages(ink)[-1].picture
    return picture


def likeliest_stages(ink: Pixels) -> list[Stage]:
    """Make the pictures of each step of `from_ink`.

    ink      uint8 (H, W), 0 is background
    returns  as `stages`, for the picture that `from_ink` returns
    """
    if ink.max() < MIN_CONTRAST:
        return _blank(ink)
    # In an image of MNIST's size the faint, soft edges are a good part of the digit.
    is_small = max(ink.shape) <= IMAGE_SIDE
    return _stages(ink, ink[bounding_box(ink)] if is_small else isolate_digit(ink)[0])


def _blank(ink: Pixels) -> list[Stage]:
    """Return the only steps of an image without ink that is stronger than noise."""
    return [Stage("ink", ink), Stage("blank", np.zeros((IMAGE_SIDE, IMAGE_SIDE), np.uint8))]


def _stages(ink: Pixels, digit: Pixels) -> list[Stage]:
    """Normalize the stroke width of a digit, scale and center it."""
    strokes = normalize_stroke_width(digit, BOX)
    scaled = fit(strokes, BOX)
    return [
        Stage("ink", ink),
        Stage("digit", digit),
        Stage("strokes", strokes),
        Stage("scaled", scaled),
        Stage("centered", _center(scaled)),
    ]


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
