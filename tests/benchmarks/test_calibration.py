"""What is measured before and after calibration, and of answers above a confidence, is right."""

from dataclasses import replace

import calibration
import numpy as np
import pytest
from drawing_simulator import drawings

from inkdigits import Recognizer
from inkdigits.recognizer import Prediction


def prediction(digit, confidence):
    """Of class 0 with some confidence, the rest shared by the others; digit None is refused."""
    probabilities = (confidence, *[(1 - confidence) / 9] * 9)
    reason = "not_a_digit" if digit is None else None
    return Prediction(digit, reason, probabilities, confidence, np.zeros((28, 28), np.uint8))


def test_probabilities_at_temperature_1_are_those_of_the_network(digits):
    recognizer = Recognizer.load("mlp")
    model = replace(recognizer.model, temperature=3.0)
    pictures = digits.images[:50]
    expected = Recognizer(replace(model, temperature=1.0), "mlp").read(pictures)
    hot = Recognizer(model, "mlp").read(pictures)
    assert np.abs(hot - expected).max() > 0.1
    np.testing.assert_allclose(calibration.uncalibrated(hot, 3.0), expected, atol=1e-12)


def test_what_is_refused_counts_as_no_answer_that_is_left():
    given = [prediction(0, 0.99), prediction(0, 0.97), prediction(None, 0.999), prediction(0, 0.6)]
    labels = np.array([0, 1, 1, 0])
    figures = calibration.figures_of(given, labels, None, 1.0)
    assert figures["accuracy"] == 0.5
    assert figures["refused"] == 0.25
    rows = {row["confidence"]: row for row in figures["coverage"]}
    assert rows[0.0] == {"confidence": 0.0, "left": 0.75, "wrong of them": pytest.approx(1 / 3)}
    assert rows[0.95] == {"confidence": 0.95, "left": 0.5, "wrong of them": 0.5}
    assert rows[0.98] == {"confidence": 0.98, "left": 0.25, "wrong of them": 0.0}
    assert rows[0.999] == {"confidence": 0.999, "left": 0.0, "wrong of them": None}


def test_writers_are_counted_one_by_one():
    given = [prediction(0, 0.9)] * 4
    figures = calibration.figures_of(given, np.array([0, 0, 0, 1]), np.array([7, 7, 8, 8]), 1.0)
    assert figures["by writer"]["writers"] == {7: 1.0, 8: 0.5}
    assert figures["by writer"]["mean"] == 0.75


def test_drawings_come_with_their_labels(digits):
    few = digits.take(slice(3))
    files, labels, writers = calibration.as_drawings(few, 5)
    drawn = list(drawings(few, 5))
    assert list(files) == [drawing.file for drawing in drawn]
    assert labels.tolist() == [drawing.label for drawing in drawn]
    assert writers is None
