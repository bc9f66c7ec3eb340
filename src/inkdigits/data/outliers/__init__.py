"""Draw outliers for training: images that are not digits, for the network to learn to reject.

No list of non-digits can be complete, so there are many kinds. Most images show strokes joined as
in writing: Latin letters, glyphs of no alphabet, and closed shapes. An image that resembles a digit
by accident is left out.

source  Hendrycks, Mazeika and Dietterich 2019, Deep Anomaly Detection with Outlier Exposure
"""

import numpy as np
from scipy import ndimage

from inkdigits.arrays import Array, Labels, Pixels
from inkdigits.constants import CLASSES, IMAGE_SIDE
from inkdigits.data.outliers import digits as altered
from inkdigits.data.outliers import letters, shapes, strokes, textures
from inkdigits.data.outliers.canvas import Kind

# How many images of each kind there are, relative to the others.
KINDS: dict[Kind, float] = {
    strokes.glyph: 20,
    letters.printed_glyph: 20,
    letters.latin_letter: 25,
    shapes.closed_outline: 14,
    shapes.box: 6,
    shapes.ring: 6,
    strokes.scribble: 7,
    strokes.coil: 3,
    strokes.dashes: 4,
    strokes.crossing: 3,
    altered.digit_sequence: 6,
    altered.half_digit: 4,
    altered.rotated_or_mirrored: 5,
    altered.crossed_out: 4,
    altered.shuffled_quadrants: 2,
    altered.inverted: 1,
    textures.smooth_noise: 3,
    textures.pixel_noise: 2,
    textures.stripes: 2,
    textures.dead_leaves: 4,
    textures.blob: 4,
}

# Kinds that sometimes produce a digit by accident. In the others, even an image as similar to a
# digit as a heart is to a 0 is not one.
AMBIGUOUS_KINDS = (
    strokes.glyph,
    letters.latin_letter,
    letters.printed_glyph,
    strokes.scribble,
    altered.digit_sequence,
    altered.half_digit,
    altered.rotated_or_mirrored,
    altered.crossed_out,
)
# An image is left out if its cosine similarity to the nearest digit reaches the limit.
SIMILARITY_LIMIT_AMBIGUOUS, SIMILARITY_LIMIT = 0.925, 0.96
REFERENCE_DIGITS = 6000  # real digits that each image is compared with


def make(count: int, seed: int, images: Pixels, labels: Labels) -> Pixels:
    """Draw images of many kinds, none of them a digit, preprocessed as `ink` does.

    seed     the same seed and images give the same outliers
    images   uint8 (N, 28, 28), preprocessed real digits, to alter and to compare with
    labels   (N,) of the images, each of the ten digits at least once
    returns  uint8 (count, 28, 28), light ink on black, in random order
    raises   ValueError if one of the ten digits is missing
    """
    by_label = [images[labels == label] for label in range(CLASSES)]
    if not all(map(len, by_label)):
        raise ValueError("outliers are made from digits: each of the ten is needed at least once")
    rng = np.random.default_rng(seed)
    references = _features(images[rng.permutation(len(images))[:REFERENCE_DIGITS]])
    kinds, weights = list(KINDS), np.array(list(KINDS.values()))
    limits = np.array(
        [
            SIMILARITY_LIMIT_AMBIGUOUS if kind in AMBIGUOUS_KINDS else SIMILARITY_LIMIT
            for kind in kinds
        ]
    )
    outliers = np.empty((0, IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    while len(outliers) < count:
        drawn_kinds = rng.choice(len(kinds), count - len(outliers), p=weights / weights.sum())
        drawn = np.stack([kinds[kind](rng, by_label) for kind in drawn_kinds])
        similarity = _similarity_to_nearest(drawn, references)
        keep = drawn.any(axis=(1, 2)) & (similarity < limits[drawn_kinds])
        outliers = np.concatenate([outliers, drawn[keep]])
    return outliers


def _similarity_to_nearest(images: Pixels, references: Array) -> Array:
    """Return each image's cosine similarity to the nearest of the reference digits."""
    chunks = np.array_split(_features(images), 1 + len(images) // 1000)
    return np.concatenate([(chunk @ references.T).max(axis=1, initial=0) for chunk in chunks])


def _features(images: Pixels) -> Array:
    """Blur and downsample images, so that small shifts of a stroke hardly matter, and normalize.

    returns  float32 (N, 14 * 14), of length 1 except for blank images
    """
    blurred = ndimage.gaussian_filter(images.astype(np.float32), (0, 1, 1))
    features: Array = blurred[:, ::2, ::2].reshape(len(images), -1)
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1)
