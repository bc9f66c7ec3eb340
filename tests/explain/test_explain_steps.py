"""The steps are the recognizer's own: the last one is what the network saw, bit by bit."""

from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from inkdigits import Recognizer
from inkdigits.explain import explain, explain_ink
from inkdigits.explain.steps import MAX_STEP_PX, TITLES
from inkdigits.imaging.strokes import draw

GOLDEN = Path(__file__).parents[1] / "golden"
CASES = Path(__file__).parents[1] / "cases"
FILES = [
    *sorted(GOLDEN.glob("*.png")),
    *sorted(GOLDEN.glob("drawings/*.[pj]*g")),
    *sorted(CASES.glob("*.png"))[::3],
]
INK_STEPS = ["image", "ink", "digit", "strokes", "scaled", "centered"]


def boxed_digit():
    """A 7 in a box: the recognizer looks at it with the box and without."""
    strokes = [[(70, 60), (130, 60), (90, 150)], [(30, 30), (170, 30), (170, 175), (30, 175), (30, 30)]]
    return draw([np.array(stroke, float) for stroke in strokes], 8.0, (200, 200))


@pytest.fixture(scope="module", params=["cnn-small", "classic"])
def recognizer(request):
    return Recognizer.load(request.param)


def test_last_step_is_what_the_network_saw(recognizer):
    candidates = set()
    for path in FILES:
        explanation, prediction = explain(path, recognizer, parts=["steps"]), recognizer.recognize(path)
        assert explanation.prediction == prediction
        np.testing.assert_array_equal(explanation.steps[-1].picture, prediction.seen)
        assert explanation.steps[-1].picture.dtype == np.uint8
        candidates.add(explanation.candidate)
    assert len(candidates) > 1 or recognizer.name == "classic"


def test_steps_of_a_candidate_that_is_not_the_likeliest():
    recognizer = Recognizer.load()
    pictures = recognizer._preprocessor.candidates_from_ink(boxed_digit())
    assert len(pictures) > 1
