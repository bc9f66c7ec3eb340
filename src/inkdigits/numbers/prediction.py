"""What is predicted for the picture of a number."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Box: TypeAlias = tuple[int, int, int, int]  # left, top, width and height, in pixels of the picture
Reason: TypeAlias = Literal["blank", "not_a_number"]


@dataclass(frozen=True)
class NumberDigit:
    """One digit of a number.

    box            None if the digit was given in a picture of its own
    probabilities  of the ten digits, by the network that recognizes single digits; of a digit in a
                   box, by both networks
    """

    box: Box | None
    digit: int
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Separator:
    """A sign between, before or after the digits.

    symbol    ".", ",", "-", or "$", which stands for the sign of any currency
    position  how many digits stand before it
    """

    symbol: str
    box: Box
    position: int


@dataclass(frozen=True)
class Candidate:
    """A text that the picture may show, and how probable that is."""

    text: str
    probability: float


@dataclass(frozen=True)
class NumberPrediction:
    """What is predicted for the picture of a number.

    text        the digits alone; None if the picture is rejected
    reason      why it is rejected; None if it is not
    confidence  the probability that the whole text is right, also of a rejected one; 0 if there is
                none
    digits      of the most probable text, also of a rejected one
    separators  the signs in the picture that are no digits, in order
    candidates  the most probable texts, at most 5, the first of which is `text` unless rejected
    written     the text with its separators, such as "$1,234.50"; empty if there is none
    """

    text: str | None
    reason: Reason | None
    confidence: float
    digits: tuple[NumberDigit, ...] = ()
    separators: tuple[Separator, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    written: str = ""


BLANK = NumberPrediction(text=None, reason="blank", confidence=0.0)
