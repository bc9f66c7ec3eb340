"""Atomic writes, and careful reads of files that anyone may have made."""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

PIECE_BYTES = 2**20  # that are overwritten at a time


class FileError(Exception):
    """A file cannot be used; the message is one sentence: the file, the cause, what to do."""


def invalid_file(path: str | Path, cause: str) -> FileError:
    """Make the error for a file with invalid content; the cause is a clause."""
    return FileError(f"{path} cannot be used: {cause}; use a file that inkdigits wrote.")


def file_too_large(path: str | Path, size: int, limit: int) -> FileError:
    """Make the error for a file that is too large to be read."""
    return FileError(
        f"{path} has {size} bytes, more than the limit of {limit}; check that it is the right file."
    )


def write_atomically(path: str | Path, data: bytes) -> None:
    """Write a file so that at any moment it holds either all of its old or all of its new content.

    On return the data are on disk under the final name. A killed process may leave a temporary
    file ".inkdigits-*.tmp" beside it.

    raises   OSError that names the file; it then still has its old content, unless only the last
             step, syncing the folder, failed: then it has the new
    """
    path = Path(path)
    temporary = path.parent / f".inkdigits-{secrets.token_hex(8)}.tmp"
    try:
        try:
            with open(temporary, "xb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(temporary, path)
        except BaseException:
            with suppress(OSError):
                temporary.unlink()
            raise
        if os.name != "nt":  # Windows cannot open a folder, and does not need this step
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
    except OSError as error:
        error.filename = str(path)  # which was none (a full disk) or the temporary file's
        raise


def erase_file(path: Path) -> None:
    """Overwrite a file with zeros, on the disk, and delete it: deleting removes only its name.

    The first bytes come last. Until then they tell what the file is, so that a command that was
    killed can be repeated. Of a link, only the link is deleted.

    raises   OSError
    """
    if path.is_symlink():
        path.unlink()
        return
    with path.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        for start in reversed(range(0, size, PIECE_BYTES)):
            file.seek(start)
            file.write(bytes(min(PIECE_BYTES, size - start)))
            file.flush()
        os.fsync(file.fileno())
    path.unlink(missing_ok=True)


def read_file(path: str | Path, limit: int) -> bytes:
    """Read a regular file of at most `limit` bytes; never wait for a pipe or follow a link.

    raises   FileError for anything else
    """
    with _regular_file(path) as (file, size):
        if size > limit:
            raise file_too_large(path, size, limit)
        return file.read(size)


def read_part(path: str | Path, offset: int, size: int) -> tuple[int, bytes]:
    """Read at most `size` bytes of a regular file that may still be growing, as `read_file` does.

    offset   where to begin; the end, if it is beyond that
    returns  where the bytes begin, and the bytes
    raises   FileError for anything but a regular file
    """
    with _regular_file(path) as (file, end):
        start = file.seek(max(0, min(offset, end)))
        return start, file.read(size)


def open_to_append(path: str | Path) -> BinaryIO:
    """Open a file to append to it, without a buffer; never follow a link or wait for a pipe.

    raises   OSError
    """
    return open(path, "ab", buffering=0, opener=_open_without_waiting)


@contextmanager
def _regular_file(path: str | Path) -> Iterator[tuple[BinaryIO, int]]:
    """Open a regular file; return it and its size. Errors, also while it is used, as read_file."""
    try:
        with open(path, "rb", opener=_open_without_waiting) as file:
            status = os.fstat(file.fileno())
            if not stat.S_ISREG(status.st_mode):
                raise FileError(f"{path} is a device or a pipe; name a regular file.")
            yield file, status.st_size
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        if isinstance(error, OSError) and error.errno == errno.ELOOP:
            raise FileError(f"{path} is a link; name the file it points to.") from None
        if os.path.isdir(path):  # which Windows reports as a lack of permission
            raise FileError(f"{path} is a folder; name a file.") from None
        cause = getattr(error, "strerror", None) or error
        raise FileError(f"{path} cannot be read ({cause}); check the name.") from None


def _open_without_waiting(path: str, flags: int) -> int:
    # O_NONBLOCK opens a pipe without waiting for a writer. Windows has neither flag.
    more = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    return os.open(path, flags | more, 0o666)
