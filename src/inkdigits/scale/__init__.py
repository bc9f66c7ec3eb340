"""Recognition, sweeps and training on many machines, scheduled by Ray."""

from inkdigits.scale.digit_predictor import DigitPredictor

__all__ = ["DigitPredictor"]
