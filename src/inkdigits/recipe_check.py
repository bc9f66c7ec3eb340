"""Whether a recipe can be trained: every range, and what its fields must have in common.

The one place where this is decided, for recipes from files, from options and from Python.
"""

import re
from dataclasses import dataclass
from math import prod
from typing import Any

from inkdigits.constants import DIGITS
from inkdigits.data.augment import Augment
from inkdigits.escaping import shown
from inkdigits.model_limits import MAX_LAYERS, MAX_SIZE, check_class_names, check_cost
from inkdigits.nn.convolution import Conv2D, MaxPool2D, ZeroPad2D
from inkdigits.nn.layers import BatchNorm, Dense, Dropout, Layer, Shape
from inkdigits.nn.losses import LabelSmoothing, SoftTargets
from inkdigits.nn.network import Network
from inkdigits.nn.optimizers import SGD, AdamW
from inkdigits.nn.schedules import Constant, Cosine, OneCycle
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recipes import INPUT_SHAPE, Recipe

MAX_SUMMARY = 300  # characters
MAX_STEP_BYTES = 4 << 30  # of the values of all layers, for one batch
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")  # it becomes the name of a file
# Names of devices, which Windows does not allow for files.
RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)


class RecipeError(ValueError):
    """A recipe cannot be trained; the message is the field and the cause, as a clause."""

    def __init__(self, field: str, cause: str) -> None:
        super().__init__(f"{field}: {cause}")
        self.field = field


@dataclass(frozen=True)
class Range:
    """The numbers that are allowed for a field; a bound that is `open` is not allowed itself."""

    low: float
    high: float
    low_open: bool = False
    high_open: bool = False

    def __contains__(self, value: float) -> bool:
        above = self.low < value if self.low_open else self.low <= value
        below = value < self.high if self.high_open else value <= self.high
        return above and below  # False for NaN

    def __str__(self) -> str:
        low = f"{'above' if self.low_open else 'at least'} {self.low:g}"
        return f"{low} and {'below' if self.high_open else 'at most'} {self.high:g}"


SIZE = Range(1, MAX_SIZE)
SHARE = Range(0, 1)
SHARE_BELOW_1 = Range(0, 1, high_open=True)
RATE = Range(0, 10, low_open=True)

# Of the numbers in each dataclass. Those of the data sets limit the memory, not what may help.
RANGES: dict[type, dict[str, Range]] = {
    Recipe: {
        "batch_size": Range(1, 65_536),
        "epochs": Range(1, 100_000),
        "validation": Range(0, 0.9),
        "ema_decay": SHARE_BELOW_1,
        "restroked": SHARE,
        "pendigits_images": Range(0, 10_000),
        "unipen_images": Range(0, 10_000),
        "semeion_copies": Range(0, 100),
        "made_digits": Range(0, 500_000),
        "outliers": Range(0, 2),
    },
    Dense: {"inputs": SIZE, "outputs": SIZE},
    Conv2D: {"channels": SIZE, "filters": SIZE, "kernel_size": SIZE},
    MaxPool2D: {"pool_size": SIZE},
    ZeroPad2D: {"width": SIZE},
    Dropout: {"rate": SHARE_BELOW_1},
    BatchNorm: {"channels": SIZE, "epsilon": Range(0, 1, low_open=True, high_open=True)},
    LabelSmoothing: {"share": SHARE_BELOW_1},
    SoftTargets: {"on": Range(0, 1, low_open=True), "off": SHARE_BELOW_1},
    SGD: {"momentum": SHARE_BELOW_1, "weight_decay": SHARE},
    AdamW: {
        "beta1": SHARE_BELOW_1,
        "beta2": SHARE_BELOW_1,
        "epsilon": Range(0, 1, low_open=True),
        "weight_decay": SHARE,
    },
    Constant: {"rate": RATE},
    Cosine: {"peak": RATE, "warm_up": SHARE},
    OneCycle: {"peak": RATE, "rise": SHARE, "start": SHARE, "end": SHARE},
    Augment: {
        "rotation_degrees": Range(0, 180),
        "scale": SHARE,
        "aspect": SHARE,
        "shear": SHARE,
        "shift_px": Range(0, 14),
        "elastic_px": Range(0, 10),
        "elastic_length_scale_px": Range(0, 28, low_open=True),
        "stroke": SHARE,
        "gap_share": SHARE,
        "noise": SHARE,
        "blur": SHARE,
    },
}
OTHER_DIGITS = ("pendigits_images", "unipen_images", "semeion_copies", "made_digits")


def check_recipe(recipe: Recipe) -> Recipe:
    """Make sure that a recipe can be trained, and its model saved, without allocating anything.

    returns  the recipe
    raises   RecipeError, with the first field that is wrong and why
    """
    _check_texts(recipe)
    for part in ("targets", "optimizer", "schedule", "augment"):
        _check_ranges(getattr(recipe, part), part)
    _check_ranges(recipe, "")
    if isinstance(recipe.targets, SoftTargets) and recipe.targets.off >= recipe.targets.on:
        raise RecipeError("targets.off", f"must be below targets.on, {recipe.targets.on:g}")
    _check_data(recipe)
    shapes = _check_network(recipe.network)
    _check_outputs(recipe, shapes[-1])
    step_bytes = 4 * recipe.batch_size * sum(map(prod, shapes))
    if step_bytes > MAX_STEP_BYTES:
        fits = recipe.batch_size * MAX_STEP_BYTES // step_bytes
        raise RecipeError("batch_size", f"must be at most {fits} for so large a network")
    return recipe


