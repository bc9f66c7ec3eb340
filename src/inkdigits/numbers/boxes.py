"""Numbers whose digits are known to stand each in a box of its own."""

from heapq import nlargest
from math import log

import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.constants import DIGITS
from inkdigits.numbers.calibration import sigmoid
from inkdigits.numbers.conclusion import CANDIDATES, DOUBT
from inkdigits.numbers.constraints import Constraints, State
from inkdigits.numbers.decoding import log_sum, text_scores
from inkdigits.numbers.line import HEIGHT
from inkdigits.numbers.line_model import load_line_model
from inkdigits.numbers.prediction import Candidate, NumberDigit, NumberPrediction
from inkdigits.recognizer import BatchPrediction

BEAM = 200  # beginnings of texts that are kept
# A quarter of what the network for digits has been trained on is not a digit; in a box made for a
# digit, one in a hundred is not.
FEWER_OTHERS = log(99) - log(3)
MAX_ODDS = 30.0
# Chosen on sheets of the forms' benchmark, of another seed than those on which it reports: the
# share of the line network's logarithms, the rest being the other network's, and the factor of
# their mean with which the probabilities of numbers are about as frequent as they say.
LINE_WEIGHT = 0.5
SHARPNESS = 1.2
LEAST = 1e-12  # probability that any digit has, whatever the network says


def predict_side_by_side(pictures: Pixels) -> Array:
    """Let the line network look at all boxes as one line, for a second opinion on each digit.

    pictures  uint8 (N, 28, 28), as the network for single digits sees them
    returns   float64 (N, 10), the log probability of each digit, by the columns of its picture
    """
    count, side, _ = pictures.shape
    line = np.zeros((HEIGHT, count * side), np.uint8)
    above = (HEIGHT - side) // 2
    line[above : above + side] = pictures.transpose(1, 0, 2).reshape(side, -1)
    model = load_line_model()
    columns = model.log_probabilities(line)
    box_of = (model.columns(len(columns)) // side).clip(0, count - 1)
    scores = np.stack([text_scores(columns[box_of == box], DIGITS) for box in range(count)])
    return scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)


def search_boxes(
    batch: BatchPrediction, side_by_side: Array, constraints: Constraints
) -> NumberPrediction:
    """Find the most probable text that satisfies the constraints.

    batch         what the network for single digits says of the boxes with ink, left to right
    side_by_side  float64 (N, 10), what the line network says of them
    """
    logarithms = np.log(np.maximum(batch.probabilities, LEAST))
    logarithms = (1 - LINE_WEIGHT) * logarithms + LINE_WEIGHT * np.maximum(side_by_side, log(LEAST))
    logarithms *= SHARPNESS
    logarithms -= np.logaddexp.reduce(logarithms, axis=1, keepdims=True)
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
            for digit, row in zip(best.text, np.exp(logarithms), strict=True)
        ),
        candidates=tuple(candidates),
        written=best.text,
    )
