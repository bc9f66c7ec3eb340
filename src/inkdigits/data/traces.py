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


def copies_by_writer(writers: NDArray[Any], images: int, max_copies: int) -> NDArray[np.int_]:
    """Choose how often to render each digit, so that all writers give about as many images.

    writers     (N,), who wrote each digit
    images      number of images for each writer ...
    max_copies  ... unless it would take more copies of a digit
    returns     int (N,)
    """
    copies = np.zeros(len(writers), int)
    for writer in np.unique(writers):
        digits = np.flatnonzero(writers == writer)
        whole, rest = divmod(min(images, max_copies * len(digits)), len(digits))
        copies[digits] = whole
        # Every n-th digit, because neighbors in the file are often of one class.
        copies[digits[np.linspace(0, len(digits), rest, endpoint=False).astype(int)]] += 1
    return copies
