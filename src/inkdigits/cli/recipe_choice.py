"""The recipe that a command is to use: by name or from a file, changed by options."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import click
from click.shell_completion import CompletionItem
from rich.console import Console

from inkdigits import training_data
from inkdigits.recipe_check import RecipeError, check_recipe
from inkdigits.recipe_files import find_recipe
from inkdigits.recipe_options import ACTIVATIONS, AUGMENTS, customize
from inkdigits.recipes import RECIPES, Recipe
from inkdigits.storage.files import FileError

Command = TypeVar("Command", bound=Callable[..., Any])

MAX_HIDDEN = 20  # hidden layers
MAX_DIGITS = 6  # of a size


def _parse_sizes(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> tuple[int, ...] | None:
    """Parse the sizes of hidden layers: "32,16", or "none"."""
    if value is None:
        return None
    if value.strip().lower() == "none":
        return ()
    parts = [part.strip() for part in value.split(",")]
    if len(parts) > MAX_HIDDEN or not all(
        part.isascii() and part.isdigit() and len(part) <= MAX_DIGITS for part in parts
    ):
        raise click.BadParameter(
            f"{value[:40]!a} is neither none nor a list of at most {MAX_HIDDEN} sizes, such as "
            "32,16."
        )
    return tuple(map(int, parts))


def _complete(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of a recipe, or else of a file."""
    names = [name for name in RECIPES if name.startswith(incomplete)]
    return [CompletionItem(name) for name in names] or [CompletionItem(incomplete, type="file")]


recipe_argument = click.argument("source", metavar="RECIPE", shell_complete=_complete)

# Those that change the recipe itself; --epochs is an option of every run.
OPTIONS = (
    click.option(
        "--hidden",
        callback=_parse_sizes,
        metavar="SIZES",
        help="Sizes of the hidden layers, such as 32,16, or none; for networks without "
        "convolutions.",
    ),
    click.option(
        "--activation",
        type=click.Choice(list(ACTIVATIONS)),
        help="Activation of all layers.",
    ),
    click.option(
        "--dropout",
        type=click.FloatRange(0, 1, max_open=True),
        help="Dropout rate; 0 for none.",
    ),
    click.option(
        "--learning-rate",
        type=click.FloatRange(0, 10, min_open=True),
        help="The schedule's highest learning rate.",
    ),
    click.option(
        "--batch-size", type=click.IntRange(1, 65_536), help="Examples per training step."
    ),
    click.option(
        "--augment",
        type=click.Choice(list(AUGMENTS)),
        help="Random distortion of the training images.",
    ),
    click.option(
        "--name",
        help="Name of the recipe, and of its model file.  [default: the recipe's, with -custom "
        "if an option changes it]",
    ),
)


def recipe_options(command: Command) -> Command:
    """Add the options that change a recipe; the command takes them as keyword arguments."""
    for option in reversed(OPTIONS):
        command = option(command)
    return command


def choose_recipe(
    source: str, known: Mapping[str, Recipe], epochs: int | None, name: str | None, **changes: Any
) -> Recipe:
    """Find the recipe, and change it by the options that are not None.

    source   a name in `known`, or the path of a TOML or JSON file
    changes  the values of the options of `recipe_options`
    raises   FileError, in one sentence, if there is no such recipe, or an option does not fit it
    """
    recipe = find_recipe(source, known)
    given = {option: value for option, value in changes.items() if value is not None}
    if not given and name is None:
        return recipe if epochs is None else replace(recipe, epochs=epochs)
    shown = " ".join(_shown(option, value) for option, value in given.items())
    try:
        changed = customize(recipe, **given, epochs=epochs)
        if given:
            changed = replace(
                changed, name=_custom_name(recipe.name), summary=f"{recipe.name} with {shown}."
            )
        return check_recipe(changed if name is None else replace(changed, name=name))
    except RecipeError as error:
        raise FileError(
            f"The options do not fit the recipe {recipe.name} ({error}): change them, or write a "
            f"recipe, starting from `inkdigits recipe show {source}`."
        ) from None


def with_available_data(
    recipe: Recipe, mnist_only: bool, data_dir: Path | None, console: Console
) -> Recipe:
    """Leave out the sources that the user does not want or have."""
    if mnist_only:
        recipe = training_data.only_mnist(recipe)
    recipe, missing = training_data.without_missing(recipe, data_dir)
    for message in missing:
        console.print(message, style="yellow")
    if missing:
        console.print(
            "Without these files the model learns from fewer people, and recognizes other people's "
            "handwriting less accurately.",
            style="yellow",
        )
    return recipe


def _shown(option: str, value: Any) -> str:
    if isinstance(value, tuple):
        value = ",".join(map(str, value)) or "none"
    return f"--{option.replace('_', '-')} {value}"


def _custom_name(name: str) -> str:
    return name if name.endswith("-custom") else f"{name[:57]}-custom"
