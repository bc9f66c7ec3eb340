"""How a gradient changes the parameters: one step on the flat vector."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inkdigits.arrays import Array


class Optimizer(Protocol):
    """A rule for one step. What it must remember between steps is the caller's `state`."""

    @property
    def state_vectors(self) -> int:
        """How many state_vectors as long as the parameters it remembers, all zero at first."""

    def step(
        self, params: Array, gradient: Array, state: Array, learning_rate: float, number: int
    ) -> None:
        """Change `params` and `state` in place.

        params         float32 (P,)
        gradient       float32 (P,)
        state         float32 (`state_vectors`, P)
        learning_rate  a Python float: a NumPy float64 would silently widen the arrays
        number         of the step, from 0
        """


@dataclass(frozen=True)
class SGD:
    """Gradient descent, with momentum: a ball that rolls down the slope and gathers speed.

    source   Sutskever, Martens, Dahl and Hinton 2013, On the importance of initialization and
             momentum in deep learning, section 2
    """

    momentum: float = 0.0
    weight_decay: float = 0.0

    @property
    def state_vectors(self) -> int:
        """The velocity, if there is momentum."""
        return 1 if self.momentum else 0

    def step(
        self, params: Array, gradient: Array, state: Array, learning_rate: float, number: int
    ) -> None:
        """Step against the gradient, or along the velocity that the gradient adds to."""
        if self.weight_decay:
            gradient = gradient + self.weight_decay * params
        if self.momentum:
            velocity = state[0]
            velocity *= self.momentum
            velocity += gradient
            gradient = velocity
        params -= learning_rate * gradient


@dataclass(frozen=True)
class AdamW:
    """Adam, each parameter with a step size of its own, and weight decay apart from the gradient.

    source   Kingma and Ba 2015, Adam, algorithm 1; Loshchilov and Hutter 2019, Decoupled Weight
             Decay Regularization, algorithm 2
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01

    @property
    def state_vectors(self) -> int:
        """The running means of the gradient and of its square."""
        return 2

    def step(
        self, params: Array, gradient: Array, state: Array, learning_rate: float, number: int
    ) -> None:
        """Step along the mean gradient over the root of the mean square."""
        mean, square = state
        mean *= self.beta1
        mean += (1 - self.beta1) * gradient
        square *= self.beta2
        square += (1 - self.beta2) * gradient * gradient
        # Both means start at zero and are too small at first: these make up for it.
        mean_correction = 1 - self.beta1 ** (number + 1)
        square_correction = 1 - self.beta2 ** (number + 1)
        params *= 1 - learning_rate * self.weight_decay
        root = np.sqrt(square / square_correction) + self.epsilon
        params -= (learning_rate / mean_correction) * (mean / root)
