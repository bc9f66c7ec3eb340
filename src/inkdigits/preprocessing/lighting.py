"""Estimate the background of an image under uneven illumination: a vignette, a gradient, a shadow.

Illumination varies slowly and strokes are narrow, so on a coarse copy of the image a morphological
closing or opening removes the strokes and leaves the illuminated background.

source  Serra 1982, Image Analysis and Mathematical Morphology: closing and opening
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.preprocessing.filters import closing, gaussian_blur, opening
from inkdigits.preprocessing.resample import resize


@dataclass(frozen=True)
class LightingSettings:
    """Tuning constants of the background estimate."""

    coarse_px: int = 160  # longer side of the coarse image on which illumination is estimated
    samples: int = 4  # in each direction, for each pixel of the coarse image
    max_stroke_width: float = 0.3  # share of the longer side; wider dark areas are shadow
    max_shadow: float = 0.5  # share of the light beside it; what keeps less light is ink
    corner_weight: float = 0.5  # of the square of how many corners differ from the background
    ink_share: float = 0.5  # of the largest difference from the background; more is ink
    smoothing: float = 0.05  # share of the longer side, standard deviation of the final smoothing
    darkest: int = 24  # of 255; a darker background says little about its illumination


LIGHTING = LightingSettings()
PLUS = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))  # a pixel and the four beside it


def estimate_uneven_background(channel: Pixels) -> Pixels:
    """Estimate how bright the background is at each pixel, under the ink as well.

    channel  uint8 (H, W), one color
    returns  uint8 (H, W)
    """
    step = max(1, max(channel.shape) // (LIGHTING.samples * LIGHTING.coarse_px))
    sample = channel[::step, ::step]
    height, width = sample.shape
    scale = min(1, LIGHTING.coarse_px / max(height, width))
    coarse = resize(sample, (math.ceil(scale * height), math.ceil(scale * width)))
    background = resize(np.clip(_remove_strokes(coarse), 0, 255), (height, width))
    enlarged: Pixels = cv2.resize(
        cv2.convertScaleAbs(background),  # which rounds
        (width * step, height * step),
        interpolation=cv2.INTER_NEAREST_EXACT,
    )
    return enlarged[: channel.shape[0], : channel.shape[1]]


def normalize_illumination(difference: Pixels, backgrounds: Sequence[Pixels]) -> Pixels:
    """Scale differences from the background to what they would be in the brightest light.

    The same ink differs less from its background where there is less light.

    difference   uint8 (H, W)
    backgrounds  uint8 (H, W), one for each color
    returns      uint8 (H, W)
    """
    scaled = np.zeros(difference.shape, np.float32)  # at first, the illumination
    for background in backgrounds:
        cv2.accumulate(background, scaled)
    scaled /= len(backgrounds)
    np.maximum(scaled, LIGHTING.darkest, out=scaled)
    np.divide(scaled.max(), scaled, out=scaled)
    cv2.multiply(difference, scaled, scaled, dtype=cv2.CV_32F)
    np.minimum(scaled, 255, out=scaled)
    return scaled.astype(np.uint8)


def _remove_strokes(coarse: Array) -> Array:
    """Fill all strokes with the background beside them.

    coarse   float32 (H, W), from 0 to 255
    returns  float32 (H, W)
    """
    size = math.ceil(LIGHTING.max_stroke_width * max(coarse.shape))
    smooth = gaussian_blur(coarse, 1)
    # Past the border, illumination continues unchanged, but ink ends: where ink reaches the
    # border, the image is mirrored instead.
    continued, mirrored = (
        cv2.copyMakeBorder(smooth, size, size, size, size, border)
        for border in (cv2.BORDER_REPLICATE, cv2.BORDER_REFLECT_101)
    )
    darker, lighter = np.minimum(continued, mirrored), np.maximum(continued, mirrored)
    padded = np.where(darker < LIGHTING.max_shadow * lighter, mirrored, continued)
    inner = slice(size, -size)
    without_dark = closing(padded, (size, size))[inner, inner]
    without_light = opening(padded, (size, size))[inner, inner]
    background = min(without_dark, without_light, key=partial(_implausibility, image=smooth))
    # The closing also fills the darkest part of the illumination, the opening cuts off its peak.
    return background + _smooth_residual(smooth - background)


def _implausibility(background: Array, image: Array) -> float:
    """Rate a background from which the dark or the light strokes were removed; lower is better.

    With the wrong ones removed, a blob remains in place of the digit. Or, if the digit is cropped,
    everything would be ink; but few digits reach a corner, and hardly any reaches three.
    """
    corners = np.abs(image - background)[[0, 0, -1, -1], [0, -1, 0, -1]]
    off = corners.sum() / max(np.ptp(image), 1)
    return math.log1p(_roughness(background)) + LIGHTING.corner_weight * float(off) ** 2


def _roughness(image: Array) -> float:
    """Sum the absolute second differences; illumination that falls off evenly has few."""
    return sum(float(np.abs(np.diff(image, 2, axis)).sum()) for axis in (0, 1))


def _smooth_residual(residual: Array) -> Array:
    """Average what the background estimate has missed, around each pixel, leaving out the ink.

    residual  float32 (H, W), image minus background; largest where there is ink
    returns   float32 (H, W)
    """
    off = np.abs(residual)
    ink = (off > LIGHTING.ink_share * off.max()).view(np.uint8)
    paper = np.float32(1) - cv2.dilate(ink, PLUS, iterations=2)
    deviation = LIGHTING.smoothing * max(residual.shape)
    share = np.maximum(gaussian_blur(paper, deviation), 0.01)
    return gaussian_blur(residual * paper, deviation) / share
