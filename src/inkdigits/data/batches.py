"""Yield minibatches in an order that follows from a seed and the number of the epoch."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from inkdigits.arrays import Array, Labels
from inkdigits.data.augment import Augment


@dataclass(frozen=True, eq=False)
class Batches:
    """Minibatches of a data set, for any number of epochs.

    The order of an epoch depends only on the seed and the epoch's number, and the augmentation of
    a batch only on these and the step: resuming in the middle of an epoch needs no other state.
    Batches that are neither shuffled nor augmented are views of the data.
    """

    inputs: Array  # float32 (N, ...), on any device
    labels: Labels  # (N,), on the same device
    size: int  # examples in a batch; the last one of an epoch may be smaller
    seed: int
    shuffle: bool = True
    augment: Augment | None = None  # for inputs (N, 28, 28)

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"the batch size must be at least 1, not {self.size}")
        if len(self.inputs) != len(self.labels):
            raise ValueError(f"there are {len(self.inputs)} inputs but {len(self.labels)} labels")

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.labels) // self.size)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Array, Labels]]:
        """Yield the batches of an epoch, optionally resuming after its first steps.

        number      of the epoch, from 0
        first_step  number of batches to skip
        yields      inputs float32 (size, ...) and labels (size,)
        """
        order = None
        if self.shuffle:
            shuffled = np.random.default_rng((self.seed, number)).permutation(len(self.labels))
            order = np.asarray(shuffled, like=self.labels)
        for step in range(first_step, len(self)):
            batch = slice(step * self.size, (step + 1) * self.size)
            selection = batch if order is None else order[batch]
            inputs = self.inputs[selection]
            if self.augment:
                inputs = self.augment(inputs, np.random.default_rng((self.seed, number, step)))
            yield inputs, self.labels[selection]

    def sample(self, count: int) -> Iterator[Array]:
        """Yield the inputs of the first `count` batches of epoch 0, or of all if fewer."""
        yield from (inputs for inputs, _ in islice(self.epoch(0), count))
