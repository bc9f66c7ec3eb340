"""Measure the time of a training step in one process, and over one and two workers on Ray.

python benchmarks/training_workers.py           about 4 minutes
python benchmarks/training_workers.py --quick   about 1 minute, and nothing is saved

A worker computes with one thread, and augments its next batch in another one. So does the process,
whose matrix products use one thread or all CPUs. Rounds are interleaved: whatever else runs
disturbs all of them alike, and the cores that it used are in the results. What a step over workers
adds is measured alone, too: the exchange of the gradient, and the random numbers of the
augmentation, which each worker draws for the whole batch.
"""

import argparse
import multiprocessing
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import islice
from statistics import median
from typing import Any

import numpy as np
from interleaved import quartiles, si
from load_watch import LoadWatch
from results_store import save_results
from threadpoolctl import threadpool_limits

from inkdigits import training
from inkdigits.data.batches import Batches
from inkdigits.recipes import RECIPES, Recipe
from inkdigits.scale.all_reduce import Ring
from inkdigits.scale.cluster import Cluster, connected, import_ray
from inkdigits.scale.training import ClusterTraining
from inkdigits.threads import available_cpus
from inkdigits.training_environment import keep_freed_memory

STEPS = {"mlp": 200, "mlp-large": 40, "cnn-small": 16, "cnn": 4}  # in a round
PICTURES = 4096
WORKERS = (1, 2)
EXCHANGES = 50
BATCH_NORM_VALUES = 128  # a typical number of channels, whose sums are exchanged

Rounds = dict[str, list[float]]  # seconds a step, by who computes


@dataclass(frozen=True)
class Part:
    """What a step over workers adds, in seconds."""

    gradient_exchange: float
    statistics_exchange: float
    augment_batch: float
    augment_half: float


def batches_of(recipe: Recipe) -> Batches:
    """Make batches of random pictures: their content does not change the time."""
    rng = np.random.default_rng(0)
    pictures = rng.random((PICTURES, 28, 28), np.float32)
    labels = rng.integers(0, 11, PICTURES)
    return Batches(pictures, labels, recipe.batch_size, 0, augment=recipe.augment)


def process_step(recipe: Recipe, threads: int, steps: int) -> float:
    """Return the seconds of a step in this process."""
    made = training.steps(recipe, batches_of(recipe), training.init_state(recipe, 0))
    with threadpool_limits(threads, user_api="blas"):
        next(made)
        started = time.perf_counter()
        for _ in islice(made, steps):
            pass
        return (time.perf_counter() - started) / steps


def workers_step(cluster: Cluster, recipe: Recipe, workers: int, steps: int) -> float:
    """Return the seconds of a step over workers."""
    place = ClusterTraining(cluster, workers, print)
    shared = import_ray().put(batches_of(recipe))
    state = training.init_state(recipe, 0)
    with place.started(recipe, shared, state, may_be_fewer=False) as group:
        group.advance(1)
        started = time.perf_counter()
        group.advance(steps)
        return (time.perf_counter() - started) / steps


def measure(cluster: Cluster, recipe: Recipe, steps: int, rounds: int) -> dict[str, Any]:
    """Measure a recipe, round by round."""
    kinds: dict[str, Callable[[], float]] = {}
    for threads in sorted({1, available_cpus()}):
        name = f"process, {threads} BLAS thread{'s' * (threads > 1)}"
        kinds[name] = partial(process_step, recipe, threads, steps)
    for workers in WORKERS:
        name = f"{workers} worker{'s' * (workers > 1)}"
        kinds[name] = partial(workers_step, cluster, recipe, workers, steps)
    watch = LoadWatch(on_ray=True)
    seconds: Rounds = {name: [] for name in kinds}
    for number in range(rounds):
        for name in list(kinds)[:: -1 if number % 2 else 1]:
            seconds[name].append(kinds[name]())
    load = watch.stop()
    speedups = [one / two for one, two in zip(*list(seconds.values())[-2:], strict=True)]
    return {
        "recipe": recipe.name,
        "batch_size": recipe.batch_size,
        "parameters": recipe.network.size,
        "seconds_a_step": {name: quartiles(values) for name, values in seconds.items()},
        "speedup_from_1_to_2_workers": quartiles(speedups),
        "parts": asdict(measure_parts(recipe)),
        **load,
    }


def measure_parts(recipe: Recipe) -> Part:
    """Measure what a step over two workers adds."""
    pictures = np.random.default_rng(0).random((recipe.batch_size, 28, 28), np.float32)
    augment = recipe.augment
    assert augment is not None

    def augmented(rows: slice) -> float:
        times = []
        for seed in range(20):
            started = time.perf_counter()
            augment(pictures, np.random.default_rng(seed), rows)
            times.append(time.perf_counter() - started)
        return median(times)

    whole, half = augmented(slice(None)), augmented(slice(recipe.batch_size // 2))
    return Part(exchange(recipe.network.size), exchange(BATCH_NORM_VALUES), whole, half)


def exchange(values: int) -> float:
    """Return the seconds in which two processes add up a vector."""
    context = multiprocessing.get_context("spawn")
    pipes = [context.Pipe() for _ in range(2)]
    processes = [
        context.Process(target=_exchange, args=(number, values, there))
        for number, (_, there) in enumerate(pipes)
    ]
    for process in processes:
        process.start()
    addresses = [here.recv() for here, _ in pipes]
    for here, _ in pipes:
        here.send(addresses)
    seconds = [here.recv() for here, _ in pipes]
    for process in processes:
        process.join()
    return max(seconds)


def _exchange(number: int, values: int, pipe: Any) -> None:
    with closing(Ring("127.0.0.1")) as ring:
        pipe.send(ring.address)
        ring.connect(number, pipe.recv(), b"benchmark")
        vector = np.zeros(values, np.float32)
        times = []
        for _ in range(EXCHANGES):
            started = time.perf_counter()
            ring.add_up(vector)
            times.append(time.perf_counter() - started)
        pipe.send(median(times))


def described(row: dict[str, Any]) -> Iterator[str]:
    """Describe a recipe's figures for people, line by line."""
    yield f"{row['recipe']}, {row['parameters']:,} parameters, batches of {row['batch_size']}"
    for name, (low, middle, high) in row["seconds_a_step"].items():
        yield f"  {name:26} {si(middle):>9} ({si(low)} to {si(high)})"
    low, middle, high = row["speedup_from_1_to_2_workers"]
    yield f"  {'from 1 to 2 workers':26} {middle:>8.2f}x ({low:.2f} to {high:.2f})"
    for name, seconds in row["parts"].items():
        yield f"  {name.replace('_', ' '):26} {si(seconds):>9}"
    if not row["quiet"]:
        yield f"  DISTURBED: other processes used {row['others_cores']:.2f} cores"


def main() -> None:
    """Measure all recipes, print and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round of two recipes")
    parser.add_argument("--rounds", type=int, default=5, help="of each recipe")
    arguments = parser.parse_args()
    quick = arguments.quick
    keep_freed_memory()
    names = ["mlp", "cnn-small"] if quick else list(STEPS)
    rows = []
    with connected("ray") as cluster:
        for name in names:
            recipe = replace(RECIPES[name], epochs=10**6)  # a constant learning rate
            steps = max(2, STEPS[name] // (4 if quick else 1))
            rows.append(measure(cluster, recipe, steps, rounds=1 if quick else arguments.rounds))
            print("\n".join(described(rows[-1])), flush=True)
    if not quick:
        save_results("training_workers", {"rows": rows})


if __name__ == "__main__":
    main()
