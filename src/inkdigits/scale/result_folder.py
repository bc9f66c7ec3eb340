"""Folders for results: each file is written whole or not at all."""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from inkdigits.scale.errors import ScaleError
from inkdigits.scale.parts import reason
from inkdigits.scale.storages import Storage, storage_of
from inkdigits.storage.files import FileError, read_file, write_atomically

MAX_BYTES = 2**31  # of a file that is read
TEMPORARY = ".inkdigits-*.tmp"  # the name of a file that is being written


class ResultFolder(Protocol):
    """A folder, whose name is its text; it can be sent to workers."""

    def read(self, name: str) -> bytes | None:
        """Return what a file contains; None if there is none."""
        ...

    def write(self, name: str, content: bytes) -> None:
        """Write a file so that at any moment it is whole or absent.

        raises   OSError
        """
        ...

    def remove(self, name: str) -> None:
        """Delete a file, if there is one.

        raises   OSError
        """
        ...

    def is_empty(self) -> bool:
        """Return whether there is no file in it, or no such folder."""
        ...

    def clean(self, folder: str) -> None:
        """Delete a folder in it, and files that are half-written, once nothing is being written.

        raises   OSError
        """
        ...


def open_folder(location: str) -> ResultFolder:
    """Return the folder at a path or URL; nothing is created before it is written to."""
    storage, path = storage_of(location)
    if storage.is_remote:
        return RemoteFolder(storage, path)
    return LocalFolder(Path(path).absolute())


class LocalFolder:
    """A folder of this machine, or one that several machines share."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __str__(self) -> str:
        return str(self.path)

    def read(self, name: str) -> bytes | None:
        """Return what a file contains; None if there is none."""
        path = self.path / name
        try:
            return read_file(path, MAX_BYTES)
        except FileError:
            if not path.exists():
                return None
            raise

    def write(self, name: str, content: bytes) -> None:
        """Write a file so that at any moment it is whole or absent.

        raises   OSError
        """
        path = self.path / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise ScaleError(f"{path.parent} is a file; name a folder for the results.") from None
        try:
            write_atomically(path, content)
        except FileNotFoundError:  # the same command, run twice, has ended and called `clean`
            write_atomically(path, content)

    def remove(self, name: str) -> None:
        """Delete a file, if there is one.

        raises   OSError
        """
        (self.path / name).unlink(missing_ok=True)

    def is_empty(self) -> bool:
        """Return whether there is no file in it but half-written ones, or no such folder."""
        try:
            return all(path.match(TEMPORARY) for path in self.path.iterdir())
        except FileNotFoundError:
            return True
        except NotADirectoryError:
            raise ScaleError(f"{self.path} is a file; name a folder for the results.") from None

    def clean(self, folder: str) -> None:
        """Delete a folder in it, and files that are half-written, once nothing is being written.

        raises   OSError
        """
        with suppress(FileNotFoundError):
            shutil.rmtree(self.path / folder)
        for path in self.path.glob(TEMPORARY):
            path.unlink(missing_ok=True)


class RemoteFolder:
    """A folder in a storage."""

    def __init__(self, storage: Storage, path: str) -> None:
        self.storage = storage
        self.path = path

    def __str__(self) -> str:
        return self.path

    def read(self, name: str) -> bytes | None:
        """Return what a file contains; None if there is none."""
        try:
            return self.storage.read(self.storage.join(self.path, name), MAX_BYTES)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._unusable(error) from None

    def write(self, name: str, content: bytes) -> None:
        """Write a file so that at any moment it is whole or absent."""
        try:
            self.storage.write(self.storage.join(self.path, name), content)
        except OSError as error:
            raise self._unusable(error) from None

    def remove(self, name: str) -> None:
        """Delete a file, if there is one."""
        try:
            self.storage.remove(self.storage.join(self.path, name))
        except OSError as error:
            raise self._unusable(error) from None

    def is_empty(self) -> bool:
        """Return whether there is no file in it, or no such folder."""
        try:
            return not self.storage.list(self.path)
        except FileNotFoundError:
            return True
        except OSError as error:
            raise self._unusable(error) from None

    def clean(self, folder: str) -> None:
        """Delete a folder in it: a storage has no half-written files."""
        try:
            for entry in self.storage.list(self.storage.join(self.path, folder)):
                self.storage.remove(entry.path)
        except FileNotFoundError:
            pass
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> ScaleError:
        return ScaleError(
            f"{self.path} cannot be used for the results ({reason(error)}): check its name and who "
            "may write to it."
        )
