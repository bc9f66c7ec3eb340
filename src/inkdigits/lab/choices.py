"""What one can choose from for a run: recipes, with what each has, and names of its parts."""

from dataclasses import dataclass

from inkdigits import recipe_options
from inkdigits.lab.choice import flat_settings
from inkdigits.lab.views import Setting
from inkdigits.nn.convolution import Conv2D, MaxPool2D
from inkdigits.recipes import INPUT_SHAPE, RECIPES, Recipe


@dataclass(frozen=True)
class RecipeChoice:
    """A recipe.

    layers            of its network, such as "Dense 128"
    has_convolutions  whether LabOptions.hidden cannot be chosen for it
    settings          as RunSummary has them
    """

    name: str
    summary: str
    layers: tuple[str, ...]
    has_convolutions: bool
    settings: dict[str, Setting]


def recipe_choices() -> list[RecipeChoice]:
    """List the recipes that a run can train."""
    return [_describe(recipe) for recipe in RECIPES.values()]


def option_choices() -> dict[str, list[str]]:
    """Return the possible values of each option that is a name."""
    tables = {
        "activation": recipe_options.ACTIVATIONS,
        "optimizer": recipe_options.OPTIMIZERS,
        "schedule": recipe_options.SCHEDULES,
        "augment": recipe_options.AUGMENTS,
    }
    return {option: list(table) for option, table in tables.items()}


def _describe(recipe: Recipe) -> RecipeChoice:
    layers = recipe.network.layers
    shapes = recipe.network.output_shapes(INPUT_SHAPE)
    return RecipeChoice(
        name=recipe.name,
        summary=recipe.summary,
        layers=tuple(
            f"{type(layer).__name__} {'x'.join(map(str, shape))}"
            for layer, shape in zip(layers, shapes, strict=True)
        ),
        has_convolutions=any(isinstance(layer, Conv2D | MaxPool2D) for layer in layers),
        settings=flat_settings(recipe, None, 0, None),
    )
