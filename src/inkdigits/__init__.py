"""Recognize handwritten digits with a neural network written from scratch in Python and NumPy.

from inkdigits import Recognizer

Recognizer.load().recognize("digit.png").digit
"""

from inkdigits.recognizer import Prediction, Recognizer
from inkdigits.version import __version__

__all__ = ["Prediction", "Recognizer", "__version__"]
