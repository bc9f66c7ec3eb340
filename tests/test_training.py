"""Training: its records, its exact continuation, EMA, divergence, evaluation."""

from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pytest
from foreign import ForeignArray

from inkdigits.data.batches import Batches
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from inkdigits.nn.losses import LabelSmoothing, SoftTargets, softmax_cross_entropy
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD, AdamW
from inkdigits.nn.schedules import Constant, OneCycle
from inkdigits.recipes import CLASSIC, MILD, MLP
from inkdigits.training import (
    DivergenceError,
    Epoch,
    Step,
    Tally,
    evaluate,
    fit,
    inference_params,
    init_state,
    state_to_device,
    steps,
)

SMALL = replace(
    MLP,
    network=Network((Flatten(), Dense(784, 16), ReLU(), Dense(16, 10))),
    targets=LabelSmoothing(0.1),
    optimizer=SGD(momentum=0.9, weight_decay=2e-4),
    schedule=OneCycle(peak=0.1),
    batch_size=32,
    epochs=3,
    ema_decay=0.0,
    augment=None,
    outliers=0.0,
)
DROPOUT = replace(
    SMALL,
    network=Network((Flatten(), Dropout(0.2), Dense(784, 16), ReLU(), Dropout(0.5), Dense(16, 10))),
    optimizer=AdamW(),
    schedule=Constant(0.01),
)
SINGLE = replace(CLASSIC, epochs=2)
FULL = replace(
    SMALL,
    network=Network((Flatten(), Dense(784, 16), BatchNorm(16), ReLU(), Dense(16, 11))),
    ema_decay=0.9,
    augment=MILD,
)
each_recipe = pytest.mark.parametrize(
    "recipe",
    [SMALL, DROPOUT, SINGLE, FULL],
    ids=["momentum", "dropout", "batches of one", "augmentation, batch norm and EMA"],
)


@pytest.fixture(scope="module")
def data(digits):
    """300 real training digits, and 100 validation digits."""
    x, labels = digits.images[:400] / np.float32(255), digits.labels[:400]
    return (x[:300], labels[:300]), (x[300:], labels[300:])


def batches_of(recipe, data, seed=0):
    return Batches(*data[0], recipe.batch_size, seed, recipe.shuffle, recipe.augment)


def trained(recipe, data, seed=0):
    state = init_state(recipe, seed)
    records = list(fit(recipe, batches_of(recipe, data, seed), state, data[1]))
    return state, records


def without_times(records):
    return [replace(record, seconds=0, images_per_second=0) for record in records]


class Stop(Exception):
    """Stops training."""


@dataclass
class StoppingBatches:
    """Batches that stop training after a number of them."""

    batches: Batches
    left: int

    def __len__(self):
        return len(self.batches)

    def epoch(self, number, first_step=0):
        for batch in self.batches.epoch(number, first_step):
            if self.left == 0:
                raise Stop
            self.left -= 1
            yield batch

    def sample(self, count):
        return self.batches.sample(count)


def test_each_epoch_yields_a_record(data):
    state, records = trained(SMALL, data)
    assert [record.epoch for record in records] == [1, 2, 3]
    assert state.step == 30
    assert state.tally == Tally()
    assert [record.learning_rate for record in records] == [
        SMALL.schedule(step, 30) for step in (9, 19, 29)
    ]
    assert all(
        record.images_per_second == pytest.approx(300 / record.seconds) for record in records
    )
    assert records[-1].loss < records[0].loss
    assert records[-1].validation_accuracy > 0.5


def test_small_network_overfits_32_digits(data):
    few = tuple(part[:32] for part in data[0])
    recipe = replace(SMALL, epochs=40, schedule=Constant(0.05))
    *_, last = fit(recipe, batches_of(recipe, (few,)), init_state(recipe, 0))
    assert last.accuracy == 1


def test_record_measures_each_image_before_its_step(data):
    """With a learning rate of zero, the record is the evaluation of the initial parameters."""
    recipe = replace(SMALL, schedule=Constant(0.0), optimizer=SGD(), epochs=1)
    state, (record,) = trained(recipe, data)
    assert np.array_equal(state.params, init_state(recipe, 0).params)
    x, labels = data[0]
    logits, _ = recipe.network.forward(recipe.network.layer_params(state.params), x)
    loss, _ = softmax_cross_entropy(logits, recipe.target_table[labels])
    assert record.loss == pytest.approx(loss, rel=1e-5)
    assert record.accuracy == np.mean(logits.argmax(axis=1) == labels)


def test_validation_is_measured_after_the_epoch(data):
    state, records = trained(SMALL, data)
    assert evaluate(SMALL, state.params, *data[1]) == (
        records[-1].validation_loss,
        records[-1].validation_accuracy,
    )


def test_validation_does_not_change_training(data):
    state = init_state(SMALL, 0)
    records = list(fit(SMALL, batches_of(SMALL, data), state))
    with_it, expected = trained(SMALL, data)
    assert np.array_equal(state.params, with_it.params)
    assert without_times(records) == [
        replace(record, validation_loss=None, validation_accuracy=None)
        for record in without_times(expected)
    ]


