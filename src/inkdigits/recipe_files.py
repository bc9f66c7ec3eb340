"""Recipes in files that people write: TOML or JSON, with the fields that a model file keeps."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import tomli_w

from inkdigits import strict_json, strict_toml
from inkdigits.constants import DIGITS
from inkdigits.nn.initializers import he
from inkdigits.recipe_check import check_recipe
from inkdigits.recipes import Recipe
from inkdigits.storage.files import FileError, read_file

MAX_RECIPE_BYTES = 2**16  # ten times the largest recipe that ships
DATA_SUFFIXES = (".csv", ".gz", ".npz", ".npy", ".parquet", ".zip")


def find_recipe(source: str, known: Mapping[str, Recipe]) -> Recipe:
    """Find a recipe by its name, or read it from a file.

    source   a name in `known`, or else a path; write "./mlp" for a file with the name of a recipe
    raises   FileError, in one sentence, if it is neither, or the file has no valid recipe
    """
    if source in known:
        return known[source]
    path = Path(source)
    if path.is_dir() or path.suffix.lower() in DATA_SUFFIXES:
        raise FileError(
            f"{source} is not a recipe; to train on the images in it, name a recipe, too, as in "
            f"`inkdigits train mlp --data {source}`."
        )
    if path.suffix in (".toml", ".json") or path.exists():
        return read_recipe(path)
    nearest = get_close_matches(source[:64].lower(), known, n=1)
    hint = f"; did you mean {nearest[0]}?" if nearest else "."
    names = ", ".join(known)
    raise FileError(f"{source} is neither a file nor a recipe ({names}){hint}")


def read_recipe(path: Path) -> Recipe:
    """Read a recipe from a TOML or JSON file; fields that have a default may be left out.

    raises   FileError, with the field and the cause, if it cannot be read or trained
    """
    data = read_file(path, MAX_RECIPE_BYTES)
    try:
        return check_recipe(recipe_from(_parse(data, path.suffix)))
    except ValueError as error:
        raise FileError(
            f"{path} is not a valid recipe ({error}): correct it, or start from the output of "
            "`inkdigits recipe show mlp`."
        ) from None


def recipe_from(content: Any) -> Recipe:
    """Build a recipe from parsed TOML or JSON, without checking that it can be trained.

    raises   ValueError, with the field and the cause as a clause, if it is anything else
    """
    return Recipe.from_json(content, complete=False)


def to_toml(recipe: Recipe) -> str:
    """Write a recipe as TOML, in a short form: without types that are clear, and some defaults.

    TOML has no null; what is None is left out.

    returns  text that `read_recipe` reads back to an equal recipe
    """
    content = {name: value for name, value in recipe.to_json().items() if value is not None}
    for part in (content, content["network"], content.get("augment", {})):
        part.pop("type", None)
    if recipe.classes == DIGITS:
        del content["classes"]
    for layer in content["network"]["layers"]:
        if layer.get("initializer") == {"type": he.__name__}:
            del layer["initializer"]  # so that the layer fits on a line
    return tomli_w.dumps(content)


def to_json(recipe: Recipe) -> str:
    """Write a recipe as JSON.

    returns  text that `read_recipe` reads back to an equal recipe
    """
    return json.dumps(recipe.to_json(), indent=2) + "\n"


def _parse(data: bytes, suffix: str) -> Any:
    """Parse JSON, if the name or the first character says so, or else TOML.

    raises   ValueError, with the cause as a clause
    """
    text = strict_toml.decode(data)
    if suffix == ".json" or (suffix != ".toml" and text.lstrip().startswith("{")):
        return strict_json.parse(text)
    return strict_toml.parse(text)
