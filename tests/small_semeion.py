"""A small file of synthetic scans, in the format of Semeion."""

import numpy as np
from small_pendigits import SHAPES

from inkdigits.data import semeion
from inkdigits.imaging.strokes import draw


def scans(count=40):
    """Return scans, uint8 (N, 16, 16), 0 or 255, no two of them equal, and labels, uint8 (N,)."""
    rng = np.random.default_rng(0)
    labels = np.arange(count, dtype=np.uint8) % 10
    images = np.empty((count, 16, 16), np.uint8)
    for image, label in zip(images, labels, strict=True):
        strokes = [
            (np.array(stroke) * [1, -1] + [0, 100]) / 8 + 1.5 + rng.normal(0, 0.6, (len(stroke), 2))
            for stroke in SHAPES[label]
        ]
        image[:] = draw(strokes, 1.5, (16, 16), antialiased=False)
    return images, labels


def semeion_file(images, labels, pattern="{:.4f} "):
    """Return the bytes of a file with these scans."""
    rows = np.concatenate([images.reshape(len(images), -1) // 255, np.eye(10)[labels]], axis=1)
    lines = ["".join(pattern.format(value) for value in row) for row in rows]
    return "\n".join([*lines, ""]).encode()


def write(directory):
    """Write the small data set and return its path."""
    path = directory / semeion.NAME
    path.write_bytes(semeion_file(*scans()))
    return path


def sha256_of():
    """Return the value of semeion.DIGITS_SHA256 with which inkdigits accepts the small data set."""
    return semeion.digits_sha256(*scans())
