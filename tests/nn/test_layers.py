"""One table drives every layer through the same checks; tests of single layers follow."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, is_dataclass
from threading import Barrier

import numpy as np
import pytest

from inkdigits import arrays
from inkdigits.nn import convolution, layers, sequences
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, ReLU, Sigmoid
from inkdigits.nn.sequences import Columns, Conv1D, MaxPoolRows

LAYERS = [  # a layer, the shape of an example before it, and after it
    (Dense(5, 3), (5,), (3,)),
    (Dense(5, 3, bias=False), (5,), (3,)),
    (Sigmoid(), (5,), (5,)),
    (Sigmoid(), (3, 2, 2), (3, 2, 2)),
    (ReLU(), (5,), (5,)),
    (ReLU(), (3, 2, 2), (3, 2, 2)),
    (Dropout(0.4), (5,), (5,)),
    (Dropout(0.4), (3, 2, 2), (3, 2, 2)),
    (Flatten(), (5,), (5,)),
    (Flatten(), (3, 2, 2), (12,)),
    (AddChannel(), (3, 4), (3, 4, 1)),
    (ZeroPad2D(), (3, 4, 2), (5, 6, 2)),
    (ZeroPad2D(2), (1, 1, 1), (5, 5, 1)),
    (Conv2D(1, 2), (5, 4, 1), (3, 2, 2)),
    (Conv2D(3, 2), (4, 5, 3), (2, 3, 2)),
    (Conv2D(2, 3, kernel_size=2), (2, 4, 2), (1, 3, 3)),
    (Conv2D(3, 2, kernel_size=1), (3, 2, 3), (3, 2, 2)),
    (MaxPool2D(), (4, 6, 2), (2, 3, 2)),
    (MaxPool2D(), (5, 3, 1), (2, 1, 1)),
    (MaxPool2D(3), (6, 7, 2), (2, 2, 2)),
    (MaxPool2D(1), (2, 3, 2), (2, 3, 2)),
    (MaxPoolRows(), (4, 3, 2), (2, 3, 2)),
    (MaxPoolRows(3), (7, 2, 1), (2, 2, 1)),
    (Columns(), (3, 4, 2), (4, 6)),
    (Conv1D(2, 3), (5, 2), (5, 3)),
    (Conv1D(3, 2, kernel_size=5), (3, 3), (3, 2)),
    (Conv1D(2, 2, kernel_size=1), (4, 2), (4, 2)),
    (BatchNorm(5), (6, 5), (6, 5)),
    (BatchNorm(2), (3, 4, 2), (3, 4, 2)),
]
CASES = [
    pytest.param(
        layer, (batch, *before), (batch, *after), id=f"{type(layer).__name__}-{(batch, *before)}"
    )
    for layer, before, after in LAYERS
    for batch in (1, 4)
]
each_layer = pytest.mark.parametrize(("layer", "x_shape", "y_shape"), CASES)
inference_and_training = pytest.mark.parametrize("seed", [None, 7], ids=["inference", "training"])


def generator(seed):
    return None if seed is None else np.random.default_rng(seed)


def distinct(shape, dtype=np.float32, seed=0):
    """Draw values of either sign, away from zero and from each other, so away from every kink."""
    rng = np.random.default_rng(seed)
    sizes = np.linspace(0.1, 2, int(np.prod(shape)))
    return (rng.permutation(sizes) * rng.choice([-1, 1], sizes.size)).reshape(shape).astype(dtype)


def parameters(layer, dtype=np.float32):
    """Draw parameters of the layer's shapes; the initial ones may be zero."""
    drawn = layer.init(np.random.default_rng(0))
    return {
        name: distinct(array.shape, dtype, seed)
        for seed, (name, array) in enumerate(drawn.items(), start=1)
    }


def unset(params):
    """Make arrays for gradients, filled with NaN: each value must be overwritten."""
    return {name: np.full_like(array, np.nan) for name, array in params.items()}


def numerical_gradient(function, array, step=1e-6):
    """Compute the central differences of a function, changing the array in place."""
    gradient = np.empty_like(array)
    for index in np.ndindex(array.shape):
        kept = array[index]
        array[index] = kept + step
        above = function()
        array[index] = kept - step
        below = function()
        array[index] = kept
        gradient[index] = (above - below) / (2 * step)
    return gradient


