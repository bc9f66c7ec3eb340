"""The small JSON files in a run's folder that its process writes and the lab reads."""

import json
import os
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from inkdigits.changes import Change, changes_to_json, parse_changes
from inkdigits.lab.folders import ASKED
from inkdigits.lab.options import LabOptions, parse_options
from inkdigits.lab.views import Setting, State
from inkdigits.storage.files import FileError, invalid_file, read_file, write_atomically
from inkdigits.strict_json import parse
from inkdigits.training import Record

STATUS = "status.json"
STATUS_BYTES = 2**13  # its size, with spaces at the end: it can be overwritten on a full disk
MAX_BYTES = 2**20  # of the other files


@dataclass(frozen=True)
class Asked:
    """What was asked for, and when: `lab.json`.

    started  seconds since 1970
    changes  of an earlier run, to be repeated
    """

    options: LabOptions
    started: float
    changes: tuple[Change, ...] = ()

    def write(self, folder: Path) -> None:
        """Write the file; raise OSError."""
        content = {"options": asdict(self.options), "started": self.started}
        data = json.dumps(content | changes_to_json(self.changes), indent=2) + "\n"
        write_atomically(folder / ASKED, data.encode())

    @classmethod
    def read(cls, folder: Path) -> "Asked":
        """Read the file; raise FileError if it is not what `write` writes."""
        path = folder / ASKED
        try:
            match parse(read_file(path, MAX_BYTES)):
                case {"options": dict() as options, "started": float() as started} as content:
                    changes = tuple(parse_changes(content))
                    return cls(parse_options(options), started, changes)
        except (ValueError, LookupError) as error:
            raise invalid_file(path, ascii(str(error))[1:-1][:120]) from None
        raise invalid_file(path, "a field is missing or wrong")


@dataclass(frozen=True)
class Status:
    """How far a run is: `status.json`. The fields are those of RunSummary."""

    state: State
    message: str = ""
    recipe: str = ""
    started: float = 0.0
    step: int = 0
    steps: int = 0
    epoch: int = 0
    epochs: int = 0
    loss: float | None = None
    accuracy: float | None = None
    validation_loss: float | None = None
    validation_accuracy: float | None = None
    learning_rate: float | None = None
    settings: dict[str, Setting] = field(default_factory=dict)
    seconds: float = 0.0
    has_model: bool = False

    def write(self, folder: Path) -> None:
        """Replace the file, or overwrite it if the disk is full.

        raises   OSError if neither is possible
        """
        data = json.dumps(asdict(self)).encode()
        if len(data) > STATUS_BYTES:
            data = json.dumps(asdict(replace(self, settings={}))).encode()
        data = data.ljust(STATUS_BYTES)
        path = folder / STATUS
        try:
            replace_file(path, data)
        except OSError:
            if path.is_symlink():
                raise
            with path.open("r+b") as file:
                file.write(data)

    @classmethod
    def read(cls, folder: Path) -> "Status":
        """Read the file; raise FileError if it is missing or not what `write` writes."""
        path = folder / STATUS
        content = parse_object(path, STATUS_BYTES)
        try:
            status = cls(**content)
        except TypeError:
            raise invalid_file(path, "a field is missing or unknown") from None
        if not isinstance(status.state, str) or not isinstance(status.settings, dict):
            raise invalid_file(path, "a field is wrong")
        return status


def figures(records: Sequence[Record]) -> dict[str, Any]:
    """Return the fields of a status that the records of all epochs give."""
    fields = ("loss", "accuracy", "validation_loss", "validation_accuracy", "learning_rate")
    last = asdict(records[-1]) if records else {}
    return {
        "epoch": len(records),
        "seconds": sum(record.seconds for record in records),
        **{name: last.get(name) for name in fields},
    }


def parse_object(path: Path, limit: int = MAX_BYTES) -> dict[str, Any]:
    """Read a JSON object; raise FileError for anything else."""
    try:
        content = parse(read_file(path, limit))
    except ValueError as error:
        raise invalid_file(path, ascii(str(error))[1:-1][:120]) from None
    if not isinstance(content, dict):
        raise invalid_file(path, "it is not a JSON object")
    return content


def replace_file(path: Path, data: bytes) -> None:
    """Replace a file that may be lost if the system crashes: unlike write_atomically, without sync.

    raises   OSError
    """
    temporary = path.parent / f".inkdigits-{secrets.token_hex(8)}.tmp"
    try:
        temporary.write_bytes(data)
        os.replace(temporary, path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def read_json(path: Path, default: Any) -> Any:
    """Read the "content" of a JSON file that may be missing or damaged."""
    try:
        return parse_object(path)["content"]
    except (FileError, KeyError):
        return default


def write_json(path: Path, content: Any) -> None:
    """Write what `read_json` reads; raise OSError."""
    replace_file(path, json.dumps({"content": content}).encode())


def checkpoint_steps(folder: Path) -> Sequence[int]:
    """Return the steps of the checkpoints in a folder, in order."""
    steps = []
    for name in os.listdir(folder):
        number = name.removeprefix("checkpoint-").removesuffix(".safetensors")
        if name == f"checkpoint-{number}.safetensors" and number.isascii() and number.isdigit():
            steps.append(int(number[:16]))
    return sorted(steps)
