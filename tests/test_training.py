from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import pytest
from foreign import ForeignArray

from inkdigits.data.batches import Batches
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from inkdigits.nn.losses import one_hot, smoothed, softmax, softmax_cross_entropy
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD, AdamW
from inkdigits.nn.schedules import Constant, OneCycle
from inkdigits.recipes import CLASSIC, MLP
from inkdigits.training import (
    DivergenceError,
    Tally,
    evaluate,
    fit,
    fit_rejection_threshold,
    fit_temperature,
    inference_params,
    init_state,
    on_device,
)

SMALL = replace(
    MLP,
    network=Network((Flatten(), Dense(784, 16), ReLU(), Dense(16, 10))),
    targets=smoothed(10, 0.1),
    optimizer=SGD(momentum=0.9, weight_decay=2e-4),
    schedule=OneCycle(peak=0.1),
    batch_size=32,
    epochs=3,
    ema_decay=0.0,
    augment=None,
    outliers=0.0,
)
FORGETFUL = replace(
    SMALL,
    network=Network((Flatten(), Dropout(0.2), Dense(784, 16), ReLU(), Dropout(0.5), Dense(16, 10))),
    optimizer=AdamW(),
    schedule=Constant(0.01),
)
ONE_BY_ONE = replace(CLASSIC, epochs=2)
FULL = replace(
    SMALL,
    network=Network((Flatten(), Dense(784, 16), BatchNorm(16), ReLU(), Dense(16, 11))),
    targets=smoothed(11, 0.1),
    ema_decay=0.9,
    augment=MLP.augment,
)
each_recipe = pytest.mark.parametrize(
    "recipe",
    [SMALL, FORGETFUL, ONE_BY_ONE, FULL],
    ids=["momentum", "dropout", "one by one", "augmented, normalized and averaged"],
)


@pytest.fixture(scope="module")
def pictures(digits):
    """300 real digits to train on, and 100 to validate on."""
    x, labels = digits.images[:400] / np.float32(255), digits.labels[:400]
    return (x[:300], labels[:300]), (x[300:], labels[300:])


def dealt(recipe, pictures, seed=0):
    return Batches(*pictures[0], recipe.batch_size, seed, recipe.shuffle, recipe.augment)


def trained(recipe, pictures, seed=0):
    state = init_state(recipe, seed)
    records = list(fit(recipe, dealt(recipe, pictures, seed), state, pictures[1]))
    return state, records


def without_times(records):
    return [replace(record, seconds=0, images_per_second=0) for record in records]


class Stop(Exception):
    """Training is to stop."""


@dataclass
class Stopping:
    """Batches that end training after so many."""

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


def test_each_epoch_gives_a_record(pictures):
    state, records = trained(SMALL, pictures)
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


def test_a_small_network_learns_32_digits_by_heart(pictures):
    few = tuple(part[:32] for part in pictures[0])
    recipe = replace(SMALL, epochs=40, schedule=Constant(0.05))
    *_, last = fit(recipe, dealt(recipe, (few,)), init_state(recipe, 0))
    assert last.accuracy == 1


def test_a_record_measures_each_picture_before_it_is_trained_on(pictures):
    """With a learning rate of zero, that is what the start comes to."""
    recipe = replace(SMALL, schedule=Constant(0.0), optimizer=SGD(), epochs=1)
    state, (record,) = trained(recipe, pictures)
    assert np.array_equal(state.params, init_state(recipe, 0).params)
    x, labels = pictures[0]
    logits, _ = recipe.network.forward(recipe.network.layer_params(state.params), x)
    loss, _ = softmax_cross_entropy(logits, recipe.targets[labels])
    assert record.loss == pytest.approx(loss, rel=1e-5)
    assert record.accuracy == np.mean(logits.argmax(axis=1) == labels)


def test_the_validation_is_measured_after_the_epoch(pictures):
    state, records = trained(SMALL, pictures)
    assert evaluate(SMALL, state.params, *pictures[1]) == (
        records[-1].validation_loss,
        records[-1].validation_accuracy,
    )


def test_without_validation_none_is_measured_and_training_is_the_same(pictures):
    state = init_state(SMALL, 0)
    records = list(fit(SMALL, dealt(SMALL, pictures), state))
    with_it, expected = trained(SMALL, pictures)
    assert np.array_equal(state.params, with_it.params)
    assert without_times(records) == [
        replace(record, validation_loss=None, validation_accuracy=None)
        for record in without_times(expected)
    ]


