"""Export networks as ONNX graphs, to compare with ONNX Runtime."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from inkdigits.arrays import Array
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D
from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.network import Network


def onnx_bytes(network: Network, weights: Mapping[str, Array]) -> bytes:
    """Write a network and its weights as an ONNX model from x (N, 28, 28) to logits (N, C).

    raises   TypeError if a layer is not supported
    """
    nodes: list[Any] = []
    tensors: dict[str, Any] = {
        "image_shape": np.array([0, 1, 28, 28], np.int64),
        "flat_shape": np.array([0, -1], np.int64),
    }
    name = "x"
    for number, layer in enumerate(network.layers):
        inputs, output = [name], f"y{number}"
        op_type, options = "", {}
        match layer:
            case AddChannel():
                op_type, inputs = "Reshape", [name, "image_shape"]
            case Conv2D():
                op_type, inputs = "Conv", [name, f"{number}.weight", f"{number}.bias"]
                # Ours: (K, K, C, F) on (N, H, W, C). ONNX: (F, C, K, K) on (N, C, H, W).
                tensors[inputs[1]] = weights[inputs[1]].transpose(3, 2, 0, 1)
                tensors[inputs[2]] = weights[inputs[2]]
            case MaxPool2D():
                op_type, options = "MaxPool", {"kernel_shape": [2, 2], "strides": [2, 2]}
            case ReLU():
                op_type = "Relu"
            case Flatten():
                if number:  # after convolutions: back to our axis order
                    nodes.append(helper.make_node("Transpose", [name], ["hwc"], perm=[0, 2, 3, 1]))
                    name = "hwc"
                op_type, inputs = "Reshape", [name, "flat_shape"]
            case Dense():
                op_type, inputs = "Gemm", [name, f"{number}.weight", f"{number}.bias"]
                tensors |= {key: weights[key] for key in inputs[1:]}
            case _:
                raise TypeError(f"{layer} is not supported")
        nodes.append(helper.make_node(op_type, inputs, [output], **options))
        name = output
    graph = helper.make_graph(
        nodes,
        "inkdigits",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 28, 28])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", None])],
        [numpy_helper.from_array(np.ascontiguousarray(a), key) for key, a in tensors.items()],
    )
    opset = [helper.make_opsetid("", 17)]
    model: bytes = helper.make_model(graph, opset_imports=opset, ir_version=10).SerializeToString()
    return model


def session(model: bytes, threads: int = 1) -> onnxruntime.InferenceSession:
    """Create an inference session."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3  # not warnings about tensors that a network does not use
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