def _check_texts(recipe: Recipe) -> None:
    if not NAME.fullmatch(recipe.name) or RESERVED.fullmatch(recipe.name):
        raise RecipeError(
            "name",
            f"must be 1 to 64 letters, digits, '-', '_' or '.', not {shown(recipe.name)}",
        )
    if len(recipe.summary) > MAX_SUMMARY or not (recipe.summary or " ").isprintable():
        raise RecipeError("summary", f"must be at most {MAX_SUMMARY} printable characters")
    try:
        check_class_names(recipe.classes)
    except ValueError as error:
        raise RecipeError("classes", str(error)) from None


def _check_ranges(part: Any, path: str) -> None:
    """Check the numbers of a dataclass; a type that is not in RANGES has none."""
    for name, allowed in RANGES.get(type(part), {}).items():
        value = getattr(part, name)
        if value not in allowed:
            field = f"{path}.{name}" if path else name
            raise RecipeError(field, f"must be {allowed}, not {shown(value)}")


def _check_data(recipe: Recipe) -> None:
    """Check that the images fit the classes and the preprocessing."""
    if recipe.preprocessing not in PREPROCESSORS:
        known = " or ".join(f'"{name}"' for name in PREPROCESSORS)
        raise RecipeError("preprocessing", f"must be {known}, not {shown(recipe.preprocessing)}")
    if recipe.classes != DIGITS:
        for name in (*OTHER_DIGITS, "outliers"):
            if getattr(recipe, name):
                raise RecipeError(name, "must be 0, because the classes are not the digits 0 to 9")
    if recipe.preprocessing != "ink":
        for name in ("restroked", *OTHER_DIGITS, "outliers"):
            if getattr(recipe, name):
                raise RecipeError(name, 'must be 0, because the preprocessing is not "ink"')


def _check_network(network: Network) -> list[Shape]:
    """Check the layers one by one; return the shape of an example after each."""
    if not 1 <= len(network.layers) <= MAX_LAYERS:
        raise RecipeError("network.layers", f"must be 1 to {MAX_LAYERS}, not {len(network.layers)}")
    shape: Shape = INPUT_SHAPE
    shapes = []
    for number, layer in enumerate(network.layers):
        path = f"network.layers[{number}]"
        _check_ranges(layer, path)
        if isinstance(layer, BatchNorm) and not _has_bias(network.layers[number - 1 : number]):
            # Its mean is folded into that layer's bias.
            raise RecipeError(path, "BatchNorm must follow a Conv2D, or a Dense with a bias")
        _check_input(layer, shape, path)
        shape = layer.output_shape(shape)
        shapes.append(shape)
    try:
        check_cost(network)
    except ValueError as error:
        raise RecipeError("network.layers", str(error)) from None
    if not network.size:
        raise RecipeError("network.layers", "no layer has anything to learn: add a Dense")
    return shapes


def _has_bias(layers: tuple[Layer, ...]) -> bool:
    return any("bias" in layer.param_shapes() for layer in layers)


def _check_input(layer: Layer, shape: Shape, path: str) -> None:
    """Check that a layer accepts what the layers before it give."""
    given = "x".join(map(str, shape))
    kind = type(layer).__name__
    if isinstance(layer, Dense):
        if len(shape) != 1:
            raise RecipeError(path, f"Dense needs a Flatten before it, which makes {given} flat")
        _check_size("inputs", layer.inputs, shape[0], path)
    elif isinstance(layer, BatchNorm):
        _check_size("channels", layer.channels, shape[-1], path)
    elif isinstance(layer, Conv2D | MaxPool2D | ZeroPad2D) and len(shape) != 3:
        raise RecipeError(
            path, f"{kind} needs images with channels, not {given}: begin with an AddChannel"
        )
    elif isinstance(layer, Conv2D):
        _check_size("channels", layer.channels, shape[2], path)
    try:
        layer.output_shape(shape)
    except ValueError:
        raise RecipeError(path, f"{kind} does not fit an input of {given}") from None


def _check_size(name: str, size: int, needed: int, path: str) -> None:
    if size != needed:
        raise RecipeError(
            f"{path}.{name}", f"must be {needed}, which the layers before it give, not {size}"
        )


def _check_outputs(recipe: Recipe, outputs: Shape) -> None:
    """Check that the network has an output for each class, and one for non-digits if it rejects."""
    classes, rejects = len(recipe.classes), recipe.outliers > 0
    if outputs == (classes + rejects,):
        return
    if outputs == (classes + 1,):
        raise RecipeError(
            "outliers",
            f"must be above 0, because the network has {classes + 1} outputs, the last one for "
            f"non-digits; or give it {classes}",
        )
    last = f"network.layers[{len(recipe.network.layers) - 1}]"
    field = f"{last}.outputs" if isinstance(recipe.network.layers[-1], Dense) else last
    needed = f"{classes} classes" + (" and one for non-digits" if rejects else "")
    given = "x".join(map(str, outputs))
    raise RecipeError(field, f"must be {classes + rejects}, for {needed}, not {given}")
