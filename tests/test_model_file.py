"""Model files: every valid network loads, and everything else is rejected with one sentence."""

import json
import os
import pickle
import random
import struct
import subprocess
import sys
import zipfile
from dataclasses import replace
from math import prod

import numpy as np
import pytest
from forged import (
    ZEROS,
    deep,
    entry,
    forge,
    forge_format_2,
    forge_header,
    forge_model,
    forge_tensors,
    layer_json,
    mutated,
    mutated_tensors,
    network_json,
)
from untrained import untrained

from inkdigits import model_file
from inkdigits.model_file import (
    DEFAULT_MODEL,
    MAX_LAYER_VALUES,
    MAX_LAYERS,
    MAX_MULTIPLY_ADDS,
    MAX_SIZE,
    Model,
    load_model,
    locate,
    save_model,
    shipped_models,
)
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.initializers import glorot
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, ReLU, Sigmoid
from inkdigits.nn.network import Network
from inkdigits.recipes import MLP, RECIPES
from inkdigits.storage.files import FileError, write_atomically
from inkdigits.storage.tensors import (
    MAX_FILE_BYTES,
    MAX_HEADER_BYTES,
    read_tensors,
    write_tensors,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def model():
    return untrained(
        temperature=1.25,
        metrics={"validation": {"accuracy": 0.98, "correct": 5880}},
        training={"seed": 0, "data": {"train-images-idx3-ubyte": "5e" * 32}},
    )


def rejection(path, load=load_model):
    """Return the message of the FileError that a file raises."""
    with pytest.raises(FileError) as caught:
        load(path)
    message = str(caught.value)
    assert str(path) in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))
    return message


def calibration(temperature=1.0, rejection_threshold=0.5, **more):
    """Return the change that puts these into a forged document."""
    values = {"temperature": temperature, "rejection_threshold": rejection_threshold}
    return {"calibration": values | more}


def model_of(network, **changes):
    """Make a model of a network that no recipe has."""
    threshold = 0.5 if network.output_shapes((28, 28))[-1] == (11,) else None
    vector = network.init(np.random.default_rng(0))
    fields = {"preprocessing": "ink", "tta": True, "recipe": "of my own"}
    return Model(network, vector, rejection_threshold=threshold, **(fields | changes))


# Valid files


@pytest.mark.parametrize("recipe", RECIPES)
def test_model_of_each_recipe_survives_a_round_trip(path, recipe):
    model = untrained(
        recipe,
        temperature=1.25,
        metrics={"validation": {"accuracy": 0.98, "correct": 5880}},
        training={"seed": 0},
        version="0.0.1",
    )
    saved = save_model(path, model)
    loaded = load_model(path)
    assert loaded.vector.tobytes() == model.vector.tobytes()
    assert loaded.vector.dtype == np.float32
    assert not loaded.vector.flags.writeable
    for name in ("network", "preprocessing", "tta", "recipe", "summary", "temperature"):
        assert getattr(loaded, name) == getattr(model, name), name
    for name in ("rejection_threshold", "metrics", "training", "version", "class_names"):
        assert getattr(loaded, name) == getattr(model, name), name
    assert loaded.digest == saved.digest
    assert len(loaded.digest) == 64


def test_forged_model_without_a_fault_is_accepted(path, model):
    """The forgeries below are rejected for their fault, and for nothing else."""
    forge_model(path, model)
    forged = path.read_bytes()
    assert np.array_equal(load_model(path).vector, model.vector)
    save_model(path, model)
    assert path.read_bytes() == forged


@pytest.mark.parametrize("tta", [False, True])
def test_test_time_augmentation_is_kept(path, model, tta):
    save_model(path, replace(model, tta=tta))
    assert load_model(path).tta is tta


def test_same_model_gives_the_same_bytes_even_after_a_round_trip(path, tmp_path, model):
    save_model(path, replace(model, version="0.0.1"))
    save_model(tmp_path / "again", load_model(path))
    assert path.read_bytes() == (tmp_path / "again").read_bytes()


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


@pytest.mark.parametrize("network", OWN_NETWORKS.values(), ids=OWN_NETWORKS.keys())
def test_network_that_no_recipe_has_loads(path, network):
    model = model_of(network, summary="My first network.")
    save_model(path, model)
    loaded = load_model(path)
    assert loaded.network == network
    assert loaded.vector.tobytes() == model.vector.tobytes()
    assert (loaded.recipe, loaded.summary) == ("of my own", "My first network.")
    assert loaded.class_names[:10] == tuple("0123456789")


