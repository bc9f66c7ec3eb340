"""To read again when unsure: who is, what is averaged, and that the rest stays as it was read."""

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from foreign import ForeignArray
from numpy.testing import assert_allclose, assert_array_equal

from inkdigits import inference
from inkdigits.inference import LARGEST_ACTIVATION, forward_batches, may_overflow, read
from inkdigits.nn.layers import Dense, Flatten
from inkdigits.nn.losses import near_zero_and_one, softmax
from inkdigits.nn.network import Network
from inkdigits.recipes import CLASSIC, CNN, CNN_SMALL, MLP, RECIPES, rejection_scores

SIDE = 28
# Each class answers to the ink of one pixel: what a shift does is plain.
SEER = replace(
    MLP,
    network=Network((Flatten(), Dense(SIDE * SIDE, 3))),
    targets=near_zero_and_one(3),
)


def seeing(*pixels):
    """Parameters that give each class 10 times the ink of its pixel, (row, column)."""
    weight = np.zeros((SIDE, SIDE, 3), np.float32)
    for number, (row, column) in enumerate(pixels):
        weight[row, column, number] = 10
    return SEER.network.layer_params(np.concatenate([weight.ravel(), np.zeros(3, np.float32)]))


def dots(*places):
    """A picture for each place, with all its ink there."""
    x = np.zeros((len(places), SIDE, SIDE), np.float32)
    for picture, place in zip(x, places, strict=True):
        picture[place] = 1
    return x


def test_a_sure_picture_is_read_once_and_an_unsure_one_from_five_places():
    params = seeing((5, 5), (9, 9), (9, 10))
    sure, unsure = dots((5, 5), (9, 8))
    assert_array_equal(
        forward_batches(SEER, params, np.stack([sure, unsure])), [[10, 0, 0], [0, 0, 0]]
    )
    # The dot at (9, 8) comes to (9, 9) when it is moved to the right, one time of five.
    assert_allclose(read(SEER, params, np.stack([sure, unsure])), [[10, 0, 0], [0, 2, 0]])


@pytest.mark.parametrize("place", [(8, 9), (10, 9), (9, 8), (9, 10), (9, 9)])
def test_each_side_is_looked_at(place):
    params = seeing((9, 9), (9, 9), (0, 0))  # two classes that see the same: always unsure
    assert_allclose(read(SEER, params, dots(place)), [[2, 2, 0]])


@pytest.mark.parametrize("place", [(8, 8), (11, 9), (9, 11)])
def test_no_farther_than_a_pixel(place):
    params = seeing((9, 9), (9, 9), (0, 0))
    assert_array_equal(read(SEER, params, dots(place)), [[0, 0, 0]])


@pytest.mark.parametrize(("place", "other"), [((0, 4), (27, 4)), ((4, 27), (4, 0))])
def test_ink_that_leaves_at_one_border_does_not_come_back_at_the_other(place, other):
    params = seeing(other, other, (1, 1))
    assert_array_equal(read(SEER, params, dots(place)), [[0, 0, 0]])


def test_the_bound_is_the_probability_of_the_likeliest_class(monkeypatch):
    params = seeing((9, 9), (9, 8), (0, 0))
    x = 0.25 * dots((9, 9))
    once = forward_batches(SEER, params, x)
    likeliest = np.exp(2.5) / (np.exp(2.5) + 2)
    monkeypatch.setattr(inference, "SURE", likeliest - 1e-4)
    assert_array_equal(read(SEER, params, x), once)
    monkeypatch.setattr(inference, "SURE", likeliest + 1e-4)
    assert_allclose(read(SEER, params, x), [[0.5, 0.5, 0]])


def test_the_write_ups_recipe_reads_once():
    params = CLASSIC.network.layer_params(CLASSIC.network.init(np.random.default_rng(0)))
    x = np.random.default_rng(1).random((20, SIDE, SIDE), np.float32)
    assert_array_equal(read(CLASSIC, params, x), forward_batches(CLASSIC, params, x))
    again = read(replace(CLASSIC, tta=True), params, x)
    assert (again != forward_batches(CLASSIC, params, x)).any()  # it would be unsure


@pytest.mark.parametrize("chunk", [1, 7, 49, 50, 1000])
def test_logits_are_the_same_in_any_portions(chunk, monkeypatch):
    network = CNN_SMALL.network.inference_network
    params = network.layer_params(network.init(np.random.default_rng(0)))
    x = np.random.default_rng(1).random((50, SIDE, SIDE), np.float32)
    expected, _ = network.forward(params, x)
    monkeypatch.setattr(inference, "CHUNK", chunk)
    assert_allclose(forward_batches(CNN_SMALL, params, x), expected, rtol=1e-4, atol=1e-5)


