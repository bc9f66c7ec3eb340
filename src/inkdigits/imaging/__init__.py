"""Pictures: from the bytes of a file to the 28x28 that a network sees."""

from collections.abc import Callable
from typing import NamedTuple

from inkdigits.arrays import Pixels
from inkdigits.imaging import classic, ink


class CleanUp(NamedTuple):
    """One way to clean pictures: a drawing, ink that is told from its sheet already, and MNIST's.

    clean        uint8 (H, W, 4) -> uint8 (28, 28)
    fit          uint8 (H, W), how much each pixel stands out from the sheet -> uint8 (28, 28)
    clean_batch  uint8 (N, 28, 28) -> uint8 (N, 28, 28)
    """

    clean: Callable[[Pixels], Pixels]
    fit: Callable[[Pixels], Pixels]
    clean_batch: Callable[[Pixels], Pixels]


# By the name that a model's file gives.
CLEAN_UPS = {
    "classic": CleanUp(classic.clean, classic.fit, classic.clean_batch),
    "ink": CleanUp(ink.clean, ink.fit, ink.clean_batch),
}
