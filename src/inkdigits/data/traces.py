"""Pen trajectories of handwritten digits, whichever data set they come from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array


@dataclass(frozen=True, eq=False)
class Traces:
    """Pen trajectories of handwritten digits with their labels and writers.

    A writer is any label that compares equal to itself alone: a number in Pendigits, a string in
    UNIPEN.
    """

    strokes: Sequence[Sequence[Array]]  # of each digit: float32 (M, 2), x and y downwards
    labels: NDArray[np.uint8]  # (N,) 0 to 9
    writers: NDArray[Any]  # (N,) integers or strings
    hashes: Mapping[str, str] = field(default_factory=dict)  # file name -> SHA-256 of its content

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, selection: Any) -> "Traces":
        """Return the digits selected by an index array, a boolean mask (N,) or a slice."""
        return replace(
            self,
            strokes=[self.strokes[digit] for digit in np.arange(len(self))[selection]],
            labels=self.labels[selection],
            writers=self.writers[selection],
        )


def select_writers(traces: Traces, writers: Sequence[Any]) -> Traces:
    """Return the digits of some of the writers, in the same order."""
    return traces.take(np.isin(traces.writers, writers))
