"""Minibatches: their order, their augmentation, and resuming an epoch."""

import threading
import time
from dataclasses import replace

import numpy as np
import pytest
from foreign import ForeignArray

from inkdigits.data import batches as batches_module
from inkdigits.data.batches import Batches, Rows
from inkdigits.recipes import MILD, MLP

N = 103


def make(size=10, seed=1, shuffle=True):
    inputs = np.arange(N * 6, dtype=np.float32).reshape(N, 3, 2)
    return Batches(inputs, np.arange(N), size, seed, shuffle)


def order(batches, number, first_step=0):
    return np.concatenate([labels for _, labels in batches.epoch(number, first_step)])


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize(
    ("size", "steps", "last"), [(1, N, 1), (10, 11, 3), (N, 1, N), (500, 1, N)]
)
def test_epoch_contains_each_example_once(size, steps, last, shuffle):
    batches = make(size, shuffle=shuffle)
    epoch = list(batches.epoch(0))
    assert len(batches) == len(epoch) == steps
    assert [len(labels) for _, labels in epoch] == [size] * (steps - 1) + [last]
    assert sorted(order(batches, 0)) == list(range(N))
    for inputs, labels in epoch:
        assert inputs.dtype == np.float32
        np.testing.assert_array_equal(inputs, batches.inputs[labels])


def test_order_depends_on_seed_and_epoch_only():
    batches = make()
    again = make(size=7)
    list(again.epoch(2))
    for number in (0, 1, 5):
        np.testing.assert_array_equal(order(batches, number), order(again, number))
    orders = {tuple(order(make(seed=seed), number)) for seed in (1, 2) for number in (0, 1, 2)}
    assert len(orders) == 6
    assert tuple(range(N)) not in orders


@pytest.mark.parametrize("shuffle", [True, False])
@pytest.mark.parametrize("first_step", [0, 1, 10, 11])
def test_resumed_epoch_continues_where_it_stopped(first_step, shuffle):
    batches = make(shuffle=shuffle)
    resumed = [list(labels) for _, labels in batches.epoch(4, first_step)]
    assert resumed == [list(labels) for _, labels in batches.epoch(4)][first_step:]


def test_unshuffled_batches_are_views_in_order():
    batches = make(shuffle=False)
    np.testing.assert_array_equal(order(batches, 3), np.arange(N))
    for inputs, labels in batches.epoch(0):
        assert np.shares_memory(inputs, batches.inputs)
        assert np.shares_memory(labels, batches.labels)


def test_empty_data_set_has_no_batches():
    empty = Batches(np.zeros((0, 784), np.float32), np.zeros(0, int), 10, 0)
    assert len(empty) == 0
    assert list(empty.epoch(0)) == []


def test_invalid_sizes_are_errors():
    with pytest.raises(ValueError, match="batch size must be at least 1, not 0"):
        make(size=0)
    with pytest.raises(ValueError, match="there are 3 inputs but 2 labels"):
        Batches(np.zeros((3, 1), np.float32), np.zeros(2, int), 1, 0)


# Augmentation


def augmented(size=10, seed=1):
    images = np.random.default_rng(0).random((N, 28, 28), np.float32)
    return Batches(images, np.arange(N), size, seed, augment=MLP.augment)


def test_augmented_inputs_differ_between_epochs_and_labels_do_not():
    batches = augmented()
    first, second = (
        dict(zip(labels.tolist(), inputs, strict=True))
        for inputs, labels in (next(batches.epoch(number)) for number in (0, 1))
    )
    both = first.keys() & second.keys()
    assert both
    for label in both:
        assert not np.array_equal(first[label], second[label])
        assert not np.array_equal(first[label], batches.inputs[label])


def test_augmentation_of_a_batch_depends_on_seed_epoch_and_step():
    whole = list(augmented().epoch(3))
    later = list(augmented().epoch(3, first_step=4))
    for (inputs, labels), (again, labels_again) in zip(whole[4:], later, strict=True):
        np.testing.assert_array_equal(inputs, again)
        np.testing.assert_array_equal(labels, labels_again)
    other, _ = next(augmented(seed=2).epoch(3))
    assert not np.array_equal(whole[0][0], other)


def test_batches_of_the_same_images_are_augmented_differently():
    """Or the same few distortions would come back in each step."""
    image = np.random.default_rng(0).random((1, 28, 28), np.float32)
    images = np.repeat(image, 20, axis=0)
    batches = Batches(images, np.arange(20), 10, 1, shuffle=False, augment=MLP.augment)
    (first, _), (second, _) = batches.epoch(0)
    assert np.abs(first - second).max() > 0.1


def test_augmentation_does_not_modify_the_inputs():
    batches = augmented()
    before = batches.inputs.copy()
    list(batches.epoch(0))
    np.testing.assert_array_equal(batches.inputs, before)


