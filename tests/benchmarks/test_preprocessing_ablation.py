"""The preprocessing of the write-up's server, and recipes with another preprocessing."""

import numpy as np
import pytest
from preprocessing_ablation import WRITE_UP_SERVER, on_mnist_only, predict, write_up_server

from inkdigits import Recognizer
from inkdigits.imaging.decode import encode_png
from inkdigits.preprocessing import classic
from inkdigits.recipes import CNN_SMALL
from inkdigits.training_data import only_mnist


@pytest.fixture
def bar():
    """A black bar on an opaque white background, uint8 (280, 280, 4)."""
    rgba = np.full((280, 280, 4), 255, np.uint8)
    rgba[40:200, 60:80, :3] = 0
    return rgba


def test_black_on_white_matches_classic_at_28x28(bar):
    small = np.zeros((1, 28, 28), np.uint8)
    small[0, 4:20, 6:8] = 255
    np.testing.assert_array_equal(write_up_server(bar), classic.from_mnist(small)[0])


def test_transparent_background_is_white(bar):
    transparent = bar.copy()
    transparent[bar[..., 0] == 255] = 0
    np.testing.assert_array_equal(write_up_server(transparent), write_up_server(bar))


def test_dark_background_is_treated_as_ink(bar):
    bar[..., :3] = 255 - bar[..., :3]
    assert (write_up_server(bar) == 255).mean() > 0.9


def test_only_the_write_up_server_needs_a_white_background(bar):
    recognizer = Recognizer.load("classic")
    dark_on_light, light_on_dark = (encode_png(gray) for gray in (bar[..., 0], 255 - bar[..., 0]))
    for preprocessing in ("classic", WRITE_UP_SERVER):
        assert predict(recognizer, preprocessing, dark_on_light) == 1
    assert predict(recognizer, "classic", light_on_dark) == 1
    assert predict(recognizer, WRITE_UP_SERVER, light_on_dark) != 1


def test_blank_image_has_no_digit():
    blank = encode_png(np.full((50, 50), 255, np.uint8))
    assert predict(Recognizer.load("classic"), WRITE_UP_SERVER, blank) is None


def test_recipe_with_another_preprocessing_uses_mnist_only():
    recipe = on_mnist_only(CNN_SMALL, "classic")
    assert recipe.preprocessing == "classic"
    assert recipe.network is CNN_SMALL.network
    assert not recipe.restroked
    assert recipe == only_mnist(recipe)
    assert not recipe.made_digits
    assert not recipe.outliers
