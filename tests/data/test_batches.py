"""Tests of the order in which minibatches are dealt out."""

import numpy as np
import pytest
from foreign import ForeignArray

from inkdigits.data.augment import Augment
from inkdigits.data.batches import Batches

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
def test_an_epoch_deals_out_each_example_once(size, steps, last, shuffle):
    batches = make(size, shuffle=shuffle)
    epoch = list(batches.epoch(0))
    assert len(batches) == len(epoch) == steps
    assert [len(labels) for _, labels in epoch] == [size] * (steps - 1) + [last]
    assert sorted(order(batches, 0)) == list(range(N))
    for inputs, labels in epoch:
        assert inputs.dtype == np.float32
        np.testing.assert_array_equal(inputs, batches.inputs[labels])


def test_the_order_follows_from_seed_and_epoch_alone():
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
def test_a_resumed_epoch_goes_on_where_it_was(first_step, shuffle):
    batches = make(shuffle=shuffle)
    rest = [list(labels) for _, labels in batches.epoch(4, first_step)]
    assert rest == [list(labels) for _, labels in batches.epoch(4)][first_step:]


def test_unshuffled_batches_are_views_in_order():
    batches = make(shuffle=False)
    np.testing.assert_array_equal(order(batches, 3), np.arange(N))
    for inputs, labels in batches.epoch(0):
        assert np.shares_memory(inputs, batches.inputs)
        assert np.shares_memory(labels, batches.labels)


def test_no_examples_make_no_batches():
    empty = Batches(np.zeros((0, 784), np.float32), np.zeros(0, int), 10, 0)
    assert len(empty) == 0
    assert list(empty.epoch(0)) == []


def test_sizes_that_do_not_fit():
    with pytest.raises(ValueError, match="at least 1 example, not 0"):
        make(size=0)
    with pytest.raises(ValueError, match="3 inputs do not fit 2 labels"):
        Batches(np.zeros((3, 1), np.float32), np.zeros(2, int), 1, 0)


# Augmented.


def augmented(size=10, seed=1):
    pictures = np.random.default_rng(0).random((N, 28, 28), np.float32)
    return Batches(pictures, np.arange(N), size, seed, augment=Augment())


def test_augmented_inputs_are_new_in_each_epoch_and_labels_stay():
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


def test_how_a_batch_is_augmented_follows_from_seed_epoch_and_step():
    whole = list(augmented().epoch(3))
    later = list(augmented().epoch(3, first_step=4))
    for (inputs, labels), (again, labels_again) in zip(whole[4:], later, strict=True):
        np.testing.assert_array_equal(inputs, again)
        np.testing.assert_array_equal(labels, labels_again)
    other, _ = next(augmented(seed=2).epoch(3))
    assert not np.array_equal(whole[0][0], other)


def test_augmentation_leaves_the_inputs_as_they_are():
    batches = augmented()
    before = batches.inputs.copy()
    list(batches.epoch(0))
    np.testing.assert_array_equal(batches.inputs, before)


def test_a_sample_is_always_the_same_and_of_the_kind_that_is_trained_on():
    batches = augmented()
    sample = list(batches.sample(3))
    expected = [inputs for inputs, _ in batches.epoch(0)]
    np.testing.assert_array_equal(np.concatenate(sample), np.concatenate(expected[:3]))
    assert len(list(batches.sample(1000))) == len(batches)


def test_arrays_of_another_library_are_dealt_out_alike():
    here = augmented()
    there = Batches(
        ForeignArray(here.inputs), ForeignArray(here.labels), 10, 1, augment=here.augment
    )
    for (x, labels), (foreign_x, foreign_labels) in zip(here.epoch(0), there.epoch(0), strict=True):
        np.testing.assert_array_equal(foreign_x.get(), x)
        np.testing.assert_array_equal(foreign_labels.get(), labels)