@each_recipe
def test_a_seed_decides_everything(recipe, pictures):
    (one, records), (same, same_records) = (trained(recipe, pictures) for _ in range(2))
    assert one.params.dtype == one.optimizer_state.dtype == np.float32
    assert one.params.tobytes() == same.params.tobytes()
    assert without_times(records) == without_times(same_records)
    assert not np.array_equal(one.params, trained(recipe, pictures, seed=1)[0].params)


@each_recipe
@pytest.mark.parametrize("pause", [1, 7, 10])
def test_what_is_stopped_goes_on_to_the_same_bits(recipe, pictures, pause):
    """In the middle of an epoch and at its end, again and again."""
    batches = dealt(recipe, pictures)
    pause *= len(batches) // 10
    state, records, stops = init_state(recipe, 0), [], []
    while state.step < len(batches) * recipe.epochs:
        with suppress(Stop):
            records.extend(fit(recipe, Stopping(batches, pause), state, pictures[1]))
        stops.append(state.step)
    assert stops[:-1] == list(range(pause, len(batches) * recipe.epochs, pause))
    expected, expected_records = trained(recipe, pictures)
    assert state.params.tobytes() == expected.params.tobytes()
    assert state.optimizer_state.tobytes() == expected.memory.tobytes()
    assert state.ema.tobytes() == expected.average.tobytes()
    assert state.rng.bit_generator.state == expected.rng.bit_generator.state
    assert without_times(records) == without_times(expected_records)


@each_recipe
def test_arrays_of_another_library_are_trained_alike(recipe, pictures):
    """As a GPU's would be: see tests/foreign.py. The arithmetic is the same, so the bits are."""
    (x, labels), validation = pictures
    expected, expected_records = trained(recipe, pictures)

    here = init_state(recipe, 0)
    abroad = replace(
        here,
        params=ForeignArray(here.params),
        memory=ForeignArray(here.memory),
        average=ForeignArray(here.average),
    )
    if here.average is here.params:
        abroad = replace(abroad, average=abroad.params)
    foreign = (ForeignArray(x), ForeignArray(labels)), tuple(map(ForeignArray, validation))
    records = list(fit(recipe, dealt(recipe, foreign), abroad, foreign[1]))

    assert abroad.params.get().tobytes() == expected.params.tobytes()
    assert abroad.average.get().tobytes() == expected.average.tobytes()
    assert without_times(records) == without_times(expected_records)


def test_the_average_follows_the_parameters_at_its_decay(pictures):
    recipe = replace(SMALL, ema_decay=0.9, epochs=1)
    state = init_state(recipe, 0)
    assert state.ema is not state.params
    expected, steps = state.params.astype(np.float64), 0
    batches = dealt(recipe, pictures)
    while state.step < len(batches):
        with suppress(Stop):
            list(fit(recipe, Stopping(batches, 1), state))
        decay = min(0.9, (1 + steps) / (10 + steps))
        steps += 1
        expected = decay * expected + (1 - decay) * state.params
        np.testing.assert_allclose(state.ema, expected, rtol=1e-4, atol=1e-6)


def test_what_reads_is_the_average_with_normalization_folded_in(pictures):
    state, _ = trained(FULL, pictures)
    batches = dealt(FULL, pictures)
    vector = inference_params(FULL, batches, state)
    expected = FULL.network.fold_batch_norm(state.ema, [x for x, _ in batches.epoch(0)])
    np.testing.assert_array_equal(vector, expected)


def test_without_averaging_what_reads_are_the_parameters_themselves(pictures):
    state, _ = trained(SMALL, pictures)
    assert state.ema is state.params
    np.testing.assert_array_equal(
        inference_params(SMALL, dealt(SMALL, pictures), state), state.params
    )


def test_to_the_cpu_nothing_is_brought():
    state = init_state(FULL, 0)
    same = on_device(state, "cpu")
    assert same.params is state.params
    assert same.memory is state.optimizer_state
    assert same.average is state.ema


def test_what_is_finished_does_nothing_more(pictures):
    state, _ = trained(SMALL, pictures)
    before = state.params.copy()
    assert list(fit(SMALL, dealt(SMALL, pictures), state, pictures[1])) == []
    assert np.array_equal(state.params, before)


def test_the_batches_and_the_pictures_are_left_as_they_are(pictures):
    before = [array.copy() for part in pictures for array in part]
    trained(FORGETFUL, pictures)
    assert all(map(np.array_equal, before, [array for part in pictures for array in part]))


