"""What is shown of a run."""

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.imaging.decode import encode_png
from inkdigits.training import Record

State: TypeAlias = Literal[
    "starting", "training", "paused", "finished", "stopped", "failed", "diverged"
]
ACTIVE: tuple[State, ...] = ("starting", "training", "paused")  # a process is running
Setting: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True)
class RunSummary:
    """A run in a list.

    message         why it failed, diverged or was stopped; "" if there is nothing to say
    started         seconds since 1970
    step, steps     how many are done, and of how many; steps is 0 until the data are prepared
    epoch, epochs   how many are done, and of how many
    loss, accuracy  of the training images in the current or last epoch; None before the first step
    validation_...  after the last epoch
    settings        name -> value, to compare runs by
    seconds         that training took so far
    has_model       whether there is a model file
    """

    name: str
    state: State
    message: str
    recipe: str
    started: float
    step: int
    steps: int
    epoch: int
    epochs: int
    loss: float | None
    accuracy: float | None
    validation_loss: float | None
    validation_accuracy: float | None
    learning_rate: float | None
    settings: dict[str, Setting]
    seconds: float
    has_model: bool


@dataclass(frozen=True)
class CurvePoint:
    """The mean of a few steps: the last one's number, their loss and accuracy, the last rate."""

    step: int
    loss: float
    accuracy: float
    learning_rate: float


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint to rewind to: the number of steps done then, and of whole epochs."""

    step: int
    epoch: int


@dataclass(frozen=True)
class RunDetail:
    """Everything about a run but its pictures of digits.

    options      the LabOptions as JSON values; None if the run was not started by the lab
    records      one for each epoch
    curve        at most 1,000 points
    changes      what was changed when, in order: see `inkdigits.changes.Change`, as JSON values
    checkpoints  oldest first
    picture      the last event "picture", or None
    offset       where to follow the events from
    resume       the command that continues the run in a terminal; None if it is not known
    """

    summary: RunSummary
    options: dict[str, Any] | None
    records: tuple[Record, ...]
    curve: tuple[CurvePoint, ...]
    changes: tuple[dict[str, Any], ...]
    checkpoints: tuple[Checkpoint, ...]
    picture: dict[str, Any] | None
    offset: int
    resume: str | None


@dataclass(frozen=True, eq=False)
class Confusion:
    """How the validation images were predicted after the last epoch.

    classes   names, C of them
    counts    int (C, C): images of the class `row` that were predicted as `column`
    step      number of steps done then
    """

    classes: tuple[str, ...]
    counts: NDArray[np.int_]
    step: int


@dataclass(frozen=True, eq=False)
class ValidationDigit:
    """A validation image and its prediction.

    number      of the image among the validation images
    actual      name of its class
    predicted   name of the most likely class
    confidence  probability of that class
    picture     uint8 (28, 28), preprocessed: what the network sees
    """

    number: int
    actual: str
    predicted: str
    confidence: float
    picture: Pixels

    def png(self) -> bytes:
        """Encode the picture as a PNG file."""
        return encode_png(self.picture)


@dataclass(frozen=True)
class DataSource:
    """Images that a run can train on.

    name        for LabOptions.data
    title       for people
    available   whether its files are installed
    count       of the training images; None if it is not known without reading all of them
    """

    name: str
    title: str
    available: bool
    count: int | None
