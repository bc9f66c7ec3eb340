"""Draw outliers for training: images that are not digits, for the network to learn to reject.

No list of non-digits can be complete, so there are many kinds. Most images show strokes joined as
in writing: Latin letters, marks, glyphs of no alphabet, and closed shapes. An image that resembles
a digit by accident is left out.

source  Hendrycks, Mazeika and Dietterich 2019, Deep Anomaly Detection with Outlier Exposure
"""

from bisect import bisect
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from inkdigits.arrays import Labels, Pixels
from inkdigits.constants import CLASSES, IMAGE_SIDE
from inkdigits.data.chunks import OnProgress, make_in_chunks, no_progress
from inkdigits.data.outliers import digits as altered
from inkdigits.data.outliers import groups, letters, marks, shapes, silhouettes, strokes, textures
from inkdigits.data.outliers.canvas import DigitsByLabel, Kind
from inkdigits.data.outliers.clearance import References

# How many images of each kind there are, relative to the others.
KINDS: dict[Kind, float] = {
    strokes.glyph: 20,
    letters.printed_glyph: 24,
    letters.latin_letter: 36,
    marks.mark: 22,
    shapes.polygon: 11,
    shapes.filled_polygon: 3,
    shapes.box: 5,
    shapes.ring: 6,
    silhouettes.lobed_outline: 8,
    silhouettes.lobed_patch: 4,
    silhouettes.on_a_stalk: 3,
    silhouettes.silhouette: 10,
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
    groups.touching_digits: 14,
    groups.digit_table: 6,
    textures.smooth_noise: 5,
    textures.pixel_noise: 2,
    textures.stripes: 2,
    textures.dead_leaves: 8,
    textures.blob: 6,
}

# The kinds that show no digits, nor parts of them: what makes a line of digits no number.
WITHOUT_DIGITS = {
    kind: share
    for kind, share in KINDS.items()
    if kind.__module__ not in (altered.__name__, groups.__name__)
}

# An image is left out if its similarity to real digits reaches the limit for its kind. The limits
# were chosen by looking at the pairs: what resembles a digit more is one, or could be.
STRICT, MEDIUM, LENIENT = 0.92, 0.945, 0.965
LIMITS: dict[Kind, float] = {
    # Kinds that often produce a digit by accident.
    strokes.glyph: STRICT,
    letters.printed_glyph: STRICT,
    shapes.box: STRICT,
    altered.half_digit: STRICT,
    altered.rotated_or_mirrored: STRICT,
    # Kinds that produce a rough one now and then.
    letters.latin_letter: MEDIUM,
    marks.mark: MEDIUM,
    shapes.polygon: MEDIUM,
    shapes.ring: MEDIUM,
    silhouettes.lobed_outline: MEDIUM,
    silhouettes.on_a_stalk: MEDIUM,
    strokes.scribble: MEDIUM,
    strokes.crossing: MEDIUM,
    altered.digit_sequence: MEDIUM,
    altered.crossed_out: MEDIUM,
    groups.touching_digits: MEDIUM,
}  # In all others, even an image as similar to a digit as a bottle is to an 8 is not one.
ALTERED_DIGITS = 1000  # real digits of each label that are altered, at most


def make(
    count: int,
    seed: int,
    images: Pixels,
    labels: Labels,
    workers: int = 1,
    on_progress: OnProgress = no_progress,
    kinds: Mapping[Kind, float] | None = None,
) -> Pixels:
    """Draw images of many kinds, none of them a digit, preprocessed as `ink` does.

    seed         the same seed and images give the same outliers
    images       uint8 (N, 28, 28), preprocessed real digits, to alter and to compare with
    labels       (N,) of the images, each of the ten digits at least once
    workers      processes to use
    on_progress  called with the number of images that are done
    kinds        how many images of each kind there are, relative to the others; None for KINDS
    returns      uint8 (count, 28, 28), light ink on black, in random order, for any number of
                 processes the same
    raises       ValueError if one of the ten digits is missing
    """
    order = np.random.default_rng(seed).permutation(len(images))
    by_label = [images[order[labels[order] == label][:ALTERED_DIGITS]] for label in range(CLASSES)]
    if not all(map(len, by_label)):
        raise ValueError("outliers are made from digits: each of the ten is needed at least once")
    references = References.from_images(images, order)
    return make_in_chunks(
        _Maker(seed, by_label, references, KINDS if kinds is None else kinds),
        range(count),
        workers,
        on_progress,
    )


@dataclass(frozen=True, eq=False)
class _Maker:
    """Draws outliers, and draws those again that resemble a digit."""

    seed: int
    by_label: DigitsByLabel
    references: References
    kinds: Mapping[Kind, float]

    def __call__(self, first: int, indices: range) -> Pixels:
        rngs = [np.random.default_rng((self.seed, index)) for index in indices]
        outliers = np.empty((len(rngs), IMAGE_SIDE, IMAGE_SIDE), np.uint8)
        missing = np.arange(len(rngs))
        kinds, sums = list(self.kinds), list(accumulate(self.kinds.values()))
        while len(missing):
            chosen = [kinds[bisect(sums, sums[-1] * rngs[i].random())] for i in missing]
            for i, kind in zip(missing, chosen, strict=True):
                outliers[i] = kind(rngs[i], self.by_label)
            limits = [LIMITS.get(kind, LENIENT) for kind in chosen]
            drawn = outliers[missing]
            similarity = self.references.similarity(drawn)
            missing = missing[(similarity >= limits) | ~drawn.any(axis=(1, 2))]
        return outliers
