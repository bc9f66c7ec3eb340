"""Outliers of several digits: those that touch, and tables."""

import cv2
import numpy as np

from inkdigits.data.outliers.groups import digit_table, touching_digits
from inkdigits.preprocessing import ink


def inputs(kind, by_label, monkeypatch, count=60):
    """The images before preprocessing."""
    seen = []
    monkeypatch.setattr(ink, "from_ink", seen.append)
    rng = np.random.default_rng(0)
    for _ in range(count):
        kind(rng, by_label)
    return seen


def test_digits_touch(monkeypatch):
    """Bars of full ink that touch are one component, as wide as several."""
    bar = np.zeros((1, 28, 28), np.uint8)
    bar[0, 4:24, 10:18] = 255
    for canvas in inputs(touching_digits, [bar] * 10, monkeypatch):
        assert cv2.connectedComponents((canvas > 100).view(np.uint8))[0] == 2


def test_each_digit_remains_visible(monkeypatch):
    """Two bars have more ink than one of the largest size, unless they are squeezed."""
    bar = np.zeros((1, 28, 28), np.uint8)
    bar[0, 4:24, 4:24] = 255
    aspects = [
        np.ptp(np.nonzero(canvas)[1]) / np.ptp(np.nonzero(canvas)[0])
        for canvas in inputs(touching_digits, [bar] * 10, monkeypatch)
    ]
    assert min(aspects) >= 0.35
    assert max(aspects) > 1.6


def test_table_has_gaps_between_several_small_digits(monkeypatch):
    square = np.full((1, 28, 28), 255, np.uint8)
    canvases = inputs(digit_table, [square] * 10, monkeypatch)
    counts = [cv2.connectedComponents((canvas > 0).view(np.uint8))[0] - 1 for canvas in canvases]
    assert np.mean(np.array(counts) > 1) > 0.8
    # Columns, and tables of a few rows.
    aspects = [canvas.shape[1] / canvas.shape[0] for canvas in canvases]
    assert min(aspects) < 0.4
    assert max(aspects) > 1.5


def test_digits_are_not_changed(by_label):
    before = [images.copy() for images in by_label]
    rng = np.random.default_rng(0)
    for kind in (touching_digits, digit_table):
        for _ in range(40):
            kind(rng, by_label)
    for images, unchanged in zip(by_label, before, strict=True):
        np.testing.assert_array_equal(images, unchanged)
