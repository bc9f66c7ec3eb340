"""How similar an image is to real digits, so that outliers can be kept clear of them."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.preprocessing.filters import gaussian_blur

FEATURES = (IMAGE_SIDE // 2) ** 2
BLOCKS = 16  # of digits, compared one after the other
# A few real digits are illegible or mislabeled. What resembles one of them alone is no digit yet,
# so the block with the third most similar digit decides.
DECISIVE = 3


@dataclass(frozen=True, eq=False)
class References:
    """Real digits to compare images with, as blocks of similar size."""

    blocks: list[Array]  # each float32 (N, FEATURES)

    @classmethod
    def from_images(cls, images: Pixels, order: NDArray[np.intp]) -> Self:
        """Extract the features of digits.

        images  uint8 (N, 28, 28)
        order   permutation of the digits, which spreads each writer's over the blocks
        """
        blocks = np.array_split(order, min(BLOCKS, len(order)))
        return cls([_features(images[block]) for block in blocks])

    def similarity(self, images: Pixels) -> Array:
        """Return how similar images are to real digits: the cosine of the angle between them.

        images   uint8 (N, 28, 28)
        returns  float32 (N,), at most 1
        """
        features = _features(images)
        nearest = np.stack([(features @ block.T).max(axis=1) for block in self.blocks])
        similarity: Array = np.sort(nearest, axis=0)[-min(DECISIVE, len(nearest))]
        return similarity


def _features(images: Pixels) -> Array:
    """Blur and downsample images, so that small shifts of a stroke hardly matter, and normalize.

    returns  float32 (N, FEATURES), of length 1 except for blank images
    """
    features = np.empty((len(images), FEATURES), np.float32)
    for row, image in zip(features, images, strict=True):
        row[:] = gaussian_blur(image.astype(np.float32), 1)[::2, ::2].ravel()
    features /= np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1)
    return features
