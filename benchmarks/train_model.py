"""Train a recipe in memory, as the command line does but without a run's folder."""

from inkdigits import training, training_data
from inkdigits.model_file import Model
from inkdigits.recipes import Recipe


def train_model(recipe: Recipe, seed: int, limit: int | None = None) -> Model:
    """Train a recipe to the end and print the training accuracy after each epoch.

    limit    train on the first `limit` digits of MNIST only
    returns  a model without calibration: temperature 1, and it rejects blank images only
    """
    sources = training_data.load(recipe, None, limit)
    batches = training_data.prepare(recipe, sources, seed, on_progress=print).batches
    state = training.init_state(recipe, seed)
    for record in training.fit(recipe, batches, state):
        print(f"{recipe.name}, epoch {record.epoch}: {record.accuracy:.2%}", flush=True)
    return Model.from_recipe(recipe, training.inference_params(recipe, batches, state))
