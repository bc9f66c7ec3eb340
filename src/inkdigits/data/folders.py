"""Find and verify the files of the data sets, in the user's folders or in the cache."""

import gzip
import hashlib
import os
import zlib
from collections.abc import Sequence
from pathlib import Path

import platformdirs


class DataError(Exception):
    """A data set is missing or damaged; the message is one sentence with the cause and the fix."""


def search_paths(directory: Path | None = None) -> list[Path]:
    """Return the folders to search for data files, in order.

    directory  the folder that the user named; if None, those in INKDIGITS_DATA, else the cache
    """
    return user_folders(directory) or [cache_folder()]


def user_folders(directory: Path | None = None) -> list[Path]:
    """Return the folders that the user named, by argument or in INKDIGITS_DATA; possibly none."""
    if directory is not None:
        return [directory]
    from_environment = os.environ.get("INKDIGITS_DATA", "")
    return [Path(folder) for folder in from_environment.split(os.pathsep) if folder]


def cache_folder() -> Path:
    """Return the folder that `inkdigits data` downloads to, searched if the user named none."""
    return platformdirs.user_cache_path("inkdigits", appauthor=False) / "mnist"


def find_file(folders: Sequence[Path], name: str) -> Path | None:
    """Return the path of a file in the first folder that has it, or None.

    Within a folder, an uncompressed file takes precedence over its .gz.
    """
    for folder in folders:
        for path in (folder / name, folder / f"{name}.gz"):
            if os.path.isfile(path):
                return path
    return None


def join_names(folders: Sequence[Path]) -> str:
    """Join the names of folders for use in a sentence: "a, b and c"."""
    *others, last = map(str, folders)
    return f"{', '.join(others)} and {last}" if others else last


def missing_files_message(folders: Sequence[Path], names: Sequence[str]) -> str:
    """Return the start of an error message: which files are missing from which folders."""
    return f"{', '.join(names)} not found in {join_names(folders)}"


def read_verified(path: Path, size: int, sha256: str, remedy: str) -> bytes:
    """Read a file, decompressing a .gz, and verify the SHA-256 of its content.

    size     expected size of the content in bytes; at most one byte more is decompressed
    sha256   expected hash of the content
    remedy   what to do if the content is wrong, as the end of a sentence
    raises   DataError if the file cannot be read or its content has another hash
    """
    content = read_up_to(path, size + 1)
    if hashlib.sha256(content).hexdigest() != sha256:
        raise DataError(
            f"{path} is damaged or is a different file (the SHA-256 of its content should be "
            f"{sha256}): {remedy}."
        )
    return content


def read_up_to(path: Path, size: int) -> bytes:
    """Read a file, decompressing a .gz, but no more than some bytes of its content.

    raises   DataError if the file cannot be read
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            return file.read(size)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{path} cannot be read ({error}): replace it.") from error
