"""Recognize the same shards of pictures in several ways, each with a number of workers.

A contender is a context: it starts its processes and returns a function, which recognizes the
shards of a folder and writes the results as Parquet files to another one. All of them use the same
model, and one thread a process for the network.

python benchmarks/scaling_contenders.py CONTENDER WORKERS FOLDER... recognizes one folder after the
other and prints a line of JSON for each: how long it took, and the processes' time and memory.
"""

import json
import logging
import os
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from process_times import process_tree, process_tree_cpu_s, resident_bytes
from sharded_pictures import read_digits, read_shard, write_digits

from inkdigits import Recognizer
from inkdigits.constants import CLASSES
from inkdigits.imaging.errors import ImageError
from inkdigits.worker_pool import map_in_processes, use_one_thread

Recognize: TypeAlias = Callable[[Path, Path], None]  # a folder of shards, a folder for results
ONNX_BATCH = 64
SAMPLES_S = 0.1  # between looks at the memory


def shards(folder: Path) -> list[Path]:
    """Return the shards in a folder."""
    return sorted(folder.glob("*.parquet"))


@cache
def loaded() -> Recognizer:
    """Return the model, loaded once a process, which then uses one thread."""
    use_one_thread()
    return Recognizer.load()


def digits_of(recognizer: Recognizer, files: Iterable[bytes]) -> list[int | None]:
    """Recognize PNG files in this process."""
    found = recognizer.recognize_many(list(files), workers=1)
    return [None if isinstance(one, (ImageError, OSError)) else one.digit for one in found]


def do_shard(shard: Path, out: Path) -> None:
    """Recognize a shard and write its results: a part of the work, as others cut it."""
    keys, files = read_shard(shard)
    write_digits(out / shard.name, keys, digits_of(loaded(), files))


# The contenders


@contextmanager
def in_memory(workers: int) -> Iterator[Recognize]:
    """Recognize what is already in memory, and write nothing: what the pictures alone cost."""
    contents: dict[Path, list[tuple[list[str], list[bytes]]]] = {}

    def recognize(folder: Path, out: Path) -> None:
        for number, (keys, files) in enumerate(contents[folder]):
            results.append((out / f"{number:06}.parquet", keys, digits_of(loaded(), files)))

    results: list[tuple[Path, list[str], list[int | None]]] = []
    for folder in map(Path, sys.argv[3:]):
        contents[folder] = [read_shard(shard) for shard in shards(folder)]
    loaded()
    yield recognize
    for path, keys, digits in results:
        write_digits(path, keys, digits)


@contextmanager
def one_process(workers: int) -> Iterator[Recognize]:
    """Read, recognize and write one shard after the other in this process."""

    def recognize(folder: Path, out: Path) -> None:
        for shard in shards(folder):
            do_shard(shard, out)

    loaded()
    yield recognize


@contextmanager
def recognize_many(workers: int) -> Iterator[Recognize]:
    """Use `recognize_many`, as `inkdigits predict --workers` does; the network runs here."""
    recognizer = loaded()

    def recognize(folder: Path, out: Path) -> None:
        keys: list[str] = []

        def files() -> Iterator[bytes]:
            for shard in shards(folder):
                names, contents = read_shard(shard)
                keys.extend(names)
                yield from contents

        found = recognizer.recognize_many(files(), workers)
        digits = [None if isinstance(one, (ImageError, OSError)) else one.digit for one in found]
        write_digits(out / "digits.parquet", keys, digits)

    yield recognize


@contextmanager
def process_pool(workers: int) -> Iterator[Recognize]:
    """Do shards in a pool of processes."""

    def recognize(folder: Path, out: Path) -> None:
        calls = ((shard, out) for shard in shards(folder))
        for _ in map_in_processes(do_shard, calls, workers):
            pass

    yield recognize


@contextmanager
def ray(workers: int) -> Iterator[Recognize]:
    """Use `inkdigits.scale`, as `inkdigits predict --on ray --workers` does."""
    from inkdigits.imaging.limits import LARGE_FILES
    from inkdigits.scale.cluster import connected
    from inkdigits.scale.recognition import recognize as recognize_parts
    from inkdigits.scale.results import Results
    from inkdigits.scale.sources import plan_parts
    from inkdigits.scale.tasks import DigitTask

    with connected("ray") as cluster:
        task = DigitTask(Recognizer.load(), LARGE_FILES)

        def recognize(folder: Path, out: Path) -> None:
            recognize_parts(
                cluster, task, plan_parts([str(folder)]), Results(str(out)), workers=workers
            )

        yield recognize


class _RayDataWorker:
    """What a user of Ray Data would write: a class that loads the model once a worker."""

    def __init__(self) -> None:
        self._recognizer = loaded()

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        digits = digits_of(self._recognizer, batch["image"])
        return {"key": batch["key"], "digit": [-1 if digit is None else digit for digit in digits]}


