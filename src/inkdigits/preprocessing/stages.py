"""The pictures on the way from an image to what the network sees, for those who want to look."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels


class Stage(NamedTuple):
    """What one step of the preprocessing made.

    name     of the step, such as "strokes"
    picture  (H, W): uint8; float32, ink in [0, 1]; or bool, True is ink
    """

    name: str
    picture: NDArray[Any]


def last_pictures(candidates: Sequence[Sequence[Stage]]) -> Pixels:
    """Return the last picture of each candidate.

    candidates  for each its stages, of which the last is uint8 (28, 28)
    returns     uint8 (K, 28, 28)
    """
    return np.stack([stages[-1].picture for stages in candidates])
