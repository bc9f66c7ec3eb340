"""A person's digits: ordinary ones, and some that no one else would take for what they are."""

from pathlib import Path

import numpy as np

from inkdigits.data.samples import Stroke
from inkdigits.personal.sampling import sample, sample_from_strokes

GOLDEN = Path(__file__).parent.parent / "golden"

# Strokes in a box of 100, y downwards.
LIGHTNING = [[(62, 5), (28, 52), (72, 48), (38, 95)]]  # meant as a 4
LONG_UPSTROKE = [[(12, 62), (62, 8), (62, 92)]]  # meant as a 1


def varied(shape, rng, width=9.0):
    """Return strokes of the shape, as the same person writes it another time."""
    turn = rng.normal(0, 0.06, (2, 2)) + np.eye(2)
    return tuple(
        Stroke(
            ((np.array(line) + rng.normal(0, 2.5, (len(line), 2))) @ turn).astype(np.float32),
            width,
        )
        for line in shape
    )


def odd_samples(base, shape, label, count, seed=0):
    """Make samples of an odd digit, each written anew."""
    rng = np.random.default_rng(seed)
    return [sample_from_strokes(base, varied(shape, rng), label) for _ in range(count)]


def ordinary_samples(base):
    """Make a sample of each digit as most people write it."""
    return [sample(base, GOLDEN / f"{digit}.png", digit) for digit in range(10)]


def answers(recognizer, samples):
    """Predict samples: the digit of each, None if it is rejected."""
    found = recognizer.predict_candidates([each.seen[None] for each in samples])
    return [prediction.digit for prediction in found]
