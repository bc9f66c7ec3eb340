"""The folders of runs, by names that strangers may have chosen: nothing outside can be reached."""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

from inkdigits.lab.errors import LabError, UnknownRun
from inkdigits.recipe_check import NAME, RESERVED

ASKED, SETTINGS = "lab.json", "settings.json"  # a folder with one of them is a run's


def is_name(name: str) -> bool:
    """Return whether a name can be that of a run: it is not a path, nor a hidden file."""
    return NAME.fullmatch(name) is not None and RESERVED.fullmatch(name) is None


def run_folder(root: Path, name: str) -> Path:
    """Return the folder of an existing run.

    raises   UnknownRun if the name is not that of a run: neither a path nor a link is followed
    """
    if not is_name(name):
        raise UnknownRun
    folder = root / name
    if not (_is(stat.S_ISDIR, folder) and _is_run(folder)):
        raise UnknownRun
    return folder


def run_names(root: Path) -> Iterator[str]:
    """Yield the names of all runs in a folder, which may not exist yet."""
    try:
        with os.scandir(root) as entries:
            for entry in entries:
                is_folder = entry.is_dir(follow_symlinks=False)
                if is_folder and is_name(entry.name) and _is_run(root / entry.name):
                    yield entry.name
    except FileNotFoundError:
        return


def new_run_folder(root: Path, name: str) -> Path:
    """Make the folder of a new run: with this name, or else with a number after it.

    raises   OSError
    """
    root.mkdir(parents=True, exist_ok=True)
    number, candidate = 1, name
    while True:
        try:
            (root / candidate).mkdir()
            return root / candidate
        except FileExistsError:
            number += 1
            candidate = f"{name[:56]}-{number}"


def delete_run_folder(root: Path, name: str) -> None:
    """Delete a run's folder with everything in it; links in it are deleted, not followed.

    raises   UnknownRun, LabError
    """
    folder = run_folder(root, name)
    hidden = root / f".deleted-{secrets.token_hex(8)}"  # not a run's name: it is gone at once
    try:
        folder.rename(hidden)
        if not _is(stat.S_ISDIR, hidden):  # it was replaced by a link in between
            hidden.unlink()
            raise UnknownRun
        shutil.rmtree(hidden)
    except OSError as error:
        raise LabError(f"The run cannot be deleted completely ({error.strerror}).") from None


def _is_run(folder: Path) -> bool:
    return any(_is(stat.S_ISREG, folder / name) for name in (ASKED, SETTINGS))


def _is(kind: object, path: Path) -> bool:
    try:
        return bool(kind(path.lstat().st_mode))  # type: ignore[operator]
    except OSError:
        return False
