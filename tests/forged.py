"""Forge invalid model files and checkpoints with a correct digest.

The formats are implemented here a second time, from their descriptions alone.
"""

import hashlib
import json
import struct

import numpy as np
import pytest
from safetensors.numpy import save
from untrained import untrained

from inkdigits.model_file import load_model
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.storage.files import FileError

ZEROS = "0" * 64


def forge(path, entries, body, document=None, content=None, padding=0):
    """Write a file with a correct digest, whatever it contains.

    entries  the tensors' part of the header: its JSON without the braces, or a dictionary
    content  the text of the metadata; None for the valid one with the document
    """
    if content is None:
        content = canonical({"document": document or {}, "sha256": ZEROS})
    if isinstance(entries, dict):
        entries = json.dumps(entries)[1:-1]
    metadata = '"__metadata__":{"inkdigits":' + json.dumps(content) + "}"
    forge_header(path, "{" + ",".join(filter(None, [metadata, entries])) + "}", body, padding)


def forge_header(path, header, body, padding=0):
    header = header.encode() if isinstance(header, str) else header
    header += b" " * (-len(header) % 8 + padding)
    data = struct.pack("<Q", len(header)) + header + body
    assert data.count(ZEROS.encode()) == 1
    path.write_bytes(data.replace(ZEROS.encode(), hashlib.sha256(data).hexdigest().encode()))


def canonical(value):
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def entry(shape, start, end, dtype="F32"):
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, end]}


def numbers(*values):
    return np.array(values, "<f4").tobytes()


def forge_model(path, model, tensors=None, **changes):
    """Write a model file with some fields of its document changed, or removed if None."""
    tensors = model.network.unflatten(model.vector) if tensors is None else tensors
    digits = [str(digit) for digit in range(10)]
    document = {
        "format": 3,
        "network": network_json(model.network),
        "input_shape": [28, 28],
        "class_names": digits if model.rejection_threshold is None else [*digits, "non-digit"],
        "preprocessing": {
            "name": model.preprocessing,
            "revision": PREPROCESSORS[model.preprocessing].revision,
        },
        "tta": model.tta,
        "recipe": model.recipe,
        "summary": model.summary,
        "calibration": {
            "temperature": model.temperature,
            "rejection_threshold": model.rejection_threshold,
        },
        "metrics": model.metrics,
        "training": model.training,
        "version": model.version,
    } | changes
    document = {name: value for name, value in document.items() if value is not None}
    forge_tensors(path, tensors, document)


def forge_network(path, *layers, model=None):
    """Write a model file without weights whose network has these layers, or their JSON."""
    layers = [layer if isinstance(layer, dict) else layer_json(layer) for layer in layers]
    network = {"type": "Network", "layers": layers}
    forge_model(path, model or untrained(), {}, network=network)


def network_json(network):
    """Write a network as a model file does: each layer by its type and its fields."""
    return {"type": "Network", "layers": [layer_json(layer) for layer in network.layers]}


def layer_json(layer):
    settings = {
        name: {"type": value.__name__} if callable(value) else value
        for name, value in vars(layer).items()
    }
    return {"type": type(layer).__name__, **settings}


def forge_format_2(path, model):
    """Write a model file like version 0.1.0, which identified the network by its recipe."""
    document = {
        "format": 2,
        "recipe": model.recipe,
        "clean_up": model.preprocessing,
        "sizes": [784, 128, 64, 11],
        "calibration": {"temperature": 1.25, "threshold": model.rejection_threshold},
        "metrics": model.metrics,
        "training": model.training,
        "version": "0.1.0",
    }
    forge_tensors(path, model.network.unflatten(model.vector), document)


def forge_tensors(path, tensors, document):
    """Write tensors and a document, unchecked."""
    data = save(tensors)
    end = 8 + int.from_bytes(data[:8], "little")
    forge(path, data[8:end].decode().strip()[1:-1], data[end:], document)


def rejection(path):
    """Return the message of the FileError that loading a model file raises."""
    with pytest.raises(FileError) as caught:
        load_model(path)
    message = str(caught.value)
    assert str(path) in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))
    return message


def deep(depth):
    """Nest lists in one another."""
    value = []
    for _ in range(depth):
        value = [value]
    return value


ODD = [
    *(None, True, False, 0, 1, -1, -5, 7, 2**31, 2**53 + 1, 2**63, 2**64, 2**128, -(2**200)),
    *(
        int("9" * 400),
        int("7" * 4000),
        0.5,
        -0.0,
        1e308,
        -1e308,
        5e-324,
        1e-3,
        float("nan"),
        float("inf"),
    ),
    *("", "a", "\x00", "\x1b[2J\n", "\ud800", "mlp", "PCG64", "x" * 10_000),
    *([], {}, [[]], [{}], {"": 1}, {"\udfff": 1}, {"\x1b": {"a": None}}, deep(15), deep(480)),
]


def mutated(value, rng):
    """Copy a JSON value with one part changed, removed, added or moved.

    rng  a random.Random
    """
    value = json.loads(json.dumps(value))
    places = list(_places(value))
    holder, key = rng.choice(places)
    match rng.randrange(6):
        case 0:
            del holder[key]
        case 1 if isinstance(holder, dict):
            holder[rng.choice(["extra", "step", "\ud800", "x" * 300, ""])] = rng.choice(ODD)
        case 1:
            holder.insert(key, rng.choice(ODD))
        case 2:
            holder[key] = [holder[key]]
        case 3:
            other, other_key = rng.choice(places)
            holder[key] = json.loads(json.dumps(other[other_key]))
        case 4 if isinstance(holder[key], int | float) and abs(holder[key]) < 2**200:
            holder[key] = rng.choice([holder[key] + 1, -holder[key], holder[key] / 3, 2**70])
        case _:
            holder[key] = rng.choice(ODD)
    return value


def _places(value):
    """Yield each place inside a value: the list or object, and the index or name in it."""
    items = enumerate(value) if isinstance(value, list) else value.items()
    for key, inside in list(items):
        yield value, key
        if isinstance(inside, list | dict):
            yield from _places(inside)


def mutated_tensors(tensors, rng):
    """Copy arrays with one of them changed, removed, added or renamed."""
    tensors = {name: array.copy() for name, array in tensors.items()}
    name = rng.choice(list(tensors))
    array = np.atleast_1d(tensors[name])
    match rng.randrange(9):
        case 0:
            del tensors[name]
        case 1:
            tensors[rng.choice(["extra", "ema", "params", "9.weight"])] = array[:1].copy()
        case 2:
            tensors[name] = array.reshape(-1, 1) if rng.random() < 0.5 else array.ravel()
        case 3:
            tensors[name] = array[..., :-1].copy()
        case 4:
            tensors[name] = array.astype(rng.choice(["f2", "f8", "i4", "u1"]))
        case 5:
            tensors[name + "_"] = tensors.pop(name)
        case 6:
            tensors[name] = np.array(1, np.float32)
        case 7:
            tensors[name] = array.astype(np.float32)
            if array.size:
                tensors[name].flat[rng.randrange(array.size)] = rng.choice([np.nan, 3e38, -1e30])
        case 8:
            tensors[name] = array * np.float32(10.0 ** rng.randrange(-40, 30))
    return tensors
