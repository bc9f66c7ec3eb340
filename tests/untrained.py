"""Models that nobody trained, for tests that need a whole one and not a good one."""

import numpy as np

from inkdigits.model_file import Model
from inkdigits.recipes import RECIPES


def untrained(name="mlp", seed=0, **fields):
    """A model of a recipe with the parameters that training would start from."""
    recipe = RECIPES[name]
    vector = recipe.network.inference_network.init(np.random.default_rng(seed))
    threshold = {"rejection_threshold": 0.5} if recipe.outliers else {}
    return Model(name, vector, **(threshold | fields))
