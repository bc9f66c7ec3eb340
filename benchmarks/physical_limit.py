"""How far `cnn-small` is from what the processor can do: matrix products alone, and layer by layer.

The reference is a large matrix product, the fastest computation there is. Then come the products
that the network cannot avoid, of its own shapes, and then the whole training step and the forward
pass of one picture, with the time of each layer.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from load_watch import LoadWatch
from results_store import save_results

from inkdigits import inference, training
from inkdigits.arrays import Array
from inkdigits.model_file import load_model, locate
from inkdigits.nn.convolution import Conv2D
from inkdigits.nn.layers import Dense
from inkdigits.nn.network import Network
from inkdigits.recipes import CNN_SMALL, INPUT_SHAPE

LARGE = 2048  # side of the large matrices
ROUNDS = 15
STEPS = 4  # in a round
PASSES = 200  # forward passes of one picture in a round
THREADS = (1, 2)


def products(network: Network, batch: int) -> list[tuple[int, int, int]]:
    """Return the matrix product of each layer that has one: rows, inner size, columns."""
    shapes = [INPUT_SHAPE, *network.output_shapes(INPUT_SHAPE)]
    found = []
    for layer, output in zip(network.layers, shapes[1:], strict=True):
        if isinstance(layer, Conv2D):
            window = layer.kernel_size**2 * layer.channels
            found.append((batch * output[0] * output[1], window, layer.filters))
        elif isinstance(layer, Dense):
            found.append((batch, layer.inputs, layer.outputs))
    return found


def flop(sizes: tuple[int, int, int]) -> int:
    """Return the number of multiplications and additions of a matrix product."""
    rows, inner, columns = sizes
    return 2 * rows * inner * columns


def step_flop(network: Network, batch: int) -> int:
    """Return those of a training step: forward, for the weights, and for the input.

    The first layer's input needs no gradient.
    """
    first, *others = map(flop, products(network, batch))
    return 2 * first + 3 * sum(others)


def seconds(call: Callable[[], object], repeat: int = 1) -> float:
    """Return the median time of a call over ROUNDS rounds."""
    call()
    times = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(repeat):
            call()
        times.append((time.perf_counter() - start) / repeat)
    return statistics.median(times)


def large_product_gflops() -> float:
    """Return the speed of a large matrix product, in GFLOP/s."""
    x = np.random.default_rng(0).random((LARGE, LARGE), np.float32)
    y = np.empty_like(x)
    return flop((LARGE, LARGE, LARGE)) / seconds(lambda: np.dot(x, x, out=y)) / 1e9


def step_products_s(network: Network, batch: int) -> float:
    """Return the time of the matrix products of a training step, one after the other."""
    rng = np.random.default_rng(0)
    total = 0.0
    for number, (rows, inner, columns) in enumerate(products(network, batch)):
        x, weight, dy = (
            rng.random(shape, np.float32)
            for shape in ((rows, inner), (inner, columns), (rows, columns))
        )
        total += seconds(lambda x=x, weight=weight: x @ weight)  # type: ignore[misc]
        total += seconds(lambda x=x, dy=dy: x.T @ dy)  # type: ignore[misc]
        if number:
            total += seconds(lambda dy=dy, weight=weight: dy @ weight.T)  # type: ignore[misc]
    return total


class TimedLayer:
    """A layer that adds up the time of its forward and backward passes."""

    def __init__(self, layer: Any, times: dict[str, float]) -> None:
        self._layer = layer
        self._times = times

    def __getattr__(self, name: str) -> Any:
        return getattr(self._layer, name)

    def forward(self, *args: Any, **options: Any) -> tuple[Array, Callable[..., Any]]:
        """Run the layer's forward pass, and return a backward pass that is timed too."""
        y, backward = self._timed("forward_s", self._layer.forward, *args, **options)
        return y, lambda *args: self._timed("backward_s", backward, *args)

    def _timed(self, kind: str, call: Callable[..., Any], *args: Any, **options: Any) -> Any:
        start = time.perf_counter()
        result = call(*args, **options)
        self._times[kind] += time.perf_counter() - start
        return result