def test_every_type_of_layer_that_a_file_may_have_is_saved_and_loaded():
    layers = {type(layer) for network in OWN_NETWORKS.values() for layer in network.layers}
    assert layers == set(model_file.INFERENCE_LAYERS)


def test_metadata_of_the_maximum_depth_are_kept(path, model):
    value = {"note": deep(12), "large": 2**128 - 1, "text": "\x1b\x00 é \U0001f600"}
    forge_model(path, model, metrics=value)
    assert load_model(path).metrics == value
    save_model(path, load_model(path))
    assert load_model(path).metrics == value


# What is not saved


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": 1},
        {"preprocessing": "none"},
        {"tta": 1},
        {"temperature": 0.0},
        {"temperature": 1},
        {"rejection_threshold": "high"},
        {"rejection_threshold": None},
        {"metrics": []},
        {"network": MLP.network},  # with batch normalization
        {"network": Network(())},
    ],
    ids=lambda change: next(iter(change)),
)
def test_model_that_could_not_be_loaded_is_not_saved(path, model, change):
    save_model(path, model)
    old = path.read_bytes()
    with pytest.raises(FileError):
        save_model(path, replace(model, **change))
    assert path.read_bytes() == old


def test_vector_of_another_size_is_not_saved(path, model):
    with pytest.raises(ValueError, match="expected 109451 parameters"):
        save_model(path, replace(model, vector=model.vector[1:]))
    assert not path.exists()


def test_weights_that_overflow_are_not_saved(path, model):
    with pytest.raises(FileError, match="overflow float32"):
        save_model(path, replace(model, vector=np.full_like(model.vector, 1e20)))
    assert not path.exists()


# Other files and other formats


@pytest.mark.parametrize("protocol", range(6))
def test_pickle_is_rejected_and_not_run(path, protocol):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(path) + ".ran",)

    path.write_bytes(pickle.dumps(Bomb(), protocol))
    assert "inkdigits model import" in rejection(path)
    assert not os.path.exists(f"{path}.ran")


def test_checkpoint_is_rejected(path):
    write_tensors(path, {"params": np.zeros(3, np.float32)}, {"checkpoint": 2, "step": 3})
    assert "name a model file, not a checkpoint" in rejection(path)


def test_format_2_says_what_to_do(path, model):
    forge_format_2(path, model)
    message = rejection(path)
    assert "is a model file of format 2, and this version of inkdigits reads format 3" in message
    assert message.endswith("use the version that wrote it, or train the model again.")


@pytest.mark.parametrize("version", [0, 1, 2, 4, 2**127])
def test_other_formats_say_what_to_do(path, model, version):
    forge_model(path, model, format=version)
    message = rejection(path)
    assert f"of format {version}, and this version of inkdigits reads format 3" in message
    assert "train the model again" in message


@pytest.mark.parametrize("version", [3.0, True, "3", None])
def test_format_that_is_not_an_integer_is_rejected(path, model, version):
    forge_model(path, model, format=version)
    assert "is not a model" in rejection(path)


# Preprocessing


def test_another_revision_of_the_preprocessing_says_what_to_do(path, model):
    forge_model(path, model, preprocessing={"name": "ink", "revision": 99}, version="9.8.7")
    message = rejection(path)
    assert "needs revision 99 of the preprocessing ink" in message
    assert message.endswith("use inkdigits '9.8.7', which wrote it, or train the model again.")


def test_unknown_preprocessing_lists_the_known_ones(path, model):
    forge_model(path, model, preprocessing={"name": "wavelets\x1b", "revision": 1})
    assert "'wavelets\\x1b' is not one of classic, ink" in rejection(path)


@pytest.mark.parametrize(
    "preprocessing",
    [
        None,
        "ink",
        {"name": "ink"},
        {"revision": 1},
        {"name": "ink", "revision": True},
        {"name": "ink", "revision": 1.0},
        {"name": "ink", "revision": "1"},
        {"name": ["ink"], "revision": 1},
        {"name": "ink", "revision": 1, "more": 1},
    ],
    ids=str,
)
def test_preprocessing_of_another_form_is_rejected(path, model, preprocessing):
    forge_model(path, model, preprocessing=preprocessing)
    rejection(path)


