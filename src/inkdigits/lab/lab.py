"""The lab: starts, follows and steers runs, each in a process of its own."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any

from filelock import FileLock
from numpy.typing import NDArray

from inkdigits.changes import REWIND, parse_changes
from inkdigits.imaging.inputs import ImageInput, to_ink, to_rgba
from inkdigits.lab import choice, commands, events, files, folders, pictures, summaries, validation
from inkdigits.lab.commands import Command
from inkdigits.lab.detail import detail, record, settings_of
from inkdigits.lab.errors import LabError, TooManyRuns
from inkdigits.lab.events import Event
from inkdigits.lab.files import Asked, Status, parse_object
from inkdigits.lab.limits import LabLimits
from inkdigits.lab.options import LabOptions
from inkdigits.lab.process import arguments
from inkdigits.lab.views import (
    ACTIVE,
    Confusion,
    DataSource,
    RunDetail,
    RunSummary,
    ValidationDigit,
)
from inkdigits.model_file import models_in
from inkdigits.preprocessing import PREPROCESSORS, Preprocessor
from inkdigits.storage.files import FileError, open_to_append
from inkdigits.threads import one_blas_thread

LOCK = ".lab.lock"  # in the folder of runs: one lab at a time counts and starts
LOG = "lab.log"  # what the process of a run writes to its error output
STARTING_SECONDS = 30  # after which a process that has not locked its run is taken for dead
MAX_SHOWN = 1000  # validation images that are returned at once


class Lab:
    """The runs in one folder. Several processes may have a lab on the same folder.

    All methods raise UnknownRun for a name that is not that of a run, and LabError for anything
    else that cannot be done.
    """

    def __init__(
        self,
        folder: Path,
        data_dir: Path | None,
        limits: LabLimits,
        command: tuple[str, ...] = (sys.executable, "-P", "-m", "inkdigits.lab"),
    ) -> None:
        """Use a folder of runs, which may not exist yet.

        command  starts the process of a run
        """
        self.folder, self.data_dir, self.limits = folder, data_dir, limits
        self._command = command
        self._summaries: dict[str, tuple[tuple[int, ...], RunSummary]] = {}
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    def data(self) -> list[DataSource]:
        """List the images that a run can train on; MNIST is the first."""
        return choice.data_sources(self.data_dir, self.limits)

    def start(self, options: LabOptions) -> str:
        """Check the options, and start a run in a process of its own.

        returns  its name
        raises   LabError with the field that is wrong; TooManyRuns
        """
        return self._start(Asked(options, time.time()))

    def again(self, name: str, *, replay: bool = False) -> str:
        """Start a run with the options of another one, its seed included.

        replay   whether to repeat the changes of the other one at the same steps, which leads to
                 the same weights
        returns  the name of the new run
        """
        folder = folders.run_folder(self.folder, name)
        try:
            asked = Asked.read(folder)
            settings = parse_object(folder / folders.SETTINGS)
            changes = tuple(c for c in parse_changes(settings) if c.setting != REWIND)
        except (FileError, ValueError):
            raise LabError("The run has no options that the lab could use again.") from None
        options = replace(asked.options, name=name, paused=False)
        return self._start(Asked(options, time.time(), changes if replay else ()))

    def _start(self, asked: Asked) -> str:
        options = asked.options
        choice.choose_recipe(options)
        choice.check_data(options.data, self.data_dir, self.limits)
        name = options.name or f"{options.recipe}-{_plain(options.data)}seed-{options.seed}"
        self._check_disk()
        with self._counting():
            if sum(1 for _ in folders.run_names(self.folder)) >= self.limits.kept:
                raise TooManyRuns(
                    f"There are {self.limits.kept:,} runs, as many as may be kept: delete some."
                )
            folder = folders.new_run_folder(self.folder, name[:64])
            asked.write(folder)
            Status("starting", recipe=options.recipe, started=asked.started).write(folder)
            self._spawn(folder)
        return folder.name

    def _check_disk(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < self.limits.free_bytes:
            raise LabError(
                f"Less than {self.limits.free_bytes >> 20:,} MiB of disk space are free: delete "
                "runs, or free some space."
            )

    @contextmanager
    def _counting(self) -> Iterator[None]:
        """Let no other lab start a process meanwhile; raise TooManyRuns if none may start."""
        self.folder.mkdir(parents=True, exist_ok=True)
        with FileLock(self.folder / LOCK):
            running = sum(summary.state in ACTIVE for summary in self.runs())
            if running >= self.limits.running:
                raise TooManyRuns(
                    f"{running} runs are training or paused, as many as the limit allows: stop "
                    "one of them first."
                )
            yield

    def _spawn(self, folder: Path) -> None:
        """Start the process of a run: it outlives this one."""
        environment = os.environ | {"OPENBLAS_NUM_THREADS": "1"}
        with open_to_append(folder / LOG) as log:
            process = subprocess.Popen(
                [*self._command, arguments(folder.absolute(), self.data_dir, self.limits)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                start_new_session=True,
            )
        self._processes[folder.name] = process
        Thread(target=process.wait, daemon=True).start()  # so that the system forgets it

    def runs(self) -> list[RunSummary]:
        """List all runs, the newest first; quickly, because unchanged ones are remembered."""
        names = list(folders.run_names(self.folder))
        for forgotten in self._summaries.keys() - set(names):
            self._summaries.pop(forgotten, None)
        found = []
        for name in names:
            try:
                found.append(self._summary(self.folder / name))
            except OSError:
                continue  # deleted in between
        return sorted(found, key=lambda summary: summary.started, reverse=True)

    def _summary(self, folder: Path) -> RunSummary:
        times = summaries.stamp(folder)
        remembered = self._summaries.get(folder.name)
        if remembered is None or remembered[0] != times:
            remembered = times, summaries.summarize(folder, times)
            self._summaries[folder.name] = remembered
        is_starting = self._is_starting(folder, remembered[1])
        return summaries.with_process(folder, remembered[1], is_starting=is_starting)

    def _is_starting(self, folder: Path, summary: RunSummary) -> bool:
        """Whether a process was started a moment ago, and may not have locked the folder yet."""
        process = self._processes.get(folder.name)
        if process is not None and process.returncode is not None:
            return False
        if summary.state != "starting":
            return False
        age = time.time() - (folder / files.STATUS).stat().st_mtime
        return age < STARTING_SECONDS

    def run(self, name: str) -> RunDetail:
        """Return everything about a run but its pictures of digits."""
        folder = folders.run_folder(self.folder, name)
        offset = events.end_of_events(folder)  # first, so that no later event is missed
        return detail(folder, self._summary(folder), offset, self.limits)

    def command(self, name: str, command: Command) -> None:
        """Send a command to a run; start a process for it if none is running.

        raises   LabError if its value is wrong; TooManyRuns if it would need a process too many
        """
        command.check()
        folder = folders.run_folder(self.folder, name)
        if self._summary(folder).state in ACTIVE:
            commands.send(folder, command)
            return
        if command.name in ("pause", "stop"):
            raise LabError("The run is not training.")
        if not (folder / folders.ASKED).exists():
            raise LabError("The run was started with inkdigits train: continue it there.")
        self._check_disk()
        with self._counting():
            commands.take(folder)  # what the process before has left
            commands.send(folder, command)
            try:
                status = Status.read(folder)
            except FileError:
                status = Status("starting", started=time.time())
            replace(status, state="starting", message="").write(folder)
            self._spawn(folder)

    def delete(self, name: str) -> None:
        """Delete a run's folder.

        raises   LabError while its process is running
        """
        folder = folders.run_folder(self.folder, name)
        if self._summary(folder).state in ACTIVE or summaries.is_locked(folder):
            raise LabError("The run is training: stop it before it is deleted.")
        folders.delete_run_folder(self.folder, name)
        self._summaries.pop(name, None)

    def events(
        self, name: str, offset: int, stopped: Callable[[], bool], idle_seconds: float = 10.0
    ) -> Iterator[tuple[int, Event | None]]:
        """Follow the events of a run from a byte offset on, until it is over.

        stopped       asked several times a second; the iterator ends when it returns True
        idle_seconds  after so long without an event, None is yielded in place of one
        returns       events, each with the offset after it
        """
        folder = folders.run_folder(self.folder, name)
        return events.follow(folder, offset, lambda: self._is_over(folder), stopped, idle_seconds)

    def poll(self, name: str, offset: int) -> tuple[list[tuple[int, Event]], bool]:
        """Return the events of a run after a byte offset, and whether it is over; do not wait."""
        folder = folders.run_folder(self.folder, name)
        is_over = self._is_over(folder)  # before reading, so that no last event is missed
        found = events.read_events(folder, offset)
        return found, is_over and not found

    def _is_over(self, folder: Path) -> bool:
        try:
            return self._summary(folder).state not in ACTIVE
        except OSError:
            return True  # deleted

    def watch(self, name: str, image: ImageInput, media_type: str | None = None) -> None:
        """Let a run predict a drawing while it learns; `Recognizer.recognize` takes the same."""
        folder, preprocessing, preprocessor = self._preprocessor(name)
        with one_blas_thread():
            candidates = preprocessor.candidates(to_rgba(image, media_type))
        pictures.write_drawing(folder, preprocessing, candidates)

    def watch_ink(self, name: str, ink: NDArray[Any]) -> None:
        """Let a run predict ink while it learns; `Recognizer.recognize_ink` takes the same."""
        folder, preprocessing, preprocessor = self._preprocessor(name)
        with one_blas_thread():
            candidates = preprocessor.candidates_from_ink(to_ink(ink))
        pictures.write_drawing(folder, preprocessing, candidates)

    def unwatch(self, name: str) -> None:
        """Let a run predict no drawing."""
        folder, preprocessing, _ = self._preprocessor(name)
        pictures.write_drawing(folder, preprocessing, None)

    def _preprocessor(self, name: str) -> tuple[Path, str, Preprocessor]:
        """Return a run's folder, and its preprocessing."""
        folder = folders.run_folder(self.folder, name)
        match settings_of(folder):
            case {"recipe": {"preprocessing": str() as preprocessing}} if (
                preprocessing in PREPROCESSORS
            ):
                return folder, preprocessing, PREPROCESSORS[preprocessing]
        raise LabError("The run has not loaded its images yet; try again in a moment.")

    def confusion(self, name: str) -> Confusion | None:
        """Return the confusion matrix of the last epoch; None before the first one's end."""
        predictions = self._predictions(folders.run_folder(self.folder, name))
        return validation.confusion(predictions) if predictions else None

    def mistakes(self, name: str, count: int = 60) -> list[ValidationDigit]:
        """Return the validation images that are predicted wrongly, most confident first."""
        return self._digits(name, lambda labels, predicted: labels != predicted, count)

    def digits(
        self, name: str, actual: str, predicted: str, count: int = 100
    ) -> list[ValidationDigit]:
        """Return the validation images of a cell of the confusion matrix, most confident first."""
        predictions = self._predictions(folders.run_folder(self.folder, name))
        if predictions is None:
            return []
        classes = predictions.classes
        if actual not in classes or predicted not in classes:
            raise LabError("There is no class with this name.", "actual")
        cell = classes.index(actual), classes.index(predicted)
        return self._digits(
            name, lambda labels, predicted: (labels == cell[0]) & (predicted == cell[1]), count
        )

    def _digits(self, name: str, chosen: Any, count: int) -> list[ValidationDigit]:
        folder = folders.run_folder(self.folder, name)
        predictions = self._predictions(folder)
        if predictions is None:
            return []
        try:
            return validation.digits(folder, predictions, chosen, min(count, MAX_SHOWN))
        except FileError:
            raise LabError("The run's validation images cannot be read.") from None

    def _predictions(self, folder: Path) -> validation.Predictions | None:
        try:
            return validation.read_predictions(folder)
        except FileError:
            raise LabError("The run's predictions cannot be read.") from None

    def model_path(self, name: str) -> Path:
        """Return the file of a run's model.

        raises   LabError if there is none yet
        """
        found = models_in(folders.run_folder(self.folder, name))
        if len(found) != 1 or found[0].is_symlink():
            raise LabError(
                "The run has no model yet: it is written when the run ends or is stopped."
            )
        return found[0]

    def record(self, name: str) -> dict[str, Any]:
        """Return the settings, all changes and the records of a run, as JSON values, to keep."""
        folder = folders.run_folder(self.folder, name)
        return record(folder)


def _plain(data: str) -> str:
    """Return the part of a run's name that stands for its data; empty for MNIST."""
    if data == choice.MNIST:
        return ""
    stem = data.partition(".")[0]
    return "".join(c if c.isalnum() and c.isascii() else "-" for c in stem).strip("-")[:24] + "-"
