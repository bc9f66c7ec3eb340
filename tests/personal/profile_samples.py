"""Samples of digits, and a small model, for the tests of profiles."""

from functools import cache

import numpy as np

from inkdigits import Recognizer
from inkdigits.data.samples import Sample, Stroke


def made_samples(count=3, seed=0, drawn=True, **changes):
    """Make samples with random pictures, each of its own digit, drawn or not."""
    rng = np.random.default_rng([seed, count])
    samples = []
    for number in range(count):
        points = rng.uniform(0, 100, (12, 2)).astype(np.float32)
        fields = {
            "seen": rng.integers(0, 256, (28, 28), dtype=np.uint8),
            "label": number % 10,
            "revision": 2,
            "strokes": (Stroke(points, 3.5), Stroke(points[:1])) if drawn else None,
        }
        samples.append(Sample(**fields | changes))
    return samples


@cache
def base_model(name="mlp"):
    return Recognizer.load(name)


def ids(samples):
    return [sample.id for sample in samples]


def files_beside(path):
    """Return the bytes of every file in the folder of a database."""
    return {file.name: file.read_bytes() for file in path.parent.iterdir() if file.is_file()}
