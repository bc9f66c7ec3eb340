"""Helpers for the tests of `inkdigits train`: start it, pause it, and check how it ended."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass

import pytest
import staged

from inkdigits.runs import Run
from inkdigits.storage.tensors import read_tensors

# Test processes run in parallel, and a single thread gives the same bits everywhere.
ENVIRONMENT = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
# MNIST digits, of which about 80 are for validation. With about 80 other digits and 80 non-digits,
# an epoch has 14 steps, and the run 140.
LIMIT = 800

PAUSE_IN_PREPROCESSING = (
    "from inkdigits.preprocessing import ink; ink.from_ink = pausing(ink.from_ink, 300)"
)


def pause_at_step(number, recipe="mlp"):
    """Return lines that pause training at a step; the schedule is called once per step."""
    return (
        f"schedule = type(train.RECIPES[{recipe!r}].schedule); "
        f"schedule.__call__ = pausing(schedule.__call__, {number})"
    )


def start_training(small_mnist, *arguments, lines="", before=(), **options):
    """Start `inkdigits train` in a process, after lines of Python that prepare it."""
    return subprocess.Popen(
        [*before, sys.executable, staged.__file__, small_mnist, lines, "train"]
        + [str(argument) for argument in arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
        **options,
    )


def wait_for_success(process):
    """Wait for a run that must succeed; return what it printed."""
    out, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (0, "")
    return out


def wait_for_failure(process, status=1):
    """Wait for a run that must fail; return what it printed and its error message."""
    out, err = process.communicate(timeout=120)
    assert process.returncode == status
    assert_one_sentence(err)
    return out, err


def assert_one_sentence(err):
    assert re.fullmatch(r"Error: [^\n]+\.\n", err), err


def wait_for_line(process, text):
    """Read the output of a process up to the first line that contains a text."""
    for line in process.stdout:
        if text in line:
            return
    pytest.fail(f"{text!r} was never printed; standard error: {process.stderr.read()}")


def wait_until_paused(process):
    os.waitid(os.P_PID, process.pid, os.WSTOPPED)


def checkpoints(folder):
    return sorted(path.name for path in folder.glob("checkpoint-*"))


def contents(folder):
    return {path: path.read_bytes() for path in folder.iterdir()}


def epochs_in(printed):
    """Count the epochs in the output."""
    return len(re.findall(r"^ *\d+/\d+ ", printed, re.MULTILINE))


# A run with few system calls, so that a fault can be injected into each of them.

TINY = """
from inkdigits.nn.layers import Dense, Flatten, ReLU
from inkdigits.nn.network import Network
network = Network((Flatten(), Dense(784, 8), ReLU(), Dense(8, 11)))
change(epochs=2, batch_size=200, network=network)
"""
TINY_EPOCHS = 2  # of one step
TINY_CHECKPOINTS = ["checkpoint-00000001.safetensors", "checkpoint-00000002.safetensors"]

OPEN, RENAME, UNLINK = "/^open(at)?$", "/^rename", "/^unlink"  # the names depend on the machine


@dataclass
class Outcome:
    """How a tiny run ended; `calls` are the system calls that strace recorded."""

    status: int
    out: str
    err: str
    calls: list[str]

    @property
    def injected(self):
        """The call that the fault was injected into, if any."""
        return next((call for call in self.calls if call.endswith("(INJECTED)")), None)


class TinyRuns:
    """Runs tiny training runs to their end, each in a fork of one process."""

    def __init__(self, process, scratch):
        self._process = process
        self._out, self._err, self._log = (scratch / name for name in ("out", "err", "log"))

    def __call__(self, folder, *options, inject=None, limit=None):
        self._log.write_text("")
        job = {
            "arguments": ["train", "mlp", "--limit", "100", "--run-dir", str(folder), *options],
            "stdout": str(self._out),
            "stderr": str(self._err),
            "limit": limit,
            "strace": inject and ["-y", "-o", str(self._log), "-e", inject],
        }
        print(json.dumps(job), file=self._process.stdin, flush=True)
        status = int(self._process.stdout.readline())
        out, err, log = (path.read_text() for path in (self._out, self._err, self._log))
        return Outcome(status, out, err, log.splitlines())


def require_strace():
    if shutil.which("strace") is None:
        missing = "strace, which injects the faults, is missing: apt-get install strace"
        if os.environ.get("CI"):
            pytest.fail(missing)
        pytest.skip(missing)


def assert_nothing_is_lost(folder, outcome):
    """Assert that everything reported as saved exists, and that every file is valid."""
    for path in folder.glob("*.safetensors"):
        read_tensors(path)
    for path in folder.glob("settings.json"):
        json.loads(path.read_text())
    for path in folder.glob("metrics.jsonl"):
        lines = path.read_text().splitlines()
        assert [json.loads(line)["epoch"] for line in lines] == list(range(1, len(lines) + 1))
    if "mlp: " in outcome.out:
        state, records = Run(folder).latest(pytest.fail)
        assert len(records) >= epochs_in(outcome.out)
        assert state.step == len(records)


def assert_continues(tiny, tiny_model, folder):
    """Assert that the next run ends as if nothing had happened."""
    begun = (folder / "settings.json").exists()
    outcome = tiny(folder, *["--resume"] * begun)
    assert (outcome.status, outcome.err) == (0, "")
    assert (folder / "mlp.safetensors").read_bytes() == tiny_model
    assert len((folder / "metrics.jsonl").read_text().splitlines()) == TINY_EPOCHS
    assert checkpoints(folder)[-2:] == TINY_CHECKPOINTS
