"""Non-digits that fill the image: noise, tiles, clothing and photographs."""

import math

import numpy as np
from outlier_sources import Sources
from PIL import Image, ImageFilter

from inkdigits.arrays import Array, Generator


def white_noise(rng: Generator, sources: Sources) -> Image.Image:
    """Draw independent pixels: uniform or normally distributed grays, or black and white."""
    height = rng.integers(28, 121)
    shape = (height, round(height * rng.uniform(0.7, 1.5)))
    variants = (
        rng.uniform(0, 256, shape),
        rng.normal(rng.uniform(60, 200), rng.uniform(10, 60), shape),
        255.0 * (rng.random(shape) < rng.uniform(0.05, 0.5)),
    )
    return _grayscale(variants[rng.integers(len(variants))])


def pink_noise(rng: Generator, sources: Sources) -> Image.Image:
    """Draw noise whose amplitude falls with a power of the frequency, from 0.7 to 2."""
    size = int(rng.integers(32, 97))
    down, across = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)
    frequency = np.maximum(np.hypot(down, across), 1 / size)
    waves = rng.normal(size=frequency.shape) + 1j * rng.normal(size=frequency.shape)
    noise = np.fft.irfft2(waves / frequency ** rng.uniform(0.7, 2), (size, size))
    return _grayscale(128 + rng.uniform(30, 80) * noise / noise.std())


def tiles(rng: Generator, sources: Sources) -> Image.Image:
    """Draw coarse tiles in random grays, or in black and white."""
    count = int(rng.integers(3, 12))
    grid = rng.random((count, count))
    if rng.random() < 0.5:
        grid = np.rint(grid)
    return _grayscale(255 * grid).resize((96, 96), Image.Resampling.NEAREST)


def clothing(rng: Generator, sources: Sources) -> Image.Image:
    """Return an image of Fashion-MNIST."""
    return Image.fromarray(sources.clothes[rng.integers(len(sources.clothes))])


def photograph(rng: Generator, sources: Sources) -> Image.Image:
    """Crop a photograph to between a twelfth of its height and all of it."""
    whole = sources.photographs[rng.integers(len(sources.photographs))]
    height, width = whole.shape[:2]
    side = round(height * math.exp(rng.uniform(-math.log(12), 0)))
    top, left = rng.integers(height - side + 1), rng.integers(max(width - side, 0) + 1)
    cut = Image.fromarray(whole[top : top + side, left : left + side])
    return cut.resize((140, 140), Image.Resampling.BOX)


def blurred_photograph(rng: Generator, sources: Sources) -> Image.Image:
    """Crop a photograph and blur it."""
    return photograph(rng, sources).filter(ImageFilter.GaussianBlur(rng.uniform(2, 10)))


def _grayscale(pixels: Array) -> Image.Image:
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
