"""Preprocess pictures that are not ink on paper: in grayscale, scaled to 28x28, and nothing else.

Nothing is segmented, cropped, centered or inverted, so images must look like the training images.
"""

import cv2
import numpy as np

from inkdigits.arrays import Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.preprocessing.resample import resize
from inkdigits.preprocessing.stages import Stage, last_pictures


def from_image(rgba: Pixels) -> Pixels:
    """Make the 28x28 picture of one image. Its transparent parts are white, as in most viewers.

    rgba     uint8 (H, W, 4)
    returns  uint8 (28, 28), luma; an image that is not square is distorted
    source   ITU-R BT.601, for the luma
    """
    picture: Pixels = stages(rgba)[0][-1].picture
    return picture


def stages(rgba: Pixels) -> list[list[Stage]]:
    """Make the pictures of each step.

    rgba     uint8 (H, W, 4)
    returns  of the one candidate: in grayscale, and scaled, which is the candidate
    """
    gray: Pixels = cv2.cvtColor(rgba, cv2.COLOR_RGBA2GRAY)
    alpha = rgba[..., 3]
    if alpha.min() < 255:
        opacity = alpha * np.float32(1 / 255)
        gray = np.rint(255 + (gray.astype(np.float32) - 255) * opacity).astype(np.uint8)
    return stages_from_ink(gray)


def stages_from_ink(ink: Pixels) -> list[list[Stage]]:
    """Make the pictures of each step of `from_ink`, as `stages`.

    ink  uint8 (H, W)
    """
    return [[Stage("gray", ink), Stage("resized", from_ink(ink))]]


def from_ink(ink: Pixels) -> Pixels:
    """Scale a grayscale picture to 28x28; one of that size stays as it is.

    ink      uint8 (H, W)
    returns  uint8 (28, 28)
    """
    size = IMAGE_SIDE, IMAGE_SIDE
    if ink.shape == size:
        return ink
    # One step cannot shrink one side and enlarge the other.
    smaller = resize(ink, (min(IMAGE_SIDE, ink.shape[0]), min(IMAGE_SIDE, ink.shape[1])))
    return np.rint(resize(smaller, size)).astype(np.uint8)


def candidates(rgba: Pixels) -> Pixels:
    """Make the 28x28 picture of one image, uint8 (1, 28, 28)."""
    return last_pictures(stages(rgba))


def candidates_from_ink(ink: Pixels) -> Pixels:
    """Make the 28x28 picture of a grayscale picture, uint8 (1, 28, 28)."""
    return last_pictures(stages_from_ink(ink))


def from_mnist(images: Pixels) -> Pixels:
    """Return pictures that are 28x28 already.

    images   uint8 (N, 28, 28)
    returns  the same
    """
    return images
