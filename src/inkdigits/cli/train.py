"""The command `inkdigits train`: from digits to a model file, with checkpoints on the way."""

import ctypes
import os
import platform
import re
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from types import FrameType

import click
import numpy as np
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from inkdigits import training, training_data
from inkdigits.arrays import DEVICES, Array, Labels, to_host
from inkdigits.cli.curves import draw_curves
from inkdigits.cli.options import data_dir_option
from inkdigits.data.batches import Batches
from inkdigits.inference import predict_logits
from inkdigits.model_file import Model, save_model
from inkdigits.recipes import CLASSES, RECIPES, Recipe, rejection_scores
from inkdigits.runs import Run
from inkdigits.training import DivergenceError, Record
from inkdigits.version import __version__

# mallopt(3) of glibc: its names for two settings of malloc, and what they are set to, in bytes.
M_TRIM_THRESHOLD, KEPT_BYTES = -1, 1 << 30
M_MMAP_THRESHOLD, POOLED_BYTES = -3, 1 << 25
BAR_SECONDS = 0.1  # a step of training may take less time than to redraw the bar


class StopRequested(BaseException):
    """The user, or the system, asks to stop; like KeyboardInterrupt it is nobody's to swallow."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.exit_status = 128 + signal_number


class Signals:
    """Turns the first Ctrl-C or SIGTERM into StopRequested: at once, or where it does no harm."""

    def __init__(self) -> None:
        self._received: int | None = None
        self._held = False

    def raise_if_received(self) -> None:
        """Raise StopRequested if one came."""
        if self._received is not None:
            raise StopRequested(self._received)

    @contextmanager
    def caught(self, console: Console) -> Iterator[None]:
        """Catch both until the block ends; exit, with the status that a shell expects, for one."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, self._receive) for number in numbers]
        try:
            yield
        except StopRequested as stop:
            console.print(f"Stopped by {stop}.")
            sys.exit(stop.exit_status)
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let one that comes wait for `raise_if_received`, or for the end of the block."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        self.raise_if_received()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._received is None:  # whoever stops is not to be disturbed by a second one
            self._received = number
            if not self._held:
                raise StopRequested(number)


class WatchedBatches:
    """Batches that move a state bar, and that end training where the user asks for it."""

    def __init__(self, batches: Batches, bar: Progress, signals: Signals) -> None:
        self._batches = batches
        self._bar = bar
        self._signals = signals
        self._task = bar.add_task("", total=len(batches))

    def __len__(self) -> int:
        return len(self._batches)

    def epoch(self, number: int, first_step: int = 0) -> Iterator[tuple[Array, Labels]]:
        """The batches of an epoch; raises StopRequested before one, never after the last."""
        self._bar.update(self._task, description=f"epoch {number + 1}", completed=first_step)
        shown = time.monotonic()
        for step, batch in enumerate(self._batches.epoch(number, first_step), first_step):
            self._signals.raise_if_received()
            if time.monotonic() - shown > BAR_SECONDS:
                self._bar.update(self._task, completed=step)
                shown = time.monotonic()
            yield batch

    def sample(self, count: int) -> Iterator[Array]:
        """Some batches' pictures, which nobody waits for."""
        return self._batches.sample(count)


@click.command("train")
@click.argument("recipe_name", metavar="RECIPE", type=click.Choice(list(RECIPES)))
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Decides every random choice.",
)
@click.option(
    "--run-dir",
    type=click.Path(path_type=Path),
    help="Folder for the checkpoints, the metrics and the model.  [default: runs/RECIPE-seed-SEED]",
)
@click.option("--resume", is_flag=True, help="Continue the training that the folder holds.")
@click.option(
    "--limit",
    type=click.IntRange(min=100),
    help="Train on the first so many digits only, for a quick look.",
)
@click.option(
    "--epochs",
    type=click.IntRange(min=1),
    help="Train for so many epochs.  [default: as many as the recipe says]",
)
@click.option(
    "--pens/--no-pens",
    "with_pens",
    default=None,
    help="Train on pen writers' digits as well, where the recipe does, or on MNIST alone.  "
    "[default: with them if their file is there]",
)
@click.option(
    "--device",
    type=click.Choice(DEVICES),
    default="cpu",
    show_default=True,
    help="Where to compute: cuda is NVIDIA's GPU, and needs the extra `cuda`.",
)
@data_dir_option
def train_command(
    recipe_name: str,
    seed: int,
    run_dir: Path | None,
    resume: bool,
    limit: int | None,
    epochs: int | None,
    with_pens: bool | None,
    device: str,
    data_dir: Path | None,
) -> None:
    """Train a model by RECIPE on MNIST's training digits, and on pen writers' where it says so.

    The test digits are not touched: `inkdigits evaluate` looks at them.
    """
    recipe = RECIPES[recipe_name]
    console = Console(highlight=False, soft_wrap=True, markup=False, emoji=False)
    if with_pens is None and recipe.pendigits_copies:
        with_pens = training_data.has_pens(data_dir, console)
    if not with_pens:
        recipe = replace(recipe, pendigits_copies=0)
    if epochs is not None:
        recipe = replace(recipe, epochs=epochs)
    _keep_freed_memory()
    run = Run(run_dir or Path("runs") / f"{recipe_name}-seed-{seed}")
    signals = Signals()
    with signals.caught(console), run.locked():
        sources = training_data.load(recipe, data_dir, limit)
        settings = {
            "recipe": recipe_name,
            "seed": seed,
            "limit": limit,
            "data": sources.hashes,
            **_settings(recipe),
        }
        if resume:
            run.check_settings(settings)
        else:
            run.begin(settings | {"versions": _versions(), "machine": _machine(device)})
        checkpoint = run.latest(lambda warning: console.print(warning, style="yellow"))
        state, records = checkpoint or (training.init_state(recipe, seed), [])
        if checkpoint:
            console.print(f"Resumed at step {state.step}, with {len(records)} epochs done.")
        else:
            run.save(state, records)

        console.print(f"{recipe.name}: {recipe.summary}", style="bold")
        batches, validation = training_data.prepare(recipe, sources, seed, device, console)
        run.check_state(state, records, recipe, len(batches))
        state = training.on_device(state, device)
        vector = _train(recipe, run, batches, state, records, validation, signals, console)
        temperature, threshold = _calibration(recipe, vector, validation)
        model = Model(
            recipe=recipe.name,
            vector=to_host(vector),
            temperature=temperature,
            rejection_threshold=threshold,
            metrics=_last_epoch(records),
            training=settings | {"versions": _versions()},
        )
        path = run.folder / f"{recipe.name}.safetensors"
        save_model(path, model)
        console.print(f"Model: {path}")
        if not draw_curves(run.folder / "learning-curves.svg", records):
            console.print("No learning curves: pip install 'inkdigits[plots]' to have them drawn.")
        console.print(f"See how it does on the test digits: inkdigits evaluate {path}")


