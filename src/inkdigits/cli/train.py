"""The command `inkdigits train`: train a model, with checkpoints, and write its file."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from inkdigits import training, training_data
from inkdigits.arrays import DEVICES
from inkdigits.changes import LEARNING_RATE, changed_schedule, changes_to_json
from inkdigits.cli.curves import draw_curves
from inkdigits.cli.options import data_dir_option, limit_option, mnist_only_option
from inkdigits.cli.own_data import DataCommand, OwnDataOptions, own_data_options
from inkdigits.cli.recipe_choice import (
    choose_recipe,
    recipe_argument,
    recipe_options,
    with_available_data,
)
from inkdigits.cli.signals import Signals
from inkdigits.cli.training_place import training_on
from inkdigits.cli.training_progress import change_epochs, prepare_data, train_epochs
from inkdigits.constants import DIGITS
from inkdigits.model_file import save_model
from inkdigits.recipes import RECIPES, Recipe
from inkdigits.runs import Run
from inkdigits.threads import available_cpus
from inkdigits.trained_model import measured_model
from inkdigits.training_environment import keep_freed_memory, machine, versions


@click.command("train", cls=DataCommand)
@recipe_argument
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Seed of every random choice.",
)
@click.option(
    "--run-dir",
    type=click.Path(path_type=Path),
    help="Folder for checkpoints, metrics and model.  [default: runs/RECIPE-seed-SEED]",
)
@click.option("--resume", is_flag=True, help="Continue the training in the folder.")
@limit_option
@click.option(
    "--epochs",
    type=click.IntRange(1, 100_000),
    help="Number of epochs; with --resume, it may be another than before.  [default: the recipe's, "
    "or with --resume the run's]",
)
@recipe_options
@mnist_only_option
@click.option(
    "--device",
    type=click.Choice(DEVICES),
    default="cpu",
    show_default=True,
    help="Where to compute: cuda is an NVIDIA GPU and needs the extra `cuda`.",
)
@click.option(
    "--on",
    metavar="ray|ray://HOST",
    help="Train over the workers of a Ray cluster: ray starts one on this machine, or takes the "
    "one that RAY_ADDRESS names.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Number of processes that prepare the training images, or with --on, that train.  "
    "[default: one for each available CPU]",
)
@own_data_options
@data_dir_option
def train_command(
    source: str,
    seed: int,
    run_dir: Path | None,
    resume: bool,
    limit: int | None,
    epochs: int | None,
    mnist_only: bool,
    device: str,
    on: str | None,
    workers: int | None,
    own: OwnDataOptions,
    data_dir: Path | None,
    **changes: Any,
) -> None:
    """Train RECIPE on MNIST's training digits, or on --data, and on the data sets that it uses.

    RECIPE is a name that `inkdigits recipe list` prints, or a TOML or JSON file.

    The test digits are not used: `inkdigits evaluate` measures the model on them.
    """
    if on is not None and device != "cpu":
        raise click.UsageError("--on trains on CPUs: leave out --device.")
    console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
    recipe = choose_recipe(source, RECIPES, epochs, **changes)
    processes = available_cpus() if on is not None or workers is None else workers
    own_data = own.load(recipe, data_dir, processes, console)
    if own_data:
        recipe = own_data.recipe
    elif recipe.classes != DIGITS:
        raise click.ClickException(
            f"The classes of the recipe {recipe.name} are not the digits 0 to 9, which MNIST has: "
            "name images of them with --data."
        )
    recipe = with_available_data(recipe, mnist_only, data_dir, console)
    keep_freed_memory()
    run = Run(run_dir or Path("runs") / f"{recipe.name}-{own.run_name}seed-{seed}")
    signals = Signals()
    # Ray's handlers of signals come first, so that those of this command replace them.
    with training_on(on, workers, console) as place, signals.caught(console), run.locked():
        if resume and epochs is None:
            recipe = _with_epochs_of_run(recipe, run, console)
        load = own_data.sources if own_data else training_data.load
        sources = load(recipe, data_dir, limit)
        settings = {
            "recipe": recipe.to_json(),
            "seed": seed,
            "limit": limit,
            "data": sources.hashes,
        }
        if resume:
            run.check_settings(settings)
        else:
            trained_on = machine(device) | place.description
            run.begin(settings | {"versions": versions(), "machine": trained_on})
        checkpoint = run.latest(lambda warning: console.print(warning, style="yellow"))
        state, records = checkpoint or (training.init_state(recipe, seed), [])
        if checkpoint:
            console.print(f"Resumed at step {state.step}, {_epochs_done(len(records))}.")
            run.check_epochs(state, records, recipe.epochs)
        else:
            run.save(state, records)

        console.print(f"{recipe.name}: {recipe.summary}", style="bold")
        data = prepare_data(recipe, sources, seed, device, processes, console)
        run.check_state(state, records, recipe, len(data.batches))
        if resume:
            change_epochs(run, recipe, state.step, len(data.batches), console)
        state = training.state_to_device(state, device)
        scheduled = _with_changes_of_run(recipe, run, state.step, len(data.batches), console)
        fit = place.fit
        vector = train_epochs(scheduled, run, data, state, records, signals, console, fit)
        provenance = settings | {"versions": versions()} | changes_to_json(run.changes)
        model = measured_model(recipe, vector, data, records, provenance)
        path = run.folder / f"{recipe.name}.safetensors"
        save_model(path, model)
        console.print(f"Model: {path}")
        if not draw_curves(run.folder / "learning-curves.svg", records):
            console.print("No learning curves: they need pip install 'inkdigits[plots]'.")
        where, option = ("test data", " --data SOURCE") if own_data else ("the test digits", "")
        console.print(f"Evaluate it on {where}: inkdigits evaluate {path}{option}")


def _with_epochs_of_run(recipe: Recipe, run: Run, console: Console) -> Recipe:
    """Return the recipe with the number of epochs that the run was last given."""
    epochs = run.epochs
    if epochs != recipe.epochs:
        console.print(
            f"The run is to have {epochs} epochs, not {recipe.epochs}; --epochs changes it."
        )
    return replace(recipe, epochs=epochs)


def _with_changes_of_run(
    recipe: Recipe, run: Run, step: int, steps_per_epoch: int, console: Console
) -> Recipe:
    """Return the recipe with the schedule as it was changed, and tell the learning rate.

    step    number of the next step
    """
    changes = run.changes
    for change in changes:
        if change.setting == LEARNING_RATE:
            when = "was" if change.step <= step else "will be"
            console.print(
                f"The highest learning rate of the run {when} changed from {change.before:g} to "
                f"{change.after:g} at step {change.step}."
            )
    return replace(recipe, schedule=changed_schedule(recipe.schedule, changes, steps_per_epoch))


def _epochs_done(count: int) -> str:
    return "1 epoch done" if count == 1 else f"{count} epochs done"
