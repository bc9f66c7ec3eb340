"""Schemas of the JSON of the lab: training that is watched and steered."""

import math
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, TypeAdapter

from inkdigits.api.schemas import StrictModel, Whole
from inkdigits.lab.commands import CommandName

MAX_LAYERS, MAX_UNITS = 8, 4096
MAX_BATCH, MAX_EPOCHS = 10_000, 10_000
MAX_SEED = 2**32 - 1
MAX_NAME = 64

# Requests. The lab checks what depends on the recipe.

Count = Annotated[int, Field(ge=1, le=MAX_EPOCHS), Whole]
Name = Annotated[str, Field(min_length=1, max_length=MAX_NAME)]


class LabOptions(StrictModel):
    """What to train. Whatever is left out or null is as the recipe has it."""

    recipe: Name = Field("mlp", description="The name of a recipe.")
    hidden: (
        Annotated[
            list[Annotated[int, Field(ge=1, le=MAX_UNITS), Whole]],
            Field(min_length=1, max_length=MAX_LAYERS, fail_fast=True),
        ]
        | None
    ) = Field(None, description="Sizes of the hidden layers, for a recipe without convolutions.")
    activation: Name | None = None
    dropout: Annotated[float, Field(ge=0, lt=1)] | None = Field(
        None, description="Rate of dropout; 0 for none."
    )
    optimizer: Name | None = None
    schedule: Name | None = None
    learning_rate: Annotated[float, Field(gt=0, le=1000)] | None = Field(
        None, description="The highest one of the schedule."
    )
    batch_size: Annotated[int, Field(ge=1, le=MAX_BATCH), Whole] | None = None
    epochs: Count | None = None
    augment: Name | None = None
    share: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0, description="How much of the training images to use."
    )
    seed: Annotated[int, Field(ge=0, le=MAX_SEED), Whole] = Field(
        0, description="Of every random choice."
    )
    data: Name = Field("mnist", description="What to train on: a name that GET /api/v1/lab lists.")
    more_data: bool = Field(
        False,
        description="Whether to train on all that the recipe adds to the images: other data sets, "
        "if they are installed, made digits and non-digits. Without them, the model rejects "
        "nothing.",
    )
    early_stopping: Count | None = Field(
        None,
        description="Epochs without a lower validation loss after which training ends; null for "
        "never.",
    )
    paused: bool = Field(False, description="Whether to pause before the first step.")
    name: Name | None = Field(None, description="Of the run; if it is left out, it gets one.")


class LabCommand(StrictModel):
    """What a run is to do between two steps."""

    command: CommandName
    value: Annotated[float, Field(ge=0, le=1e9)] | None = Field(
        None,
        description="For learning_rate, epochs and rewind (the step of a checkpoint), and for "
        "early_stopping, where null turns it off.",
    )


class LabRepeat(StrictModel):
    """How to train a run again, with its options and its seed."""

    replay: bool = Field(
        False,
        description="Whether to repeat what was changed while it trained, at the same steps, which "
        "leads to the same weights.",
    )


OPTIONS, COMMAND, REPEAT = (
    TypeAdapter(LabOptions),
    TypeAdapter(LabCommand),
    TypeAdapter(LabRepeat),
)

# Responses.

Setting = str | int | float | bool | None


def _measured(value: Any) -> Any:
    """Convert what a diverging network measures to null: JSON has no NaN."""
    return None if isinstance(value, float) and not math.isfinite(value) else value


Measured = Annotated[float | None, BeforeValidator(_measured)]


class LabRecipe(StrictModel):
    """A recipe."""

    name: str
    summary: str
    layers: list[str] = Field(description="The layers of the network, from input to output.")
    has_convolutions: bool = Field(description="Whether `hidden` cannot be chosen for it.")
    settings: dict[str, Setting] = Field(description="What it has: as the settings of a run.")


class LabData(StrictModel):
    """Images to train on."""

    name: str
    title: str
    available: bool = Field(description="Whether its files are installed.")
    count: int | None = Field(description="How many images for training; null if not known.")


