"""A change of ink that is found does change the recognizer's prediction."""

from math import inf

import numpy as np
import pytest
from explained import PLUS, SEVEN, UNDERLINE, ink_of, without_tta

from inkdigits import Recognizer
from inkdigits.explain import change as change_module
from inkdigits.explain import explain_ink
from inkdigits.explain.change import Goal
from inkdigits.explain.subject import Subject


def applied(seen, change):
    """The picture after a change."""
    picture = seen.copy()
    for pixel in change.added:
        assert picture[pixel] < 255
        picture[pixel] = 255
    for pixel in change.removed:
        assert picture[pixel] > 0
        picture[pixel] = 0
    return picture


def check(recognizer, explanation, change):
    """Check that the recognizer confirms a change; return its new prediction."""
    assert change.found
    assert change.reason is None
    assert 0 < len(change.added) + len(change.removed) <= change_module.MAX_PIXELS
    assert not set(change.added) & set(change.removed)
    assert change.before == explanation.prediction
    picture = applied(explanation.prediction.seen, change)
    assert recognizer.predict_candidates([picture[None]]) == [change.after]
    np.testing.assert_array_equal(change.after.seen, picture)
    return change.after


@pytest.mark.parametrize("name", ["cnn-small", "mlp", "classic"])
def test_change_gives_another_answer(name):
    recognizer = Recognizer.load(name)
    explanation = explain_ink(ink_of(SEVEN), recognizer, parts=["change"])
    assert explanation.change.goal == "any other"
    assert check(recognizer, explanation, explanation.change).label not in ("7", None)


@pytest.mark.parametrize("target", ["1", "9", "non-digit", "7"])
def test_change_to_a_target(target):
    recognizer = Recognizer.load("mlp")
    explanation = explain_ink(ink_of(SEVEN), recognizer, parts=["change"], target=target)
    after = check(recognizer, explanation, explanation.change)
    if target == "non-digit":
        assert after.reason == "not_a_digit"
    elif target == "7":  # it is one already
        assert after.label not in ("7", None)
    else:
        assert after.label == target


def test_no_change_can_be_taken_back():
    recognizer = without_tta("mlp")
    explanation = explain_ink(ink_of(SEVEN), recognizer, parts=["change"], target="9")
    change, seen = explanation.change, explanation.prediction.seen
    for pixel in (*change.added, *change.removed):
        picture = applied(seen, change)
        picture[pixel] = seen[pixel]
        assert recognizer.predict_candidates([picture[None]])[0].label != "9"


def test_rejected_image_that_is_explained_as_a_non_digit_becomes_accepted():
    explanation = explain_ink(ink_of(*PLUS), target="non-digit", parts=["rejection", "change"])
    assert explanation.change.goal == "accepted"
    assert explanation.change.after.label is not None
    assert explanation.rejection.change is explanation.change


def test_rejected_image_becomes_accepted():
    recognizer = Recognizer.load()
    explanation = explain_ink(ink_of(*PLUS), recognizer, parts=["rejection", "change"])
    rejection = explanation.rejection
    assert explanation.prediction.reason == rejection.reason == "not_a_digit"
    assert rejection.rejected
    assert rejection.score > rejection.threshold == recognizer.rejection_threshold
    assert rejection.margin == rejection.threshold - rejection.score
    assert rejection.change is explanation.change
    assert rejection.change.goal == "accepted"
    assert check(recognizer, explanation, rejection.change).label is not None
    (alone,) = [explain_ink(ink_of(*PLUS), recognizer, parts=["rejection"]).rejection]
    assert alone.change.added == rejection.change.added


def test_score_of_an_alternative_contains_its_penalty():
    recognizer = Recognizer.load()
    explanation = explain_ink(ink_of(SEVEN, UNDERLINE), recognizer, parts=["rejection", "change"])
    batch = recognizer.predict_batch(explanation.prediction.seen[None])
    assert explanation.rejection.score == batch.rejection_scores[0] + 2
    assert not explanation.rejection.rejected
    assert explanation.rejection.margin > 0
    assert explanation.rejection.change is None
    changed = applied(explanation.prediction.seen, explanation.change)
    score = recognizer.predict_batch(changed[None]).rejection_scores[0]
    assert score + 2 <= recognizer.rejection_threshold


def test_model_that_rejects_nothing_has_no_score():
    explanation = explain_ink(ink_of(*PLUS), Recognizer.load("classic"), parts=["rejection"])
    rejection = explanation.rejection
    assert (rejection.score, rejection.threshold, rejection.margin) == (None, None, None)
    assert not rejection.rejected


@pytest.mark.parametrize("target", ["2", "3", "9"])
def test_ink_is_added_beside_ink_only(target):
    explanation = explain_ink(
        ink_of(SEVEN), Recognizer.load("mlp"), parts=["change"], target=target
    )
    change = explanation.change
    inked = np.pad(applied(explanation.prediction.seen, change) >= 128, 1)
    assert change.added
    for row, column in change.added:
        assert inked[row : row + 3, column : column + 3].sum() > 1


def test_rejected_picture_is_not_confirmed():
    recognizer = Recognizer.load()
    prediction = recognizer.recognize_ink(ink_of(*PLUS))
    subject = Subject(recognizer, prediction, candidate=0)
    best = int(np.argmax(prediction.probabilities))
    for goal in (Goal("accepted", 10, inf), Goal(str(best), 10, inf, target=best)):
        assert change_module._Search(subject, goal)._confirm({}) is None


def test_search_gives_up_with_a_reason(monkeypatch):
    monkeypatch.setattr(change_module, "MAX_PIXELS", 2)
    change = explain_ink(ink_of(SEVEN), Recognizer.load("mlp"), parts=["change"]).change
    assert not change.found
    assert change.after is None
    assert change.added == change.removed == ()
    assert change.reason == "No change of up to 2 pixels was found."


@pytest.mark.parametrize(
    "goal",
    [
        Goal("4", 10, 1.5, target=4),
        Goal("any other", 10, 1.5, leaves=3),
        Goal("accepted", 10, -2.0),
        Goal("non-digit", 10, -2.0, target=10),
        Goal("4", 10, inf, target=4),
    ],
    ids=lambda goal: f"{goal.name} {goal.limit}",
)
def test_gradient_of_a_goal_is_that_of_its_margin(goal):
    rng = np.random.default_rng(0)
    for _ in range(5):
        logits = rng.normal(size=11) * 3
        steps = np.concatenate([np.eye(11), -np.eye(11)]) * 1e-6
        margins = goal.margins(logits + steps)
        slopes = (margins[:11] - margins[11:]) / 2e-6
        np.testing.assert_allclose(goal.gradient(logits), slopes, atol=1e-5)
        reached = goal.margins(logits[None])[0] > 0
        score = logits[10] - np.log(np.exp(logits[:10]).sum())
        best = int(logits[:10].argmax())
        expected = {
            "4": best == 4 and score < goal.limit,
            "any other": best != 3 and score < goal.limit,
            "accepted": score < goal.limit,
            "non-digit": score > goal.limit,
        }[goal.name]
        assert reached == expected
