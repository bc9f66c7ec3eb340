"""From the scores of a search to probabilities: fitted on numbers that chose nothing else."""

import math
from collections.abc import Sequence
from dataclasses import astuple, dataclass

import numpy as np

from inkdigits.arrays import Array

RIDGE = 0.1  # of the sum of squares; without it, separable evidence has infinite coefficients
STEPS = 50


@dataclass(frozen=True)
class NumberCalibration:
    """What calibration adds to the line network.

    digit_weight  of the logarithm of the digits' probabilities, by the network for single digits,
                  beside that of the text's probability, by the line network
    temperature   the sums of both are divided by it
    confidence    coefficients of `Evidence`, then a constant: the log odds that the text is right
    numberness    the same for the log odds that the picture is a number
    threshold     a picture whose log odds are lower is rejected
    """

    digit_weight: float = 0.5
    temperature: float = 1.0
    confidence: tuple[float, ...] = (1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    numberness: tuple[float, ...] = (0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    threshold: float = 0.0


@dataclass(frozen=True)
class Evidence:
    """What speaks for a text.

    lead         log odds of the text against all other texts
    number       log odds, by the line network, of texts in which all signs occur in numbers
    line         log probability of the text by the line network, for each of its symbols
    digit        the lowest log odds, by the network for single digits, that a piece is a digit
    digits       the mean of these log odds
    worst        the lowest log probability, by the same network, of a digit of the text
    """

    lead: float
    number: float
    line: float
    digit: float
    digits: float
    worst: float

    def values(self) -> Array:
        """Return the values in order, float64 (6,)."""
        return np.array(astuple(self))


def fit(evidence: Sequence[Evidence], happened: Sequence[bool]) -> tuple[float, ...]:
    """Fit coefficients, by logistic regression, of the log odds that something happened.

    returns  one for each value of `Evidence`, then a constant
    source   Platt 1999, Probabilistic Outputs for Support Vector Machines, with more than one input
    """
    x = np.array([[*each.values(), 1.0] for each in evidence])
    y = np.array(happened, float)
    coefficients = np.zeros(x.shape[1])
    for _ in range(STEPS):  # of Newton's method
        predicted = 1 / (1 + np.exp(-x @ coefficients))
        gradient = x.T @ (y - predicted) - RIDGE * coefficients
        curvature = (x * (predicted * (1 - predicted))[:, None]).T @ x
        coefficients += np.linalg.solve(curvature + RIDGE * np.eye(len(coefficients)), gradient)
    return tuple(coefficients.tolist())


def log_odds(coefficients: tuple[float, ...], evidence: Evidence) -> float:
    """Weigh the evidence."""
    return float(np.dot(coefficients[:-1], evidence.values()) + coefficients[-1])


def sigmoid(value: float) -> float:
    """Convert log odds to a probability."""
    return 1 / (1 + math.exp(-value)) if value >= 0 else 1 - 1 / (1 + math.exp(value))
