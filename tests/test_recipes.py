"""The named recipes, next to what they promise."""

import numpy as np
import pytest

from inkdigits.nn.initializers import inverse_square_root
from inkdigits.nn.layers import Dense, Flatten, Sigmoid
from inkdigits.nn.losses import softmax
from inkdigits.nn.optimizers import SGD
from inkdigits.nn.schedules import Constant
from inkdigits.recipes import CLASSES, CLASSIC, CNN_SMALL, MLP, NON_DIGIT, RECIPES, rejection_scores

each_recipe = pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())


def test_a_recipe_is_found_by_its_name():
    assert list(RECIPES) == ["classic", "mlp", "mlp-large", "cnn-small", "cnn"]
    assert (RECIPES["classic"], RECIPES["mlp"], RECIPES["cnn-small"]) == (CLASSIC, MLP, CNN_SMALL)
    assert all(name == recipe.name for name, recipe in RECIPES.items())


@each_recipe
def test_every_network_gives_a_logit_for_each_target(recipe):
    pictures = np.random.default_rng(0).random((3, 28, 28), np.float32)
    network = recipe.network
    params = network.layer_params(network.init(np.random.default_rng(0)))
    logits, _ = network.forward(params, pictures)
    assert (logits.shape, logits.dtype) == ((3, len(recipe.targets)), np.float32)


@each_recipe
def test_every_recipe_can_be_trained(recipe):
    assert recipe.preprocessing in {"classic", "ink"}
    classes = CLASSES if recipe.outliers == 0 else NON_DIGIT + 1
    assert (recipe.targets.shape, recipe.targets.dtype) == ((classes, classes), np.float32)
    np.testing.assert_array_equal(recipe.targets.argmax(axis=1), range(classes))
    assert recipe.batch_size >= 1
    assert 0 <= recipe.validation < 1
    assert recipe.summary.endswith(".")


def test_the_write_ups_sizes_are_kept():
    """The eleventh output, for what is no digit, is the one difference."""
    assert CLASSIC.sizes == [784, 128, 64, 10]
    assert MLP.sizes == [784, 128, 64, 11]


def test_the_default_has_at_most_100_000_parameters():
    assert CNN_SMALL.network.inference_network.size <= 100_000


def test_doubt_is_the_odds_of_no_digit():
    logits = np.random.default_rng(0).normal(0, 5, (100, 11))
    probability = softmax(logits)[:, NON_DIGIT]
    np.testing.assert_allclose(
        rejection_scores(logits), np.log(probability / (1 - probability)), rtol=1e-9
    )


def test_doubt_does_not_overflow():
    logits = np.full((2, 11), 1000.0)
    logits[1, NON_DIGIT] = 3000
    np.testing.assert_allclose(rejection_scores(logits), [-np.log(10), 2000 - np.log(10)])


def test_classic_has_the_write_ups_network():
    flatten, *rest = CLASSIC.network.layers
    assert flatten == Flatten()
    assert [type(layer) for layer in rest] == [Dense, Sigmoid, Dense, Sigmoid, Dense]
    assert list(CLASSIC.network.shapes.values()) == [(784, 128), (128, 64), (64, 10)]


def test_classic_starts_from_the_write_ups_weights_without_biases():
    dense = [layer for layer in CLASSIC.network.layers if isinstance(layer, Dense)]
    assert [layer.initializer for layer in dense] == [inverse_square_root] * 3
    assert CLASSIC.network.size == 784 * 128 + 128 * 64 + 64 * 10


def test_classic_aims_at_the_write_ups_targets():
    expected = [[0.99 if goal == digit else 0.01 for goal in range(10)] for digit in range(10)]
    np.testing.assert_array_equal(CLASSIC.targets, np.float32(expected))


def test_classic_is_trained_as_the_write_up_says():
    assert CLASSIC.preprocessing == "classic"
    assert CLASSIC.optimizer == SGD(momentum=0, weight_decay=0)
    assert CLASSIC.schedule == Constant(0.001)
    assert CLASSIC.batch_size == 1
    assert CLASSIC.epochs == 10
    assert not CLASSIC.shuffle
    assert CLASSIC.validation == 0


@each_recipe
def test_every_recipe_but_the_write_ups_keeps_digits_out_to_be_judged_by(recipe):
    assert (recipe.validation > 0) == (recipe is not CLASSIC)
