"""The network that sees a whole line: for each column, how probable each symbol is."""

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits import dataclass_json
from inkdigits.arrays import Array, Pixels
from inkdigits.inference import forward_batches
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D
from inkdigits.nn.initializers import Initializer, glorot, he
from inkdigits.nn.layers import Layer, ReLU
from inkdigits.nn.network import Network
from inkdigits.nn.sequences import Columns, Conv1D, MaxPoolRows
from inkdigits.numbers.calibration import NumberCalibration
from inkdigits.storage.files import invalid_file
from inkdigits.storage.tensors import read_tensors, write_tensors

SHIPPED = Path(__file__).parent / "line.safetensors"
FORMAT = 1
SYMBOLS = "0123456789.,-$?"  # class 0 is CTC's blank, and class k the symbol k - 1
OTHER = "?"  # any sign that does not occur in numbers
ROOM = 6  # columns without ink that the network needs on each side of a line
# ... and more at the end, whose outputs are left out: in a batch, as in training, there are empty
# columns behind nearly all lines, and the zeros around a sequence are not the same to the network.
REST = 16

_LAYERS = (AddChannel, Conv2D, MaxPool2D, ReLU, MaxPoolRows, Columns, Conv1D)
_CHOICES: dataclass_json.Choices = {Layer: _LAYERS, Initializer: (he, glorot)}


@dataclass(frozen=True, eq=False)
class LineModel:
    """A trained line network, ready to predict.

    vector    float32 (P,)
    training  provenance: JSON values
    digest    SHA-256 of its file; empty until it is saved or loaded
    """

    network: Network
    vector: Array = field(repr=False)
    calibration: NumberCalibration
    training: dict[str, Any] = field(default_factory=dict)
    digest: str = ""

    def log_probabilities(self, line: Pixels) -> Array:
        """Compute how probable each symbol is in each column of the network's output.

        line     uint8 (32, W)
        returns  float64 (T, 1 + 15): the logarithm, for the blank and each of SYMBOLS
        """
        height, width = line.shape
        *_, (count, _) = self.network.output_shapes((height, width + 2 * ROOM))
        padded = np.pad(line, ((0, 0), (ROOM, ROOM + REST)))[None] / np.float32(255)
        params = self.network.layer_params(self.vector)
        logits = forward_batches(self.network, params, padded)[0, :count].astype(np.float64)
        logits -= logits.max(axis=1, keepdims=True)
        logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
        return logits

    def columns(self, count: int) -> Array:
        """Return the column of the line in the middle of what each output sees, float (T,)."""
        stride, offset = 1, 0.0
        for layer in self.network.layers:
            if isinstance(layer, Conv2D):
                offset += stride * (layer.kernel_size - 1) / 2
            elif isinstance(layer, MaxPool2D):
                offset += stride * (layer.pool_size - 1) / 2
                stride *= layer.pool_size
        return offset - ROOM + stride * np.arange(count)


def save_line_model(path: str | Path, model: LineModel) -> None:
    """Write a line network to a file, atomically; the same model gives the same bytes."""
    document = {
        "format": FORMAT,
        "network": dataclass_json.to_json(model.network),
        "symbols": SYMBOLS,
        "calibration": dataclass_json.to_json(model.calibration),
        "training": model.training,
    }
    write_tensors(path, model.network.unflatten(model.vector), document)


@cache
def load_line_model(path: Path = SHIPPED) -> LineModel:
    """Read a line network and verify the file, once in a process.

    raises   FileError if the file is missing or damaged, or of another version
    """
    tensors, document, digest = read_tensors(path)
    if document.get("format") != FORMAT or document.get("symbols") != SYMBOLS:
        raise invalid_file(path, "it is not a line network of this version of inkdigits")
    try:
        network = dataclass_json.from_json(document["network"], Network, _CHOICES)
        calibration = dataclass_json.from_json(document["calibration"], NumberCalibration, {})
        training = dict(document["training"])
    except (KeyError, TypeError, ValueError) as error:
        raise invalid_file(path, f"its document is malformed ({str(error)[:120]!a})") from None
    if {name: tensor.shape for name, tensor in tensors.items()} != network.shapes:
        raise invalid_file(path, "its tensors are not the parameters of its network")
    vector = np.concatenate([tensors[name].ravel() for name in network.shapes])
    vector.setflags(write=False)
    return LineModel(network, vector, calibration, training, digest)