@contextmanager
def ray_data(workers: int) -> Iterator[Recognize]:
    """Write a plain pipeline of Ray Data: read_parquet, map_batches, write_parquet."""
    import ray

    # With one CPU more than the actors take: they would wait forever for tasks that read.
    ray.init(
        address="local",
        num_cpus=workers + 1,
        include_dashboard=False,
        log_to_driver=False,
        logging_level=logging.ERROR,
    )
    ray.data.DataContext.get_current().enable_progress_bars = False

    def recognize(folder: Path, out: Path) -> None:
        pictures = ray.data.read_parquet(str(folder))
        digits = pictures.map_batches(
            _RayDataWorker, batch_size=256, num_cpus=1, compute=ray.data.ActorPoolStrategy(size=workers)
        )
        digits.write_parquet(str(out))

    try:
        yield recognize
    finally:
        ray.shutdown()


def _predict_partition(recognizer: Recognizer, shard: Path, out: Path) -> None:
    use_one_thread()
    keys, files = read_shard(shard)
    write_digits(out / shard.name, keys, digits_of(recognizer, files))


@contextmanager
def dask(workers: int) -> Iterator[Recognize]:
    """Map a model over partitions with Dask's processes, as Dask-ML's ParallelPostFit does."""
    import dask

    recognizer = dask.delayed(Recognizer.load(), pure=True)
    with ProcessPoolExecutor(workers, get_context("spawn")) as pool:

        def recognize(folder: Path, out: Path) -> None:
            predict = dask.delayed(_predict_partition)
            parts = [predict(recognizer, shard, out) for shard in shards(folder)]
            dask.compute(*parts, scheduler="processes", pool=pool, chunksize=1)

        yield recognize


@contextmanager
def torch_onnx(workers: int) -> Iterator[Recognize]:
    """Preprocess in the workers of PyTorch's DataLoader; ONNX Runtime has the network, here."""
    from onnx_network import onnx_bytes, session
    from torch.utils.data import DataLoader
    from torch_pictures import ShardedPictures, whole_batch

    model = loaded().model
    network = session(onnx_bytes(model.network, model.network.unflatten(model.vector)))

    def recognize(folder: Path, out: Path) -> None:
        loader = DataLoader(
            ShardedPictures(shards(folder), ONNX_BATCH),
            batch_size=None,
            num_workers=workers,
            collate_fn=whole_batch,
            multiprocessing_context="spawn",
        )
        keys: list[str] = []
        digits: list[int | None] = []
        for names, x in loader:
            logits = network.run(None, {"x": x})[0][:, :CLASSES]
            keys += names
            digits += logits.argmax(axis=1).tolist()
        write_digits(out / "digits.parquet", keys, digits)

    yield recognize


CONTENDERS: dict[str, Callable[[int], AbstractContextManager[Recognize]]] = {
    "in memory": in_memory,
    "one process": one_process,
    "Ray": ray,
    "process pool": process_pool,
    "`recognize_many`": recognize_many,
    "Ray Data": ray_data,
    "Dask": dask,
    "PyTorch DataLoader + ONNX Runtime": torch_onnx,
}


# Measuring


class MemoryWatch:
    """Watches the memory of this process and of its descendants until it is stopped."""

    def __init__(self) -> None:
        self.driver_bytes = self.worker_bytes = self.all_bytes = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopped.wait(SAMPLES_S):
            driver, *others = map(resident_bytes, process_tree(os.getpid()))
            self.driver_bytes = max(self.driver_bytes, driver)
            self.worker_bytes = max([self.worker_bytes, *others])
            self.all_bytes = max(self.all_bytes, driver + sum(others))

    def stop(self) -> dict[str, int]:
        """Return the peaks: of this process, of the largest other one, and of all together."""
        self._stopped.set()
        self._thread.join()
        return {
            "driver_bytes": self.driver_bytes,
            "worker_bytes": self.worker_bytes,
            "all_bytes": self.all_bytes,
        }


def measure(contender: str, workers: int, folders: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """Let a contender recognize folders; return for each what it took, then all digits."""
    cv2.setNumThreads(1)
    digits: list[dict[str, int | None]] = []
    with tempfile.TemporaryDirectory() as results:
        outs: list[Path] = []
        started = time.perf_counter()
        with CONTENDERS[contender](workers) as recognize:
            start_s = time.perf_counter() - started
            for number, folder in enumerate(folders):
                outs.append(Path(results, str(number)))
                outs[-1].mkdir()
                memory, cpu = MemoryWatch(), process_tree_cpu_s(os.getpid())
                started = time.perf_counter()
                recognize(folder, outs[-1])
                yield {
                    "start_s": start_s,
                    "wall_s": time.perf_counter() - started,
                    "cpu_s": process_tree_cpu_s(os.getpid()) - cpu,
                    **memory.stop(),
                }
        digits = [dict(read_digits(out)) for out in outs]
    yield {"digits": [digest(of_folder) for of_folder in digits]}


def digest(digits: dict[str, int | None]) -> dict[str, Any]:
    """Return how many digits there are, and how often each was recognized; -1 is a rejection."""
    values = [-1 if digits[key] is None else digits[key] for key in sorted(digits)]
    return {"rows": len(values), "counts": np.bincount(np.array(values) + 1, minlength=11).tolist()}


def main() -> None:
    """Measure one contender; the lines go to what was standard output, and nothing else does."""
    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    contender, workers, *folders = sys.argv[1:]
    for line in measure(contender, int(workers), map(Path, folders)):
        print(json.dumps(line), file=pipe, flush=True)


if __name__ == "__main__":
    main()
