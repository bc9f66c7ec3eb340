"""Crop, resize and downscale rasters."""

import cv2
import numpy as np

from inkdigits.arrays import Array, Pixels

Region = tuple[slice, slice]  # rows and columns

MAX_DIRECT_PX = 2**16  # pixels; means over areas of a larger image are taken by an integral image
MAX_INT32_PX = 2**23  # pixels of 255 whose sum is an int32


def bounding_box(image: Pixels) -> Region:
    """Find the smallest rectangle that holds every nonzero pixel; there must be one.

    image  uint8 (H, W)
    """
    left, top, width, height = cv2.boundingRect(image)
    return slice(top, top + height), slice(left, left + width)


def fit(ink: Array | Pixels, longer_side: int) -> Array:
    """Resize the ink to a given longer side, keeping its aspect, and scale its peak to 1.

    ink          uint8 or float32 (H, W)
    longer_side  pixels
    returns      float32 (h, w), the shorter side at least one pixel
    """
    height, width = ink.shape
    scale = longer_side / max(height, width)
    fitted = resize(ink, (max(1, round(scale * height)), max(1, round(scale * width))))
    fitted *= 1 / float(fitted.max())
    return fitted


def resize(image: Array | Pixels, shape: tuple[int, int]) -> Array:
    """Resize an image: means over areas if it becomes smaller, otherwise linear interpolation.

    image    uint8 or float32 (H, W)
    shape    (h, w), neither side longer or neither side shorter than before
    returns  float32 (h, w)
    """
    is_smaller = shape[0] * shape[1] < image.size
    if is_smaller and image.size > MAX_DIRECT_PX and image.dtype == np.uint8:
        return _area_means(image, shape)
    method = cv2.INTER_AREA if is_smaller else cv2.INTER_LINEAR
    resized: Array = cv2.resize(image.astype(np.float32), shape[::-1], interpolation=method)
    return resized


def _area_means(image: Array | Pixels, shape: tuple[int, int]) -> Array:
    """Take the mean of each area, up to ten times as fast as OpenCV's `INTER_AREA`.

    In an integral image, each pixel is the sum of all pixels above it and to its left.

    source  Crow 1984, Summed-area tables for texture mapping
    """
    sums = cv2.integral(image, sdepth=cv2.CV_32S if image.size <= MAX_INT32_PX else cv2.CV_64F)
    for size, new_size in zip(image.shape, shape, strict=True):  # rows, then columns
        edges = np.arange(new_size + 1) * (size / new_size)
        before = np.minimum(edges.astype(np.intp), size - 1)
        share = (edges - before)[:, None]  # of the pixel that the edge of an area cuts
        lower = sums[before]
        at_edges = lower + share * (sums[before + 1] - lower)
        sums = (at_edges[1:] - at_edges[:-1]).T
    return (sums * (shape[0] * shape[1] / image.size)).astype(np.float32)


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
    height, width = (max(1, side // 2) for side in rgba.shape[:2])
    # OpenCV's means over 2x2 pixels are fast, but only if they cover the image exactly.
    even = rgba[: 2 * height, : 2 * width]
    halved: Pixels = cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)
    return halved


def max_pool(image: Pixels, size: int) -> Pixels:
    """Reduce each block of `size` x `size` pixels to its maximum.

    image    uint8 (H, W)
    returns  uint8 (ceil(H / size), ceil(W / size)); the last blocks may be smaller
    """
    maxima: Pixels = cv2.dilate(image, np.ones((size, size), np.uint8), anchor=(0, 0))
    return np.ascontiguousarray(maxima[::size, ::size])