def assert_same(actual, expected):
    """Compare two mappings from name to array, bit for bit."""
    assert actual.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(actual[name], array, err_msg=name)


def test_every_layer_is_in_the_table():
    modules = vars(layers) | vars(convolution) | vars(sequences)
    every = {kind for kind in modules.values() if is_dataclass(kind)}
    assert {type(layer) for layer, _, _ in LAYERS} == every


@each_layer
def test_layer_is_immutable(layer, x_shape, y_shape):
    with pytest.raises(FrozenInstanceError):
        layer.activation = None


@each_layer
def test_initial_parameters_are_float32_and_depend_on_the_seed_only(layer, x_shape, y_shape):
    params = layer.init(np.random.default_rng(3))
    assert all(array.dtype == np.float32 for array in params.values())
    assert_same(layer.init(np.random.default_rng(3)), params)


@each_layer
def test_param_shapes_match_init(layer, x_shape, y_shape):
    params = layer.init(np.random.default_rng(0))
    assert layer.param_shapes() == {name: array.shape for name, array in params.items()}


@each_layer
def test_output_shape_matches_forward(layer, x_shape, y_shape):
    assert layer.output_shape(x_shape[1:]) == y_shape[1:]


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (Dense(5, 3), (4,)),
        (Dense(5, 3), (1, 5)),
        (AddChannel(), (3, 4, 1)),
        (ZeroPad2D(), (3, 4)),
        (Conv2D(3, 2), (5, 5, 2)),
        (Conv2D(3, 2), (5, 5)),
        (Conv2D(3, 2), (2, 5, 3)),
        (Conv2D(3, 2), (5, 2, 3)),
        (MaxPool2D(3), (2, 9, 1)),
        (MaxPool2D(3), (9, 2, 1)),
        (MaxPool2D(), (4, 4)),
        (BatchNorm(3), (4, 4)),
    ],
    ids=repr,
)
def test_output_shape_rejects_a_wrong_input_shape(layer, shape):
    with pytest.raises(ValueError, match=r"does not accept an input of shape"):
        layer.output_shape(shape)


@each_layer
@inference_and_training
def test_shapes_match_and_dtype_stays_float32(layer, x_shape, y_shape, seed):
    params = layer.init(np.random.default_rng(0))
    y, backward = layer.forward(params, distinct(x_shape), generator(seed))
    grads = unset(params)
    dx = backward(distinct(y_shape), grads)
    assert (y.shape, y.dtype) == (y_shape, np.float32)
    assert (dx.shape, dx.dtype) == (x_shape, np.float32)
    assert all(grad.dtype == np.float32 for grad in grads.values())


@each_layer
@inference_and_training
def test_backward_is_the_derivative(layer, x_shape, y_shape, seed):
    params = parameters(layer, np.float64)
    x = distinct(x_shape, np.float64)
    dy = distinct(y_shape, np.float64, seed=9)

    def output_along_dy():
        return np.vdot(dy, layer.forward(params, x, generator(seed))[0])

    grads = unset(params)
    dx = layer.forward(params, x, generator(seed))[1](dy, grads)

    np.testing.assert_allclose(dx, numerical_gradient(output_along_dy, x), rtol=1e-7, atol=1e-8)
    for name, array in params.items():
        expected = numerical_gradient(output_along_dy, array)
        np.testing.assert_allclose(grads[name], expected, rtol=1e-7, atol=1e-8, err_msg=name)


@each_layer
@inference_and_training
def test_layer_writes_only_to_the_gradients(layer, x_shape, y_shape, seed):
    params, x, dy = parameters(layer), distinct(x_shape), distinct(y_shape, seed=9)
    # NumPy raises an error on any write to a read-only array.
    for array in (*params.values(), x, dy):
        array.flags.writeable = False
    y, backward = layer.forward(params, x, generator(seed))
    y.flags.writeable = False
    backward(dy, unset(params))


