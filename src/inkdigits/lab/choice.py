"""From options to a recipe and its images; each wrong option gets a sentence."""

import stat
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

from inkdigits import own_data, training_data
from inkdigits.constants import DIGITS
from inkdigits.data import mnist, named_sets, sources
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import LabeledImages
from inkdigits.lab.errors import LabError
from inkdigits.lab.folders import is_name
from inkdigits.lab.limits import LabLimits
from inkdigits.lab.options import LabOptions
from inkdigits.lab.views import DataSource, Setting
from inkdigits.nn.convolution import Conv2D
from inkdigits.nn.layers import Dense, Dropout, ReLU, Sigmoid
from inkdigits.own_data import MNIST_DIGITS
from inkdigits.recipe_check import RANGES, RecipeError
from inkdigits.recipe_options import ACTIVATIONS, AUGMENTS, OPTIMIZERS, SCHEDULES, customize
from inkdigits.recipes import RECIPES, Recipe, highest_learning_rate
from inkdigits.training_data import Sources

MNIST = "mnist"
MIN_IMAGES = 100
MAX_SEED = 2**32 - 1
MAX_HIDDEN = 8
MAX_OWN = 200  # files and folders that are listed
# The option that sets a field of a recipe, by the field's first part, where the names differ.
OPTION_OF = {"network": "hidden", "optimizer": "optimizer", "schedule": "learning_rate"}


def choose_recipe(options: LabOptions) -> Recipe:
    """Return the recipe that the options describe, for MNIST's classes.

    raises   LabError with the field that is wrong
    """
    _check_name("recipe", options.recipe, RECIPES)
    _check_name("activation", options.activation, ACTIVATIONS)
    _check_name("optimizer", options.optimizer, OPTIMIZERS)
    _check_name("schedule", options.schedule, SCHEDULES)
    _check_name("augment", options.augment, AUGMENTS)
    if options.name is not None and not is_name(options.name):
        raise LabError("name must be 1 to 64 letters, digits, '-', '_' or '.'.", "name")
    if not 0 <= options.seed <= MAX_SEED:
        raise LabError(f"seed must be from 0 to {MAX_SEED:,}.", "seed")
    if not 0 < options.share <= 1:
        raise LabError("share must be above 0 and at most 1.", "share")
    check_patience(options.early_stopping)
    if options.hidden is not None and len(options.hidden) > MAX_HIDDEN:
        raise LabError(f"hidden must have at most {MAX_HIDDEN} sizes.", "hidden")
    original = RECIPES[options.recipe]
    try:
        recipe = original if options.more_data else own_data.images_alone(original)
        recipe = customize(
            recipe,
            hidden=options.hidden,
            activation=options.activation,
            dropout=options.dropout,
            optimizer=options.optimizer,
            schedule=options.schedule,
            learning_rate=options.learning_rate,
            batch_size=options.batch_size,
            augment=options.augment,
            epochs=options.epochs,
        )
    except RecipeError as error:
        field, cause = _option(error, options)
        raise LabError(f"{field}: {cause}.", field) from None
    if options.early_stopping is not None and not recipe.validation:
        raise LabError(
            f"early_stopping needs validation images, and {recipe.name} holds out none.",
            "early_stopping",
        )
    if recipe == original:
        return recipe
    return replace(
        recipe, name=f"{original.name}-custom", summary=f"{original.name}, changed in the lab."
    )


def check_patience(epochs: float | None) -> None:
    """Raise LabError unless early stopping can wait for a number of epochs."""
    if epochs is not None and (epochs != int(epochs) or epochs not in RANGES[Recipe]["epochs"]):
        raise LabError(
            "early_stopping must be a whole number of epochs, at least 1.", "early_stopping"
        )


def _check_name(field: str, name: str | None, known: Collection[str]) -> None:
    if name is not None and name not in known:
        raise LabError(f"{field} must be one of {', '.join(known)}.", field)


def _option(error: RecipeError, options: LabOptions) -> tuple[str, str]:
    """Return the option that an error in the recipe is about, and the cause."""
    cause = str(error).removeprefix(f"{error.field}: ").replace("--", "")
    field = error.field.partition(".")[0].partition("[")[0]
    if field == "network":  # which several options change
        chosen = ("hidden", "dropout", "activation")
        given = [name for name in chosen if getattr(options, name) is not None]
        named = [name for name in given if name in cause]
        return (named or given or ["recipe"])[0], cause
    return OPTION_OF.get(field, field), cause


@dataclass(frozen=True)
class Prepared:
    """A recipe, adapted to its images, and the images.

    limit    number of images that are used; None for all
    """

    recipe: Recipe
    sources: Sources
    limit: int | None