class LabLimits(StrictModel):
    """The limits of the lab."""

    running: int = Field(description="Runs that train or are paused at the same time.")
    kept: int = Field(description="Runs in the folder.")
    memory_bytes: int = Field(description="Memory of each run.")
    seconds: float = Field(description="Time after which a run is stopped; it can be continued.")
    checkpoints: int = Field(description="Checkpoints of each run.")
    streams: int = Field(description="Streams of events at the same time, per worker.")
    served: int = Field(description="Runs that are served at the same time.")


class Lab(StrictModel):
    """The lab of this server."""

    token: str | None = Field(
        description="For the header `Authorization: Bearer TOKEN` of all other requests; null if a "
        "person has to type it."
    )
    recipes: list[LabRecipe]
    choices: dict[str, list[str]] = Field(
        description="The possible values of the options that are names."
    )
    limits: LabLimits
    data: list[LabData]
    folder: str = Field(description="The name of the folder of all runs.")


class LabRun(StrictModel):
    """A run in the list."""

    name: str
    state: Literal["starting", "training", "paused", "finished", "stopped", "failed", "diverged"]
    message: str = Field(
        description='Why it failed, diverged or was stopped; "" if there is nothing to say.'
    )
    recipe: str
    started: float = Field(description="In seconds since 1970.")
    step: int = Field(description="How many steps are done.")
    steps: int = Field(description="Of how many; 0 until the data are prepared.")
    epoch: int = Field(description="How many epochs are done.")
    epochs: int
    loss: Measured = Field(description="Of the training images; null before the first step.")
    accuracy: Measured
    validation_loss: Measured = Field(description="After the last epoch.")
    validation_accuracy: Measured
    learning_rate: Measured
    settings: dict[str, Setting] = Field(description="To compare runs by.")
    seconds: float = Field(description="That training took so far.")
    has_model: bool = Field(description="Whether there is a model to serve.")
    is_served: bool = Field(description="Whether predictions can name it as their model.")


class LabRuns(StrictModel):
    """All runs, the newest first."""

    runs: list[LabRun]


class LabEpoch(StrictModel):
    """The results of one epoch."""

    epoch: int
    loss: Measured
    accuracy: Measured
    validation_loss: Measured
    validation_accuracy: Measured
    learning_rate: Measured
    seconds: float
    images_per_second: float


class LabPoint(StrictModel):
    """A point of the curve: the mean of a few steps."""

    step: int
    loss: Measured
    accuracy: Measured
    learning_rate: Measured


class LabCheckpoint(StrictModel):
    """A checkpoint to rewind to."""

    step: int
    epoch: int


class LabRunDetail(LabRun):
    """Everything about a run but its pictures of digits."""

    options: dict[str, Any] | None = Field(
        description="What was asked for; null if the run was not started by the lab."
    )
    records: list[LabEpoch]
    curve: list[LabPoint] = Field(description="At most 1,000 points.")
    changes: list[dict[str, Any]] = Field(description="What was changed when, in order.")
    checkpoints: list[LabCheckpoint] = Field(description="The oldest first.")
    picture: dict[str, Any] | None = Field(description='The last event of type "picture".')
    offset: int = Field(description="Where to follow the events from.")
    resume: str | None = Field(description="The command that continues the run in a terminal.")


class LabConfusion(StrictModel):
    """How the validation images were predicted after the last epoch; empty before that."""

    classes: list[str]
    counts: list[list[int]] = Field(
        description="For each class, how many of its images were predicted as each class."
    )
    step: int | None = Field(description="How many steps were done.")


class LabDigit(StrictModel):
    """A validation image and its prediction."""

    number: int
    actual: str
    predicted: str
    confidence: float
    picture: str = Field(description="What the network sees, as a PNG data URL.")


class LabDigits(StrictModel):
    """Validation images, those with the most confident predictions first."""

    digits: list[LabDigit]
