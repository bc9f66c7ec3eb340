"""Step 10: calibration and rejection."""

from typing import Any

import numpy as np

from coursework.exercise import FunctionCheck


def _softmax(z: Any) -> Any:
    exponentials = np.exp(z - z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _temperature_cases() -> Any:
    rng = np.random.default_rng(0)
    yield 3 * rng.normal(size=(4, 3)), 2.0
    yield 3 * rng.normal(size=(2, 5)), 0.5


temper = FunctionCheck(
    "with_temperature",
    _temperature_cases,
    lambda logits, temperature: _softmax(logits / temperature),
    {
        "a higher temperature should make it *less* sure: divide, do not multiply.": (
            lambda logits, temperature: _softmax(logits * temperature)
        ),
        "the temperature belongs inside: it scales the logits, not the probabilities.": (
            lambda logits, temperature: _softmax(logits) / temperature
        ),
        "the temperature does nothing yet.": lambda logits, temperature: _softmax(logits),
        "subtracting the same number from all logits changes nothing. Divide.": (
            lambda logits, temperature: _softmax(logits - temperature) + 1e-3
        ),
    },
    "Divide the logits by the temperature, then softmax.",
)


def _confidence_cases() -> Any:
    rng = np.random.default_rng(1)
    confidence = 0.3 + 0.7 * rng.random(200)
    yield confidence, confidence > 0.5  # too sure below, too unsure above, and more of the latter
    yield np.full(10, 0.95), np.array([True] * 6 + [False] * 4)


def _gaps(confidence: Any, right: Any) -> Any:
    bins = np.minimum((confidence * 10).astype(int), 9)
    for number in np.unique(bins):
        inside = bins == number
        yield inside.mean(), confidence[inside].mean() - right[inside].mean()


def _error(confidence: Any, right: Any) -> Any:
    return sum(share * abs(gap) for share, gap in _gaps(confidence, right))


calibration_error = FunctionCheck(
    "calibration_error",
    _confidence_cases,
    _error,
    {
        "too sure here and too unsure there cancel out: take the absolute value of each gap.": (
            lambda confidence, right: sum(share * gap for share, gap in _gaps(confidence, right))
        ),
        "a group of three digits counts as much as one of a thousand: weight each group by its "
        "share of the digits.": lambda confidence, right: np.mean(
            [abs(gap) for _, gap in _gaps(confidence, right)]
        ),
        "this compares the overall means only. Compare within each group.": (
            lambda confidence, right: abs(confidence.mean() - right.mean())
        ),
        "this is the share of mistakes.": lambda confidence, right: 1 - right.mean(),
    },
    "For each group: how many of the digits it has, times the distance of mean confidence and "
    "accuracy.",
)


def _fit_cases() -> Any:
    rng = np.random.default_rng(2)
    temperatures = np.array([0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0])
    for factor in (0.4, 2.0):
        logits = rng.normal(size=(300, 4))
        labels = (logits + rng.gumbel(size=logits.shape)).argmax(axis=1)
        yield factor * logits, labels, temperatures


def _losses(logits: Any, labels: Any, temperatures: Any) -> Any:
    return [
        -np.log(_softmax(logits / t)[np.arange(len(labels)), labels]).mean() for t in temperatures
    ]


def _confidences(logits: Any, temperatures: Any) -> Any:
    return [_softmax(logits / t).max(axis=1).mean() for t in temperatures]


best_temperature = FunctionCheck(
    "best_temperature",
    _fit_cases,
    lambda logits, labels, ts: ts[np.argmin(_losses(logits, labels, ts))],
    {
        "this is the temperature with the *largest* loss.": (
            lambda logits, labels, ts: ts[np.argmax(_losses(logits, labels, ts))]
        ),
        "a temperature never changes the answers, so the accuracy is the same for all, and the "
        "first one wins. Compare the cross-entropy.": lambda logits, labels, ts: ts[0],
        "this is the loss, or a place in the list. What is asked for is the temperature.": (
            lambda logits, labels, ts: int(np.argmin(_losses(logits, labels, ts)))
        ),
        "this chooses the most confident one. Being sure is not the goal; being right about how "
        "sure is.": lambda logits, labels, ts: ts[np.argmax(_confidences(logits, ts)[1:]) + 1],
    },
    "The cross-entropy for each temperature, and then the temperature of the smallest.",
)


def _score_cases() -> Any:
    rng = np.random.default_rng(3)
    yield (3 * rng.normal(size=(5, 11)),)


def _log_sum(z: Any) -> Any:
    return np.log(np.exp(z).sum(axis=1))


rejection_score = FunctionCheck(
    "rejection_score",
    _score_cases,
    lambda z: z[:, 10] - _log_sum(z[:, :10]),
    {
        "only differences of logits mean something: compare it with the ten digits.": (
            lambda z: z[:, 10]
        ),
        "this compares with the most likely digit only, not with all ten together.": (
            lambda z: z[:, 10] - z[:, :10].max(axis=1)
        ),
        "the sum should have the ten digits, without the eleventh.": (
            lambda z: z[:, 10] - _log_sum(z)
        ),
        "the sign: a *high* score should mean that it is not a digit.": (
            lambda z: _log_sum(z[:, :10]) - z[:, 10]
        ),
        "these are probabilities. The score is the logarithm of a ratio.": (
            lambda z: _softmax(z)[:, 10]
        ),
    },
    "The last logit, minus the logarithm of the sum of exp of the ten others.",
)


def _threshold_cases() -> Any:
    rng = np.random.default_rng(4)
    yield rng.normal(size=200), 0.01
    yield rng.normal(size=1000), 0.005


def _threshold(scores: Any, share: Any) -> Any:
    return np.sort(scores)[len(scores) - 1 - int(share * len(scores))]


threshold = FunctionCheck(
    "choose_threshold",
    _threshold_cases,
    _threshold,
    {
        "this would reject nearly all digits: the share is what may lie *above* the threshold.": (
            lambda scores, share: np.sort(scores)[int(share * len(scores))]
        ),
        "with the highest score no digit is rejected, and a few may be.": (
            lambda scores, share: scores.max()
        ),
        "one more digit is rejected than allowed. Count again: with 200 digits and 1%, two lie "
        "above.": lambda scores, share: np.sort(scores)[len(scores) - 2 - int(share * len(scores))],
        "have you sorted the scores?": lambda scores, share: scores[
            len(scores) - 1 - int(share * len(scores))
        ],
    },
    "Sort the scores. As many as are allowed lie above the threshold, which is the next one.",
)
