"""Calibration on held-out digits: the temperature, and the threshold above which to reject."""

import math
from typing import NamedTuple

import numpy as np

from inkdigits.arrays import Array, Labels, to_host
from inkdigits.constants import CLASSES
from inkdigits.inference import predict_logits
from inkdigits.nn.losses import one_hot, softmax_cross_entropy
from inkdigits.recipes import NON_DIGIT, Recipe

REJECTED_SHARE = 0.004  # share of real digits that the rejection threshold may reject


class Calibration(NamedTuple):
    """What calibration adds to a network.

    temperature          probabilities are softmax(logits / temperature)
    rejection_threshold  images with a higher rejection score are not digits; None for a network
                         that knows digits only
    """

    temperature: float = 1.0
    rejection_threshold: float | None = None


def calibrate(
    recipe: Recipe, vector: Array, validation: tuple[Array, Labels] | None
) -> Calibration:
    """Fit temperature and rejection threshold on the validation digits.

    vector      float32 (P,), of the recipe's inference network
    validation  preprocessed digits, float32 (N, 28, 28), and labels; None gives temperature 1 and
                threshold 0
    """
    temperature, threshold = 1.0, 0.0
    if validation is not None:
        x, labels = validation
        network = recipe.network.inference_network
        logits = to_host(predict_logits(network, network.layer_params(vector), x, recipe.tta))
        temperature = fit_temperature(logits[:, :CLASSES], to_host(labels))
        if recipe.outliers:
            threshold = fit_rejection_threshold(rejection_scores(logits))
    return Calibration(temperature, threshold if recipe.outliers else None)


def rejection_scores(logits: Array) -> Array:
    """Compute the log odds of the class "not a digit" against all ten digits together.

    logits   float (N, 11)
    returns  float (N,); above 0, a non-digit is likelier
    source   docs/how-it-works.md, "Not a digit"
    """
    digits = logits[:, :CLASSES]
    peak = digits.max(axis=1)
    return logits[:, NON_DIGIT] - peak - np.log(np.exp(digits - peak[:, None]).sum(axis=1))


def fit_temperature(logits: Array, labels: Labels) -> float:
    """Find the temperature that minimizes the cross-entropy.

    As the temperature grows, the cross-entropy falls and then rises, so a golden-section search
    over the temperature's logarithm finds the minimum.

    logits   float32 (N, 10), of digits that were not trained on
    source   Guo, Pleiss, Sun and Weinberger 2017, On Calibration of Modern Neural Networks
    """
    targets = one_hot(logits.shape[1])[labels]
    golden = (math.sqrt(5) - 1) / 2

    def loss(log_temperature: float) -> float:
        return softmax_cross_entropy(logits / math.exp(log_temperature), targets)[0]

    low, high = math.log(0.05), math.log(20)
    while high - low > 1e-4:
        left, right = high - golden * (high - low), low + golden * (high - low)
        low, high = (low, right) if loss(left) < loss(right) else (left, high)
    return math.exp((low + high) / 2)


def fit_rejection_threshold(scores: Array) -> float:
    """Find the threshold that rejects REJECTED_SHARE of real digits.

    scores   float (N,), rejection scores of digits that were not trained on
    """
    return float(np.quantile(scores, 1 - REJECTED_SHARE))
