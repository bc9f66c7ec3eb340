"""The content of a run's files: a checkpoint, and a line of the metrics. Reading verifies.

Whoever made the files, nothing but numbers comes out of them.
"""

from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from inkdigits.dataclass_json import MAX_EXACT_INTEGER
from inkdigits.storage.files import FileError, invalid_file, read_file
from inkdigits.storage.tensors import read_tensors
from inkdigits.strict_json import canonical, parse
from inkdigits.training import Record, Tally, TrainState

FORMAT = 2  # of settings and checkpoints
MAX_METRICS_BYTES = 2**25  # of the 100,000 epochs that a recipe may have
MAX_MAGNITUDE = 1e100  # of a measured number, so that sums and ratios of them are finite

Numbers = TypeVar("Numbers", Tally, Record)


def read_checkpoint(path: Path) -> tuple[TrainState, list[Record]]:
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
        _check_epochs(read_records)
    except ValueError as error:
        raise invalid_file(path, str(error)) from None
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


def _check_epochs(records: Sequence[Record]) -> None:
    if [record.epoch for record in records] != list(range(1, len(records) + 1)):
        raise ValueError("its records are not of consecutive epochs")


def _is_number(value: Any, kind: Any) -> bool:
    """Return whether a value is valid for a field: int (a count), float, or float | None."""
    if kind is int:
        return type(value) is int and 0 <= value <= MAX_EXACT_INTEGER
    if value is None:
        return kind is not float
    return type(value) in (int, float) and abs(value) <= MAX_MAGNITUDE


def read_metrics(path: Path) -> list[Record]:
    """Read the records that `Run.save` writes, one per line.

    raises   FileError if anything differs from that
    """
    lines = read_file(path, MAX_METRICS_BYTES).splitlines()
    try:
        records = [_of_numbers(Record, parse(line)) for line in lines]
        _check_epochs(records)
    except ValueError as error:
        raise invalid_file(path, ascii(str(error))[1:-1][:120]) from None
    return records
