"""Train over several workers of a Ray cluster, as `training.fit` does in one process.

The workers compute; this process keeps a copy of their state, validates, and starts them again if
one is lost. The training images are sent to each node once, and gradients go from worker to worker.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import fields
from typing import Any, Protocol

from inkdigits import training
from inkdigits.arrays import Array, Labels
from inkdigits.data.batches import Batches
from inkdigits.recipes import Recipe
from inkdigits.scale.all_reduce import RingBroken
from inkdigits.scale.cluster import Cluster, import_ray
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.training_worker import TrainingWorker
from inkdigits.scale.versions import check_versions, versions
from inkdigits.training import DivergenceError, Epoch, Record, TrainState

START_SECONDS = 60  # until all workers must have started
CALL_SECONDS = 0.5  # of steps that a worker makes without asking this process
COPY_SECONDS = 30.0  # of steps that are lost at most with a worker
MAX_LOSSES = 3  # of workers, without a step in between that is kept


class WatchedBatches(Protocol):
    """Batches, and somebody who watches how they are used."""

    @property
    def batches(self) -> Batches:
        """The batches themselves."""

    def reached(self, epoch: int, step: int) -> None:
        """Show how many steps of an epoch are done; may raise an exception to stop training."""


class WorkerLost(Exception):
    """A worker has ended, or does not answer; the message says why."""


class Workers:
    """Actors that train together, from a state that all of them were given."""

    def __init__(self, actors: list[Any]) -> None:
        self._actors = actors
        self._ray = import_ray()

    def __len__(self) -> int:
        return len(self._actors)

    def call(self, method: str, *arguments: Any) -> list[Any]:
        """Call a method of all actors at once; return the results.

        raises   WorkerLost, what the method raises
        """
        return self.results([getattr(actor, method).remote(*arguments) for actor in self._actors])

    def results(self, references: list[Any]) -> list[Any]:
        """Wait for results, but not for those of workers that wait for a lost one."""
        ray = self._ray
        waiting = references
        try:
            while waiting:
                done, waiting = ray.wait(waiting, num_returns=1)
                ray.get(done)
            return list(ray.get(references))
        except ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, RingBroken):
                raise WorkerLost(str(error.cause)) from None
            raise
        except ray.exceptions.RayError as error:
            raise WorkerLost(_first_line(error)) from None

    def begin(self, addresses: list[Any], shared: list[Any]) -> None:
        """Connect the actors with each other, and send them the state."""
        token = secrets.token_bytes(32)
        self.results(
            [
                actor.begin.remote(number, addresses, token, shared)
                for number, actor in enumerate(self._actors)
            ]
        )

    def advance(self, steps: int) -> None:
        """Make a number of steps; raise WorkerLost or DivergenceError."""
        diverged = self.call("advance", steps)[0]
        if diverged is not None:
            raise DivergenceError(diverged)

    def copy_state(self, state: TrainState) -> None:
        """Update a state to the workers'; raise WorkerLost, and ScaleError if theirs differ."""
        copied, *digests = self.results(
            [self._actors[0].state.remote(), *(actor.digest.remote() for actor in self._actors)]
        )
        if len(set(digests)) > 1:
            raise ScaleError(
                "The workers have come to different weights: train on machines with processors of "
                "one kind."
            )
        for field in fields(TrainState):
            setattr(state, field.name, getattr(copied, field.name))


