"""The settings that a sweep tries: parsed from the command line, and drawn by a seed."""

import inspect
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any, TypeAlias

import numpy as np

from inkdigits import recipe_files, strict_json
from inkdigits.escaping import shown
from inkdigits.recipe_check import RecipeError, check_recipe
from inkdigits.recipe_options import ACTIVATIONS, AUGMENTS, OPTIMIZERS, SCHEDULES, customize
from inkdigits.recipes import Recipe
from inkdigits.scale.errors import ScaleError

MAX_TRIALS = 10_000
DEFAULT_TRIALS = 20  # of a space with a range; one with lists alone is tried whole
SIGNIFICANT_DIGITS = 4  # of a number that is drawn, so that people can read and repeat it
NAMES_KEPT = 59  # characters of a recipe's name before the number of the trial

NUMBER = r"\s*([+-]?[0-9.]+(?:[eE][+-]?[0-9]+)?)\s*"
RANGE = re.compile(rf"(log|uniform|int)\({NUMBER},{NUMBER}\)")
WORDS = re.compile(r"\[\s*[A-Za-z][\w.-]*(\s*,\s*[A-Za-z][\w.-]*)*\s*\]")

OPTIONS = frozenset(inspect.signature(customize).parameters) - {"recipe"}
NAMED = {
    "activation": ACTIVATIONS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "augment": AUGMENTS,
}
WHOLE = ("batch_size", "epochs")
# What trials are compared on, and what does not change their training.
FIXED = ("name", "summary", "classes", "preprocessing", "validation", "tta")

Settings: TypeAlias = dict[str, Any]


@dataclass(frozen=True)
class Range:
    """Numbers from `low` to `high`, inclusive.

    kind     "log", "uniform" or "int"
    """

    kind: str
    low: float
    high: float

    def at(self, share: float) -> float | int:
        """Return the number at a share, in [0, 1), of the way from low to high."""
        if self.kind == "int":
            return int(self.low + math.floor(share * (self.high - self.low + 1)))
        if self.kind == "log":
            value = self.low * (self.high / self.low) ** share
        else:
            value = self.low + share * (self.high - self.low)
        rounded = float(f"{value:.{SIGNIFICANT_DIGITS}g}")
        return min(max(rounded, self.low), self.high)


@dataclass(frozen=True)
class Choices:
    """Some values, each as likely as the others."""

    values: tuple[Any, ...]

    def at(self, share: float) -> Any:
        """Return the value at a share, in [0, 1), of the list."""
        return self.values[int(share * len(self.values))]


@dataclass(frozen=True)
class Dimension:
    """One setting and the values that are tried.

    name     an option of `recipe_options.customize`, or the path of a field of the recipe
    text     as it was given
    """

    name: str
    values: Range | Choices
    text: str


@dataclass(frozen=True)
class Trial:
    """One choice of settings.

    number   from 1
    recipe   with these settings
    """

    number: int
    settings: Settings
    recipe: Recipe

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"{self.number:04}"


def parse_dimension(text: str) -> Dimension:
    """Parse "learning_rate=log(1e-4,1e-2)", "hidden=[[128,64],[256]]" or "augment=[mild,strong]".

    raises   ScaleError if it is anything else
    """
    name, equals, values = (part.strip() for part in text.partition("="))
    if not equals or not re.fullmatch(r"[\w-]+(\.\w+)*", name):
        raise ScaleError(
            f"{shown(text)} does not name a setting and its values: write it as in "
            "--over 'learning_rate=log(1e-4,1e-2)' or --over 'hidden=[[128,64],[256]]'."
        )
    name = name.replace("-", "_")
    if name in FIXED:
        raise ScaleError(
            f"{name} must be the same in all trials, because they are compared by it: change it in "
            "the recipe."
        )
    if found := RANGE.fullmatch(values):
        return Dimension(name, _parse_range(name, *found.groups()), text)
    return Dimension(name, _parse_choices(name, values), text)


def _parse_range(name: str, kind: str, *bounds: str) -> Range:
    try:
        low, high = map(float, bounds)
    except ValueError:
        low, high = math.nan, math.nan
    allowed = low < high < math.inf and (kind != "log" or low > 0)
    if kind == "int":
        allowed = allowed and low == int(low) and high == int(high)
    if not allowed:
        positive = "positive " if kind == "log" else "whole " if kind == "int" else ""
        raise ScaleError(
            f"{name}={kind}({','.join(bounds)}) is not a range: give two {positive}numbers, the "
            "smaller one first."
        )
    if name in (*NAMED, "hidden"):
        raise ScaleError(f"{name} is not a number: give a list, as in --over {_example(name)}.")
    if name in WHOLE and kind != "int":
        raise ScaleError(f"{name} is a whole number: write --over '{name}=int(16,256)', or a list.")
    return Range(kind, low, high)


def _parse_choices(name: str, text: str) -> Choices:
    try:
        values = _parse_words(text) if WORDS.fullmatch(text) else strict_json.parse(text)
        if not isinstance(values, list) or not values:
            raise ValueError("it is not a list with at least one value")
    except ValueError as error:
        raise ScaleError(
            f"The values of {name} cannot be read ({shown(str(error))}): give log(LOW,HIGH), "
            f"uniform(LOW,HIGH), int(LOW,HIGH) or a JSON list, as in --over {_example(name)}."
        ) from None
    return Choices(tuple(_checked(name, value) for value in values))


