"""Trains a run step by step, and obeys commands in between."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from operator import attrgetter
from pathlib import Path
from typing import Literal, TypeAlias

from inkdigits import training
from inkdigits.changes import (
    LEARNING_RATE,
    REWIND,
    Change,
    changed_schedule,
    changes_to_json,
    value_at,
)
from inkdigits.lab import commands
from inkdigits.lab.commands import Command
from inkdigits.lab.errors import LabError
from inkdigits.lab.files import Asked, figures
from inkdigits.lab.gradient_check import Before, check_gradient
from inkdigits.lab.preparation import Preparation
from inkdigits.lab.reporter import RecentBatches, Reporter
from inkdigits.lab.validation import shown_images, write_pictures, write_predictions
from inkdigits.lab.views import State
from inkdigits.model_file import save_model
from inkdigits.recipes import highest_learning_rate
from inkdigits.runs import Run, RunError
from inkdigits.storage.files import FileError
from inkdigits.trained_model import measured_model
from inkdigits.training import Epoch, Step
from inkdigits.training_environment import versions

POLL_SECONDS = 0.05  # between two looks at the commands
SAVE_SECONDS = 30.0  # of training between two checkpoints within an epoch

Mode: TypeAlias = Literal["training", "paused", "step", "epoch"]


class Stopped(BaseException):
    """The process is to end. Like KeyboardInterrupt, it is not an Exception."""


class Deleted(Exception):
    """The run's folder was deleted, so there is nothing to save to."""


