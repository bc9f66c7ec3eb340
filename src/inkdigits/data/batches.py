"""Deals out examples in minibatches, in an order that a seed and an epoch's number fix."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from inkdigits.arrays import Array, Labels


@dataclass(frozen=True, eq=False)
class Batches:
    """Minibatches of some examples, epoch after epoch.

    An epoch's order follows from the seed and the epoch's number alone, so a run that is resumed
    in the middle of an epoch needs to remember nothing else. Unshuffled batches are views.
    """

    inputs: Array  # float32 (N, ...)
    labels: Labels  # (N,)
    size: int  # examples in a batch; the last of an epoch may be shorter
    seed: int
    shuffle: bool = True

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"a batch has at least 1 example, not {self.size}")
        if len(self.inputs) != len(self.labels):
            raise ValueError(f"{len(self.inputs)} inputs do not fit {len(self.labels)} labels")

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.labels) // self.size)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Array, Labels]]:
        """Yield the batches of an epoch, without those before its first step.

        number      of the epoch, from 0
        first_step  how many of its batches are done already
        yields      inputs float32 (size, ...) and labels (size,)
        """
        order = None
        if self.shuffle:
            order = np.random.default_rng((self.seed, number)).permutation(len(self.labels))
        for start in range(first_step * self.size, len(self.labels), self.size):
            here = slice(start, start + self.size)
            chosen = here if order is None else order[here]
            yield self.inputs[chosen], self.labels[chosen]
