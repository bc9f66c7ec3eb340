"""Random draws that several kinds of training images share."""

import numpy as np

from inkdigits.data.sampling import log_uniform


def test_log_uniform_draws_equally_often_from_each_octave():
    rng = np.random.default_rng(0)
    drawn = np.array([log_uniform(rng, (2, 32)) for _ in range(4000)])
    assert drawn.min() >= 2
    assert drawn.max() <= 32
    shares = np.histogram(np.log2(drawn), bins=4, range=(1, 5))[0] / len(drawn)
    np.testing.assert_allclose(shares, 0.25, atol=0.03)
