"""Scores before and after calibration, and the risk-coverage curve."""

from dataclasses import replace

import calibration
import numpy as np
import pytest
from drawing_simulator import drawings

from inkdigits import Recognizer
from inkdigits.model_file import load_model, locate
from inkdigits.recognizer import Prediction


def prediction(digit, confidence):
    """A prediction with this confidence in class 0; digit None means rejected."""
    probabilities = (confidence, *[(1 - confidence) / 9] * 9)
    reason = "not_a_digit" if digit is None else None
    label = None if digit is None else str(digit)
    seen = np.zeros((28, 28), np.uint8)
    return Prediction(digit, label, reason, probabilities, confidence, seen)


def test_uncalibrated_inverts_the_temperature(digits):
    def probabilities(temperature):
        model = replace(load_model(locate("mlp")), temperature=temperature)
        recognizer = Recognizer(model, "mlp")
        images = recognizer.preprocess_mnist(digits.images[:50])
        return recognizer.predict_batch(images).probabilities

    expected, scaled = probabilities(1.0), probabilities(3.0)
    assert np.abs(scaled - expected).max() > 0.1
    np.testing.assert_allclose(calibration.uncalibrated(scaled, 3.0), expected, atol=1e-12)


def test_rejected_images_reduce_the_coverage():
    predictions = [
        prediction(0, 0.99),
        prediction(0, 0.97),
        prediction(None, 0.999),
        prediction(0, 0.6),
    ]
    labels = np.array([0, 1, 1, 0])
    scores = calibration.scores(predictions, labels, None, 1.0)
    assert scores["accuracy"] == 0.5
    assert scores["rejected"] == 0.25
    points = {point["threshold"]: point for point in scores["risk_coverage"]}
    assert points[0.0] == {"threshold": 0.0, "coverage": 0.75, "risk": pytest.approx(1 / 3)}
    assert points[0.95] == {"threshold": 0.95, "coverage": 0.5, "risk": 0.5}
    assert points[0.98] == {"threshold": 0.98, "coverage": 0.25, "risk": 0.0}
    assert points[0.999] == {"threshold": 0.999, "coverage": 0.0, "risk": None}


def test_accuracy_is_reported_by_writer():
    predictions = [prediction(0, 0.9)] * 4
    labels, writers = np.array([0, 0, 0, 1]), np.array([7, 7, 8, 8])
    by_writer = calibration.scores(predictions, labels, writers, 1.0)["by_writer"]
    assert by_writer["writers"] == {7: 1.0, 8: 0.5}
    assert by_writer["mean"] == 0.75


def test_drawings_come_with_their_labels(digits):
    few = digits.take(slice(3))
    files, labels, writers = calibration.as_drawings(few, 5)
    drawn = list(drawings(few, 5))
    assert list(files) == [drawing.file for drawing in drawn]
    assert labels.tolist() == [drawing.label for drawing in drawn]
    assert writers is None
