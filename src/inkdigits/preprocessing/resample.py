"""Crop, resize and downscale rasters."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels

Region = tuple[slice, slice]  # rows and columns

MAX_CACHED_PX = 512  # matrices that resample up to this many pixels are cached
STRIP_ROWS = 64  # rows that are halved at a time, so that they stay in the processor's cache


def bounding_box(image: Array | Pixels | NDArray[np.bool_]) -> Region:
    """Find the smallest rectangle that holds every nonzero pixel; there must be one.

    image  (H, W)
    """
    rows, columns = (np.flatnonzero(image.any(axis=axis)) for axis in (1, 0))
    return slice(int(rows[0]), int(rows[-1]) + 1), slice(int(columns[0]), int(columns[-1]) + 1)


def crop(image: Array | Pixels) -> Array:
    """Crop to the nonzero pixels; there must be one.

    image    (H, W)
    returns  float32 (h, w)
    """
    return image[bounding_box(image)].astype(np.float32)


def fit(ink: Array, longer_side: int) -> Array:
    """Resize the ink to a given longer side, keeping its aspect, and scale its peak to 1.

    ink          float32 (H, W)
    longer_side  pixels
    returns      float32 (h, w), the shorter side at least one pixel
    """
    scale = longer_side / max(ink.shape)
    height, width = (max(1, round(scale * side)) for side in ink.shape)
    ink = resize(ink, (height, width))
    return ink / float(ink.max())


def resize(image: Array, shape: tuple[int, int]) -> Array:
    """Resize an image, antialiased.

    image    float32 (H, W)
    shape    (h, w)
    returns  float32 (h, w)
    """
    rows, columns = (resampling_matrix(*sizes) for sizes in zip(image.shape, shape, strict=True))
    return rows @ image @ columns.T


def resampling_matrix(size: int, new_size: int) -> Array:
    """Make the matrix that resamples a line of `size` pixels to `new_size`, antialiased.

    A smaller line takes the mean over the area of each new pixel; a larger one is interpolated
    linearly. For the same size it is the identity.

    returns  float32 (new_size, size), read-only, each row sums to 1
    """
    return _cached_matrix(size, new_size) if size <= MAX_CACHED_PX else _matrix(size, new_size)


def _matrix(size: int, new_size: int) -> Array:
    scale = size / new_size
    centers = (np.arange(new_size) + 0.5) * scale
    distances = np.abs(centers[:, None] - (np.arange(size) + 0.5))
    weights: Array = np.clip((max(scale, 1) + 1) / 2 - distances, 0, 1)
    weights = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    weights.setflags(write=False)
    return weights


# Drawings come in few sizes, and making a matrix takes longer than multiplying by it.
_cached_matrix = lru_cache(maxsize=64)(_matrix)


def downscale(rgba: Pixels, max_side: int) -> tuple[Pixels, int]:
    """Halve an image until neither side is longer than `max_side`.

    rgba     uint8 (H, W, 4)
    returns  uint8 (h, w, 4), and how many times it was halved
    """
    halvings = 0
    while max(rgba.shape) > max_side:
        rgba = halve(rgba)
        halvings += 1
    return rgba, halvings


def halve(rgba: Pixels) -> Pixels:
    """Halve both sides of an image; each pixel is the mean of four.

    Colors are averaged whatever their alpha, which makes the edges of a stroke on a transparent
    background slightly too dark.

    rgba     uint8 (H, W, 4)
    returns  uint8 (H // 2, W // 2, 4); a side of one pixel stays
    """
    pixels = np.ascontiguousarray(rgba).view(np.uint32)[..., 0]
    strips = []
    for first in range(0, max(1, len(pixels) - 1), STRIP_ROWS):
        strip = pixels[first : first + STRIP_ROWS]
        if strip.shape[0] > 1:
            strip = _mean_of_bytes(strip[:-1:2], strip[1::2])
        if strip.shape[1] > 1:
            strip = _mean_of_bytes(strip[:, :-1:2], strip[:, 1::2])
        strips.append(strip)
    return np.concatenate(strips)[..., None].view(np.uint8)


def _mean_of_bytes(one: NDArray[np.uint32], other: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Average each of the four bytes of each pixel, rounded down.

    source  Dietz's formula (Warren 2013, Hacker's Delight, section 2-5): the bits that both have,
            plus half of the bits that one has
    """
    mean = one ^ other
    mean &= np.uint32(0xFEFEFEFE)  # keeps the last bit of a byte out of the next byte
    mean >>= np.uint32(1)
    mean += one & other
    return mean


def max_pool(image: Pixels, size: int) -> Pixels:
    """Reduce each block of `size` x `size` pixels to its maximum.

    image    uint8 (H, W)
    returns  uint8 (ceil(H / size), ceil(W / size)); the last blocks may be smaller
    """
    for _ in range(2):  # rows, then columns
        maximum = image[::size].copy()
        for offset in range(1, size):
            rows = image[offset::size]
            np.maximum(maximum[: len(rows)], rows, out=maximum[: len(rows)])
        image = maximum.T
    return image
