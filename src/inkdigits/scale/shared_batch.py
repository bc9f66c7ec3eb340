"""One worker's share of each batch: what layers and training exchange with the other workers.

All workers have the same state, and a step changes it in the same way in all of them: it depends on
the sums over the whole batch, which are the same bits everywhere, and on random numbers that each
worker draws for the whole batch.
"""

from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from inkdigits.arrays import Array
from inkdigits.batch_share import Share
from inkdigits.data.batches import Batches
from inkdigits.nn.layers import BatchNorm
from inkdigits.nn.network import Network
from inkdigits.recipes import Recipe
from inkdigits.scale.all_reduce import Ring
from inkdigits.training import TrainState


class OutOfStep(Exception):
    """The workers have not computed rows of the same batch."""


class WorkerShare(Share):
    """The rows of each batch that one worker computes.

    A worker for which a batch has no row computes one that counts for nothing, so that it takes
    part in every exchange.
    """

    def __init__(self, ring: Ring, batches: Batches) -> None:
        """Take the worker's place in the ring, and its batches: those with its rows."""
        self._ring = ring
        self._batches = batches
        self._buffer = np.empty(0, np.float32)
        self.batch_size = 0  # examples of the present batch, over all workers

    @property
    def rows(self) -> slice:
        """The worker's rows of the present batch."""
        return self._batches.rows.of(self.batch_size)

    @property
    def _counted(self) -> int:
        return self._batches.rows.count(self.batch_size)

    def examples(self, step: int, rows: int) -> int:
        """Return how many examples the batch of a step has, over all workers."""
        self.batch_size = self._batches.examples(step % len(self._batches))
        return self.batch_size

    def sums(self, own: Array) -> Array:
        """Add up over the workers.

        own      float32, any shape: sums over this worker's rows
        returns  float32, the same shape
        """
        total = np.array(own, order="C") if self._counted else np.zeros_like(own)
        self._ring.add_up(total.reshape(-1))
        return total

    def total(self, gradient: Array, loss: float, correct: int) -> tuple[float, int]:
        """Add up what one step has computed, in one exchange.

        raises   OutOfStep if other workers were at another batch
        """
        if len(self._buffer) != len(gradient) + 3:
            self._buffer = np.empty_like(gradient, shape=len(gradient) + 3)
        if self._counted:
            self._buffer[:-3] = gradient
            self._buffer[-3:] = loss, correct, self._counted
        else:
            self._buffer[:] = 0
        self._ring.add_up(self._buffer)
        gradient[:] = self._buffer[:-3]
        total_loss, total_correct, examples = self._buffer[-3:].tolist()
        if round(examples) != self.batch_size:
            raise OutOfStep(f"rows add up to {examples:.0f} of {self.batch_size}")
        return total_loss, round(total_correct)


@dataclass(frozen=True)
class SharedBatchNorm(BatchNorm):
    """Batch normalization whose statistics are those of the whole batch, over all workers."""

    share: WorkerShare | None = field(default=None, repr=False, compare=False)

    def examples(self, x: Array) -> int:
        """Return how many examples the batch has, over all workers."""
        return len(x) if self.share is None else self.share.batch_size

    def total(self, sums: Array) -> Array:
        """Add up over the workers."""
        return sums if self.share is None else self.share.sums(sums)


class SharedGenerator(np.random.Generator):
    """Draws for the whole batch, and returns the numbers of this worker's rows.

    So dropout masks, and the generator's state after them, do not depend on the number of workers.
    """

    def __init__(self, generator: np.random.Generator, share: WorkerShare) -> None:
        super().__init__(generator.bit_generator)
        self._share = share

    def random(self, size: Any = None, dtype: Any = np.float64, out: Any = None) -> Any:
        """Draw uniformly from [0, 1); the first axis is that of the worker's examples."""
        drawn = super().random((self._share.batch_size, *size[1:]), dtype, out)
        return drawn[self._share.rows]


def share_batches(
    recipe: Recipe, batches: Batches, state: TrainState, ring: Ring
) -> tuple[Recipe, TrainState, WorkerShare]:
    """Make what `training.steps` takes in one of several workers.

    batches  with the worker's rows
    returns  the recipe, with batch normalization over all workers; the state, with arrays of its
             own and a generator that draws for the whole batch; the worker's share
    """
    share = WorkerShare(ring, batches)
    layers = tuple(
        SharedBatchNorm(layer.channels, layer.epsilon, share)
        if isinstance(layer, BatchNorm)
        else layer
        for layer in recipe.network.layers
    )
    params = state.params.copy()
    shared = replace(
        state,
        params=params,
        optimizer_state=state.optimizer_state.copy(),
        ema=state.ema.copy() if state.has_ema else params,
        rng=SharedGenerator(deepcopy(state.rng), share),
        tally=replace(state.tally),
    )
    return replace(recipe, network=Network(layers)), shared, share


def own_state(state: TrainState) -> TrainState:
    """Return a state without what only its worker has, to be continued anywhere."""
    return replace(state, rng=np.random.Generator(state.rng.bit_generator))
