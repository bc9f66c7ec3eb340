"""A recipe that cannot be trained is rejected by field; every recipe that passes can be."""

from dataclasses import fields, replace

import numpy as np
import pytest

from inkdigits import training
from inkdigits.data.augment import Augment
from inkdigits.data.batches import Batches
from inkdigits.model_file import Model, save_model
from inkdigits.nn.convolution import AddChannel, Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Flatten, ReLU
from inkdigits.nn.losses import LabelSmoothing, SoftTargets
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD, AdamW
from inkdigits.nn.schedules import Constant, Cosine, OneCycle
from inkdigits.recipe_check import RANGES, RecipeError, check_recipe
from inkdigits.recipes import CLASSIC, CNN, MILD, MLP, RECIPES, Recipe

OWN = replace(
    CLASSIC,
    network=Network((Flatten(), Dense(784, 12), BatchNorm(12), ReLU(), Dense(12, 10))),
    preprocessing="ink",
    batch_size=10,
)


def with_layers(*layers, **changes):
    return replace(OWN, network=Network(layers), **changes)


def rejection(recipe):
    with pytest.raises(RecipeError) as caught:
        check_recipe(recipe)
    message = str(caught.value)
    assert message.startswith(f"{caught.value.field}: ")
    assert len(message) < 250
    return message


@pytest.mark.parametrize("recipe", [*RECIPES.values(), OWN], ids=lambda recipe: recipe.name)
def test_recipe_that_can_be_trained_passes(recipe):
    assert check_recipe(recipe) is recipe


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"name": "../mlp"},
            "name: must be 1 to 64 letters, digits, '-', '_' or '.', not '../mlp'",
        ),
        ({"name": ""}, "name: must be 1 to 64 "),
        ({"name": ".hidden"}, "name: must be 1 to 64 "),
        ({"name": "a" * 65}, "name: must be 1 to 64 "),
        ({"name": "mlp\n"}, "name: must be 1 to 64 "),
        ({"name": "COM1.txt"}, "name: must be 1 to 64 "),
        ({"summary": "\x1b[2J"}, "summary: must be at most 300 printable characters"),
        ({"summary": "a" * 301}, "summary: must be at most 300 printable characters"),
        ({"preprocessing": "none"}, 'preprocessing: must be "classic" or "ink"'),
        ({"batch_size": 0}, "batch_size: must be at least 1 and at most 65536, not 0"),
        ({"epochs": 0}, "epochs: must be at least 1 and at most 100000, not 0"),
        ({"validation": 1.0}, "validation: must be at least 0 and at most 0.9, not 1.0"),
        ({"ema_decay": 1.0}, "ema_decay: must be at least 0 and below 1, not 1.0"),
        ({"ema_decay": float("nan")}, "ema_decay: must be at least 0 and below 1, not nan"),
        ({"restroked": 1.5}, "restroked: must be at least 0 and at most 1, not 1.5"),
        ({"made_digits": 10**9}, "made_digits: must be at least 0 and at most 500000, not"),
        ({"outliers": -0.1}, "outliers: must be at least 0 and at most 2, not -0.1"),
        ({"schedule": Constant(0.0)}, "schedule.rate: must be above 0 and at most 10, not 0.0"),
        ({"schedule": OneCycle(0.0)}, "schedule.peak: must be above 0 and at most 10, not 0.0"),
        ({"schedule": Cosine(0.1, 1.5)}, "schedule.warm_up: must be at least 0 and at most 1"),
        ({"optimizer": SGD(1.0)}, "optimizer.momentum: must be at least 0 and below 1, not 1.0"),
        ({"optimizer": AdamW(epsilon=0.0)}, "optimizer.epsilon: must be above 0"),
        ({"targets": LabelSmoothing(1.0)}, "targets.share: must be at least 0 and below 1"),
        ({"targets": SoftTargets(0.1, 0.5)}, "targets.off: must be below targets.on, 0.1"),
        (
            {"augment": replace(MILD, elastic_length_scale_px=0.0)},
            "augment.elastic_length_scale_px",
        ),
        ({"augment": replace(MILD, noise=float("inf"))}, "augment.noise: must be at least 0"),
        ({"classes": ("one",)}, "classes: there is 1 class, not 2 to 1000"),
        ({"classes": ("a", "a")}, "classes: two classes have the same name"),
        (
            {"classes": ("a", "b"), "made_digits": 3},
            "made_digits: must be 0, because the classes are not the digits 0 to 9",
        ),
        (
            {"preprocessing": "classic", "restroked": 0.5},
            'restroked: must be 0, because the preprocessing is not "ink"',
        ),
        (
            {"outliers": 0.1},
            "network.layers[4].outputs: must be 11, for 10 classes and one for non-digits, not 10",
        ),
        (
            {"classes": ("a", "b")},
            "network.layers[4].outputs: must be 2, for 2 classes, not 10",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_wrong_field_is_named(changes, message):
    assert rejection(replace(OWN, **changes)).startswith(message)


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        ((), "network.layers: must be 1 to 64, not 0"),
        ((ReLU(),) * 65, "network.layers: must be 1 to 64, not 65"),
        (
            (Dense(784, 10),),
            "network.layers[0]: Dense needs a Flatten before it, which makes 28x28 flat",
        ),
        (
            (Flatten(), Dense(700, 10)),
            "network.layers[1].inputs: must be 784, which the layers before it give, not 700",
        ),
        (
            (Flatten(), Dense(784, 0)),
            "network.layers[1].outputs: must be at least 1 and at most 65536, not 0",
        ),
        ((Flatten(), Dropout(1.0)), "network.layers[1].rate: must be at least 0 and below 1"),
        (
            (Conv2D(1, 2),),
            "network.layers[0]: Conv2D needs images with channels, not 28x28: begin with an "
            "AddChannel",
        ),
        ((MaxPool2D(),), "network.layers[0]: MaxPool2D needs images with channels"),
        ((ZeroPad2D(),), "network.layers[0]: ZeroPad2D needs images with channels"),
        (
            (AddChannel(), Conv2D(2, 2)),
            "network.layers[1].channels: must be 1, which the layers before it give, not 2",
        ),
        (
            (AddChannel(), Conv2D(1, 2, 29)),
            "network.layers[1]: Conv2D does not fit an input of 28x28x1",
        ),
        (
            (AddChannel(), AddChannel()),
            "network.layers[1]: AddChannel does not fit an input of 28x28x1",
        ),
        (
            (Flatten(), BatchNorm(784), Dense(784, 10)),
            "network.layers[1]: BatchNorm must follow a Conv2D, or a Dense with a bias",
        ),
        (
            (BatchNorm(28), Flatten(), Dense(784, 10)),
            "network.layers[0]: BatchNorm must follow a Conv2D, or a Dense with a bias",
        ),
        (
            (Flatten(), Dense(784, 9, bias=False), BatchNorm(9), Dense(9, 10)),
            "network.layers[2]: BatchNorm must follow",
        ),
        (
            (Flatten(), Dense(784, 9), BatchNorm(8), Dense(9, 10)),
            "network.layers[2].channels: must be 9, which the layers before it give, not 8",
        ),
        (
            (Flatten(), Dense(784, 11)),
            "outliers: must be above 0, because the network has 11 outputs, the last one for "
            "non-digits; or give it 10",
        ),
        (
            (Flatten(), Dense(784, 7)),
            "network.layers[1].outputs: must be 10, for 10 classes, not 7",
        ),
        ((Flatten(),), "network.layers: no layer has anything to learn: add a Dense"),
        (
            (AddChannel(), Conv2D(1, 3)),
            "network.layers[1]: must be 10, for 10 classes, not 26x26x3",
        ),
        (
            (Flatten(), Dense(784, 60_000), Dense(60_000, 60_000), Dense(60_000, 10)),
            "network.layers: its network needs more than 134217728 multiply-adds per image",
        ),
        (
            (AddChannel(), Conv2D(1, 500), Flatten(), Dense(338_000, 10)),
            "network.layers[3].inputs: must be at least 1 and at most 65536, not 338000",
        ),
    ],
    ids=lambda value: str(value)[:60],
)
def test_network_that_does_not_fit_is_rejected_by_layer(layers, message):
    assert rejection(with_layers(*layers)).startswith(message)