def test_sample_is_the_beginning_of_the_first_epoch():
    batches = augmented()
    sample = list(batches.sample(3))
    expected = [inputs for inputs, _ in batches.epoch(0)]
    np.testing.assert_array_equal(np.concatenate(sample), np.concatenate(expected[:3]))
    assert len(list(batches.sample(1000))) == len(batches)


def test_batches_of_another_array_library_are_the_same():
    native = augmented()
    foreign = Batches(
        ForeignArray(native.inputs), ForeignArray(native.labels), 10, 1, augment=native.augment
    )
    for (x, labels), (foreign_x, foreign_labels) in zip(
        native.epoch(0), foreign.epoch(0), strict=True
    ):
        np.testing.assert_array_equal(foreign_x.get(), x)
        np.testing.assert_array_equal(foreign_labels.get(), labels)


# Augmentation in a thread


@pytest.fixture
def two_cpus(monkeypatch):
    monkeypatch.setattr(batches_module, "available_cpus", lambda: 2)


class Counting:
    """An augmentation that counts its batches, and fails at one of them."""

    def __init__(self, fails_at=None):
        self.count = 0
        self.threads = set()
        self.fails_at = fails_at

    def __call__(self, x, rng, rows):
        self.threads.add(threading.current_thread())
        if self.count == self.fails_at:
            raise ArithmeticError("augmentation failed")
        self.count += 1
        return x + rng.random()


@pytest.mark.parametrize("first_step", [0, 4, 10, 11])
def test_batches_from_a_thread_are_the_same(first_step, monkeypatch):
    augments, epochs = [], []
    for cpus in (1, 2):
        monkeypatch.setattr(batches_module, "available_cpus", lambda cpus=cpus: cpus)
        epochs.append(list(augmented().epoch(2, first_step)))
        augments.append(Counting())
        list(replace(augmented(), augment=augments[-1]).epoch(2, first_step))
    assert len(epochs[0]) == len(epochs[1]) == 11 - first_step
    for (inputs, labels), (same_inputs, same_labels) in zip(*epochs, strict=True):
        np.testing.assert_array_equal(inputs, same_inputs)
        np.testing.assert_array_equal(labels, same_labels)
    here = threading.current_thread()
    assert augments[0].threads <= {here}
    assert here not in augments[1].threads


def test_only_one_batch_is_made_ahead(two_cpus):
    augment = Counting()
    for used, _ in enumerate(replace(augmented(), augment=augment).epoch(0), 1):
        time.sleep(0.005)  # in which the thread could make several
        assert augment.count <= used + 1
    assert augment.count == used


@pytest.mark.parametrize("step", [0, 1, 5, 10])
def test_error_in_the_thread_is_raised_at_its_batch(step, two_cpus):
    batches = replace(augmented(), augment=Counting(fails_at=step))
    used = 0
    with pytest.raises(ArithmeticError, match="augmentation failed"):  # noqa: PT012
        for _ in batches.epoch(0):
            used += 1
    assert used == step


@pytest.mark.parametrize("used", [1, 5, 11])
def test_epoch_that_is_not_finished_leaves_no_thread(used, two_cpus):
    before = threading.active_count()
    epoch = augmented().epoch(0)
    for _ in range(used):
        next(epoch)
    assert threading.active_count() == before + 1
    epoch.close()
    assert threading.active_count() == before


def test_arrays_of_another_library_stay_in_their_thread(two_cpus):
    native, augment = augmented(), Counting()
    inputs, labels = ForeignArray(native.inputs), ForeignArray(native.labels)
    list(Batches(inputs, labels, 10, 1, augment=augment).epoch(0))
    assert augment.threads == {threading.current_thread()}


# Rows of several workers


@pytest.mark.parametrize("augment", [None, MILD], ids=["plain", "augmented"])
@pytest.mark.parametrize("workers", [1, 2, 3])
def test_rows_of_all_workers_are_the_batch(augment, workers):
    inputs = np.random.default_rng(0).random((20, 28, 28), np.float32)
    batches = Batches(inputs, np.arange(20), 7, seed=3, augment=augment)
    shares = [replace(batches, rows=Rows(number, workers)).epoch(1) for number in range(workers)]
    for step, (x, labels) in enumerate(batches.epoch(1)):
        assert len(x) == batches.examples(step)
        parts = [next(share) for share in shares]
        np.testing.assert_array_equal(np.concatenate([part for part, _ in parts]), x)
        np.testing.assert_array_equal(np.concatenate([part for _, part in parts]), labels)


@pytest.mark.parametrize("examples", [0, 1, 2, 3, 7, 128])
@pytest.mark.parametrize("workers", [1, 2, 3, 5])
def test_each_row_counts_for_one_worker(examples, workers):
    shares = [Rows(number, workers) for number in range(workers)]
    counted = [share.of(examples) for share in shares if share.count(examples)]
    assert [row for rows in counted for row in range(*rows.indices(examples))] == [*range(examples)]
    counts = [share.count(examples) for share in shares]
    assert max(counts) - min(counts) <= 1
    assert all(share.of(examples) == slice(1) for share in shares if not share.count(examples))
