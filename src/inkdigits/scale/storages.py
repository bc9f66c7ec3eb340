"""Where pictures are, and results are written: folders of this machine, or a storage by its URL."""

import os
import platform
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple, Protocol

from inkdigits.scale.errors import ScaleError
from inkdigits.scale.parts import valid_key
from inkdigits.storage.files import write_atomically

URL = re.compile(r"([a-z][a-z0-9+.-]+)://", re.IGNORECASE)


class Entry(NamedTuple):
    """A file or a folder.

    size         in bytes; None of a folder, or if the storage does not say it
    modified_ns  when it was changed, likewise
    """

    path: str
    is_folder: bool
    size: int | None = None
    modified_ns: int | None = None


class Storage(Protocol):
    """Files by their paths, which are also what messages and results call them.

    One can be sent to another process, where it connects again.
    """

    @property
    def is_remote(self) -> bool:
        """Whether each file takes a request over a network."""

    def find(self, path: str) -> Entry | None:
        """Return a file or a folder, None if there is none; raise OSError or ScaleError."""

    def list(self, folder: str) -> list[Entry]:
        """Return what is in a folder, but not in its folders; raise OSError or ScaleError."""

    def open(self, path: str) -> BinaryIO:
        """Open a file to read it, in any order; raise OSError or ScaleError."""

    def read(self, path: str, limit: int) -> bytes:
        """Read a file, up to a limit; raise OSError if it cannot be, ScaleError without storage."""

    def write(self, path: str, content: bytes) -> None:
        """Write a file that at any moment is whole or absent; raise OSError or ScaleError."""

    def remove(self, path: str) -> None:
        """Delete a file, if there is one; raise OSError or ScaleError."""

    def check(self, path: str) -> None:
        """Raise ScaleError if a file is missing because this machine does not have its folder."""

    def join(self, folder: str, name: str) -> str:
        """Return the path of a file in a folder."""


@dataclass(frozen=True)
class LocalStorage:
    """The files of this machine, and of folders that it shares with others.

    start  the absolute folder that relative paths begin at, on whatever machine they are read
    """

    start: str
    is_remote: bool = False

    def find(self, path: str) -> Entry | None:
        """Return a file or a folder, None if there is none."""
        try:
            return _entry(path, os.stat(self._place(path)))
        except (FileNotFoundError, NotADirectoryError):
            return None
        except ValueError:  # a zero byte
            return None

    def list(self, folder: str) -> list[Entry]:
        """Return what is in a folder; links to folders are left out."""
        entries = []
        for found in os.scandir(self._place(folder)):
            path = self.join(folder, found.name)
            try:
                if found.is_dir(follow_symlinks=False):
                    entries.append(Entry(path, True))
                elif found.is_file():  # or a link to one
                    entries.append(_entry(path, found.stat()))
            except OSError:  # such as a link to itself, which reading it reports
                entries.append(Entry(path, False))
        return entries

    def open(self, path: str) -> BinaryIO:
        """Open a file."""
        # Opening a pipe would wait for a writer. Windows lacks the flag.
        file = open(self._place(path), "rb", opener=_open_without_waiting)  # noqa: SIM115
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise OSError(f"{path} is a device or a pipe; name a regular file.")
        return file

    def read(self, path: str, limit: int) -> bytes:
        """Read a file, up to a limit."""
        with self.open(path) as file:
            return file.read(limit)

    def write(self, path: str, content: bytes) -> None:
        """Write a file, on the disk when this returns."""
        place = Path(self._place(path))
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, content)

    def remove(self, path: str) -> None:
        """Delete a file, if there is one."""
        Path(self._place(path)).unlink(missing_ok=True)

    def check(self, path: str) -> None:
        """Raise ScaleError if the folder of a file is not on this machine."""
        folder = os.path.dirname(self._place(path))
        if not os.path.isdir(folder):
            raise ScaleError(
                f"The folder {valid_key(folder)} is not on {platform.node()}: name one that all "
                "machines of the cluster share, or a URL such as s3://BUCKET/FOLDER."
            )

    def join(self, folder: str, name: str) -> str:
        """Return the path of a file in a folder, without "./" at its beginning."""
        return Path(folder, name).as_posix()

    def _place(self, path: str) -> str:
        return os.path.join(self.start, path)


def storage_of(source: str) -> tuple[Storage, str]:
    """Return the storage that a path or a URL belongs to, and the path in it.

    raises   ScaleError if a package is missing, or the URL is not one
    """
    match = URL.match(source)
    if match is None:
        return LocalStorage(os.getcwd()), source
    from inkdigits.scale.remote_storage import remote_storage

    return remote_storage(match[1].lower(), source)


def _entry(path: str, status: os.stat_result) -> Entry:
    if stat.S_ISDIR(status.st_mode):
        return Entry(path, True)
    return Entry(path, False, status.st_size, status.st_mtime_ns)


def _open_without_waiting(path: str, flags: int) -> int:
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
