"""The named recipes: a network, the clean-up of its pictures, and how it is trained."""

from dataclasses import dataclass, field

from inkdigits.arrays import Array
from inkdigits.nn.initializers import inverse_square_root
from inkdigits.nn.layers import Dense, Flatten, ReLU, Sigmoid
from inkdigits.nn.losses import near_zero_and_one, smoothed
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD, Optimizer
from inkdigits.nn.schedules import Constant, OneCycle, Schedule

CLASSES = 10  # the digits


@dataclass(frozen=True, eq=False)
class Recipe:
    """All that decides what a model becomes, but for the data and the seed.

    name        what the command line and a model's file call it
    summary     one sentence for people
    network     takes float32 (N, 28, 28), pixels / 255, and gives logits (N, 10)
    clean_up    "classic" or "ink": how pictures are cleaned, in training and ever after
    targets     float32 (10, 10), a row for each class
    validation  share of the training digits that are kept out, whole writers of them, to
                judge the recipe by
    """

    name: str
    summary: str
    network: Network
    clean_up: str
    targets: Array = field(repr=False)
    optimizer: Optimizer
    schedule: Schedule
    batch_size: int
    epochs: int
    shuffle: bool = True
    validation: float = 0.1

    @property
    def sizes(self) -> list[int]:
        """The number of values that go into the network, and that come out of each dense layer."""
        dense = [layer for layer in self.network.layers if isinstance(layer, Dense)]
        return [dense[0].inputs, *(layer.outputs for layer in dense)]


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
    clean_up="classic",
    targets=near_zero_and_one(CLASSES),
    optimizer=SGD(),
    schedule=Constant(0.001),
    batch_size=1,
    epochs=10,
    shuffle=False,
    validation=0.0,
)

MLP = Recipe(
    name="mlp",
    summary="The write-up's sizes, trained as well as ten epochs without augmentation allow.",
    network=Network((Flatten(), Dense(784, 128), ReLU(), Dense(128, 64), ReLU(), Dense(64, 10))),
    clean_up="ink",
    targets=smoothed(CLASSES, 0.1),
    optimizer=SGD(momentum=0.9, weight_decay=2e-4),
    schedule=OneCycle(peak=0.1),
    batch_size=64,
    epochs=10,
)

RECIPES = {recipe.name: recipe for recipe in (CLASSIC, MLP)}
