"""Forward passes of one picture and of 10,000, against ONNX Runtime with the same weights."""

from collections.abc import Callable

import numpy as np
from interleaved import Comparison, Contender, run

from inkdigits import inference
from inkdigits.arrays import Array
from inkdigits.data import mnist
from inkdigits.model_file import Model, load_model, locate
from inkdigits.preprocessing import PREPROCESSORS, network_input

MANY = 10_000
# ONNX Runtime computes all pictures that it is given at once. In batches of this size it is about
# as fast as it gets on `cnn-small`, and needs little memory.
ONNX_BATCH = 100


def pictures(model: Model, count: int) -> Array:
    """Return preprocessed test digits, float32 (N, 28, 28)."""
    images = mnist.load("test").images[:count]
    return network_input(PREPROCESSORS[model.preprocessing].from_mnist(images))


def ours_one(model: str) -> Callable[[], Array]:
    """Prepare the forward pass of one picture."""
    loaded = load_model(locate(model))
    network = loaded.network
    params = network.layer_params(loaded.vector)
    x = pictures(loaded, 1)
    return lambda: inference.forward_batches(network, params, x)


def ours_many(model: str, count: int = MANY) -> Callable[[], Array]:
    """Prepare the logits of many pictures, without test-time augmentation."""
    loaded = load_model(locate(model))
    network = loaded.network
    params = network.layer_params(loaded.vector)
    x = pictures(loaded, count)
    inference.predict_logits(network, params, x[:1], tta=False)  # what is loaded once is loaded
    return lambda: inference.predict_logits(network, params, x, tta=False)


def onnx_one(model: str, threads: int) -> Callable[[], Array]:
    """Prepare the same pass with ONNX Runtime."""
    return onnx_many(model, threads, count=1)


def onnx_many(
    model: str, threads: int, count: int = MANY, batch: int = ONNX_BATCH
) -> Callable[[], Array]:
    """Prepare the same logits with ONNX Runtime, in batches."""
    from onnx_network import onnx_bytes, session

    loaded = load_model(locate(model))
    graph = onnx_bytes(loaded.network, loaded.network.unflatten(loaded.vector))
    onnx_session = session(graph, threads)
    x = pictures(loaded, count)
    onnx_session.run(None, {"x": x[:1]})
    if count <= batch:
        return lambda: onnx_session.run(None, {"x": x})[0]
    return lambda: np.concatenate(
        [
            onnx_session.run(None, {"x": x[first : first + batch]})[0]
            for first in range(0, count, batch)
        ]
    )


def comparisons() -> list[Comparison]:
    """Return the rows."""
    one = [
        Comparison(
            work=f"`{model}`, forward pass of one picture",
            contenders={
                "inkdigits": Contender("inference:ours_one", {"model": model}),
                "ONNX Runtime": Contender("inference:onnx_one", {"model": model, "threads": 1}),
            },
            tolerance=1e-3,
        )
        for model in ("mlp", "cnn-small")
    ]
    many = [
        Comparison(
            work="`cnn-small`, logits of 10,000 pictures, per picture",
            contenders={
                "inkdigits": Contender(
                    "inference:ours_many", {"model": "cnn-small"}, threads=threads
                ),
                "ONNX Runtime": Contender(
                    "inference:onnx_many", {"model": "cnn-small", "threads": threads}, threads
                ),
            },
            per_call=MANY,
            tolerance=1e-3,
            rounds=7,
            memory=True,
        )
        for threads in (1, 2)
    ]
    return one + many


if __name__ == "__main__":
    run("inference", comparisons(), __doc__)
