"""Step 4: the chain rule."""

from functools import partial
from typing import Any

import numpy as np

from coursework.exercise import FunctionCheck, ValueCheck


def _cube(x: Any) -> Any:
    return float((x**3).sum())


def _wave(x: Any) -> Any:
    return float(np.sin(x[0]) * np.exp(x[1]))


def _slope_cases() -> Any:
    yield _cube, np.array([1.0, 2.0, -3.0]), 2
    yield _cube, np.array([1.0, 2.0, -3.0]), 0
    yield _wave, np.array([0.5, 1.0]), 1


def _moved(x: Any, index: Any, by: Any) -> Any:
    moved = x.copy()
    moved[index] += by
    return moved


def _dense_cases() -> Any:
    rng = np.random.default_rng(0)
    yield rng.normal(size=(5, 2)), rng.normal(size=(5, 3)), rng.normal(size=(3, 2))
    yield rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=(3, 3))


def _relu_cases() -> Any:
    rng = np.random.default_rng(1)
    yield rng.normal(size=(4, 3)), rng.normal(size=(4, 3))
    yield rng.normal(size=6), rng.normal(size=6)


by_hand = ValueCheck(
    "by_hand",
    lambda x, w, b, t: 2 * (x * w + b - t) * x,
    {
        "you stopped at the outer function: multiply by the derivative of the inside, too.": (
            lambda x, w, b, t: 2 * (x * w + b - t)
        ),
        "the outer derivative is missing its factor: what is the derivative of a square?": (
            lambda x, w, b, t: (x * w + b - t) * x
        ),
        "this is the derivative with respect to x. Which letter stands beside w?": (
            lambda x, w, b, t: 2 * (x * w + b - t) * w
        ),
        "the sign is wrong: it is what the neuron says, minus what it should say.": (
            lambda x, w, b, t: -2 * (x * w + b - t) * x
        ),
        "this is the loss itself, not its derivative.": lambda x, w, b, t: (x * w + b - t) ** 2,
    },
    "The derivative of the outer function, times the derivative of the inner one.",
)

slope = FunctionCheck(
    "slope",
    _slope_cases,
    lambda f, x, index: (f(_moved(x, index, 1e-5)) - f(_moved(x, index, -1e-5))) / 2e-5,
    {
        "the two points are 2h apart, not h.": lambda f, x, index: (
            (f(_moved(x, index, 1e-5)) - f(_moved(x, index, -1e-5))) / 1e-5
        ),
        "the sign is wrong: the higher point comes first.": lambda f, x, index: (
            (f(_moved(x, index, -1e-5)) - f(_moved(x, index, 1e-5))) / 2e-5
        ),
        "one of the numbers should be moved, not all of them.": lambda f, x, index: (
            (f(x + 1e-5) - f(x - 1e-5)) / 2e-5
        ),
        "one of the points is x itself. Use one at +h and one at -h: the error is then about h "
        "times smaller.": lambda f, x, index: (f(_moved(x, index, 1e-5)) - f(x)) / 1e-5,
        "both points are the same. `above = x` only gives the array a second name; `x.copy()` "
        "makes another array.": lambda f, x, index: 0.0,
        "the difference still has to be divided by the distance of the two points.": (
            lambda f, x, index: f(_moved(x, index, 1e-5)) - f(_moved(x, index, -1e-5))
        ),
    },
    "Copy x, move one number by h in either direction, and divide the difference of f by 2h. "
    "A good h is 1e-5.",
    tolerance=1e-6,
)

dense_backward = FunctionCheck(
    "dense_backward",
    _dense_cases,
    lambda dy, x, weight: (dy @ weight.T, x.T @ dy, dy.sum(axis=0)),
    {
        "dx is right. But the gradient of the bias adds up over the images: no mean here.": (
            lambda dy, x, weight: (dy @ weight.T, x.T @ dy, dy.mean(axis=0))
        ),
        "the gradient of the bias sums over the wrong axis: one number for each *neuron*.": (
            lambda dy, x, weight: (dy @ weight.T, x.T @ dy, dy.sum(axis=1))
        ),
        "dx: the weights have to be transposed. Which shape should dx have?": (
            lambda dy, x, weight: (dy @ weight, x.T @ dy, dy.sum(axis=0))
        ),
        "dweight: this is its transpose. It should have the shape of the weights.": (
            lambda dy, x, weight: (dy @ weight.T, dy.T @ x, dy.sum(axis=0))
        ),
        "the order is dx, dweight, dbias.": (
            lambda dy, x, weight: (x.T @ dy, dy @ weight.T, dy.sum(axis=0))
        ),
    },
    "Each gradient has the shape of what it is the gradient of, and there is only one way to "
    "make the shapes fit.",
)

relu_backward = FunctionCheck(
    "relu_backward",
    _relu_cases,
    lambda dy, x: dy * (x > 0),
    {
        "this is the ReLU of the gradient. What decides is whether the *input* was positive.": (
            lambda dy, x: np.maximum(dy, 0)
        ),
        "the slope of the ReLU is 1 where the input is positive, not the input itself.": (
            lambda dy, x: dy * np.maximum(x, 0)
        ),
        "it is the other way around: the gradient passes where the input was positive.": (
            lambda dy, x: dy * (x < 0)
        ),
        "this is the slope alone. Chain rule: times the gradient that arrives.": (
            lambda dy, x: (x > 0) * 1.0
        ),
    },
    "The gradient passes where the input was positive, and stops where it was not.",
)


def _chain(
    dy: Any, x: Any, h: Any, w1: Any, w2: Any, relu_first: Any = False, through: Any = True
) -> Any:
    dh, dw2, db2 = dy @ w2.T, np.maximum(h, 0).T @ dy, dy.sum(axis=0)
    if through:
        dh = dh * (h > 0)
    return x.T @ dh, dh.sum(axis=0), dw2 if not relu_first else h.T @ dy, db2


def _chain_cases() -> Any:
    rng = np.random.default_rng(2)
    x, w1, w2 = (rng.normal(size=shape) for shape in ((6, 4), (4, 5), (5, 3)))
    yield rng.normal(size=(6, 3)), x, x @ w1 + 0.1, w1, w2


chain = FunctionCheck(
    "backward",
    _chain_cases,
    _chain,
    {
        "the second layer is right, but the gradient has not gone through the ReLU.": (
            partial(_chain, through=False)
        ),
        "the input of the second layer is what came *out* of the ReLU.": (
            partial(_chain, relu_first=True)
        ),
        "the order is dw1, db1, dw2, db2.": lambda *arguments: (
            _chain(*arguments)[2:] + _chain(*arguments)[:2]
        ),
    },
    "Go backwards: second dense layer, ReLU, first dense layer. What one step returns as dx is "
    "the dy of the step before it.",
    "This is backpropagation. There is nothing more to it, however many layers there are.",
)
