"""Change a recipe by a few options, instead of writing one."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

from inkdigits.data.augment import Augment
from inkdigits.nn.convolution import Conv2D, MaxPool2D
from inkdigits.nn.initializers import Initializer, glorot, he
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, Layer, ReLU, Sigmoid
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD, AdamW, Optimizer
from inkdigits.nn.schedules import Constant, Cosine, OneCycle, Schedule
from inkdigits.recipe_check import RecipeError, check_recipe
from inkdigits.recipes import MILD, Recipe, highest_learning_rate, with_learning_rate

# About twice MILD: for few examples, or for writers unlike those of the training digits.
STRONG = Augment(
    rotation_degrees=12.0,
    scale=0.2,
    aspect=0.2,
    shear=0.2,
    shift_px=2.0,
    elastic_px=1.5,
    elastic_length_scale_px=4.0,
    stroke=0.5,
    gap_share=0.04,
    noise=0.15,
    blur=0.7,
)
AUGMENTS: Mapping[str, Augment | None] = MappingProxyType(
    {"none": None, "mild": MILD, "strong": STRONG}
)
# An activation, and the initial weights that suit it.
ACTIVATIONS: Mapping[str, tuple[Layer, Initializer]] = MappingProxyType(
    {"relu": (ReLU(), he), "sigmoid": (Sigmoid(), glorot)}
)
OPTIMIZERS: Mapping[str, Optimizer] = MappingProxyType(
    {"sgd": SGD(), "momentum": SGD(momentum=0.9), "adamw": AdamW(weight_decay=0.01)}
)
# By the recipe's highest learning rate.
SCHEDULES: Mapping[str, Callable[[float], Schedule]] = MappingProxyType(
    {"constant": Constant, "cosine": Cosine, "one-cycle": OneCycle}
)


def customize(
    recipe: Recipe,
    *,
    hidden: tuple[int, ...] | None = None,
    activation: str | None = None,
    dropout: float | None = None,
    optimizer: str | None = None,
    schedule: str | None = None,
    learning_rate: float | None = None,
    batch_size: int | None = None,
    augment: str | None = None,
    epochs: int | None = None,
) -> Recipe:
    """Change what is not None.

    hidden         sizes of the hidden layers, each as the recipe has them: with batch
                   normalization and dropout if it has those
    activation     a name of ACTIVATIONS, for all layers
    dropout        rate of the recipe's dropout, or else of a new one after each hidden dense layer;
                   0 for none
    optimizer      a name of OPTIMIZERS
    schedule       a name of SCHEDULES, with the recipe's highest learning rate
    learning_rate  the highest one of the schedule
    augment        a name of AUGMENTS
    raises         RecipeError if a change does not fit the recipe, or the result cannot be trained
    """
    layers = recipe.network.layers
    if hidden is not None:
        layers = _with_hidden(recipe, hidden)
    if activation is not None:
        layers = _with_activation(layers, activation)
    if dropout is not None:
        layers = _with_dropout(layers, dropout)
    changed = replace(recipe, network=Network(layers))
    if optimizer is not None:
        changed = replace(changed, optimizer=OPTIMIZERS[optimizer])
    if schedule is not None:
        rate = highest_learning_rate(recipe.schedule)
        changed = replace(changed, schedule=SCHEDULES[schedule](rate))
    if learning_rate is not None:
        changed = replace(changed, schedule=with_learning_rate(changed.schedule, learning_rate))
    if augment is not None:
        changed = replace(changed, augment=AUGMENTS[augment])
    if batch_size is not None:
        changed = replace(changed, batch_size=batch_size)
    if epochs is not None:
        changed = replace(changed, epochs=epochs)
    return check_recipe(changed)


def _with_hidden(recipe: Recipe, sizes: tuple[int, ...]) -> tuple[Layer, ...]:
    """Replace the hidden layers of a network of dense layers."""
    layers = recipe.network.layers
    if any(isinstance(layer, Conv2D | MaxPool2D) for layer in layers):
        raise RecipeError(
            "network.layers", f"{recipe.name} has convolutions, and only dense layers have --hidden"
        )
    dense = [layer for layer in layers if isinstance(layer, Dense)]
    if not dense or not isinstance(layers[0], Flatten):
        raise RecipeError("network.layers", f"{recipe.name} has no dense layers after a Flatten")
    first, last = dense[0], dense[-1]
    # What follows the first dense layer, up to the next one, follows each new one too.
    between = layers[layers.index(first) + 1 :]
    number_of_next = next((n for n, layer in enumerate(between) if isinstance(layer, Dense)), 0)
    followers = between[:number_of_next] or (ReLU(),)
    built: list[Layer] = [Flatten()]
    inputs = first.inputs
    for size in sizes:
        built.append(replace(first, inputs=inputs, outputs=size))
        built += [
            replace(layer, channels=size) if isinstance(layer, BatchNorm) else layer
            for layer in followers
        ]
        inputs = size
    return (*built, replace(last, inputs=inputs))


def _with_activation(layers: tuple[Layer, ...], name: str) -> tuple[Layer, ...]:
    """Replace the activations, and the initial weights by those that suit them."""
    activation, initializer = ACTIVATIONS[name]
    present = [layer for layer in layers if isinstance(layer, ReLU | Sigmoid)]
    if not present:
        raise RecipeError("network.layers", "there is no activation that --activation could change")
    if all(layer == activation for layer in present):
        return layers
    changed: list[Layer] = []
    for layer in layers:
        if isinstance(layer, ReLU | Sigmoid):
            changed.append(activation)
        elif isinstance(layer, Dense | Conv2D):
            changed.append(replace(layer, initializer=initializer))
        else:
            changed.append(layer)
    return tuple(changed)


def _with_dropout(layers: tuple[Layer, ...], rate: float) -> tuple[Layer, ...]:
    """Change the rate of all dropout, or add some after each hidden dense layer's activation."""
    if any(isinstance(layer, Dropout) for layer in layers):
        changed = [Dropout(rate) if isinstance(layer, Dropout) else layer for layer in layers]
        return tuple(layer for layer in changed if rate or not isinstance(layer, Dropout))
    added: list[Layer] = []
    after_dense = False
    for layer in layers:
        added.append(layer)
        if isinstance(layer, Dense | Conv2D):
            after_dense = isinstance(layer, Dense)
        elif isinstance(layer, ReLU | Sigmoid) and after_dense and rate:
            added.append(Dropout(rate))
    if rate and len(added) == len(layers):
        raise RecipeError("network.layers", "there is no hidden dense layer for --dropout")
    return tuple(added)
