"""The command `inkdigits train`: train a model, with checkpoints, and write its file."""

import ctypes
import os
import platform
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path

import click
import numpy as np
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from inkdigits import training, training_data
from inkdigits.arrays import DEVICES, Array, Labels, to_host
from inkdigits.calibration import calibrate
from inkdigits.cli.curves import draw_curves
from inkdigits.cli.options import data_dir_option
from inkdigits.cli.own_data import OwnDataOptions, own_data_options
from inkdigits.cli.signals import Signals, StopRequested
from inkdigits.data import mnist
from inkdigits.data.batches import Batches
from inkdigits.evaluation import measure_held_out, summarize
from inkdigits.model_file import Model, save_model
from inkdigits.recipes import RECIPES, Recipe
from inkdigits.recognizer import Recognizer
from inkdigits.runs import Run
from inkdigits.threads import available_cpus
from inkdigits.training import DivergenceError, Record, TrainState
from inkdigits.training_data import Sources, TrainingData
from inkdigits.version import __version__
from inkdigits.worker_pool import WorkerDied

# glibc's mallopt(3): two settings of malloc by number, and their values in bytes.
M_TRIM_THRESHOLD, KEPT_BYTES = -1, 1 << 30
M_MMAP_THRESHOLD, POOLED_BYTES = -3, 1 << 25
BAR_SECONDS = 0.1  # between updates: a training step may be faster than drawing the bar


class WatchedBatches:
    """Batches that update a progress bar, and stop training between two steps on a signal."""

    def __init__(self, batches: Batches, bar: Progress, signals: Signals) -> None:
        self._batches = batches
        self._bar = bar
        self._signals = signals
        self._task = bar.add_task("", total=len(batches))

    def __len__(self) -> int:
        return len(self._batches)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Array, Labels]]:
        """Yield the batches of an epoch; raise StopRequested before one, never after the last."""
        self._bar.update(self._task, description=f"epoch {number + 1}", completed=first_step)
        updated = time.monotonic()
        for step, batch in enumerate(self._batches.epoch(number, first_step), first_step):
            self._signals.raise_if_received()
            if time.monotonic() - updated > BAR_SECONDS:
                self._bar.update(self._task, completed=step)
                updated = time.monotonic()
            yield batch

    def sample(self, count: int) -> Iterator[Array]:
        """Yield the images of some batches, without the bar."""
        return self._batches.sample(count)


@click.command("train")
@click.argument("recipe_name", metavar="RECIPE", type=click.Choice(list(RECIPES)))
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
@click.option(
    "--limit",
    type=click.IntRange(min=100),
    help="Train on the first N digits only, for a quick look.",
    metavar="N",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    help="Number of epochs.  [default: the recipe's]",
)
@click.option(
    "--mnist-only",
    is_flag=True,
    help="Train without the recipe's other data sets, even if their files are there.",
)
@click.option(
    "--device",
    type=click.Choice(DEVICES),
    default="cpu",
    show_default=True,
    help="Where to compute: cuda is an NVIDIA GPU and needs the extra `cuda`.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    default=available_cpus,
    show_default="one for each available CPU",
    help="Number of processes that prepare the training images.",
)
@own_data_options
@data_dir_option
def train_command(
    recipe_name: str,
    seed: int,
    run_dir: Path | None,
    resume: bool,
    limit: int | None,
    epochs: int | None,
    mnist_only: bool,
    device: str,
    workers: int,
    own: OwnDataOptions,
    data_dir: Path | None,
) -> None:
    """Train RECIPE on MNIST's training digits, or on --data, and on the data sets that it uses.

    The test digits are not used: `inkdigits evaluate` measures the model on them.
    """
    console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
    own_data = own.load(RECIPES[recipe_name], data_dir, workers, console)
    recipe = own_data.recipe if own_data else RECIPES[recipe_name]
    recipe = _adjusted(recipe, epochs, mnist_only, data_dir, console)
    keep_freed_memory()
    run = Run(run_dir or Path("runs") / f"{recipe_name}-{own.run_name}seed-{seed}")
    signals = Signals()
    with signals.caught(console), run.locked():
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
            run.begin(settings | {"versions": _versions(), "machine": _machine(device)})
        checkpoint = run.latest(lambda warning: console.print(warning, style="yellow"))
        state, records = checkpoint or (training.init_state(recipe, seed), [])
        if checkpoint:
            console.print(f"Resumed at step {state.step}, {_epochs_done(len(records))}.")
        else:
            run.save(state, records)

        console.print(f"{recipe.name}: {recipe.summary}", style="bold")
        data = _prepare(recipe, sources, seed, device, workers, console)
        run.check_state(state, records, recipe, len(data.batches))
        state = training.state_to_device(state, device)
        vector = _train(recipe, run, data, state, records, signals, console)
        model = Model.from_recipe(
            recipe,
            to_host(vector),
            *calibrate(recipe, vector, data.held_out),
            metrics=_last_epoch(records),
            training=settings | {"versions": _versions()},
        )
        if data.held_out:
            recognizer = Recognizer(model, recipe.name)
            measured = {
                name: measure_held_out(recognizer, part) for name, part in data.held_out.items()
            }
            model = replace(model, metrics=model.metrics | {"development": summarize(measured)})
        path = run.folder / f"{recipe.name}.safetensors"
        save_model(path, model)
        console.print(f"Model: {path}")
        if not draw_curves(run.folder / "learning-curves.svg", records):
            console.print("No learning curves: they need pip install 'inkdigits[plots]'.")
        where, option = ("test data", " --data SOURCE") if own_data else ("the test digits", "")
        console.print(f"Evaluate it on {where}: inkdigits evaluate {path}{option}")