@each_recipe
def test_seed_determines_everything(recipe, data):
    (one, records), (same, same_records) = (trained(recipe, data) for _ in range(2))
    assert one.params.dtype == one.optimizer_state.dtype == np.float32
    assert one.params.tobytes() == same.params.tobytes()
    assert without_times(records) == without_times(same_records)
    assert not np.array_equal(one.params, trained(recipe, data, seed=1)[0].params)


@each_recipe
@pytest.mark.parametrize("pause", [1, 7, 10])
def test_stopped_training_continues_with_the_same_bits(recipe, data, pause):
    """Stopped in the middle of an epoch and at its end, many times."""
    batches = batches_of(recipe, data)
    pause *= len(batches) // 10
    state, records, stops = init_state(recipe, 0), [], []
    while state.step < len(batches) * recipe.epochs:
        with suppress(Stop):
            records.extend(fit(recipe, StoppingBatches(batches, pause), state, data[1]))
        stops.append(state.step)
    assert stops[:-1] == list(range(pause, len(batches) * recipe.epochs, pause))
    expected, expected_records = trained(recipe, data)
    assert state.params.tobytes() == expected.params.tobytes()
    assert state.optimizer_state.tobytes() == expected.optimizer_state.tobytes()
    assert state.ema.tobytes() == expected.ema.tobytes()
    assert state.rng.bit_generator.state == expected.rng.bit_generator.state
    assert without_times(records) == without_times(expected_records)


@each_recipe
def test_arrays_of_another_library_are_trained_to_the_same_bits(recipe, data):
    """They imitate GPU arrays, with the CPU's arithmetic: see tests/foreign.py."""
    (x, labels), validation = data
    expected, expected_records = trained(recipe, data)

    on_host = init_state(recipe, 0)
    on_device = replace(
        on_host,
        params=ForeignArray(on_host.params),
        optimizer_state=ForeignArray(on_host.optimizer_state),
        ema=ForeignArray(on_host.ema),
    )
    if on_host.ema is on_host.params:
        on_device = replace(on_device, ema=on_device.params)
    foreign = (ForeignArray(x), ForeignArray(labels)), tuple(map(ForeignArray, validation))
    records = list(fit(recipe, batches_of(recipe, foreign), on_device, foreign[1]))

    assert on_device.params.get().tobytes() == expected.params.tobytes()
    assert on_device.ema.get().tobytes() == expected.ema.tobytes()
    assert without_times(records) == without_times(expected_records)


def test_ema_follows_the_parameters_at_its_decay(data):
    recipe = replace(SMALL, ema_decay=0.9, epochs=1)
    state = init_state(recipe, 0)
    assert state.ema is not state.params
    expected, steps = state.params.astype(np.float64), 0
    batches = batches_of(recipe, data)
    while state.step < len(batches):
        with suppress(Stop):
            list(fit(recipe, StoppingBatches(batches, 1), state))
        decay = min(0.9, (1 + steps) / (10 + steps))
        steps += 1
        expected = decay * expected + (1 - decay) * state.params
        np.testing.assert_allclose(state.ema, expected, rtol=1e-4, atol=1e-6)


def test_inference_params_are_the_ema_with_batch_norm_folded(data):
    state, _ = trained(FULL, data)
    batches = batches_of(FULL, data)
    vector = inference_params(FULL, batches, state)
    expected = FULL.network.fold_batch_norm(state.ema, [x for x, _ in batches.epoch(0)])
    np.testing.assert_array_equal(vector, expected)


def test_without_ema_inference_params_are_the_parameters(data):
    state, _ = trained(SMALL, data)
    assert state.ema is state.params
    np.testing.assert_array_equal(
        inference_params(SMALL, batches_of(SMALL, data), state), state.params
    )


@pytest.mark.parametrize("recipe", [SMALL, FULL], ids=["without EMA", "with EMA"])
def test_state_on_the_cpu_is_not_copied(recipe):
    state = init_state(recipe, 0)
    same = state_to_device(state, "cpu")
    assert same.params is state.params
    assert same.optimizer_state is state.optimizer_state
    assert same.ema is state.ema


def test_finished_training_does_nothing(data):
    state, _ = trained(SMALL, data)
    before = state.params.copy()
    assert list(fit(SMALL, batches_of(SMALL, data), state, data[1])) == []
    assert np.array_equal(state.params, before)


def test_training_does_not_modify_the_data(data):
    before = [array.copy() for part in data for array in part]
    trained(DROPOUT, data)
    assert all(map(np.array_equal, before, [array for part in data for array in part]))


def exploding(step, rate=1e30):
    """Return a schedule whose rate is far too large at one step."""
    return lambda number, steps: rate if number == step else 0.01


