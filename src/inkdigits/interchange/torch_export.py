"""Export a model for PyTorch: a state dictionary, and the module into which it is loaded, as code.

PyTorch is not needed. Its files are ZIP archives: a pickle of the names and shapes, and the values
of each tensor in a file of their own. The pickle names only what `torch.load` accepts with
weights_only=True.
"""

import io
import struct
import zipfile
from collections.abc import Mapping
from math import prod
from typing import Any

from inkdigits.arrays import Array
from inkdigits.interchange.channels_first import channels_first
from inkdigits.model_file import Model
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.layers import Dense, Dropout, Flatten, Layer, ReLU, Sigmoid
from inkdigits.storage.files import FileError

ALIGNMENT = 64  # of each tensor's bytes in the file, as PyTorch writes it
CODE_MARK = "# A network for PyTorch, written by `inkdigits model export`."  # the code's first line

_CODE = '''{mark}
#
{usage}

import torch
from torch import nn

# What the model file says about itself.
RECIPE = {recipe}
SUMMARY = {summary}
CLASSES = {classes}
PREPROCESSING = {preprocessing}  # of the pictures; it is not part of this network
TEMPERATURE = {temperature}
REJECTION_THRESHOLD = {threshold}  # a picture with a higher rejection score is not a digit


class DigitNetwork(nn.Module):
    """Takes pixels / 255 of preprocessed pictures, float32 (N, 28, 28), where 1 is full ink."""

    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(
{layers}
        )

    def forward(self, pixels):
        """Return the logits, (N, {outputs})."""
        return self.layers({pixels})

    def probabilities(self, pixels):
        """Return the probability of each class, (N, {count})."""
        return torch.softmax(self(pixels)[:, : len(CLASSES)] / TEMPERATURE, dim=1)
{rejection}'''

_REJECTION = '''
    def rejection_scores(self, pixels):
        """Return the log odds of "not a digit" against all classes together, (N,)."""
        logits = self(pixels)
        return logits[:, -1] - torch.logsumexp(logits[:, :-1], dim=1)
'''


def export_torch(model: Model) -> bytes:
    """Write the state dictionary of the module in `torch_code(model)`.

    returns  the content of a file that `torch.load` reads with weights_only=True
    """
    tensors = {
        f"layers.{number}.{name}": array
        for number, (_, arrays) in enumerate(_steps(model)[0])
        for name, array in arrays.items()
    }
    return _archive(tensors)


def _steps(model: Model) -> tuple[list[tuple[Layer, dict[str, Array]]], bool]:
    """Return the layers of `nn.Sequential`, and whether its input has an axis of channels."""
    steps = channels_first(model.network, model.vector)
    adds_channel = isinstance(steps[0][0], AddChannel)
    return steps[adds_channel:], adds_channel


def torch_code(model: Model, module: str, weights: str) -> str:
    """Write the code of the module, and how to load the weights into it.

    module   the name under which the code will be imported
    weights  the name of the file with the weights
    raises   FileError if PyTorch has no such layer
    """
    steps, adds_channel = _steps(model)
    rejects = model.rejection_threshold is not None
    usage = f"""\
import torch
from {module} import CLASSES, DigitNetwork

network = DigitNetwork().eval()
network.load_state_dict(torch.load({weights!a}, weights_only=True))
probabilities = network.probabilities(torch.zeros(1, 28, 28))"""
    return _CODE.format(
        mark=CODE_MARK,
        usage="\n".join(f"#     {line}".rstrip() for line in usage.split("\n")),
        recipe=ascii(model.recipe),
        summary=ascii(model.summary),
        classes=ascii(model.classes),
        preprocessing=ascii(model.preprocessing),
        temperature=repr(float(model.temperature)),
        threshold=repr(model.rejection_threshold),
        layers="\n".join(f"            {_code_of(layer)}," for layer, _ in steps),
        pixels="pixels.unsqueeze(1)" if adds_channel else "pixels",
        outputs=len(model.class_names),
        count=len(model.classes),
        rejection=_REJECTION if rejects else "",
    )


def _code_of(layer: Layer) -> str:
    """Write a layer as PyTorch's."""
    match layer:
        case AddChannel():
            return "nn.Unflatten(1, (1, 28))"
        case ZeroPad2D(width):
            return f"nn.ZeroPad2d({width})"
        case Conv2D(channels, filters, kernel_size):
            return f"nn.Conv2d({channels}, {filters}, {kernel_size})"
        case MaxPool2D(size):
            return f"nn.MaxPool2d({size})"
        case Dense(inputs, outputs, bias):
            return f"nn.Linear({inputs}, {outputs}{'' if bias else ', bias=False'})"
        case Dropout(rate):
            return f"nn.Dropout({rate!r})"
        case Flatten():
            return "nn.Flatten()"
        case ReLU():
            return "nn.ReLU()"
        case Sigmoid():
            return "nn.Sigmoid()"
    raise FileError(f"The layer {type(layer).__name__} cannot be exported to PyTorch.")


def _archive(tensors: Mapping[str, Array]) -> bytes:
    """Write tensors as `torch.save` does."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        _write(archive, "data.pkl", _pickle(tensors))
        _write(archive, "byteorder", b"little")
        for number, array in enumerate(tensors.values()):
            _write(archive, f"data/{number}", array.astype("<f4").tobytes())
        _write(archive, "version", b"3\n")
    return file.getvalue()


def _write(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    """Write one file of the archive, so that its content begins at a multiple of ALIGNMENT."""
    entry = zipfile.ZipInfo(f"archive/{name}")  # always dated 1980: equal models, equal bytes
    assert archive.fp is not None
    start = archive.fp.tell() + 30 + len(entry.filename) + 4  # a header, the name, and "FB" below
    padding = -start % ALIGNMENT
    entry.extra = b"FB" + struct.pack("<H", padding) + b"Z" * padding
    archive.writestr(entry, content)


def _pickle(tensors: Mapping[str, Array]) -> bytes:
    """Pickle a dictionary of tensors, each of which refers to the file with its values."""
    parts = [b"\x80\x02}("]  # protocol 2, an empty dictionary, the beginning of its items
    for number, (name, array) in enumerate(tensors.items()):
        strides = tuple(prod(array.shape[axis + 1 :]) for axis in range(array.ndim))
        storage = b"(%sctorch\nFloatStorage\n%s%s%stQ" % (
            _value("storage"),
            _value(str(number)),
            _value("cpu"),
            _value(array.size),
        )
        no_hooks = b"ccollections\nOrderedDict\n)R"
        parts += [_value(name), b"ctorch._utils\n_rebuild_tensor_v2\n(", storage, _value(0)]
        parts += [_value(array.shape), _value(strides), b"\x89", no_hooks, b"tR"]
    return b"".join([*parts, b"u."])  # set the items; the end


def _value(value: Any) -> bytes:
    """Pickle text, an integer, or a tuple of them."""
    match value:
        case str():
            return b"X" + struct.pack("<I", len(value.encode())) + value.encode()
        case int():
            return b"J" + struct.pack("<i", value)
        case _:
            return b"(" + b"".join(map(_value, value)) + b"t"
