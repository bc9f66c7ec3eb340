"""The arithmetic of the physical limit: operations of products, steps and layers."""

from dataclasses import replace

import numpy as np
from physical_limit import by_layer, flop, products, step_flop, timed

from inkdigits import training
from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.network import Network
from inkdigits.recipes import CNN_SMALL, MLP

SMALL = Network((Flatten(), Dense(784, 10), ReLU(), Dense(10, 4)))


def test_products_of_dense_layers_and_convolutions():
    assert products(SMALL, batch=2) == [(2, 784, 10), (2, 10, 4)]
    assert flop((2, 784, 10)) == 2 * 2 * 784 * 10
    first = products(CNN_SMALL.network, batch=128)[0]
    assert first == (128 * 26 * 26, 9, 20)


def test_step_needs_no_gradient_of_its_input():
    first, second = map(flop, products(SMALL, batch=2))
    assert step_flop(SMALL, batch=2) == 2 * first + 3 * second
    one_picture = sum(map(flop, products(CNN_SMALL.network, 1)))
    first_layer = 2 * 26 * 26 * 9 * 20
    assert step_flop(CNN_SMALL.network, 128) == 128 * (3 * one_picture - first_layer)
    assert round(sum(map(flop, products(CNN_SMALL.network, 1))) / 1e6, 1) == 7.7


def test_timed_network_computes_the_same_and_times_each_layer():
    recipe = replace(MLP, batch_size=8)
    state = training.init_state(recipe, seed=0)
    params, grads = (
        recipe.network.layer_params(vector)
        for vector in (state.params, np.empty_like(state.params))
    )
    x = np.random.default_rng(0).random((8, 28, 28), np.float32)
    expected, _ = recipe.network.forward(params, x, np.random.default_rng(0))
    network, times = timed(recipe.network)
    y, backward = network.forward(params, x, np.random.default_rng(0))
    np.testing.assert_array_equal(y, expected)
    backward(np.ones_like(y), grads)
    layers = by_layer(recipe.network, times, 1)
    assert [layer["layer"] for layer in layers][:3] == ["Flatten", "Dense", "BatchNorm"]
    assert all(layer["forward_s"] > 0 for layer in layers)
    assert layers[1]["backward_s"] > 0
