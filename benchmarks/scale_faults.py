"""Faults of recognition on Ray, for real: is each result the same as without, or the end clear?

python benchmarks/scale_faults.py [--quick] [--parts workers memory node driver head disk ...]

Workers are killed from outside at moments spread over a run, take all memory, or lose their
machine; the driver and the head of the cluster are killed; the disk is full. After each fault, all
files of the results are compared with those of a run without.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from pathlib import Path
from typing import Any

from results_store import save_results
from scale_fault_kinds import (
    Fault,
    contents,
    descendants,
    recognize_pictures,
    sent_to_workers,
    two_nodes,
    write_pictures,
)

from inkdigits.data import mnist
from inkdigits.recognizer import Recognizer
from inkdigits.scale.attempts import MAX_DEATHS
from inkdigits.scale.cluster import Cluster, connected
from inkdigits.scale.tasks import DigitTask

NAME = "scale_faults"
PICTURES, QUICK_PICTURES = 2000, 400
PARTS = 40
KILLS, QUICK_KILLS = 20, 2
WORKER = "ray::RecognitionWorker"
DRIVER_KILLS = 4
ENDS_WITHIN_S = 10  # of a killed driver, the processes of its cluster
CGROUPS = Path("/sys/fs/cgroup/memory")
CGROUP_BYTES = 2**28
DISK_KIB = 40

Figures = dict[str, Any]


class Subject:
    """The pictures that are recognized, and the results without faults."""

    def __init__(self, folder: Path, pictures: int) -> None:
        self.folder = folder
        self.pictures = folder / "pictures"
        self.pictures.mkdir()
        write_pictures(self.pictures, mnist.load("test").images[:pictures])
        self.task = DigitTask(Recognizer.load())
        self.part_size = pictures // PARTS
        self.expected: dict[str, bytes] = {}
        self.seconds = 0.0  # of a run without faults
        self._number = count()

    def run(
        self, cluster: Cluster, faults: Sequence[Fault] = (), output: Path | None = None
    ) -> tuple[Path, float]:
        """Recognize the pictures; return the folder of the results, and the seconds it took."""
        output = output or self.new_folder()
        started = time.monotonic()
        recognize_pictures(
            cluster, self.task, self.pictures, output, faults, part_size=self.part_size
        )
        return output, time.monotonic() - started

    def run_without_faults(self, cluster: Cluster) -> None:
        """Note the results, and how long it takes."""
        self.run(cluster)  # until everything is in the cache of the disk
        output, self.seconds = self.run(cluster)
        self.expected = contents(output)

    def differs(self, output: Path) -> list[str]:
        """Return the names of files that are missing, superfluous or different."""
        found = contents(output)
        names = sorted({*found, *self.expected})
        return [name for name in names if found.get(name) != self.expected.get(name)]

    def new_folder(self) -> Path:
        """Return the name of a folder that does not exist."""
        return self.folder / f"results-{next(self._number)}"

    def fault(self, *settings: Any, **more: Any) -> Fault:
        """Make a fault."""
        state = self.folder / f"fault-{next(self._number)}"
        state.mkdir()
        return Fault(str(state), *settings, **more)


def kill_worker_after(seconds: float, index: int, killed: list[float]) -> None:
    """Kill a worker, as soon as there is one; note when."""
    started = time.monotonic()
    time.sleep(seconds)
    while time.monotonic() < started + 60:
        workers = sorted(
            process for process, name in descendants(os.getpid()).items() if name.startswith(WORKER)
        )
        if workers:
            os.kill(workers[index % len(workers)], signal.SIGKILL)
            killed.append(round(time.monotonic() - started, 2))
            return
        time.sleep(0.01)


def workers(subject: Subject, cluster: Cluster, is_quick: bool) -> Figures:
    """Kill a worker at moments that are spread over a run."""
    number = QUICK_KILLS if is_quick else KILLS
    kills = []
    for index in range(number):
        killed: list[float] = []
        seconds = subject.seconds * (index + 0.5) / number
        killer = threading.Thread(target=kill_worker_after, args=(seconds, index, killed))
        killer.start()
        output, took = subject.run(cluster)
        killer.join()
        differs = subject.differs(output)
        kills.append({"at_s": killed, "run_s": round(took, 2), "differs": differs})
        print(kills[-1], flush=True)
        shutil.rmtree(output)
    return {"run_without_s": round(subject.seconds, 2), "kills": kills}


def moments(subject: Subject, cluster: Cluster, is_quick: bool) -> Figures:
    """Kill a worker at exact moments, all in one run."""
    faults = [
        subject.fault("picture", "000123.png"),
        subject.fault("writing", "part-000008.parquet"),
        subject.fault("written", "part-000020.parquet"),
    ]
    output, took = subject.run(cluster, faults)
    return {
        "moments": [fault.moment for fault in faults],
        "strikes": [fault.strikes() for fault in faults],
        "run_s": round(took, 2),
        "differs": subject.differs(output),
    }


def picture(subject: Subject, cluster: Cluster, is_quick: bool) -> Figures:
    """Let one picture kill every worker that recognizes it."""
    return _deadly_picture(subject, cluster)


def memory(subject: Subject, cluster: Cluster, is_quick: bool) -> Figures:
    """Let one picture take memory until the kernel kills the worker."""
    group = CGROUPS / f"inkdigits-faults-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(str(CGROUP_BYTES))
    except OSError as error:
        return {"skipped": f"the memory of a worker cannot be limited here: {error}"}
    try:
        return _deadly_picture(subject, cluster, cgroup=str(group))
    finally:
        group.rmdir()


def _deadly_picture(subject: Subject, cluster: Cluster, **settings: Any) -> Figures:
    import pyarrow.parquet as pq

    fault = subject.fault("picture", "000123.png", times=99, **settings)
    output, took = subject.run(cluster, [fault])
    name = f"part-{123 // subject.part_size:06d}.parquet"
    errors = [row["error"] for row in pq.read_table(output / name).to_pylist()]
    return {
        "deaths": fault.strikes(),
        "deaths_at_the_picture": MAX_DEATHS,
        "run_s": round(took, 2),
        "differs": subject.differs(output),  # the part, and the manifest
        "errors": [error for error in errors if error is not None],
    }


def disk(subject: Subject, cluster: Cluster, is_quick: bool) -> Figures:
    """Fill the disk, make some room and go on, again and again."""
    folder = subject.folder / "disk"
    folder.mkdir()
    size, ends = DISK_KIB, []

    def mount(*options: str) -> None:
        options = (f"size={size}k", *options)
        command = ["mount", "-t", "tmpfs", "-o", ",".join(options), "tmpfs", str(folder)]
        subprocess.run(command, check=True, capture_output=True)

    try:
        mount()
    except subprocess.CalledProcessError as error:
        return {"skipped": f"no small disk can be mounted here: {error.stderr.decode()}"}
    problems = []
    try:
        while True:
            try:
                output, _ = subject.run(cluster, output=folder / "results")
            except OSError as error:
                ends.append(str(error.strerror))
                before = contents(folder / "results")
                # Half-written files cannot be deleted by a killed worker, but by this one.
                problems += [name for name in before if before[name] != subject.expected.get(name)]
                size = round(size * 1.7)
                mount("remount")
                continue
            return {"ends": ends, "half_written": problems, "differs": subject.differs(output)}
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def node(subject: Subject, is_quick: bool) -> Figures:
    """Lose one of two machines."""
    with two_nodes() as cluster:
        fault = subject.fault("picture", ".png", victim="node")
        output, took = subject.run(cluster, [fault])
        return {
            "strikes": fault.strikes(),
            "cpus_at_the_end": _cpus(),
            "run_s": round(took, 2),
            "differs": subject.differs(output),
        }


def _cpus() -> int:
    import ray

    return int(ray.cluster_resources().get("CPU", 0))


@contextmanager
def _command(subject: Subject, output: Path) -> Iterator[subprocess.Popen[str]]:
    """Start `inkdigits predict --on ray`."""
    command = [sys.executable, "-c", "from inkdigits.cli import main; main()"]
    command += ["predict", "--on", "ray", "-o", str(output), "--part-size", str(subject.part_size)]
    process = subprocess.Popen(
        [*command, str(subject.pictures)], stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for_parts(process: subprocess.Popen[str], output: Path, number: int) -> None:
    while process.poll() is None and len(list(output.glob("part-*"))) < number:
        time.sleep(0.02)


def driver(subject: Subject, is_quick: bool) -> Figures:
    """Kill the command again and again, and continue it."""
    whole = subject.new_folder()
    with _command(subject, whole) as process:
        process.communicate()
    output, left, parts = subject.new_folder(), [], []
    for kill in range(1, DRIVER_KILLS + 1):
        with _command(subject, output) as process:
            _wait_for_parts(process, output, kill * PARTS // (DRIVER_KILLS + 1))
            ours = descendants(process.pid)
            process.kill()
            process.wait()
            parts.append(len(list(output.glob("part-*"))))
            time.sleep(ENDS_WITHIN_S)
            alive = [name for each, name in ours.items() if Path(f"/proc/{each}").exists()]
            left.append(sorted(name.split()[0] for name in alive))
    with _command(subject, output) as process:
        said = process.communicate()[1]
    expected, found = contents(whole), contents(output)
    return {
        "parts_at_kills": parts,
        f"processes_left_after_{ENDS_WITHIN_S}_s": left,
        "status": process.returncode,
        "said": said.strip().splitlines()[-1:],
        "differs": [name for name in {*expected, *found} if expected.get(name) != found.get(name)],
    }


def head(subject: Subject, is_quick: bool) -> Figures:
    """Kill what manages the whole cluster."""
    output = subject.new_folder()
    with _command(subject, output) as process:
        _wait_for_parts(process, output, 3)
        for each, name in descendants(process.pid).items():
            if "gcs_server" in name.split()[0]:
                os.kill(each, signal.SIGKILL)
        started = time.monotonic()
        said = process.communicate(timeout=300)[1]
        ended = round(time.monotonic() - started, 1)
    with _command(subject, output) as again:
        again.communicate()
    return {
        "ended_after_s": ended,
        "status": process.returncode,
        "said": said.strip().splitlines()[-3:],
        "status_when_continued": again.returncode,
        "files": len(contents(output)),
    }


ON_ONE_CLUSTER: tuple[Callable[[Subject, Cluster, bool], Figures], ...] = (
    workers,
    moments,
    picture,
    memory,
    disk,
)
ON_THEIR_OWN: tuple[Callable[[Subject, bool], Figures], ...] = (node, driver, head)


def main() -> None:
    """Measure the parts that the command line names."""
    names = [part.__name__ for part in (*ON_ONE_CLUSTER, *ON_THEIR_OWN)]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few pictures and kills, not saved")
    parser.add_argument("--parts", nargs="+", choices=names, default=names)
    options = parser.parse_args()
    figures: Figures = {}
    with tempfile.TemporaryDirectory(prefix="inkdigits-faults-") as folder, sent_to_workers():
        subject = Subject(Path(folder), QUICK_PICTURES if options.quick else PICTURES)
        with connected("ray") as cluster:
            subject.run_without_faults(cluster)
            for part in ON_ONE_CLUSTER:
                if part.__name__ in options.parts:
                    figures[part.__name__] = part(subject, cluster, options.quick)
                    print(part.__name__, figures[part.__name__], flush=True)
        for own in ON_THEIR_OWN:
            if own.__name__ in options.parts:
                figures[own.__name__] = own(subject, options.quick)
                print(own.__name__, figures[own.__name__], flush=True)
    if not options.quick:
        save_results(NAME, figures, merge=True)


if __name__ == "__main__":
    main()
