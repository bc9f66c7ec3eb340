"""How large a weight is before the first step, so that signals neither fade nor explode."""

import math
from typing import Protocol

from inkdigits.arrays import Array, Generator


class Initializer(Protocol):
    """A way to draw the weights that training starts from."""

    def __call__(self, rng: Generator, inputs: int, outputs: int) -> Array:
        """Draw the float32 (I, O) weights of a layer with that many inputs and outputs."""


def he(rng: Generator, inputs: int, outputs: int) -> Array:
    """Normal with variance 2 / inputs: a ReLU halves the power of its signal, this doubles it.

    returns  float32 (I, O)
    source   He, Zhang, Ren and Sun 2015, Delving Deep into Rectifiers, section 2.2
    """
    return _normal(rng, inputs, outputs, math.sqrt(2 / inputs))


def glorot(rng: Generator, inputs: int, outputs: int) -> Array:
    """Uniform with variance 2 / (inputs + outputs): a compromise between forward and backward.

    returns  float32 (I, O)
    source   Glorot and Bengio 2010, Understanding the difficulty of training deep feedforward
             neural networks, equation 16
    """
    limit = math.sqrt(6 / (inputs + outputs))
    return rng.uniform(-limit, limit, (inputs, outputs)).astype("float32")


def inverse_square_root(rng: Generator, inputs: int, outputs: int) -> Array:
    """Normal with variance 1 / outputs, the size of the receiving layer.

    returns  float32 (I, O)
    source   the write-up that inkdigits starts from, its figure 4
    """
    return _normal(rng, inputs, outputs, math.sqrt(1 / outputs))


def _normal(rng: Generator, inputs: int, outputs: int, scale: float) -> Array:
    return (scale * rng.standard_normal((inputs, outputs))).astype("float32")