def test_divergence_leaves_the_weights_from_before_the_step(data):
    recipe = replace(SMALL, schedule=exploding(14), optimizer=SGD())
    state, records = init_state(recipe, 0), []
    with pytest.raises(DivergenceError, match=r"NaN or infinite at step 15$") as caught:
        records.extend(fit(recipe, batches_of(recipe, data), state, data[1]))
    assert caught.value.step == state.step == 15

    expected = init_state(recipe, 0)
    with pytest.raises(Stop):
        list(fit(recipe, StoppingBatches(batches_of(recipe, data), 15), expected, data[1]))
    assert state.params.tobytes() == expected.params.tobytes()
    assert state.tally.examples == expected.tally.examples == 5 * 32


def test_diverged_validation_loss_yields_no_record(data):
    recipe = replace(SMALL, schedule=exploding(9))
    state = init_state(recipe, 0)
    with pytest.raises(DivergenceError) as caught:
        next(fit(recipe, batches_of(recipe, data), state, data[1]))
    assert caught.value.step == state.step == 10


def test_evaluate_computes_the_recipes_own_loss(data):
    recipe = replace(SMALL, targets=SoftTargets())
    x, labels = data[0]
    vector = init_state(recipe, 0).params
    logits, _ = recipe.network.forward(recipe.network.layer_params(vector), x)
    loss = softmax_cross_entropy(logits, recipe.target_table[labels])[0]
    measured, accuracy = evaluate(recipe, vector, x, labels)
    assert measured == pytest.approx(loss, rel=1e-5)
    assert accuracy == np.mean(logits.argmax(axis=1) == labels)


def test_evaluate_does_not_apply_dropout(data):
    vector = init_state(DROPOUT, 0).params
    x, labels = data[1]
    logits, _ = DROPOUT.network.forward(DROPOUT.network.layer_params(vector), x)
    assert evaluate(DROPOUT, vector, x, labels) == (
        pytest.approx(softmax_cross_entropy(logits, DROPOUT.target_table[labels])[0], rel=1e-6),
        np.mean(logits.argmax(axis=1) == labels),
    )


def test_accuracy_ignores_the_output_for_non_digits(data):
    """Whether a digit is rejected depends on the rejection threshold, which is fitted later."""
    recipe = replace(
        SMALL, network=Network((Flatten(), Dense(784, 11))), targets=LabelSmoothing(0.0)
    )
    x, labels = data[0]
    vector = np.zeros(recipe.network.size, np.float32)
    vector[-11:] = np.arange(11)
    assert evaluate(recipe, vector, x, labels)[1] == np.mean(labels == 9)


# Step by step.


def kinds(done):
    return [type(item).__name__ for item in done]


def test_steps_yields_each_step_and_each_epoch(data):
    recipe = replace(SMALL, epochs=2)
    state = init_state(recipe, 0)
    done, gradients = [], []
    for item in steps(recipe, batches_of(recipe, data), state, data[1]):
        done.append(item)
        if isinstance(item, Step):
            assert item.number == state.step - 1
            gradients.append(item.gradient.copy())
    assert kinds(done) == ([*["Step"] * 10, "Epoch"]) * 2
    expected, records = trained(recipe, data)
    assert state.params.tobytes() == expected.params.tobytes()
    epochs = [item for item in done if isinstance(item, Epoch)]
    assert without_times(epoch.record for epoch in epochs) == without_times(records)
    assert epochs[-1].vector.tobytes() == state.params.tobytes()
    taken = [item for item in done if isinstance(item, Step)]
    assert [step.learning_rate for step in taken] == [recipe.schedule(n, 20) for n in range(20)]
    assert [step.examples for step in taken] == [*[32] * 9, 12] * 2
    assert sum(step.correct for step in taken[:10]) == records[0].accuracy * 300
    # The first step of SGD with momentum is along the gradient, plus the weight decay.
    before = init_state(recipe, 0).params
    first = init_state(recipe, 0)
    next(steps(recipe, batches_of(recipe, data), first))
    rate = recipe.schedule(0, 20)
    np.testing.assert_allclose(
        before - first.params, rate * (gradients[0] + 2e-4 * before), rtol=1e-3, atol=1e-7
    )


@each_recipe
def test_training_left_after_any_step_or_epoch_continues_with_the_same_bits(recipe, data):
    """Also between the last step of an epoch and its record."""
    batches = batches_of(recipe, data)
    pause = len(batches) // 10
    state, records = init_state(recipe, 0), []
    while True:
        done = list(islice(steps(recipe, batches, state, data[1]), pause))
        records += [item.record for item in done if isinstance(item, Epoch)]
        if not done:
            break
    expected, expected_records = trained(recipe, data)
    assert state.params.tobytes() == expected.params.tobytes()
    assert state.ema.tobytes() == expected.ema.tobytes()
    assert without_times(records) == without_times(expected_records)


def test_steps_leaves_the_callers_floating_point_errors_as_they_are(data):
    with np.errstate(all="raise"):
        before = np.geterr()
        for _ in islice(steps(SMALL, batches_of(SMALL, data), init_state(SMALL, 0)), 12):
            assert np.geterr() == before
