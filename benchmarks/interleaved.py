"""Measure contenders in interleaved rounds, each in a process of its own.

Threads, imports and memory of one contender cannot affect another: each runs in its own process,
which waits while the others are measured. The rounds alternate, so that a machine that becomes
slower slows all contenders, and ratios are computed per round. What else the machine did in the
meantime is recorded: a row is marked if other processes used more than QUIET_CORES.
"""

import argparse
import ctypes
import gc
import importlib
import json
import math
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeAlias

import cv2
import numpy as np
from load_watch import LoadWatch
from numpy.typing import NDArray
from results_store import load_results, save_results

HERE = Path(__file__).parent
ATTEMPTS = 2  # of a row, if other processes used more
PAUSE_S = 0.02  # between contenders, for their threads to stop spinning
MIB = 2**20

Row: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Contender:
    """Code to measure.

    prepare    "module:function": the function loads what is needed and returns a callable, which is
               then measured; its result, an array or None, is compared with the other contenders'
    arguments  of the function, as JSON
    threads    of BLAS, OpenMP and OpenCV
    checkout   a folder with src/ of another version of inkdigits; None for this one
    """

    prepare: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    threads: int = 1
    checkout: Path | None = None


@dataclass(frozen=True)
class Comparison:
    """One row of results: contenders that do the same work, the first one being ours.

    work        what is done
    contenders  by name
    per_call    how many pictures, steps or files a call handles: times are given for one
    tolerance   largest absolute difference of the outputs; None if they cannot be compared
    rounds      how often each contender is measured
    seconds     minimum time of a round
    memory      whether to measure the peak memory of a call
    """

    work: str
    contenders: Mapping[str, Contender]
    per_call: float = 1
    tolerance: float | None = None
    rounds: int = 11
    seconds: float = 0.3
    memory: bool = False

    @property
    def threads(self) -> int:
        """The number of threads of our contender."""
        return next(iter(self.contenders.values())).threads


class OutputsDifferError(Exception):
    """Two contenders computed different results, so their times cannot be compared."""


class ContenderError(Exception):
    """A contender failed; its process has printed why."""


# The measuring process


