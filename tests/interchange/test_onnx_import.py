"""Networks from ONNX give the same logits as the operators' definitions, and others are refused."""

from pathlib import Path

import numpy as np
import onnx_files as onnx
import pytest
from refusals import refusal_of

from inkdigits.inference import forward_batches
from inkdigits.interchange.onnx_import import import_onnx
from inkdigits.model_file import load_model, save_model
from inkdigits.nn.convolution import Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.layers import Dense, ReLU, Sigmoid

RNG = np.random.default_rng(0)
X = RNG.random((3, 28, 28), np.float32)


def weights(*shape):
    return (RNG.standard_normal(shape) / np.sqrt(max(1, np.prod(shape[1:])))).astype(np.float32)


def positive(*shape):
    return (RNG.random(shape) + 0.5).astype(np.float32)


T = {
    "w": weights(10, 784),
    "wt": weights(784, 10),
    "b": weights(10),
    "w1": weights(30, 784),
    "b1": weights(30),
    "w2": weights(10, 30),
    "k": weights(4, 1, 3, 3),
    "kb": weights(4),
    "k5": weights(4, 1, 5, 5),
    "k2": weights(6, 4, 3, 3),
    "k2b": weights(6),
    "wc": weights(10, 4 * 13 * 13),
    "wp": weights(10, 4 * 14 * 14),
    "wd": weights(10, 6 * 5 * 5),
    "scale": positive(4),
    "shift": weights(4),
    "mean": weights(4),
    "variance": positive(4),
    "scale10": positive(10),
    "shift10": weights(10),
    "mean10": weights(10),
    "variance10": positive(10),
    "image": positive(1, 1, 28, 28),
    "mu": np.float32(0.1307),
    "sigma": np.float32(0.3081),
    "half": np.float32(0.5),
    "flat": np.array([0, -1]),
    "flat784": np.array([-1, 784]),
    "one784": np.array([1, 784]),
    "nchw": np.array([0, 1, 28, 28]),
    "pads": np.array([0, 0, 1, 1, 0, 0, 1, 1]),
    "axis1": np.array([1]),
    "zero": np.float32(0),
    "false": np.array(False).astype(np.int32),
}


# The operators by their definitions, on arrays (N, C, H, W).


def windows(x, side):
    return np.lib.stride_tricks.sliding_window_view(x, (side, side), (2, 3))


def reference(operations, x, tensors):
    """Run the operations one after the other, in float64."""
    for operator, constants, attributes in operations:
        given = [tensors[name] for name in constants.split() if name != "x"]
        x = OPERATORS[operator](x, *given, **attributes)
    return x


def conv(x, w, b=0, pads=(0, 0, 0, 0), auto_pad="", **_):
    side = w.shape[2]
    before = side // 2 if auto_pad.startswith("SAME") else pads[0]
    x = np.pad(x, ((0, 0), (0, 0), (before, before), (before, before)))
    y = np.einsum("nchwij,fcij->nfhw", windows(x, side), w)
    return y + np.reshape(b, (-1, 1, 1)) if np.ndim(b) else y


def max_pool(x, kernel_shape, **_):
    return windows(x, kernel_shape[0])[:, :, :: kernel_shape[0], :: kernel_shape[0]].max((4, 5))


def gemm(x, w, b=0, transB=0, alpha=1, beta=1):
    return alpha * x @ (w.T if transB else w) + beta * b


def batch_normalization(x, scale, shift, mean, variance, epsilon=1e-5):
    scale, shift, mean, variance = (
        v.reshape(-1, *[1] * (x.ndim - 2)) for v in (scale, shift, mean, variance)
    )
    return (x - mean) / np.sqrt(variance + epsilon) * scale + shift


def reshape(x, shape):
    return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(shape)])