@each_layer
@inference_and_training
def test_same_call_gives_the_same_result(layer, x_shape, y_shape, seed):
    params, x, dy = parameters(layer), distinct(x_shape), distinct(y_shape, seed=9)
    y, backward = layer.forward(params, x, generator(seed))
    grads = unset(params)
    dx = backward(dy, grads)

    # The generator is the only source of randomness.
    y_again, backward_again = layer.forward(params, x, generator(seed))
    for function in (backward, backward_again):
        grads_again = unset(params)
        np.testing.assert_array_equal(function(dy, grads_again), dx)
        assert_same(grads_again, grads)
    np.testing.assert_array_equal(y_again, y)


@each_layer
def test_backward_without_dx_gives_the_same_gradients(layer, x_shape, y_shape):
    params, dy = parameters(layer), distinct(y_shape, seed=9)
    _, backward = layer.forward(params, distinct(x_shape))
    grads, grads_alone = unset(params), unset(params)
    backward(dy, grads)
    backward(dy, grads_alone, need_dx=False)
    assert_same(grads_alone, grads)


@each_layer
@inference_and_training
def test_many_threads_share_one_layer(layer, x_shape, y_shape, seed):
    threads = 8
    params = parameters(layer)

    def forward_and_backward(number, pause):
        y, backward = layer.forward(params, distinct(x_shape, seed=number), generator(seed))
        pause()
        grads = unset(params)
        dx = backward(distinct(y_shape, seed=100 + number), grads)
        return {"y": y, "dx": dx, **grads}

    expected = [forward_and_backward(number, pause=lambda: None) for number in range(threads)]
    # All threads finish the forward pass before any starts the backward pass, so activations
    # stored in the layer would be overwritten.
    barrier = Barrier(threads, timeout=30)
    with ThreadPoolExecutor(threads) as pool:
        jobs = [
            pool.submit(forward_and_backward, number, barrier.wait) for number in range(threads)
        ]
        for job, alone in zip(jobs, expected, strict=True):
            assert_same(job.result(), alone)


# Dense


def test_dense_is_a_matrix_product_plus_a_bias():
    params = {
        "weight": np.array([[1, 2, 3], [4, 5, 6]], np.float32),
        "bias": np.array([10, 20, 30], np.float32),
    }
    x = np.array([[1, 0], [1, -1]], np.float32)
    y, _ = Dense(2, 3).forward(params, x)
    np.testing.assert_array_equal(y, [[11, 22, 33], [7, 17, 27]])


def test_dense_draws_weights_by_its_initializer_and_sets_biases_to_zero():
    def counting(rng, inputs, outputs):
        return np.arange(inputs * outputs, dtype=np.float32).reshape(inputs, outputs)

    params = Dense(2, 3, initializer=counting).init(np.random.default_rng(0))
    assert_same(params, {"weight": [[0, 1, 2], [3, 4, 5]], "bias": [0, 0, 0]})
    assert Dense(2, 3, bias=False).init(np.random.default_rng(0)).keys() == {"weight"}


def test_dense_rejects_an_input_of_another_width():
    layer = Dense(5, 3)
    with pytest.raises(ValueError, match="not aligned"):
        layer.forward(parameters(layer), distinct((2, 4)))


# Sigmoid


def test_sigmoid_of_known_values():
    x = np.array([0, np.log(3), -np.log(3)], np.float32)
    y, _ = Sigmoid().forward({}, x)
    np.testing.assert_allclose(y, [0.5, 0.75, 0.25], rtol=1e-6)


def test_sigmoid_saturates_without_overflow():
    y, backward = Sigmoid().forward({}, np.array([1000, -1000], np.float32))
    np.testing.assert_array_equal(y, [1, 0])
    np.testing.assert_array_equal(backward(np.ones(2, np.float32), {}), [0, 0])


# ReLU


def test_relu_keeps_positive_values_and_has_derivative_zero_at_zero():
    y, backward = ReLU().forward({}, np.array([-2, 0, 3], np.float32))
    np.testing.assert_array_equal(y, [0, 0, 3])
    np.testing.assert_array_equal(backward(np.full(3, 5, np.float32), {}), [0, 0, 5])


# Dropout


def test_dropout_without_a_generator_is_the_identity():
    x = distinct((4, 5))
    y, backward = Dropout(0.4).forward({}, x)
    assert y is x
    np.testing.assert_array_equal(backward(x, {}), x)


