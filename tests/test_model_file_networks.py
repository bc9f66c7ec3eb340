"""Networks in model files: any valid network loads, and limits are checked before allocation."""

import random
from dataclasses import replace
from math import prod

import numpy as np
import pytest
from forged import (
    deep,
    forge_model,
    forge_network,
    forge_tensors,
    layer_json,
    mutated,
    network_json,
    rejection,
)
from untrained import untrained

from inkdigits.model_file import Model, load_model, save_model
from inkdigits.model_limits import MAX_LAYER_VALUES, MAX_LAYERS, MAX_MULTIPLY_ADDS, MAX_SIZE
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.initializers import glorot
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, ReLU, Sigmoid
from inkdigits.nn.network import Network
from inkdigits.recipes import INFERENCE_LAYERS
from inkdigits.storage.files import FileError
from inkdigits.storage.tensors import read_tensors

OWN_NETWORKS = {
    "one hidden layer": Network((Flatten(), Dense(784, 50), ReLU(), Dense(50, 11))),
    "digits only": Network((Flatten(), Dense(784, 10, bias=False))),
    "every layer": Network(
        (
            AddChannel(),
            ZeroPad2D(2),
            Conv2D(1, 5, kernel_size=5),
            Sigmoid(),
            MaxPool2D(4),
            Dropout(0.25),
            Flatten(),
            Dense(245, 7, initializer=glorot),
            ReLU(),
            Dense(7, 11),
        )
    ),
}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


def model_of(network, **changes):
    """Make a model of a network without a recipe."""
    threshold = 0.5 if network.output_shapes((28, 28))[-1] == (11,) else None
    vector = network.init(np.random.default_rng(0))
    fields = {"preprocessing": "ink", "tta": True, "recipe": "of my own"}
    return Model(network, vector, rejection_threshold=threshold, **(fields | changes))


# Valid networks


@pytest.mark.parametrize("rejects_non_digits", [False, True])
def test_network_for_other_classes_keeps_their_names(path, rejects_non_digits):
    names = ("T-shirt/top", "Größe", "<b>")
    network = Network((Flatten(), Dense(784, len(names) + rejects_non_digits)))
    threshold = 0.5 if rejects_non_digits else None
    save_model(path, replace(model_of(network, classes=names), rejection_threshold=threshold))
    loaded = load_model(path)
    assert loaded.classes == names
    assert loaded.class_names == (*names, "non-digit")[: len(names) + rejects_non_digits]


@pytest.mark.parametrize("network", OWN_NETWORKS.values(), ids=OWN_NETWORKS.keys())
def test_network_without_a_recipe_loads(path, network):
    model = model_of(network, summary="My first network.")
    save_model(path, model)
    loaded = load_model(path)
    assert loaded.network == network
    assert loaded.vector.tobytes() == model.vector.tobytes()
    assert (loaded.recipe, loaded.summary) == ("of my own", "My first network.")
    assert loaded.class_names[:10] == tuple("0123456789")


def test_every_allowed_layer_type_is_saved_and_loaded():
    layers = {type(layer) for network in OWN_NETWORKS.values() for layer in network.layers}
    assert layers == set(INFERENCE_LAYERS)


# Invalid networks


