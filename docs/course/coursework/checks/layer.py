"""Step 3: a layer."""

from itertools import pairwise
from typing import Any

import numpy as np

from coursework.exercise import ConditionCheck, FunctionCheck

CORNERS = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
EXACTLY_ONE = np.array([0.0, 1, 1, 0])


def _dense_cases() -> Any:
    rng = np.random.default_rng(0)
    yield rng.random((4, 3)), rng.normal(size=(3, 2)), rng.normal(size=2)
    yield rng.random((2, 2)), rng.normal(size=(2, 2)), rng.normal(size=2)


def _chain_cases() -> Any:
    rng = np.random.default_rng(1)
    for inputs in (4, 3):
        yield (
            rng.normal(size=(inputs, 3)),
            rng.normal(size=3),
            rng.normal(size=(3, 3)),
            rng.normal(size=3),
        )


dense = FunctionCheck(
    "dense",
    _dense_cases,
    lambda x, weight, bias: x @ weight + bias,
    {
        "the biases are missing.": lambda x, weight, bias: x @ weight,
        "the factors are in the wrong order: each *row* of x meets each *column* of the weights.": (
            lambda x, weight, bias: weight @ x + bias
        ),
        "the weights are transposed: each neuron is a *column* here.": (
            lambda x, weight, bias: x @ weight.T + bias
        ),
        "`*` multiplies number by number. A matrix product is `@`.": (
            lambda x, weight, bias: x * weight + bias
        ),
        "each image has its own row, and so each *neuron* its own bias: no transposing there.": (
            lambda x, weight, bias: x @ weight + bias[:, None]
        ),
    },
    "The result has a row for each image and a column for each neuron.",
    "The biases were added to every row: NumPy calls this broadcasting.",
)

relu = FunctionCheck(
    "relu",
    lambda: [(np.array([[-1.5, 0.0, 2.0], [3.0, -0.1, 0.5]]),), (np.array([-4.0, 4.0]),)],
    lambda x: np.maximum(x, 0),
    {
        "negative values should become 0, not positive.": np.abs,
        "this is one number, the largest. `np.max` looks through an array; `np.maximum` compares "
        "two arrays, number by number.": lambda x: np.max(x),
        "positive values should stay what they are, not become 1.": lambda x: (x > 0) * 1.0,
        "here positive values become 0, and negative ones stay.": lambda x: np.minimum(x, 0),
    },
    "What is positive stays, what is negative becomes 0, each number by itself: `np.maximum` does "
    "that, Python's `max` does not.",
)

parameters = FunctionCheck(
    "count_parameters",
    lambda: [([784, 128, 64, 10],), ([5, 3],), ([2, 2, 1],)],
    lambda sizes: sum((a + 1) * b for a, b in pairwise(sizes)),
    {
        "the biases are missing: one for each neuron.": lambda sizes: sum(
            a * b for a, b in pairwise(sizes)
        ),
        "the inputs have no biases; only neurons do.": lambda sizes: (
            sum(a * b for a, b in pairwise(sizes)) + sum(sizes)
        ),
        "this counts the numbers that flow through the network, not its parameters.": (
            lambda sizes: sum(sizes)
        ),
        "one bias too few or too many: each layer has one bias *for each of its outputs*.": (
            lambda sizes: sum(a * (b + 1) for a, b in pairwise(sizes))
        ),
    },
    "For each pair of neighboring sizes: inputs times outputs weights, and one bias per output.",
)

collapse = FunctionCheck(
    "collapse",
    _chain_cases,
    lambda w1, b1, w2, b2: (w1 @ w2, b1 @ w2 + b2),
    {
        "the weights are right. But b1 passes through the second layer, too: it meets w2.": (
            lambda w1, b1, w2, b2: (w1 @ w2, b1 + b2)
        ),
        "the weights are in the wrong order: x meets w1 first.": (
            lambda w1, b1, w2, b2: (w2 @ w1, b1 @ w2 + b2)
        ),
        "weights are not added: one layer is applied to the result of the other.": (
            lambda w1, b1, w2, b2: (w1 + w2, b1 + b2)
        ),
        "the first bias has been lost.": lambda w1, b1, w2, b2: (w1 @ w2, b2),
    },
    "Write down (x w1 + b1) w2 + b2, and expand it.",
    "So layers without something nonlinear in between are a waste: two can do no more than one.",
)


def _outputs(answer: Any) -> Any:
    weight, bias = (np.asarray(part, float) for part in answer)
    return np.maximum(CORNERS @ weight + bias, 0) @ [1.0, -2.0]


exactly_one = ConditionCheck(
    "hidden",
    {
        "give a 2 by 2 array of weights and an array of 2 biases.": (
            lambda a: np.shape(a[0]) == (2, 2) and np.shape(a[1]) == (2,)
        ),
        "with no ink at all, the output should be 0. Are both biases 0 or less?": (
            lambda a: np.isclose(_outputs(a)[0], 0)
        ),
        "with ink in one of the two pixels, the output should be 1. The first neuron should count "
        "the pixels with ink.": lambda a: np.allclose(_outputs(a)[1:3], 1),
        "with ink in both, the output should be 0 again. The second neuron should be 1 only if "
        "there is ink in *both*: which bias makes 1 + 1 count, but not 1 + 0?": (
            lambda a: np.isclose(_outputs(a)[3], 0)
        ),
    },
    {
        "2 by 2 array": lambda: (np.ones(2), np.zeros(2)),
        "no ink at all": lambda: (np.ones((2, 2)), np.ones(2)),
        "one of the two pixels": lambda: (np.ones((2, 2)), np.zeros(2)),
        "ink in both": lambda: (np.ones((2, 2)), np.array([0.0, -1.5])),
    },
    "No single neuron can do this, whatever its weights are.",
)
