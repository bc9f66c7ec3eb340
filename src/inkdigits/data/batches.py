"""Yield minibatches in an order that follows from a seed and the number of the epoch."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from inkdigits.arrays import Array, Labels
from inkdigits.data.augment import Augment
from inkdigits.threads import available_cpus


@dataclass(frozen=True, eq=False)
class Batches:
    """Minibatches of a data set, for any number of epochs.

    The order of an epoch depends only on the seed and the epoch's number, and the augmentation of
    a batch only on these and the step: resuming in the middle of an epoch needs no other state.
    While a batch is used, a thread augments the next one.
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

        def batch(step: int) -> tuple[Array, Labels]:
            part = slice(step * self.size, (step + 1) * self.size)
            selection = part if order is None else order[part]
            inputs = self.inputs[selection]
            if self.augment:
                inputs = self.augment(inputs, np.random.default_rng((self.seed, number, step)))
            return inputs, self.labels[selection]

        steps = range(first_step, len(self))
        # A GPU computes beside this process without a thread.
        if self.augment and isinstance(self.inputs, np.ndarray) and available_cpus() > 1:
            return _one_ahead(batch, steps)
        return map(batch, steps)

    def sample(self, count: int) -> Iterator[Array]:
        """Yield the inputs of the first `count` batches of epoch 0, or of all if fewer."""
        yield from (inputs for inputs, _ in islice(self.epoch(0), count))


def _one_ahead(
    batch: Callable[[int], tuple[Array, Labels]], steps: range
) -> Iterator[tuple[Array, Labels]]:
    """Yield the batch of each step, while a thread makes the next one.

    An error in the thread is raised here, and the thread ends with this generator.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        ahead = None
        for step in steps:
            ready, ahead = ahead, thread.submit(batch, step)
            if ready:
                yield ready.result()
        if ahead:
            yield ahead.result()
