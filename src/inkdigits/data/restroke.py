"""MNIST's digits as other pens and other drawing programs would have left them.

All of MNIST was written with much the same pen and scanned in one way. Here its digits are made
large, their strokes grown or thinned, or drawn anew along their middle, and given at any size, with
soft edges or hard ones, in pixels or in blocks. Cleaned, some of that is left in them: a network
that has never seen it would take it for a sign that a picture is no digit.
"""

import math
from collections.abc import Callable

import numpy as np
from scipy import ndimage

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.preprocessing import ink

LARGE = 3  # times as large as in MNIST strokes are grown or thinned
MARGIN_PX = 12  # round them there
PENS_PX = (3.0, 15.0)  # the finest and the fattest, there, where MNIST's mean is 8
ROUND = 0.6  # share of the pens that leave strokes of one width, as most programs' do
SIZES = (0.32, 6.0)  # the smallest and the largest digit that is given, times its size in MNIST
HARD = 0.5  # share of the pictures with hard edges
BLOCKS = 0.4  # share of the small pictures that are given in blocks
MOST_BLOCKS = 1.2  # times MNIST's size: a picture in more pixels is given as it is
BLOCK_PX = 8


def restroke(
    pictures: Pixels, seed: int, clean: Callable[[Pixels], Pixels] = ink.from_ink
) -> Pixels:
    """Draw each digit again, by a pen and a program of its own, and clean it.

    pictures  uint8 (N, 28, 28), MNIST's
    seed      decides pens and programs; a picture's also follow from its place
    clean     makes uint8 (28, 28) of uint8 (H, W), how much each pixel stands out from the sheet
    returns   uint8 (N, 28, 28)
    """
    redrawn = np.empty_like(pictures)
    for number, picture in enumerate(pictures):
        redrawn[number] = clean(_redrawn(picture, np.random.default_rng((seed, number))))
    return redrawn


def _redrawn(picture: Pixels, rng: Generator) -> Pixels:
    """Give one digit as a program might have stored it; uint8 (H, W), 255 is full ink."""
    drawn = _with_another_pen(picture, rng)
    scale = math.exp(rng.uniform(*np.log(SIZES)))
    blurred = ndimage.gaussian_filter(drawn, 0.4 * max(LARGE / scale - 1, 0))
    given = _zoomed(blurred, scale / LARGE)
    if rng.random() < HARD:
        given = np.where(given > min(0.5, 0.5 * float(given.max())), np.float32(1), np.float32(0))
    pixels = np.rint(255 * np.clip(given, 0, 1)).astype(np.uint8)
    if scale < MOST_BLOCKS and rng.random() < BLOCKS:
        pixels = pixels.repeat(BLOCK_PX, axis=0).repeat(BLOCK_PX, axis=1)
    return pixels


def _with_another_pen(picture: Pixels, rng: Generator) -> Array:
    """Make a digit large, and bring its strokes to a width; float32 (H, W), ink in [0, 1].

    A round pen's strokes are of that width everywhere; of others it is their median, and they
    swell and taper as they did.
    """
    large = _zoomed(np.pad(picture, MARGIN_PX // LARGE), LARGE)
    inked = large > 0.5 * float(large.max())
    depth = ndimage.distance_transform_edt(inked) - ndimage.distance_transform_edt(~inked)
    # Along the middle of a stroke the depth is half its width, and largest.
    middle = inked & (depth >= ndimage.maximum_filter(depth, 3))
    pen_px = math.exp(rng.uniform(*np.log(PENS_PX)))
    if rng.random() < ROUND:
        # It is broken where strokes meet or change their width.
        mended = ndimage.binary_closing(middle, np.ones((3, 3)), iterations=2)
        from_edge = pen_px / 2 - ndimage.distance_transform_edt(~mended)
    else:
        from_edge = depth + pen_px / 2 - float(np.median(depth[middle]))
    drawn: Array = np.clip(from_edge + 0.5, 0, 1).astype(np.float32)
    return drawn


def _zoomed(picture: Array | Pixels, factor: float) -> Array:
    zoomed: Array = ndimage.zoom(
        picture, factor, np.float32, order=1, mode="grid-constant", grid_mode=True
    )
    return zoomed
