"""Summaries of runs: of the lab's from their status, of others from their settings and metrics."""

import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from inkdigits.checkpoints import read_metrics
from inkdigits.lab.choice import flat_settings
from inkdigits.lab.files import STATUS, Status, checkpoint_steps, figures, parse_object
from inkdigits.lab.folders import ASKED, SETTINGS
from inkdigits.lab.views import ACTIVE, RunSummary
from inkdigits.model_file import models_in
from inkdigits.recipes import Recipe
from inkdigits.runs import LOCK
from inkdigits.storage.files import FileError
from inkdigits.training import Record

METRICS = "metrics.jsonl"
FILES = (STATUS, SETTINGS, METRICS, ASKED)
INTERRUPTED = (
    "The process died (lab.log in the run's folder may say why); continue the run to go on from "
    "its last checkpoint."
)


def stamp(folder: Path) -> tuple[int, ...]:
    """Return what changes whenever the summary of a folder does, apart from the lock."""
    times = []
    for name in FILES:
        try:
            times.append(os.stat(folder / name).st_mtime_ns)
        except OSError:
            times.append(0)
    return (*times, os.stat(folder).st_mtime_ns)


def is_locked(folder: Path) -> bool:
    """Return whether a process trains in a folder."""
    if not (folder / LOCK).exists():  # which acquiring it would create
        return False
    lock = FileLock(folder / LOCK)
    try:
        # Not at once: another lab that looks at the same moment is not a process that trains.
        lock.acquire(timeout=0.02, poll_interval=0.004)
    except Timeout:
        return True
    except OSError:
        return False
    lock.release()
    return False


def summarize(folder: Path, times: tuple[int, ...]) -> RunSummary:
    """Summarize a run; whether its process lives is left to `with_process`.

    times    as `stamp` returns them
    """
    status_time, _, metrics_time = times[:3]
    try:
        status = Status.read(folder)
    except FileError:
        status = None
    # `inkdigits train` writes metrics, but no status.
    if status is None or (metrics_time > status_time and status.state not in ACTIVE):
        return RunSummary(name=folder.name, **asdict(_status_of_settings(folder, status)))
    return RunSummary(name=folder.name, **vars(status))


def with_process(folder: Path, summary: RunSummary, *, is_starting: bool) -> RunSummary:
    """Correct the state of a run by whether a process trains in its folder.

    is_starting  whether a process was started that may not have the lock yet
    """
    if is_starting:
        return replace(summary, state="starting") if summary.state not in ACTIVE else summary
    if summary.state in ACTIVE:
        if is_locked(folder):
            return summary
        return replace(summary, state="stopped", message=INTERRUPTED)
    return summary


def _status_of_settings(folder: Path, status: Status | None) -> Status:
    """Make the status of a run that `inkdigits train` has begun or continued."""
    try:
        settings = parse_object(folder / SETTINGS)
        recipe = Recipe.from_json(settings.get("recipe"))
    except (FileError, ValueError):
        return status or Status("stopped", "Its settings cannot be read.")
    records = records_of(folder)
    step = max(checkpoint_steps(folder), default=0)
    steps_per_epoch = step // len(records) if records else 0
    has_model = bool(models_in(folder))
    is_done = has_model and len(records) >= recipe.epochs
    flat = flat_settings(recipe, None, _seed(settings), _limit(settings))
    return Status(
        state="finished" if is_done else "stopped",
        recipe=recipe.name,
        started=(folder / SETTINGS).stat().st_mtime,
        step=step,
        steps=steps_per_epoch * recipe.epochs,
        epochs=recipe.epochs,
        settings=status.settings if status else flat,
        has_model=has_model,
        **figures(records),
    )


def records_of(folder: Path) -> list[Record]:
    """Return the records of a run; none if they cannot be read."""
    try:
        return read_metrics(folder / METRICS)
    except FileError:
        return []


def _seed(settings: dict[str, Any]) -> int:
    seed = settings.get("seed")
    return seed if type(seed) is int else 0


def _limit(settings: dict[str, Any]) -> int | None:
    limit = settings.get("limit")
    return limit if type(limit) is int else None