def exploding(step, rate=1e30):
    """A learning rate that is far too large at one step."""
    return lambda number, steps: rate if number == step else 0.01


def test_f7_when_the_loss_is_no_number_the_weights_are_those_before_the_step(pictures):
    recipe = replace(SMALL, schedule=exploding(14), optimizer=SGD())
    state, records = init_state(recipe, 0), []
    with pytest.raises(DivergenceError, match=r"not a number at step 15$") as caught:
        records.extend(fit(recipe, dealt(recipe, pictures), state, pictures[1]))
    assert caught.value.step == state.step == 15

    expected = init_state(recipe, 0)
    with pytest.raises(Stop):
        list(fit(recipe, Stopping(dealt(recipe, pictures), 15), expected, pictures[1]))
    assert state.params.tobytes() == expected.params.tobytes()
    assert state.tally.examples == expected.tally.examples == 5 * 32


def test_f7_a_validation_loss_that_is_no_number_is_no_record(pictures):
    recipe = replace(SMALL, schedule=exploding(9))
    state = init_state(recipe, 0)
    with pytest.raises(DivergenceError) as caught:
        next(fit(recipe, dealt(recipe, pictures), state, pictures[1]))
    assert caught.value.step == state.step == 10


def test_evaluate_measures_the_recipes_own_loss(pictures):
    recipe = replace(SMALL, targets=CLASSIC.targets)
    x, labels = pictures[0]
    vector = init_state(recipe, 0).params
    logits, _ = recipe.network.forward(recipe.network.layer_params(vector), x)
    loss = softmax_cross_entropy(logits, recipe.targets[labels])[0]
    measured, accuracy = evaluate(recipe, vector, x, labels)
    assert measured == pytest.approx(loss, rel=1e-5)
    assert accuracy == np.mean(logits.argmax(axis=1) == labels)


def test_evaluate_forgets_nothing(pictures):
    vector = init_state(FORGETFUL, 0).params
    x, labels = pictures[1]
    logits, _ = FORGETFUL.network.forward(FORGETFUL.network.layer_params(vector), x)
    assert evaluate(FORGETFUL, vector, x, labels) == (
        pytest.approx(softmax_cross_entropy(logits, FORGETFUL.targets[labels])[0], rel=1e-6),
        np.mean(logits.argmax(axis=1) == labels),
    )


@pytest.mark.parametrize("temperature", [0.25, 1.0, 1.7, 6.0])
def test_the_temperature_that_labels_were_drawn_at_is_found(temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, (20_000, 10)).astype(np.float32)
    # Gumbel's trick draws a class with the softmax's probabilities.
    labels = (logits / temperature + rng.gumbel(size=logits.shape)).argmax(axis=1)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.03)


def test_the_temperature_makes_the_loss_least(pictures):
    state, _ = trained(SMALL, pictures)
    x, labels = pictures[1]
    logits, _ = SMALL.network.forward(SMALL.network.layer_params(state.params), x)
    best = fit_temperature(logits, labels)

    def loss(temperature):
        return softmax_cross_entropy(logits / np.float32(temperature), one_hot(10)[labels])[0]

    assert loss(best) < min(loss(best * 1.02), loss(best / 1.02))
    confidence = softmax(logits / np.float32(best)).max(axis=1).mean()
    assert confidence == pytest.approx(np.mean(logits.argmax(axis=1) == labels), abs=0.1)


def test_a_temperature_stays_within_what_a_model_file_takes():
    """Where every answer is right, or none means anything, the best one would have no bound."""
    labels = np.arange(10).repeat(10)
    assert 0.05 <= fit_temperature(one_hot(10)[labels], labels) < 0.06
    assert 19 < fit_temperature(one_hot(10)[9 - labels], labels) <= 20


def test_the_threshold_refuses_its_share():
    rejection_scores = np.random.default_rng(0).permutation(np.linspace(-30, 5, 10_000))
    threshold = fit_rejection_threshold(rejection_scores)
    assert np.count_nonzero(rejection_scores > threshold) == 40


def test_eleven_outputs_are_read_as_ten_digits(pictures):
    """Of a real digit, only which of the ten is asked: whether it is one is the threshold's."""
    recipe = replace(SMALL, network=Network((Flatten(), Dense(784, 11))), targets=smoothed(11, 0))
    x, labels = pictures[0]
    vector = np.zeros(recipe.network.size, np.float32)
    vector[-11:] = np.arange(11)
    assert evaluate(recipe, vector, x, labels)[1] == np.mean(labels == 9)
