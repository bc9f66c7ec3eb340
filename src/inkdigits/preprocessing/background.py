"""Segment ink from its background: how far each pixel is from the color of the paper."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from inkdigits.arrays import Array, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.preprocessing.lighting import estimate_uneven_background, normalize_illumination

MIN_CONTRAST = 24  # of 255; an image in which no pixel differs more from its background is blank


@dataclass(frozen=True)
class BackgroundSettings:
    """Tuning constants that classify the border: even, crossed by a cropped digit, or uneven."""

    windows: int = 64  # number of median-filter windows along the border
    even_deviation: int = 6  # of 255; an evenly lit border deviates less from its median ...
    uneven_share: float = 0.25  # ... except for at most this share of it
    flat_tolerance: float = 0.12  # of the contrast of ink and paper; how much either may vary
    min_steady: float = 0.5  # of a border that ink crosses; the least outside of soft edges
    min_flat: float = 0.75  # of that part; the least within the tolerance


BACKGROUND = BackgroundSettings()


def composite(rgba: Pixels, gray: int) -> Pixels:
    """Composite an image onto a gray background.

    rgba     uint8 (H, W, 4)
    gray     from 0 (black) to 255 (white)
    returns  uint8 (H, W, 3)
    """
    if rgba[..., 3].min() == 255:
        return rgba[..., :3]
    alpha = rgba[..., 3].astype(np.uint16)
    below = gray * (255 - alpha)
    rgb = np.empty((*alpha.shape, 3), np.uint8)
    for color in range(3):
        mixed = rgba[..., color] * alpha + below
        # Divides by 255 and rounds: exact up to 255 * 255, and much faster than a division.
        mixed += 128
        mixed += mixed >> 8
        mixed >>= 8
        rgb[..., color] = mixed
    return rgb


def difference_from_background(rgb: Pixels) -> tuple[Pixels, bool]:
    """Take the largest difference from the background over the colors: even yellow shows on white.

    rgb      uint8 (H, W, 3)
    returns  uint8 (H, W), corrected for uneven illumination; and whether illumination is even
    """
    # One contiguous array for each color: faster than all at once.
    red, green, blue = (np.ascontiguousarray(rgb[..., color]) for color in range(3))
    is_gray = np.array_equal(red, green) and np.array_equal(green, blue)
    channels = (red,) if is_gray else (red, green, blue)
    backgrounds = _estimate_backgrounds(channels)
    difference = np.zeros_like(red)
    for channel, background in zip(channels, backgrounds, strict=True):
        # |channel - background| would wrap around below zero.
        off: Pixels = np.maximum(channel, background) - np.minimum(channel, background)
        np.maximum(difference, off, out=difference)
    if backgrounds[0].ndim == 0:
        return difference, True
    return normalize_illumination(difference, backgrounds), False


def _estimate_backgrounds(channels: Sequence[Pixels]) -> list[Pixels]:
    """Estimate how bright the background is in each color.

    channels  uint8 (H, W), one for each color
    returns   for each, uint8 (): the level of most of the border, or of most corners if the digit
              is cropped; or uint8 (H, W) under uneven illumination
    """
    borders = [_smooth_border(channel) for channel in channels]
    medians = [np.median(border) for border in borders]
    deviates = [
        np.abs(border - median) > BACKGROUND.even_deviation
        for border, median in zip(borders, medians, strict=True)
    ]
    uneven = [
        color for color, where in enumerate(deviates) if where.mean() > BACKGROUND.uneven_share
    ]
    if not uneven:
        return [np.asarray(median, np.uint8) for median in medians]
    # Both illumination and ink change all colors at once. The one that changes most decides.
    clearest = max(uneven, key=lambda color: int(np.ptp(borders[color])))
    border, channel = borders[clearest], channels[clearest]
    threshold = (int(border.max()) + int(border.min())) / 2
    bright = border > threshold
    levels = np.where(bright, np.median(border[bright]), np.median(border[~bright]))
    # Images of MNIST's size are assumed to be evenly lit.
    if max(channel.shape) > IMAGE_SIDE and not _is_cropped_digit(border, levels):
        return [estimate_uneven_background(channel) for channel in channels]
    # A broad pen may cover more of the border than it leaves, but digits are round: most corners
    # are background. With two bright and two dark corners, most of the border is.
    bright_corners = np.count_nonzero(channel[[0, 0, -1, -1], [0, -1, 0, -1]] > threshold)
    is_light = bright.mean() > 0.5 if bright_corners == 2 else bright_corners > 2
    return [np.asarray(np.median(border[bright == is_light]), np.uint8) for border in borders]


def _smooth_border(channel: Pixels) -> Pixels:
    """Follow the border once around, clockwise, without the grain of the paper.

    channel  uint8 (H, W)
    returns  uint8 (N,)
    """
    border = np.concatenate([channel[0], channel[1:, -1], channel[-1, -2::-1], channel[-2::-1, 0]])
    window = max(1, len(border) // BACKGROUND.windows)
    smooth: Pixels = ndimage.median_filter(border, window, mode="wrap")
    return smooth


def _is_cropped_digit(border: Pixels, levels: Array) -> bool:
    """Return whether a border alternates between two flat levels, ink and paper.

    border  uint8 (N,), once around the image
    levels  float64 (N,), which of the two levels each pixel is nearer to
    """
    flat = BACKGROUND.flat_tolerance * np.ptp(levels)
    is_flat = np.abs(border - levels) <= flat
    # The soft edge of a stroke is neither ink nor paper. Illumination changes more slowly.
    window = 3 + len(border) // BACKGROUND.windows
    maximum = ndimage.maximum_filter1d(border, window, mode="wrap")
    minimum = ndimage.minimum_filter1d(border, window, mode="wrap")
    steady = maximum - minimum <= flat
    changes = np.count_nonzero(levels != np.roll(levels, 1))
    return bool(
        changes > 2  # a shadow begins and ends once
        and steady.mean() >= BACKGROUND.min_steady
        and is_flat[steady].mean() >= BACKGROUND.min_flat
    )
