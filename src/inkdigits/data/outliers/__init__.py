"""Draw outliers for training: images that are not digits, for the network to learn to reject.

No list of non-digits can be complete, so there are many kinds. Most images show strokes joined as
in writing: Latin letters, glyphs of no alphabet, and closed shapes. An image that resembles a digit
by accident is left out.

source  Hendrycks, Mazeika and Dietterich 2019, Deep Anomaly Detection with Outlier Exposure
"""

from bisect import bisect
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from inkdigits.arrays import Array, Labels, Pixels
from inkdigits.constants import CLASSES, IMAGE_SIDE
from inkdigits.data.chunks import OnProgress, make_in_chunks, no_progress
from inkdigits.data.outliers import digits as altered
from inkdigits.data.outliers import letters, shapes, strokes, textures
from inkdigits.data.outliers.canvas import DigitsByLabel, Kind
from inkdigits.preprocessing.filters import gaussian_blur

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
ALTERED_DIGITS = 1000  # real digits of each label that are altered, at most


def make(
    count: int,
    seed: int,
    images: Pixels,
    labels: Labels,
    workers: int = 1,
    on_progress: OnProgress = no_progress,
) -> Pixels:
    """Draw images of many kinds, none of them a digit, preprocessed as `ink` does.

    seed         the same seed and images give the same outliers
    images       uint8 (N, 28, 28), preprocessed real digits, to alter and to compare with
    labels       (N,) of the images, each of the ten digits at least once
    workers      processes to use
    on_progress  called with the number of images that are done
    returns      uint8 (count, 28, 28), light ink on black, in random order, for any number of
                 processes the same
    raises       ValueError if one of the ten digits is missing
    """
    order = np.random.default_rng(seed).permutation(len(images))
    by_label = [images[order[labels[order] == label][:ALTERED_DIGITS]] for label in range(CLASSES)]
    if not all(map(len, by_label)):
        raise ValueError("outliers are made from digits: each of the ten is needed at least once")
    references = _features(images[order[:REFERENCE_DIGITS]])
    return make_in_chunks(_Maker(seed, by_label, references), range(count), workers, on_progress)


@dataclass(frozen=True, eq=False)
class _Maker:
    """Draws outliers, and draws those again that resemble a digit."""

    seed: int
    by_label: DigitsByLabel
    references: Array  # features of real digits

    def __call__(self, first: int, indices: range) -> Pixels:
        rngs = [np.random.default_rng((self.seed, index)) for index in indices]
        outliers = np.empty((len(rngs), IMAGE_SIDE, IMAGE_SIDE), np.uint8)
        missing = np.arange(len(rngs))
        kinds, sums = list(KINDS), list(accumulate(KINDS.values()))
        while len(missing):
            chosen = [kinds[bisect(sums, sums[-1] * rngs[i].random())] for i in missing]
            for i, kind in zip(missing, chosen, strict=True):
                outliers[i] = kind(rngs[i], self.by_label)
            limits = [
                SIMILARITY_LIMIT_AMBIGUOUS if kind in AMBIGUOUS_KINDS else SIMILARITY_LIMIT
                for kind in chosen
            ]
            drawn = outliers[missing]
            similarity = (_features(drawn) @ self.references.T).max(axis=1)
            missing = missing[(similarity >= limits) | ~drawn.any(axis=(1, 2))]
        return outliers


def _features(images: Pixels) -> Array:
    """Blur and downsample images, so that small shifts of a stroke hardly matter, and normalize.

    returns  float32 (N, 14 * 14), of length 1 except for blank images
    """
    blurred = np.stack([gaussian_blur(image, 1) for image in images.astype(np.float32)])
    features: Array = blurred[:, ::2, ::2].reshape(len(images), -1)
    return features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1)
