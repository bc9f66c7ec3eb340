"""What one can choose for a run."""

from dataclasses import dataclass


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
