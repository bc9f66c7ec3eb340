"""Restroke MNIST's digits: trace them and render them with another pen.

All of MNIST was written with similar pens and scanned in one way. Here its digits are enlarged,
their strokes thickened, thinned or redrawn along the centerline, and rendered at any size, with
soft or hard edges, pixel by pixel or in blocks. Preprocessing leaves traces of all this, which a
network that had never seen them would mistake for signs of a non-digit.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Generator, Pixels
from inkdigits.data.chunks import OnProgress, make_in_chunks, no_progress
from inkdigits.data.sampling import log_uniform
from inkdigits.preprocessing import ink
from inkdigits.preprocessing.filters import distance_to_outside, gaussian_blur
from inkdigits.preprocessing.resample import bounding_box


@dataclass(frozen=True)
class Restroking:
    """How digits are restroked.

    enlargement      factor by which digits are enlarged before their strokes are changed
    margin_px        padding around the enlarged digit
    pens_px          range of the stroke width in the enlarged image, where MNIST's mean is 8
    round_share      fraction of the pens that draw a constant width, as most programs' do
    scales           range of the rendered size, relative to MNIST's
    aliased_share    fraction of the images with hard edges
    block_share      fraction of the small images in which each pixel becomes a block
    max_block_scale  largest of these, relative to MNIST's size
    block_px         side of a block
    slanted_share    fraction of the digits that are slanted further, to either side
    max_slant        maximum shift of their top, as a fraction of the height
    stretched_share  fraction of the digits that are made wider or narrower
    max_stretch      maximum factor ...
    min_stretched_scale   ... of digits that are larger than this, relative to MNIST's size
    """

    enlargement: int = 3
    margin_px: int = 12
    pens_px: tuple[float, float] = (3.0, 15.0)
    round_share: float = 0.6
    scales: tuple[float, float] = (0.32, 6.0)
    aliased_share: float = 0.5
    block_share: float = 0.4
    max_block_scale: float = 1.2
    block_px: int = 8
    slanted_share: float = 0.25
    max_slant: float = 0.4
    stretched_share: float = 0.25
    max_stretch: float = 1.7
    min_stretched_scale: float = 0.6


RESTROKING = Restroking()


def restroke(
    images: Pixels,
    seed: int,
    preprocess: Callable[[Pixels], Pixels] = ink.from_ink,
    workers: int = 1,
    on_progress: OnProgress = no_progress,
) -> Pixels:
    """Render each digit with a random pen and drawing program, and preprocess it.

    images       uint8 (N, 28, 28), MNIST's
    seed         makes the result reproducible; that of an image also depends on its index
    preprocess   maps ink, uint8 (H, W), to uint8 (28, 28)
    workers      processes to use
    on_progress  called with the number of images that are done
    returns      uint8 (N, 28, 28), for any number of processes the same
    """
    make = partial(_restroke_chunk, seed=seed, preprocess=preprocess)
    return make_in_chunks(make, images, workers, on_progress)


def _restroke_chunk(
    first: int, images: Pixels, seed: int, preprocess: Callable[[Pixels], Pixels]
) -> Pixels:
    restroked = np.empty_like(images)
    for number, image in enumerate(images):
        rng = np.random.default_rng((seed, first + number))
        restroked[number] = preprocess(_restroke(image, rng))
    return restroked


def _restroke(image: Pixels, rng: Generator) -> Pixels:
    """Render one digit as a drawing program might have saved it; uint8 (H, W), 255 is full ink."""
    enlarged = _change_pen(image, rng)
    scale = log_uniform(rng, RESTROKING.scales)
    # Blurred before it is shrunk, against aliasing.
    blurred = gaussian_blur(enlarged, 0.4 * max(RESTROKING.enlargement / scale - 1, 0))
    factor, stretch = scale / RESTROKING.enlargement, 1.0
    if scale > RESTROKING.min_stretched_scale and rng.random() < RESTROKING.stretched_share:
        stretch = log_uniform(rng, (1 / RESTROKING.max_stretch, RESTROKING.max_stretch))
    resized = _zoom(blurred, factor / stretch**0.5, factor * stretch**0.5)
    if rng.random() < RESTROKING.aliased_share:
        threshold = min(0.5, 0.5 * float(resized.max()))
        resized = np.where(resized > threshold, np.float32(1), np.float32(0))
    pixels = np.rint(255 * np.clip(resized, 0, 1)).astype(np.uint8)
    if scale < RESTROKING.max_block_scale and rng.random() < RESTROKING.block_share:
        block_px = RESTROKING.block_px
        pixels = pixels.repeat(block_px, axis=0).repeat(block_px, axis=1)
    return pixels


def _change_pen(image: Pixels, rng: Generator) -> Array:
    """Enlarge a digit and change the width of its strokes.

    A round pen draws a constant width. Other pens set only the median width, and strokes swell and
    taper as they did.

    returns  float32 (H, W), ink in [0, 1]
    """
    margin = RESTROKING.margin_px // RESTROKING.enlargement
    digit = np.pad(image[bounding_box(image)].astype(np.float32), margin)
    enlarged = _zoom(digit, RESTROKING.enlargement, RESTROKING.enlargement)
    if rng.random() < RESTROKING.slanted_share:
        enlarged = _slant(enlarged, rng.uniform(-RESTROKING.max_slant, RESTROKING.max_slant))
    inked = enlarged > 0.5 * float(enlarged.max())
    depth = _distance(inked)
    # On the centerline of a stroke the depth is half its width, a local maximum.
    centerline = inked & (depth >= cv2.dilate(depth, np.ones((3, 3), np.uint8)))
    pen_px = log_uniform(rng, RESTROKING.pens_px)
    if rng.random() < RESTROKING.round_share:
        # The centerline has gaps where strokes meet or change their width.
        closed = cv2.morphologyEx(
            centerline.view(np.uint8), cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)
        )
        from_edge = pen_px / 2 - _distance(closed == 0)
    else:
        from_edge = depth - _distance(~inked) + (pen_px / 2 - float(np.median(depth[centerline])))
    drawn: Array = np.clip(from_edge + 0.5, 0, 1)
    return drawn


def _distance(mask: NDArray[np.bool_]) -> Array:
    """Return each pixel's distance from the nearest one outside the mask, float32 (H, W)."""
    distance = distance_to_outside(mask)
    # Equal distances must be equal on the centerline, but OpenCV's square roots may differ in the
    # last bit, even from run to run.
    squared: Array = np.rint(distance * distance)
    return np.sqrt(squared)


def _zoom(image: Array, down: float, across: float) -> Array:
    """Resize an image by a factor for its height and one for its width."""
    height, width = (
        max(1, round(factor * side))
        for factor, side in zip((down, across), image.shape, strict=True)
    )
    zoomed: NDArray[Any] = cv2.resize(image, (width, height), interpolation=cv2.INTER_LINEAR)
    return zoomed


def _slant(image: Array, slant: float) -> Array:
    """Shift the top of an image to the right, or to the left, and each row in proportion.

    slant    fraction of the height; negative to the left
    returns  float32 (H, W), wide enough for all of it
    """
    height, width = image.shape
    room = abs(slant) * height
    matrix = np.array([[1, -slant, max(slant, 0) * height], [0, 1, 0]])
    return cv2.warpAffine(image, matrix, (width + round(room) + 1, height))
