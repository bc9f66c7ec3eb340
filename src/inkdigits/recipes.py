"""The named recipes, as data: a network, the preprocessing of its images, and how to train it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import Any

from inkdigits import dataclass_json
from inkdigits.arrays import Array
from inkdigits.constants import CLASSES, DIGITS, IMAGE_SIDE
from inkdigits.data.augment import Augment
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.initializers import Initializer, glorot, he, inverse_square_root
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, Layer, ReLU, Sigmoid
from inkdigits.nn.losses import LabelSmoothing, SoftTargets, Targets
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD, AdamW, Optimizer
from inkdigits.nn.schedules import Constant, Cosine, OneCycle, Schedule

INPUT_SHAPE = (IMAGE_SIDE, IMAGE_SIDE)
NON_DIGIT = CLASSES  # the class of everything else, where a network has an output for it

# What a file may name.
INFERENCE_LAYERS = (
    Flatten,
    AddChannel,
    ZeroPad2D,
    Conv2D,
    MaxPool2D,
    Dense,
    ReLU,
    Sigmoid,
    Dropout,
)
INITIALIZERS = (he, glorot, inverse_square_root)
_CHOICES: dataclass_json.Choices = {
    Layer: (*INFERENCE_LAYERS, BatchNorm),
    Initializer: INITIALIZERS,
    Targets: (LabelSmoothing, SoftTargets),
    Optimizer: (SGD, AdamW),
    Schedule: (Constant, Cosine, OneCycle),
}


@dataclass(frozen=True)
class Recipe:
    """Everything that determines a model except the data and the seed.

    name              what the command line and a model file call it
    summary           one sentence for people
    network           takes float32 (N, 28, 28), pixels / 255, and returns logits: (N, 10) for the
                      digits, or (N, 11) with one more for non-digits; (N, C) for other classes
    preprocessing     "classic", "ink" or "plain", for training and for inference
    targets           the target distribution of each class
    batch_size        examples per optimizer step
    epochs            passes over the training images
    shuffle           whether each epoch has a new order
    validation        share of MNIST's training digits held out for validation, split by writer
    augment           random distortion, drawn anew each time an image is used; or None
    ema_decay         decay of the exponential moving average (EMA) of the weights, which becomes
                      the model; 0 to use the weights themselves
    restroked         share of MNIST's digits that are also used restroked, with another pen
    pendigits_images  images of each Pendigits writer, rendered from their digits; 0 for none
    unipen_images     images of each UNIPEN writer, rendered from their digits; 0 for none
    semeion_copies    how often each Semeion digit is used: once as it is, and then restroked
    made_digits       number of digits that are made in forms that the other sources lack
    outliers          non-digit images per digit image; 0 for a network without an output for them
    tta               whether images with an uncertain prediction get test-time augmentation
    classes           the names of the classes, without the one for non-digits
    """

    name: str
    summary: str
    network: Network
    preprocessing: str
    targets: Targets
    optimizer: Optimizer
    schedule: Schedule
    batch_size: int
    epochs: int
    shuffle: bool = True
    validation: float = 0.1
    augment: Augment | None = None
    ema_decay: float = 0.0
    restroked: float = 0.0
    pendigits_images: int = 0
    unipen_images: int = 0
    semeion_copies: int = 0
    made_digits: int = 0
    outliers: float = 0.0
    tta: bool = True
    classes: tuple[str, ...] = DIGITS

    @cached_property
    def target_table(self) -> Array:
        """The target distribution of each class, float32 (C, C); index it by labels."""
        return self.targets(self.network.output_shapes(INPUT_SHAPE)[-1][0])

    def to_json(self) -> dict[str, Any]:
        """Return every field as typed JSON."""
        content: dict[str, Any] = dataclass_json.to_json(self)
        return content

    @classmethod
    def from_json(cls, content: Any, *, complete: bool = True) -> "Recipe":
        """Read a recipe that `to_json` wrote, or with `complete=False` one that people write.

        complete  whether every field must be there; if not, those with a default may be left out
        raises    ValueError, with the field and the cause as a clause, if it is anything else; a
                  recipe that is read may still not be fit for training: see recipe_check
        """
        recipe: Recipe = dataclass_json.from_json(content, cls, _CHOICES, complete=complete)
        return recipe


# Stronger distortion would turn some ones with an upstroke into sevens.
MILD = Augment(
    rotation_degrees=7.0,
    scale=0.1,
    aspect=0.1,
    shear=0.1,
    shift_px=1.0,
    elastic_px=0.8,
    elastic_length_scale_px=4.0,
    stroke=0.3,
    gap_share=0.02,
    noise=0.05,
    blur=0.0,
)

CLASSIC = Recipe(
    name="classic",
    summary="The write-up's network and training: sigmoids, one example per step, in order.",
    network=Network(
        (
            Flatten(),
            Dense(784, 128, bias=False, initializer=inverse_square_root),
            Sigmoid(),
            Dense(128, 64, bias=False, initializer=inverse_square_root),
            Sigmoid(),
            Dense(64, 10, bias=False, initializer=inverse_square_root),
        )
    ),
    preprocessing="classic",
    targets=SoftTargets(),
    optimizer=SGD(),
    schedule=Constant(0.001),
    batch_size=1,
    epochs=10,
    shuffle=False,
    validation=0.0,
    tta=False,
)


def _dense(*sizes: int) -> tuple[Layer, ...]:
    """Return hidden layers from each size to the next."""
    return tuple(
        layer
        for inputs, outputs in pairwise(sizes)
        for layer in (Dense(inputs, outputs), BatchNorm(outputs), ReLU())
    )


def _convolution(channels: int, filters: int) -> tuple[Layer, ...]:
    return Conv2D(channels, filters), BatchNorm(filters), ReLU()


def _convolution_and_pool(channels: int, filters: int) -> tuple[Layer, ...]:
    """Put ReLU after the pool: the result is the same, with a quarter of the work."""
    return Conv2D(channels, filters), BatchNorm(filters), MaxPool2D(), ReLU()


MLP = Recipe(
    name="mlp",
    summary="The write-up's layer sizes with modern training.",
    network=Network((Flatten(), *_dense(784, 128, 64), Dense(64, 11))),
    preprocessing="ink",
    targets=LabelSmoothing(0.02),
    optimizer=AdamW(weight_decay=0.01),
    schedule=OneCycle(peak=0.004),
    batch_size=128,
    epochs=60,
    ema_decay=0.9995,
    augment=MILD,
    pendigits_images=1500,
    unipen_images=260,
    semeion_copies=3,
    made_digits=16_000,
    outliers=0.25,
)

MLP_LARGE = replace(
    MLP,
    name="mlp-large",
    summary="The most accurate network without convolutions: two hidden layers of 1,024.",
    network=Network((Flatten(), *_dense(784, 1024, 1024), Dense(1024, 11))),
    augment=replace(MILD, elastic_px=1.2),
)

CNN_SMALL = replace(
    MLP,
    name="cnn-small",
    summary="Four small convolutions: the most accurate for its size, and the default.",
    network=Network(
        (
            AddChannel(),
            *_convolution_and_pool(1, 20),
            *_convolution(20, 36),
            *_convolution(36, 52),
            *_convolution_and_pool(52, 68),
            Flatten(),
            *_dense(3 * 3 * 68, 64),
            Dense(64, 11),
        )
    ),
    targets=LabelSmoothing(0.01),
    schedule=OneCycle(peak=0.005),
    epochs=16,
    # Even milder distortion, to protect ones with an upstroke; restroked digits make up for it.
    augment=replace(
        MILD,
        rotation_degrees=5.0,
        shear=0.07,
        elastic_px=0.7,
        shift_px=1.5,
        stroke=0.4,
        # Convolutions are sensitive to edges; they must not learn those that one scanner makes.
        noise=0.15,
        blur=0.7,
    ),
    restroked=0.4,
    outliers=0.4,
)

CNN = replace(
    CNN_SMALL,
    name="cnn",
    summary="The largest network: six wide convolutions, best trained on a GPU.",
    network=Network(
        (
            AddChannel(),
            ZeroPad2D(),
            *_convolution(1, 32),
            ZeroPad2D(),
            *_convolution_and_pool(32, 32),
            ZeroPad2D(),
            *_convolution(32, 64),
            ZeroPad2D(),
            *_convolution_and_pool(64, 64),
            *_convolution(64, 128),
            *_convolution(128, 128),
            Flatten(),
            Dropout(0.3),
            *_dense(3 * 3 * 128, 256),
            Dropout(0.3),
            Dense(256, 11),
        )
    ),
    epochs=40,
)

RECIPES: Mapping[str, Recipe] = MappingProxyType(
    {recipe.name: recipe for recipe in (CLASSIC, MLP, MLP_LARGE, CNN_SMALL, CNN)}
)


def highest_learning_rate(schedule: Schedule) -> float:
    """Return the highest learning rate of a schedule.

    raises   TypeError for a schedule of another type than recipes may have
    """
    if isinstance(schedule, Constant):
        return schedule.rate
    if isinstance(schedule, Cosine | OneCycle):
        return schedule.peak
    raise TypeError(f"{type(schedule).__name__} has no highest learning rate")


def with_learning_rate(schedule: Schedule, rate: float) -> Schedule:
    """Return a schedule with another highest learning rate.

    raises   as `highest_learning_rate`
    """
    if isinstance(schedule, Constant):
        return replace(schedule, rate=rate)
    if isinstance(schedule, Cosine | OneCycle):
        return replace(schedule, peak=rate)
    raise TypeError(f"{type(schedule).__name__} has no highest learning rate")
