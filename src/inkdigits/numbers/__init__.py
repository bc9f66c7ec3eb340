"""Recognize a number: the digits of one picture, with or without constraints on the text."""

from inkdigits.numbers.checksums import CHECKSUMS
from inkdigits.numbers.constraints import ConstraintError, Constraints
from inkdigits.numbers.digit_pictures import NumberError, cut_digits
from inkdigits.numbers.prediction import Candidate, NumberDigit, NumberPrediction, Separator
from inkdigits.numbers.recognize import (
    may_be_number,
    recognize_boxes,
    recognize_constrained,
    recognize_number,
    recognize_number_in_ink,
)

__all__ = [
    "CHECKSUMS",
    "Candidate",
    "ConstraintError",
    "Constraints",
    "NumberDigit",
    "NumberError",
    "NumberPrediction",
    "Separator",
    "cut_digits",
    "may_be_number",
    "recognize_boxes",
    "recognize_constrained",
    "recognize_number",
    "recognize_number_in_ink",
]
