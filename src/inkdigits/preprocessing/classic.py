"""Preprocess as the write-up does: binarize, center the bounding box, gray the edges."""

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.preprocessing import ink as ink_preprocessing
from inkdigits.preprocessing.background import MIN_CONTRAST
from inkdigits.preprocessing.segmentation import extract_ink

THRESHOLD = 50  # of 255; a brighter pixel is ink
EDGE = 128  # gray level of a background pixel beside ink


def from_image(rgba: Pixels) -> Pixels:
    """Make the 28x28 picture of one image.

    An image like MNIST's, 28x28 with light ink on black, is binarized directly. In any other, ink
    is segmented from the background first; any other size is scaled to 28x28 as `ink` does.

    rgba     uint8 (H, W, 4)
    returns  uint8 (28, 28) of 0, 128 and 255; all 0 if the image is blank
    """
    ink = extract_ink(rgba)
    if ink.shape == (IMAGE_SIDE, IMAGE_SIDE) and _is_light_on_black(rgba):
        return from_mnist(ink[None])[0]
    return from_ink(ink)


def from_ink(ink: Pixels) -> Pixels:
    """Scale ink to 28x28 and its peak to 255, then binarize, center, and gray the edges.

    ink      uint8 (H, W), 0 is background
    returns  uint8 (28, 28) of 0, 128 and 255; all 0 if no ink is stronger than noise
    """
    is_sized = ink.shape == (IMAGE_SIDE, IMAGE_SIDE)
    return from_mnist((_stretch(ink) if is_sized else ink_preprocessing.from_ink(ink))[None])[0]


def candidates(rgba: Pixels) -> Pixels:
    """Make the 28x28 picture of one image, uint8 (1, 28, 28)."""
    return from_image(rgba)[None]


def candidates_from_ink(ink: Pixels) -> Pixels:
    """Make the 28x28 picture of ink, uint8 (1, 28, 28)."""
    return from_ink(ink)[None]


def from_mnist(images: Pixels) -> Pixels:
    """Make the 28x28 pictures of many images like MNIST's: 28x28, light ink on black.

    images   uint8 (N, 28, 28)
    returns  uint8 (N, 28, 28) of 0, 128 and 255
    """
    mask = _center(images > THRESHOLD)
    beside = np.zeros_like(mask)
    beside[:, 1:] |= mask[:, :-1]
    beside[:, :-1] |= mask[:, 1:]
    beside[:, :, 1:] |= mask[:, :, :-1]
    beside[:, :, :-1] |= mask[:, :, 1:]
    pictures: Pixels = np.where(beside, np.uint8(EDGE), np.uint8(0))
    pictures[mask] = 255
    return pictures


def _center(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Shift the corner of each bounding box to ((28 - height) // 2, (28 - width) // 2).

    mask     bool (N, 28, 28), where there is ink
    returns  bool (N, 28, 28)
    """
    shifts = np.stack([_shift(np.any(mask, axis=axis)) for axis in (2, 1)], axis=1)
    centered = np.zeros_like(mask)
    # There are few different shifts: all pictures with the same one are shifted together.
    for shift in np.unique(shifts, axis=0):
        members = np.flatnonzero((shifts == shift).all(axis=1))
        centered[members] = np.roll(mask[members], tuple(shift), axis=(1, 2))
    return centered


def _shift(occupied: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Compute the shift along one axis that centers the bounding box.

    occupied  bool (N, 28), which rows, or columns, have ink
    returns   int (N,), pixels; 0 where there is no ink
    """
    side = occupied.shape[1]
    first = occupied.argmax(axis=1)
    size = side - occupied[:, ::-1].argmax(axis=1) - first
    return np.where(occupied.any(axis=1), (side - size) // 2 - first, 0)


def _is_light_on_black(rgba: Pixels) -> bool:
    """Return whether the image is opaque and gray, with a mostly black border."""
    gray = (rgba[..., 0] == rgba[..., 1]).all() and (rgba[..., 1] == rgba[..., 2]).all()
    border = np.concatenate([rgba[0], rgba[-1], rgba[:, 0], rgba[:, -1]])
    return bool(gray and (rgba[..., 3] == 255).all() and np.median(border[:, 0]) == 0)


def _stretch(ink: Pixels) -> Pixels:
    """Scale the peak to 255; all 0 if no ink is stronger than noise.

    ink  uint8 (28, 28)
    """
    peak = int(ink.max())
    if peak < MIN_CONTRAST:
        return np.zeros_like(ink)
    return np.rint(ink * np.float32(255 / peak)).astype(np.uint8)