def test_batch_that_needs_too_much_memory_is_rejected():
    assert rejection(replace(CNN, batch_size=65_536)) == (
        "batch_size: must be at most 3856 for so large a network"
    )
    check_recipe(replace(CNN, batch_size=3856))


def test_every_number_of_a_recipe_has_a_range():
    for kind in (Recipe, Augment, *(type(layer) for layer in CNN.network.layers), SGD, AdamW):
        numbers = {field.name for field in fields(kind) if field.type in (int, float)}
        assert numbers == set(RANGES.get(kind, {})), kind


@pytest.mark.parametrize(
    "recipe",
    [
        OWN,
        with_layers(Flatten(), Dense(784, 10)),
        with_layers(AddChannel(), Conv2D(1, 2), MaxPool2D(), ReLU(), Flatten(), Dense(338, 10)),
        with_layers(AddChannel(), Conv2D(1, 10, 28), Flatten()),
        replace(OWN, schedule=Cosine(0.1, 1.0)),
        replace(OWN, schedule=OneCycle(0.1, 1.0, 0.0, 0.0), optimizer=SGD(0.9, 1.0)),
        replace(OWN, targets=SoftTargets(1.0, 0.0), ema_decay=0.5, batch_size=999),
        with_layers(Flatten(), Dense(784, 3), classes=("a", "b", "c")),
        replace(MLP, epochs=1),
    ],
    ids=lambda recipe: str(recipe.network)[:70],
)
def test_recipe_that_passes_is_trained_and_saved(recipe, digits, tmp_path):
    """For one epoch, which ends in a model file that loads."""
    recipe = check_recipe(replace(recipe, epochs=1))
    x, labels = digits.images[:60] / np.float32(255), digits.labels[:60] % len(recipe.classes)
    batches = Batches(x, labels, recipe.batch_size, 0, recipe.shuffle, recipe.augment)
    state = training.init_state(recipe, 0)
    (record,) = training.fit(recipe, batches, state)
    assert np.isfinite(record.loss)
    vector = training.inference_params(recipe, batches, state)
    threshold = 0.0 if recipe.outliers else None
    save_model(tmp_path / "own.safetensors", Model.from_recipe(recipe, vector, 1.0, threshold))
