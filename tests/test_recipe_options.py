"""Options change a recipe as they say, or are rejected in words."""

from dataclasses import replace

import pytest

from inkdigits.nn.convolution import Conv2D
from inkdigits.nn.initializers import glorot, he, inverse_square_root
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, ReLU, Sigmoid
from inkdigits.nn.network import Network
from inkdigits.nn.schedules import Constant, OneCycle
from inkdigits.recipe_check import RecipeError
from inkdigits.recipe_options import STRONG, customize
from inkdigits.recipes import CLASSIC, CNN, CNN_SMALL, MILD, MLP, RECIPES


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=RECIPES.keys())
def test_without_options_nothing_changes(recipe):
    assert customize(recipe) == recipe


def test_hidden_layers_are_as_the_recipe_has_them():
    assert customize(MLP, hidden=(32, 16)).network.layers == (
        Flatten(),
        *(Dense(784, 32), BatchNorm(32), ReLU()),
        *(Dense(32, 16), BatchNorm(16), ReLU()),
        Dense(16, 11),
    )
    drawn = {"bias": False, "initializer": inverse_square_root}
    assert customize(CLASSIC, hidden=(5,)).network.layers == (
        Flatten(),
        *(Dense(784, 5, **drawn), Sigmoid()),
        Dense(5, 10, **drawn),
    )


def test_hidden_layers_may_be_none_and_come_back():
    linear = customize(MLP, hidden=())
    assert linear.network.layers == (Flatten(), Dense(784, 11))
    assert customize(linear, hidden=(7,)).network.layers == (
        Flatten(),
        *(Dense(784, 7), ReLU()),
        Dense(7, 11),
    )


@pytest.mark.parametrize("recipe", [CNN_SMALL, CNN])
def test_hidden_does_not_fit_convolutions(recipe):
    with pytest.raises(RecipeError, match=f"network.layers: {recipe.name} has convolutions"):
        customize(recipe, hidden=(32,))


def test_activation_brings_the_initial_weights_that_suit_it():
    sigmoids = customize(CNN_SMALL, activation="sigmoid").network.layers
    assert not any(isinstance(layer, ReLU) for layer in sigmoids)
    assert sum(isinstance(layer, Sigmoid) for layer in sigmoids) == 5
    weights = [layer for layer in sigmoids if isinstance(layer, Dense | Conv2D)]
    assert {layer.initializer for layer in weights} == {glorot}
    relus = customize(CLASSIC, activation="relu").network.layers
    assert [layer.initializer for layer in relus if isinstance(layer, Dense)] == [he] * 3
    assert customize(CLASSIC, activation="sigmoid") == CLASSIC


def test_activation_needs_one_to_change():
    with pytest.raises(RecipeError, match="there is no activation"):
        customize(customize(MLP, hidden=()), activation="relu")


def test_dropout_follows_each_hidden_dense_layer():
    layers = customize(MLP, dropout=0.2).network.layers
    assert [type(layer).__name__ for layer in layers] == (
        ["Flatten"] + ["Dense", "BatchNorm", "ReLU", "Dropout"] * 2 + ["Dense"]
    )
    layers = customize(CNN_SMALL, dropout=0.2).network.layers
    assert layers[-2:] == (Dropout(0.2), Dense(64, 11))
    assert sum(isinstance(layer, Dropout) for layer in layers) == 1


def test_dropout_of_the_recipe_gets_the_rate_or_is_removed():
    rates = [layer.rate for layer in CNN.network.layers if isinstance(layer, Dropout)]
    changed = customize(CNN, dropout=0.1).network.layers
    assert [layer.rate for layer in changed if isinstance(layer, Dropout)] == [0.1] * len(rates)
    removed = customize(CNN, dropout=0.0).network.layers
    assert removed == tuple(layer for layer in CNN.network.layers if not isinstance(layer, Dropout))
    assert customize(MLP, dropout=0.0) == MLP
    with pytest.raises(RecipeError, match="there is no hidden dense layer for --dropout"):
        customize(MLP, hidden=(), dropout=0.5)


def test_hidden_layers_get_the_dropout():
    layers = customize(MLP, hidden=(32, 16), dropout=0.3).network.layers
    assert sum(layer == Dropout(0.3) for layer in layers) == 2


def test_training_settings_change():
    changed = customize(MLP, learning_rate=0.002, batch_size=32, augment="none", epochs=3)
    assert changed == replace(
        MLP, schedule=replace(MLP.schedule, peak=0.002), batch_size=32, augment=None, epochs=3
    )
    assert isinstance(changed.schedule, OneCycle)
    assert customize(CLASSIC, learning_rate=0.01).schedule == Constant(0.01)
    assert customize(CLASSIC, augment="mild").augment == MILD
    assert customize(CLASSIC, augment="strong").augment == STRONG


def test_result_is_checked():
    with pytest.raises(RecipeError, match="batch_size: must be at most"):
        customize(CNN, batch_size=65_536)
    foreign = replace(MLP, network=Network((Dense(784, 11),)))
    with pytest.raises(RecipeError, match="has no dense layers after a Flatten"):
        customize(foreign, hidden=(3,))