def test_dropout_zeroes_its_share_and_scales_the_others():
    x = np.ones((1000, 100), np.float32)
    y, _ = Dropout(0.2).forward({}, x, np.random.default_rng(0))
    np.testing.assert_array_equal(np.unique(y), np.float32([0, 1.25]))
    # The tolerance is six standard deviations of 0.0013: a share of 0.2 among 100,000.
    assert np.mean(y == 0) == pytest.approx(0.2, abs=0.008)


def test_dropout_draws_a_new_mask_for_each_call():
    x = np.ones((10, 10), np.float32)
    rng = np.random.default_rng(0)
    first, _ = Dropout(0.5).forward({}, x, rng)
    second, _ = Dropout(0.5).forward({}, x, rng)
    assert (first != second).any()


# Flatten


def test_flatten_keeps_the_order_without_a_copy():
    x = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    y, _ = Flatten().forward({}, x)
    np.testing.assert_array_equal(y, [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]])
    assert np.shares_memory(x, y)


# AddChannel


def test_add_channel_does_not_copy():
    x = distinct((2, 3, 4))
    y, _ = AddChannel().forward({}, x)
    np.testing.assert_array_equal(y[..., 0], x)
    assert np.shares_memory(x, y)


# ZeroPad2D


def test_zero_pad_adds_zeros_around_each_image():
    x = np.array([[[[1], [2]]], [[[3], [4]]]], np.float32)
    y, backward = ZeroPad2D().forward({}, x)
    np.testing.assert_array_equal(
        y[..., 0], [[[0, 0, 0, 0], [0, 1, 2, 0], [0] * 4], [[0, 0, 0, 0], [0, 3, 4, 0], [0] * 4]]
    )
    np.testing.assert_array_equal(backward(y, {}), x)


# Conv2D


def convolved(params, x):
    """Convolve element by element, from the definition."""
    weight, bias = params["weight"], params["bias"]
    side, _, channels, filters = weight.shape
    height, width = x.shape[1] - side + 1, x.shape[2] - side + 1
    y = np.empty((len(x), height, width, filters), x.dtype)
    for example, top, left, number in np.ndindex(y.shape):
        total = bias[number]
        for row, column, channel in np.ndindex(side, side, channels):
            value = x[example, top + row, left + column, channel]
            total += value * weight[row, column, channel, number]
        y[example, top, left, number] = total
    return y


@pytest.mark.parametrize("side", [1, 2, 3, 5])
def test_convolution_matches_its_definition(side):
    layer = Conv2D(2, 3, side)
    params, x = parameters(layer, np.float64), distinct((2, 6, 7, 2), np.float64)
    y, _ = layer.forward(params, x)
    np.testing.assert_allclose(y, convolved(params, x), rtol=1e-12, atol=1e-12)


def test_filter_responds_most_where_its_pattern_is():
    pattern = np.array([[0, 1], [1, 0]], np.float32)
    x = np.zeros((1, 4, 5, 1), np.float32)
    x[0, 1:3, 3:5, 0] = pattern
    params = {"weight": pattern.reshape(2, 2, 1, 1), "bias": np.zeros(1, np.float32)}
    y, _ = Conv2D(1, 1, kernel_size=2).forward(params, x)
    assert np.unravel_index(y.argmax(), y.shape) == (0, 1, 3, 0)
    assert y.max() == 2