def load(
    options: LabOptions,
    data_dir: Path | None,
    limits: LabLimits,
    epochs: Callable[[Recipe], int],
    on_progress: Callable[[int], None],
) -> Prepared:
    """Load the images of a run, and adapt the recipe to them.

    epochs       of the run, by its recipe
    on_progress  called with the number of picture files that are preprocessed
    raises       LabError; DataError if a file is missing or damaged
    """
    recipe = choose_recipe(options)
    if options.data == MNIST:
        recipe, _ = training_data.without_missing(recipe, data_dir)
        recipe = replace(recipe, epochs=epochs(recipe))
        limit = _limit(options.share, MNIST_DIGITS)
        return Prepared(recipe, training_data.load(recipe, data_dir, limit), limit)
    images = load_own(options.data, data_dir, limits)
    recipe = own_data.adapt(recipe, images.classes, images.suited)
    if not options.more_data:
        recipe = own_data.images_alone(recipe)
    recipe, _ = training_data.without_missing(recipe, data_dir)
    recipe = replace(recipe, epochs=epochs(recipe))
    limit = _limit(options.share, len(images))
    loaded = own_data.load(
        recipe, images, None, limit, data_dir, workers=limits.workers, on_progress=on_progress
    )
    return Prepared(recipe, loaded, limit)


def _limit(share: float, images: int) -> int | None:
    return None if share == 1 else min(images, max(MIN_IMAGES, round(share * images)))


def load_own(name: str, data_dir: Path | None, limits: LabLimits) -> LabeledImages:
    """Load images that are not MNIST's, by their name.

    raises   LabError, DataError
    """
    if name in named_sets.SETS:
        return named_sets.load(name, "train", data_dir)
    path = own_path(name, limits)
    if path is None:
        raise LabError("data must be one of the listed data sources.", "data")
    return sources.load(str(path), "train", data_dir)


def own_path(name: str, limits: LabLimits) -> Path | None:
    """Return the path of a file or folder in the folder of own data; None if there is none."""
    if limits.own_data is None or not _is_own(limits.own_data / name, name):
        return None
    return limits.own_data / name


def _is_own(path: Path, name: str) -> bool:
    if Path(name).name != name or name.startswith(".") or not name.isprintable():
        return False
    try:
        mode = path.lstat().st_mode
    except (OSError, ValueError):
        return False
    return stat.S_ISREG(mode) or stat.S_ISDIR(mode)


def check_data(name: str, data_dir: Path | None, limits: LabLimits) -> None:
    """Raise LabError unless there are images of this name, without reading them."""
    found = next((source for source in data_sources(data_dir, limits) if source.name == name), None)
    if found is None:
        raise LabError("data must be one of the listed data sources.", "data")
    if not found.available:
        raise LabError(
            f"{found.title} is not installed: run `inkdigits data`, or choose other data.", "data"
        )


def data_sources(data_dir: Path | None, limits: LabLimits) -> list[DataSource]:
    """List the images that can be trained on: MNIST, named sets, and own files and folders."""
    try:
        mnist.find_folders(data_dir)
        has_mnist = True
    except DataError:
        has_mnist = False
    found = [DataSource(MNIST, "MNIST", has_mnist, MNIST_DIGITS)]
    for name, named in named_sets.SETS.items():
        installed = named_sets.is_installed(name, "train", data_dir)
        found.append(DataSource(name, named.title, installed, None))
    taken = {source.name for source in found}
    if limits.own_data is not None and limits.own_data.is_dir():
        names = sorted(path.name for path in limits.own_data.iterdir())[:MAX_OWN]
        found += [
            DataSource(name, name, True, None)
            for name in names
            if name not in taken and _is_own(limits.own_data / name, name)
        ]
    return found


def flat_settings(
    recipe: Recipe, options: LabOptions | None, seed: int, limit: int | None
) -> dict[str, Setting]:
    """Return what a run was started with as single values, to compare runs by.

    options   None for a run that was not started by the lab
    """
    hidden = [_size(layer) for layer in recipe.network.layers[:-1]]
    augments = {augment: name for name, augment in AUGMENTS.items()}
    optimizers = {optimizer: name for name, optimizer in OPTIMIZERS.items()}
    dropout = [layer.rate for layer in recipe.network.layers if isinstance(layer, Dropout)]
    activations = [
        type(layer).__name__ for layer in recipe.network.layers if isinstance(layer, ReLU | Sigmoid)
    ]
    return {
        "recipe": options.recipe if options else recipe.name,
        "layers": " ".join(size for size in hidden if size) or "none",
        "activation": activations[0] if activations else "none",
        "dropout": dropout[0] if dropout else 0.0,
        "optimizer": optimizers.get(recipe.optimizer, type(recipe.optimizer).__name__),
        "schedule": type(recipe.schedule).__name__,
        "learning_rate": highest_learning_rate(recipe.schedule),
        "batch_size": recipe.batch_size,
        "epochs": recipe.epochs,
        "augment": augments.get(recipe.augment, "the recipe's"),
        "preprocessing": recipe.preprocessing,
        "seed": seed,
        "images": "all" if limit is None else limit,
        "data": options.data if options else ("MNIST" if recipe.classes == DIGITS else "own"),
        "non_digits": recipe.outliers,
        "more_data": options.more_data if options else None,
    }


def _size(layer: object) -> str:
    """Write the size of a layer in short: 128 for a dense one, 3x3:20 for a convolution."""
    match layer:
        case Dense():
            return str(layer.outputs)
        case Conv2D():
            return f"{layer.kernel_size}x{layer.kernel_size}:{layer.filters}"
    return ""