OPERATORS = {
    "Gemm": gemm,
    "MatMul": lambda x, w: x @ w,
    "Add": lambda x, b: x + b,
    "Sub": lambda x, b: x - b,
    "Mul": lambda x, a: x * a,
    "Div": lambda x, a: x / a,
    "Conv": conv,
    "MaxPool": max_pool,
    "Pad": lambda x, pads, _=0: np.pad(x, list(zip(pads[:4], pads[4:], strict=True))),
    "BatchNormalization": batch_normalization,
    "Relu": lambda x: np.maximum(x, 0),
    "Sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "Flatten": lambda x, axis=1: x.reshape(len(x), -1),
    "Reshape": reshape,
    "Transpose": lambda x, perm: x.transpose(perm),
    "Unsqueeze": lambda x, axes: np.expand_dims(x, tuple(axes)),
    "Squeeze": lambda x, axes: np.squeeze(x, tuple(axes)),
    "Dropout": lambda x, *_, **__: x,
    "Identity": lambda x: x,
    "Softmax": lambda x, **_: x,  # the logits are compared
    "LogSoftmax": lambda x, **_: x,
}

FLATTEN = ("Flatten", "", {})
RELU = ("Relu", "", {})
GEMM = ("Gemm", "w b", {"transB": 1})
CONV = ("Conv", "k kb", {})
PADDED = ("Conv", "k kb", {"pads": [1, 1, 1, 1], "kernel_shape": [3, 3]})
POOL = ("MaxPool", "", {"kernel_shape": [2, 2], "strides": [2, 2]})
NORM = ("BatchNormalization", "scale shift mean variance", {})
AFTER_CONV = (POOL, FLATTEN, ("Gemm", "wc b", {"transB": 1}))
AFTER_PADDED = (POOL, FLATTEN, ("Gemm", "wp b", {"transB": 1}))
NCHW = ("N", 1, 28, 28)
CASES = {
    "dense": (("N", 784), [GEMM]),
    "two dense layers": (
        ("N", 784),
        [("Gemm", "w1 b1", {"transB": 1}), RELU, ("Gemm", "w2", {"transB": 1})],
    ),
    "softmax at the end": (("N", 28, 28), [FLATTEN, GEMM, ("Softmax", "", {"axis": -1})]),
    "log softmax at the end": (("N", 28, 28), [FLATTEN, GEMM, ("LogSoftmax", "", {"axis": 1})]),
    "matrix product and sum": (("N", 784), [("MatMul", "wt", {}), ("Add", "b", {})]),
    "matrix product without a sum": (("N", 784), [("MatMul", "wt", {})]),
    "sigmoid": (
        ("N", 28, 28),
        [
            FLATTEN,
            ("Gemm", "w1 b1", {"transB": 1}),
            ("Sigmoid", "", {}),
            ("Gemm", "w2", {"transB": 1}),
        ],
    ),
    "factors of Gemm": (
        ("N", 784),
        [("Gemm", "w b", {"transB": 1, "alpha": 0.5, "beta": 2.0})],
    ),
    "convolution": (NCHW, [CONV, RELU, *AFTER_CONV]),
    "padded convolution": (NCHW, [PADDED, RELU, *AFTER_PADDED]),
    "automatic padding": (NCHW, [("Conv", "k kb", {"auto_pad": "SAME_UPPER"}), *AFTER_PADDED]),
    "no padding": (NCHW, [("Conv", "k", {"auto_pad": "VALID"}), *AFTER_CONV]),
    "two convolutions": (
        NCHW,
        [
            CONV,
            RELU,
            POOL,
            ("Conv", "k2 k2b", {}),
            RELU,
            POOL,
            FLATTEN,
            ("Gemm", "wd", {"transB": 1}),
        ],
    ),
    "batch normalization after a convolution": (NCHW, [PADDED, NORM, RELU, *AFTER_PADDED]),
    "batch normalization after ReLU": (NCHW, [CONV, RELU, NORM, *AFTER_CONV]),
    "batch normalization after ReLU, before ReLU": (NCHW, [CONV, RELU, NORM, RELU, *AFTER_CONV]),
    "batch normalization before flattening": (
        NCHW,
        [CONV, RELU, POOL, NORM, FLATTEN, ("Gemm", "wc b", {"transB": 1})],
    ),
    "batch normalization after a dense layer": (
        ("N", 784),
        [GEMM, ("BatchNormalization", "scale10 shift10 mean10 variance10", {"epsilon": 0.1})],
    ),
    "batch normalization after ReLU of a dense layer": (
        ("N", 784),
        [GEMM, RELU, ("BatchNormalization", "scale10 shift10 mean10 variance10", {})],
    ),
    "normalized pixels of a padded convolution": (
        NCHW,
        [("Sub", "mu", {}), ("Div", "sigma", {}), PADDED, *AFTER_PADDED],
    ),
    "normalized pixels of a dense layer": (
        ("N", 784),
        [("Sub", "mu", {}), ("Div", "sigma", {}), GEMM],
    ),
    "different factors of the pixels": (NCHW, [("Mul", "image", {}), FLATTEN, GEMM]),
    "temperature": (("N", 784), [GEMM, ("Div", "half", {}), ("Softmax", "", {})]),
    "separate padding": (NCHW, [("Pad", "pads zero", {}), CONV, *AFTER_PADDED]),
    "reshape, sizes copied": (("N", 28, 28), [("Reshape", "flat", {}), GEMM]),
    "reshape, batch left open": (("N", 28, 28), [("Reshape", "flat784", {}), GEMM]),
    "reshape of a batch of one": ((1, 28, 28), [("Reshape", "one784", {}), GEMM]),
    "pixels to an image": (("N", 784), [("Reshape", "nchw", {}), CONV, *AFTER_CONV]),
    "an axis more and less": (
        ("N", 28, 28),
        [("Unsqueeze", "axis1", {}), ("Squeeze", "axis1", {}), FLATTEN, GEMM],
    ),
    "channels last, as of TensorFlow": (
        ("N", 28, 28, 1),
        [
            ("Transpose", "", {"perm": [0, 3, 1, 2]}),
            CONV,
            ("Transpose", "", {"perm": [0, 2, 3, 1]}),
            ("Transpose", "", {"perm": [0, 3, 1, 2]}),
            POOL,
            ("Transpose", "", {"perm": [0, 2, 3, 1]}),
            ("Reshape", "flat", {}),
            ("Gemm", "wc b", {"transB": 1}),
        ],
    ),
    "transposed pixels": (
        ("N", 28, 28),
        [("Transpose", "", {"perm": [0, 2, 1]}), FLATTEN, GEMM],
    ),
    "dropout and identity": (
        ("N", 784),
        [("Identity", "", {}), ("Dropout", "half false", {"seed": 3}), GEMM],
    ),
    "pooling that would be rounded up": (
        NCHW,
        [CONV, ("MaxPool", "", {**POOL[2], "ceil_mode": 1}), *AFTER_CONV[1:]],
    ),
    "logits in another order": (
        NCHW,
        [
            ("Conv", "k5", {}),
            ("MaxPool", "", {"kernel_shape": [12, 12], "strides": [12, 12]}),
            FLATTEN,
        ],
    ),
}