def test_convolution_draws_weights_by_its_initializer_and_sets_biases_to_zero():
    def counting(rng, inputs, outputs):
        assert (inputs, outputs) == (12, 2)
        return np.arange(inputs * outputs, dtype=np.float32).reshape(inputs, outputs)

    params = Conv2D(3, 2, kernel_size=2, initializer=counting).init(np.random.default_rng(0))
    assert_same(params, {"weight": np.arange(24).reshape(2, 2, 3, 2), "bias": [0, 0]})


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("images", [1, 2, 3])
def test_parts_of_a_batch_do_not_change_the_convolution(channels, images, monkeypatch):
    layer, x = Conv2D(channels, 4), distinct((7, 6, 5, channels), np.float64)
    params, dy = parameters(layer, np.float64), distinct((7, 4, 3, 4), np.float64, seed=9)

    def forward_and_backward():
        y, backward = layer.forward(params, x)
        grads = unset(params)
        return {"y": y, "dx": backward(dy, grads), **grads}

    whole = forward_and_backward()
    bytes_each = 12 * 9 * channels * 8  # the windows of an image at 4 x 3 positions
    monkeypatch.setattr(arrays, "PART_BYTES", images * bytes_each)
    assert len(arrays.batch_parts(x, bytes_each)) == -(-7 // images)
    for name, array in forward_and_backward().items():
        np.testing.assert_allclose(array, whole[name], rtol=1e-12, atol=1e-12, err_msg=name)


def test_no_images_give_no_feature_maps():
    layer = Conv2D(2, 3)
    y, _ = layer.forward(parameters(layer), np.empty((0, 5, 6, 2), np.float32))
    assert y.shape == (0, 3, 4, 3)


@pytest.mark.parametrize("shape", [(1, 2, 5, 3), (1, 5, 5, 2)], ids=["too small", "channels"])
def test_convolution_rejects_a_wrong_input_shape(shape):
    layer = Conv2D(3, 2)
    with pytest.raises(ValueError, match=r"window shape|not aligned"):
        layer.forward(parameters(layer), distinct(shape))


# MaxPool2D


def test_pooling_keeps_the_maximum_of_each_square():
    x = np.array([[5, 1, 0, -1, 9], [2, 3, -3, -2, 9], [9, 9, 9, 9, 9]], np.float32)
    y, backward = MaxPool2D().forward({}, x[None, :, :, None])
    np.testing.assert_array_equal(y[0, ..., 0], [[5, 0]])
    dx = backward(np.array([7, 8], np.float32).reshape(y.shape), {})
    np.testing.assert_array_equal(dx[0, ..., 0], [[7, 0, 8, 0, 0], [0] * 5, [0] * 5])


def test_exactly_one_of_tied_maxima_gets_the_gradient():
    for tied in ([[0, 0], [0, 0]], [[1, 4], [4, 4]], [[1, 2], [4, 4]]):
        x = np.array(tied, np.float32).reshape(1, 2, 2, 1)
        y, backward = MaxPool2D().forward({}, x)
        dx = backward(np.full_like(y, 5), {})
        assert np.count_nonzero(dx) == 1
        assert x.flat[dx.argmax()] == x.max()


@pytest.mark.parametrize("side", [1, 2, 3, 4])
def test_ties_in_squares_of_any_size(side):
    x = np.random.default_rng(0).integers(0, 2, (5, 4 * side, 3 * side, 2)).astype(np.float32)
    y, backward = MaxPool2D(side).forward({}, x)
    dx = backward(np.ones_like(y), {})
    squares = (5, 4, side, 3, side, 2)
    np.testing.assert_array_equal(dx.reshape(squares).sum(axis=(2, 4)), 1)
    np.testing.assert_array_equal((dx * x).reshape(squares).sum(axis=(2, 4)), y)
    assert set(np.unique(dx)) <= {0, 1}


# BatchNorm


def test_batch_norm_gives_each_channel_its_scale_and_shift():
    rng = np.random.default_rng(0)
    x = (rng.standard_normal((50, 6, 7, 3)) * [1, 20, 0.1] + [0, 300, -4]).astype(np.float32)
    params = {"scale": np.float32([1, 2, 3]), "shift": np.float32([0, -1, 5])}
    y, _ = BatchNorm(3).forward(params, x)
    np.testing.assert_allclose(y.mean(axis=(0, 1, 2)), params["shift"], atol=1e-3)
    np.testing.assert_allclose(y.std(axis=(0, 1, 2)), params["scale"], rtol=2e-3)


def test_batch_norm_of_equal_values_is_the_shift():
    layer = BatchNorm(2)
    params = {"scale": np.float32([3, 4]), "shift": np.float32([1, 2])}
    y, backward = layer.forward(params, np.full((4, 2), 7, np.float32))
    np.testing.assert_array_equal(y, [[1, 2]] * 4)
    assert np.isfinite(backward(distinct((4, 2)), unset(params))).all()
