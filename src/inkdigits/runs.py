"""A run's folder: settings, checkpoints, metrics, and a lock against a second training.

settings.json                    recipe, seed, data, versions
checkpoint-STEP.safetensors      the newest two: if the last one is damaged, one is left
metrics.jsonl                    one line per epoch, rewritten from the checkpoint's records
RECIPE.safetensors               the model, at the end
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
from inkdigits.dataclass_json import MAX_EXACT_INTEGER
from inkdigits.recipes import Recipe
from inkdigits.storage.files import FileError, invalid_file, read_file, write_atomically
from inkdigits.storage.tensors import read_tensors, write_tensors
from inkdigits.strict_json import canonical, parse
from inkdigits.training import DivergenceError, Record, Tally, TrainState

CHECKPOINTS_KEPT = 2
FORMAT = 2  # of settings and checkpoints
MAX_SETTINGS_BYTES = 2**18  # fifty times what they need
MAX_MAGNITUDE = 1e100  # of a measured number, so that sums and ratios of them are finite
MAX_SHOWN = 200  # characters of a setting in a message
NOT_COMPARED = {"versions", "machine"}  # settings that may differ on resuming

Numbers = TypeVar("Numbers", Tally, Record)


class RunError(FileError):
    """The folder cannot be used this way; the message says why and what to do.

    As a FileError, it is reported by every command, even one that does not import this module.
    """


class Run:
    """The folder of one training. Use it inside `locked`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Lock the folder; the system releases the lock if this process dies.

        raises   RunError if another training run holds the lock, or the folder is not writable
        """
        lock = FileLock(self.folder / ".lock", timeout=0)
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
                    "folder with --run-dir."
                ) from None
            except OSError as error:
                raise RunError(
                    f"{self.folder} is not writable ({error.strerror}): make it writable, free "
                    "some space, or choose another folder with --run-dir."
                ) from None
            yield
        finally:
            lock.release()

    def begin(self, settings: dict[str, Any]) -> None:
        """Write the settings of a new training.

        raises   RunError if the folder already has a training run
        """
        if self._checkpoints():
            raise RunError(
                f"{self.folder} already has a training run: continue it with --resume, or choose "
                "another folder with --run-dir."
            )
        content = {"format": FORMAT, **settings}
        data = (json.dumps(content, indent=2) + "\n").encode()
        write_atomically(self.folder / "settings.json", data)

    def check_settings(self, settings: dict[str, Any]) -> None:
        """Make sure that a training run is resumed with the settings it started with.

        raises   RunError if the folder has no training run, or one with other settings
        """
        begun = self._read_settings()
        if begun.pop("format", None) != FORMAT:
            raise RunError(
                f"{self.folder} was started by another version of inkdigits, whose settings and "
                "checkpoints this version does not read: resume it with that version, or start "
                "again in another folder with --run-dir."
            )
        begun = {key: value for key, value in begun.items() if key not in NOT_COMPARED}
        difference = _first_difference(begun, settings)
        if difference is not None:
            name, was, now = difference
            raise RunError(
                f"{self.folder} was started with {name} {was}, not {now}: resume it with the same "
                "settings, or choose another folder with --run-dir."
            )

    def _read_settings(self) -> dict[str, Any]:
        path = self.folder / "settings.json"
        try:
            begun = parse(read_file(path, MAX_SETTINGS_BYTES))
            if not isinstance(begun, dict):
                raise ValueError("it is not a JSON object")
        except (FileError, ValueError) as error:
            cause = "" if isinstance(error, FileError) else f" ({ascii(str(error))[1:-1][:120]})"
            raise RunError(
                f"{path} is missing, damaged or not a regular file{cause}, so there is no run "
                "to resume: start one without --resume, or choose another folder with --run-dir."
            ) from None
        return begun

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
        lines = [json.dumps(asdict(record)) + "\n" for record in records]
        write_atomically(self.folder / "metrics.jsonl", "".join(lines).encode())
        write_tensors(path, tensors, document)
        # Newer ones do not count: they were found damaged.
        older = [other for other in self._checkpoints() if other <= path]
        for other in older[:-CHECKPOINTS_KEPT]:
            other.unlink()
        return path

    def latest(self, warn: Callable[[str], None]) -> tuple[TrainState, list[Record]] | None:
        """Read the newest checkpoint that is whole; call `warn` for each that is not.

        returns  None if training stopped before it wrote any
        raises   RunError if none is whole
        """
        paths = self._checkpoints()
        if not paths:
            return None
        for path in reversed(paths):
            try:
                state, records = _read_checkpoint(path)
                if path != self._checkpoint(state.step):
                    raise invalid_file(path, f"it is the checkpoint of step {state.step}")
                return state, records
            except FileError as error:
                warn(f"{error} Using the checkpoint before it.")
        raise RunError(f"No checkpoint in {self.folder} is whole: start again in another folder.")

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

    def _checkpoint(self, step: int) -> Path:
        return self.folder / f"checkpoint-{step:08}.safetensors"

    def _checkpoints(self) -> list[Path]:
        """Return the checkpoints, the newest last."""
        # Not by glob, which treats a folder that cannot be listed as empty.
        paths = self.folder.iterdir()
        return sorted(path for path in paths if path.match("checkpoint-*.safetensors"))


def _first_difference(begun: Any, now: Any, name: str = "") -> tuple[str, str, str] | None:
    """Find where two settings differ: the path to the first difference, and both values."""
    if isinstance(begun, dict) and isinstance(now, dict):
        for key in [*now, *(key for key in begun if key not in now)]:
            path = f"{name}.{key}" if name else key
            if key not in begun or key not in now:
                was, is_now = (_shown(values.get(key, "unset")) for values in (begun, now))
                return ascii(path)[1:-1][:80], was, is_now
            difference = _first_difference(begun[key], now[key], path)
            if difference is not None:
                return difference
        return None
    if isinstance(begun, list) and isinstance(now, list) and len(begun) == len(now):
        return _first_difference(_by_index(begun), _by_index(now), name)
    # As JSON, where 1, 1.0 and true differ.
    if canonical(begun) == canonical(now):
        return None
    return ascii(name)[1:-1][:80], _shown(begun), _shown(now)


def _by_index(items: list[Any]) -> dict[str, Any]:
    return {str(index): item for index, item in enumerate(items)}


def _shown(value: Any) -> str:
    text = value if value == "unset" else ascii(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "..."


def _read_checkpoint(path: Path) -> tuple[TrainState, list[Record]]:
    """Read a checkpoint and verify all of it, whoever made it.

    raises   FileError if anything differs from what `Run.save` writes
    """
    tensors, document, _ = read_tensors(path)
    version = document.get("checkpoint")
    if type(version) is not int or version != FORMAT:
        raise FileError(f"{path} is not a checkpoint of this version of inkdigits.")
    match document:
        case {
            "step": int() as step,
            "rng": rng_state,
            "tally": tally,
            "records": list() as records,
        } if len(document) == 5 and _is_number(step, int):
            pass
        case _:
            raise invalid_file(path, "a field of its document is missing, unknown or wrong")
    try:
        rng = _generator(rng_state)
        read_tally = _of_numbers(Tally, tally)
        read_records = [_of_numbers(Record, record) for record in records]
    except ValueError as error:
        raise invalid_file(path, str(error)) from None
    if [record.epoch for record in read_records] != list(range(1, len(records) + 1)):
        raise invalid_file(path, "its records are not of consecutive epochs")
    if read_tally.seconds < 0 or read_tally.correct > read_tally.examples:
        raise invalid_file(path, "its sums contradict each other")

    match tensors:
        case {"params": params, "optimizer_state": optimizer_state, **others} if (
            params.ndim == 1
            and optimizer_state.ndim == 2
            and optimizer_state.shape[1:] == params.shape
            and all(name == "ema" and other.shape == params.shape for name, other in others.items())
        ):
            pass
        case _:
            raise invalid_file(path, "its arrays are not parameters and an optimizer's state")
    # Copies, because training updates them in place.
    params, optimizer_state = params.copy(), optimizer_state.copy()
    ema = others["ema"].copy() if others else params
    return TrainState(params, optimizer_state, ema, rng, step, read_tally), read_records


def _generator(state: Any) -> np.random.Generator:
    """Make a generator from a state; raise ValueError unless it returns this very state."""
    rng = np.random.default_rng()
    try:
        rng.bit_generator.state = state
        # NumPy accepts a state with fractions or extra fields, and drops them.
        is_same = canonical(rng.bit_generator.state) == canonical(state)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        is_same = False
    if not is_same:
        raise ValueError("its random state is not that of NumPy's default generator")
    return rng


def _of_numbers(kind: type[Numbers], values: Any) -> Numbers:
    """Make a tally or a record from a JSON object; raise ValueError if any field is wrong."""
    types = {field.name: field.type for field in fields(kind)}
    if not isinstance(values, dict) or values.keys() != types.keys():
        raise ValueError(f"the fields of a {kind.__name__.lower()} in it are wrong")
    for name, value in values.items():
        if not _is_number(value, types[name]):
            raise ValueError(f"the {name} of a {kind.__name__.lower()} in it is not a valid number")
    return kind(**values)


def _is_number(value: Any, kind: Any) -> bool:
    """Return whether a value is valid for a field: int (a count), float, or float | None."""
    if kind is int:
        return type(value) is int and 0 <= value <= MAX_EXACT_INTEGER
    if value is None:
        return kind is not float
    return type(value) in (int, float) and abs(value) <= MAX_MAGNITUDE
