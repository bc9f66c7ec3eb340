"""The named recipes: a network, the clean-up of its pictures, and how it is trained."""

from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from inkdigits.arrays import Array
from inkdigits.data.augment import Augment
from inkdigits.nn.initializers import inverse_square_root
from inkdigits.nn.layers import (
    AddChannel,
    BatchNorm,
    Conv2D,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPool2D,
    ReLU,
    Sigmoid,
    ZeroPad2D,
)
from inkdigits.nn.losses import near_zero_and_one, smoothed
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD, AdamW, Optimizer
from inkdigits.nn.schedules import Constant, OneCycle, Schedule

CLASSES = 10  # the digits
NON_DIGIT = 10  # the class of what is none of them, where a network has an output for it


@dataclass(frozen=True, eq=False)
class Recipe:
    """All that decides what a model becomes, but for the data and the seed.

    name        what the command line and a model's file call it
    summary     one sentence for people
    network     takes float32 (N, 28, 28), pixels / 255, and gives logits (N, 10) of the digits,
                or (N, 11) with one more for what is no digit
    clean_up    "classic" or "ink": how pictures are cleaned, in training and ever after
    targets     float32, a row for each class
    validation  share of the training digits that are kept out, whole writers of them, to
                judge the recipe by
    ema_decay   decay of the running mean of the parameters, which is what reads; 0 for none
    augment     how pictures are changed at random, each time that they are trained on
    redrawn     share of MNIST's digits that are trained on once more, drawn by other pens
    pendigits_copies  how often each digit of the training pen writers is drawn, beside MNIST's; or 0
    nondigits   how many pictures of no digit there are to each digit; 0 for a network without an
                output for them
    tta whether a picture that leaves the network unsure is read again, shifted a little
    """

    name: str
    summary: str
    network: Network
    preprocessing: str
    targets: Array = field(repr=False)
    optimizer: Optimizer
    schedule: Schedule
    batch_size: int
    epochs: int
    shuffle: bool = True
    validation: float = 0.1
    augment: Augment | None = None
    ema_decay: float = 0.0
    restroked: float = 0.0
    pendigits_copies: int = 0
    outliers: float = 0.0
    tta: bool = True

    @property
    def sizes(self) -> list[int]:
        """The number of values that go into the network, and that come out of each dense layer."""
        dense = [layer for layer in self.network.layers if isinstance(layer, Dense)]
        return [dense[0].inputs, *(layer.outputs for layer in dense)]


def rejection_scores(logits: Array) -> Array:
    """How much more the network takes pictures for no digit than for any of the digits.

    logits   float (N, 11)
    returns  float (N,), the logarithm of the odds: above 0 no digit is the likelier
    source   docs/how-it-works.md, "Not a digit"
    """
    digits = logits[:, :CLASSES]
    peak = digits.max(axis=1)
    return logits[:, NON_DIGIT] - peak - np.log(np.exp(digits - peak[:, None]).sum(axis=1))


# Not more: a flagged 1 that is turned or sheared as far as some MNIST digit may be is a 7.
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
    summary="The write-up to the letter: sigmoids, one example at a time, in order.",
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
    targets=near_zero_and_one(CLASSES),
    optimizer=SGD(),
    schedule=Constant(0.001),
    batch_size=1,
    epochs=10,
    shuffle=False,
    validation=0.0,
    tta=False,
)


def _dense(*sizes: int) -> tuple[Layer, ...]:
    """Hidden layers from each size to the next."""
    return tuple(
        layer
        for inputs, outputs in pairwise(sizes)
        for layer in (Dense(inputs, outputs), BatchNorm(outputs), ReLU())
    )


def _convolution(channels: int, filters: int) -> tuple[Layer, ...]:
    return Conv2D(channels, filters), BatchNorm(filters), ReLU()


def _convolution_and_pool(channels: int, filters: int) -> tuple[Layer, ...]:
    """ReLU after the pool gives the same as before it, and has a quarter of the work."""
    return Conv2D(channels, filters), BatchNorm(filters), MaxPool2D(), ReLU()


MLP = Recipe(
    name="mlp",
    summary="The write-up's sizes, trained as well as they can be.",
    network=Network((Flatten(), *_dense(784, 128, 64), Dense(64, 11))),
    preprocessing="ink",
    targets=smoothed(CLASSES + 1, 0.02),
    optimizer=AdamW(weight_decay=0.01),
    schedule=OneCycle(peak=0.004),
    batch_size=128,
    epochs=60,
    ema_decay=0.9995,
    augment=MILD,
    pendigits_copies=6,
    outliers=0.15,
)

MLP_LARGE = replace(
    MLP,
    name="mlp-large",
    summary="The best network without convolution: two hidden layers of 1,024.",
    network=Network((Flatten(), *_dense(784, 1024, 1024), Dense(1024, 11))),
    augment=replace(MILD, elastic_px=1.2),
)

CNN_SMALL = replace(
    MLP,
    name="cnn-small",
    summary="Four small convolutions: what reads best for its size.",
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
    targets=smoothed(CLASSES + 1, 0.01),
    schedule=OneCycle(peak=0.005),
    epochs=24,
    # Bent far, a flagged 1 is a 7; what this leaves out, redrawn digits make up for.
    augment=replace(
        MILD,
        rotation_degrees=5.0,
        shear=0.07,
        elastic_px=0.7,
        shift_px=1.5,
        stroke=0.4,
        # Convolutions look at edges: they must not learn what one scanner made of them.
        noise=0.15,
        blur=0.7,
    ),
    restroked=0.4,
    pendigits_copies=8,
    outliers=0.4,
)

CNN = replace(
    CNN_SMALL,
    name="cnn",
    summary="The best single network: six wide convolutions.",
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

RECIPES = {recipe.name: recipe for recipe in (CLASSIC, MLP, MLP_LARGE, CNN_SMALL, CNN)}