@pytest.mark.parametrize(
    ("layers", "cause"),
    [
        ((Flatten(), Dense(784, 2**31), Dense(2**31, 11)), "a size of its layer Dense"),
        ((Flatten(), Dense(784, 2**63), Dense(2**63, 11)), "a size of its layer Dense"),
        ((Flatten(), Dense(784, 0), Dense(0, 11)), "a size of its layer Dense"),
        ((Flatten(), Dense(784, -3), Dense(-3, 11)), "a size of its layer Dense"),
        ((AddChannel(), Conv2D(1, 2**31)), "a size of its layer Conv2D"),
        ((AddChannel(), Conv2D(1, 2, kernel_size=0)), "a size of its layer Conv2D"),
        ((AddChannel(), Conv2D(1, 2, kernel_size=-1)), "a size of its layer Conv2D"),
        ((AddChannel(), ZeroPad2D(2**40)), "a size of its layer ZeroPad2D"),
        ((AddChannel(), ZeroPad2D(-5)), "a size of its layer ZeroPad2D"),
        ((AddChannel(), MaxPool2D(0)), "a size of its layer MaxPool2D"),
        ((Flatten(), Dropout(1.0), Dense(784, 11)), "a size of its layer Dropout"),
        ((Flatten(), Dropout(-0.5), Dense(784, 11)), "a size of its layer Dropout"),
        ((Flatten(), Dense(784, 11), BatchNorm(11)), "type 'BatchNorm' is not one of Flatten, "),
        (({"type": "Conv3D"},), "type 'Conv3D' is not one of"),
        (({"type": "os.system"},), "type 'os.system' is not one of"),
        (({"type": "__class__"},), "type '__class__' is not one of"),
        (({"type": "\x1b[2J\n" * 999},), "type '\\x1b[2J\\n"),
        (({"type": ["Dense"]},), "type a list is not one of"),
        (({},), "type None is not one of"),
        (({"type": "Flatten", "extra": 1},), "layers[0]: Flatten has no field 'extra'"),
        (
            ({"type": "Dense", "inputs": 784, "outputs": 11},),
            "layers[0]: Dense lacks the field 'bias'",
        ),
        ((layer_json(Dense(784, 11)) | {"bias": 1},), "expected bool, got 1"),
        ((layer_json(Dense(784, 11)) | {"outputs": True},), "expected int, got True"),
        ((layer_json(Dense(784, 11)) | {"outputs": 11.0},), "expected int, got 11.0"),
        (
            (layer_json(Dense(784, 11)) | {"initializer": {"type": "eval"}},),
            "type 'eval' is not one of he, glorot",
        ),
        (
            (layer_json(Dense(784, 11)) | {"initializer": "he"},),
            "expected an object, got 'he'",
        ),
        ((Flatten(), Dense(783, 11)), "do not fit together"),
        ((Dense(784, 11),), "do not fit together"),
        ((Flatten(), Dense(784, 8), Conv2D(8, 11)), "do not fit together"),
        ((AddChannel(), AddChannel()), "do not fit together"),
        ((AddChannel(), Conv2D(3, 8), Flatten(), Dense(5408, 11)), "do not fit together"),
        ((AddChannel(), Conv2D(1, 8, kernel_size=29)), "do not fit together"),
        ((AddChannel(), MaxPool2D(29)), "do not fit together"),
        ((), "does not have 1 to 64 layers"),
        ((Flatten(),), "(784,) outputs"),
        ((Flatten(), Dense(784, 12)), "(12,) outputs"),
        ((AddChannel(), MaxPool2D(28), Conv2D(1, 11, kernel_size=1)), "(1, 1, 11) outputs"),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_network_that_cannot_be_used_is_rejected(path, layers, cause):
    forge_network(path, *layers)
    assert cause in rejection(path)


@pytest.mark.parametrize(
    "network",
    [
        None,
        1,
        "Network",
        [],
        {"type": "Network"},
        {"type": "Sequential", "layers": []},
        {"type": "Network", "layers": {}},
        {"type": "Network", "layers": "Flatten"},
        {"type": "Network", "layers": [None]},
        {"type": "Network", "layers": [["Flatten"]]},
        {"type": "Network", "layers": [deep(9)]},
        {"type": "Network", "layers": [{"type": "Network", "layers": []}]},
        {"type": "Network", "layers": [], "extra": 1},
    ],
    ids=str,
)
def test_network_that_is_not_typed_json_is_rejected(path, network):
    forge_model(path, untrained(), network=network)
    rejection(path)


def test_outputs_determine_whether_there_is_a_class_for_non_digits(path):
    """A network for ten classes with the names, the threshold and the weights of eleven."""
    model = untrained()
    layers = network_json(model.network)["layers"]
    layers[-1]["outputs"] = 10
    forge_model(path, model, network={"type": "Network", "layers": layers})
    assert "class names do not fit" in rejection(path)


def test_any_mutation_of_a_network_gives_a_valid_network_or_a_file_error(path):
    rng = random.Random(1)
    model = model_of(OWN_NETWORKS["every layer"])
    save_model(path, model)
    tensors, document, _ = read_tensors(path)
    accepted = 0
    for _ in range(500):
        network = mutated(document["network"], rng)
        forge_tensors(path, tensors, document | {"network": network})
        try:
            loaded = load_model(path)
        except FileError:
            continue
        accepted += 1
        assert loaded.network.shapes == model.network.shapes
    assert 5 < accepted < 200


# Limits


def layers_of_count(count):
    return Flatten(), *[ReLU()] * (count - 2), Dense(784, 10)


def layers_of_size(size):
    return Flatten(), Dense(784, 1), Dense(1, size, bias=False), Dense(size, 10)


def layers_of_values(width):
    """Return layers that pad each image to (28 + 2 width)² values."""
    return AddChannel(), ZeroPad2D(width), MaxPool2D(28 + 2 * width), Flatten(), Dense(1, 10)


def layers_of_windows(channels):
    """Return layers that convolve 16² windows of 4² pixels in each channel."""
    return (
        AddChannel(),
        Conv2D(1, channels, kernel_size=10),
        Conv2D(channels, 1, kernel_size=4),
        MaxPool2D(16),
        Flatten(),
        Dense(1, 10),
    )


def layers_of_cost(cost):
    """Return layers with that many multiply-adds: most in convolutions, the rest in dense ones."""
    filters = 252
    convolutions = 32 * 32 * (filters + 2 * filters**2)
    inner, rest = divmod(cost - convolutions - 10, filters + 1)
    return (
        AddChannel(),
        ZeroPad2D(2),
        Conv2D(1, filters, kernel_size=1),
        *[Conv2D(filters, filters, kernel_size=1)] * 2,
        MaxPool2D(32),
        Flatten(),
        Dense(filters, inner),
        Dense(inner, 1),
        Dense(1, rest // 2),
        Dense(rest // 2, 1),
        *[Dense(1, 1)] * (rest % 2),
        Dense(1, 10),
    )


def multiply_adds(network):
    """Count the multiply-adds of a network: each weight is used once at every position."""
    shape, total = (28, 28), 0
    for layer in network.layers:
        shape = layer.output_shape(shape)
        match layer:
            case Dense():
                total += layer.inputs * layer.outputs
            case Conv2D():
                total += prod(shape) * layer.kernel_size**2 * layer.channels
    return total


LIMITS = [
    pytest.param(layers_of_count, MAX_LAYERS, "1 to 64 layers", id="layers"),
    pytest.param(layers_of_size, MAX_SIZE, "a size of its layer", id="size"),
    pytest.param(layers_of_values, 242, "more than 262144 values", id="values"),
    pytest.param(layers_of_windows, 64, "more than 262144 values", id="windows"),
    pytest.param(layers_of_cost, MAX_MULTIPLY_ADDS, "more than 134217728 multiply-adds", id="cost"),
]


@pytest.mark.parametrize(("layers", "most", "cause"), LIMITS)
def test_limits_of_a_network_are_exact(path, layers, most, cause):
    network = Network(layers(most))
    save_model(path, model_of(network))
    assert load_model(path).network == network
    too_large = layers(most + 1)
    forge_network(path, *too_large, model=untrained("classic"))
    assert cause in rejection(path)
    with pytest.raises(FileError, match=cause):
        save_model(path, model_of(Network(too_large)))


def test_networks_at_the_limits_have_exactly_that_cost():
    assert (28 + 2 * 242) ** 2 == 16**2 * 4**2 * 64 == MAX_LAYER_VALUES
    assert multiply_adds(Network(layers_of_cost(MAX_MULTIPLY_ADDS))) == MAX_MULTIPLY_ADDS
    assert multiply_adds(Network(layers_of_cost(MAX_MULTIPLY_ADDS + 1))) == MAX_MULTIPLY_ADDS + 1