def logits_of(model, x=X):
    return forward_batches(model.network, model.network.layer_params(model.vector), x)


def names(count):
    return None if count == 10 else [f"class {number}" for number in range(count)]


@pytest.mark.parametrize("case", CASES)
def test_import_computes_what_the_operators_define(case, tmp_path):
    shape, operations = CASES[case]
    data = onnx.chain(*operations, tensors=T, shape=shape)
    x = X.astype(np.float64).reshape(len(X), *shape[1:])
    if shape[0] == 1:
        expected = np.concatenate([reference(operations, each[None], T) for each in x])
    else:
        expected = reference(operations, x, T)
    model = import_onnx(data, classes=names(expected.shape[1]))
    np.testing.assert_allclose(logits_of(model), expected, rtol=1e-4, atol=1e-5)
    save_model(tmp_path / "model", model)
    assert load_model(tmp_path / "model").network == model.network


def test_layers_are_ours_and_nothing_is_added():
    _, operations = CASES["batch normalization after a convolution"]
    model = import_onnx(onnx.chain(*operations, tensors=T, shape=NCHW))
    assert [type(layer).__name__ for layer in model.network.layers] == [
        *("AddChannel", "ZeroPad2D", "Conv2D", "ReLU", "MaxPool2D", "Flatten", "Dense")
    ]
    layers = model.network.layers
    assert layers[1:3] == (ZeroPad2D(1), Conv2D(1, 4, 3))
    assert layers[3:5] == (ReLU(), MaxPool2D(2))
    assert layers[-1] == Dense(784, 10)
    model = import_onnx(
        onnx.chain(*CASES["matrix product without a sum"][1], tensors=T, shape=("N", 784))
    )
    assert model.network.layers[-1] == Dense(784, 10, bias=False)
    model = import_onnx(onnx.chain(*CASES["sigmoid"][1], tensors=T))
    assert Sigmoid() in model.network.layers


