"""Find the images among the files and folders that a command is given."""

import os
from collections.abc import Container, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from inkdigits.cli.console import printable
from inkdigits.imaging.formats import SUFFIXES

NAMES_SHOWN = 5


@dataclass
class Found:
    """What was found.

    images     names, in the order of the arguments, and in a folder sorted by name
    others     files in folders that do not have an image's suffix
    folders    in folders, which were not searched
    errors     folders that cannot be searched, and links that cannot be followed, and why
    """

    images: list[str] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)

    def describe_skipped(self) -> str | None:
        """Say in one sentence what was skipped and what to do, if anything was."""
        parts = []
        if self.others:
            parts.append(
                f"{_counted(self.others, 'file')} that cannot be read as an image "
                f"({_listed(self.others)}): export those that show digits as PNG"
            )
        if self.folders:
            parts.append(
                f"{_counted(self.folders, 'folder')} ({_listed(self.folders)}): use --recursive to "
                "search folders in folders"
            )
        return f"Skipped {'; and '.join(parts)}." if parts else None


def find_images(
    arguments: Sequence[str], recursive: bool, suffixes: Container[str] = SUFFIXES
) -> Found:
    """List the images in each folder, and the other arguments as they are.

    Hidden files, links to folders, and what is neither a file nor a folder are left out.

    recursive  whether to search folders in folders
    suffixes   in lower case, of the files in folders to list
    """
    found = Found()
    for argument in arguments:
        if argument == "-" or not os.path.isdir(argument):
            found.images.append(argument)
            continue
        waiting = [argument]
        while waiting:
            waiting += reversed(_search(waiting.pop(), recursive, suffixes, found))
    return found


def _search(folder: str, recursive: bool, suffixes: Container[str], found: Found) -> list[str]:
    """Add what is in a folder, and return the folders to search next."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        found.errors.append((folder, error.strerror or str(error)))
        return []
    folders: list[str] = []
    for entry in entries:
        # As a Path shows it: without "./" at the beginning.
        name = str(Path(folder, entry.name))
        if entry.name.startswith("."):
            continue
        try:
            if entry.is_dir(follow_symlinks=False):
                (folders if recursive else found.folders).append(name)
            elif entry.is_file():
                is_image = os.path.splitext(entry.name)[1].lower() in suffixes
                (found.images if is_image else found.others).append(name)
        except OSError as error:  # such as a link to itself
            found.errors.append((name, error.strerror or str(error)))
    return folders


def _counted(names: Sequence[str], noun: str) -> str:
    return f"{len(names):,} {noun}{'' if len(names) == 1 else 's'}"


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(printable(os.path.basename(name)) for name in names[:NAMES_SHOWN])
    more = len(names) - NAMES_SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown
