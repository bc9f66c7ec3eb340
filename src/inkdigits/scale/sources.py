"""Find the pictures that a command is given, and divide them into parts, without reading them all.

A source is a file, a folder, a pattern of names, a shard (a .tar of pictures), a Parquet file with
a column of pictures, or any of these by the URL of a storage.
"""

import heapq
from collections.abc import Container, Iterator, Sequence
from itertools import chain
from operator import itemgetter

from inkdigits.imaging.formats import SUFFIXES
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.file_parts import FilesPart
from inkdigits.scale.listing import MAGIC, folder_files, matching
from inkdigits.scale.parts import Part, Picture, is_picture, reason, valid_key
from inkdigits.scale.shard_parts import ShardPart
from inkdigits.scale.storages import Entry, Storage, storage_of
from inkdigits.scale.table_parts import table_parts

__all__ = ["PART_SIZE", "Part", "Picture", "plan_parts"]

PART_SIZE = 1024  # pictures
SHARD_SUFFIXES = (".tar", ".tar.gz", ".tgz")
TABLE_SUFFIXES = (".parquet",)
Found = tuple[str, Storage, Entry]  # the first is what they are sorted by


def plan_parts(
    sources: Sequence[str],
    *,
    recursive: bool = False,
    suffixes: Container[str] = SUFFIXES,
    part_size: int = PART_SIZE,
) -> Iterator[Part]:
    """Divide pictures into parts, in the order of their keys; none is in two parts.

    Folders are listed while the parts are taken, so that the first can be recognized meanwhile.

    sources    folders are searched for pictures, shards and Parquet files
    recursive  whether to search folders in folders, too
    suffixes   of pictures in folders and shards, in lower case
    part_size  the largest number of pictures in a part; a shard is one part, whatever it has
    returns    parts of at least one picture each, always the same ones of the same sources
    raises     ScaleError, in part while the parts are taken, if there is no such file, no picture,
               a folder that cannot be listed, no such storage, or a package for it is missing
    """
    searches = [_search(source, recursive, suffixes) for source in sorted(set(sources))]
    parts = _parts(
        _without_repetitions(heapq.merge(*searches, key=itemgetter(0))), part_size, suffixes
    )
    first = next(parts, None)
    if first is None:
        names = ", ".join(map(valid_key, sources))
        raise ScaleError(
            f"{names[:200]} contains no pictures: name folders of pictures, .tar shards or Parquet "
            "files; --recursive searches folders in folders."
        )
    return chain([first], parts)


def _search(source: str, recursive: bool, suffixes: Container[str]) -> Iterator[Found]:
    """List the files of one source, sorted."""
    storage, path = storage_of(source)

    def is_wanted(name: str) -> bool:
        return is_picture(name, suffixes) or _is_shard(name) or _is_table(name)

    try:
        named = storage.find(path)
    except OSError as error:
        raise ScaleError(
            f"{valid_key(source)} cannot be used ({reason(error)}): check who may read it."
        ) from None
    if named is None and not MAGIC.search(path):
        raise ScaleError(f"{valid_key(source)} does not exist: check the name.")
    for entry in [named] if named is not None else matching(storage, path):
        files = (
            folder_files(storage, entry.path, recursive, is_wanted) if entry.is_folder else [entry]
        )
        for file in files:
            # A shard's pictures are called SHARD/NAME.
            yield file.path + "/" * _is_shard(file.path), storage, file


def _without_repetitions(found: Iterator[Found]) -> Iterator[tuple[Storage, Entry]]:
    """Leave out files that two sources name; equal ones follow each other."""
    last = None
    for _, storage, entry in found:
        if entry.path != last:
            yield storage, entry
        last = entry.path


def _parts(
    found: Iterator[tuple[Storage, Entry]], part_size: int, suffixes: Container[str]
) -> Iterator[Part]:
    files: list[Entry] = []
    storage: Storage | None = None  # of the files
    for place, entry in found:
        is_file = not (_is_shard(entry.path) or _is_table(entry.path))
        if storage and (not is_file or place != storage or len(files) == part_size):
            yield FilesPart(storage, tuple(files))
            files, storage = [], None
        if is_file:
            files.append(entry)
            storage = place
        elif _is_shard(entry.path):
            yield ShardPart(place, entry, suffixes)
        else:
            yield from table_parts(place, entry, part_size)
    if storage:
        yield FilesPart(storage, tuple(files))


def _is_shard(name: str) -> bool:
    return name.lower().endswith(SHARD_SUFFIXES)


def _is_table(name: str) -> bool:
    return name.lower().endswith(TABLE_SUFFIXES)