class Worker:
    """A contender's process, ready to be measured."""

    def __init__(self, contender: Contender) -> None:
        threads = str(contender.threads)
        environment = os.environ | {"OPENBLAS_NUM_THREADS": threads, "OMP_NUM_THREADS": threads}
        if contender.checkout:
            environment["PYTHONPATH"] = str(contender.checkout / "src")
        self._process = subprocess.Popen(
            [sys.executable, __file__, contender.prepare, json.dumps(dict(contender.arguments))],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def wait_until_prepared(self) -> None:
        """Wait for the end of the contender's own preparation."""
        self._receive()

    def call(self, **request: Any) -> dict[str, float]:
        """Send a request that `_answer` handles, and return its response."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        return self._receive()

    def _receive(self) -> dict[str, float]:
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise ContenderError(f"a contender failed: {self._process.args!r}")
        response: dict[str, float] = json.loads(line)
        return response

    def close(self) -> None:
        """End the process."""
        with self._process:  # closes its pipes, which ends it, and waits
            pass


def compare(comparison: Comparison) -> Row:
    """Measure a row.

    If other processes were busy, it is measured again, and the quieter measurement counts.

    raises   OutputsDifferError if the contenders do not compute the same
             ContenderError if one of them fails
    """
    with ExitStack() as stack:
        workers = {
            name: stack.enter_context(closing(Worker(contender)))
            for name, contender in comparison.contenders.items()
        }
        for worker in workers.values():
            worker.wait_until_prepared()
        memory = {}
        if comparison.memory:
            memory = {name: worker.call(do="memory") for name, worker in workers.items()}
        _check_outputs(workers, comparison.tolerance)
        repeats = {}
        for name, worker in workers.items():
            once = worker.call(do="time", repeat=1)["wall_s"]
            repeats[name] = max(1, math.ceil(comparison.seconds / once))
        attempts = []
        for _ in range(ATTEMPTS):
            watch = LoadWatch()
            rounds = _measure_rounds(workers, repeats, comparison.rounds)
            attempts.append((watch.stop(), rounds))
            if attempts[-1][0]["quiet"]:
                break
    load, rounds = min(attempts, key=lambda attempt: attempt[0]["others_cores"])
    measured: dict[str, dict[str, Any]] = {
        name: {
            key: quartiles(one[key] / comparison.per_call for one in of_contender)
            for key in ("wall_s", "cpu_s")
        }
        for name, of_contender in rounds.items()
    }
    for name, peak in memory.items():
        measured[name]["peak_mib"] = peak["bytes"] / MIB
    return {
        "work": comparison.work,
        "threads": comparison.threads,
        "rounds": comparison.rounds,
        "measured": measured,
        "ratios": ratios(rounds),
        **load,
    }


def _measure_rounds(
    workers: Mapping[str, Worker], repeats: Mapping[str, int], count: int
) -> dict[str, list[dict[str, float]]]:
    """Measure all contenders in turn, and every other round in reverse order."""
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in workers}
    for number in range(count):
        for name in list(workers)[:: -1 if number % 2 else 1]:
            time.sleep(PAUSE_S)
            rounds[name].append(workers[name].call(do="time", repeat=repeats[name]))
    return rounds


def _check_outputs(workers: Mapping[str, Worker], tolerance: float | None) -> None:
    """Let every contender make one call, and compare the results with the first one's."""
    outputs: dict[str, NDArray[Any]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, worker) in enumerate(workers.items()):
            path = Path(folder, f"{number}.npy")
            worker.call(do="output", path=str(path))
            if tolerance is not None:
                outputs[name] = np.load(path)
    if tolerance is not None:
        check_equal(outputs, tolerance)


def check_equal(outputs: Mapping[str, NDArray[Any]], tolerance: float) -> None:
    """Compare the outputs of all contenders with the first one's.

    raises   OutputsDifferError if one has another shape or differs by more than the tolerance
    """
    (ours, first), *others = outputs.items()
    for name, output in others:
        if output.shape != first.shape or not np.allclose(output, first, rtol=0, atol=tolerance):
            raise OutputsDifferError(f"{name} does not compute the same as {ours}")


def quartiles(values: Iterable[float]) -> list[float]:
    """Return the lower quartile, the median and the upper quartile."""
    return [float(value) for value in np.percentile(list(values), [25, 50, 75])]


def ratios(rounds: Mapping[str, list[dict[str, float]]]) -> dict[str, list[float]]:
    """Return the quartiles of the first contender's time over each other one's, round by round."""
    (_, ours), *others = rounds.items()
    return {
        name: quartiles(
            one["wall_s"] / other["wall_s"] for one, other in zip(ours, theirs, strict=True)
        )
        for name, theirs in others
    }


# Benchmarks made of comparisons


def run(name: str, comparisons: Iterable[Comparison], description: str | None) -> None:
    """Measure the comparisons that the command line selects; print and save the rows.

    name         of the results file
    description  for --help
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--only", metavar="TEXT", help="rows whose description contains this")
    parser.add_argument("--rounds", type=int, help="instead of each row's own number")
    arguments = parser.parse_args()
    rows, failed = [], False
    for comparison in comparisons:
        if (arguments.only or "") not in comparison.work:
            continue
        if arguments.rounds:
            comparison = replace(comparison, rounds=arguments.rounds)
        try:
            rows.append(compare(comparison))
        except (OutputsDifferError, ContenderError) as error:
            # The other rows are still measured; the exit status reports the failure.
            print(f"{comparison.work}: {error}", file=sys.stderr)
            failed = True
        else:
            print(described(rows[-1]), flush=True)
    if arguments.only or failed:  # keep what was not measured
        rows = merged(load_results(name).get("rows", []), rows)
    save_results(name, {"rows": rows})
    if failed:
        sys.exit(1)


def merged(old: list[Row], new: list[Row]) -> list[Row]:
    """Replace the old rows that were measured again, in their places, and append the others."""

    def key(row: Row) -> tuple[str, int]:
        return row["work"], row["threads"]

    replaced = {key(row): row for row in new}
    kept = [replaced.pop(key(row), row) for row in old]
    return [*kept, *replaced.values()]


def described(row: Row) -> str:
    """Describe a row for people, on a few lines."""
    lines = [f"{row['work']}, threads: {row['threads']}"]
    for name, figures in row["measured"].items():
        low, median, high = (si(value) for value in figures["wall_s"])
        line = f"  {name:32} {median:>9} ({low} to {high}), CPU {si(figures['cpu_s'][1])}"
        if name in row["ratios"]:
            low, median, high = (f"{value:.2f}" for value in row["ratios"][name])
            line += f"; ratio {median} ({low} to {high})"
        if "peak_mib" in figures:
            line += f"; peak {figures['peak_mib']:.0f} MiB"
        lines.append(line)
    if not row["quiet"]:
        lines.append(f"  DISTURBED: other processes used {row['others_cores']:.2f} cores")
    return "\n".join(lines)


def si(seconds: float) -> str:
    """Format a time with three digits: 1.23 s, 45.6 ms or 789 us."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        value = seconds * factor
        if value >= 1 or unit == "us":
            break
    digits = max(0, 2 - math.floor(math.log10(value))) if value > 0 else 0
    return f"{value:.{min(digits, 2)}f} {unit}"


# A contender's process


def _serve(prepare: str, arguments: dict[str, Any]) -> None:
    """Prepare a contender, then answer each request on standard input with a line of JSON."""
    # Nothing else may print to the pipe.
    pipe = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    cv2.setNumThreads(int(os.environ["OMP_NUM_THREADS"]))  # OpenCV ignores the variable
    module, _, function = prepare.partition(":")
    call: Callable[[], object] = getattr(importlib.import_module(module), function)(**arguments)
    print("{}", file=pipe, flush=True)
    for line in sys.stdin:
        print(json.dumps(_answer(call, json.loads(line))), file=pipe, flush=True)


def _answer(call: Callable[[], object], request: dict[str, Any]) -> dict[str, float]:
    match request["do"]:
        case "output":
            result = call()
            if result is not None:
                np.save(request["path"], np.asarray(result))
            return {}
        case "memory":
            return {"bytes": peak_bytes(call)}
    gc.collect()
    cpu = _cpu_s()
    start = time.perf_counter()
    for _ in range(request["repeat"]):
        call()
    wall = time.perf_counter() - start
    return {
        "wall_s": wall / request["repeat"],
        "cpu_s": (_cpu_s() - cpu) / request["repeat"],
    }


def _cpu_s() -> float:
    """Return the CPU time of this process and of its children that have exited."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def peak_bytes(call: Callable[[], object]) -> int:
    """Return by how much the resident memory of this process grows during a call; Linux only."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # what the preparation has freed is not memory in use
    Path("/proc/self/clear_refs").write_text("5")  # resets the high-water mark
    before = _status_bytes("VmRSS")
    call()
    return _status_bytes("VmHWM") - before


def _status_bytes(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith(name + ":"))


if __name__ == "__main__":
    _serve(sys.argv[1], json.loads(sys.argv[2]))