def _adjusted(
    recipe: Recipe,
    epochs: int | None,
    mnist_only: bool,
    data_dir: Path | None,
    console: Console,
) -> Recipe:
    """Apply the options to a recipe."""
    if mnist_only:
        recipe = training_data.only_mnist(recipe)
    recipe, missing = training_data.without_missing(recipe, data_dir)
    for message in missing:
        console.print(message, style="yellow")
    if missing:
        console.print(
            "Without these files the model learns from fewer people, and recognizes other people's "
            "handwriting less accurately.",
            style="yellow",
        )
    return recipe if epochs is None else replace(recipe, epochs=epochs)


def _epochs_done(count: int) -> str:
    return "1 epoch done" if count == 1 else f"{count} epochs done"


def _prepare(
    recipe: Recipe, sources: Sources, seed: int, device: str, workers: int, console: Console
) -> TrainingData:
    """Prepare the training data, and show the progress."""
    if recipe.validation and sources.digits.writers is None and not sources.are_own:
        console.print(
            f"The file of MNIST's writers, {mnist.TRAIN_WRITERS}, is missing: the validation "
            "digits are drawn at random, and their accuracy is too high, because their writers "
            "are trained on. `inkdigits data` downloads the file.",
            style="yellow",
        )
    bar = _bar(console, MofNCompleteColumn())
    tasks: dict[str, TaskID] = {}

    def on_progress(step: str, total: int, done: int) -> None:
        if step not in tasks:
            tasks[step] = bar.add_task(step, total=total)
        bar.update(tasks[step], completed=done)

    try:
        with bar:
            data = training_data.prepare(recipe, sources, seed, device, workers, on_progress)
    except WorkerDied as error:
        raise click.ClickException(str(error)) from None
    counts = ", ".join(f"{count:,} {name}" for name, count in data.counts.items())
    console.print(f"{counts}; preprocessing: {recipe.preprocessing}")
    return data


def _bar(console: Console, done: ProgressColumn) -> Progress:
    """Make a progress bar that disappears at the end, and does not appear in a log."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        done,
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def keep_freed_memory() -> None:
    """Let the C library keep freed memory: each training step needs as much again.

    Returning it to the system and getting it again takes a third of the time. Nothing changes if
    the library is not glibc.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
    mallopt(M_MMAP_THRESHOLD, POOLED_BYTES)


def _train(
    recipe: Recipe,
    run: Run,
    data: TrainingData,
    state: TrainState,
    records: list[Record],
    signals: Signals,
    console: Console,
) -> Array:
    """Train to the end of the last epoch, saving a checkpoint after each epoch and on stopping.

    returns  the parameters of the inference network, on the device
    raises   StopRequested, after that checkpoint
    """
    bar = _bar(console, TextColumn("{task.percentage:>3.0f}%"))
    console.print(HEADINGS, style="bold")
    try:
        with bar:
            watched = WatchedBatches(data.batches, bar, signals)
            try:
                with signals.deferred():
                    for record in training.fit(recipe, watched, state, data.validation):
                        records.append(record)
                        run.save(state, records)
                        console.print(_line(record, recipe.epochs))
            except StopRequested:
                path = run.save(state, records)
                console.print(f"Step {state.step} is saved in {path}; continue with --resume.")
                raise
        return training.inference_params(recipe, data.batches, state)
    except DivergenceError as error:
        raise click.ClickException(
            f"Training stopped because {error}; the last good weights are in the newest checkpoint "
            f"in {run.folder}. A lower learning rate in recipes.py may help."
        ) from None


HEADINGS = "epoch    loss  accuracy  validation: loss  accuracy  seconds  images/s"


def _line(record: Record, epochs: int) -> str:
    """Format one epoch, aligned with the headings."""
    loss, accuracy = record.validation_loss, record.validation_accuracy
    return (
        f"{f'{record.epoch}/{epochs}':>5}  {record.loss:6.4f}  {record.accuracy:8.2%}  "
        f"{'' if loss is None else f'{loss:.4f}':>16}  "
        f"{'' if accuracy is None else f'{accuracy:.2%}':>8}  "
        f"{record.seconds:7.1f}  {record.images_per_second:8,.0f}"
    )


def _last_epoch(records: list[Record]) -> dict[str, float]:
    """Return the last epoch's losses and accuracies; its times are not a property of the model."""
    record = asdict(records[-1])
    names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    return {name: record[name] for name in names if record[name] is not None}


def _machine(device: str) -> dict[str, object]:
    return {
        "device": device,
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS"),
    }


def _versions() -> dict[str, str]:
    return {
        "inkdigits": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
