"""One weight's gradient, by backpropagation and numerically: are they the same?"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from inkdigits.arrays import Array, Labels
from inkdigits.nn.losses import softmax_cross_entropy
from inkdigits.recipes import Recipe
from inkdigits.training import TrainState

EPSILON = 1e-5  # by which the weight is changed; small, so that hardly any ReLU changes its side


@dataclass(frozen=True, eq=False)
class Before:
    """What a step starts from: the parameters, and the random numbers of its dropout."""

    params: Array
    rng_state: Any

    @classmethod
    def of(cls, state: TrainState) -> "Before":
        """Remember a state, which the step changes in place."""
        return cls(state.params.copy(), state.rng.bit_generator.state)


def check_gradient(
    recipe: Recipe, before: Before, x: Array, labels: Labels, gradient: Array
) -> dict[str, Any]:
    """Check the weight with the largest gradient by the central difference of the loss, in float64.

    x, labels  of the step's batch
    gradient   float32 (P,), by backpropagation
    source     Goodfellow, Bengio and Courville 2016, Deep Learning, section 11.5
    """
    network = recipe.network
    place = int(np.abs(gradient).argmax())
    params = before.params.astype(np.float64)
    targets = recipe.target_table.astype(np.float64)[labels]
    rng = np.random.default_rng()

    def loss(change: float) -> float:
        changed = params.copy()
        changed[place] += change
        rng.bit_generator.state = before.rng_state
        logits, _ = network.forward(network.layer_params(changed), x.astype(np.float64), rng)
        return softmax_cross_entropy(logits, targets)[0]

    numerical = (loss(EPSILON) - loss(-EPSILON)) / (2 * EPSILON)
    name, index = _parameter(recipe, place)
    return {
        "layer": int(name.partition(".")[0]),
        "name": name,
        "index": index,
        "weight": float(before.params[place]),
        "loss": loss(0.0),
        "epsilon": EPSILON,
        "backpropagated": float(gradient[place]),
        "numerical": numerical,
        "difference": float(gradient[place]) - numerical,
    }


def _parameter(recipe: Recipe, place: int) -> tuple[str, list[int]]:
    """Return the name of a parameter by its place in the vector, and its index in the array."""
    for name, shape in recipe.network.shapes.items():
        size = int(np.prod(shape))
        if place < size:
            return name, [int(number) for number in np.unravel_index(place, shape)]
        place -= size
    raise IndexError(place)