EXPORTED = Path(__file__).parent / "exported"


@pytest.mark.parametrize("name", ["pytorch.onnx", "pytorch-torchscript.onnx"])
def test_network_from_pytorch_is_imported(name):
    """Both of PyTorch's exporters: see exported/export_from_pytorch.py."""
    model = import_onnx((EXPORTED / name).read_bytes())
    x = np.random.default_rng(0).random((3, 28, 28), np.float32)
    logits = logits_of(model, x)
    log_probabilities = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(log_probabilities, np.load(EXPORTED / "expected.npy"), atol=1e-5)
    assert {type(layer).__name__ for layer in model.network.layers} == {
        *("AddChannel", "Conv2D", "ZeroPad2D", "ReLU", "MaxPool2D", "Flatten", "Dense")
    }


@pytest.mark.parametrize("opset", [7, 12, 13, 17, 25])
def test_versions_of_the_operators_are_accepted(opset):
    operations = [FLATTEN, GEMM, ("Softmax", "", {})]
    model = import_onnx(onnx.chain(*operations, tensors=T, opset=opset))
    np.testing.assert_allclose(
        logits_of(model), X.reshape(3, -1) @ T["w"].T + T["b"], rtol=1e-4, atol=1e-5
    )


@pytest.mark.parametrize("dtype", ["float16", "float64"])
def test_weights_of_another_precision_are_rounded(dtype):
    tensors = {"w": T["w"].astype(dtype), "b": T["b"].astype(dtype)}
    model = import_onnx(onnx.chain(FLATTEN, GEMM, tensors=tensors))
    expected = X.reshape(3, -1) @ tensors["w"].T.astype(np.float32) + tensors["b"]
    np.testing.assert_allclose(logits_of(model), expected, rtol=1e-4, atol=1e-5)


def test_weights_in_typed_fields_are_read():
    def typed(array, name, number, kind):
        dims = b"".join(onnx.field(1, size) for size in array.shape)
        return (
            dims + onnx.field(2, kind) + onnx.field(8, name) + onnx.field(number, array.tobytes())
        )

    shape = onnx.field(1, 2) + onnx.field(2, 7) + onnx.field(8, "flat")
    shape += onnx.field(7, onnx.varint(0) + onnx.varint(-1))
    tensors = [
        typed(T["w"], "w", 4, 1),
        typed(T["b"].astype(np.float64), "b", 10, 11),
        shape,
    ]
    model = import_onnx(onnx.chain(("Reshape", "flat", {}), GEMM, tensors=tensors))
    expected = X.reshape(3, -1) @ T["w"].T + T["b"]
    np.testing.assert_allclose(logits_of(model), expected, rtol=1e-4, atol=1e-5)


def test_shape_computed_from_the_batch_is_understood():
    """What PyTorch's older exporter writes for x.view(x.size(0), -1)."""
    nodes = [
        onnx.node("Shape", "x", "shape"),
        onnx.node("Constant", "", "first", value=np.array(0)),
        onnx.node("Gather", "shape first", "count", axis=0),
        onnx.node("Constant", "", "axes", value_ints=[0]),
        onnx.node("Unsqueeze", "count axes", "counts"),
        onnx.node("Constant", "", "rest", value=np.array([-1])),
        onnx.node("Concat", "counts rest", "sizes", axis=0),
        onnx.node("Reshape", "x sizes", "flat"),
        onnx.node("Gemm", "flat w b", "y", transB=1),
    ]
    tensors = {name: T[name] for name in ("w", "b")}
    model = import_onnx(onnx.model(onnx.graph(nodes, tensors)))
    expected = X.reshape(3, -1) @ T["w"].T + T["b"]
    np.testing.assert_allclose(logits_of(model), expected, rtol=1e-4, atol=1e-5)


