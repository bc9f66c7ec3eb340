"""Why an image is rejected as a non-digit, or is not, and what would have to differ."""

from inkdigits.explain.change import choose_goal, find_change
from inkdigits.explain.explanation import Change, RejectionExplanation
from inkdigits.explain.subject import Subject


def explain_rejection(subject: Subject, change: Change | None) -> RejectionExplanation:
    """Compare the rejection score with the threshold.

    change  one that is known already; it is used if it makes the image accepted
    """
    recognizer, prediction = subject.recognizer, subject.prediction
    threshold = recognizer.rejection_threshold
    score = None
    if threshold is not None and prediction.reason != "blank":
        batch = recognizer.predict_batch(prediction.seen[None])
        score = float(batch.rejection_scores[0]) + subject.penalty
    accepting = None
    if prediction.reason == "not_a_digit":
        goal = choose_goal(subject, None)
        accepting = change if change and change.goal == goal.name else find_change(subject, goal)
    return RejectionExplanation(
        score=score,
        threshold=threshold,
        penalty=subject.penalty,
        rejected=prediction.reason is not None,
        reason=prediction.reason,
        margin=None if score is None or threshold is None else threshold - score,
        change=accepting,
    )
