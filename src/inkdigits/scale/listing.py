"""List the files in folders and of patterns, one after the other, sorted by name.

The names of one folder are in memory at a time, never those of all.
"""

import fnmatch
import re
from collections.abc import Callable, Iterator
from typing import TypeAlias

from inkdigits.scale.errors import ScaleError
from inkdigits.scale.parts import reason, valid_key
from inkdigits.scale.results import RUN
from inkdigits.scale.storages import Entry, Storage

MAGIC = re.compile(r"[*?[]")
SEPARATOR = "/"
ANY_DEPTH = "**"
Names: TypeAlias = tuple[str, ...]  # the pattern of each folder, and of the file
Wanted: TypeAlias = Callable[[str], bool]  # whether a file in a folder is a picture, by its name


def folder_files(
    storage: Storage, folder: str, recursive: bool, is_wanted: Wanted
) -> Iterator[Entry]:
    """List the files of a folder; hidden ones, links to folders, and results are left out.

    raises   ScaleError if it cannot be listed
    """
    entries = _entries(storage, folder)
    if any(_name(entry.path) == RUN for entry in entries):
        return
    for entry in entries:
        name = _name(entry.path)
        if name.startswith("."):
            continue
        if entry.is_folder:
            if recursive:
                yield from folder_files(storage, entry.path, recursive, is_wanted)
        elif is_wanted(name):
            yield entry


def matching(storage: Storage, pattern: str) -> Iterator[Entry]:
    """List the files and folders that a pattern matches, as a shell does.

    pattern  with *, ? and [...] in names, and ** for folders at any depth; as in a shell, they do
             not match a dot at the beginning
    raises   ScaleError if a folder cannot be listed
    """
    names = pattern.split(SEPARATOR)
    first = next(i for i, name in enumerate(names) if MAGIC.search(name))
    folder = SEPARATOR.join(names[:first]) or (SEPARATOR if pattern.startswith(SEPARATOR) else ".")
    found = storage.find(folder)
    if found is not None and found.is_folder:
        rest = tuple(name for name in names[first:] if name)
        yield from _matching(storage, folder, {rest})


def _matching(storage: Storage, folder: str, patterns: set[Names]) -> Iterator[Entry]:
    """List what is in a folder and matches one of several patterns."""
    # What ** matches may be no folder at all.
    patterns = patterns | {names[1:] or ("*",) for names in patterns if names[0] == ANY_DEPTH}
    for entry in _entries(storage, folder):
        name = _name(entry.path)
        matched = [names for names in patterns if _is_match(name, names[0])]
        if any(len(names) == 1 and names[0] != ANY_DEPTH for names in matched):
            yield entry
        elif entry.is_folder:
            below = {names if names[0] == ANY_DEPTH else names[1:] for names in matched}
            if below:
                yield from _matching(storage, entry.path, below)


def _is_match(name: str, pattern: str) -> bool:
    if name.startswith(".") and not pattern.startswith("."):
        return False
    return pattern == ANY_DEPTH or fnmatch.fnmatchcase(name, pattern)


def _entries(storage: Storage, folder: str) -> list[Entry]:
    """List one folder, in the order of all the paths that are in it and below it."""
    try:
        entries = storage.list(folder)
    except OSError as error:
        raise ScaleError(
            f"{valid_key(folder)} cannot be searched ({reason(error)}): check who may read it."
        ) from None
    return sorted(entries, key=lambda entry: entry.path + SEPARATOR * entry.is_folder)


def _name(path: str) -> str:
    return path.rsplit(SEPARATOR, 1)[-1]
