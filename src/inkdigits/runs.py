"""A run's folder: settings, checkpoints, metrics, and a lock against a second training.

settings.json                    recipe, seed, data, versions, and what was changed when
checkpoint-STEP.safetensors      the newest two: if the last one is damaged, one is left; or more,
                                 to rewind to
metrics.jsonl                    one line per epoch, rewritten from the checkpoint's records
RECIPE.safetensors               the model, at the end
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
from inkdigits.changes import (
    EPOCHS,
    LEARNING_RATE,
    REWIND,
    Change,
    changes_to_json,
    parse_changes,
    value_at,
    with_change,
)
from inkdigits.checkpoints import FORMAT, read_checkpoint
from inkdigits.recipes import Recipe
from inkdigits.settings_comparison import first_difference, is_count
from inkdigits.storage.files import FileError, invalid_file, read_file, write_atomically
from inkdigits.storage.tensors import write_tensors
from inkdigits.strict_json import parse
from inkdigits.training import DivergenceError, Record, TrainState

CHECKPOINTS_KEPT = 2
LOCK = ".lock"
MAX_SETTINGS_BYTES = 2**18  # fifty times what they need
OPTIONS = {  # those that one forgets on resuming, by what they change
    "recipe.validation": "--validation",
    "recipe.preprocessing": "--preprocessing",
    "recipe.classes": "--classes",
}


class RunError(FileError):
    """The folder cannot be used this way; the message says why and what to do.

    As a FileError, it is reported by every command, even one that does not import this module.
    """


class Run:
    """The folder of one training. Use it inside `locked`.

    checkpoints_kept  how many, at least one
    """

    def __init__(self, folder: Path, checkpoints_kept: int = CHECKPOINTS_KEPT) -> None:
        self.folder = folder
        self.checkpoints_kept = checkpoints_kept

    @contextmanager
    def locked(self, wait_seconds: float = 0, option: str = "--run-dir") -> Iterator[None]:
        """Lock the folder; the system releases the lock if this process dies.

        wait_seconds  how long to wait for another training run to end
        option   of the command, with which another folder can be chosen
        raises   RunError if another training run holds the lock, or the folder is not writable
        """
        lock = FileLock(self.folder / LOCK, timeout=wait_seconds)
        try:
            try:
                self.folder.mkdir(parents=True, exist_ok=True)
                lock.acquire()
                # An existing lock file can be locked in a read-only folder.
                write_atomically(self.folder / ".writable", b"")
                (self.folder / ".writable").unlink()
            except Timeout:
                raise RunError(
                    f"Another training run is using {self.folder}: wait for it, or choose another "
                    f"folder with {option}."
                ) from None
            except OSError as error:
                raise RunError(
                    f"{self.folder} is not writable ({error.strerror}): make it writable, free "
                    f"some space, or choose another folder with {option}."
                ) from None
            yield
        finally:
            lock.release()

    def begin(self, settings: dict[str, Any]) -> None:
        """Write the settings of a new training.

        raises   RunError if the folder already has a training run
        """
        if self.checkpoints():
            raise RunError(
                f"{self.folder} already has a training run: continue it with --resume, or choose "
                "another folder with --run-dir."
            )
        self._write_settings(settings)

    def check_settings(self, settings: dict[str, Any]) -> None:
        """Make sure that a training run is resumed with the settings it started with.

        raises   RunError if the folder has no training run, or one with other settings
        """
        difference = first_difference(self._read_settings(), settings)
        if difference is not None:
            name, was, now = difference
            option = f" ({OPTIONS[name]})" if name in OPTIONS else ""
            raise RunError(
                f"{self.folder} was started with {name} {was}, not {now}: resume it with the same "
                f"settings{option}, or choose another folder with --run-dir."
            )

    @property
    def epochs(self) -> int:
        """The number of epochs that the run is to have.

        raises   RunError if there is no run, or the number is wrong
        """
        match self._read_settings():
            case {"recipe": {"epochs": epochs}} if is_count(epochs):
                return int(epochs)
        raise self._no_settings(" (its number of epochs is missing or wrong)")

    @property
    def changes(self) -> list[Change]:
        """What was changed when.

        raises   RunError if there is no run, or the list is wrong
        """
        try:
            return parse_changes(self._read_settings())
        except ValueError as error:
            raise self._no_settings(f" (of its list of changes, {error})") from None

    def change_epochs(self, epochs: int, step: int) -> None:
        """Change the number of epochs in the settings, and record since which step it is so.

        step     number of the next step
        raises   RunError if there is no run, OSError
        """
        self._record(Change(step, EPOCHS, self.epochs, epochs))

    def change_learning_rate(self, before: float, after: float, step: int) -> None:
        """Record that the highest learning rate is another one from a step on.

        step     number of the next step
        raises   as `change_epochs`
        """
        self._record(Change(step, LEARNING_RATE, before, after))

    def rewind(self, step: int, before: int) -> tuple[TrainState, list[Record]]:
        """Go back to the checkpoint of a step: remove newer ones, and what was changed since.

        before   number of the next step until now
        returns  the state and the records of the checkpoint
        raises   FileError if there is no such checkpoint, or it is not whole: then nothing is done;
                 RunError if there is no run, OSError
        """
        state, records = self._read(self._checkpoint(step))
        # The settings last. If the process is killed in between, the run resumes at the older
        # checkpoint, and its changes apply again at their steps: as if it had not been rewound.
        for path in reversed(self.checkpoints()):
            if path > self._checkpoint(step):
                path.unlink()
        self._write_metrics(records)
        self._record(Change(before, REWIND, before, step))
        return state, records

    def _record(self, change: Change) -> None:
        """Add a change to the settings."""
        try:
            changes = with_change(self.changes, change)
        except ValueError as error:
            raise RunError(f"The change cannot be recorded in {self.folder}: {error}.") from None
        epochs = value_at(changes, EPOCHS, None, value_at(self.changes, EPOCHS, -1, self.epochs))
        settings = self._read_settings()
        settings.pop("epochs_changed", None)
        settings.pop("changes", None)
        settings["recipe"]["epochs"] = int(epochs)
        self._write_settings(settings | changes_to_json(changes))

    def _write_settings(self, settings: dict[str, Any]) -> None:
        content = {"format": FORMAT, **settings}
        data = (json.dumps(content, indent=2) + "\n").encode()
        write_atomically(self.folder / "settings.json", data)

    def _read_settings(self) -> dict[str, Any]:
        """Read the settings, without their format."""
        path = self.folder / "settings.json"
        try:
            begun = parse(read_file(path, MAX_SETTINGS_BYTES))
            if not isinstance(begun, dict):
                raise ValueError("it is not a JSON object")
        except (FileError, ValueError) as error:
            cause = "" if isinstance(error, FileError) else f" ({ascii(str(error))[1:-1][:120]})"
            raise self._no_settings(cause) from None
        if begun.pop("format", None) != FORMAT:
            raise RunError(
                f"{self.folder} was started by another version of inkdigits, whose settings and "
                "checkpoints this version does not read: resume it with that version, or start "
                "again in another folder with --run-dir."
            )
        return begun

    def _no_settings(self, cause: str) -> RunError:
        return RunError(
            f"{self.folder / 'settings.json'} is missing, damaged or not a regular file{cause}, "
            "so there is no run to resume: start one without --resume, or choose another folder "
            "with --run-dir."
        )

    def save(self, state: TrainState, records: list[Record]) -> Path:
        """Write a checkpoint; on return, it is on disk.

        raises   DivergenceError if a parameter is NaN or infinite, OSError if the file cannot be
                 written; the checkpoints before it are then still whole
        """
        tensors = {
            "params": to_host(state.params),
            "optimizer_state": to_host(state.optimizer_state),
        }
        if state.has_ema:
            tensors["ema"] = to_host(state.ema)
        if not all(np.isfinite(tensor).all() for tensor in tensors.values()):
            raise DivergenceError(state.step)
        path = self._checkpoint(state.step)
        document = {
            "checkpoint": FORMAT,
            "step": state.step,
            "rng": state.rng.bit_generator.state,
            "tally": asdict(state.tally),
            "records": [asdict(record) for record in records],
        }
        # The metrics first: if the process is killed in between, resuming rewrites their last line.
        self._write_metrics(records)
        write_tensors(path, tensors, document)
        # Newer ones do not count: they were found damaged.
        older = [other for other in self.checkpoints() if other <= path]
        for other in older[: -self.checkpoints_kept]:
            other.unlink()
        return path

    def latest(self, warn: Callable[[str], None]) -> tuple[TrainState, list[Record]] | None:
        """Read the newest checkpoint that is whole; call `warn` for each that is not.

        returns  None if training stopped before it wrote any
        raises   RunError if none is whole
        """
        paths = self.checkpoints()
        if not paths:
            return None
        for path in reversed(paths):
            try:
                return self._read(path)
            except FileError as error:
                warn(f"{error} Using the checkpoint before it.")
        raise RunError(f"No checkpoint in {self.folder} is whole: start again in another folder.")

    def _read(self, path: Path) -> tuple[TrainState, list[Record]]:
        """Read a checkpoint; raise FileError if it is not whole."""
        state, records = read_checkpoint(path)
        if path != self._checkpoint(state.step):
            raise invalid_file(path, f"it is the checkpoint of step {state.step}")
        return state, records

    def _write_metrics(self, records: list[Record]) -> None:
        lines = [json.dumps(asdict(record)) + "\n" for record in records]
        write_atomically(self.folder / "metrics.jsonl", "".join(lines).encode())

    def check_epochs(self, state: TrainState, records: list[Record], epochs: int) -> None:
        """Make sure that the run has not done more than a number of epochs.

        raises   RunError
        """
        begun = len(records) + (state.tally.examples > 0)
        if begun > epochs:
            raise RunError(
                f"{self.folder} has begun epoch {begun}, more than {epochs}: continue it with "
                f"--epochs {begun} or more, or start again in another folder with --run-dir."
            )

    def check_state(
        self, state: TrainState, records: list[Record], recipe: Recipe, steps_per_epoch: int
    ) -> None:
        """Make sure that a checkpoint's state belongs to this training.

        raises   RunError if it has another network, optimizer or number of steps
        """
        size = recipe.network.size
        arrays = state.params.shape, state.optimizer_state.shape
        if arrays != ((size,), (recipe.optimizer.state_vectors, size)):
            cause = "its arrays do not fit the recipe's network and optimizer"
        elif state.has_ema != bool(recipe.ema_decay):
            cause = "it has a moving average of the weights and the recipe has none, or vice versa"
        elif state.step > recipe.epochs * steps_per_epoch:
            cause = f"it is at step {state.step}, after the last"
        elif len(records) != state.step // steps_per_epoch:
            cause = f"it is at step {state.step}, but has records of {len(records)} epochs"
        else:
            return
        raise RunError(
            f"{self._checkpoint(state.step)} does not belong to this training ({cause}): remove it "
            "to continue from the checkpoint before it, or choose another folder with --run-dir."
        )

    def checkpoints(self) -> list[Path]:
        """Return the checkpoints, the newest last."""
        # Not by glob, which treats a folder that cannot be listed as empty.
        paths = self.folder.iterdir()
        return sorted(path for path in paths if path.match("checkpoint-*.safetensors"))

    def _checkpoint(self, step: int) -> Path:
        return self.folder / f"checkpoint-{step:08}.safetensors"
