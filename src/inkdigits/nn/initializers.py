"""Weight initialization: how large weights start, so that signals neither vanish nor explode."""

import math
from typing import Protocol

from inkdigits.arrays import Array, Generator


class Initializer(Protocol):
    """A way to draw the initial weights."""

    def __call__(self, rng: Generator, inputs: int, outputs: int) -> Array:
        """Draw the float32 (I, O) weights of a layer with that many inputs and outputs."""


def he(rng: Generator, inputs: int, outputs: int) -> Array:
    """Draw from a normal distribution of variance 2 / inputs: ReLU halves a signal's power.

    returns  float32 (I, O)
    source   He, Zhang, Ren and Sun 2015, Delving Deep into Rectifiers, section 2.2
    """
    return _normal(rng, inputs, outputs, math.sqrt(2 / inputs))


def glorot(rng: Generator, inputs: int, outputs: int) -> Array:
    """Draw uniformly with variance 2 / (inputs + outputs), a compromise between the two passes.

    No recipe uses it; docs/how-it-works.md compares it with the others.

    returns  float32 (I, O)
    source   Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward
             neural networks, equation 16
    """
    limit = math.sqrt(6 / (inputs + outputs))
    return rng.uniform(-limit, limit, (inputs, outputs)).astype("float32")


def inverse_square_root(rng: Generator, inputs: int, outputs: int) -> Array:
    """Draw from a normal distribution of variance 1 / outputs.

    returns  float32 (I, O)
    source   figure 4 of the write-up that inkdigits builds on
    """
    return _normal(rng, inputs, outputs, math.sqrt(1 / outputs))


def _normal(rng: Generator, inputs: int, outputs: int, scale: float) -> Array:
    return (scale * rng.standard_normal((inputs, outputs))).astype("float32")