class Trainer:
    """One run. `train` returns when it is over, or raises what stopped it."""

    def __init__(
        self,
        run: Run,
        asked: Asked,
        prepared: Preparation,
        reporter: Reporter,
        stop_if_asked: Callable[[], None],
    ) -> None:
        """Take what `preparation.prepare` returns.

        stop_if_asked  called between two steps; raises Stopped if the process is to end
        """
        self._run, self._asked, self._reporter = run, asked, reporter
        self._recipe, self._data, self._settings = prepared.recipe, prepared.data, prepared.settings
        self._state, self._records = prepared.state, prepared.records
        self._stop_if_asked = stop_if_asked
        self._batches = RecentBatches(self._data.batches)
        self._size = len(self._batches)
        # A run that is continued waits for the command for which its process was started.
        is_paused = prepared.is_continued or asked.options.paused
        self._mode: Mode = "paused" if is_paused else "training"
        self._patience = asked.options.early_stopping
        self._ending: tuple[State, str] | None = None
        self._waiting: list[Command] = []  # commands; while a single step is made, they wait
        self._told: set[Change] = set()
        self._last: Step | None = None
        self._before: Before | None = None  # of a single step
        self._kept = set(run.checkpoints())
        self._temporary: Path | None = None  # a checkpoint that the next one replaces
        self._poll_due = self._save_due = 0.0
        if self._data.validation is not None:
            self._shown = shown_images(*self._data.validation)
            write_pictures(run.folder, self._shown[0])
        reporter.load_curve(self._state.step)
        reporter.update(settings=prepared.flat)
        self._update_figures()
        self._begin_steps()

    def train(self) -> None:
        """Train to the end, and write the model.

        raises   Stopped, after a checkpoint; Deleted, DivergenceError, FileError, OSError
        """
        try:
            self._enter(self._mode)
            self._obey()
            while self._ending is None:
                self._tell_upcoming()
                done = next(self._steps, None)
                if done is None:
                    self._ending = "finished", ""
                elif isinstance(done, Epoch):
                    self._on_epoch(done)
                    self._obey()
                else:
                    self._on_step(done)
                    if self._state.step % self._size:  # else the epoch's record comes first
                        self._obey()
        except Stopped:
            self._save(keep=False)
            raise
        self._finish(*self._ending)

    def _begin_steps(self) -> None:
        """Go on from the state, with all changes of the run."""
        changes = self._run.changes
        schedule = changed_schedule(self._recipe.schedule, changes, self._size)
        recipe = replace(self._recipe, epochs=self._run.epochs, schedule=schedule)
        # Of an earlier run that is repeated, or beyond the checkpoint of a process that died.
        self._upcoming = sorted(
            (
                change
                for change in changes
                if change.step >= self._state.step
                and change.setting != REWIND
                and change not in self._told
            ),
            key=attrgetter("step"),
        )
        self._steps: Iterator[Step | Epoch] = training.steps(
            recipe, self._batches, self._state, self._data.validation
        )

    # What is told.

    def _on_step(self, step: Step) -> None:
        reporter, state = self._reporter, self._state
        self._last = step
        reporter.step(step, state, self._seconds(), now=self._before is not None)
        if self._before is not None:
            content = check_gradient(self._recipe, self._before, *self._batches.last, step.gradient)
            reporter.event("gradient", **content)
            self._before = None
        if self._mode == "training" and reporter.picture_is_due():
            self._picture()

    def _on_epoch(self, epoch: Epoch) -> None:
        self._records.append(epoch.record)
        self._save(keep=True)
        self._reporter.epoch(epoch.record, self._state.step, self._seconds())
        if epoch.vector is not None:
            folder, step = self._run.folder, self._state.step
            write_predictions(folder, self._recipe, epoch.vector, *self._shown, step)
        self._end_if_no_better()

    def _picture(self) -> None:
        self._reporter.picture(self._recipe, self._state, self._batches, self._last)

    def _tell_change(self, change: Change) -> None:
        content = asdict(change)
        content["at"] = content.pop("step")
        self._reporter.event("changed", **content)

    def _tell_upcoming(self) -> None:
        """Tell the changes that have come into effect for the next step."""
        while self._upcoming and self._upcoming[0].step <= self._state.step:
            change = self._upcoming.pop(0)
            self._told.add(change)
            self._tell_change(change)

    def _seconds(self) -> float:
        """Return how long all epochs that have ended took to train."""
        return sum(record.seconds for record in self._records)

    def _update_figures(self) -> None:
        self._reporter.update(
            step=self._state.step,
            steps=self._size * self._run.epochs,
            epochs=self._run.epochs,
            **figures(self._records),
        )

    # Commands.

    def _obey(self) -> None:
        """Take commands, and wait while the run is paused."""
        is_over = self._state.step == self._size * self._run.epochs if self._pauses() else False
        if self._pauses() and not is_over:
            self._enter("paused")
        while self._ending is None:
            self._stop_if_asked()
            now = time.monotonic()
            if now >= self._poll_due:
                self._poll_due = now + POLL_SECONDS
                if self._reporter.is_deleted():
                    raise Deleted
                self._waiting += commands.take(self._run.folder)
                if self._mode != "paused" and now >= self._save_due:
                    self._save(keep=False)
            while self._waiting and self._mode != "step" and self._ending is None:
                self._do(self._waiting.pop(0))
            if self._mode != "paused" or self._ending is not None:
                return
            if self._reporter.drawing_has_changed():
                self._picture()
            time.sleep(POLL_SECONDS)

    def _pauses(self) -> bool:
        """Whether the one step, or the epoch, that was asked for is done."""
        if self._mode == "step":
            return self._before is None
        return self._mode == "epoch" and self._state.step % self._size == 0

    def _enter(self, mode: Mode) -> None:
        """Change the mode, and tell it."""
        self._mode = mode
        if mode == "step":
            self._before = Before.of(self._state)
        if mode == "paused":
            self._save(keep=False)
            self._picture()
        else:
            self._save_due = time.monotonic() + SAVE_SECONDS
        self._reporter.state("paused" if mode == "paused" else "training")

    def _do(self, command: Command) -> None:
        """Obey a command; tell why, if that is not possible."""
        try:
            match command.name, command.value:
                case "pause", _:
                    self._enter("paused")
                case "continue", _:
                    self._enter("training")
                case ("step" | "epoch") as mode, _:
                    self._enter(mode)
                case "learning_rate", float() | int() as value:
                    self._change_learning_rate(float(value))
                case "epochs", float() | int() as value:
                    self._change_epochs(int(value))
                case "rewind", float() | int() as value:
                    self._rewind(int(value))
                case "early_stopping", value:
                    self._change_patience(None if value is None else int(value))
                case "stop", _:
                    self._ending = "stopped", "Stopped by command."
        except (LabError, RunError) as error:
            self._reporter.event("message", text=str(error), total=None, done=None)

    def _change_learning_rate(self, rate: float) -> None:
        changes, step = self._run.changes, self._state.step
        highest = highest_learning_rate(self._recipe.schedule)
        before = value_at(changes, LEARNING_RATE, step, highest)
        self._save(keep=True)  # to rewind to
        self._run.change_learning_rate(before, rate, step)
        self._begin_steps()
        self._tell_upcoming()

    def _change_epochs(self, epochs: int) -> None:
        step = self._state.step
        least = -(-step // self._size)
        if epochs < least:
            raise LabError(f"The run has begun epoch {least}, so it cannot have {epochs}.")
        self._run.change_epochs(epochs, step)
        self._update_figures()
        self._begin_steps()
        self._tell_upcoming()
        self._reporter.state("paused" if self._mode == "paused" else "training")

    def _rewind(self, step: int) -> None:
        before = self._state.step
        try:
            state, records = self._run.rewind(step, before)
        except RunError:
            raise
        except FileError:
            raise LabError(f"There is no whole checkpoint of step {step}.") from None
        self._state, self._records[:] = state, records
        self._kept = set(self._run.checkpoints())
        self._temporary = self._last = self._before = None
        self._reporter.rewind(step)
        self._update_figures()
        self._tell_change(Change(before, REWIND, before, step))
        self._begin_steps()
        self._enter("paused")

    def _change_patience(self, epochs: int | None) -> None:
        if epochs is not None and self._data.validation is None:
            raise LabError("There are no validation images, so early stopping is not possible.")
        before, self._patience = self._patience, epochs
        options = replace(self._asked.options, early_stopping=epochs)
        self._asked = replace(self._asked, options=options)
        self._asked.write(self._run.folder)
        self._reporter.event(
            "changed", setting="early_stopping", before=before, after=epochs, at=self._state.step
        )

    # The end.

    def _end_if_no_better(self) -> None:
        """End the run if the validation loss has not become lower for some epochs."""
        losses = [record.validation_loss for record in self._records]
        known = [loss for loss in losses if loss is not None]
        if self._patience is None or not known:
            return
        best = known.index(min(known)) + 1
        if len(known) - best >= self._patience:
            self._ending = (
                "finished",
                f"Stopped early: the validation loss was lowest after epoch {best}. Rewind to it "
                "to go back.",
            )

    def _save(self, *, keep: bool) -> None:
        """Write a checkpoint; one that is not to be kept is replaced by the next one."""
        path = self._run.save(self._state, self._records)
        self._save_due = time.monotonic() + SAVE_SECONDS
        if self._temporary not in (None, path):
            assert self._temporary is not None
            self._temporary.unlink(missing_ok=True)
        if keep:
            self._kept.add(path)
        self._temporary = None if path in self._kept else path

    def _finish(self, state: State, message: str) -> None:
        """Write the model, as `inkdigits train` does at the end."""
        reporter = self._reporter
        if self._state.step:
            if self._state.step % self._size:
                self._save(keep=True)
            reporter.message("Calibrating the model")
            vector = training.inference_params(self._recipe, self._batches, self._state)
            provenance = self._settings | {"versions": versions()}
            provenance |= changes_to_json(self._run.changes)
            model = measured_model(self._recipe, vector, self._data, self._records, provenance)
            save_model(self._run.folder / f"{self._recipe.name}.safetensors", model)
            reporter.update(has_model=True)
            self._picture()
        reporter.state(state, message)
