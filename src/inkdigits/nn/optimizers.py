"""Optimizers: how a gradient changes the parameters, one step on the flat vector."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from inkdigits.arrays import Array


class Optimizer(Protocol):
    """An update rule. What it remembers between steps is passed in as `state`."""

    @property
    def state_vectors(self) -> int:
        """The number V of vectors of length P in the state, all zero at first."""

    def step(
        self, params: Array, gradient: Array, state: Array, learning_rate: float, number: int
    ) -> None:
        """Update `params` and `state` in place.

        params         float32 (P,)
        gradient       float32 (P,)
        state          float32 (V, P)
        learning_rate  a Python float: a NumPy float64 would silently widen the arrays
        number         of the step, from 0
        """


@dataclass(frozen=True)
class SGD:
    """Stochastic gradient descent, with optional momentum.

    source   Sutskever, Martens, Dahl and Hinton 2013, On the importance of initialization and
             momentum in deep learning, section 2
    """

    momentum: float = 0.0
    weight_decay: float = 0.0

    @property
    def state_vectors(self) -> int:
        """One, the velocity, if there is momentum."""
        return 1 if self.momentum else 0

    def step(
        self, params: Array, gradient: Array, state: Array, learning_rate: float, number: int
    ) -> None:
        """Step against the gradient, or along the velocity that accumulates it."""
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
    """Adam, a step size for each parameter, with decoupled weight decay.

    beta1, beta2  decay of the moving averages of the gradient and of its square
    source        Kingma and Ba 2015, Adam, algorithm 1; Loshchilov and Hutter 2019, Decoupled
                  Weight Decay Regularization, algorithm 2
    """

    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.01

    @property
    def state_vectors(self) -> int:
        """Two, the moving averages of the gradient and of its square."""
        return 2

    def step(
        self, params: Array, gradient: Array, state: Array, learning_rate: float, number: int
    ) -> None:
        """Step along the mean gradient over the root of the mean square; in place, to be fast."""
        mean, square = state
        mean *= self.beta1
        mean += (1 - self.beta1) * gradient
        square *= self.beta2
        square += (1 - self.beta2) * gradient * gradient
        # Both averages start at zero, which biases them towards it; this corrects for it.
        mean_correction = 1 - self.beta1 ** (number + 1)
        square_correction = 1 - self.beta2 ** (number + 1)
        params *= 1 - learning_rate * self.weight_decay
        step = np.sqrt(square)
        step *= square_correction**-0.5
        step += self.epsilon
        np.divide(mean, step, out=step)
        step *= learning_rate / mean_correction
        params -= step
