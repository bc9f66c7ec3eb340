"""The named recipes fit together, and `classic` matches the write-up."""

import numpy as np
import pytest

from inkdigits.constants import CLASSES
from inkdigits.nn.initializers import inverse_square_root
from inkdigits.nn.layers import Dense, Flatten, Sigmoid
from inkdigits.nn.losses import SoftTargets
from inkdigits.nn.optimizers import SGD
from inkdigits.nn.schedules import Constant
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recipes import (
    CLASSIC,
    CNN,
    CNN_SMALL,
    INPUT_SHAPE,
    MLP,
    MLP_LARGE,
    NON_DIGIT,
    RECIPES,
)

each_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())


def test_recipes_are_found_by_their_names():
    assert list(RECIPES) == ["classic", "mlp", "mlp-large", "cnn-small", "cnn"]
    assert list(RECIPES.values()) == [CLASSIC, MLP, MLP_LARGE, CNN_SMALL, CNN]
    assert all(name == recipe.name for name, recipe in RECIPES.items())


def test_recipes_cannot_be_replaced():
    with pytest.raises(TypeError):
        RECIPES["mlp"] = CNN


@each_recipe
def test_network_gives_a_logit_for_each_target(recipe):
    images = np.random.default_rng(0).random((3, *INPUT_SHAPE), np.float32)
    network = recipe.network
    params = network.layer_params(network.init(np.random.default_rng(0)))
    logits, _ = network.forward(params, images)
    assert (logits.shape, logits.dtype) == ((3, len(recipe.target_table)), np.float32)


@each_recipe
def test_recipe_can_be_trained(recipe):
    assert recipe.preprocessing in PREPROCESSORS
    classes = CLASSES if recipe.outliers == 0 else NON_DIGIT + 1
    targets = recipe.target_table
    assert (targets.shape, targets.dtype) == ((classes, classes), np.float32)
    np.testing.assert_array_equal(targets.argmax(axis=1), range(classes))
    assert recipe.batch_size >= 1
    assert 0 <= recipe.validation < 1
    assert recipe.summary.endswith(".")


@each_recipe
def test_only_the_write_ups_recipe_has_no_validation_digits(recipe):
    assert (recipe.validation > 0) == (recipe is not CLASSIC)


@each_recipe
@pytest.mark.parametrize(
    "source", ["pendigits_images", "unipen_images", "semeion_copies", "made_digits", "outliers"]
)
def test_only_the_write_ups_recipe_is_trained_on_mnist_alone(recipe, source):
    assert (getattr(recipe, source) > 0) == (recipe is not CLASSIC)


def hidden_sizes(recipe):
    return [layer.outputs for layer in recipe.network.layers if isinstance(layer, Dense)]


def test_mlp_keeps_the_write_ups_sizes():
    """The eleventh output, for non-digits, is the only difference."""
    assert hidden_sizes(CLASSIC) == [128, 64, 10]
    assert hidden_sizes(MLP) == [128, 64, 11]


def test_default_has_at_most_100_000_parameters():
    assert CNN_SMALL.network.inference_network.size <= 100_000


# The write-up's recipe


def test_classic_has_the_write_ups_network():
    flatten, *rest = CLASSIC.network.layers
    assert flatten == Flatten()
    assert [type(layer) for layer in rest] == [Dense, Sigmoid, Dense, Sigmoid, Dense]
    assert list(CLASSIC.network.shapes.values()) == [(784, 128), (128, 64), (64, 10)]


def test_classic_has_the_write_ups_initial_weights_and_no_biases():
    dense = [layer for layer in CLASSIC.network.layers if isinstance(layer, Dense)]
    assert [layer.initializer for layer in dense] == [inverse_square_root] * 3
    assert CLASSIC.network.size == 784 * 128 + 128 * 64 + 64 * 10


def test_classic_has_the_write_ups_targets():
    assert CLASSIC.targets == SoftTargets()
    expected = [[0.99 if label == digit else 0.01 for label in range(10)] for digit in range(10)]
    np.testing.assert_array_equal(CLASSIC.target_table, np.float32(expected))


def test_classic_has_the_write_ups_training_settings():
    assert CLASSIC.preprocessing == "classic"
    assert CLASSIC.optimizer == SGD(momentum=0, weight_decay=0)
    assert CLASSIC.schedule == Constant(0.001)
    assert CLASSIC.batch_size == 1
    assert CLASSIC.epochs == 10
    assert not CLASSIC.shuffle
    assert CLASSIC.validation == 0
    assert not CLASSIC.tta
