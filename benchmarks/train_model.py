"""Train a recipe in memory, as the command line does but without a run folder."""

from inkdigits import training, training_data
from inkdigits.model_file import Model
from inkdigits.recipes import Recipe
from inkdigits.threads import available_cpus


def train_model(recipe: Recipe, seed: int, limit: int | None = None) -> Model:
    """Train a recipe for all of its epochs and print the training accuracy after each.

    limit    train on the first `limit` digits of MNIST only
    returns  a model that is not calibrated: temperature 1, and only blank images are rejected
    """
    sources = training_data.load(recipe, None, limit)
    data = training_data.prepare(
        recipe, sources, seed, workers=available_cpus(), on_progress=_print_step
    )
    batches = data.batches
    state = training.init_state(recipe, seed)
    for record in training.fit(recipe, batches, state):
        print(f"{recipe.name}, epoch {record.epoch}: {record.accuracy:.2%}", flush=True)
    return Model.from_recipe(recipe, training.inference_params(recipe, batches, state))


def _print_step(step: str, total: int, done: int) -> None:
    if done == 0:
        print(step)