def test_constant_may_be_first_in_a_sum_a_product_and_a_difference():
    nodes = [
        onnx.node("Sub", "half x", "a"),
        onnx.node("Mul", "sigma a", "b_"),
        onnx.node("Add", "mu b_", "c"),
        onnx.node("Flatten", "c", "d"),
        onnx.node("Gemm", "d w b", "y", transB=1),
    ]
    model = import_onnx(onnx.model(onnx.graph(nodes, T)))
    expected = (0.1307 + 0.3081 * (0.5 - X)).reshape(3, -1) @ T["w"].T + T["b"]
    np.testing.assert_allclose(logits_of(model), expected, rtol=1e-4, atol=1e-5)


def test_constants_may_also_be_inputs_as_in_old_files():
    inputs = [onnx.value("x", ("N", 784)), onnx.value("w", (10, 784)), onnx.value("b", (10,))]
    nodes = [onnx.node("Gemm", "x w b", "y", transB=1)]
    tensors = {name: T[name] for name in ("w", "b")}
    model = import_onnx(onnx.model(onnx.graph(nodes, tensors, inputs=inputs), opset=7))
    assert model.network.layers[-1] == Dense(784, 10)


def test_mean_and_deviation_are_folded_in():
    for shape, operations in (CASES["padded convolution"], CASES["dense"]):
        data = onnx.chain(*operations, tensors=T, shape=shape)
        model = import_onnx(data, mean=0.1307, deviation=0.3081)
        x = ((X.astype(np.float64) - 0.1307) / 0.3081).reshape(3, *shape[1:])
        np.testing.assert_allclose(
            logits_of(model), reference(operations, x, T), rtol=1e-4, atol=1e-5
        )


def test_model_states_where_it_is_from():
    data = onnx.chain(FLATTEN, GEMM, tensors=T)
    model = import_onnx(data, preprocessing="classic", classes=list("ABCDEFGHIJ"))
    assert (model.preprocessing, model.tta, model.recipe) == ("classic", False, "onnx")
    assert model.classes == tuple("ABCDEFGHIJ")
    assert model.rejection_threshold is None
    assert model.training["imported"]["format"] == "onnx"
    assert len(model.training["imported"]["sha256"]) == 64
    assert import_onnx(data).classes == tuple("0123456789")
    assert import_onnx(data).preprocessing == "ink"


# Refused


def refusal(data, **options):
    return refusal_of(import_onnx, data, **options)


@pytest.mark.parametrize(
    "operator",
    [
        "AveragePool",
        "LeakyRelu",
        "ConvTranspose",
        "Cast",
        "Tanh",
        "LSTM",
        "Loop",
        "If",
        "\x1b[2J",
        "",
    ],
)
def test_other_operators_are_refused_by_name(operator):
    message = refusal(onnx.chain(FLATTEN, (operator, "", {}), GEMM, tensors=T))
    assert f"it uses the operator {operator!a}, which is not one of Gemm, " in message


def test_operators_of_other_domains_are_refused_by_name():
    nodes = [onnx.node("Gemm", "x w b", "y", domain="com.microsoft", transB=1)]
    data = onnx.model(onnx.graph(nodes, T, inputs=[onnx.value("x", ("N", 784))]))
    assert "it uses the operator 'com.microsoft.Gemm'" in refusal(data)


