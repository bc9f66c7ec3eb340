"""Every unit of every kind can be computed by hand from what its explanation says."""

from math import exp, fsum

import numpy as np
import pytest
from explained import SEVEN, deep_network, ink_of

from inkdigits import Recognizer
from inkdigits.explain import Box, Unit, explain_ink
from inkdigits.explain.passes import Pass
from inkdigits.explain.unit import explain_unit
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.network import Network
from inkdigits.preprocessing import network_input

FUNCTIONS = {"ReLU": lambda x: max(x, 0.0), "Sigmoid": lambda x: 1 / (1 + exp(-x))}
KINDS = {
    "cnn-small": {"dense", "convolution", "pool", "activation", "other"},
    "mlp": {"dense", "activation", "other"},
    "classic": {"dense", "activation", "other"},
    "deep": {"dense", "convolution", "pool", "activation", "other"},
}


def by_hand(explained):
    """Compute a unit's value from its explanation alone."""
    inputs = explained.inputs.ravel().tolist()
    if explained.kind in ("dense", "convolution"):
        weights = explained.weights.ravel().tolist()
        products = [x * weight for x, weight in zip(inputs, weights, strict=True)]
        assert explained.total == pytest.approx(fsum(products), rel=1e-9, abs=1e-9)
        return fsum(products) + explained.bias
    assert explained.weights is explained.total is None
    assert explained.bias == 0
    if explained.kind == "pool":
        return max(inputs)
    if explained.kind == "activation":
        return FUNCTIONS[explained.type](*inputs)
    return fsum(inputs)


@pytest.mark.parametrize("name", KINDS)
def test_units_of_all_layers_are_recomputed(name):
    recognizer = deep_network() if name == "deep" else Recognizer.load(name)
    rng = np.random.default_rng(0)
    ink = ink_of(SEVEN)
    plain = explain_ink(ink, recognizer, parts=["layers"])
    forward = Pass(
        recognizer.model.network,
        recognizer.model.vector,
        network_input(plain.prediction.seen[None]),
    )
    kinds = set()
    for layer in plain.layers:
        for _ in range(4):
            index = tuple(int(rng.integers(size)) for size in layer.output_shape)
            explained = explain_unit(forward, Unit(layer.index, index))
            assert explained.result == layer.activation[index]
            assert by_hand(explained) == pytest.approx(explained.result, rel=1e-5, abs=1e-5)
            inside = np.zeros((28, 28), bool)
            box = explained.field
            inside[box.row : box.row + box.height, box.column : box.column + box.width] = True
            assert not explained.gradient[~inside].any()
            kinds.add(explained.kind)
    assert kinds == KINDS[name]


def test_unit_comes_with_the_explanation_and_its_drives():
    explanation = explain_ink(ink_of(SEVEN), Recognizer.load(), parts=[], unit=Unit(14, (7,)))
    unit = explanation.unit
    assert (unit.kind, unit.type, unit.inputs.shape) == ("dense", "Dense", (64,))
    assert unit.result == explanation.logits[7]
    pixels = explanation.prediction.seen / np.float32(255)
    np.testing.assert_array_equal(unit.drives, pixels * unit.gradient)
    assert unit.field == Box(0, 0, 28, 28)


def test_inputs_of_a_dense_layer_have_the_shape_before_flatten():
    first = explain_ink(
        ink_of(SEVEN), Recognizer.load("mlp"), parts=["weights"], unit=Unit(1, (5,))
    )
    assert first.unit.inputs.shape == first.unit.weights.shape == (28, 28)
    np.testing.assert_array_equal(first.unit.weights, first.weights.values[..., 5])
    later = explain_ink(ink_of(SEVEN), Recognizer.load(), parts=["weights"], unit=Unit(12, (5,)))
    assert later.unit.inputs.shape == (3, 3, 68)
    assert later.weights.layer == 1
    assert later.weights.values.shape == (3, 3, 1, 20)


def test_window_and_receptive_field_of_a_convolution():
    network = Network((AddChannel(), ZeroPad2D(1), Conv2D(1, 2), MaxPool2D(2), Conv2D(2, 3)))
    rng = np.random.default_rng(0)
    x = rng.random((1, 28, 28), np.float32)
    vector = network.init(rng)
    forward = Pass(network, vector, x)
    unit = Unit(4, (0, 5, 2))
    explained = explain_unit(forward, unit)
    assert explained.where == Box(0, 5, 3, 3)
    assert explained.field == Box(0, 9, 7, 8)  # the row above the first one is padding
    np.testing.assert_array_equal(explained.inputs, forward.arrays[4][0, 0:3, 5:8])
    changed = rng.random((1, 28, 28), np.float32)
    changed[0, 0:7, 9:17] = x[0, 0:7, 9:17]
    assert explain_unit(Pass(network, vector, changed), unit).result == explained.result
    # Each border of the field matters.
    gradients = [explain_unit(Pass(network, vector, rng.random((1, 28, 28), np.float32)), unit)]
    gradients += [
        explain_unit(Pass(network, vector, rng.random((1, 28, 28), np.float32)), unit)
        for _ in range(40)
    ]
    used = np.argwhere(np.any([each.gradient != 0 for each in gradients], axis=0))
    assert (used.min(axis=0).tolist(), used.max(axis=0).tolist()) == ([0, 9], [6, 16])


@pytest.mark.parametrize("index", [(0, 0, 0), (29, 3, 0)])
def test_padding_unit_depends_on_nothing(index):
    network = Network((AddChannel(), ZeroPad2D(1)))
    forward = Pass(network, np.empty(0, np.float32), np.ones((1, 28, 28), np.float32))
    explained = explain_unit(forward, Unit(1, index))
    assert (explained.kind, explained.result, explained.inputs.size) == ("other", 0, 0)
    assert explained.field.height == 0
    assert explain_unit(forward, Unit(1, (1, 1, 0))).inputs.tolist() == [1]


@pytest.mark.parametrize(
    ("unit", "said"),
    [
        (Unit(15, (0,)), "0 to 14"),
        (Unit(-1, (0,)), "0 to 14"),
        (Unit(14, (11,)), "[11]"),
        (Unit(14, (-1,)), "[-1]"),
        (Unit(1, (3, 3)), "[26, 26, 20]"),
    ],
)
def test_unit_that_there_is_not(unit, said):
    with pytest.raises(ValueError, match=r"layer|Layer") as error:
        explain_ink(ink_of(SEVEN), Recognizer.load(), parts=[], unit=unit)
    assert said in str(error.value)