# Other fields of the document


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"recipe": ["mlp"]}, "field"),
        ({"recipe": None}, "field"),
        ({"summary": 1}, "field"),
        ({"tta": 1}, "field"),
        ({"tta": None}, "field"),
        ({"input_shape": [784]}, "input shape"),
        ({"input_shape": [28, 28, 1]}, "input shape"),
        ({"input_shape": [28.0, 28]}, "input shape"),
        ({"input_shape": "28x28"}, "input shape"),
        ({"input_shape": None}, "field"),
        ({"class_names": list("0123456789")}, "class names"),
        ({"class_names": [*"1023456789", "non-digit"]}, "class names"),
        ({"class_names": [*"0123456789", "\x1b[2J"]}, "class names"),
        ({"class_names": [*range(10), "non-digit"]}, "class names"),
        ({"class_names": "0123456789"}, "field"),
        ({"class_names": None}, "field"),
        ({"calibration": {}}, "field"),
        ({"calibration": {"temperature": 1.0}}, "field"),
        ({"calibration": {"rejection_threshold": 1.0}}, "field"),
        (calibration(temperature="1"), "field"),
        (calibration(temperature=True), "field"),
        (calibration(temperature=2**127), "field"),
        (calibration(more="os.system"), "field"),
        (calibration(rejection_threshold=1), "field"),
        (calibration(rejection_threshold="none"), "field"),
        (calibration(rejection_threshold=None), "threshold"),
        (calibration(temperature=0.0), "temperature"),
        (calibration(temperature=-1.0), "temperature"),
        (calibration(temperature=5e-324), "temperature"),
        (calibration(temperature=1e308), "temperature"),
        (calibration(temperature=float("nan")), "malformed"),
        (calibration(rejection_threshold=float("inf")), "malformed"),
        ({"metrics": [1]}, "field"),
        ({"metrics": None}, "field"),
        ({"metrics": {"loss": float("inf")}}, "malformed"),
        ({"training": "none"}, "field"),
        ({"version": 1}, "field"),
        ({"extra": 1}, "field"),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_field_with_another_value_is_rejected(path, model, changes, cause):
    forge_model(path, model, **changes)
    assert cause in rejection(path)


def test_threshold_of_a_network_for_digits_only_is_rejected(path):
    forge_model(path, untrained("classic"), **calibration())
    assert "rejection threshold does not fit" in rejection(path)


@pytest.mark.parametrize("field", ["metrics", "training"])
@pytest.mark.parametrize(
    "value",
    [
        {"\ud800": 1},
        {"note": "\udfff"},
        {"note": [{"a": "\ude00\ud83d"}]},
        {"note": deep(15)},
        {"note": deep(480)},
        {"steps": 2**128},
        {"steps": -int("9" * 4000)},
    ],
    ids=["name", "text", "text deeper", "depth 18", "depth 483", "129 bits", "4000 digits"],
)
def test_metadata_that_json_in_utf8_could_not_hold_are_rejected(path, model, field, value):
    forge_model(path, model, **{field: value})
    assert "malformed" in rejection(path)


# Networks


def forge_network(path, *layers, model=None):
    """Write a model file whose network has these layers, without weights."""
    layers = [layer if isinstance(layer, dict) else layer_json(layer) for layer in layers]
    network = {"type": "Network", "layers": layers}
    forge_model(path, model or untrained(), {}, network=network)


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
        (({"type": "Flatten", "extra": 1},), "a missing or an unknown field, 'extra'"),
        (({"type": "Dense", "inputs": 784, "outputs": 11},), "a missing or an unknown field"),
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
def test_network_that_is_not_typed_json_is_rejected(path, model, network):
    forge_model(path, model, network=network)
    rejection(path)


def test_outputs_decide_whether_there_is_a_class_for_non_digits(path, model):
    """A network for ten classes with the names, the threshold and the weights of eleven."""
    layers = network_json(model.network)["layers"]
    layers[-1]["outputs"] = 10
    forge_model(path, model, network={"type": "Network", "layers": layers})
    assert "class names do not fit" in rejection(path)


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
    """Return layers of that many multiply-adds: most in convolutions, the rest in dense ones."""
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


# Tensors


@pytest.mark.parametrize(
    "change",
    [
        {"5.bias": None},
        {"7.weight": np.zeros((11, 11), np.float32)},
        {"1.weight": np.zeros((128, 784), np.float32)},
        {"5.bias": np.zeros((1, 11), np.float32)},
        {"5.bias": np.zeros(10, np.float32)},
        {"5.bias": np.zeros(11, np.float64)},
        {"5.bias": np.zeros(11, np.float16)},
        {"5.bias": np.zeros(11, np.int32)},
    ],
    ids=lambda change: "{} {}".format(*next(iter(change.items())))[:20],
)
def test_tensors_that_are_not_the_networks_are_rejected(path, model, change):
    tensors = model.network.unflatten(model.vector) | change
    forge_model(path, model, {name: x for name, x in tensors.items() if x is not None})
    rejection(path)


