"""Inference in batches, test-time augmentation, and weights that may overflow."""

import threading
import tracemalloc

import numpy as np
import pytest
from foreign import ForeignArray
from numpy.testing import assert_allclose, assert_array_equal
from threadpoolctl import ThreadpoolController

from inkdigits import arrays, inference
from inkdigits.calibration import rejection_scores
from inkdigits.constants import IMAGE_SIDE
from inkdigits.inference import (
    LARGEST_ACTIVATION,
    forward_batches,
    may_overflow,
    predict_logits,
)
from inkdigits.nn.layers import Dense, Flatten
from inkdigits.nn.losses import softmax
from inkdigits.nn.network import Network
from inkdigits.recipes import CNN, CNN_SMALL, MLP, RECIPES

ALL_BLAS = ThreadpoolController().select(user_api="blas")
# NumPy's own; OpenCV and SciPy bring others.
BLAS = ALL_BLAS.select(
    filepath=[each.filepath for each in ALL_BLAS.lib_controllers if "numpy" in each.filepath]
)

# The logit of each class is the ink of one pixel, so the effect of a shift is easy to compute.
PIXELS = Network((Flatten(), Dense(IMAGE_SIDE * IMAGE_SIDE, 3)))


def params_of(*pixels):
    """Return parameters that make each logit 10 times the ink of a pixel, (row, column)."""
    weight = np.zeros((IMAGE_SIDE, IMAGE_SIDE, 3), np.float32)
    for number, (row, column) in enumerate(pixels):
        weight[row, column, number] = 10
    return PIXELS.layer_params(np.concatenate([weight.ravel(), np.zeros(3, np.float32)]))


def dots(*positions):
    """Return an image for each position, with all its ink there."""
    x = np.zeros((len(positions), IMAGE_SIDE, IMAGE_SIDE), np.float32)
    for image, position in zip(x, positions, strict=True):
        image[position] = 1
    return x


# Test-time augmentation


def test_only_an_unsure_prediction_is_augmented():
    params = params_of((5, 5), (9, 9), (9, 10))
    x = dots((5, 5), (9, 8))  # sure, unsure
    assert_array_equal(forward_batches(PIXELS, params, x), [[10, 0, 0], [0, 0, 0]])
    # Shifted to the right, the dot at (9, 8) is at (9, 9): in one of five copies.
    assert_allclose(predict_logits(PIXELS, params, x, tta=True), [[10, 0, 0], [0, 2, 0]])


def test_without_test_time_augmentation_nothing_is_augmented():
    params = params_of((5, 5), (9, 9), (9, 10))
    x = dots((5, 5), (9, 8))
    assert_array_equal(predict_logits(PIXELS, params, x, tta=False), [[10, 0, 0], [0, 0, 0]])


@pytest.mark.parametrize("position", [(8, 9), (10, 9), (9, 8), (9, 10), (9, 9)])
def test_image_is_shifted_to_each_side(position):
    params = params_of((9, 9), (9, 9), (0, 0))  # two equal logits: always unsure
    assert_allclose(predict_logits(PIXELS, params, dots(position), tta=True), [[2, 2, 0]])


@pytest.mark.parametrize("position", [(8, 8), (11, 9), (9, 11)])
def test_image_is_shifted_by_one_pixel_in_one_direction(position):
    params = params_of((9, 9), (9, 9), (0, 0))
    assert_array_equal(predict_logits(PIXELS, params, dots(position), tta=True), [[0, 0, 0]])


@pytest.mark.parametrize(("position", "opposite"), [((0, 4), (27, 4)), ((4, 27), (4, 0))])
def test_ink_shifted_over_the_border_does_not_wrap_around(position, opposite):
    params = params_of(opposite, opposite, (1, 1))
    assert_array_equal(predict_logits(PIXELS, params, dots(position), tta=True), [[0, 0, 0]])


def test_prediction_is_unsure_below_the_probability_threshold(monkeypatch):
    params = params_of((9, 9), (9, 8), (0, 0))
    x = 0.25 * dots((9, 9))
    once = forward_batches(PIXELS, params, x)
    highest = np.exp(2.5) / (np.exp(2.5) + 2)
    monkeypatch.setattr(inference, "SURE", highest - 1e-4)
    assert_array_equal(predict_logits(PIXELS, params, x, tta=True), once)
    monkeypatch.setattr(inference, "SURE", highest + 1e-4)
    assert_allclose(predict_logits(PIXELS, params, x, tta=True), [[0.5, 0.5, 0]])


def test_inference_runs_on_the_device_of_the_images():
    params = params_of((9, 9), (9, 9), (0, 0))
    foreign = tuple({name: ForeignArray(array) for name, array in part.items()} for part in params)
    logits = predict_logits(PIXELS, foreign, ForeignArray(dots((9, 8))), tta=True)
    assert isinstance(logits, ForeignArray)
    assert_array_equal(logits.get(), [[2, 2, 0]])


# Batches


def cnn_small():
    """Return the network of cnn-small with random parameters, and 50 images."""
    network = CNN_SMALL.network.inference_network
    params = network.layer_params(network.init(np.random.default_rng(0)))
    x = np.random.default_rng(1).random((50, IMAGE_SIDE, IMAGE_SIDE), np.float32)
    return network, params, x


def blas_threads():
    return [library.num_threads for library in BLAS.lib_controllers]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("images", [1, 7, 49, 50, 1000])
def test_parts_and_threads_do_not_change_the_logits(images, threads, monkeypatch):
    network, params, x = cnn_small()
    expected, _ = network.forward(params, x)
    # The largest activation is that of the first convolution.
    monkeypatch.setattr(arrays, "PART_BYTES", images * 4 * 26 * 26 * 20)
    with BLAS.limit(limits=threads):
        before = blas_threads()
        logits = forward_batches(network, params, x)
        assert blas_threads() == before
    assert logits.dtype == np.float32
    assert_allclose(logits, expected, rtol=1e-4, atol=1e-5)


