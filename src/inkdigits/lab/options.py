"""What one can choose for a run."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, get_args, get_type_hints

from inkdigits.escaping import shown
from inkdigits.lab.errors import LabError

KINDS = {str: "text", int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True)
class LabOptions:
    """What is asked for; None leaves what the recipe has.

    recipe          name of a recipe
    hidden          sizes of the hidden layers, for a recipe without convolutions
    activation      a name of recipe_options.ACTIVATIONS
    dropout         rate of dropout; 0 for none
    optimizer       a name of recipe_options.OPTIMIZERS
    schedule        a name of recipe_options.SCHEDULES
    learning_rate   the highest one of the schedule
    batch_size      examples per step
    epochs          passes over the training images
    augment         a name of recipe_options.AUGMENTS
    share           of the training images, from 0 (excluded) to 1
    seed            of every random choice
    data            a name of `Lab.data()`
    more_data       whether to train on all that the recipe adds to the images: other data sets if
                    they are installed, made digits, restroked digits and non-digits. Preparing
                    them takes a minute. Without them, the model does not reject anything
    early_stopping  epochs without a lower validation loss after which training ends; None for never
    paused          whether to pause before the first step
    name            of the run; None for one that is made of recipe, data and seed
    """

    recipe: str = "mlp"
    hidden: tuple[int, ...] | None = None
    activation: str | None = None
    dropout: float | None = None
    optimizer: str | None = None
    schedule: str | None = None
    learning_rate: float | None = None
    batch_size: int | None = None
    epochs: int | None = None
    augment: str | None = None
    share: float = 1.0
    seed: int = 0
    data: str = "mnist"
    more_data: bool = False
    early_stopping: int | None = None
    paused: bool = False
    name: str | None = None


def parse_options(content: Mapping[str, Any]) -> LabOptions:
    """Make options of JSON values, checking their types; what is missing has its default.

    raises   LabError with the field that is wrong
    """
    kinds = get_type_hints(LabOptions)
    values = {}
    for name, value in content.items():
        if name not in kinds:
            raise LabError(f"There is no option {shown(name)}.", shown(name)[1:-1])
        values[name] = _checked(name, value, kinds[name])
    return LabOptions(**values)


def _checked(name: str, value: Any, kind: Any) -> Any:
    """Return the value of an option, if it is of the option's type."""
    kinds = get_args(kind) or (kind,)
    if value is None and NoneType in kinds:
        return None
    if kinds[0] == tuple[int, ...]:
        if isinstance(value, list | tuple) and all(type(size) is int for size in value):
            return tuple(value)
        raise LabError(f"{name} must be a list of whole numbers.", name)
    if float in kinds and type(value) in (int, float):
        return float(value)
    if type(value) in kinds:
        return value
    raise LabError(f"{name} must be {KINDS[kinds[0]]}, not {shown(value)}.", name)