def test_tensors_of_a_network_with_another_hidden_size_are_rejected(path, model):
    network = Network((Flatten(), Dense(784, 100), ReLU(), Dense(100, 11)))
    forge_model(path, model, network=network_json(network))
    assert "its tensors are not the parameters of its network" in rejection(path)


@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -np.inf])
def test_nan_or_infinite_weights_are_rejected(path, model, value):
    vector = model.vector.copy()
    vector[-1] = value
    forge_model(path, replace(model, vector=vector))
    assert "NaN or infinity" in rejection(path)


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("weight", [1e15, 1e20, 3e38, -3e38])
def test_weights_that_overflow_are_rejected(path, recipe, weight):
    """With such weights, only a blank image would get finite probabilities."""
    model = untrained(recipe)
    vector = np.full_like(model.vector, weight)
    if recipe == "classic":
        vector[: 784 * 128] = 1e30  # harmless: a sigmoid follows
    forge_model(path, replace(model, vector=vector))
    assert "overflow float32" in rejection(path)


@pytest.mark.parametrize("name", ["1.weight", "5.weight", "5.bias"])
def test_one_weight_that_overflows_is_enough(path, model, name):
    tensors = {name: x.copy() for name, x in model.network.unflatten(model.vector).items()}
    tensors[name].flat[-1] = 3e38
    forge_model(path, model, tensors)
    assert "overflow float32" in rejection(path)


# Damage