def timed(network: Network) -> tuple[Network, list[dict[str, float]]]:
    """Return the network with timed layers, and the times of each layer, which grow."""
    times: list[dict[str, float]] = [defaultdict(float) for _ in network.layers]
    layers: tuple[Any, ...] = tuple(map(TimedLayer, network.layers, times))
    return Network(layers), times


def by_layer(network: Network, times: list[dict[str, float]], count: int) -> list[dict[str, Any]]:
    """Name the layers, and divide their times by the number of steps or passes."""
    return [
        {"layer": type(layer).__name__} | {kind: total / count for kind, total in of_layer.items()}
        for layer, of_layer in zip(network.layers, times, strict=True)
    ]


def step_figures() -> dict[str, Any]:
    """Measure the training step: whole, its products alone, and by layer."""
    from training import MANY_EPOCHS, FixedBatches, fixed_batches

    recipe = replace(CNN_SMALL, epochs=MANY_EPOCHS)
    batches = FixedBatches(fixed_batches(recipe, STEPS))
    records = training.fit(recipe, batches, training.init_state(recipe, seed=0))
    step_s = seconds(lambda: next(records)) / STEPS

    network, times = timed(recipe.network)
    state = training.init_state(recipe, seed=0)
    records = training.fit(replace(recipe, network=network), batches, state)
    next(records)
    for of_layer in times:
        of_layer.clear()
    for _ in range(ROUNDS):
        next(records)
    return {
        "flop": step_flop(recipe.network, recipe.batch_size),
        "step_s": step_s,
        "products_s": step_products_s(recipe.network, recipe.batch_size),
        "layers": by_layer(recipe.network, times, ROUNDS * STEPS),
    }


def pass_figures() -> dict[str, Any]:
    """Measure the forward pass of one picture: whole and by layer."""
    from inference import pictures

    model = load_model(locate(CNN_SMALL.name))
    params, x = model.network.layer_params(model.vector), pictures(model, 1)
    pass_s = seconds(lambda: inference.forward_batches(model.network, params, x), PASSES)
    network, times = timed(model.network)
    inference.forward_batches(network, params, x)
    for of_layer in times:
        of_layer.clear()
    for _ in range(ROUNDS * PASSES):
        inference.forward_batches(network, params, x)
    return {
        "flop": sum(map(flop, products(model.network, 1))),
        "pass_s": pass_s,
        "layers": by_layer(model.network, times, ROUNDS * PASSES),
    }


def main() -> None:
    """Measure with each number of threads, in a process of its own; print and save the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--here", action="store_true", help="measure with the threads that are set")
    if parser.parse_args().here:
        watch = LoadWatch()
        figures = {
            "large_product_gflops": large_product_gflops(),
            "step": step_figures(),
            "pass": pass_figures(),
        }
        print(json.dumps(figures | watch.stop()))
        return
    by_threads = {}
    for threads in THREADS:
        done = subprocess.run(
            [sys.executable, __file__, "--here"],
            check=True,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"OPENBLAS_NUM_THREADS": str(threads)},
        )
        figures = by_threads[str(threads)] = json.loads(done.stdout)
        step, one = figures["step"], figures["pass"]
        fastest = 1e9 * figures["large_product_gflops"]
        print(
            f"threads: {threads}; large product {figures['large_product_gflops']:.0f} GFLOP/s\n"
            f"  step: {1e3 * step['flop'] / fastest:.0f} ms at that speed; products of its shapes "
            f"{1e3 * step['products_s']:.0f} ms; the step {1e3 * step['step_s']:.0f} ms\n"
            f"  pass: {1e6 * one['flop'] / fastest:.0f} us at that speed; the pass "
            f"{1e6 * one['pass_s']:.0f} us",
            flush=True,
        )
    save_results("physical_limit", by_threads)


if __name__ == "__main__":
    main()
