"""Preprocess as the write-up does: binarize, center the bounding box, gray the edges."""

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.preprocessing import ink as ink_preprocessing
from inkdigits.preprocessing.background import MIN_CONTRAST
from inkdigits.preprocessing.segmentation import extract_ink
from inkdigits.preprocessing.stages import Stage, last_pictures

THRESHOLD = 50  # of 255; a brighter pixel is ink
EDGE = 128  # gray level of a background pixel beside ink


def from_image(rgba: Pixels) -> Pixels:
    """Make the 28x28 picture of one image.

    An image like MNIST's, 28x28 with light ink on black, is binarized directly. In any other, ink
    is segmented from the background first; any other size is scaled to 28x28 as `ink` does.

    rgba     uint8 (H, W, 4)
    returns  uint8 (28, 28) of 0, 128 and 255; all 0 if the image is blank
    """
    picture: Pixels = stages(rgba)[0][-1].picture
    return picture


def stages(rgba: Pixels) -> list[list[Stage]]:
    """Make the pictures of each step.

    rgba     uint8 (H, W, 4)
    returns  of the one candidate: the ink, the steps of `ink` if it is scaled, or "stretched" if
             only its peak is, then binary, centered, and with gray edges, which is the candidate
    """
    ink = extract_ink(rgba)
    if ink.shape == (IMAGE_SIDE, IMAGE_SIDE) and _is_light_on_black(rgba):
        return [[Stage("ink", ink), *_stages(ink)]]
    return stages_from_ink(ink)


def from_ink(ink: Pixels) -> Pixels:
    """Scale ink to 28x28 and its peak to 255, then binarize, center, and gray the edges.

    ink      uint8 (H, W), 0 is background
    returns  uint8 (28, 28) of 0, 128 and 255; all 0 if no ink is stronger than noise
    """
    picture: Pixels = stages_from_ink(ink)[0][-1].picture
    return picture


def stages_from_ink(ink: Pixels) -> list[list[Stage]]:
    """Make the pictures of each step of `from_ink`.

    ink      uint8 (H, W), 0 is background
    returns  of the one candidate, as `stages`
    """
    if ink.shape == (IMAGE_SIDE, IMAGE_SIDE):
        sized = [Stage("ink", ink), Stage("stretched", _stretch(ink))]
    else:
        sized = ink_preprocessing.likeliest_stages(ink)
    return [[*sized, *_stages(sized[-1].picture)]]


def candidates(rgba: Pixels) -> Pixels:
    """Make the 28x28 picture of one image, uint8 (1, 28, 28)."""
    return last_pictures(stages(rgba))


def candidates_from_ink(ink: Pixels) -> Pixels:
    """Make the 28x28 picture of ink, uint8 (1, 28, 28)."""
    return last_pictures(stages_from_ink(ink))


def from_mnist(images: Pixels) -> Pixels:
    """Make the 28x28 pictures of many images like MNIST's: 28x28, light ink on black.

    images   uint8 (N, 28, 28)
    returns  uint8 (N, 28, 28) of 0, 128 and 255
    """
    return _gray_edges(_center(images > THRESHOLD))


def _stages(picture: Pixels) -> list[Stage]:
    """Make the picture of each step of `from_mnist`, for one picture, uint8 (28, 28)."""
    binary = picture[None] > THRESHOLD
    centered = _center(binary)
    edges = _gray_edges(centered)
    return [Stage("binary", binary[0]), Stage("shifted", centered[0]), Stage("edges", edges[0])]


def _gray_edges(mask: NDArray[np.bool_]) -> Pixels:
    """Make ink white, and gray what is beside it.

    mask     bool (N, 28, 28), where there is ink
    returns  uint8 (N, 28, 28) of 0, 128 and 255
    """
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
