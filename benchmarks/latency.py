"""Latency of one forward pass of `mlp`, one picture, against ONNX Runtime on the same weights.

Both run with one thread (more do not help one picture), in one process, in turns.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported

import statistics
import time
from collections.abc import Callable

import numpy as np
import onnxruntime
from measured import keep
from onnx import TensorProto, helper, numpy_helper

from inkdigits.arrays import Array
from inkdigits.artifacts import load_model, locate
from inkdigits.models import MLP

ROUNDS = 20
PASSES = 2000  # in a round


def onnx_session(weights: dict[str, Array]) -> onnxruntime.InferenceSession:
    """Put the network's weights into an ONNX graph."""
    nodes, name = [], "x"
    layers = sorted({key.split(".")[0] for key in weights})
    for number in layers:
        inputs = [name, f"{number}.weight", f"{number}.bias"]
        nodes.append(helper.make_node("Gemm", inputs, [f"y{number}"]))
        name = f"y{number}"
        if number != layers[-1]:
            nodes.append(helper.make_node("Relu", [name], [f"r{number}"]))
            name = f"r{number}"
    graph = helper.make_graph(
        nodes,
        "mlp",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 784])],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 11])],
        [numpy_helper.from_array(np.ascontiguousarray(a), key) for key, a in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=10)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def microseconds(call: Callable[[], object]) -> float:
    """The mean time of a pass in one round."""
    since = time.perf_counter()
    for _ in range(PASSES):
        call()
    return 1e6 * (time.perf_counter() - since) / PASSES


def main() -> None:
    """Measure both in turns, after making certain that they compute the same."""
    vector = load_model(locate("mlp")).vector
    params = MLP.network.plain.views(vector)
    session = onnx_session(MLP.network.plain.named(vector))
    x = np.random.default_rng(0).random((1, 28, 28), np.float32)
    flat = x.reshape(1, -1)

    def ours() -> Array:
        return MLP.network.plain.forward(params, x)[0]

    def theirs() -> Array:
        return session.run(None, {"x": flat})[0]

    np.testing.assert_allclose(ours(), theirs(), atol=1e-4)
    times: dict[str, list[float]] = {"inkdigits": [], "onnxruntime": []}
    for _ in range(ROUNDS):
        times["inkdigits"].append(microseconds(ours))
        times["onnxruntime"].append(microseconds(theirs))
    medians = {name: statistics.median(measured) for name, measured in times.items()}
    ratio = medians["inkdigits"] / medians["onnxruntime"]
    for name, median in medians.items():
        print(f"{name:12} {median:6.1f} us")
    print(f"ratio        {ratio:6.2f}")
    keep("latency", {"threads": 1, "median_us": medians, "ratio": ratio})


if __name__ == "__main__":
    main()
