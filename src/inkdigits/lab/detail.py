"""Everything about one run, from the files in its folder."""

import shlex
from dataclasses import asdict
from pathlib import Path
from typing import Any

from inkdigits.changes import Change, parse_changes
from inkdigits.lab import choice, events, files, folders, summaries
from inkdigits.lab.curve import Curve
from inkdigits.lab.errors import LabError
from inkdigits.lab.files import Asked, parse_object
from inkdigits.lab.limits import LabLimits
from inkdigits.lab.preparation import RECIPE_FILE
from inkdigits.lab.reporter import CURVE
from inkdigits.lab.views import Checkpoint, RunDetail, RunSummary
from inkdigits.storage.files import FileError


def detail(folder: Path, summary: RunSummary, offset: int, limits: LabLimits) -> RunDetail:
    """Return everything about a run but its pictures of digits.

    offset   where to follow its events from
    """
    try:
        asked: Asked | None = Asked.read(folder)
    except FileError:
        asked = None
    per_epoch = summary.steps // summary.epochs if summary.epochs else 0
    return RunDetail(
        summary=summary,
        options=asdict(asked.options) if asked else None,
        records=tuple(summaries.records_of(folder)),
        curve=Curve.from_json(files.read_json(folder / CURVE, None)).points,
        changes=tuple(asdict(change) for change in changes_of(folder)),
        checkpoints=tuple(
            Checkpoint(step, step // per_epoch if per_epoch else 0)
            for step in files.checkpoint_steps(folder)
        ),
        picture=events.last_picture(folder),
        offset=offset,
        resume=_resume(folder, asked, limits),
    )


def settings_of(folder: Path) -> dict[str, Any]:
    """Return the settings of a run; empty if it has none yet, or they are damaged."""
    try:
        return parse_object(folder / folders.SETTINGS)
    except FileError:
        return {}


def changes_of(folder: Path) -> list[Change]:
    """Return what was changed when; empty if the list is damaged."""
    try:
        return parse_changes(settings_of(folder))
    except ValueError:
        return []


def record(folder: Path) -> dict[str, Any]:
    """Return the settings, all changes and the records of a run, as JSON values, to keep.

    raises   LabError
    """
    settings = settings_of(folder)
    if not settings:
        raise LabError("The run has not begun to train.")
    records = [asdict(record) for record in summaries.records_of(folder)]
    return {"name": folder.name, **settings, "records": records}


def _resume(folder: Path, asked: Asked | None, limits: LabLimits) -> str | None:
    """Return the command that continues a run in a terminal."""
    if asked is None or not (folder / RECIPE_FILE).exists():
        return None
    words = ["inkdigits", "train", str(folder / RECIPE_FILE), "--run-dir", str(folder)]
    words += ["--resume", "--seed", str(asked.options.seed)]
    limit = settings_of(folder).get("limit")
    if limit is not None:
        words += ["--limit", str(limit)]
    if asked.options.data != choice.MNIST:
        path = choice.own_path(asked.options.data, limits)
        words += ["--data", str(path or asked.options.data)]
    return shlex.join(words)
