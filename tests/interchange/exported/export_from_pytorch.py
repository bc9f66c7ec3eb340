"""Write the files in this folder: networks exported by both of PyTorch's exporters.

python tests/interchange/exported/export_from_pytorch.py    needs torch 2.13, onnx and onnxscript
"""

import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import nn

FOLDER = Path(__file__).parent


class Net(nn.Module):
    """What a tutorial does: normalized pixels, padded convolutions, batch norm, log softmax."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 3, padding=1)
        self.norm = nn.BatchNorm2d(3)
        self.conv2 = nn.Conv2d(3, 4, 5)
        self.dropout = nn.Dropout(0.5)
        self.dense1 = nn.Linear(4 * 5 * 5, 12)
        self.dense2 = nn.Linear(12, 10)

    def forward(self, x):
        """Return the logarithms of the probabilities of pixels (N, 1, 28, 28)."""
        x = (x - 0.1307) / 0.3081
        x = nn.functional.max_pool2d(torch.relu(self.norm(self.conv1(x))), 2)
        x = nn.functional.max_pool2d(torch.relu(self.conv2(x)), 2)
        x = x.view(x.size(0), -1)
        x = self.dropout(torch.relu(self.dense1(x)))
        return torch.log_softmax(self.dense2(x), dim=1)


def network():
    """Return a network with random weights and statistics, in evaluation mode."""
    torch.manual_seed(0)
    net = Net().eval()
    net.norm.running_mean.uniform_(-0.5, 0.5)
    net.norm.running_var.uniform_(0.5, 2)
    return net


if __name__ == "__main__":
    warnings.simplefilter("ignore", DeprecationWarning)
    net, example = network(), (torch.zeros(2, 1, 28, 28),)
    pixels = np.random.default_rng(0).random((3, 28, 28), np.float32)
    with torch.no_grad():
        np.save(FOLDER / "expected.npy", net(torch.tensor(pixels[:, None])).numpy())
    torch.onnx.export(
        net,
        example,
        FOLDER / "pytorch.onnx",
        dynamo=True,
        external_data=False,
        dynamic_shapes=({0: torch.export.Dim("batch")},),
        verbose=False,
    )
    # Each node names the line of this file, with the folder that it was in.
    exported = onnx.load(FOLDER / "pytorch.onnx")
    for node in exported.graph.node:
        for entry in node.metadata_props:
            if entry.key == "pkg.torch.onnx.stack_trace":
                entry.value = ""
    onnx.save(exported, FOLDER / "pytorch.onnx")
    torch.onnx.export(
        net,
        example,
        FOLDER / "pytorch-torchscript.onnx",
        dynamo=False,
        input_names=["pixels"],
        dynamic_axes={"pixels": {0: "batch"}},
    )
