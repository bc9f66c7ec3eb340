"""The rejection benchmark scores images as the recognizer does."""

import numpy as np
import pytest
import rejection

from inkdigits import Recognizer
from inkdigits.calibration import ALTERNATIVE_PENALTY
from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing import ink

SEVEN = np.array([[30, 30], [70, 30], [45, 90]])


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load()


def underlined(slant, below):
    """A 7 over a line, in which the network may or may not see a 2 or a non-digit."""
    line = np.array([[10, 95 + below], [90, 95 + below - slant]])
    return ink.candidates_from_ink(draw([2 * SEVEN, 2 * line], 10, (220, 220)))


def test_score_is_that_of_the_candidate_that_counts(recognizer):
    images = [underlined(slant, below) for slant in range(0, 40, 4) for below in range(0, 12, 3)]
    images.append(np.zeros((1, 28, 28), np.uint8))
    measured = rejection.predict_candidates(recognizer, images)
    seen = [prediction.seen for prediction in measured.predictions]
    is_alternative = [
        (picture != found[0]).any() for picture, found in zip(seen, images, strict=True)
    ]
    assert any(is_alternative)
    assert not all(is_alternative)
    raw = recognizer.predict_batch(np.stack(seen)).rejection_scores
    expected = raw + np.where(is_alternative, ALTERNATIVE_PENALTY, 0)
    expected[-1] = np.inf  # blank
    np.testing.assert_allclose(measured.rejection_scores, expected, rtol=1e-5)
    is_rejected = [prediction.digit is None for prediction in measured.predictions]
    np.testing.assert_array_equal(
        measured.rejection_scores > recognizer.rejection_threshold, is_rejected
    )
