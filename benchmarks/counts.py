"""Count instructions, function calls and memory of the main operations, and compare with results/.

Counts do not depend on how busy the machine is, so a test can compare them: here with ROOM for
small changes. Instructions are counted by Valgrind, which also fixes what the processor seems to
support; OpenBLAS's kernel, the hash seed and the number of threads are fixed too. Function calls
and the peak memory need no tool: tests/benchmarks/test_counts.py compares them in `make test`.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from results_store import load_results, save_results
from training import MANY_EPOCHS, FixedBatches

from inkdigits import Recognizer, inference, training
from inkdigits.recipes import CNN_SMALL, INPUT_SHAPE

ROOM = 0.1  # by which a count may grow
REPEAT = 3  # calls of an operation that are counted together
BATCH = 32
SEVEN = Path(__file__).parents[1] / "tests/golden/7.png"
COMMAND = "inkdigits predict FILE"
MAIN = "from inkdigits.cli import main; main()"
FIXED = {
    "OPENBLAS_NUM_THREADS": "1",
    "OPENBLAS_CORETYPE": "Haswell",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "",  # compiling every module would count
}
MARK = "getppid"  # a function of the C library that nothing else calls

Counts: TypeAlias = dict[str, dict[str, float]]  # operation -> kind of count -> number


@dataclass(frozen=True)
class Growth:
    """A count that has grown by more than ROOM."""

    operation: str
    kind: str
    before: float
    now: float

    def __str__(self) -> str:
        share = self.now / self.before - 1
        return (
            f"{self.operation}: {self.now:,.0f} {self.kind}, {share:.0%} more than the "
            f"{self.before:,.0f} in benchmarks/results/counts.json"
        )


# The operations, with random data: no data set is needed


def training_step() -> Callable[[], object]:
    """Prepare training steps of `cnn-small`."""
    rng = np.random.default_rng(0)
    x = rng.random((BATCH, *INPUT_SHAPE), np.float32)
    batches = FixedBatches([(x, rng.integers(0, 10, BATCH))])
    recipe = replace(CNN_SMALL, epochs=MANY_EPOCHS, batch_size=BATCH)
    records = training.fit(recipe, batches, training.init_state(recipe, seed=0))
    return lambda: next(records)


def augmentation() -> Callable[[], object]:
    """Prepare the augmentation of a batch."""
    augment, rng = CNN_SMALL.augment, np.random.default_rng(0)
    assert augment
    x = rng.random((BATCH, *INPUT_SHAPE), np.float32)
    return lambda: augment(x, rng)


def forward_pass() -> Callable[[], object]:
    """Prepare the forward pass of one picture."""
    model = Recognizer.load().model
    params = model.network.layer_params(model.vector)
    x = np.random.default_rng(0).random((1, *INPUT_SHAPE), np.float32)
    return lambda: inference.forward_batches(model.network, params, x)


def recognition() -> Callable[[], object]:
    """Prepare a recognition, from a PNG file to the prediction."""
    recognizer, file = Recognizer.load(), SEVEN.read_bytes()
    return lambda: recognizer.recognize(file)


OPERATIONS: Mapping[str, Callable[[], Callable[[], object]]] = {
    "training step": training_step,
    "augmentation": augmentation,
    "forward pass": forward_pass,
    "recognition": recognition,
}


# Function calls and memory


def count_calls(call: Callable[[], object]) -> int:
    """Count the Python and C functions that are called."""
    count = 0

    def profile(frame: object, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    call()  # what is computed once is not counted
    before = sys.getprofile()
    sys.setprofile(profile)
    try:
        call()
    finally:
        sys.setprofile(before)
    return count


def peak_kib(call: Callable[[], object]) -> float:
    """Return by how much the memory that Python and NumPy allocate grows during a call."""
    call()
    tracemalloc.start()
    try:
        call()
        return tracemalloc.get_traced_memory()[1] / 1024
    finally:
        tracemalloc.stop()


def calls_and_memory() -> Counts:
    """Count the calls of each operation, and its peak memory."""
    return {
        name: {"calls": count_calls(prepare()), "KiB of memory": peak_kib(prepare())}
        for name, prepare in OPERATIONS.items()
    }


# Instructions


def instructions() -> Counts:
    """Count the instructions of each operation, and of a whole command.

    raises   FileNotFoundError if Valgrind is missing
    """
    if not shutil.which("valgrind"):
        raise FileNotFoundError("valgrind is missing; install it: apt-get install valgrind")
    dumps = _callgrind([__file__, "--operations"])
    # Marks before and after each operation: its dump is every second one.
    counts = {
        name: {"instructions": dumps[2 * number + 1] / REPEAT}
        for number, name in enumerate(OPERATIONS)
    }
    words = ["-c", MAIN, "predict", str(SEVEN)]
    # The first run writes the compiled modules.
    subprocess.run(
        [sys.executable, *words], check=True, stdout=subprocess.DEVNULL, env=os.environ | FIXED
    )
    return counts | {COMMAND: {"instructions": sum(_callgrind(words))}}


def run_operations() -> None:
    """Run each operation between two marks, at which Valgrind writes what it has counted."""
    for prepare in OPERATIONS.values():
        call = prepare()
        call()
        os.getppid()
        for _ in range(REPEAT):
            call()
        os.getppid()


def _callgrind(words: list[str]) -> list[int]:
    """Run Python under Valgrind; return the instructions before, between and after the marks."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder, "callgrind")
        subprocess.run(
            [
                *("valgrind", "--quiet", "--tool=callgrind", f"--dump-before={MARK}"),
                *(f"--callgrind-out-file={output}", sys.executable, *words),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            env=os.environ | FIXED,
        )
        numbered = sorted(output.parent.glob("callgrind.*"), key=lambda path: int(path.suffix[1:]))
        return [_total(path.read_text()) for path in (*numbered, output)]


def _total(text: str) -> int:
    """Return the total of a file that Callgrind has written."""
    return int(re.search(r"^totals: (\d+)", text, re.M)[1])  # type: ignore[index]


# Comparison


def growths(before: Counts, now: Counts) -> list[Growth]:
    """List the counts that have grown by more than ROOM.

    before   committed, with all kinds of counts
    now      may have some kinds only
    """
    return [
        Growth(name, kind, before[name][kind], count)
        for name, kinds in now.items()
        for kind, count in kinds.items()
        if count > (1 + ROOM) * before[name][kind]
    ]


def shrunk(before: Counts, now: Counts) -> list[str]:
    """List the operations with a count that has shrunk by more than ROOM."""
    return [
        name
        for name, kinds in now.items()
        if any(count < (1 - ROOM) * before[name][kind] for kind, count in kinds.items())
    ]


def advice(grown: list[Growth]) -> str:
    """Explain the growths, and what to do."""
    lines = [*map(str, grown), "If that is intended, run `make counts ARGS=--update` and commit."]
    return "\n".join(lines)


def main() -> None:
    """Compare the numbers of instructions with the committed ones, or update all counts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--update", action="store_true", help="save all counts")
    parser.add_argument("--operations", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.operations:
        run_operations()
        return
    try:
        now = instructions()
    except FileNotFoundError as error:
        sys.exit(str(error))
    if arguments.update:
        others = calls_and_memory()
        counts: dict[str, Any] = {name: kinds | others.get(name, {}) for name, kinds in now.items()}
        save_results("counts", {"counts": counts})
        return
    before = load_results("counts")["counts"]
    for name, kinds in now.items():
        share = kinds["instructions"] / before[name]["instructions"] - 1
        print(f"{name:24} {kinds['instructions']:14,.0f} instructions ({share:+.1%})")
    if grown := growths(before, now):
        sys.exit(advice(grown))
    if better := shrunk(before, now):
        print(f"Fewer for {', '.join(better)}: `make counts ARGS=--update` keeps that.")


if __name__ == "__main__":
    main()
