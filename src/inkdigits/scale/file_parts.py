"""Parts of picture files, each a file of its own."""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property

from inkdigits.scale.errors import ScaleError
from inkdigits.scale.parts import MAX_PICTURE_BYTES, Picture, fingerprint, reason, valid_key
from inkdigits.scale.storages import Entry, Storage

# A request takes tens of milliseconds, most of them of waiting: longer than recognizing a digit.
REQUESTS = 16  # at a time
MAX_WAITING_BYTES = 2**26  # of the files that are requested, and not recognized yet


@dataclass(frozen=True)
class FilesPart:
    """Some picture files.

    entries  in the order in which they are read
    """

    storage: Storage
    entries: tuple[Entry, ...]

    @property
    def pictures(self) -> int:
        """The number of files."""
        return len(self.entries)

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 of names, sizes and times of change."""
        return fingerprint(
            value for entry in self.entries for value in (entry.path, entry.size, entry.modified_ns)
        )

    def read(self) -> Iterator[Picture]:
        """Read each file.

        raises   ScaleError if none can be read because of where this is, and not of what they are
        """
        denied = 0
        error: OSError | None = None
        contents = self._requested() if self.storage.is_remote else map(self._content, self.entries)
        for entry, content in zip(self.entries, contents, strict=True):
            if isinstance(content, FileNotFoundError):
                self.storage.check(entry.path)
            elif isinstance(content, PermissionError) and self.storage.is_remote:
                error = content
                denied += 1
            yield Picture(valid_key(entry.path), content)
        if error is not None and denied == len(self.entries):
            raise ScaleError(
                f"{valid_key(self.entries[-1].path)} and the files before it cannot be read "
                f"({reason(error)}): check the credentials on the machines of the workers."
            )

    def _requested(self) -> Iterator[bytes | OSError]:
        """Read files from a storage, the next ones while one is recognized."""
        waiting: deque[tuple[int, Future[bytes | OSError]]] = deque()
        size = 0
        with ThreadPoolExecutor(REQUESTS) as pool:
            try:
                for entry in self.entries:
                    size += entry.size or 0
                    waiting.append((entry.size or 0, pool.submit(self._content, entry)))
                    while len(waiting) > REQUESTS or (size > MAX_WAITING_BYTES and waiting):
                        size -= waiting[0][0]
                        yield waiting.popleft()[1].result()
                while waiting:
                    yield waiting.popleft()[1].result()
            finally:
                for _, future in waiting:
                    future.cancel()

    def _content(self, entry: Entry) -> bytes | OSError:
        try:
            # A byte more than allowed, so that it is recognized to be too large.
            return self.storage.read(entry.path, MAX_PICTURE_BYTES + 1)
        except OSError as error:
            return error
