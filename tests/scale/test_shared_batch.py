"""Steps over several workers, in threads of this process, equal those of one process."""

from contextlib import closing
from copy import deepcopy
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from rings import in_workers

from inkdigits import training
from inkdigits.data.batches import Batches, Rows
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from inkdigits.nn.network import Network
from inkdigits.recipes import CNN_SMALL, MLP
from inkdigits.scale.all_reduce import Ring
from inkdigits.scale.shared_batch import OutOfStep, WorkerShare, own_state, share_batches

MLP_WITH_ALL = replace(
    MLP,
    network=Network(
        (Flatten(), Dense(784, 16), BatchNorm(16), ReLU(), Dropout(0.5), Dense(16, 11))
    ),
    batch_size=13,
    epochs=1,
)
CNN_WITH_ALL = replace(
    CNN_SMALL,
    network=Network(
        (
            AddChannel(),
            Conv2D(1, 4),
            BatchNorm(4),
            ReLU(),
            MaxPool2D(),
            Conv2D(4, 3),
            BatchNorm(3),
            ReLU(),
            Flatten(),
            Dropout(0.2),
            Dense(11 * 11 * 3, 11),
        )
    ),
    batch_size=13,
    epochs=1,
)
WHOLE = Rows()
COUNT = 41  # images: three batches of 13, and one of two, of which a third worker has no row


def images_of(dtype=np.float32):
    rng = np.random.default_rng(0)
    return rng.random((COUNT, 28, 28), np.float32).astype(dtype), rng.integers(0, 11, COUNT)


def state_of(recipe, dtype=np.float32):
    state = training.init_state(recipe, 0)
    params, memory, ema = (
        array.astype(dtype) for array in (state.params, state.optimizer_state, state.ema)
    )
    return replace(state, params=params, optimizer_state=memory, ema=ema)


def batches_of(recipe, dtype=np.float32, rows=WHOLE):
    return Batches(*images_of(dtype), recipe.batch_size, 0, augment=recipe.augment, rows=rows)


def trained_in_workers(recipe, count, dtype=np.float32):
    """The state of each worker after the steps of an epoch, and the gradient of each step."""
    state = state_of(recipe, dtype)

    def work(ring):
        batches = batches_of(recipe, dtype, Rows(ring.number, ring.count))
        shared_recipe, shared, share = share_batches(recipe, batches, state, ring)
        made = islice(training.steps(shared_recipe, batches, shared, share=share), len(batches))
        gradients = [step.gradient.copy() for step in made]
        return own_state(shared), gradients

    return in_workers(count, work)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("recipe", [MLP_WITH_ALL, CNN_WITH_ALL], ids=["mlp", "cnn"])
@pytest.mark.parametrize(
    ("dtype", "tolerance"), [(np.float64, 1e-11), (np.float32, 3e-4)], ids=["float64", "float32"]
)
def test_steps_equal_those_of_one_process(recipe, count, dtype, tolerance):
    state = state_of(recipe, dtype)
    made = islice(training.steps(recipe, batches_of(recipe, dtype), state), 4)
    alone = [step.gradient.copy() for step in made]
    workers = trained_in_workers(recipe, count, dtype)
    for shared, gradients in workers:
        for gradient, expected in zip(gradients, alone, strict=True):
            np.testing.assert_allclose(gradient, expected, rtol=0, atol=tolerance)
        assert shared.rng.bit_generator.state == state.rng.bit_generator.state
        assert shared.step == len(alone)
        assert (shared.tally.examples, shared.tally.correct) == (COUNT, state.tally.correct)
        assert shared.tally.loss == pytest.approx(state.tally.loss, rel=1e-5)
    if dtype == np.float64:  # AdamW makes steps of the learning rate's size of any rounding error
        for array in ("params", "optimizer_state", "ema"):
            values, expected = (getattr(one, array) for one in (workers[0][0], state))
            np.testing.assert_allclose(values, expected, rtol=0, atol=1e-7)


@pytest.mark.parametrize("recipe", [MLP_WITH_ALL, CNN_WITH_ALL], ids=["mlp", "cnn"])
def test_all_workers_have_the_same_bits(recipe):
    (first, _), *others = trained_in_workers(recipe, 3)
    for other, _ in others:
        for array in ("params", "optimizer_state", "ema"):
            np.testing.assert_array_equal(getattr(other, array), getattr(first, array))
        assert replace(other.tally, seconds=0) == replace(first.tally, seconds=0)


def test_divergence_in_the_rows_of_one_worker_is_noticed_by_all():
    recipe = replace(MLP_WITH_ALL, network=Network((Flatten(), Dense(784, 11))), augment=None)

    def work(ring):
        batches = batches_of(recipe, rows=Rows(ring.number, ring.count))
        if ring.number == 1:
            batches.inputs[:] = np.nan
        shared_recipe, shared, share = share_batches(recipe, batches, state_of(recipe), ring)
        with pytest.raises(training.DivergenceError) as raised:
            next(training.steps(shared_recipe, batches, shared, share=share))
        return raised.value.step, shared.params

    for step, params in in_workers(3, work):
        assert step == 0
        np.testing.assert_array_equal(params, state_of(recipe).params)


def test_workers_at_different_batches_are_noticed():
    def work(ring):
        batches = batches_of(MLP_WITH_ALL, rows=Rows(ring.number, ring.count))
        share = WorkerShare(ring, batches)
        share.examples(3 * ring.number, 0)  # of 13 images, and of two
        with pytest.raises(OutOfStep):
            share.total(np.zeros(5, np.float32), 0.0, 0)

    in_workers(2, work)


def test_share_leaves_the_given_state_alone():
    state = state_of(MLP_WITH_ALL)
    before = deepcopy(state)
    with closing(Ring("127.0.0.1")) as ring:
        batches = batches_of(MLP_WITH_ALL)
        recipe, shared, share = share_batches(MLP_WITH_ALL, batches, state, ring)
        next(training.steps(recipe, batches, shared, share=share))
    np.testing.assert_array_equal(state.params, before.params)
    assert (state.step, state.tally) == (0, before.tally)
    assert state.rng.bit_generator.state == before.rng.bit_generator.state
