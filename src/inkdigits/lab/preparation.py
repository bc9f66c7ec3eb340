"""What a run starts from, or goes on from: recipe, images, and the state of its checkpoint."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from inkdigits import training, training_data
from inkdigits.changes import EPOCHS, changes_to_json, value_at
from inkdigits.lab import choice
from inkdigits.lab.files import Asked
from inkdigits.lab.limits import LabLimits
from inkdigits.lab.views import Setting
from inkdigits.recipe_files import to_toml
from inkdigits.recipes import Recipe
from inkdigits.runs import Run
from inkdigits.storage.files import write_atomically
from inkdigits.training import Record, TrainState
from inkdigits.training_data import TrainingData
from inkdigits.training_environment import machine, versions

RECIPE_FILE = "recipe.toml"  # for `inkdigits train --resume`

OnMessage: TypeAlias = Callable[[str, int | None, int | None], None]  # text, total, done


@dataclass(eq=False)
class Preparation:
    """Everything that training needs.

    settings       of the run, as `Run.begin` takes them
    flat           the same as single values
    is_continued   whether the state is that of a checkpoint
    """

    recipe: Recipe
    data: TrainingData
    state: TrainState
    records: list[Record]
    settings: dict[str, Any]
    flat: dict[str, Setting]
    is_continued: bool


def prepare(
    run: Run, asked: Asked, data_dir: Path | None, limits: LabLimits, tell: OnMessage
) -> Preparation:
    """Load and prepare the images, and begin the run, or read its newest checkpoint.

    tell     called with what is being done, of how many images, and how many are done
    raises   LabError, DataError, FileError, WorkerDied, OSError
    """
    options = asked.options
    tell("Loading the images", None, None)
    checkpoint = run.latest(lambda warning: tell(warning, None, None)) if _exists(run) else None

    def epochs(recipe: Recipe) -> int:
        if checkpoint is not None:
            return run.epochs
        return int(value_at(asked.changes, EPOCHS, None, recipe.epochs))

    loaded = choice.load(
        *(options, data_dir, limits, epochs),
        lambda done: tell("Preprocessing", None, done),
    )
    recipe = loaded.recipe
    settings = {
        "recipe": recipe.to_json(),
        "seed": options.seed,
        "limit": loaded.limit,
        "data": loaded.sources.hashes,
    }
    if checkpoint is None:
        begun = settings | {"versions": versions(), "machine": machine("cpu")}
        run.begin(begun | changes_to_json(asked.changes))
    else:
        run.check_settings(settings)
    write_atomically(run.folder / RECIPE_FILE, to_toml(recipe).encode())
    state, records = checkpoint or (training.init_state(recipe, options.seed), [])
    if checkpoint is None:
        run.save(state, records)
    workers = limits.workers
    data = training_data.prepare(recipe, loaded.sources, options.seed, "cpu", workers, tell)
    run.check_state(state, records, recipe, len(data.batches))
    flat = choice.flat_settings(recipe, options, options.seed, loaded.limit)
    return Preparation(recipe, data, state, records, settings, flat, checkpoint is not None)


def _exists(run: Run) -> bool:
    return (run.folder / "settings.json").exists()
