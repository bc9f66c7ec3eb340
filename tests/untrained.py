"""Models with random weights, for tests that need a valid model but not a good one."""

from dataclasses import replace

import numpy as np

from inkdigits.model_file import Model
from inkdigits.recipes import RECIPES


def untrained(name="mlp", seed=0, **changes):
    """Make a model of a recipe, with the parameters that training would start from."""
    recipe = RECIPES[name]
    vector = recipe.network.inference_network.init(np.random.default_rng(seed))
    threshold = 0.5 if recipe.outliers else None
    return replace(Model.from_recipe(recipe, vector, rejection_threshold=threshold), **changes)
