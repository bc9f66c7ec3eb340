"""Turn an image into the 28x28 picture that a network sees."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.preprocessing import classic, ink, plain
from inkdigits.preprocessing.stages import Stage


@dataclass(frozen=True)
class Preprocessor:
    """One way to preprocess: an image, ink already segmented from its background, MNIST's images.

    from_image           uint8 (H, W, 4) RGBA                -> uint8 (28, 28)
    from_ink             uint8 (H, W), 0 is background       -> uint8 (28, 28)
    from_mnist           uint8 (N, 28, 28), light on black   -> uint8 (N, 28, 28)
    candidates           uint8 (H, W, 4) RGBA                -> uint8 (K, 28, 28), 1 to 3 ways to
                         understand an image, the likeliest first: in most cases only that which
                         `from_image` gives, and on which networks are trained
    candidates_from_ink  uint8 (H, W), 0 is background       -> uint8 (K, 28, 28), the same for ink
    stages               uint8 (H, W, 4) RGBA                -> for each of what `candidates` gives,
                         the picture of each step; the last one is the candidate
    stages_from_ink      uint8 (H, W), 0 is background       -> the same for ink
    revision             raised by one whenever images would give different pictures, apart from
                         rounding and rare borderline cases; models trained on another revision must
                         be trained again
    """

    from_image: Callable[[Pixels], Pixels]
    from_ink: Callable[[Pixels], Pixels]
    from_mnist: Callable[[Pixels], Pixels]
    candidates: Callable[[Pixels], Pixels]
    candidates_from_ink: Callable[[Pixels], Pixels]
    stages: Callable[[Pixels], list[list[Stage]]]
    stages_from_ink: Callable[[Pixels], list[list[Stage]]]
    revision: int = 2


# By the name in a model file.
PREPROCESSORS: Mapping[str, Preprocessor] = MappingProxyType(
    {
        "classic": Preprocessor(
            classic.from_image,
            classic.from_ink,
            classic.from_mnist,
            classic.candidates,
            classic.candidates_from_ink,
            classic.stages,
            classic.stages_from_ink,
        ),
        "ink": Preprocessor(
            ink.from_image,
            ink.from_ink,
            ink.from_mnist,
            ink.candidates,
            ink.candidates_from_ink,
            ink.stages,
            ink.stages_from_ink,
        ),
        "plain": Preprocessor(
            plain.from_image,
            plain.from_ink,
            plain.from_mnist,
            plain.candidates,
            plain.candidates_from_ink,
            plain.stages,
            plain.stages_from_ink,
            revision=1,
        ),
    }
)


def network_input(pictures: Pixels) -> Array:
    """Scale pixels to what a network takes.

    pictures  uint8 (N, 28, 28)
    returns   float32 (N, 28, 28), ink in [0, 1]
    """
    return pictures / np.float32(255)
