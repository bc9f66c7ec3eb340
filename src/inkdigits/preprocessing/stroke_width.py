"""Normalize the stroke width of a digit, drawn with any pen, to that of MNIST's."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.preprocessing.filters import distance_to_outside
from inkdigits.preprocessing.resample import bounding_box, fit


@dataclass(frozen=True)
class StrokeWidthSettings:
    """Tuning constants. Widths are in pixels of the final picture; MNIST's mean is 2.7."""

    min_width: float = 1.65  # finer strokes are thickened; 97% of MNIST's digits lie between
    max_width: float = 5.0  # broader strokes are thinned
    thickened_width: float = 2.4  # the width of finer strokes afterwards
    thinned_width: float = 4.2  # the width of broader strokes afterwards
    max_thinning: float = 0.2  # of the stroke, on each side; more would break uneven strokes
    working_px: int = 80  # longer side of the digit while its strokes are measured and changed
    margin_px: int = 8  # around the digit; room for the strongest thickening
    # Of the peak; a pixel with more ink is part of a stroke. Scaled aliased ink is often exactly
    # 0.4 of the peak: with a bit more, rounding errors do not decide.
    inked: float = 0.40001


STROKE_WIDTH = StrokeWidthSettings()


def normalize_stroke_width(digit: Pixels, box: int) -> Array | Pixels:
    """Thicken or thin the strokes if they are finer or broader than nearly all of MNIST's.

    digit    uint8 (H, W), cropped to its ink
    box      longer side of the digit in the final picture, in pixels
    returns  the digit itself, or one with other strokes, float32 (h, w), ink in [0, 1]
    """
    working = STROKE_WIDTH.working_px
    # A smaller digit is measured at its own size: enlarging it would blur its edges.
    measured = fit(digit, min(working, max(digit.shape)))
    width = stroke_width(measured) * box / max(measured.shape)
    if STROKE_WIDTH.min_width <= width <= STROKE_WIDTH.max_width:
        return digit
    is_fine = width < STROKE_WIDTH.min_width
    target = STROKE_WIDTH.thickened_width if is_fine else STROKE_WIDTH.thinned_width
    # Growing by `growth` on each side enlarges both the stroke and the digit, which is scaled to
    # the box afterwards: (stroke + 2 growth) / (working + 2 growth) = target / box.
    stroke = width * working / box
    growth = (target * working - stroke * box) / (2 * (box - target))
    # Distances are measured between the centers of pixels. The edge is half a pixel nearer, and
    # a pixel is half covered if the new edge passes through its center.
    enlarged = fit(digit, working) if max(measured.shape) < working else measured
    mask = _with_margin(enlarged, STROKE_WIDTH.margin_px) > STROKE_WIDTH.inked
    if growth > 0:
        grown = growth + 1 - distance_to_outside(~mask)  # from the ink
    else:
        depth = distance_to_outside(mask)  # in the ink
        narrowest = min(stroke, 2 * float(depth.max()) - 1)
        grown = depth + max(growth, -STROKE_WIDTH.max_thinning * narrowest)
    return np.clip(grown, 0, 1)[bounding_box((grown > 0).view(np.uint8))]


def stroke_width(ink: Array) -> float:
    """Measure the mean width of the strokes by their area and perimeter.

    A stroke of width w and length l has the area w l and the perimeter 2 (w + l): two equations
    for w. The perimeter of a gray image is its total variation, here by differences along both
    diagonals.

    ink      float32 (H, W), peak 1
    returns  pixels
    """
    ink = _with_margin(ink, 1)
    falling = ink[1:, 1:] - ink[:-1, :-1]
    rising = ink[1:, :-1] - ink[:-1, 1:]
    area = float(ink.sum())
    half_perimeter = float(cv2.magnitude(falling, rising).sum()) / math.sqrt(8)
    # A shape rounder than any stroke, such as a dot, is measured as a square.
    return (half_perimeter - math.sqrt(max(half_perimeter**2 - 4 * area, 0))) / 2


def _with_margin(image: Array, margin: int) -> Array:
    """Add a margin of zeros on all sides."""
    return cv2.copyMakeBorder(image, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