@pytest.mark.parametrize(
    ("operations", "words"),
    [
        ([("Conv", "k", {"strides": [2, 2]}), *AFTER_CONV], "Conv has strides other than 1"),
        ([("Conv", "k", {"dilations": [2, 2]}), *AFTER_CONV], "Conv has dilations other than 1"),
        ([("Conv", "k", {"group": 4}), *AFTER_CONV], "Conv has group 4"),
        ([("Conv", "k", {"pads": [0, 0, 1, 1]}), *AFTER_CONV], "all sides by the same number"),
        ([("Conv", "k", {"pads": [-1, -1, -1, -1]}), *AFTER_CONV], "all sides by the same number"),
        ([("Conv", "k", {"pads": [2**40] * 4}), *AFTER_CONV], "all sides by the same number"),
        ([("Conv", "k", {"pads": [30_000] * 4}), *AFTER_CONV], "more than 262144 values"),
        ([("Conv", "k", {"kernel_shape": [5, 5]}), *AFTER_CONV], "the shape of its kernel"),
        ([("Conv", "w", {}), *AFTER_CONV], "is not of squares"),
        ([("Conv", "k2", {}), *AFTER_CONV], "does not accept an input of shape"),
        ([("Conv", "k w1", {}), *AFTER_CONV], "a constant of shape"),
        ([("Conv", "k", {"colour": 1}), *AFTER_CONV], "the attribute 'colour', which is unknown"),
        ([CONV, ("MaxPool", "", {"kernel_shape": [2, 2]}), *AFTER_CONV[1:]], "strides other than"),
        (
            [CONV, ("MaxPool", "", {"kernel_shape": [0, 0], "strides": [0, 0]}), *AFTER_CONV[1:]],
            "MaxPool is not of squares",
        ),
        (
            [
                ("MaxPool", "", {"kernel_shape": [3, 3], "strides": [3, 3], "ceil_mode": 1}),
                *AFTER_CONV[1:],
            ],
            "MaxPool has ceil_mode 1",
        ),
        ([CONV, ("MaxPool", "", {**POOL[2], "pads": [1] * 4}), *AFTER_CONV[1:]], "has padding"),
        ([("Pad", "pads half", {}), CONV, *AFTER_PADDED], "other values than zeros"),
        ([("Pad", "pads", {"mode": "reflect"}), CONV, *AFTER_PADDED], "Pad has mode 'reflect'"),
        ([("Pad", "flat", {}), CONV, *AFTER_PADDED], "does not add pixels to images"),
        ([("Softmax", "", {}), FLATTEN, GEMM], "Softmax is not the last node"),
        ([FLATTEN, GEMM, ("Softmax", "", {"axis": 0})], "Softmax is not over the classes"),
        ([FLATTEN, ("Gemm", "w b", {"transA": 1, "transB": 1})], "Gemm has transA 1"),
        ([FLATTEN, ("Gemm", "w b", {"transB": "1"})], "Gemm has transB '1'"),
        ([FLATTEN, ("Gemm", "w w1", {"transB": 1})], "a constant of shape"),
        ([FLATTEN, ("Gemm", "flat", {})], "not a floating-point number"),
        ([FLATTEN, ("Gemm", "mu", {})], "a matrix of shape"),
        ([FLATTEN, ("Gemm", "", {})], "Gemm lacks an input"),
        ([("MatMul", "wt", {})], "a matrix of shape"),
        ([FLATTEN, GEMM, ("Sigmoid", "", {}), ("Conv", "k", {}), FLATTEN], "layer for images"),
        ([("Flatten", "", {"axis": 0}), GEMM], "Flatten does not keep the examples apart"),
        ([("Reshape", "one784", {}), GEMM], "Reshape does not keep the examples apart"),
        ([("Reshape", "pads", {}), GEMM], "Reshape"),
        ([("Reshape", "w", {}), GEMM], "not a few integers"),
        ([("Reshape", "flat", {"allowzero": 1}), GEMM], "Reshape does not keep"),
        ([("Transpose", "", {"perm": [1, 0, 2, 3]}), FLATTEN, GEMM], "Transpose does not keep"),
        ([("Transpose", "", {"perm": [0, 1, 1, 2]}), FLATTEN, GEMM], "Transpose does not keep"),
        ([("Transpose", "", {}), FLATTEN, GEMM], "Transpose does not keep"),
        ([("Transpose", "", {"perm": [0, 1, 3, 2]}), CONV, *AFTER_CONV], "an order that ours"),
        ([("Squeeze", "", {"axes": [0]}), FLATTEN, GEMM], "Squeeze does not keep"),
        ([("Squeeze", "", {"axes": [2]}), FLATTEN, GEMM], "more than one value"),
        ([("Unsqueeze", "", {"axes": [0]}), FLATTEN, GEMM], "Unsqueeze does not keep"),
        ([("Unsqueeze", "", {"axes": list(range(1, 60))}), FLATTEN, GEMM], "more than 8 axes"),
        ([CONV, ("BatchNormalization", "scale", {}), *AFTER_CONV], "lacks an input"),
        ([CONV, ("BatchNormalization", "b b b b", {}), *AFTER_CONV], "one value for each channel"),
        (
            [CONV, ("BatchNormalization", "scale shift mean variance", {"training_mode": 1})],
            "training_mode 1",
        ),
        ([FLATTEN, ("Dropout", "half half", {}), GEMM], "Dropout is in training mode"),
        ([FLATTEN, GEMM, ("Add", "w", {})], "a constant of shape"),
        ([CONV, ("Relu", "", {})], "it ends with values of"),
        ([FLATTEN], "it has no layers"),
        ([FLATTEN, GEMM, ("Sigmoid", "", {})], "it ends with Sigmoid, and logits"),
        ([("Mul", "image", {}), CONV, *AFTER_CONV], "scaled or shifted differently"),
    ],
    ids=str,
)
def test_what_our_layers_do_not_compute_is_refused(operations, words):
    message = refusal(onnx.chain(*operations, tensors=T, shape=NCHW))
    assert words in message
    assert "docs/export.md" in message


