"""Calibration fits the odds of what happens, however strong the evidence."""

import numpy as np
import pytest

from inkdigits.numbers.calibration import Evidence, fit, log_odds, sigmoid


def draw(count, seed):
    """Draw evidence of which the second value says how probable something is."""
    rng = np.random.default_rng(seed)
    evidence = [Evidence(*row) for row in rng.uniform(-4, 4, (count, 6)).tolist()]
    happened = [rng.random() < sigmoid(1.5 * each.number - 0.5) for each in evidence]
    return evidence, happened


def test_fit_finds_what_matters():
    lead, number, *others, constant = fit(*draw(8000, 0))
    assert number == pytest.approx(1.5, abs=0.2)
    assert constant == pytest.approx(-0.5, abs=0.2)
    assert abs(lead) < 0.1
    assert max(map(abs, others)) < 0.1


def test_probabilities_are_as_frequent_as_they_say():
    coefficients = fit(*draw(8000, 0))
    evidence, happened = draw(8000, 1)
    said = np.array([sigmoid(log_odds(coefficients, each)) for each in evidence])
    for low in np.arange(0, 1, 0.2):
        inside = (said >= low) & (said < low + 0.2)
        assert np.mean(np.array(happened)[inside]) == pytest.approx(said[inside].mean(), abs=0.06)


def test_evidence_that_always_decides_gives_finite_coefficients():
    evidence = [Evidence(*[value] * 6) for value in (-12.0, -6.0, 6.0, 12.0)]
    assert np.isfinite(fit(evidence, [False, False, True, True])).all()


def test_sigmoid_of_extreme_odds():
    assert sigmoid(800) == 1
    assert sigmoid(-800) == 0
    assert sigmoid(0) == 0.5
