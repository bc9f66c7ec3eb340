"""Random draws that several kinds of training images share."""

import math

from inkdigits.arrays import Generator


def log_uniform(rng: Generator, limits: tuple[float, float]) -> float:
    """Draw a number whose logarithm is uniformly distributed between those of the limits."""
    low, high = limits
    return math.exp(rng.uniform(math.log(low), math.log(high)))
