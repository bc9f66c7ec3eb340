"""Deals out examples in minibatches, in an order that a seed and an epoch's number fix."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from inkdigits.arrays import Array, Labels
from inkdigits.data.augment import Augment


@dataclass(frozen=True, eq=False)
class Batches:
    """Minibatches of some examples, epoch after epoch.

    An epoch's order follows from the seed and the epoch's number alone, and how a batch is
    augmented from these and its number in the epoch: a run that is resumed in the middle of an
    epoch needs to remember nothing else. Unshuffled batches are views, if not augmented.
    """

    inputs: Array  # float32 (N, ...), on any device
    labels: Labels  # (N,), on the same
    size: int  # examples in a batch; the last of an epoch may be shorter
    seed: int
    shuffle: bool = True
    augment: Augment | None = None  # for inputs (N, 28, 28)

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
            shuffled = np.random.default_rng((self.seed, number)).permutation(len(self.labels))
            order = np.asarray(shuffled, like=self.labels)
        for step in range(first_step, len(self)):
            here = slice(step * self.size, (step + 1) * self.size)
            chosen = here if order is None else order[here]
            inputs = self.inputs[chosen]
            if self.augment:
                inputs = self.augment(inputs, np.random.default_rng((self.seed, number, step)))
            yield inputs, self.labels[chosen]

    def sample(self, count: int) -> Iterator[Array]:
        """Yield the inputs of `count` batches, or of as many as there are, always the same."""
        yield from (inputs for inputs, _ in islice(self.epoch(0), count))
