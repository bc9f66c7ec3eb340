"""The commands `inkdigits recipe ...`: list the recipes, and show one to start from."""

from pathlib import Path
from typing import Any

import click

from inkdigits import recipe_files
from inkdigits.model_file import load_model
from inkdigits.recipe_check import check_recipe
from inkdigits.recipes import RECIPES, Recipe
from inkdigits.runs import MAX_SETTINGS_BYTES
from inkdigits.storage.files import FileError, read_file
from inkdigits.strict_json import parse


@click.group("recipe")
def recipe_command() -> None:
    """List the recipes, and show one to start your own from."""


@recipe_command.command("list")
def list_command() -> None:
    """Print the name of each recipe, its number of parameters, its epochs and what it is."""
    width = max(map(len, RECIPES))
    for name, recipe in RECIPES.items():
        parameters = recipe.network.inference_network.size
        click.echo(
            f"{name:{width}}  {parameters:>9,} parameters  {recipe.epochs:>3} epochs  "
            f"{recipe.summary}"
        )


@recipe_command.command("show")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of TOML.")
def show_command(name: str, as_json: bool) -> None:
    """Print a recipe, which `inkdigits train` takes from a file.

    NAME is a recipe, or the recipe's file, or a model file or run folder that was trained with it.
    """
    recipe = _recipe_of(name)
    click.echo(recipe_files.to_json(recipe) if as_json else recipe_files.to_toml(recipe), nl=False)


def _recipe_of(name: str) -> Recipe:
    path = Path(name)
    if name not in RECIPES and path.is_dir():
        settings = path / "settings.json"
        if not settings.exists():
            raise FileError(
                f"{path} is a folder without {settings.name}; name a recipe, its file, or a run's "
                "folder."
            )
        return _recorded(settings, _parse_settings(settings))
    if name not in RECIPES and path.suffix == ".safetensors":
        return _recorded(path, load_model(path).training)
    return recipe_files.find_recipe(name, RECIPES)


def _parse_settings(path: Path) -> Any:
    """Parse the settings of a run; raise FileError if that fails."""
    try:
        return parse(read_file(path, MAX_SETTINGS_BYTES))
    except ValueError as error:
        raise FileError(
            f"{path} is not valid JSON ({ascii(str(error))[1:-1][:120]}); name another run folder."
        ) from None


def _recorded(path: Path, settings: Any) -> Recipe:
    """Return the recipe that a run or a model records."""
    content = settings.get("recipe") if isinstance(settings, dict) else None
    if not isinstance(content, dict):
        raise FileError(f"{path} records no recipe; name a recipe: {', '.join(RECIPES)}.")
    try:
        return check_recipe(recipe_files.recipe_from(content))
    except ValueError as error:
        raise FileError(
            f"{path} records a recipe that this version of inkdigits cannot use ({error}); name "
            f"a recipe: {', '.join(RECIPES)}."
        ) from None
