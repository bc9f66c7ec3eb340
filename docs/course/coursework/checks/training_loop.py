"""Step 6: a training loop."""

from typing import Any

import numpy as np

from coursework.exercise import ConditionCheck, FunctionCheck


def _accuracy_cases() -> Any:
    rng = np.random.default_rng(0)
    yield rng.normal(size=(8, 3)), np.array([0, 1, 2, 0, 1, 2, 0, 1])
    yield np.array([[0.1, 3.0], [2.0, -1.0]]), np.array([1, 0])


def _update_cases() -> Any:
    rng = np.random.default_rng(1)
    yield rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), 0.1
    yield rng.normal(size=4), rng.normal(size=4), 0.5


def _update(sign: Any = -1.0, scaled: Any = True, add: Any = True) -> Any:
    def update(parameter: Any, gradient: Any, rate: Any) -> Any:
        change = sign * (rate if scaled else 1) * gradient
        if add:
            parameter += change
        else:
            parameter[...] = change

    return update


accuracy = FunctionCheck(
    "accuracy",
    _accuracy_cases,
    lambda logits, labels: (logits.argmax(axis=1) == labels).mean(),
    {
        "this is the *number* of right answers. Divide by how many there are, or use the mean.": (
            lambda logits, labels: (logits.argmax(axis=1) == labels).sum()
        ),
        "`argmax(axis=0)` finds the best image for each digit. Which digit is best for an image?": (
            lambda logits, labels: np.mean(np.resize(logits.argmax(axis=0), len(labels)) == labels)
        ),
        "this is the share of wrong answers.": (
            lambda logits, labels: (logits.argmax(axis=1) != labels).mean()
        ),
        "the largest logit itself is compared with the label. *Which* one is the largest?": (
            lambda logits, labels: (logits.max(axis=1) == labels).mean()
        ),
    },
    "Compare the place of each row's largest logit with the label, and take the mean.",
)

update = FunctionCheck(
    "update",
    _update_cases,
    _update(),
    {
        "this climbs the hill: the gradient points to where the loss *grows*.": _update(sign=1.0),
        "the step is not scaled by the learning rate.": _update(scaled=False),
        "this replaces the parameter by the step. Change it: `-=`.": _update(add=False),
    },
    "Subtract rate times gradient.",
    in_place=True,
)


def _indices(batches: Any) -> Any:
    return np.concatenate([np.asarray(batch) for batch in batches])


def _orders(function: Any, count: int, size: int, seeds: tuple[int, int] = (0, 1)) -> Any:
    return [list(function(count, size, np.random.default_rng(seed))) for seed in seeds]


def _batches(count: Any, size: Any, rng: Any) -> Any:
    order = rng.permutation(count)
    return [order[start : start + size] for start in range(0, count, size)]


batches = ConditionCheck(
    "batches",
    {
        "return a list of arrays of indices, and replace the `...`.": lambda f: (
            all(np.ndim(batch) == 1 for batch in _orders(f, 10, 4)[0]) and _orders(f, 10, 4)[0]
        ),
        "with 10 images and batches of 4, two are left over. They form a last, smaller batch: "
        "nobody should be left out.": lambda f: len(_indices(_orders(f, 10, 4)[0])) == 10,
        "some images come twice and others never. `rng.permutation` gives each once.": lambda f: (
            sorted(_indices(_orders(f, 50, 8)[0])) == list(range(50))
        ),
        "a batch should have `size` images.": lambda f: (
            [len(batch) for batch in _orders(f, 10, 4)[0]] == [4, 4, 2]
        ),
        "the images always come in the same order. Use `rng`, the generator that is passed in.": (
            lambda f: (
                not np.array_equal(*map(_indices, _orders(f, 50, 8)))
                and not np.array_equal(_indices(_orders(f, 50, 8)[0]), np.arange(50))
            )
        ),
        "the order should depend on `rng` only: with the same seed, the same order.": lambda f: (
            np.array_equal(*map(_indices, _orders(f, 50, 8, seeds=(3, 3))))
        ),
    },
    {
        "replace the `...`": lambda: lambda count, size, rng: None,
        "nobody should be left out": lambda: (
            lambda count, size, rng: _batches(count // size * size, size, rng)
        ),
        "come twice": lambda: (
            lambda count, size, rng: [
                rng.integers(0, count, len(batch)) for batch in _batches(count, size, rng)
            ]
        ),
        "should have `size` images": lambda: (
            lambda count, size, rng: np.array_split(rng.permutation(count), size)
        ),
        "same order. Use `rng`": lambda: (
            lambda count, size, rng: [
                np.arange(count)[start : start + size] for start in range(0, count, size)
            ]
        ),
        "depend on `rng` only": lambda: (
            lambda count, size, rng: _batches(count, size, np.random.default_rng())
        ),
    },
)


def _gradient_norm(answer: Any, network: Any, x: Any, labels: Any) -> Any:
    return np.sqrt(sum(float((part**2).sum()) for layer in answer for part in layer))


def _numerical(network: Any, x: Any, labels: Any, number: Any, part: Any, index: Any) -> Any:
    values = []
    for step in (1e-5, -1e-5):
        moved = [[array.astype(np.float64) for array in layer] for layer in network]
        moved[number][part][index] += step
        hidden = x.astype(np.float64)
        for weight, bias in moved[:-1]:
            hidden = np.maximum(hidden @ weight + bias, 0)
        z = hidden @ moved[-1][0] + moved[-1][1]
        z = z - z.max(axis=1, keepdims=True)
        log_p = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
        values.append(-log_p[np.arange(len(x)), labels].mean())
    return (values[0] - values[1]) / 2e-5


def _agrees(answer: Any, network: Any, x: Any, labels: Any, number: Any) -> Any:
    places = [(0, (1, 2)), (0, (2, 0)), (1, (1,))]
    return all(
        np.isclose(
            answer[number][part][index],
            _numerical(network, x, labels, number, part, index),
            rtol=1e-3,
            atol=1e-6,
        )
        for part, index in places
    )


gradients = ConditionCheck(
    "gradients",
    {
        "return a list with a pair (dweight, dbias) for each layer, and replace the `...`.": (
            lambda a, network, x, labels: (
                len(a) == len(network) and all(len(layer) == 2 for layer in a)
            )
        ),
        "each gradient has the shape of its parameter. Are the layers in order, first one first?": (
            lambda a, network, x, labels: all(
                np.shape(d) == np.shape(p)
                for layer, params in zip(a, network, strict=True)
                for d, p in zip(layer, params, strict=True)
            )
        ),
        "the gradient of the last layer does not agree with the numerical one.": (
            lambda a, network, x, labels: _agrees(a, network, x, labels, len(network) - 1)
        ),
        "the last layer is right, but not those before it. Has the gradient gone through the ReLU "
        "of each layer, with the value from *before* the ReLU?": (
            lambda a, network, x, labels: all(
                _agrees(a, network, x, labels, number) for number in range(len(network))
            )
        ),
    },
    {
        "replace the `...`": lambda network, x, labels: [],
        "shape of its parameter": lambda network, x, labels: [
            (weight.T, bias) for weight, bias in network
        ],
        "last layer does not agree": lambda network, x, labels: network,
    },
    "This is the whole network, backwards.",
)
