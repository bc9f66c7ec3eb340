"""Prepare the data and train to the end, with progress bars, and stop between two steps."""

import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

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
from inkdigits.arrays import Array, Labels
from inkdigits.cli.signals import Signals, StopRequested
from inkdigits.data import mnist
from inkdigits.data.batches import Batches
from inkdigits.recipes import Recipe
from inkdigits.runs import Run
from inkdigits.scale.errors import ScaleError
from inkdigits.training import DivergenceError, Record, TrainState
from inkdigits.training_data import Sources, TrainingData
from inkdigits.worker_pool import WorkerDied

BAR_SECONDS = 0.1  # between updates: a training step may be faster than drawing the bar
RATES = 500  # points of a schedule at which the learning rate is computed
Fit: TypeAlias = Callable[..., Iterator[Record]]  # with the arguments of `training.fit`
HEADINGS = "epoch    loss  accuracy  validation: loss  accuracy  seconds  images/s"


class WatchedBatches:
    """Batches that update a progress bar, and stop training between two steps on a signal."""

    def __init__(self, batches: Batches, bar: Progress, signals: Signals) -> None:
        self.batches = batches
        self._bar = bar
        self._signals = signals
        self._task = bar.add_task("", total=len(batches))
        self._epoch, self._updated = -1, 0.0

    def __len__(self) -> int:
        return len(self.batches)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Array, Labels]]:
        """Yield the batches of an epoch; raise StopRequested before one, never after the last."""
        for step, batch in enumerate(self.batches.epoch(number, first_step), first_step):
            self.reached(number, step)
            yield batch

    def reached(self, epoch: int, step: int) -> None:
        """Show how many steps of an epoch are done; raise StopRequested after a signal."""
        self._signals.raise_if_received()
        now = time.monotonic()
        if epoch != self._epoch or now - self._updated > BAR_SECONDS:
            self._bar.update(self._task, description=f"epoch {epoch + 1}", completed=step)
            self._epoch, self._updated = epoch, now

    def sample(self, count: int) -> Iterator[Array]:
        """Yield the images of some batches, without the bar."""
        return self.batches.sample(count)


def prepare_data(
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


def change_epochs(
    run: Run, recipe: Recipe, step: int, steps_per_epoch: int, console: Console
) -> None:
    """Record another number of epochs for a run that is resumed, and say what the schedule does.

    step    number of the next step
    """
    before = run.epochs
    if before == recipe.epochs:
        return
    run.change_epochs(recipe.epochs, step)
    steps = steps_per_epoch * recipe.epochs
    if step >= steps:
        return
    console.print(
        f"The run is to have {recipe.epochs} epochs instead of {before}. From step {step} on, the "
        f"learning rate is that of a schedule of {recipe.epochs} epochs: "
        f"{_rates(recipe, step, steps_per_epoch * before, steps)}. The optimizer's state and the "
        "averages of the weights continue. The model will differ from one that is trained for "
        f"{recipe.epochs} epochs from the start.",
        style="yellow",
    )


def _rates(recipe: Recipe, step: int, steps_before: int, steps: int) -> str:
    """Describe how the learning rate goes on."""
    was = recipe.schedule(step - 1, steps_before) if step else None
    numbers = np.linspace(step, steps - 1, RATES).astype(int).tolist()
    rates = [recipe.schedule(number, steps) for number in numbers]
    text = f"{rates[0]:.3g} now" if was is None else f"{was:.3g} before, {rates[0]:.3g} now"
    peak = max(rates)
    if peak > max(rates[0], rates[-1]):
        text += f", up to {peak:.3g}"
    return f"{text}, {rates[-1]:.3g} at the end"


def train_epochs(
    recipe: Recipe,
    run: Run,
    data: TrainingData,
    state: TrainState,
    records: list[Record],
    signals: Signals,
    console: Console,
    fit: Fit = training.fit,
) -> Array:
    """Train to the end of the last epoch, saving a checkpoint after each epoch and on stopping.

    fit      trains as `training.fit` does
    returns  the parameters of the inference network, on the device
    raises   StopRequested, and ScaleError if a cluster fails, after that checkpoint
    """
    bar = _bar(console, TextColumn("{task.percentage:>3.0f}%"))
    console.print(HEADINGS, style="bold")
    try:
        with bar:
            watched = WatchedBatches(data.batches, bar, signals)
            try:
                with signals.deferred():
                    for record in fit(recipe, watched, state, data.validation):
                        records.append(record)
                        run.save(state, records)
                        console.print(_line(record, recipe.epochs))
            except (StopRequested, ScaleError):
                path = run.save(state, records)
                console.print(f"Step {state.step} is saved in {path}; continue with --resume.")
                raise
        return training.inference_params(recipe, data.batches, state)
    except DivergenceError as error:
        raise click.ClickException(
            f"Training stopped because {error}; the last good weights are in the newest checkpoint "
            f"in {run.folder}. A lower --learning-rate may help."
        ) from None


def _line(record: Record, epochs: int) -> str:
    """Format one epoch, aligned with the headings."""
    loss, accuracy = record.validation_loss, record.validation_accuracy
    return (
        f"{f'{record.epoch}/{epochs}':>5}  {record.loss:6.4f}  {record.accuracy:8.2%}  "
        f"{'' if loss is None else f'{loss:.4f}':>16}  "
        f"{'' if accuracy is None else f'{accuracy:.2%}':>8}  "
        f"{record.seconds:7.1f}  {record.images_per_second:8,.0f}"
    )


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
