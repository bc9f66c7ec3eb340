"""Latency of a forward pass of `mlp` on one image, against ONNX Runtime with the same weights.

Both run on one thread (more do not help with one image) and alternate in one process.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # read when NumPy is imported

import statistics
import time
from collections.abc import Callable

import numpy as np
from onnx_network import onnx_bytes, session
from results_store import save_results

from inkdigits.arrays import Array
from inkdigits.constants import IMAGE_SIDE
from inkdigits.model_file import load_model, locate

ROUNDS = 20
PASSES = 2000  # per round


def microseconds(call: Callable[[], object]) -> float:
    """Return the mean time of a forward pass in one round."""
    start = time.perf_counter()
    for _ in range(PASSES):
        call()
    return 1e6 * (time.perf_counter() - start) / PASSES


def main() -> None:
    """Check that both compute the same, measure them alternately, and print and save the times."""
    model = load_model(locate("mlp"))
    network = model.network
    params = network.layer_params(model.vector)
    onnx_session = session(onnx_bytes(network, network.unflatten(model.vector)))
    x = np.random.default_rng(0).random((1, IMAGE_SIDE, IMAGE_SIDE), np.float32)

    def inkdigits() -> Array:
        return network.forward(params, x)[0]

    def onnx_runtime() -> Array:
        return onnx_session.run(None, {"x": x})[0]

    np.testing.assert_allclose(inkdigits(), onnx_runtime(), atol=1e-4)
    times: dict[str, list[float]] = {"inkdigits": [], "onnxruntime": []}
    for _ in range(ROUNDS):
        times["inkdigits"].append(microseconds(inkdigits))
        times["onnxruntime"].append(microseconds(onnx_runtime))
    medians = {name: statistics.median(values) for name, values in times.items()}
    ratio = medians["inkdigits"] / medians["onnxruntime"]
    for name, median in medians.items():
        print(f"{name:12} {median:6.1f} us")
    print(f"ratio        {ratio:6.2f}")
    save_results("latency", {"threads": 1, "median_us": medians, "ratio": ratio})


if __name__ == "__main__":
    main()