def test_division_by_what_is_computed_is_refused():
    nodes = [onnx.node("Div", "half x", "a"), onnx.node("Gemm", "a w", "y", transB=1)]
    data = onnx.model(onnx.graph(nodes, T, inputs=[onnx.value("x", ("N", 784))]))
    assert "Div divides by what is computed" in refusal(data)


@pytest.mark.parametrize(
    ("shape", "kind", "words"),
    [
        (("N", 3, 28, 28), 1, "its input has the shape (N, 3, 28, 28)"),
        (("N", 32, 32), 1, "its input has the shape (N, 32, 32)"),
        (("N", "H", "W"), 1, "its input has the shape (N, N, N)"),
        (("N", 1, 2**62, 2**62), 1, "its input has the shape"),
        ((), 1, "its input has the shape ()"),
        ((28, 28), 1, "its input has the shape (28, 28)"),
        (("N", 28, 28), 7, "is not a tensor of float32"),
        (("N", 28, 28), 0, "is not a tensor of float32"),
    ],
)
def test_input_of_another_form_is_refused(shape, kind, words):
    nodes = [onnx.node("Flatten", "x", "a"), onnx.node("Gemm", "a w", "y", transB=1)]
    data = onnx.model(onnx.graph(nodes, T, inputs=[onnx.value("x", shape, kind)]))
    assert words in refusal(data)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"classes": list("AB")}, "it has 10 classes, and 2 names are given"),
        ({"classes": [*"123456789", "non-digit"]}, "cannot be the name of a class"),
        ({"classes": [*"123456789", "\x1b"]}, "cannot be the name of a class"),
        ({"classes": list("0000000000")}, "two classes have the same name"),
        ({"preprocessing": "none"}, "is not one of classic, ink"),
        ({"mean": float("nan")}, "must be finite"),
        ({"deviation": 0.0}, "must be finite, and the deviation above 0"),
        ({"deviation": float("inf")}, "must be finite"),
        ({"deviation": 5e-324}, "must be finite"),
        ({"deviation": 1e-38}, "overflow"),
    ],
    ids=str,
)
def test_invalid_options_are_refused(options, words):
    assert words in refusal(onnx.chain(FLATTEN, GEMM, tensors=T), **options)


def test_other_number_of_classes_needs_their_names():
    data = onnx.chain(FLATTEN, ("Gemm", "w1 b1", {"transB": 1}), tensors=T)
    assert "it has 30 classes, not the ten digits; give their names with --classes" in refusal(data)
    model = import_onnx(data, classes=names(30))
    assert len(model.classes) == 30