def test_memory_is_bounded_however_many_pictures_there_are():
    network = CNN.network.inference_network
    params = network.layer_params(network.init(np.random.default_rng(0)))
    x = np.random.default_rng(1).random((300, SIDE, SIDE), np.float32)
    tracemalloc.start()
    try:
        forward_batches(CNN, params, x)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 150 << 20


def test_no_picture_gives_no_logits():
    params = seeing((0, 0))
    assert read(SEER, params, dots()).shape == (0, 3)


def test_it_reads_where_the_pictures_are():
    params = seeing((9, 9), (9, 9), (0, 0))
    x = dots((9, 8))
    theirs = tuple({name: ForeignArray(array) for name, array in part.items()} for part in params)
    logits = read(SEER, theirs, ForeignArray(x))
    assert isinstance(logits, ForeignArray)
    assert_array_equal(logits.get(), [[2, 2, 0]])


# Weights that overflow.


def known_pictures():
    """Blank, full, edges, strokes, and noise of every density, float32 (N, 28, 28)."""
    rng = np.random.default_rng(0)
    x = np.zeros((60, SIDE, SIDE), np.float32)
    x[1] = 1
    x[2, :, :14] = x[3, :14] = x[4, 13:15, 4:24] = x[5, 4:24, 13:15] = 1
    x[6, ::2, ::2] = x[7, 1::2] = 1
    for number in range(8, 60):
        x[number] = rng.random((SIDE, SIDE)) * (rng.random((SIDE, SIDE)) < number / 60)
    return x


def largest_factor(recipe, vector):
    """By how much all weights can grow before they are refused, nearly."""
    low, high = 0.0, 38.0
    while high - low > 0.01:
        middle = (low + high) / 2
        with np.errstate(over="ignore"):
            grown = vector * np.float32(10**middle)
        low, high = (low, middle) if may_overflow(recipe, grown) else (middle, high)
    return np.float32(10**low)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_what_may_not_overflow_is_finite_for_every_picture(name, seed):
    """Just below the limit, with weights of both signs, and at the ends of the temperature."""
    recipe = RECIPES[name]
    rng = np.random.default_rng(seed)
    vector = recipe.network.inference_network.init(rng)
    if seed == 1:
        vector = np.abs(vector)
    if seed == 2:
        vector *= rng.choice(np.float32([1, 100, 1e-3]), len(vector))
    vector = vector * largest_factor(recipe, vector)
    assert not may_overflow(recipe, vector)
    with np.errstate(all="raise", under="ignore"):
        logits = read(
            recipe, recipe.network.inference_network.layer_params(vector), known_pictures()
        )
        assert np.isfinite(logits).all()
        logits = logits.astype(np.float64)
        for temperature in (1e-3, 1.0, 1e3):
            probabilities = softmax(logits[:, :10] / temperature)
            assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)
        if recipe.outliers:
            assert np.isfinite(rejection_scores(logits)).all()


@pytest.mark.parametrize("name", RECIPES)
def test_no_activation_is_over_its_bound(name, monkeypatch):
    """Of any layer, whatever it is: with the bound as the limit, nothing larger is seen."""
    recipe = RECIPES[name]
    network = recipe.network.inference_network
    vector = network.init(np.random.default_rng(0))
    x, largest = known_pictures(), 0.0
    for layer, params in zip(network.layers, network.layer_params(vector), strict=True):
        x, _ = layer.forward(params, x)
        largest = max(largest, float(np.abs(x).max()))
    monkeypatch.setattr(inference, "LARGEST_ACTIVATION", largest)
    assert may_overflow(recipe, vector)


def test_a_model_that_is_no_number_may_overflow():
    vector = MLP.network.inference_network.init(np.random.default_rng(0))
    for number in (np.nan, np.inf, -np.inf):
        for place in (0, -1):
            odd = vector.copy()
            odd[place] = number
            assert may_overflow(MLP, odd)


def test_the_limit_leaves_room_for_any_network_that_is_trained():
    for recipe in RECIPES.values():
        vector = recipe.network.inference_network.init(np.random.default_rng(0))
        assert not may_overflow(recipe, 100 * vector)
    assert np.float32(1e8 * LARGEST_ACTIVATION) < np.inf
