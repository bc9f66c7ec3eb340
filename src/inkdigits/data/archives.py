"""Read files of a data set from an archive or a folder, into memory and within limits.

Nothing is extracted to disk, so names and links in an archive cannot lead anywhere.
"""

import gzip
import io
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from inkdigits.data.folders import DataError

MAX_FILE_BYTES = 16 * 2**20
MAX_ARCHIVE_BYTES = 2**30  # decompressed, with the files that are not read
MAX_ENTRIES = 100_000

# Maps the path of a file in an archive, with forward slashes, to the name under which its content
# is returned; None if the file is not needed.
Select: TypeAlias = Callable[[str], str | None]


def read_tar(path: Path, select: Select, remedy: str) -> dict[str, bytes]:
    """Read some of the files in a .tar.gz, .tgz or .tar.xz archive.

    An .xz may make the decompressor allocate gigabytes: verify its hash first.

    select   of two files with the same name, the first is returned; links and sparse files are
             ignored
    remedy   what to do if the archive is damaged, as the end of a sentence
    returns  name -> content
    raises   DataError if the archive cannot be read or exceeds a limit
    """
    files: dict[str, bytes] = {}
    try:
        with lzma.open(path) if path.suffix == ".xz" else gzip.open(path) as stream:
            limited = io.BufferedReader(_LimitedReader(stream, MAX_ARCHIVE_BYTES))
            with tarfile.open(fileobj=limited, mode="r|", errorlevel=2) as archive:
                for number, member in enumerate(archive):
                    if number == MAX_ENTRIES:
                        raise _LimitError(f"it has more than {MAX_ENTRIES:,} entries")
                    name = select(member.name)
                    if name is None or name in files or not member.isfile():
                        continue
                    if member.issparse():  # its content may be far larger than the archive
                        continue
                    if not 0 <= member.size <= MAX_FILE_BYTES:
                        raise _LimitError(f"{member.name} has {member.size:,} bytes")
                    content = archive.extractfile(member)
                    files[name] = content.read() if content else b""
    # A damaged header may raise ValueError, and a long chain of them RecursionError.
    except (
        OSError,
        EOFError,
        ValueError,
        RecursionError,
        zlib.error,
        lzma.LZMAError,
        tarfile.TarError,
    ) as error:
        reason = str(error) or type(error).__name__
        raise DataError(f"{path} cannot be read ({reason}): {remedy}.") from error
    return files


def read_folder(folder: Path, select: Select, remedy: str) -> dict[str, bytes]:
    """Read some of the files in a folder and its subfolders; links are ignored.

    select   given paths relative to the folder
    remedy   what to do if a file cannot be read, as the end of a sentence
    returns  name -> content
    raises   DataError if a file cannot be read or exceeds the limit
    """
    files: dict[str, bytes] = {}
    for parent, folders, names in os.walk(folder):
        folders.sort()
        for path in (Path(parent, name) for name in sorted(names)):
            name = select(path.relative_to(folder).as_posix())
            if name is None or name in files or path.is_symlink() or not path.is_file():
                continue
            try:
                with path.open("rb") as file:
                    content = file.read(MAX_FILE_BYTES + 1)
            except OSError as error:
                raise DataError(f"{path} cannot be read ({error}): {remedy}.") from error
            if len(content) > MAX_FILE_BYTES:
                raise DataError(f"{path} has more than {MAX_FILE_BYTES:,} bytes: {remedy}.")
            files[name] = content
    return files


class _LimitError(ValueError):
    """An archive is too large; the message says what of it."""


class _LimitedReader(io.RawIOBase):
    """A stream that ends in an error after some bytes, against small files that never end."""

    def __init__(self, stream: io.BufferedIOBase, limit: int) -> None:
        super().__init__()
        self._stream = stream
        self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._stream.read(memoryview(buffer).nbytes)
        self._left -= len(content)
        if self._left < 0:
            raise _LimitError("it expands to too many bytes")
        memoryview(buffer)[: len(content)] = content
        return len(content)