def _keep_freed_memory() -> None:
    """Let the C library keep memory that is freed: each step of training needs as much again.

    To give it back to the system and to get it anew takes a third of the time. Where the library
    is not glibc, nothing is changed.
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
    batches: Batches,
    state: training.TrainState,
    records: list[Record],
    validation: tuple[Array, Labels] | None,
    signals: Signals,
    console: Console,
) -> Array:
    """Train to the end of the last epoch, with a checkpoint after each, or stop with one.

    returns  the parameters of the network that reads, on the device
    raises   StopRequested, after that checkpoint
    """
    bar = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f}%"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
    console.print(HEADINGS, style="bold")
    try:
        with bar:
            watched = WatchedBatches(batches, bar, signals)
            try:
                with signals.held():
                    for record in training.fit(recipe, watched, state, validation):
                        records.append(record)
                        run.save(state, records)
                        console.print(_line(record, recipe.epochs))
            except StopRequested:
                path = run.save(state, records)
                console.print(f"Step {state.step} is kept in {path}; --resume goes on.")
                raise
        return training.inference_params(recipe, batches, state)
    except DivergenceError as error:
        raise click.ClickException(
            f"Training stopped, for {error}; the last good weights are in the newest checkpoint in "
            f"{run.folder}. A lower learning rate in models.py may help."
        ) from None


HEADINGS = "epoch    loss  accuracy  validation: loss  accuracy  seconds  images/s"


def _line(record: Record, epochs: int) -> str:
    """One epoch, under the headings."""
    loss, accuracy = record.validation_loss, record.validation_accuracy
    return (
        f"{f'{record.epoch}/{epochs}':>5}  {record.loss:6.4f}  {record.accuracy:8.2%}  "
        f"{'' if loss is None else f'{loss:.4f}':>16}  "
        f"{'' if accuracy is None else f'{accuracy:.2%}':>8}  "
        f"{record.seconds:7.1f}  {record.images_per_second:8,.0f}"
    )


def _calibration(
    recipe: Recipe, vector: Array, validation: tuple[Array, Labels] | None
) -> tuple[float, float | None]:
    """Fit temperature and threshold on the digits that were kept out; without any, 1 and 0."""
    temperature, threshold = 1.0, 0.0
    if validation is not None:
        x, labels = validation
        logits = to_host(
            predict_logits(recipe, recipe.network.inference_network.layer_params(vector), x)
        )
        temperature = training.fit_temperature(logits[:, :CLASSES], to_host(labels))
        if recipe.outliers:
            threshold = training.fit_rejection_threshold(rejection_scores(logits))
    return temperature, threshold if recipe.outliers else None


def _last_epoch(records: list[Record]) -> dict[str, float]:
    """What the model's file says of its training; times are no property of a model."""
    record = asdict(records[-1])
    names = ("loss", "accuracy", "validation_loss", "validation_accuracy")
    return {name: record[name] for name in names if record[name] is not None}


def _settings(recipe: Recipe) -> dict[str, object]:
    """All that the recipe decides, to tell whether it is the same when training goes on."""
    return {
        # Without the addresses that functions are at: they differ from run to run.
        "network": re.sub(r"<function (\w+) at \w+>", r"\1", repr(recipe.network.layers)),
        "preprocessing": recipe.preprocessing,
        "targets": recipe.targets[0].tolist(),
        "optimizer": repr(recipe.optimizer),
        "schedule": repr(recipe.schedule),
        "batch_size": recipe.batch_size,
        "epochs": recipe.epochs,
        "shuffle": recipe.shuffle,
        "validation": recipe.validation,
        "ema_decay": recipe.ema_decay,
        "augment": repr(recipe.augment),
        "restroked": recipe.restroked,
        "pendigits_copies": recipe.pendigits_copies,
        "outliers": recipe.outliers,
    }


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
