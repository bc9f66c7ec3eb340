"""Yield minibatches in an order that follows from a seed and the number of the epoch."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice

import numpy as np

from inkdigits.arrays import Array, Labels
from inkdigits.data.augment import Augment
from inkdigits.threads import available_cpus


@dataclass(frozen=True)
class Rows:
    """One worker's rows of each batch, of several workers that share the batches.

    If a batch has fewer rows than there are workers, a worker without a row yields the first one,
    and must not count it.
    """

    worker: int = 0
    workers: int = 1

    def of(self, examples: int) -> slice:
        """Return the rows of a batch: numbers of rows differ by one at most."""
        first = examples * self.worker // self.workers
        end = examples * (self.worker + 1) // self.workers
        return slice(first, end) if end > first else slice(1)

    def count(self, examples: int) -> int:
        """Return how many rows of a batch count."""
        end = examples * (self.worker + 1) // self.workers
        return end - examples * self.worker // self.workers


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
    rows: Rows = Rows()  # of each batch, to yield

    def __post_init__(self) -> None:
        if self.size < 1:
            raise ValueError(f"the batch size must be at least 1, not {self.size}")
        if len(self.inputs) != len(self.labels):
            raise ValueError(f"there are {len(self.inputs)} inputs but {len(self.labels)} labels")

    def __len__(self) -> int:
        """Return the number of batches in an epoch."""
        return -(-len(self.labels) // self.size)

    def examples(self, step: int) -> int:
        """Return how many examples a batch has in all, by the number of its step in an epoch."""
        return min(self.size, len(self.labels) - step * self.size)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Array, Labels]]:
        """Yield the batches of an epoch, optionally resuming after its first steps.

        number      of the epoch, from 0
        first_step  number of batches to skip
        yields      inputs float32 (size, ...) and labels (size,), or the `rows` of them
        """
        order = None
        if self.shuffle:
            shuffled = np.random.default_rng((self.seed, number)).permutation(len(self.labels))
            order = np.asarray(shuffled, like=self.labels)

        def batch(step: int) -> tuple[Array, Labels]:
            part = slice(step * self.size, (step + 1) * self.size)
            selection = part if order is None else order[part]
            inputs, labels = self.inputs[selection], self.labels[selection]
            rows = self.rows.of(len(labels))
            if self.augment:
                rng = np.random.default_rng((self.seed, number, step))
                return self.augment(inputs, rng, rows), labels[rows]
            return inputs[rows], labels[rows]

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
