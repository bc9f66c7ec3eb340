"""Recognize the same shards of pictures in several ways, each with a number of workers.

A contender is a context: it starts its processes and returns a function, which recognizes the
shards of a folder and writes the results as Parquet files to another one. All of them use the same
model, and one thread a process for the network.

python benchmarks/scaling_contenders.py CONTENDER WORKERS RESULTS FOLDER... recognizes one folder
after the other and prints a line of JSON for each: how long it took, and the processes' time and
memory.
"""

import json
import logging
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import cv2
from process_times import busy_cpu_s
from process_watch import ProcessWatch
from sharded_pictures import read_shard, shards, write_digits

from inkdigits import Recognizer
from inkdigits.constants import CLASSES
from inkdigits.imaging.errors import ImageError
from inkdigits.worker_pool import map_in_processes, use_one_thread

if TYPE_CHECKING:
    from inkdigits.scale.parts import Part, Picture

Recognize: TypeAlias = Callable[[Path, Path], None]  # a folder of shards, a folder for results
ONNX_BATCH = 64


@cache
def loaded() -> Recognizer:
    """Return the model, loaded once a process, which then uses one thread."""
    use_one_thread()
    return Recognizer.load()


def digits_of(recognizer: Recognizer, files: Iterable[bytes]) -> list[int | None]:
    """Recognize PNG files in this process."""
    found = recognizer.recognize_many(list(files), workers=1)
    return [None if isinstance(one, (ImageError, OSError)) else one.digit for one in found]


def do_part(number: int, part: "Part", run: str, out: Path) -> None:
    """Recognize a part and write its rows with the function that Ray's workers call."""
    from inkdigits.imaging.limits import LARGE_FILES
    from inkdigits.scale.recognition import Job, recognize_part
    from inkdigits.scale.results import Results
    from inkdigits.scale.tasks import DigitTask

    job = Job(DigitTask(loaded(), LARGE_FILES), Results(str(out)), run)
    recognize_part(job, number, part)


def calls_of_parts(folder: Path, out: Path) -> Iterator[tuple[int, "Part", str, Path]]:
    """Begin a run; return the arguments of `do_part` for each part in a folder."""
    from inkdigits.scale.results import Results
    from inkdigits.scale.sources import plan_parts

    run = Results(str(out)).begin({})
    for number, part in enumerate(plan_parts([str(folder)])):
        yield number, part, run, out


# The contenders


@contextmanager
def in_memory(workers: int, folders: Iterable[Path]) -> Iterator[Recognize]:
    """Recognize what is already in memory, and write nothing: what the pictures alone cost."""
    contents: dict[Path, list[tuple[list[str], list[bytes]]]] = {}

    def recognize(folder: Path, out: Path) -> None:
        for number, (keys, files) in enumerate(contents[folder]):
            results.append((out / f"{number:06}.parquet", keys, digits_of(loaded(), files)))

    results: list[tuple[Path, list[str], list[int | None]]] = []
    for folder in folders:
        contents[folder] = [read_shard(shard) for shard in shards(folder)]
    loaded()
    yield recognize
    for path, keys, digits in results:
        write_digits(path, keys, digits)


@contextmanager
def one_process(workers: int, folders: Iterable[Path]) -> Iterator[Recognize]:
    """Do one part after the other in this process."""

    def recognize(folder: Path, out: Path) -> None:
        for call in calls_of_parts(folder, out):
            do_part(*call)

    loaded()
    yield recognize


@contextmanager
def recognize_many(workers: int, folders: Iterable[Path]) -> Iterator[Recognize]:
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
def process_pool(workers: int, folders: Iterable[Path]) -> Iterator[Recognize]:
    """Do the same parts as Ray's workers in a pool of processes."""

    def recognize(folder: Path, out: Path) -> None:
        for _ in map_in_processes(do_part, calls_of_parts(folder, out), workers):
            pass

    yield recognize


