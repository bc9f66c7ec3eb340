"""The write-up's clean-up: binarize, center the bounding box, gray the edges."""

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.preprocessing import ink
from inkdigits.preprocessing.background import FAINTEST, extract_ink

THRESHOLD = 50  # of 255: what is over it is ink
EDGE = 128  # the gray of a sheet pixel beside ink


def from_image(rgba: Pixels) -> Pixels:
    """Make the 28x28 picture of one drawing.

    A picture of MNIST's kind, 28x28 with light ink on black, is taken as it is. Of any other the
    ink is told from the sheet first, and one of another size is brought to 28x28, as `ink` does.

    rgba     uint8 (H, W, 4)
    returns  uint8 (28, 28) of 0, 128 and 255; all 0 if the sheet is blank
    """
    strength = extract_ink(rgba)
    if strength.shape == (ink.SIDE, ink.SIDE) and _is_light_on_black(rgba):
        return from_mnist(strength[None])[0]
    return from_ink(strength)


def from_ink(strength: Pixels) -> Pixels:
    """Bring a drawing to 28x28, unless it is, and clean it.

    strength  uint8 (H, W), how much each pixel stands out from the sheet
    returns   uint8 (28, 28) of 0, 128 and 255; all 0 if nothing stands out
    """
    in_size = strength.shape == (ink.SIDE, ink.SIDE)
    return from_mnist((_stretched(strength) if in_size else ink.from_ink(strength))[None])[0]


def from_mnist(pictures: Pixels) -> Pixels:
    """Make the 28x28 pictures of many, all 28x28 with light ink on black, as MNIST's are.

    pictures  uint8 (N, 28, 28)
    returns   uint8 (N, 28, 28) of 0, 128 and 255
    """
    ink_mask = _centered(pictures > THRESHOLD)
    beside = np.zeros_like(ink_mask)
    beside[:, 1:] |= ink_mask[:, :-1]
    beside[:, :-1] |= ink_mask[:, 1:]
    beside[:, :, 1:] |= ink_mask[:, :, :-1]
    beside[:, :, :-1] |= ink_mask[:, :, 1:]
    cleaned: Pixels = np.where(beside, np.uint8(EDGE), np.uint8(0))
    cleaned[ink_mask] = 255
    return cleaned


def _centered(ink_mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Move the corner of each bounding box to ((28 - height) // 2, (28 - width) // 2).

    ink_mask  bool (N, 28, 28)
    """
    moves = np.stack([_move(np.any(ink_mask, axis=axis)) for axis in (2, 1)], axis=1)
    centered = np.zeros_like(ink_mask)
    # Few moves are needed by many pictures: all that share one move together, as one block.
    for move in np.unique(moves, axis=0):
        members = np.flatnonzero((moves == move).all(axis=1))
        centered[members] = np.roll(ink_mask[members], tuple(move), axis=(1, 2))
    return centered


def _move(occupied: NDArray[np.bool_]) -> NDArray[np.intp]:
    """How far the ink must go along one axis for its bounding box to lie in the middle.

    occupied  bool (N, 28), whether a row, or a column, has ink
    returns   int (N,), pixels; 0 where there is no ink
    """
    side = occupied.shape[1]
    first = occupied.argmax(axis=1)
    size = side - occupied[:, ::-1].argmax(axis=1) - first
    return np.where(occupied.any(axis=1), (side - size) // 2 - first, 0)


def _is_light_on_black(rgba: Pixels) -> bool:
    """Whether the picture is opaque and gray, and its border, for the most part, is black."""
    gray = (rgba[..., 0] == rgba[..., 1]).all() and (rgba[..., 1] == rgba[..., 2]).all()
    border = np.concatenate([rgba[0], rgba[-1], rgba[:, 0], rgba[:, -1]])
    return bool(gray and (rgba[..., 3] == 255).all() and np.median(border[:, 0]) == 0)


def _stretched(strength: Pixels) -> Pixels:
    """Raise the strongest ink to 255, where there is any."""
    peak = int(strength.max())
    if peak < FAINTEST:
        return np.zeros_like(strength)
    return np.rint(strength * np.float32(255 / peak)).astype(np.uint8)
