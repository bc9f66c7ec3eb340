"""A run's folder: settings, checkpoints, metrics, and the lock that keeps two trainings apart.

settings.json                    what was asked for, the versions and the data's hashes
checkpoint-STEP.safetensors      the newest two: if the last one is damaged, one is left
metrics.jsonl                    a line an epoch, written anew from the checkpoint's records
model.safetensors                at the end
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from filelock import FileLock, Timeout

from inkdigits.arrays import to_host
from inkdigits.model_file import (
    ArtifactError,
    read_file,
    read_tensors,
    write_atomically,
    write_tensors,
)
from inkdigits.recipes import Recipe
from inkdigits.strict_json import canonical, parse
from inkdigits.training import DivergenceError, Record, Tally, TrainState

KEPT = 2  # checkpoints
FORMAT = 1  # of a checkpoint
MAX_SETTINGS_BYTES = 2**18  # a hundred times what there is to say
MAX_COUNT = 2**53  # of steps or digits: beyond it, floats leave out whole numbers
MAX_MAGNITUDE = 1e100  # of a measured number: sums and ratios of such are finite
NOT_COMPARED = {"versions", "machine"}  # settings that may differ when training goes on

Numbers = TypeVar("Numbers", Tally, Record)


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
        begun = self._read_settings()
        for key, value in settings.items():
            # As JSON, where 1, 1.0 and true are three things.
            if key not in begun or canonical(begun[key]) != canonical(value):
                was = repr(begun[key])[:2000] if key in begun else "unset"
                raise RunError(
                    f"{self.folder} was begun with {key} {was}, not {value!r}: resume it with the "
                    "same, or name another folder with --run-dir."
                )
        unknown = begun.keys() - settings.keys() - NOT_COMPARED
        if unknown:
            raise RunError(
                f"{self.folder} was begun with {ascii(min(unknown))[:40]}, a setting that this "
                "version of inkdigits does not have: resume it with the version that began it, or "
                "name another folder with --run-dir."
            )

    def _read_settings(self) -> dict[str, Any]:
        path = self.folder / "settings.json"
        try:
            begun = parse(read_file(path, MAX_SETTINGS_BYTES))
            if not isinstance(begun, dict):
                raise ValueError("it is not a JSON object")
        except (ArtifactError, ValueError) as error:
            cause = "" if isinstance(error, ArtifactError) else f" ({ascii(str(error))[1:121]})"
            raise RunError(
                f"{path} is missing, damaged or not a regular file{cause}, so there is no training "
                "to resume: start one without --resume, or name another folder with --run-dir."
            ) from None
        return begun

    def save(self, state: TrainState, records: list[Record]) -> Path:
        """Write a checkpoint; when this returns, it is on the disk.

        raises   DivergenceError if a parameter is infinite or not a number, OSError if the file
                 cannot be written; the checkpoints before it are whole then
        """
        tensors = {"params": to_host(state.params), "memory": to_host(state.optimizer_state)}
        if state.ema is not state.params:
            tensors["average"] = to_host(state.ema)
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
        # First, so that whoever is killed in between does this line again, and misses none.
        lines = [json.dumps(asdict(record)) + "\n" for record in records]
        write_atomically(self.folder / "metrics.jsonl", "".join(lines).encode())
        write_tensors(path, tensors, document)
        # A newer one can only be one that was found damaged.
        for old in [other for other in self._checkpoints() if other <= path][:-KEPT]:
            old.unlink()
        return path

    def latest(self, warn: Callable[[str], None]) -> tuple[TrainState, list[Record]] | None:
        """Read the newest checkpoint that is whole; of each that is not, `warn` is told.

        returns  None if training was stopped before it wrote any
        raises   RunError if none is whole
        """
        paths = self._checkpoints()
        if not paths:
            return None
        for path in reversed(paths):
            try:
                state, records = _read_checkpoint(path)
                if path != self._checkpoint(state.step):
                    raise _malformed(path, f"it is one of step {state.step}")
                return state, records
            except ArtifactError as error:
                warn(f"{error} The checkpoint before it is used.")
        raise RunError(
            f"{self.folder} holds no checkpoint that is whole: start again in another folder."
        )

    def check_state(
        self, state: TrainState, records: list[Record], recipe: Recipe, steps_per_epoch: int
    ) -> None:
        """Make sure that what a checkpoint holds is a state of this training.

        raises   RunError if it is one of another network, optimizer or number of steps
        """
        size = recipe.network.size
        arrays = state.params.shape, state.optimizer_state.shape
        if arrays != ((size,), (recipe.optimizer.state_vectors, size)):
            cause = "its arrays are not those of the recipe's network and optimizer"
        elif (state.ema is state.params) != (recipe.ema_decay == 0):
            cause = "it holds an average of the parameters where the recipe has none, or none"
        elif state.step > recipe.epochs * steps_per_epoch:
            cause = f"it has done {state.step} steps, and there are fewer in all"
        elif len(records) != state.step // steps_per_epoch:
            cause = f"it has done {state.step} steps, and has records of {len(records)} epochs"
        else:
            return
        raise RunError(
            f"{self._checkpoint(state.step)} does not belong to this training ({cause}): remove "
            "it to go on from the checkpoint before it, or name another folder with --run-dir."
        )

    def _checkpoint(self, step: int) -> Path:
        return self.folder / f"checkpoint-{step:08}.safetensors"

    def _checkpoints(self) -> list[Path]:
        """The checkpoints, the newest last."""
        # Not by glob, to which a folder that cannot be listed is an empty one.
        paths = self.folder.iterdir()
        return sorted(path for path in paths if path.match("checkpoint-*.safetensors"))

    def _write_json(self, name: str, value: dict[str, Any]) -> None:
        write_atomically(self.folder / name, (json.dumps(value, indent=2) + "\n").encode())


def _read_checkpoint(path: Path) -> tuple[TrainState, list[Record]]:
    """Read a checkpoint after verifying all of it, whoever made it.

    raises   ArtifactError if anything is not as `Run.save` writes it
    """
    tensors, document, _ = read_tensors(path)
    version = document.get("checkpoint")
    if type(version) is not int or version != FORMAT:
        raise ArtifactError(f"{path} is no checkpoint of this version of inkdigits.")
    match document:
        case {
            "step": int() as step,
            "rng": rng_state,
            "tally": tally,
            "records": list() as records,
        } if len(document) == 5 and _is_number(step, int):
            pass
        case _:
            raise _malformed(path, "a field of its document is missing, unknown or wrong")
    try:
        rng = _generator(rng_state)
        read_tally = _of_numbers(Tally, tally)
        read_records = [_of_numbers(Record, record) for record in records]
    except ValueError as error:
        raise _malformed(path, str(error)) from None
    if [record.epoch for record in read_records] != list(range(1, len(records) + 1)):
        raise _malformed(path, "its records are not of one epoch after the other")
    if read_tally.seconds < 0 or read_tally.correct > read_tally.examples:
        raise _malformed(path, "its sums contradict each other")

    match tensors:
        case {"params": params, "memory": memory, **others} if (
            params.ndim == 1
            and memory.ndim == 2
            and memory.shape[1:] == params.shape
            and all(
                name == "average" and other.shape == params.shape for name, other in others.items()
            )
        ):
            pass
        case _:
            raise _malformed(path, "its arrays are not parameters and an optimizer's memory")
    # Copies, for training changes them in place.
    params, memory = params.copy(), memory.copy()
    average = others["average"].copy() if others else params
    return TrainState(params, memory, average, rng, step, read_tally), read_records


def _generator(state: Any) -> np.random.Generator:
    """Make a generator of a state; raise ValueError if no generator would give this state back."""
    rng = np.random.default_rng()
    try:
        rng.bit_generator.state = state
        # A state with a fraction or with more than there is to say is taken, and cut.
        is_same = canonical(rng.bit_generator.state) == canonical(state)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        is_same = False
    if not is_same:
        raise ValueError("its random state is not one of NumPy's default generator")
    return rng


def _of_numbers(kind: type[Numbers], values: Any) -> Numbers:
    """Make a tally or a record of a JSON object; raise ValueError if any field is wrong."""
    types = {field.name: field.type for field in fields(kind)}
    if not isinstance(values, dict) or values.keys() != types.keys():
        raise ValueError(f"a {kind.__name__.lower()} in it has other fields than it must have")
    for name, value in values.items():
        if not _is_number(value, types[name]):
            raise ValueError(
                f"the {name} of a {kind.__name__.lower()} in it is not a number of use"
            )
    return kind(**values)


def _is_number(value: Any, kind: Any) -> bool:
    """Tell whether a value is one of a field's type: int, a count; float; or float | None."""
    if kind is int:
        return type(value) is int and 0 <= value <= MAX_COUNT
    if value is None:
        return kind is not float
    return type(value) in (int, float) and abs(value) <= MAX_MAGNITUDE


def _malformed(path: Path, cause: str) -> ArtifactError:
    return ArtifactError(f"{path} is not a checkpoint that inkdigits wrote: {cause}.")
