"""The split into training and validation sets, by writer or at random."""

import numpy as np
import pytest

from inkdigits.data.mnist import Digits
from inkdigits.data.split import split_at_random, split_by_writer, split_evenly

N = 3000


@pytest.fixture
def written():
    """Digits of 100 writers, 1 to 59 of each, shuffled; two pixels of an image hold its number."""
    generator = np.random.default_rng(0)
    sizes = generator.integers(1, 60, 100)
    writers = np.repeat(np.arange(1000, 1100, dtype=np.int32), sizes)[:N]
    generator.shuffle(writers)
    number = np.arange(len(writers))
    images = np.zeros((len(writers), 28, 28), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = number % 256, number // 256
    return Digits(images, (number % 10).astype(np.uint8), writers)


def numbers(digits):
    return digits.images[:, 0, 0].astype(int) + 256 * digits.images[:, 0, 1].astype(int)


@pytest.mark.parametrize("split", [split_by_writer, split_at_random])
@pytest.mark.parametrize("fraction", [0.02, 1 / 12, 0.5, 0.9])
def test_each_digit_is_in_one_set_and_the_order_is_kept(split, fraction, written):
    train, validation = split(written, fraction, seed=3)
    for part in (train, validation):
        assert (np.diff(numbers(part)) > 0).all()
        np.testing.assert_array_equal(part.labels, numbers(part) % 10)
        np.testing.assert_array_equal(part.writers, written.writers[numbers(part)])
    both = np.concatenate([numbers(train), numbers(validation)])
    np.testing.assert_array_equal(np.sort(both), numbers(written))


@pytest.mark.parametrize("fraction", [0.02, 1 / 12, 0.5, 0.9])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_no_writer_is_in_both_sets_and_the_size_is_close_to_the_fraction(fraction, seed, written):
    train, validation = split_by_writer(written, fraction, seed)
    assert not set(train.writers) & set(validation.writers)
    # At most half of the largest writer's digits away from it.
    assert abs(len(validation) - fraction * len(written)) <= 30


def test_random_split_has_the_exact_fraction(written):
    assert len(split_at_random(written, 1 / 12, 0)[1]) == round(len(written) / 12)


@pytest.mark.parametrize("split", [split_by_writer, split_at_random])
def test_split_depends_on_the_seed(split, written):
    first, again, other = (numbers(split(written, 0.2, seed)[1]) for seed in (5, 5, 6))
    np.testing.assert_array_equal(first, again)
    assert set(first) != set(other)


@pytest.mark.parametrize("fraction", [1e-9, 1 - 1e-9])
def test_neither_set_is_empty(fraction, written):
    train, validation = split_by_writer(written, fraction, seed=0)
    assert min(len(set(train.writers)), len(set(validation.writers))) == 1


@pytest.mark.parametrize("split", [split_by_writer, split_at_random])
@pytest.mark.parametrize("fraction", [0, 1, -0.1, 1.5, float("nan")])
def test_fraction_out_of_range_is_an_error(split, fraction, written):
    with pytest.raises(ValueError, match="must be between 0 and 1"):
        split(written, fraction, 0)


def test_split_by_writer_needs_two_writers(written):
    unknown = Digits(written.images, written.labels, None)
    with pytest.raises(ValueError, match="these digits have no writers"):
        split_by_writer(unknown, 0.1, 0)
    assert split_at_random(unknown, 0.1, 0)[1].writers is None
    with pytest.raises(ValueError, match="at least two writers"):
        split_by_writer(written.take(written.writers == 1050), 0.1, 0)


@pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5])
@pytest.mark.parametrize("counts", [(2, 2, 2), (3, 50, 7), (40, 2, 9, 2)])
def test_even_split_takes_the_share_and_leaves_every_class_an_image(counts, fraction):
    labels = np.repeat(np.arange(len(counts), dtype=np.uint8), counts)
    digits = Digits(np.zeros((len(labels), 28, 28), np.uint8), labels, None)
    for seed in range(5):
        training, validation = split_evenly(digits, fraction, seed)
        assert len(validation) == int(fraction * len(labels))
        assert len(training) + len(validation) == len(labels)
        taken = np.bincount(validation.labels, minlength=len(counts))
        for count, held_out in zip(counts, taken, strict=True):
            assert abs(held_out - fraction * count) < 1
            assert held_out < count


def test_even_split_depends_on_the_seed_and_is_limited_to_a_half():
    labels = np.repeat(np.arange(4, dtype=np.uint8), 25)
    images = np.zeros((100, 28, 28), np.uint8)
    images[:, 0, 0] = np.arange(100)
    digits = Digits(images, labels, None)
    first, again, other = (split_evenly(digits, 0.2, seed)[1].images[:, 0, 0] for seed in (0, 0, 1))
    assert first.tolist() == again.tolist() != other.tolist()
    for fraction in (0.0, 0.6):
        with pytest.raises(ValueError, match=r"from 0 to 0\.5"):
            split_evenly(digits, fraction, 0)
