"""Step 5: softmax and cross-entropy."""

from typing import Any

import numpy as np

from coursework.exercise import FunctionCheck, ValueCheck


def _logits_cases() -> Any:
    rng = np.random.default_rng(0)
    yield (rng.normal(size=(4, 3)),)
    yield (np.array([[1000.0, 1001.0, 999.0], [-1000.0, -1001.0, -1002.0]]),)


def _softmax(z: Any) -> Any:
    exponentials = np.exp(z - z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _naive(z: Any) -> Any:
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def _probability_cases() -> Any:
    rng = np.random.default_rng(1)
    for labels in ([0, 2, 1, 1], [2, 0, 1, 2]):
        yield _softmax(rng.normal(size=(4, 3))), np.array(labels)


def _cross_entropy(p: Any, labels: Any) -> Any:
    return -np.log(p[np.arange(len(p)), labels]).mean()


def _difference(p: Any, labels: Any) -> Any:
    return p - np.eye(p.shape[1])[labels]


softmax = FunctionCheck(
    "softmax",
    _logits_cases,
    _softmax,
    {
        "it is right for small logits. But exp(1000) is too large for any computer. Subtract each "
        "row's maximum first: that cancels.": _naive,
        "the largest logit of *all* rows is subtracted, so that in other rows every exponential "
        "may be 0. Subtract each row's own: `z.max(axis=1, keepdims=True)`.": (
            lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(axis=1, keepdims=True)
        ),
        "the sum runs over all images. Each row should add up to 1.": (
            lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum()
        ),
        "the sum runs over the images (axis 0). Each *row* should add up to 1: axis 1.": (
            lambda z: np.exp(z - z.max(axis=0)) / np.exp(z - z.max(axis=0)).sum(axis=0)
        ),
        "logits may be negative, so dividing them by their sum is not enough: exp first.": (
            lambda z: z / z.sum(axis=1, keepdims=True)
        ),
        "these are positive, but do not add up to 1 yet: divide by each row's sum.": (
            lambda z: np.exp(z - z.max(axis=1, keepdims=True))
        ),
    },
    "exp of each logit, over the sum of them in its row. `keepdims=True` keeps a column, so that "
    "NumPy divides each row by its own sum.",
)

cross_entropy = FunctionCheck(
    "cross_entropy",
    _probability_cases,
    _cross_entropy,
    {
        "the sign: a logarithm of a probability is negative, and a loss should be positive.": (
            lambda p, labels: -_cross_entropy(p, labels)
        ),
        "this is the sum over the images. Take the mean, so that it does not depend on how many "
        "there are.": lambda p, labels: _cross_entropy(p, labels) * len(p),
        "`p[:, labels]` takes all of these columns from *every* row. Each row has one right "
        "answer: `p[np.arange(len(p)), labels]`.": lambda p, labels: -np.log(p[:, labels]).mean(),
        "this looks at the most likely digit. What counts is the probability of the *right* one.": (
            lambda p, labels: -np.log(p.max(axis=1)).mean()
        ),
        "take the logarithm of each probability first, and then the mean.": (
            lambda p, labels: -np.log(p[np.arange(len(p)), labels].mean())
        ),
        "this is the logarithm to base 10. `np.log` is the natural one.": (
            lambda p, labels: _cross_entropy(p, labels) / np.log(10)
        ),
        "these are the losses of the single images. Their mean is asked for.": (
            lambda p, labels: -np.log(p[np.arange(len(p)), labels])
        ),
    },
    "Of each row, the probability of its label; then minus the logarithm; then the mean.",
)

know_nothing = ValueCheck(
    "know_nothing",
    lambda: np.log(10),
    {
        "this would be -log(1), for a network that is sure and right.": lambda: 0.0,
        "this is log(2), for two classes. How many are there?": lambda: np.log(2),
        "this is the logarithm to base 10 or 2; `np.log` is the natural one.": lambda: 1.0,
        "a loss is positive: minus the logarithm of a tenth.": lambda: -np.log(10),
        "this is the probability, not the loss.": lambda: 0.1,
    },
    "Each of the ten digits has the same probability, also the right one. What is -log of it?",
    "Remember this number: a first loss far above it means that the start is bad.",
    tolerance=1e-3,
)

logits_gradient = FunctionCheck(
    "logits_gradient",
    _probability_cases,
    lambda p, labels: _difference(p, labels) / len(p),
    {
        "the loss is a mean over N images, so each image counts for one N-th. Divide by N.": (
            _difference
        ),
        "the direction is wrong: probability minus target, not the reverse.": (
            lambda p, labels: -_difference(p, labels) / len(p)
        ),
        "only the column of the right answer was reduced by 1/N: divide *everything* by N.": (
            lambda p, labels: p - np.eye(p.shape[1])[labels] / len(p)
        ),
        "these are the probabilities, over N. Where does the right answer come in?": (
            lambda p, labels: p / len(p)
        ),
        "only right answers get a gradient here. The wrong ones have to be pushed down, too.": (
            lambda p, labels: np.eye(p.shape[1])[labels] * _difference(p, labels) / len(p)
        ),
    },
    "The probabilities, minus 1 at the right answer, and everything over N.",
)