def test_flipped_bits_in_a_model_file_are_found(path, model):
    save_model(path, model)
    data = path.read_bytes()
    header = 8 + int.from_bytes(data[:8], "little")
    picker = random.Random(0)
    bits = picker.sample(range(8 * header), 1000) + picker.sample(range(8 * len(data)), 1000)
    with open(path, "r+b", buffering=0) as file:
        for bit in bits:
            byte = data[bit // 8]
            os.pwrite(file.fileno(), bytes([byte ^ 1 << bit % 8]), bit // 8)
            with pytest.raises(FileError):
                load_model(path)
            os.pwrite(file.fileno(), bytes([byte]), bit // 8)
    load_model(path)


def test_any_mutation_gives_a_valid_model_or_a_file_error(path, model):
    rng = random.Random(0)
    save_model(path, model)
    valid, document, _ = read_tensors(path)
    accepted = 0
    for number in range(300):
        is_document = rng.random() < 0.7
        tensors = valid if is_document else mutated_tensors(valid, rng)
        forge_tensors(path, tensors, mutated(document, rng) if is_document else document)
        try:
            loaded = load_model(path)
        except FileError:
            continue
        accepted += 1
        assert save_model(path, loaded).digest == loaded.digest, number
        text = json.dumps([loaded.metrics, loaded.training, loaded.version], ensure_ascii=False)
        text.encode()
    assert 20 < accepted < 150


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


def test_invalid_file_does_not_affect_a_loaded_model(path, model):
    save_model(path, model)
    loaded = load_model(path)
    before = loaded.vector.tobytes()
    path.write_bytes(path.read_bytes()[:-1])
    rejection(path)
    path.unlink()
    rejection(path)
    assert loaded.vector.tobytes() == before


# Memory


# Prints by how much the peak memory of the process grew until each file was rejected.
MEASURE = """
import sys
from inkdigits.model_file import load_model
from inkdigits.storage.files import FileError

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

load_model(sys.argv[1])
before = peak()
for path in sys.argv[2:]:
    try:
        load_model(path)
    except FileError:
        print((peak() - before) / 1000)
    else:
        sys.exit("accepted " + path)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc gives the peak memory")
def test_invalid_file_takes_under_100_megabytes(tmp_path, model):
    def new(name):
        files.append(tmp_path / name)
        return files[-1]

    files = []
    save_model(new("valid"), model)

    size = MAX_SIZE
    huge = (Flatten(), Dense(784, 2**31), *[Dense(2**31, 2**31)] * 60, Dense(2**31, 11))
    forge_network(new("huge layers"), *huge)
    forge_network(new("largest layers"), Flatten(), Dense(784, size), Dense(size, 11))
    forge_network(new("large convolution"), AddChannel(), Conv2D(1, size), Flatten())
    forge_network(new("large padding"), AddChannel(), *[ZeroPad2D(size)] * 60)
    forge_network(new("large square"), Flatten(), Dense(784, size), Dense(size, size))
    few = {name: x[:1] for name, x in model.network.unflatten(model.vector).items()}
    forge_model(new("few weights"), model, few)

    with zipfile.ZipFile(new("zip bomb"), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("x.npy", bytes(10**8))
    new("long header").write_bytes(struct.pack("<Q", 2**40) + bytes(MAX_FILE_BYTES - 8))

    room = MAX_HEADER_BYTES - 1000
    digest = f'\\"sha256\\":\\"{ZEROS}\\"}}'
    forge_header(new("deep header"), f'{{"{digest}":{"[" * room}', b"")
    table = {f"{number:x}": entry([0], 0, 0) for number in range(room // 70)}
    forge(new("many tensors"), table, b"", {"format": 3})
    flatten = {"type": "Flatten"}
    network = {"type": "Network", "layers": [flatten] * (room // 30)}
    forge_model(new("many layers"), model, {}, network=network)

    count = MAX_FILE_BYTES // 4 - MAX_HEADER_BYTES
    weights = np.zeros(count, "<f4")
    table = {"a": entry([count], 0, 4 * count)}
    junk = [{"": []}] * (room // 12)
    forge(new("other model"), table, weights.tobytes(), {"format": 3, "recipe": "mlp"})
    forge(new("junk in document"), table, weights.tobytes(), {"format": 3, "network": junk})
    junk = json.dumps([{"": []}] * (room // 8), separators=(",", ":"))
    entries = json.dumps(table)[1:-2] + f',"junk":{junk}}}'
    forge(new("junk in header"), entries, weights.tobytes(), {"format": 3})
    weights[-1] = np.nan
    forge(new("nan"), table, weights.tobytes())

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *files], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    names = [path.name for path in files[1:]]
    megabytes = dict(zip(names, map(float, done.stdout.splitlines()), strict=True))
    assert megabytes["few weights"] < 2, megabytes
    assert max(megabytes.values()) < 100, megabytes
    # The large files were really read, so the measurement works.
    assert max(megabytes.values()) > MAX_FILE_BYTES / 1e6


# Names of models


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder of shipped models: two, and a file that is not a model."""
    folder = tmp_path / "package" / "pretrained"
    folder.mkdir(parents=True)
    for name in ("mlp", "classic"):
        (folder / f"{name}.safetensors").touch()
    (folder / "README.md").touch()
    (folder.parent / "secret.safetensors").touch()
    monkeypatch.setattr(model_file, "PRETRAINED", folder)
    return folder


def test_shipped_model_is_found_by_its_name(shipped):
    assert locate("mlp") == shipped / "mlp.safetensors"
    assert list(shipped_models()) == ["classic", "mlp"]


def test_shipped_model_may_be_a_link(shipped, path, model):
    save_model(path, model)
    (shipped / "linked.safetensors").symlink_to(path)
    assert load_model(locate("linked")).recipe == "mlp"


def test_file_is_found_by_its_path(shipped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlp").touch()
    (tmp_path / "other").touch()
    assert locate("./mlp").samefile(tmp_path / "mlp")
    assert locate("other").samefile(tmp_path / "other")
    assert locate(tmp_path / "other") == tmp_path / "other"


def test_link_is_found_and_not_followed(tmp_path, model):
    save_model(tmp_path / "target", model)
    (tmp_path / "link").symlink_to("target")
    assert "is a link" in rejection(locate(tmp_path / "link"))


@pytest.mark.parametrize(
    "name", ["unknown", "../secret", "README", "mlp.safetensors", "", "*", "a\0"]
)
def test_unknown_model_gives_an_error_that_lists_the_shipped_ones(shipped, name):
    with pytest.raises(FileError, match=r"name a file or one of classic, mlp\."):
        locate(name)


def test_temporary_file_is_not_listed_as_shipped(path, monkeypatch, tmp_path):
    monkeypatch.setattr(os, "replace", lambda source, target: None)
    write_atomically(path, b"new")
    assert len(list(tmp_path.iterdir())) == 1
    monkeypatch.setattr(model_file, "PRETRAINED", tmp_path)
    assert shipped_models() == {}


def test_shipped_models_are_those_of_their_recipes():
    assert DEFAULT_MODEL in shipped_models()
    for name, path in shipped_models().items():
        model, recipe = load_model(path), RECIPES[name]
        assert model.network == recipe.network.inference_network
        assert (model.recipe, model.summary) == (name, recipe.summary)
        assert (model.preprocessing, model.tta) == (recipe.preprocessing, recipe.tta)
        assert model.class_names[:10] == tuple("0123456789")
        assert (model.rejection_threshold is not None) == (len(model.class_names) == 11)
