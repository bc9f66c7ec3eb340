"""Weigh the texts of the line network by their digits, and conclude how sure the best one is."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, log

import numpy as np

from inkdigits.arrays import Pixels
from inkdigits.numbers.calibration import Evidence, NumberCalibration, log_odds, sigmoid
from inkdigits.numbers.decoding import Text, log_sum
from inkdigits.numbers.line_model import OTHER
from inkdigits.numbers.picture import NumberInk
from inkdigits.numbers.prediction import (
    Box,
    Candidate,
    NumberDigit,
    NumberPrediction,
    Separator,
)
from inkdigits.recognizer import Recognizer

CANDIDATES = 5
# Probability that a number does not satisfy its constraints: someone has written, or asked for, the
# wrong thing. Then even the most probable text that does satisfy them is not a sure one.
DOUBT = 1e-3
MAX_ODDS = 12.0  # log odds; so that no single piece of evidence decides
MIN_DIGIT_SCORE = -12.0  # log probability of a digit
LEAST = 1e-30  # probability whose logarithm is taken

Cut = list[tuple[Pixels, Box | None]]  # the pictures of a text's symbols, and where they are


@dataclass(frozen=True)
class Symbol:
    """A symbol of a text, as it has been cut out.

    probabilities  of the ten digits
    digit_odds     log odds, by the network for single digits, that it is a digit
    """

    symbol: str
    box: Box | None
    probabilities: tuple[float, ...]
    digit_odds: float

    @property
    def probability(self) -> float:
        """The probability of the digit that the symbol is."""
        return self.probabilities[int(self.symbol)]


@dataclass(frozen=True)
class Weighed:
    """A text, its symbols, and its log probability by both networks, not normalized."""

    text: Text
    symbols: tuple[Symbol, ...]
    score: float


def weigh(
    texts: Sequence[Text],
    cuts: Sequence[Cut],
    recognizer: Recognizer,
    calibration: NumberCalibration,
) -> list[Weighed]:
    """Let the network for single digits look at the symbols of each text.

    cuts     for each text the pictures of its symbols; equal ones are the same object
    """
    pictures = {id(picture): picture for cut in cuts for picture, _ in cut}
    batch = recognizer.predict_batch(
        np.stack([recognizer.preprocess_ink(picture) for picture in pictures.values()])
    )
    rows = {key: row for row, key in enumerate(pictures)}
    odds = np.clip(-batch.rejection_scores, -MAX_ODDS, MAX_ODDS)
    weighed = []
    for text, cut in zip(texts, cuts, strict=True):
        symbols = []
        for symbol, (picture, box) in zip(text.written, cut, strict=True):
            row = rows[id(picture)]
            probabilities = tuple(batch.probabilities[row].tolist())
            is_digit = float(odds[row]) if picture.any() else -MAX_ODDS
            symbols.append(Symbol(symbol, box, probabilities, is_digit))
        score = text.score + calibration.digit_weight * sum(map(_digit_score, symbols))
        weighed.append(Weighed(text, tuple(symbols), score / calibration.temperature))
    return weighed


def _digit_score(symbol: Symbol) -> float:
    """Return the log probability that a picture is a digit, and the one that the text says."""
    if not symbol.symbol.isdigit():
        return 0.0
    return max(MIN_DIGIT_SCORE, log(max(symbol.probability * sigmoid(symbol.digit_odds), LEAST)))


@dataclass(frozen=True)
class Conclusion:
    """What both networks make of a line.

    best      the most probable text that is allowed
    shares    of the probability, by the digits of each allowed text, the largest first; those of
              texts that are not allowed are missing from their sum
    evidence  for the best text
    """

    best: Weighed
    shares: dict[str, float]
    evidence: Evidence


def conclude(
    allowed: Sequence[Weighed], violating: Sequence[Weighed], found: Sequence[Text]
) -> Conclusion:
    """Choose the best of the allowed texts, and collect what speaks for it.

    allowed    the texts that satisfy the constraints, at least one
    violating  the most probable texts that do not
    found      the most probable texts by the line network, also those that are not numbers
    """
    scores: dict[str, float] = defaultdict(lambda: -inf)  # of all texts with the same digits
    for each in allowed:
        scores[each.text.digits] = log_sum([scores[each.text.digits], each.score])
    doubt = log_sum(each.score + log(DOUBT) for each in violating)
    first, *others = ranked = sorted(scores, key=lambda digits: -scores[digits])
    total = log_sum([*scores.values(), doubt])
    best = max(
        (each for each in allowed if each.text.digits == first),
        key=lambda each: each.score,
    )
    digits = [symbol for symbol in best.symbols if symbol.symbol.isdigit()]
    odds = [symbol.digit_odds for symbol in digits]
    evidence = Evidence(
        lead=_odds(scores[first], log_sum([*(scores[digits] for digits in others), doubt])),
        number=_odds(
            log_sum(text.score for text in found if OTHER not in text.written),
            log_sum(text.score for text in found if OTHER in text.written),
        ),
        line=max(-MAX_ODDS, best.text.score / len(best.symbols)),
        digit=min(odds),
        digits=sum(odds) / len(odds),
        worst=max(-MAX_ODDS, min(log(max(each.probability, LEAST)) for each in digits)),
    )
    return Conclusion(best, {each: exp(scores[each] - total) for each in ranked}, evidence)


def to_prediction(
    conclusion: Conclusion, picture: NumberInk, calibration: NumberCalibration
) -> NumberPrediction:
    """Say how sure a conclusion is, and whether the picture is a number at all."""
    best, evidence = conclusion.best, conclusion.evidence
    confidence = sigmoid(log_odds(calibration.confidence, evidence))
    is_number = log_odds(calibration.numberness, evidence) >= calibration.threshold
    first, *others = conclusion.shares
    rest = 1 - conclusion.shares[first]
    candidates = [Candidate(first, confidence)]
    for digits in others[: CANDIDATES - 1]:
        share = conclusion.shares[digits] / rest if rest > 0 else 0.0
        # Where even the best text is improbable, most of the rest is texts that were not found.
        candidates.append(Candidate(digits, min(confidence, (1 - confidence) * min(1.0, share))))
    return NumberPrediction(
        text=first if is_number else None,
        reason=None if is_number else "not_a_number",
        confidence=confidence,
        digits=tuple(
            NumberDigit(picture.locate(each.box), int(each.symbol), each.probabilities)
            for each in best.symbols
            if each.symbol.isdigit()
        ),
        separators=_separators(best.symbols, picture),
        candidates=tuple(candidates),
        written=best.text.written,
    )


def _odds(score: float, other: float) -> float:
    """Return the log odds of two scores of which either may be -infinity."""
    return MAX_ODDS if other == -inf else max(-MAX_ODDS, min(MAX_ODDS, score - other))


def _separators(symbols: Sequence[Symbol], picture: NumberInk) -> tuple[Separator, ...]:
    """List the symbols that are no digits, each with the number of digits before it."""
    found = []
    position = 0
    for each in symbols:
        if each.symbol.isdigit():
            position += 1
        elif (box := picture.locate(each.box)) is not None:
            found.append(Separator(each.symbol, box, position))
    return tuple(found)
