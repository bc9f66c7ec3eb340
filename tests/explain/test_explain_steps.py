"""The steps are the recognizer's own: the last one is what the network saw, bit by bit."""

from pathlib import Path

import numpy as np
import pytest
from explained import SEVEN, UNDERLINE, ink_of
from untrained import untrained

from inkdigits import Recognizer
from inkdigits.explain import explain, explain_ink
from inkdigits.explain.steps import MAX_STEP_PX
from inkdigits.imaging.decode import decode
from inkdigits.preprocessing import plain

TESTS = Path(__file__).parents[1]
FILES = [
    TESTS / "golden/7.png",
    *sorted((TESTS / "golden/drawings").glob("*.[pj]*g"))[::3],
    *sorted((TESTS / "cases").glob("*.png"))[::3],
]
INK = ["image", "ink", "digit", "strokes", "scaled", "centered"]


@pytest.fixture(scope="module")
def recognizer():
    return Recognizer.load()


def names_of(explanation):
    return [step.name for step in explanation.steps]


@pytest.mark.parametrize("name", ["cnn-small", "classic", "plain"])
def test_last_step_is_what_the_network_saw(name):
    is_plain = name == "plain"
    recognizer = (
        Recognizer(untrained(preprocessing=name), name) if is_plain else Recognizer.load(name)
    )
    for path in FILES:
        explanation, prediction = explain(path, recognizer, parts=[]), recognizer.recognize(path)
        assert explanation.prediction == prediction
        assert explanation.steps is None
        explanation = explain(path, recognizer, parts=["steps"])
        last = explanation.steps[-1].picture
        assert last.dtype == np.uint8
        np.testing.assert_array_equal(last, prediction.seen)
        assert max(max(step.picture.shape) for step in explanation.steps) <= MAX_STEP_PX
        assert len({step.title for step in explanation.steps}) == len(explanation.steps)


def test_steps_of_each_preprocessing(recognizer):
    path = TESTS / "golden/7.png"
    assert names_of(explain(path, recognizer, parts=["steps"])) == INK
    classic = explain(path, Recognizer.load("classic"), parts=["steps"])
    assert names_of(classic) == [*INK, "binary", "shifted", "edges"]
    mnist = explain(recognizer.recognize(path).seen, Recognizer.load("classic"), parts=["steps"])
    assert names_of(mnist) == ["image", "ink", "binary", "shifted", "edges"]
    small = explain_ink(recognizer.recognize(path).seen // 2, Recognizer.load("classic"))
    assert names_of(small) == ["ink", "stretched", "binary", "shifted", "edges"]


def test_digit_is_centered_as_it_was_scaled(recognizer):
    explanation = explain_ink(ink_of(SEVEN), recognizer, parts=["steps"])
    scaled, centered = (step.picture for step in explanation.steps[-2:])
    assert max(scaled.shape) == 20
    rows, columns = (np.flatnonzero(centered.any(axis=axis)) for axis in (1, 0))
    inside = centered[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    np.testing.assert_array_equal(inside, scaled)


def test_steps_lead_to_the_candidate_that_the_recognizer_took(recognizer):
    ink = ink_of(SEVEN, UNDERLINE)
    explanation = explain_ink(ink, recognizer, parts=["steps", "rejection"])
    assert explanation.candidate == 1
    assert explanation.prediction == recognizer.recognize_ink(ink)
    assert explanation.prediction.label == "7"
    steps = dict(zip(names_of(explanation), explanation.steps, strict=True))
    np.testing.assert_array_equal(steps["ink"].picture, ink)
    assert steps["digit"].picture.shape[0] < 110  # the underline reaches down to 125 pixels
    np.testing.assert_array_equal(steps["centered"].picture, explanation.prediction.seen)
    assert explanation.rejection.penalty == 2


def test_ruled_lines_are_a_step_of_their_own_where_there_are_any(recognizer):
    explanation = explain(next((TESTS / "golden").glob("drawings/7-ruled.*")), recognizer)
    names = names_of(explanation)
    assert names == [*INK[:2], "lines", *INK[2:]]
    ink, lines = (explanation.steps[names.index(name)].picture for name in ("ink", "lines"))
    assert lines.sum() < 0.95 * ink.sum()


def test_without_preprocessing_the_image_is_only_scaled(recognizer):
    path = TESTS / "golden/7.png"
    explanation = explain(path, recognizer, parts=["steps"], preprocess=False)
    assert names_of(explanation) == ["gray", "resized"]
    assert not explanation.preprocessed
    expected = plain.from_image(decode(path.read_bytes()))
    np.testing.assert_array_equal(explanation.prediction.seen, expected)
    np.testing.assert_array_equal(explanation.steps[-1].picture, expected)
    ink = ink_of(SEVEN)
    explanation = explain_ink(ink, recognizer, parts=["steps"], preprocess=False)
    np.testing.assert_array_equal(explanation.prediction.seen, plain.from_ink(ink))


def test_large_pictures_are_reduced_for_display_only(recognizer):
    rgba = np.repeat(np.repeat(decode((TESTS / "golden/7.png").read_bytes()), 3, 0), 3, 1)
    explanation = explain(rgba, recognizer, parts=["steps"])
    assert explanation.steps[0].picture.shape == (MAX_STEP_PX, MAX_STEP_PX)
    assert explanation.steps[1].picture.max() > 200
    assert explanation.prediction == recognizer.recognize(rgba)