@contextmanager
def ray(workers: int, folders: Iterable[Path]) -> Iterator[Recognize]:
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
            parts = plan_parts([str(folder)])
            recognize_parts(cluster, task, parts, Results(str(out)), workers=workers)

        yield recognize


@dataclass(frozen=True)
class EmptyPart:
    """A part without pictures."""

    fingerprint: str
    pictures: int = 0

    def read(self) -> Iterator["Picture"]:
        """Return nothing."""
        return iter(())


@contextmanager
def ray_empty(workers: int, folders: Iterable[Path]) -> Iterator[Recognize]:
    """Do as many empty parts as the name of the folder says: what a part costs in itself."""
    from inkdigits.scale.cluster import connected
    from inkdigits.scale.recognition import recognize as recognize_parts
    from inkdigits.scale.results import Results
    from inkdigits.scale.tasks import DigitTask

    with connected("ray") as cluster:
        task = DigitTask(Recognizer.load())

        def recognize(folder: Path, out: Path) -> None:
            parts = (EmptyPart(str(number)) for number in range(int(folder.name)))
            recognize_parts(cluster, task, parts, Results(str(out)), workers=workers)

        yield recognize


class _RayDataWorker:
    """What a user of Ray Data would write: a class that loads the model once a worker."""

    def __init__(self) -> None:
        self._recognizer = loaded()

    def __call__(self, batch: Any) -> Any:
        import pyarrow

        digits = digits_of(self._recognizer, batch["image"].to_pylist())
        return pyarrow.table({"key": batch["key"], "digit": pyarrow.array(digits, pyarrow.int8())})


@contextmanager
def ray_data(workers: int, folders: Iterable[Path]) -> Iterator[Recognize]:
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
        pictures = ray.data.read_parquet(str(folder), override_num_blocks=len(shards(folder)))
        digits = pictures.map_batches(
            _RayDataWorker,
            batch_size=250,
            batch_format="pyarrow",
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(size=workers),
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
def dask(workers: int, folders: Iterable[Path]) -> Iterator[Recognize]:
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
def torch_onnx(workers: int, folders: Iterable[Path]) -> Iterator[Recognize]:
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


CONTENDERS: dict[str, Callable[[int, Sequence[Path]], AbstractContextManager[Recognize]]] = {
    "in memory": in_memory,
    "one process": one_process,
    "Ray": ray,
    "process pool": process_pool,
    "`recognize_many`": recognize_many,
    "Ray Data": ray_data,
    "Dask": dask,
    "PyTorch DataLoader + ONNX Runtime": torch_onnx,
}

EMPTY = "Ray, empty parts"


# Measuring


def measure(
    contender: str, workers: int, folders: Sequence[Path], results: Path
) -> Iterator[dict[str, Any]]:
    """Let a contender recognize folders; return for each what it took.

    results  a folder for the results, which are numbered
    """
    cv2.setNumThreads(1)
    started = time.perf_counter()
    context = ray_empty if contender == EMPTY else CONTENDERS[contender]
    with context(workers, folders) as recognize:
        start_s = time.perf_counter() - started
        for number, folder in enumerate(folders):
            out = results / str(number)
            out.mkdir()
            busy, watch = busy_cpu_s(), ProcessWatch()
            started = time.perf_counter()
            recognize(folder, out)
            wall_s = time.perf_counter() - started
            took = watch.stop()
            others = busy_cpu_s() - busy - took["cpu_s"]
            yield {
                "start_s": start_s,
                "wall_s": wall_s,
                "others_cores": max(0.0, others) / wall_s,
                **took,
            }


def main() -> None:
    """Measure one contender; the lines go to what was standard output, and nothing else does."""
    # Ray's workers cannot import what is defined in a script, only what is in a module.
    from scaling_contenders import measure

    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    contender, workers, results, *folders = sys.argv[1:]
    for line in measure(contender, int(workers), list(map(Path, folders)), Path(results)):
        print(json.dumps(line), file=pipe, flush=True)


if __name__ == "__main__":
    main()
