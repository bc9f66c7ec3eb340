"""Commands to a run: small files in its folder, taken in order by the process that trains."""

import json
import secrets
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias, get_args

from inkdigits.escaping import shown
from inkdigits.lab.choice import check_patience
from inkdigits.lab.errors import LabError
from inkdigits.recipe_check import RANGES, RATE, Range
from inkdigits.recipes import Recipe
from inkdigits.storage.files import FileError, read_file, write_atomically
from inkdigits.strict_json import parse

FOLDER = "commands"
MAX_WAITING = 100
MAX_BYTES = 2**10

CommandName: TypeAlias = Literal[
    "pause",
    "continue",
    "step",
    "epoch",
    "learning_rate",
    "epochs",
    "rewind",
    "early_stopping",
    "stop",
]
COMMANDS: tuple[str, ...] = get_args(CommandName)
STEPS = Range(0, 2**53)
VALUES = {"learning_rate": RATE, "epochs": RANGES[Recipe]["epochs"], "rewind": STEPS}
WHOLE = ("epochs", "rewind")


@dataclass(frozen=True)
class Command:
    """What a run is to do between two steps.

    pause           wait
    continue        train to the end; also continues a run that was stopped or whose process died
    step            train one step, then pause; one weight's gradient is checked numerically
    epoch           train to the end of the current epoch, then pause
    learning_rate   `value`: the highest rate of the schedule from now on
    epochs          `value`: another number of epochs, also of a run that has finished
    rewind          `value`: the step of a checkpoint to go back to, then pause
    early_stopping  `value`: epochs without a lower validation loss after which training ends;
                    None for never
    stop            save a checkpoint, write the model, and end
    """

    name: CommandName
    value: float | None = None

    def check(self) -> None:
        """Raise LabError if the name or the value is wrong."""
        if self.name not in COMMANDS:
            raise LabError(f"command must be one of {', '.join(COMMANDS)}.", "command")
        value = self.value
        if self.name == "early_stopping":
            check_patience(value)
        elif self.name in VALUES:
            allowed = VALUES[self.name]
            if value is None or value not in allowed:
                raise LabError(f"The value of {self.name} must be {allowed}.", "value")
            if self.name in WHOLE and value != int(value):
                raise LabError(f"The value of {self.name} must be a whole number.", "value")
        elif value is not None:
            raise LabError(f"{self.name} takes no value.", "value")


def parse_command(content: Any) -> Command:
    """Make a command of JSON, {"command": name, "value": number}; raise LabError if it is wrong."""
    if not isinstance(content, dict) or content.keys() - {"command", "value"}:
        raise LabError("A command is an object with command and value.", "command")
    name, value = content.get("command"), content.get("value")
    if value is not None and type(value) not in (int, float):
        raise LabError(f"value must be a number, not {shown(value)}.", "value")
    command = Command(name, value)  # type: ignore[arg-type]
    command.check()
    return command


def send(folder: Path, command: Command) -> None:
    """Leave a command in a run's folder.

    raises   LabError if too many are waiting, OSError
    """
    waiting = folder / FOLDER
    waiting.mkdir(exist_ok=True)
    if waiting.is_symlink():
        raise LabError("The folder of the run's commands is a link; remove it.")
    if len(_waiting(folder)) >= MAX_WAITING:
        raise LabError("Too many commands are waiting; try again in a moment.")
    name = f"{time.time_ns():020}-{secrets.token_hex(4)}.json"
    content = asdict(command)
    data = json.dumps({"command": content["name"], "value": content["value"]}).encode()
    write_atomically(waiting / name, data)


def take(folder: Path) -> list[Command]:
    """Take all commands, in the order they were sent; invalid ones are left out."""
    commands = []
    for path in _waiting(folder):
        with suppress(FileError, LabError, ValueError):
            commands.append(parse_command(parse(read_file(path, MAX_BYTES))))
        path.unlink(missing_ok=True)
    return commands


def _waiting(folder: Path) -> list[Path]:
    waiting = folder / FOLDER
    if waiting.is_symlink():  # whose files are not commands, and must not be deleted
        return []
    try:
        return sorted(waiting.glob("*.json"))
    except OSError:
        return []
