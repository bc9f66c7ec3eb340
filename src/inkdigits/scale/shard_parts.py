"""Parts that are shards: .tar archives of pictures, as WebDataset writes them."""

import gzip
import io
import zlib
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, cast

from inkdigits.scale.parts import (
    MAX_PICTURE_BYTES,
    Picture,
    fingerprint,
    is_picture,
    reason,
    valid_key,
)
from inkdigits.scale.storages import Entry, Storage
from inkdigits.scale.tar_stream import TarError, tar_files

MAX_BYTES = 2**36  # of a shard, decompressed
MAX_ENTRIES = 2_000_000  # files, also those that are not pictures
BUFFER_BYTES = 2**23  # of a request


@dataclass(frozen=True)
class ShardPart:
    """The pictures in a shard, in its order; the key of each is SHARD/NAME.

    suffixes   of pictures, in lower case
    max_bytes  of the shard, decompressed
    """

    storage: Storage
    entry: Entry
    suffixes: Container[str]
    max_bytes: int = MAX_BYTES

    @property
    def pictures(self) -> None:
        """Not known."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its path, size and time of change."""
        return fingerprint((self.entry.path, self.entry.size, self.entry.modified_ns))

    def read(self) -> Iterator[Picture]:
        """Read each picture; of several files with the same name, the first.

        If the shard is damaged, the last picture has the key of the shard, and says so.
        """
        shard = valid_key(self.entry.path)
        names: set[str] = set()

        def is_wanted(name: str) -> bool:
            return is_picture(name, self.suffixes) and name not in names

        try:
            with self.storage.open(self.entry.path) as file:
                stream = _decompressed(file, self.entry.path, self.max_bytes)
                # A byte more than allowed, so that it is recognized to be too large.
                files = tar_files(stream, is_wanted, MAX_PICTURE_BYTES + 1, MAX_ENTRIES)
                for name, _, content in files:
                    names.add(name)
                    yield Picture(f"{shard}/{valid_key(name.removeprefix('./'))}", content)
                if _is_compressed(self.entry.path):
                    while stream.read(BUFFER_BYTES):  # to the checksum at the end
                        pass
        # zlib's errors, and EOFError where a .gz ends too early.
        except (OSError, TarError, EOFError, zlib.error) as error:
            cause = f"The rest of the shard cannot be read ({reason(error)}); make the shard again."
            yield Picture(shard, OSError(cause))


class _LimitedReader(io.RawIOBase):
    """A stream that ends in an error after some bytes, against small files that never end."""

    def __init__(self, read: Callable[[int], bytes], limit: int) -> None:
        super().__init__()
        self._read = read
        self._limit = self._left = limit

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        content = self._read(memoryview(buffer).nbytes)
        self._left -= len(content)
        if self._left < 0:
            raise TarError(f"it has more than {self._limit:,} bytes; make smaller ones")
        memoryview(buffer)[: len(content)] = content
        return len(content)


def _decompressed(file: BinaryIO, path: str, limit: int) -> BinaryIO:
    """Return what a shard contains, read in large pieces."""
    buffered = io.BufferedReader(cast(io.RawIOBase, file), BUFFER_BYTES)
    read = gzip.GzipFile(fileobj=buffered).read if _is_compressed(path) else buffered.read
    return cast(BinaryIO, io.BufferedReader(_LimitedReader(read, limit), 2**16))


def _is_compressed(path: str) -> bool:
    return path.lower().endswith("gz")
