"""Finds the files of the data sets, in the folders that the user named or else in the cache."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import platformdirs


class DataError(Exception):
    """The digits cannot be had; the message is one sentence that says why and what to do next."""


def find(directory: Path | None = None) -> list[Path]:
    """Return the folders that hold the data, the first to look in first.

    directory  what the user named; else INKDIGITS_DATA does, else it is the cache folder
    """
    return named(directory) or [cache()]


def named(directory: Path | None = None) -> list[Path]:
    """Return the folders that the user named, by argument or by INKDIGITS_DATA, if any."""
    if directory is not None:
        return [directory]
    from_environment = os.environ.get("INKDIGITS_DATA", "")
    return [Path(folder) for folder in from_environment.split(os.pathsep) if folder]


def cache() -> Path:
    """Return the folder that `inkdigits data` fills, and that is read when no other is named."""
    return platformdirs.user_cache_path("inkdigits", appauthor=False) / "mnist"


def locate(folders: Sequence[Path], name: str) -> Path | None:
    """Return the path of a file in the first folder that has it, or None.

    In each folder a decompressed file comes before a compressed one.
    """
    for folder in folders:
        for path in (folder / name, folder / f"{name}.gz"):
            if os.path.isfile(path):
                return path
    return None


def listed(folders: Sequence[Path]) -> str:
    """Name folders as part of a sentence."""
    *others, last = map(str, folders)
    return f"{', '.join(others)} and {last}" if others else last


def lack(folders: Sequence[Path], names: Sequence[str]) -> str:
    """Say that folders lack files, as the beginning of a sentence."""
    verb = "lacks" if len(folders) == 1 else "lack"
    return f"{listed(folders)} {verb} {', '.join(names)}"


def read(path: Path, size: int, sha256: str, remedy: str) -> bytes:
    """Return the content of a file, which is certain to be the one that is meant.

    size     bytes of the content; never more is decompressed than one more
    sha256   of the content
    remedy   what to do about another content, as the end of a sentence
    raises   DataError if the file cannot be read, or its content has another hash
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            content = file.read(size + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}): replace it.") from error
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DataError(
            f"{path} is damaged or another file, for the SHA-256 of its content is not "
            f"{sha256}: {remedy}."
        )
    return content
