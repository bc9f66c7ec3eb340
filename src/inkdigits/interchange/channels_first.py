"""A network's layers in the order of axes of PyTorch and ONNX: channels first.

Their images are (N, C, H, W), ours (N, H, W, C). So the weights of convolutions are transposed, and
those of a dense layer after them sorted, and no axis has to be moved when the network runs.
"""

from math import prod

import numpy as np

from inkdigits.arrays import Array
from inkdigits.nn.convolution import Conv2D
from inkdigits.nn.layers import Dense, Flatten, Layer, Shape
from inkdigits.nn.network import Network
from inkdigits.recipes import INPUT_SHAPE


def channels_first(network: Network, vector: Array) -> list[tuple[Layer, dict[str, Array]]]:
    """Return the layers with the parameters that they have in PyTorch and ONNX.

    vector   float32 (P,)
    returns  each layer with weight (F, C, K, K) or (O, I), and bias (F,) or (O,), contiguous; a
             last dense layer may be added, which only sorts the logits
    """
    steps: list[tuple[Layer, dict[str, Array]]] = []
    shape: Shape = INPUT_SHAPE
    order = np.arange(0)  # of our values, where they are flattened from channels first
    for layer, params in zip(network.layers, network.layer_params(vector), strict=True):
        arrays = dict(params)
        match layer:
            case Conv2D():
                arrays["weight"] = params["weight"].transpose(3, 2, 0, 1)
            case Flatten() if len(shape) == 3:
                order = np.arange(prod(shape)).reshape(shape).transpose(2, 0, 1).ravel()
            case Dense():
                weight = params["weight"]
                arrays["weight"] = (weight[order] if order.size else weight).T
                order = np.arange(0)
        steps.append((layer, {key: np.ascontiguousarray(a) for key, a in arrays.items()}))
        shape = layer.output_shape(shape)
    if order.size and not np.array_equal(order, np.arange(order.size)):
        sort = np.eye(order.size, dtype=np.float32)[:, order]
        steps.append((Dense(order.size, order.size, bias=False), {"weight": sort}))
    return steps
