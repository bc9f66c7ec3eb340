"""Step 2: a neuron."""

import math
from typing import Any

import numpy as np

from coursework.exercise import FunctionCheck, ValueCheck


def _cases() -> Any:
    yield np.array([1.0, 0.5, 0.0]), np.array([2.0, -1.0, 4.0]), 0.25
    rng = np.random.default_rng(0)
    yield rng.random(784), rng.normal(size=784), -3.0


def _batch_cases() -> Any:
    rng = np.random.default_rng(1)
    yield rng.random((4, 7)), rng.normal(size=7), 0.5
    yield rng.random((3, 3)), rng.normal(size=3), -2.0


def _learning_cases() -> Any:
    rng = np.random.default_rng(2)
    for says, label in ((0.9, 0), (0.2, 1), (0.5, 1)):
        yield rng.normal(size=5), 0.5, rng.random(5), says - label, 0.1


neuron = FunctionCheck(
    "neuron",
    _cases,
    lambda x, weight, bias: (x * weight).sum() + bias,
    {
        "each input is multiplied, but the products are not added up yet.": (
            lambda x, weight, bias: x * weight + bias
        ),
        "the bias is missing.": lambda x, weight, bias: (x * weight).sum(),
        "the bias is added to each product. It should be added once, at the end.": (
            lambda x, weight, bias: (x * weight + bias).sum()
        ),
        "the inputs and the weights are added. They should be multiplied, pair by pair.": (
            lambda x, weight, bias: (x + weight).sum() + bias
        ),
        "the bias is subtracted.": lambda x, weight, bias: (x * weight).sum() - bias,
    },
    "A neuron gives one number: a weighted sum, plus a bias.",
)

neurons = FunctionCheck(
    "score_all",
    _batch_cases,
    lambda x, weight, bias: x @ weight + bias,
    {
        "this is one number for all images together; there should be one for each.": (
            lambda x, weight, bias: (x * weight).sum() + bias
        ),
        "the products are still separate. Sum along the second axis, or use `@`.": (
            lambda x, weight, bias: x * weight + bias
        ),
        "you sum over the images instead of the pixels: that is the wrong axis.": (
            lambda x, weight, bias: (x * weight).sum(axis=0) + bias
        ),
        "the bias is missing.": lambda x, weight, bias: x @ weight,
    },
    "One number for each row of `x`.",
    "One matrix product instead of a loop: on real data that is a hundred times as fast.",
)

sigmoid = FunctionCheck(
    "sigmoid",
    lambda: [(np.array([-2.0, 0.0, 0.5, 3.0]),), (1.5,)],
    lambda z: 1 / (1 + np.exp(-z)),
    {
        "large scores should give values near 1, and yours give values near 0. Look at the sign.": (
            lambda z: 1 / (1 + np.exp(z))
        ),
        "there is no 1 in the numerator: is exp(-z) over the sum the right way around?": (
            lambda z: 2 * np.exp(-z) / (1 + np.exp(-z))
        ),
        "mind the parentheses: `1 / 1 + y` is `(1 / 1) + y`.": lambda z: 1 / 1 + np.exp(-z),
        "this is only the exponential function.": lambda z: np.exp(-z),
        "`math.exp` takes one number only; `np.exp` takes whole arrays.": (
            lambda z: 1 / (1 + math.exp(-z))
        ),
    },
    "1 divided by the sum of 1 and the exponential of minus z.",
)


def _halfway(scores: Any, is_first: Any) -> Any:
    return (scores[is_first].mean() + scores[~is_first].mean()) / 2


bias = ValueCheck(
    "bias",
    lambda scores, is_first: -_halfway(scores, is_first),
    {
        "the sign is wrong: the neuron *adds* the bias, and the sum should be 0 halfway.": _halfway,
        "this is the distance of the two means. Which number lies halfway between them?": (
            lambda scores, is_first: scores[is_first].mean() - scores[~is_first].mean()
        ),
        "this is the mean of all scores. If there are more ones than zeros, it is not halfway.": (
            lambda scores, is_first: -scores.mean()
        ),
        "this moves the mean of the zeros to 0, so about half of them end up below 0.": (
            lambda scores, is_first: -scores[is_first].mean()
        ),
    },
    "Where are the two means of the scores, and which number lies halfway? With the bias added, "
    "that should become 0.",
    tolerance=1e-3,
)


def _step(sign: Any = 1.0, image: Any = True, bias_too: Any = True, rate: Any = True) -> Any:
    def step(weight: Any, bias: Any, x: Any, error: Any, learning_rate: Any) -> Any:
        factor = sign * (learning_rate if rate else 1) * error
        new = weight - factor * (x if image else 1)
        return new, bias - factor if bias_too else bias

    return step


learn = FunctionCheck(
    "learn",
    _learning_cases,
    _step(),
    {
        "the neuron moves away from the answer: the error is what it says *minus* what it should "
        "say, so it has to be subtracted.": _step(sign=-1),
        "each weight should change in proportion to its own input, the pixel it looks at.": (
            _step(image=False)
        ),
        "the weights are right, but the bias never changes.": _step(bias_too=False),
        "the step is not scaled by the learning rate.": _step(rate=False),
    },
    "Return the new weights and the new bias, in this order.",
    "This rule has a reason, as step 4 will show.",
)
