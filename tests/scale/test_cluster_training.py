"""Training over the workers of a cluster: its results, losses of workers, and stopping."""

import re
from dataclasses import replace
from unittest.mock import MagicMock

import numpy as np
import pytest
from processes import kill_worker

from inkdigits import training
from inkdigits.data.batches import Batches
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from inkdigits.nn.network import Network
from inkdigits.recipes import MLP
from inkdigits.scale import training as cluster_training
from inkdigits.scale.cluster import Cluster
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.training import ClusterTraining, Workers
from inkdigits.training import DivergenceError

RECIPE = replace(
    MLP,
    network=Network(
        (Flatten(), Dense(784, 16), BatchNorm(16), ReLU(), Dropout(0.5), Dense(16, 11))
    ),
    batch_size=32,
    epochs=2,
)
COUNT = 300  # images; an epoch has ten steps


class Stop(Exception):
    """Stops training."""


class Watched:
    """Batches that call a function when a step is reached; it may raise an exception."""

    def __init__(self, recipe=RECIPE, at=None, do=lambda: None):
        rng = np.random.default_rng(0)
        images = rng.random((COUNT, 28, 28), np.float32)
        labels = rng.integers(0, 11, COUNT)
        self.batches = Batches(images, labels, recipe.batch_size, 0, augment=recipe.augment)
        self._at, self._do = at, do

    @property
    def validation(self):
        return self.batches.inputs[:50], self.batches.labels[:50]

    def reached(self, epoch, step):
        if self._at is not None and (epoch, step) >= self._at:
            self._do()

    def __len__(self):
        return len(self.batches)

    def sample(self, count):
        return self.batches.sample(count)


def trained(cluster, workers, watched, state, recipe=RECIPE):
    """Train in place; return the records, and what was warned of."""
    warnings = []
    place = ClusterTraining(cluster, workers, warnings.append)
    return list(place.fit(recipe, watched, state, watched.validation)), warnings


def assert_same_bits(state, other):
    for array in ("params", "optimizer_state", "ema"):
        np.testing.assert_array_equal(getattr(state, array), getattr(other, array))
    assert state.rng.bit_generator.state == other.rng.bit_generator.state
    assert state.step == other.step


