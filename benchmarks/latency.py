"""Latency of one forward pass of `mlp`, one picture, against ONNX Runtime on the same weights.

Both run with one thread (more do not help one picture), in one process, in turns.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported

import statistics
import time
from collections.abc import Callable

import numpy as np
from measured import keep
from onnx_network import onnx_bytes, session

from inkdigits.arrays import Array
from inkdigits.model_file import load_model, locate
from inkdigits.recipes import MLP

ROUNDS = 20
PASSES = 2000  # in a round


def microseconds(call: Callable[[], object]) -> float:
    """The mean time of a pass in one round."""
    since = time.perf_counter()
    for _ in range(PASSES):
        call()
    return 1e6 * (time.perf_counter() - since) / PASSES


def main() -> None:
    """Measure both in turns, after making certain that they compute the same."""
    vector = load_model(locate("mlp")).vector
    params = MLP.network.inference_network.layer_params(vector)
    peer = session(
        onnx_bytes(MLP.network.inference_network, MLP.network.inference_network.unflatten(vector))
    )
    x = np.random.default_rng(0).random((1, 28, 28), np.float32)

    def ours() -> Array:
        return MLP.network.inference_network.forward(params, x)[0]

    def theirs() -> Array:
        return peer.run(None, {"x": x})[0]

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
