"""Kill commands that compute on Ray, again and again, and continue them; for scale_faults.py."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from scale_fault_kinds import contents, descendants

from inkdigits.storage.tensors import read_tensors

INKDIGITS = [sys.executable, "-c", "from inkdigits.cli import main; main()"]
ENDS_WITHIN_S = 10  # of a killed command, the processes of its cluster
SMALL = ("--mnist-only", "--limit", "2000")
EPOCHS = 12

Figures = dict[str, Any]
Command = Sequence[str | Path]


@contextmanager
def started(command: Command) -> Iterator[subprocess.Popen[str]]:
    """Start `inkdigits` with arguments; at the end, kill it and what it has started."""
    with subprocess.Popen(
        [*INKDIGITS, *map(str, command)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def kill_and_continue(
    command: Command, again: Command, progress: Callable[[], int], moments: Sequence[int]
) -> Figures:
    """Kill a command whenever it has made so much progress, and then let it end.

    again    the command that continues it
    """
    reached: list[int] = []
    left: list[list[str]] = []
    for moment in moments:
        with started(again if reached else command) as process:
            while process.poll() is None and progress() < moment:
                time.sleep(0.02)
            ours = descendants(process.pid)
            process.kill()
            process.wait()
            reached.append(progress())
            time.sleep(ENDS_WITHIN_S)
            alive = [name for each, name in ours.items() if Path(f"/proc/{each}").exists()]
            left.append(sorted(name.split()[0] for name in alive))
    with started(again) as process:
        process.communicate()
    return {
        "at_kills": reached,
        f"processes_left_after_{ENDS_WITHIN_S}_s": left,
        "status": process.returncode,
    }


def recognition(folder: Path, pictures: Path, part_size: int) -> Figures:
    """Kill `inkdigits predict --on ray`."""
    whole, killed = folder / "recognized", folder / "recognized-killed"
    with started(_recognize(pictures, whole, part_size)) as process:
        process.communicate()
    expected = contents(whole)
    moments = [len(expected) * number // 5 for number in (1, 2, 3, 4)]
    command = _recognize(pictures, killed, part_size)
    figures = kill_and_continue(command, command, lambda: _parts(killed), moments)
    return figures | {"differs": differences(expected, contents(killed))}


def head(folder: Path, pictures: Path, part_size: int) -> Figures:
    """Kill what manages the cluster of `inkdigits predict --on ray`."""
    output = folder / "recognized-without-head"
    command = _recognize(pictures, output, part_size)
    with started(command) as process:
        while process.poll() is None and _parts(output) < 3:
            time.sleep(0.02)
        for each, name in descendants(process.pid).items():
            if "gcs_server" in name.split()[0]:
                os.kill(each, signal.SIGKILL)
        killed = time.monotonic()
        process.communicate(timeout=300)
        ended_s = time.monotonic() - killed
    with started(command) as again:
        again.communicate()
    return {
        "ended_after_s": round(ended_s, 1),
        "status": process.returncode,
        "status_when_continued": again.returncode,
        "differs": differences(contents(folder / "recognized"), contents(output)),
    }


def training(folder: Path) -> Figures:
    """Kill `inkdigits train --on ray`."""
    whole, killed = folder / "trained", folder / "trained-killed"
    command = ["train", "mlp", *SMALL, "--epochs", str(EPOCHS), "--on", "ray", "--workers", "2"]
    with started([*command, "--run-dir", whole]) as process:
        process.communicate()
    command += ["--run-dir", str(killed)]
    figures = kill_and_continue(
        command,
        [*command, "--resume"],
        lambda: len(list(killed.glob("checkpoint-*.safetensors"))),
        [1, 2, 2],
    )
    return figures | {"differs": differences(_weights(whole), _weights(killed))}


def sweep(folder: Path) -> Figures:
    """Kill `inkdigits sweep`."""
    whole, killed = folder / "swept", folder / "swept-killed"
    command = ["sweep", "mlp", "--over", "learning_rate=[0.001,0.01]", *SMALL]
    command += ["--seeds", "1", "--epochs", str(EPOCHS), "--grace", str(EPOCHS), "--sweep-dir"]
    with started([*command, whole]) as process:
        process.communicate()
    figures = kill_and_continue(
        [*command, killed],
        [*command, killed, "--resume"],
        lambda: len(list(killed.rglob("checkpoint-*.safetensors"))),
        [1, 2, 4],
    )
    return figures | {"differs": differences(_weights(whole), _weights(killed))}


def differences(expected: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """Return the names of files that are missing, superfluous or different."""
    names = sorted({*expected, *found})
    return [name for name in names if expected.get(name) != found.get(name)]


def _recognize(pictures: Path, output: Path, part_size: int) -> list[str]:
    options = ["--on", "ray", "-o", str(output), "--part-size", str(part_size)]
    return ["predict", *options, str(pictures)]


def _parts(output: Path) -> int:
    return len(list(output.glob("part-*")))


def _weights(folder: Path) -> dict[str, bytes]:
    """Return the weights in the checkpoints of a folder; the files also have times."""
    return {
        str(path.relative_to(folder)): read_tensors(path)[0]["params"].tobytes()
        for path in folder.rglob("checkpoint-*.safetensors")
    }
