"""The distribution of the initial weights."""

import numpy as np
import pytest

from inkdigits.nn.initializers import glorot, he, inverse_square_root

INPUTS, OUTPUTS = 600, 200
each_initializer = pytest.mark.parametrize(
    ("initializer", "variance"),
    [
        (he, 2 / INPUTS),
        (glorot, 2 / (INPUTS + OUTPUTS)),
        (inverse_square_root, 1 / OUTPUTS),
    ],
    ids=["he", "glorot", "inverse_square_root"],
)


@each_initializer
def test_weights_are_float32_inputs_by_outputs(initializer, variance):
    weights = initializer(np.random.default_rng(0), INPUTS, OUTPUTS)
    assert (weights.shape, weights.dtype) == ((INPUTS, OUTPUTS), np.float32)


@each_initializer
def test_mean_is_zero_and_variance_is_as_derived(initializer, variance):
    weights = initializer(np.random.default_rng(0), INPUTS, OUTPUTS).astype(np.float64)
    # The tolerances are five standard deviations of a sample's mean and variance.
    assert weights.mean() == pytest.approx(0, abs=5 * np.sqrt(variance / weights.size))
    assert weights.var() == pytest.approx(variance, rel=5 * np.sqrt(2 / weights.size))


@each_initializer
def test_seed_determines_the_weights(initializer, variance):
    weights = initializer(np.random.default_rng(1), INPUTS, OUTPUTS)
    again = initializer(np.random.default_rng(1), INPUTS, OUTPUTS)
    other = initializer(np.random.default_rng(2), INPUTS, OUTPUTS)
    np.testing.assert_array_equal(again, weights)
    assert (other != weights).all()


def test_glorot_is_uniform():
    weights = glorot(np.random.default_rng(0), INPUTS, OUTPUTS)
    limit = np.sqrt(6 / (INPUTS + OUTPUTS))
    assert np.abs(weights).max() == pytest.approx(limit, rel=1e-3)
    # Each quarter of the range has a quarter of the values; five standard deviations are 0.006.
    share, _ = np.histogram(weights, bins=4, range=(-limit, limit))
    np.testing.assert_allclose(share / weights.size, 0.25, atol=0.007)


def test_inverse_square_root_is_a_standard_normal_scaled_by_the_outputs():
    weights = inverse_square_root(np.random.default_rng(5), 784, 128)
    expected = np.random.default_rng(5).standard_normal((784, 128)) * np.sqrt(1 / 128)
    np.testing.assert_array_equal(weights, expected.astype(np.float32))
