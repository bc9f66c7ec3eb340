"""Segment ink from its background: how far each pixel is from the color of the paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import cv2
import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.preprocessing.lighting import estimate_uneven_background, normalize_illumination

STRIP_PIXELS = 2**18  # that are split at once, so that they stay in the processor's cache
MIN_CONTRAST = 24  # of 255; an image in which no pixel differs more from its background is blank


@dataclass(frozen=True)
class BackgroundSettings:
    """Tuning constants that classify the border: even, crossed by a cropped digit, or uneven."""

    windows: int = 64  # number of median-filter windows along the border
    even_deviation: int = 6  # of 255; an evenly lit border deviates less from its median ...
    uneven_share: float = 0.25  # ... except for at most this share of it
    dark_corner_share: float = 0.04  # of the border; less is not even a corner in the dark
    flat_tolerance: float = 0.12  # of the contrast of ink and paper; how much either may vary
    min_steady: float = 0.5  # of a border that ink crosses; the least outside of soft edges
    min_flat: float = 0.75  # of that part; the least within the tolerance


BACKGROUND = BackgroundSettings()


def split_colors(rgba: Pixels) -> tuple[Sequence[Pixels], Pixels | None]:
    """Split an image into its colors and its transparency.

    rgba     uint8 (H, W, 4)
    returns  uint8 (H, W) for red, green and blue, or a single one if the image is gray; and alpha,
             or None if the image is opaque
    """
    height, width = rgba.shape[:2]
    rows = min(height, max(1, STRIP_PIXELS // width))
    gray, buffers = np.empty((height, width), np.uint8), np.empty((3, rows, width), np.uint8)
    for top in range(0, height, rows):
        red = gray[top : top + rows]
        green, blue, alpha = buffers[:, : len(red)]
        # Without arrays for its results, OpenCV would copy them.
        cv2.split(rgba[top : top + rows], [red, green, blue, alpha])
        is_gray = not (cv2.norm(red, green, cv2.NORM_INF) or cv2.norm(red, blue, cv2.NORM_INF))
        if not is_gray or cv2.minMaxLoc(alpha)[0] < 255:
            break
    else:
        return (gray,), None
    red, green, blue, alpha = (np.empty((height, width), np.uint8) for _ in range(4))
    cv2.split(rgba, [red, green, blue, alpha])
    return (red, green, blue), None if cv2.minMaxLoc(alpha)[0] == 255 else alpha


def composite(channel: Pixels, alpha: Pixels, *, white: bool) -> Pixels:
    """Composite one color of an image onto a white or black background.

    channel  uint8 (H, W)
    alpha    uint8 (H, W)
    returns  uint8 (H, W)
    """
    if white:
        return cv2.bitwise_not(cv2.multiply(cv2.bitwise_not(channel), alpha, scale=1 / 255))
    return cv2.multiply(channel, alpha, scale=1 / 255)


def difference_from_background(
    channels: Sequence[Pixels], uneven_share: float = BACKGROUND.uneven_share
) -> tuple[Pixels, bool]:
    """Take the largest difference from the background over the colors: even yellow shows on white.

    channels      uint8 (H, W), one for each color
    uneven_share  of the border; if more of it deviates, illumination may be uneven
    returns       uint8 (H, W), corrected for uneven illumination; and whether illumination is even
    """
    backgrounds = _estimate_backgrounds(channels, uneven_share)
    difference: Pixels = reduce(cv2.max, map(_difference, channels, backgrounds))
    if backgrounds[0].ndim == 0:
        return difference, True
    return normalize_illumination(difference, backgrounds), False


def _difference(channel: Pixels, background: Pixels) -> Pixels:
    """Return |channel - background|, which would wrap around below zero in NumPy."""
    # A number in place of an array would be an error for an image of 4x1 pixels.
    return cv2.absdiff(channel, np.full_like(channel, background))


def _estimate_backgrounds(channels: Sequence[Pixels], uneven_share: float) -> list[Pixels]:
    """Estimate how bright the background is in each color.

    channels  uint8 (H, W), one for each color
    returns   for each, uint8 (): the level of most of the border, or of most corners if the digit
              is cropped; or uint8 (H, W) under uneven illumination
    """
    borders = [border_of(channel) for channel in channels]
    if all(border.min() == border.max() for border in borders):
        return [np.asarray(border[0]) for border in borders]
    borders = [_smooth(border) for border in borders]
    medians = [_median(border) for border in borders]
    deviates = [
        np.abs(border - median) > BACKGROUND.even_deviation
        for border, median in zip(borders, medians, strict=True)
    ]
    uneven = [color for color, where in enumerate(deviates) if where.mean() > uneven_share]
    if not uneven:
        return [np.asarray(median, np.uint8) for median in medians]
    # Both illumination and ink change all colors at once. The one that changes most decides.
    clearest = max(uneven, key=lambda color: int(np.ptp(borders[color])))
    border, channel = borders[clearest], channels[clearest]
    threshold = (int(border.max()) + int(border.min())) / 2
    bright = border > threshold
    levels = np.where(bright, _median(border[bright]), _median(border[~bright]))
    # Images of MNIST's size are assumed to be evenly lit.
    if max(channel.shape) > IMAGE_SIDE and not _is_cropped_digit(border, levels):
        return [estimate_uneven_background(channel) for channel in channels]
    # A broad pen may cover more of the border than it leaves, but digits are round: most corners
    # are background. With two bright and two dark corners, most of the border is.
    bright_corners = np.count_nonzero(channel[[0, 0, -1, -1], [0, -1, 0, -1]] > threshold)
    is_light = bright.mean() > 0.5 if bright_corners == 2 else bright_corners > 2
    return [np.asarray(_median(border[bright == is_light]), np.uint8) for border in borders]


def border_of(channel: Pixels) -> Pixels:
    """Follow the border once around, clockwise.

    channel  uint8 (H, W)
    returns  uint8 (N,)
    """
    return np.concatenate([channel[0], channel[1:, -1], channel[-1, -2::-1], channel[-2::-1, 0]])


def _smooth(border: Pixels) -> Pixels:
    """Remove the grain of the paper from a border by a median filter.

    border   uint8 (N,)
    returns  uint8 (N,)
    """
    window = len(border) // BACKGROUND.windows
    if window <= 1:
        return border
    # OpenCV's windows are odd. The larger median of two such windows is that of an even one.
    odd = 2 * ((window - 1) // 2) + 1
    medians = _wrapped(border, window)
    if odd > 1:
        medians = cv2.medianBlur(medians, odd)
    smooth = medians[0, window:-window]
    return smooth if window == odd else np.maximum(smooth, medians[0, window - 1 : -window - 1])


def _wrapped(border: Pixels, reach: int) -> Pixels:
    """Continue a border on both sides, uint8 (1, N + 2 reach)."""
    return cv2.copyMakeBorder(border[None], 0, 0, reach, reach, cv2.BORDER_WRAP)


def _median(levels: Pixels) -> float:
    """Return the median; np.median would take ten times as long."""
    ordered, middle = np.sort(levels), len(levels) // 2
    return (int(ordered[middle]) + int(ordered[-1 - middle])) / 2


def _is_cropped_digit(border: Pixels, levels: Array) -> bool:
    """Return whether a border alternates between two flat levels, ink and paper.

    border  uint8 (N,), once around the image
    levels  float64 (N,), which of the two levels each pixel is nearer to
    """
    flat = BACKGROUND.flat_tolerance * np.ptp(levels)
    is_flat = np.abs(border - levels) <= flat
    # The soft edge of a stroke is neither ink nor paper. Illumination changes more slowly.
    reach = 3 + len(border) // BACKGROUND.windows
    window, around = np.ones((1, reach), np.uint8), _wrapped(border, reach)
    spread = cv2.subtract(cv2.dilate(around, window), cv2.erode(around, window))
    steady = spread[0, reach:-reach] <= flat
    changes = np.count_nonzero(levels != np.roll(levels, 1))
    return bool(
        changes > 2  # a shadow begins and ends once
        and steady.mean() >= BACKGROUND.min_steady
        and is_flat[steady].mean() >= BACKGROUND.min_flat
    )