@pytest.fixture(scope="module", autouse=True)
def often_asked():
    """Let workers make a step or a few at a time, so that something can happen in between."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster_training, "CALL_SECONDS", 1e-4)
        yield


@pytest.fixture(scope="module")
def undisturbed(ray_cluster):
    """The state after a run with two workers, and its records."""
    state = training.init_state(RECIPE, 0)
    records, warnings = trained(ray_cluster, 2, Watched(), state)
    assert not warnings
    return state, records


@pytest.mark.ray
def test_epochs_equal_those_of_one_process(undisturbed):
    state, records = undisturbed
    watched, alone = Watched(), training.init_state(RECIPE, 0)
    expected = list(training.fit(RECIPE, watched.batches, alone, watched.validation))
    assert [record.epoch for record in records] == [1, 2]
    for record, other in zip(records, expected, strict=True):
        assert record.loss == pytest.approx(other.loss, rel=1e-3)
        assert record.accuracy == pytest.approx(other.accuracy, abs=0.02)
        assert record.validation_loss == pytest.approx(other.validation_loss, rel=1e-2)
        assert record.learning_rate == other.learning_rate
    assert (state.step, state.tally) == (20, alone.tally)
    assert state.rng.bit_generator.state == alone.rng.bit_generator.state


@pytest.mark.ray
def test_killed_worker_changes_no_bit(ray_cluster, undisturbed, monkeypatch, capfd):
    monkeypatch.setattr(cluster_training, "COPY_SECONDS", 0.0)  # so that steps are not repeated
    times = iter([0])  # once only
    watched = Watched(at=(1, 3), do=lambda: [kill_worker("TrainingWorker", n) for n in times])
    state = training.init_state(RECIPE, 0)
    records, warnings = trained(ray_cluster, 2, watched, state)
    assert len(warnings) == 1
    assert re.fullmatch(r"A worker was lost \(.+\); training goes on at step 1\d\.", warnings[0])
    assert_same_bits(state, undisturbed[0])
    for record, other in zip(records, undisturbed[1], strict=True):
        assert replace(record, seconds=0, images_per_second=0) == replace(
            other, seconds=0, images_per_second=0
        )
    assert capfd.readouterr().out == ""  # Ray's own message would be among the command's


class OneLate:
    """Ray, but when one waits for workers, the last of them seems not to have started."""

    def __init__(self, ray):
        self._ray = ray

    def __getattr__(self, name):
        return getattr(self._ray, name)

    def wait(self, references, num_returns, timeout):
        ready, late = self._ray.wait(references, num_returns=num_returns, timeout=timeout)
        assert not late
        return ready[:-1], ready[-1:]


@pytest.mark.ray
def test_training_goes_on_with_the_workers_that_can_be_started_again(ray_cluster, undisturbed):
    def lose():
        if place.workers == 2:
            kill_worker("TrainingWorker")
            place._ray = OneLate(place._ray)
            watched.reached = lambda epoch, step: None

    warnings, state = [], training.init_state(RECIPE, 0)
    place, watched = ClusterTraining(ray_cluster, 2, warnings.append), Watched(at=(1, 2), do=lose)
    records = list(place.fit(RECIPE, watched, state, watched.validation))
    assert warnings[1:] == ["Only 1 of 2 workers can be started again."]
    assert (place.workers, state.step) == (1, 20)
    assert records[0] == replace(
        undisturbed[1][0],
        **{name: getattr(records[0], name) for name in ("seconds", "images_per_second")},
    )
    assert records[1].loss == pytest.approx(undisturbed[1][1].loss, rel=1e-3)


@pytest.mark.ray
def test_workers_that_are_lost_again_and_again_end_training(ray_cluster, monkeypatch):
    monkeypatch.setattr(cluster_training, "MAX_LOSSES", 2)
    state = training.init_state(RECIPE, 0)
    watched = Watched(at=(0, 1), do=lambda: kill_worker("TrainingWorker", 1))
    with pytest.raises(ScaleError, match=r"Workers were lost 2 times at step 0 \(.+\): check"):
        trained(ray_cluster, 2, watched, state)
    assert_same_bits(state, training.init_state(RECIPE, 0))


@pytest.mark.ray
def test_stopped_training_goes_on_with_another_number_of_workers(ray_cluster, undisturbed):
    def stop():
        raise Stop

    state = training.init_state(RECIPE, 0)
    with pytest.raises(Stop):
        trained(ray_cluster, 2, Watched(at=(0, 4), do=stop), state)
    assert 4 <= state.step < 10
    assert state.tally.examples == 32 * state.step
    records, _ = trained(ray_cluster, 1, Watched(), state)
    assert records[0].loss == pytest.approx(undisturbed[1][0].loss, rel=1e-3)
    assert records[1].validation_loss == pytest.approx(undisturbed[1][1].validation_loss, rel=1e-2)


@pytest.mark.ray
def test_divergence_is_reported_with_its_step(ray_cluster):
    recipe = replace(RECIPE, network=Network((Flatten(), Dense(784, 11))), ema_decay=0.0)
    watched, state = Watched(recipe), training.init_state(recipe, 0)
    watched.batches.inputs[:] = np.inf
    with pytest.raises(DivergenceError, match="at step 0"):
        trained(ray_cluster, 2, watched, state, recipe)


@pytest.mark.ray
def test_too_few_free_cpus_are_reported(ray_cluster, monkeypatch):
    monkeypatch.setattr(cluster_training, "START_SECONDS", 0.5)
    state = training.init_state(RECIPE, 0)
    many = Cluster(ray_cluster.cpus + 1)  # as if others used one CPU
    with pytest.raises(ScaleError, match=r"Only \d of \d workers have started within 0\.5 s"):
        trained(many, None, Watched(), state)


class FakeWorkers(Workers):
    """Workers that have come to different weights."""

    def __init__(self, state):
        super().__init__([])
        self._actors = [MagicMock()]
        self._state = state

    def results(self, references):
        return [self._state, "one digest", "another"]


@pytest.mark.ray
def test_workers_with_different_weights_end_training():
    state = training.init_state(RECIPE, 0)
    with pytest.raises(ScaleError, match="The workers have come to different weights"):
        FakeWorkers(state).copy_state(state)
