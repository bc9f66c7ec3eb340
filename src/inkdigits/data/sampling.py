"""Random draws that several kinds of training images share."""

import math

import numpy as np

from inkdigits.arrays import Generator


def log_uniform(rng: Generator, limits: tuple[float, float]) -> float:
    """Draw a number whose logarithm is uniformly distributed between those of the limits."""
    return math.exp(rng.uniform(*np.log(limits)))
