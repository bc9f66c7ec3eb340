"""Random draws that several kinds of training images share."""

import numpy as np
import pytest

from inkdigits.data.sampling import log_uniform, standard_normal


def test_log_uniform_draws_equally_often_from_each_octave():
    rng = np.random.default_rng(0)
    drawn = np.array([log_uniform(rng, (2, 32)) for _ in range(4000)])
    assert drawn.min() >= 2
    assert drawn.max() <= 32
    shares = np.histogram(np.log2(drawn), bins=4, range=(1, 5))[0] / len(drawn)
    np.testing.assert_allclose(shares, 0.25, atol=0.03)


@pytest.mark.parametrize("shape", [(), (0,), (1,), (3, 5), (64, 28, 28)])
def test_normal_numbers_have_the_shape_and_are_finite(shape):
    numbers = standard_normal(np.random.default_rng(0), shape)
    assert (numbers.shape, numbers.dtype) == (shape, np.float32)
    assert np.isfinite(numbers).all()


def test_normal_numbers_are_normal_and_independent():
    sample = standard_normal(np.random.default_rng(0), (1001, 999)).astype(float)
    assert sample.shape == (1001, 999)
    moments = [np.mean(sample**power) for power in range(1, 5)]
    np.testing.assert_allclose(moments, [0, 1, 0, 3], atol=0.02)
    rows, columns = np.mean(sample[1:] * sample[:-1]), np.mean(sample[:, 1:] * sample[:, :-1])
    assert max(abs(rows), abs(columns)) < 0.004
    assert 4.3 < np.abs(sample).max() < 6
