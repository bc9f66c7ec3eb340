"""Numbers whose digits are known to stand each in a box of its own."""

from heapq import nlargest
from math import log

import numpy as np

from inkdigits.numbers.calibration import sigmoid
from inkdigits.numbers.constraints import Constraints, State
from inkdigits.numbers.decoding import log_sum
from inkdigits.numbers.prediction import Candidate, NumberDigit, NumberPrediction
from inkdigits.recognizer import BatchPrediction

BEAM = 200  # beginnings of texts that are kept
CANDIDATES = 5
DOUBT = 1e-3  # probability that a number does not satisfy its constraints
# A quarter of what the network for digits has been trained on is no digit; in a box made for a
# digit, one in a hundred is not.
FEWER_OTHERS = log(99) - log(3)
MAX_ODDS = 30.0
LEAST = 1e-12  # probability that any digit has, whatever the network says


def search_boxes(batch: BatchPrediction, constraints: Constraints) -> NumberPrediction:
    """Find the most probable text that satisfies the constraints.

    batch    what the network for single digits says of the boxes with ink, left to right
    """
    logarithms = np.log(np.maximum(batch.probabilities, LEAST))
    beam: dict[str, tuple[float, State]] = {"": (0.0, constraints.start)}
    for row in logarithms.tolist():
        longer: dict[str, tuple[float, State]] = {}
        for text, (score, state) in beam.items():
            for digit, log_probability in enumerate(row):
                following = constraints.step(state, digit)
                if following is not None:
                    longer[f"{text}{digit}"] = (score + log_probability, following)
        kept = nlargest(BEAM, longer, key=lambda text: longer[text][0])
        beam = {text: longer[text] for text in kept}
    scores = {text: score for text, (score, state) in beam.items() if constraints.accepts(state)}
    if constraints.choices is not None:
        scores = {
            choice: sum(row[int(digit)] for row, digit in zip(logarithms, choice, strict=True))
            for choice in constraints.allowed_choices
            if len(choice) == len(logarithms)
        }
    # A network that knows digits only gives odds of infinity.
    odds = np.minimum(FEWER_OTHERS - batch.rejection_scores, MAX_ODDS)
    all_digits = float(np.prod([sigmoid(value) for value in odds.tolist()]))
    rejected = bool(batch.rejected.any())
    if not scores:
        return NumberPrediction(None, "not_a_number", 0.0)
    ranked = sorted(scores, key=lambda text: -scores[text])
    doubt = log(DOUBT) + float(logarithms.max(axis=1).sum())
    total = log_sum([*scores.values(), doubt])
    candidates = [
        Candidate(text, all_digits * float(np.exp(scores[text] - total)))
        for text in ranked[:CANDIDATES]
    ]
    best = candidates[0]
    return NumberPrediction(
        text=None if rejected else best.text,
        reason="not_a_number" if rejected else None,
        confidence=best.probability,
        digits=tuple(
            NumberDigit(None, int(digit), tuple(row.tolist()))
            for digit, row in zip(best.text, batch.probabilities, strict=True)
        ),
        candidates=tuple(candidates),
        written=best.text,
    )