class ClusterTraining:
    """Trains over workers of a cluster. Its `fit` takes the place of `training.fit`."""

    def __init__(self, cluster: Cluster, workers: int | None, warn: Callable[[str], None]) -> None:
        """Take the number of workers; None is one for each CPU.

        warn     called with a sentence when workers were lost and training goes on
        raises   ScaleError if the cluster does not have as many CPUs
        """
        if workers is not None and workers > cluster.cpus:
            raise ScaleError(
                f"The cluster has CPUs for {cluster.cpus} workers, not for {workers}: use a lower "
                "--workers, or add nodes."
            )
        self.workers = workers or max(1, cluster.cpus)
        self._warn = warn
        self._ray = import_ray()

    def fit(
        self,
        recipe: Recipe,
        watched: WatchedBatches,
        state: TrainState,
        validation: tuple[Array, Labels] | None,
    ) -> Iterator[Record]:
        """Train as `training.fit` does; the state may lag behind by COPY_SECONDS within an epoch.

        If `watched` raises an exception to stop training, the state is that of the last step.

        raises   ScaleError if workers cannot be started, or are lost again and again
        """
        batches = self._ray.put(watched.batches)
        total = len(watched.batches) * recipe.epochs
        losses, kept = 0, -1
        while state.step < total or state.tally.examples:
            try:
                with self.started(recipe, batches, state, may_be_fewer=losses > 0) as workers:
                    yield from _train(workers, recipe, watched, state, validation)
            except WorkerLost as lost:
                losses, kept = (losses + 1 if kept == state.step else 1), state.step
                if losses == MAX_LOSSES:
                    raise ScaleError(
                        f"Workers were lost {losses} times at step {state.step} ({lost}): check "
                        "the cluster, and its memory."
                    ) from None
                self._warn(f"A worker was lost ({lost}); training goes on at step {state.step}.")

    @contextmanager
    def started(
        self, recipe: Recipe, batches: Any, state: TrainState, may_be_fewer: bool
    ) -> Iterator[Workers]:
        """Start workers with a state, which end with the context.

        may_be_fewer  whether to train with those that have started in time
        """
        ray = self._ray
        make = ray.remote(num_cpus=1)(TrainingWorker)
        actors = [make.remote() for _ in range(self.workers)]
        try:
            listening = {actor.listen.remote(): actor for actor in actors}
            ready, late = ray.wait([*listening], num_returns=len(actors), timeout=START_SECONDS)
            if late and not (may_be_fewer and ready):
                raise ScaleError(
                    f"Only {len(ready)} of {len(actors)} workers have started within "
                    f"{START_SECONDS} s: use a lower --workers, or wait until the cluster has free "
                    "CPUs (ray status)."
                )
            if late:
                self._warn(f"Only {len(ready)} of {len(actors)} workers can be started again.")
                self.workers = len(ready)
            workers = Workers([listening[reference] for reference in ready])
            answers = workers.results(ready)
            for _, installed in answers:
                check_versions(installed, versions())
            shared = [batches, ray.put((recipe, state))]
            workers.begin([address for address, _ in answers], shared)
            yield workers
        finally:
            for actor in actors:
                ray.kill(actor)


def _train(
    workers: Workers,
    recipe: Recipe,
    watched: WatchedBatches,
    state: TrainState,
    validation: tuple[Array, Labels] | None,
) -> Iterator[Record]:
    """Train to the end, and yield the record of each epoch."""
    size = len(watched.batches)
    while state.step < size * recipe.epochs or state.tally.examples:
        if state.step % size or not state.tally.examples:
            _train_to_end_of_epoch(workers, watched, state)
        # What follows the last step of an epoch is its record.
        made = next(training.steps(recipe, watched.batches, state, validation))
        assert isinstance(made, Epoch)
        yield made.record


def _train_to_end_of_epoch(workers: Workers, watched: WatchedBatches, state: TrainState) -> None:
    """Make the steps that are left of an epoch, and update the state."""
    size = len(watched.batches)
    epoch, done = divmod(state.step, size)
    steps, copied = 1, time.monotonic()
    while done < size:
        try:
            watched.reached(epoch, done)
        except BaseException:
            with suppress(WorkerLost):  # then the state is an earlier one
                workers.copy_state(state)
            raise
        since = time.monotonic()
        steps = min(steps, size - done)
        workers.advance(steps)
        done += steps
        now = time.monotonic()
        steps = max(1, round(steps * min(2.0, CALL_SECONDS / max(now - since, 1e-6))))
        if done == size or now - copied > COPY_SECONDS:
            workers.copy_state(state)
            copied = now


def _first_line(error: BaseException) -> str:
    return str(error).strip().splitlines()[0].rstrip(".")[:300]
