"""A chain of layers over one flat vector of parameters."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D
from inkdigits.nn.initializers import glorot
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, ParameterFree, ReLU, Sigmoid
from inkdigits.nn.losses import one_hot, softmax_cross_entropy
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD

SMALL = Network(
    (
        Flatten(),
        Dense(6, 5),
        ReLU(),
        Dropout(0.3),
        Dense(5, 4, bias=False),
        Sigmoid(),
        Dense(4, 3, initializer=glorot),
    )
)
NORMED = Network(
    (
        AddChannel(),
        Conv2D(1, 3),
        BatchNorm(3),
        MaxPool2D(),
        ReLU(),
        Flatten(),
        Dense(12, 5),
        BatchNorm(5),
        ReLU(),
        Dense(5, 2),
    )
)
SMALL_SIZE = 6 * 5 + 5 + 5 * 4 + 4 * 3 + 3


def test_parameters_are_named_by_layer_in_the_order_of_the_vector():
    assert list(SMALL.shapes.items()) == [
        ("1.weight", (6, 5)),
        ("1.bias", (5,)),
        ("4.weight", (5, 4)),
        ("6.weight", (4, 3)),
        ("6.bias", (3,)),
    ]
    assert SMALL.size == SMALL_SIZE


def test_output_shapes_follow_an_example_through_the_layers():
    expected = [
        (6, 6, 1),
        (4, 4, 3),
        (4, 4, 3),
        (2, 2, 3),
        (2, 2, 3),
        (12,),
        (5,),
        (5,),
        (5,),
        (2,),
    ]
    assert NORMED.output_shapes((6, 6)) == expected
    with pytest.raises(ValueError, match="does not accept"):
        NORMED.output_shapes((7, 8))


def test_initial_parameters_come_from_the_layers():
    vector = SMALL.init(np.random.default_rng(2))
    assert (vector.shape, vector.dtype) == ((SMALL_SIZE,), np.float32)
    rng = np.random.default_rng(2)
    for layer, views in zip(SMALL.layers, SMALL.layer_params(vector), strict=True):
        drawn = layer.init(rng)
        assert views.keys() == drawn.keys()
        for name, array in drawn.items():
            np.testing.assert_array_equal(views[name], array)


def test_views_and_vector_share_memory():
    vector = np.zeros(SMALL_SIZE)
    views = SMALL.layer_params(vector)
    views[4]["weight"][1, 2] = 7
    # 35 parameters precede the weights, then a row of 4.
    assert np.flatnonzero(vector).tolist() == [35 + 4 + 2]
    vector[-3:] = 9
    np.testing.assert_array_equal(views[6]["bias"], [9, 9, 9])
    np.testing.assert_array_equal(SMALL.unflatten(vector)["4.weight"], views[4]["weight"])


def test_views_cover_the_vector_once_and_in_order():
    vector = np.arange(SMALL_SIZE, dtype=np.float32)
    named = SMALL.unflatten(vector)
    assert {name: view.shape for name, view in named.items()} == SMALL.shapes
    np.testing.assert_array_equal(np.concatenate([view.ravel() for view in named.values()]), vector)


@pytest.mark.parametrize("shape", [(SMALL_SIZE - 1,), (SMALL_SIZE + 1,), (1, SMALL_SIZE), (0,)])
def test_vector_of_another_size_is_rejected(shape):
    for split in (SMALL.unflatten, SMALL.layer_params):
        with pytest.raises(ValueError, match=f"expected {SMALL_SIZE} parameters"):
            split(np.zeros(shape, np.float32))


def test_forward_applies_the_layers_in_turn():
    vector = SMALL.init(np.random.default_rng(0))
    x = np.random.default_rng(1).standard_normal((4, 2, 3), np.float32)
    y, _ = SMALL.forward(SMALL.layer_params(vector), x)
    named = SMALL.unflatten(vector)
    hidden = np.maximum(x.reshape(4, 6) @ named["1.weight"] + named["1.bias"], 0)
    hidden = 1 / (1 + np.exp(-hidden @ named["4.weight"]))
    np.testing.assert_allclose(y, hidden @ named["6.weight"] + named["6.bias"], rtol=1e-5)
    assert y.dtype == np.float32


def test_generator_is_passed_to_the_layers():
    views = SMALL.layer_params(SMALL.init(np.random.default_rng(0)))
    x = np.ones((4, 2, 3), np.float32)
    trained, again = (SMALL.forward(views, x, np.random.default_rng(1))[0] for _ in range(2))
    np.testing.assert_array_equal(again, trained)
    assert (trained != SMALL.forward(views, x)[0]).any()


def test_forward_rejects_parameters_of_another_network():
    views = SMALL.layer_params(SMALL.init(np.random.default_rng(0)))
    with pytest.raises(ValueError, match="shorter"):
        SMALL.forward(views[:-1], np.zeros((1, 2, 3), np.float32))


@pytest.mark.parametrize("seed", [None, 7], ids=["inference", "training"])
def test_gradient_is_correct_along_random_directions(seed):
    # A direction takes two forward passes, however many parameters there are.
    rng = np.random.default_rng(0)
    vector = SMALL.init(rng).astype(np.float64)
    x, targets = rng.standard_normal((8, 2, 3)), np.eye(3)[rng.integers(3, size=8)]

    def loss_at(point):
        rng = None if seed is None else np.random.default_rng(seed)
        logits, backward = SMALL.forward(SMALL.layer_params(point), x, rng)
        loss, loss_backward = softmax_cross_entropy(logits, targets)
        return loss, lambda grads: backward(loss_backward(), grads)

    gradient = np.full(SMALL_SIZE, np.nan)
    loss_at(vector)[1](SMALL.layer_params(gradient))
    for _ in range(10):
        direction = rng.standard_normal(SMALL_SIZE)
        ahead, behind = (loss_at(vector + step * direction)[0] for step in (1e-6, -1e-6))
        assert gradient @ direction == pytest.approx((ahead - behind) / 2e-6, rel=1e-6)


@dataclass(frozen=True)
class Recorder(ParameterFree):
    """The identity; it records whether its backward pass must return dx."""

    recorded: list[bool] = field(default_factory=list)

    def forward(self, params, x, rng=None):
        def backward(dy, grads, need_dx=True):
            self.recorded.append(need_dx)
            return dy

        return x, backward


@dataclass(frozen=True)
class RecordingDense(Dense):
    """A dense layer that records whether its backward pass must return dx."""

    recorded: list[bool] = field(default_factory=list, compare=False)

    def forward(self, params, x, rng=None):
        y, backward_dense = super().forward(params, x, rng)

        def backward(dy, grads, need_dx=True):
            self.recorded.append(need_dx)
            return backward_dense(dy, grads, need_dx)

        return y, backward


def test_backward_ends_at_the_first_layer_with_parameters():
    network = Network((Recorder(), RecordingDense(2, 3), Recorder(), RecordingDense(3, 2)))
    vector = network.init(np.random.default_rng(0))
    y, backward = network.forward(network.layer_params(vector), np.ones((4, 2), np.float32))
    backward(y, network.layer_params(np.empty_like(vector)))
    need_dx = [layer.recorded for layer in network.layers]
    assert need_dx == [[], [False], [True], [True]]


def params_and_images():
    """Return parameters that differ from the initial ones, and images."""
    rng = np.random.default_rng(1)
    vector = NORMED.init(rng)
    vector += 0.3 * rng.standard_normal(len(vector), np.float32)
    return vector, rng.random((64, 6, 6), np.float32)


def test_inference_network_has_no_batch_norm():
    assert [type(layer) for layer in NORMED.inference_network.layers] == [
        AddChannel, Conv2D, MaxPool2D, ReLU, Flatten, Dense, ReLU, Dense
    ]  # fmt: skip
    assert NORMED.inference_network.size == NORMED.size - 2 * 3 - 2 * 5
    assert SMALL.inference_network == SMALL


def test_folded_batch_norm_gives_the_logits_of_training():
    vector, x = params_and_images()
    folded = NORMED.fold_batch_norm(vector, [x])
    expected, _ = NORMED.forward(NORMED.layer_params(vector), x)
    actual, _ = NORMED.inference_network.forward(NORMED.inference_network.layer_params(folded), x)
    assert folded.dtype == np.float32
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_folded_statistics_are_averages_over_the_batches():
    network = Network((Flatten(), Dense(36, 4), BatchNorm(4)))
    rng = np.random.default_rng(1)
    vector = rng.standard_normal(network.size, np.float32)
    x = rng.random((64, 6, 6), np.float32)
    batches = [x[:20], x[20:40], x[40:]]
    params = network.layer_params(vector)
    sums = [x.reshape(-1, 36) @ params[1]["weight"] + params[1]["bias"] for x in batches]
    mean = np.mean([s.mean(axis=0) for s in sums], axis=0)
    variance = np.mean([s.var(axis=0) for s in sums], axis=0)
    whole = np.concatenate(sums)
    expected = (whole - mean) / np.sqrt(variance + 1e-5) * params[2]["scale"] + params[2]["shift"]
    inference = network.inference_network
    actual, _ = inference.forward(
        inference.layer_params(network.fold_batch_norm(vector, iter(batches))), x
    )
    np.testing.assert_allclose(actual, expected, rtol=1e-4, atol=1e-5)


def test_logits_of_an_example_do_not_depend_on_the_batch():
    vector, x = params_and_images()
    inference = NORMED.inference_network
    params = inference.layer_params(NORMED.fold_batch_norm(vector, [x]))
    together, _ = inference.forward(params, x)
    alone, _ = inference.forward(params, x[5:6])
    np.testing.assert_allclose(alone[0], together[5], rtol=1e-5, atol=1e-6)


def test_folding_does_not_modify_the_training_parameters():
    vector, x = params_and_images()
    before = vector.copy()
    NORMED.fold_batch_norm(vector, [x])
    np.testing.assert_array_equal(vector, before)


def test_without_batch_norm_folding_copies_and_ignores_the_batches():
    vector = SMALL.init(np.random.default_rng(0))
    folded = SMALL.fold_batch_norm(vector, iter(["not an image"]))
    np.testing.assert_array_equal(folded, vector)
    assert not np.shares_memory(folded, vector)


def test_network_overfits_32_digits(digits):
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(digits.labels), 32, replace=False)
    x = digits.images[chosen].astype(np.float32) / 255
    labels = digits.labels[chosen]
    network = Network((Flatten(), Dense(784, 32), ReLU(), Dense(32, 10)))
    optimizer = SGD(momentum=0.9)
    vector = network.init(rng)
    gradient = np.empty_like(vector)
    state = np.zeros((optimizer.state_vectors, network.size), np.float32)
    params, grads = network.layer_params(vector), network.layer_params(gradient)
    losses = []
    for number in range(100):
        logits, backward = network.forward(params, x, rng)
        loss, loss_backward = softmax_cross_entropy(logits, one_hot(10)[labels])
        backward(loss_backward(), grads)
        optimizer.step(vector, gradient, state, 0.1, number)
        losses.append(loss)
    assert losses[0] > 1
    assert losses[-1] < 0.01
    logits, _ = network.forward(params, x)
    np.testing.assert_array_equal(logits.argmax(axis=1), labels)
