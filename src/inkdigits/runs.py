"""A run's folder: settings, checkpoints, metrics, and the lock that keeps two trainings apart.

settings.json                    what was asked for, the versions and the data's hashes
checkpoint-STEP.safetensors      the newest two: if the last one is damaged, one is left
metrics.jsonl                    a line an epoch, written anew from the checkpoint's records
model.safetensors                at the end
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from filelock import FileLock, Timeout

from inkdigits.arrays import to_host
from inkdigits.artifacts import ArtifactError, read_tensors, write_atomically, write_tensors
from inkdigits.training import DivergenceError, Progress, Record, Tally

KEPT = 2  # checkpoints
FORMAT = 1  # of a checkpoint


class RunError(Exception):
    """The folder cannot be used so; the message says why and what to do."""


class Run:
    """The folder of one training. Use it inside `locked`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other training out; the system lifts the lock if this process dies.

        raises   RunError if another training has the folder, or it cannot be written to
        """
        lock = FileLock(self.folder / ".lock", timeout=0)
        try:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                lock.acquire()
                # Where there is a lock file already, locking does not show that one can be made.
                write_atomically(self.folder / ".writable", b"")
                (self.folder / ".writable").unlink()
            except Timeout:
                raise RunError(
                    f"Another training is at work in {self.folder}: wait for it, or name another "
                    "folder with --run-dir."
                ) from None
            except OSError as error:
                raise RunError(
                    f"{self.folder} cannot be written to ({error.strerror}): make it writable and "
                    "make room there, or name another folder with --run-dir."
                ) from None
            yield
        finally:
            lock.release()

    def begin(self, settings: dict[str, Any]) -> None:
        """Claim the folder for a new training.

        raises   RunError if it holds a training already
        """
        if self._checkpoints():
            raise RunError(
                f"{self.folder} holds a training already: continue it with --resume, or name "
                "another folder with --run-dir."
            )
        self._write_json("settings.json", settings)

    def check_settings(self, settings: dict[str, Any]) -> None:
        """Make sure that a training is resumed with what it was begun with.

        raises   RunError if the folder holds no training, or one of another kind
        """
        path = self.folder / "settings.json"
        try:
            begun = dict(json.loads(path.read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError):
            raise RunError(
                f"{path} is missing or damaged, so there is no training to resume: start one "
                "without --resume, or name another folder with --run-dir."
            ) from None
        for key, value in settings.items():
            if begun.get(key) != value:
                raise RunError(
                    f"{self.folder} was begun with {key} {begun.get(key)!r}, not {value!r}: "
                    "resume it with the same, or name another folder with --run-dir."
                )

    def save(self, progress: Progress, records: list[Record]) -> Path:
        """Write a checkpoint; when this returns, it is on the disk.

        raises   DivergenceError if a parameter is infinite or not a number, OSError if the file
                 cannot be written; the checkpoints before it are whole then
        """
        tensors = {"params": to_host(progress.params), "memory": to_host(progress.memory)}
        if progress.average is not progress.params:
            tensors["average"] = to_host(progress.average)
        if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
            raise DivergenceError(progress.step)
        path = self.folder / f"checkpoint-{progress.step:08}.safetensors"
        document = {
            "checkpoint": FORMAT,
            "step": progress.step,
            "rng": progress.rng.bit_generator.state,
            "tally": asdict(progress.tally),
            "records": [asdict(record) for record in records],
        }
        # First, so that whoever is killed in between does this line again, and misses none.
        lines = [json.dumps(asdict(record)) + "\n" for record in records]
        write_atomically(self.folder / "metrics.jsonl", "".join(lines).encode())
        write_tensors(path, tensors, document)
        # A newer one can only be one that was found damaged.
        for old in [other for other in self._checkpoints() if other <= path][:-KEPT]:
            old.unlink()
        return path

    def latest(self, warn: Callable[[str], None]) -> tuple[Progress, list[Record]] | None:
        """Read the newest checkpoint that is whole; of each that is not, `warn` is told.

        returns  None if training was stopped before it wrote any
        raises   RunError if none is whole
        """
        paths = self._checkpoints()
        if not paths:
            return None
        for path in reversed(paths):
            try:
                return _read_checkpoint(path)
            except ArtifactError as error:
                warn(f"{error} The checkpoint before it is used.")
        raise RunError(
            f"{self.folder} holds no checkpoint that is whole: start again in another folder."
        )

    def _checkpoints(self) -> list[Path]:
        """The checkpoints, the newest last."""
        # Not by glob, to which a folder that cannot be listed is an empty one.
        paths = self.folder.iterdir()
        return sorted(path for path in paths if path.match("checkpoint-*.safetensors"))

    def _write_json(self, name: str, value: dict[str, Any]) -> None:
        write_atomically(self.folder / name, (json.dumps(value, indent=2) + "\n").encode())


def _read_checkpoint(path: Path) -> tuple[Progress, list[Record]]:
    tensors, document, _ = read_tensors(path)
    if document.get("checkpoint") != FORMAT:
        raise ArtifactError(f"{path} is no checkpoint of this version of inkdigits.")
    # Copies, for training changes them in place.
    params, memory = tensors["params"].copy(), tensors["memory"].copy()
    average = tensors["average"].copy() if "average" in tensors else params
    rng = np.random.default_rng()
    rng.bit_generator.state = document["rng"]
    tally = Tally(**document["tally"])
    progress = Progress(params, memory, average, rng, document["step"], tally)
    return progress, [Record(**record) for record in document["records"]]