def test_each_thread_computes_its_parts_with_one_blas_thread(monkeypatch):
    network, params, x = cnn_small()
    inside = []

    class Watched(Flatten):
        def forward(self, params, x, rng=None):
            inside.append((threading.current_thread(), blas_threads()))
            return super().forward(params, x, rng)

    layers = tuple(Watched() if isinstance(layer, Flatten) else layer for layer in network.layers)
    with BLAS.limit(limits=2):
        if blas_threads() != [2]:
            pytest.skip("the BLAS library has no threads")
        forward_batches(Network(layers), params, x)
    assert len(inside) == -(-50 // (arrays.PART_BYTES // (4 * 26 * 26 * 20)))
    assert all(threads == [1] for _, threads in inside)
    assert threading.main_thread() not in {thread for thread, _ in inside}


def test_error_in_a_thread_is_raised():
    wrong = {"weight": np.zeros((783, 3), np.float32), "bias": np.zeros(3, np.float32)}
    x = np.zeros((1000, IMAGE_SIDE, IMAGE_SIDE), np.float32)
    with BLAS.limit(limits=2), pytest.raises(ValueError, match="not aligned"):
        forward_batches(PIXELS, ({}, wrong), x)


@pytest.mark.parametrize("threads", [1, 2])
def test_memory_does_not_grow_with_the_number_of_images(threads, monkeypatch):
    network = CNN.network.inference_network
    params = network.layer_params(network.init(np.random.default_rng(0)))
    x = np.random.default_rng(1).random((300, IMAGE_SIDE, IMAGE_SIDE), np.float32)
    monkeypatch.setattr(inference, "KEPT_BYTES", 0)
    tracemalloc.start()
    try:
        with BLAS.limit(limits=threads):
            forward_batches(network, params, x)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < threads * 10 << 20


@pytest.mark.parametrize("tta", [False, True])
def test_no_images_give_no_logits(tta):
    assert predict_logits(PIXELS, params_of((0, 0)), dots(), tta).shape == (0, 3)


# Weights that may overflow


def extreme_images():
    """Return blank, full, edges, strokes, and noise of every density, float32 (N, 28, 28)."""
    rng = np.random.default_rng(0)
    x = np.zeros((60, IMAGE_SIDE, IMAGE_SIDE), np.float32)
    x[1] = 1
    x[2, :, :14] = x[3, :14] = x[4, 13:15, 4:24] = x[5, 4:24, 13:15] = 1
    x[6, ::2, ::2] = x[7, 1::2] = 1
    for number in range(8, 60):
        x[number] = rng.random((IMAGE_SIDE, IMAGE_SIDE)) * (
            rng.random((IMAGE_SIDE, IMAGE_SIDE)) < number / 60
        )
    return x


def largest_factor(network, vector):
    """Find approximately by how much all weights can grow before they may overflow."""
    low, high = 0.0, 38.0
    while high - low > 0.01:
        middle = (low + high) / 2
        with np.errstate(over="ignore"):
            grown = vector * np.float32(10**middle)
        low, high = (low, middle) if may_overflow(network, grown) else (middle, high)
    return np.float32(10**low)


@pytest.mark.parametrize("name", RECIPES)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_weights_that_cannot_overflow_give_finite_results_for_every_image(name, seed):
    """Just below the limit, with weights of both signs, and at the limits of the temperature."""
    recipe = RECIPES[name]
    network = recipe.network.inference_network
    rng = np.random.default_rng(seed)
    vector = network.init(rng)
    if seed == 1:
        vector = np.abs(vector)
    if seed == 2:
        vector *= rng.choice(np.float32([1, 100, 1e-3]), len(vector))
    vector = vector * largest_factor(network, vector)
    assert not may_overflow(network, vector)
    with np.errstate(all="raise", under="ignore"):
        params = network.layer_params(vector)
        logits = predict_logits(network, params, extreme_images(), recipe.tta)
        assert np.isfinite(logits).all()
        logits = logits.astype(np.float64)
        for temperature in (1e-3, 1.0, 1e3):
            probabilities = softmax(logits[:, :10] / temperature)
            assert_allclose(probabilities.sum(axis=1), 1, atol=1e-12)
        if recipe.outliers:
            assert np.isfinite(rejection_scores(logits)).all()


@pytest.mark.parametrize("name", RECIPES)
def test_no_activation_exceeds_its_bound(name, monkeypatch):
    """The bound exceeds the largest activation: with that as the limit, weights may overflow."""
    network = RECIPES[name].network.inference_network
    vector = network.init(np.random.default_rng(0))
    x, largest = extreme_images(), 0.0
    for layer, params in zip(network.layers, network.layer_params(vector), strict=True):
        x, _ = layer.forward(params, x)
        largest = max(largest, float(np.abs(x).max()))
    monkeypatch.setattr(inference, "LARGEST_ACTIVATION", largest)
    assert may_overflow(network, vector)


def test_nan_or_infinite_weights_may_overflow():
    network = MLP.network.inference_network
    vector = network.init(np.random.default_rng(0))
    for value in (np.nan, np.inf, -np.inf):
        for position in (0, -1):
            changed = vector.copy()
            changed[position] = value
            assert may_overflow(network, changed)


def test_limit_allows_any_trained_network():
    for recipe in RECIPES.values():
        network = recipe.network.inference_network
        assert not may_overflow(network, 100 * network.init(np.random.default_rng(0)))
    assert np.float32(1e8 * LARGEST_ACTIVATION) < np.inf
