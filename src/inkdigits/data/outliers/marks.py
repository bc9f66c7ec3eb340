"""Outliers that are punctuation marks and other signs."""

import numpy as np

from inkdigits.arrays import Generator, Pixels
from inkdigits.data.mark_strokes import MARKS
from inkdigits.data.outliers.canvas import DigitsByLabel, draw_strokes

# Each of these marks is this much more frequent than any other: it is a 7 or a 1 with a dot.
DOTTED, DOTTED_WEIGHT = ("question", "exclamation"), 4
_WEIGHTS = np.array(
    [DOTTED_WEIGHT if any(word in name for word in DOTTED) else 1 for name in MARKS]
)


def mark(rng: Generator, digits: DigitsByLabel) -> Pixels:
    """Draw a punctuation mark, an arrow, or a sign of arithmetic or money, as handwritten."""
    name = rng.choice(list(MARKS), p=_WEIGHTS / _WEIGHTS.sum())
    strokes = [stroke + rng.normal(0, 0.02, stroke.shape) for stroke in MARKS[name]]
    return draw_strokes(rng, [stroke + rng.normal(0, 0.03, 2) for stroke in strokes])
