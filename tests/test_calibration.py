"""Calibration: temperature, rejection scores and rejection threshold."""

from dataclasses import replace

import numpy as np
import pytest
from foreign import ForeignArray
from untrained import untrained

from inkdigits.calibration import (
    Calibration,
    calibrate,
    fit_rejection_threshold,
    fit_temperature,
    rejection_scores,
)
from inkdigits.constants import CLASSES
from inkdigits.inference import predict_logits
from inkdigits.model_file import TEMPERATURES
from inkdigits.nn.losses import one_hot, softmax, softmax_cross_entropy
from inkdigits.recipes import CLASSIC, MLP, NON_DIGIT


@pytest.fixture(scope="module")
def validation():
    """Random images with random labels."""
    rng = np.random.default_rng(0)
    return rng.random((50, 28, 28), np.float32), rng.integers(CLASSES, size=50)


# calibrate


@pytest.mark.parametrize("tta", [False, True])
def test_calibration_uses_the_logits_that_the_recognizer_uses(validation, tta):
    recipe, model = replace(MLP, tta=tta), untrained("mlp")
    x, labels = validation
    params = model.network.layer_params(model.vector)
    logits, other_logits = (predict_logits(model.network, params, x, t) for t in (tta, not tta))
    expected, other = (
        (fit_temperature(z[:, :CLASSES], labels), fit_rejection_threshold(rejection_scores(z)))
        for z in (logits, other_logits)
    )
    assert calibrate(recipe, model.vector, validation) == expected
    assert expected != other


def test_without_validation_digits_nothing_is_calibrated():
    assert calibrate(CLASSIC, untrained("classic").vector, None) == Calibration(1.0, None)
    assert calibrate(MLP, untrained("mlp").vector, None) == Calibration(1.0, 0.0)


def test_digits_only_network_gets_no_threshold(validation):
    temperature, threshold = calibrate(CLASSIC, untrained("classic").vector, validation)
    assert temperature != 1
    assert threshold is None


def test_arrays_of_another_library_give_the_same_calibration(validation):
    recipe, vector = replace(MLP, tta=False), untrained("mlp").vector
    foreign = tuple(map(ForeignArray, validation))
    calibration = calibrate(recipe, ForeignArray(vector), foreign)
    assert calibration == calibrate(recipe, vector, validation)
    assert [type(value) for value in calibration] == [float, float]


# Temperature


@pytest.mark.parametrize("temperature", [0.25, 1.0, 1.7, 6.0])
def test_fit_recovers_the_temperature_of_sampled_labels(temperature):
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, (20_000, 10)).astype(np.float32)
    # Gumbel's trick draws a class with the softmax's probabilities.
    labels = (logits / temperature + rng.gumbel(size=logits.shape)).argmax(axis=1)
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.03)


def test_temperature_minimizes_the_loss():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 4, (500, 10)).astype(np.float32)
    labels = (logits / 2 + rng.gumbel(size=logits.shape)).argmax(axis=1)
    best = fit_temperature(logits, labels)

    def loss(temperature):
        return softmax_cross_entropy(logits / np.float32(temperature), one_hot(10)[labels])[0]

    assert loss(best) < min(loss(best * 1.02), loss(best / 1.02))
    confidence = softmax(logits / np.float32(best)).max(axis=1).mean()
    assert confidence == pytest.approx(np.mean(logits.argmax(axis=1) == labels), abs=0.05)


def test_temperature_stays_within_what_a_model_file_allows():
    """If all predictions are right, or all wrong, the best temperature is unbounded."""
    labels = np.arange(10).repeat(10)
    lowest = fit_temperature(one_hot(10)[labels], labels)
    highest = fit_temperature(one_hot(10)[9 - labels], labels)
    assert TEMPERATURES[0] < 0.05 <= lowest < 0.06
    assert 19 < highest <= 20 < TEMPERATURES[1]


# Rejection


def test_rejection_score_is_the_log_odds_of_a_non_digit():
    logits = np.random.default_rng(0).normal(0, 5, (100, 11))
    probability = softmax(logits)[:, NON_DIGIT]
    np.testing.assert_allclose(
        rejection_scores(logits), np.log(probability / (1 - probability)), rtol=1e-9
    )


def test_rejection_score_does_not_overflow():
    logits = np.full((2, 11), 1000.0)
    logits[1, NON_DIGIT] = 3000
    np.testing.assert_allclose(rejection_scores(logits), [-np.log(10), 2000 - np.log(10)])


def test_threshold_rejects_the_target_share():
    scores = np.random.default_rng(0).permutation(np.linspace(-30, 5, 10_000))
    threshold = fit_rejection_threshold(scores)
    assert np.count_nonzero(scores > threshold) == 40
