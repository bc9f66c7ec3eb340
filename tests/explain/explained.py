"""Models and drawings that the tests of explanations share."""

from dataclasses import replace

import numpy as np
from untrained import untrained

from inkdigits import Recognizer
from inkdigits.imaging.strokes import draw
from inkdigits.recipes import RECIPES

SEVEN = [(70, 60), (130, 60), (90, 150)]
UNDERLINE = [(40, 170), (160, 170)]
PLUS = [(100, 40), (100, 160)], [(40, 100), (160, 100)]


def ink_of(*strokes):
    """Draw strokes, uint8 (200, 200)."""
    return draw([np.array(stroke, float) for stroke in strokes], 8.0, (200, 200))


def without_tta(name):
    """A shipped model whose predictions are of the plain forward pass."""
    recognizer = Recognizer.load(name)
    return Recognizer(replace(recognizer.model, tta=False), name)


def deep_network():
    """The largest network of a recipe, with padding layers, untrained."""
    assert "ZeroPad2D" in str(RECIPES["cnn"].network)
    return Recognizer(untrained("cnn"), "deep")
