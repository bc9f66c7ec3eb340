"""Commands to a run: small files in its folder, taken in order by the process that trains."""

from dataclasses import dataclass
from typing import Literal, TypeAlias, get_args

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
