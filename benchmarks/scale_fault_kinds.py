"""Faults that strike a Ray cluster at a chosen moment, for real; for tests, too.

A worker's own process strikes, so that the moment is exact: it kills itself, its node or the driver
with SIGKILL, or takes memory until the kernel kills it. Files in a folder count how often it did.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence, Set
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from unittest.mock import patch

import numpy as np

from inkdigits.arrays import Pixels
from inkdigits.imaging.decode import encode_png
from inkdigits.scale.cluster import Cluster, connected
from inkdigits.scale.parts import Picture
from inkdigits.scale.recognition import Summary, recognize
from inkdigits.scale.result_folder import LocalFolder
from inkdigits.scale.results import Results
from inkdigits.scale.sources import plan_parts
from inkdigits.scale.tasks import Outcome, Row, Task

# Before a picture is recognized; when the file of a part is written, but not renamed; when it is,
# but nobody knows.
Moment = Literal["picture", "writing", "written"]
PIECE_BYTES = 2**24
SECONDS_TO_WAIT = 60


@dataclass(frozen=True)
class Fault:
    """What strikes a worker, and when.

    state   a folder for files that count how often it did; of its own
    moment  when
    target  the end of the key of the picture, or the name of the file of the part
    times   how often at most
    victim  "worker"; "node": what Ray runs on the worker's machine, unless it is the head node; or
            the ID of another process
    cgroup  a folder of the kernel's memory controller, in which the worker takes memory until the
            kernel kills it; None is SIGKILL at once
    """

    state: str
    moment: Moment
    target: str
    times: int = 1
    victim: Literal["worker", "node"] | int = "worker"
    cgroup: str | None = None

    def strike(self, moment: Moment, target: str) -> None:
        """Kill this process, if this is the moment."""
        if moment != self.moment or not target.endswith(self.target):
            return
        if self.victim == "node" and is_on_head():
            self._wait()  # or else this worker could be done before the other one starts
            return
        if not self._counts():
            return
        if self.cgroup is not None:
            Path(self.cgroup, "cgroup.procs").write_text(str(os.getpid()))
            taken = []
            while True:
                taken.append(b"x" * PIECE_BYTES)
        if isinstance(self.victim, int):
            os.kill(self.victim, signal.SIGKILL)
            time.sleep(SECONDS_TO_WAIT)  # unless Ray ends this process, which it should
        if self.victim == "node":
            os.kill(os.getppid(), signal.SIGKILL)
        os.kill(os.getpid(), signal.SIGKILL)

    def strikes(self) -> int:
        """Return how often it struck."""
        return len(os.listdir(self.state))

    def _wait(self) -> None:
        """Wait until the fault has struck elsewhere."""
        deadline = time.monotonic() + SECONDS_TO_WAIT
        while not self.strikes() and time.monotonic() < deadline:
            time.sleep(0.05)

    def _counts(self) -> bool:
        number = self.strikes()
        if number >= self.times:
            return False
        Path(self.state, str(number)).touch(exist_ok=False)
        return True


def is_on_head() -> bool:
    """Return whether this worker runs on the head node of the cluster."""
    return b"--head" in Path(f"/proc/{os.getppid()}/cmdline").read_bytes().split(b"\0")


@dataclass(frozen=True)
class FaultyTask:
    """A task during which faults strike."""

    task: Task
    faults: Sequence[Fault]

    @property
    def kind(self) -> str:
        """As that of the task without faults."""
        return self.task.kind

    @property
    def suffixes(self) -> Set[str]:
        """As those of the task without faults."""
        return self.task.suffixes

    def settings(self) -> dict[str, Any]:
        """Return those of the task without faults, so that the results must be the same."""
        return self.task.settings()

    def schema(self) -> Any:
        """Return that of the task without faults."""
        return self.task.schema()

    def rows(self, pictures: Iterator[Picture]) -> Iterator[Row]:
        """Recognize pictures, unless a fault strikes."""
        return self.task.rows(self._struck(pictures))

    def outcome(self, row: Row) -> Outcome:
        """Return that of the task without faults."""
        return self.task.outcome(row)

    def _struck(self, pictures: Iterator[Picture]) -> Iterator[Picture]:
        for picture in pictures:
            if isinstance(picture.content, bytes):
                for fault in self.faults:
                    fault.strike("picture", picture.key)
            yield picture


class FaultyFolder(LocalFolder):
    """A folder of results, where faults strike while a file is written."""

    def __init__(self, path: Path, faults: Sequence[Fault]) -> None:
        super().__init__(path)
        self._faults = faults

    def write(self, name: str, content: bytes) -> None:
        """Write a file, unless a fault strikes."""
        replace = os.replace

        def strike_and_replace(*names: Any) -> None:
            self._strike("writing", name)
            replace(*names)

        with patch("os.replace", strike_and_replace):
            super().write(name, content)
        self._strike("written", name)

    def _strike(self, moment: Moment, name: str) -> None:
        for fault in self._faults:
            fault.strike(moment, name)


def recognize_pictures(
    cluster: Cluster,
    task: Task,
    pictures: Path,
    output: Path,
    faults: Sequence[Fault] = (),
    *,
    part_size: int = 4,
    on_progress: Callable[[Summary], None] = lambda summary: None,
) -> Summary:
    """Recognize the pictures in a folder, while faults strike."""
    results = Results(str(output))
    if faults:
        task = FaultyTask(task, faults)
        results.folder = FaultyFolder(output, faults)
    parts = plan_parts([str(pictures)], suffixes=task.suffixes, part_size=part_size)
    return recognize(cluster, task, parts, results, on_progress, workers=cluster.cpus)


@contextmanager
def two_nodes() -> Iterator[Cluster]:
    """Start a cluster of two nodes with a CPU each, and connect to it."""
    import ray.cluster_utils

    # Ray would take half a minute to notice that a node is lost.
    checks = {"period_ms": 300, "failure_threshold": 3, "initial_delay_ms": 0}
    config = {f"health_check_{name}": value for name, value in checks.items()}
    nodes = ray.cluster_utils.Cluster(
        initialize_head=True,
        head_node_args={"num_cpus": 1, "include_dashboard": False, "_system_config": config},
    )
    try:
        nodes.add_node(num_cpus=1)
        nodes.wait_for_nodes()
        with patch.dict(os.environ, {"RAY_ADDRESS": nodes.address}), connected("ray") as cluster:
            yield cluster
    finally:
        nodes.shutdown()


@contextmanager
def sent_to_workers() -> Iterator[None]:
    """Send the classes of this module to workers, which cannot import it."""
    import ray.cloudpickle

    module = sys.modules[__name__]
    ray.cloudpickle.register_pickle_by_value(module)
    yield
    ray.cloudpickle.unregister_pickle_by_value(module)


def write_pictures(folder: Path, images: Pixels) -> None:
    """Write digits as PNG files, dark on white.

    images   uint8 (N, 28, 28), light on black
    """
    for number, image in enumerate(images):
        (folder / f"{number:06d}.png").write_bytes(encode_png(np.subtract(255, image)))


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files in a folder, also in its folders, by name."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def descendants(process: int) -> dict[int, str]:
    """Return the names of a process's children, their children and so on, by ID."""
    parents, names = {}, {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            if fields[0] != "Z":
                parents[int(folder.name)] = int(fields[1])
                names[int(folder.name)] = (folder / "cmdline").read_text().replace("\0", " ")
    found = {process}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return {child: names[child] for child in found - {process}}
