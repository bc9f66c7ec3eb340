"""Extract faint ink from a noisy photo: a smooth surface is fitted to the brightness of the paper.

Where the noise of a small, dim photo is nearly as strong as the ink, the maxima and minima of
`lighting` are those of the noise. A surface with six coefficients averages it over all of the
paper.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.preprocessing.filters import gaussian_blur
from inkdigits.preprocessing.resample import resize


@dataclass(frozen=True)
class SurfaceSettings:
    """Tuning constants of the fit, and of what is ink. Deviations are of the paper's noise."""

    max_px: int = 512  # longer side; a larger image is downscaled
    fitted_px: int = 64  # longer side of the coarse image that the surface is fitted to
    blur_px: float = 0.5  # against noise
    rounds: int = 6  # of the fit, each without what the one before did not fit
    outlier: float = 2.0  # deviations; a pixel that deviates more is not paper
    strongest: float = 0.001  # share of the pixels whose mean is the strength of the ink
    min_strongest: int = 8  # pixels
    max_noise: float = 12.0  # of 255, one deviation; more is not the noise of a camera
    min_strength: float = 6.5  # deviations; weaker ink is noise
    min_contrast: float = 8.0  # of 255
    noise: float = 2.0  # deviations; weaker ink counts as none ...
    full: float = 0.7  # of the strength; and stronger ink as full
    strong: int = 191  # of 255, which is full; each component of the ink has a stronger pixel


SURFACE = SurfaceSettings()


def extract_faint_ink(channels: Sequence[Pixels]) -> Pixels | None:
    """Segment ink from paper whose brightness varies smoothly, by the mean of all colors.

    channels  uint8 (H, W), one for each color
    returns   uint8 (h, w), smaller if the image is large; None if there is no ink, only noise
    """
    height, width = channels[0].shape
    scale = min(1, SURFACE.max_px / max(height, width))
    shape = max(1, round(scale * height)), max(1, round(scale * width))
    image = np.mean([resize(channel, shape) for channel in channels], axis=0)
    smooth = gaussian_blur(image, SURFACE.blur_px)
    darker = _surface(smooth) - smooth
    noise = max(1.4826 * float(np.median(np.abs(darker))), 0.5)
    if noise > SURFACE.max_noise:
        return None
    count = max(SURFACE.min_strongest, int(SURFACE.strongest * darker.size))
    if darker.size <= count:
        return None
    strength, ink = max(
        ((_mean_of_strongest(each, count), each) for each in (darker, -darker)),
        key=lambda pair: pair[0],
    )
    if strength < max(SURFACE.min_strength * noise, SURFACE.min_contrast):
        return None
    least = SURFACE.noise * noise
    scaled = np.maximum((ink - least) * (255 / (SURFACE.full * strength - least)), 0)
    return _without_noise(cv2.convertScaleAbs(scaled))  # which rounds, and limits to 255


def _without_noise(ink: Pixels) -> Pixels:
    """Keep the connected components that are strong somewhere.

    source  Canny 1986, A Computational Approach to Edge Detection: thresholding with hysteresis
    """
    count, components = cv2.connectedComponents((ink > 0).view(np.uint8))
    is_strong = np.zeros(count, bool)
    is_strong[components[ink > SURFACE.strong]] = True
    is_strong[0] = False
    return ink * is_strong[components]


def _mean_of_strongest(ink: Array, count: int) -> float:
    return float(np.partition(ink, -count, axis=None)[-count:].mean())


def _surface(image: Array) -> Array:
    """Fit a quadratic surface to an image, leaving out what deviates: the ink.

    image    float32 (H, W)
    returns  float32 (H, W)
    """
    height, width = image.shape
    scale = min(1, SURFACE.fitted_px / max(height, width))
    coarse = resize(image, (max(1, round(scale * height)), max(1, round(scale * width))))
    terms, levels = _terms(coarse.shape), coarse.ravel()
    is_paper = np.ones(len(levels), bool)
    for _ in range(SURFACE.rounds):
        coefficients = np.linalg.lstsq(terms[is_paper], levels[is_paper], rcond=None)[0]
        off = np.abs(terms @ coefficients - levels)
        is_paper = off <= SURFACE.outlier * 1.4826 * np.median(off)
    return (_terms(image.shape) @ coefficients).reshape(image.shape)


def _terms(shape: tuple[int, ...]) -> Array:
    """Return 1, x, y and their products for each pixel, float32 (H W, 6); x and y from -1 to 1."""
    y, x = np.meshgrid(
        *(np.linspace(-1, 1, side, dtype=np.float32) for side in shape), indexing="ij"
    )
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1).reshape(-1, 6)
