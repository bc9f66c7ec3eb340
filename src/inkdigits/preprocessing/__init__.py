"""Pictures: from the bytes of a file to the 28x28 that a network sees."""

from collections.abc import Callable
from typing import NamedTuple

from inkdigits.arrays import Pixels
from inkdigits.preprocessing import classic, ink


class Preprocessor(NamedTuple):
    """One way to clean pictures: a drawing, ink that is told from its sheet already, and MNIST's.

    clean        uint8 (H, W, 4) -> uint8 (28, 28)
    fit          uint8 (H, W), how much each pixel stands out from the sheet -> uint8 (28, 28)
    from_mnist  uint8 (N, 28, 28) -> uint8 (N, 28, 28)
    """

    from_image: Callable[[Pixels], Pixels]
    from_ink: Callable[[Pixels], Pixels]
    from_mnist: Callable[[Pixels], Pixels]
    revision: int = 1


# By the name that a model's file gives.
PREPROCESSORS = {
    "classic": Preprocessor(classic.from_image, classic.from_ink, classic.from_mnist),
    "ink": Preprocessor(ink.from_image, ink.from_ink, ink.from_mnist),
}