def _parse_words(text: str) -> list[Any]:
    """Return the words of a list without quotation marks; true and false are JSON's booleans."""
    booleans = {"true": True, "false": False}
    return [booleans.get(word, word) for word in re.findall(r"[\w.-]+", text)]


def _example(name: str) -> str:
    if name == "hidden":
        return "'hidden=[[128,64],[256]]'"
    return f"'{name}=[{','.join(list(NAMED[name])[-2:])}]'" if name in NAMED else f"'{name}=[1,2]'"


def _checked(name: str, value: Any) -> Any:
    """Return a value of a list as `customize` takes it; ranges are checked with the recipe."""
    if name == "hidden":
        if not isinstance(value, list) or not all(type(size) is int for size in value):
            raise ScaleError(
                f"{shown(value)} is not a list of the sizes of hidden layers: write --over "
                f"{_example(name)}."
            )
        return tuple(value)
    if name in NAMED and (not isinstance(value, str) or value not in NAMED[name]):
        raise ScaleError(f"{name} must be one of {', '.join(NAMED[name])}, not {shown(value)}.")
    if name in WHOLE and type(value) is not int:
        raise ScaleError(f"{name} must be a whole number, not {shown(value)}.")
    if name in ("dropout", "learning_rate"):
        if type(value) not in (int, float):
            raise ScaleError(f"{name} must be a number, not {shown(value)}.")
        return float(value)
    return value


def draw_settings(space: Sequence[Dimension], trials: int | None, seed: int) -> list[Settings]:
    """Draw the settings of each trial, without duplicates; the same for the same arguments.

    Lists alone are tried in all combinations, if these are not more than `trials`. Otherwise each
    dimension is divided into as many parts as there are trials, and each part is used once.

    trials   None for all combinations, or DEFAULT_TRIALS of a space with a range
    raises   ScaleError if a setting is given twice, or there are too many trials
    source   McKay, Beckman and Conover 1979, A Comparison of Three Methods for Selecting Values of
             Input Variables (Latin hypercube sampling)
    """
    names = [dimension.name for dimension in space]
    for name in names:
        if names.count(name) > 1:
            raise ScaleError(f"{name} is given twice: give all of its values in one --over.")
    lists = [one.values.values for one in space if isinstance(one.values, Choices)]
    combinations = math.prod(map(len, lists)) if len(lists) == len(space) else math.inf
    if trials is None:
        trials = DEFAULT_TRIALS if combinations == math.inf else int(combinations)
    if trials > MAX_TRIALS:
        raise ScaleError(
            f"These are {trials:,} trials, more than {MAX_TRIALS:,}: choose fewer with --trials."
        )
    if combinations <= trials:
        drawn = [dict(zip(names, values, strict=True)) for values in product(*lists)]
    else:
        rng = np.random.default_rng(seed)
        shares = [(rng.permutation(trials) + rng.random(trials)) / trials for _ in space]
        drawn = [
            {one.name: one.values.at(float(share)) for one, share in zip(space, row, strict=True)}
            for row in zip(*shares, strict=True)
        ]
    return [settings for n, settings in enumerate(drawn) if settings not in drawn[:n]]


def make_trials(recipe: Recipe, drawn: Sequence[Settings]) -> list[Trial]:
    """Make the recipe of each trial, and check that all of them can be trained.

    raises   ScaleError for the first one that cannot
    """
    trials = []
    for number, settings in enumerate(drawn, 1):
        name = f"{recipe.name[:NAMES_KEPT]}-{number:04}"
        try:
            changed = replace(
                with_settings(recipe, settings),
                name=name,
                summary=f"{recipe.name} with {describe(settings)}."[:300],
            )
            trials.append(Trial(number, settings, check_recipe(changed)))
        except ValueError as error:
            raise ScaleError(
                f"{recipe.name} cannot be trained with {describe(settings)} ({error}): give other "
                "values with --over."
            ) from None
    return trials


def with_settings(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """Change a recipe by settings of `customize`, and then by paths of its fields.

    raises   ValueError, with the cause as a clause
    """
    options = {name: value for name, value in settings.items() if name in OPTIONS}
    paths = {name: value for name, value in settings.items() if name not in OPTIONS}
    changed = customize(recipe, **options)
    if not paths:
        return changed
    content = changed.to_json()
    for path, value in paths.items():
        _set(content, path, value)
    return recipe_files.recipe_from(content)


def _set(content: Any, path: str, value: Any) -> None:
    """Set a field in a recipe's JSON by its path, such as "network.layers.3.rate"."""
    *parents, last = path.split(".")
    for part in (*parents, None):
        key: Any = last if part is None else part
        if isinstance(content, list) and key.isdigit() and int(key) < len(content):
            key = int(key)
        elif not isinstance(content, dict) or key not in content:
            names = "numbers" if isinstance(content, list) else "no fields"
            known = ", ".join(content) if isinstance(content, dict) else names
            also = f"; or {', '.join(sorted(OPTIONS))}" if "." not in path else ""
            raise RecipeError(path, f"there is no {shown(key)}; there are {known}{also}")
        if part is None:
            content[key] = value
        else:
            content = content[key]


def describe(settings: Mapping[str, Any]) -> str:
    """Write settings as words: "learning_rate 0.003, hidden 128-64"."""
    return ", ".join(f"{name} {describe_value(value)}" for name, value in settings.items())


def describe_value(value: Any) -> str:
    """Write a value of a setting as a word."""
    if isinstance(value, tuple | list):
        return "-".join(map(str, value)) or "none"
    if value is None or isinstance(value, bool):
        return "none" if value is None else str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
