"""Read a file in a storage, whose next bytes are requested while those before them are used."""

import io
import os
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

MAX_BYTES = 2**23  # that are requested ahead; larger reads need no help
# A table has a column of pictures and perhaps one of keys, which are read in turns.
REMEMBERED_READS = 4


class _Block(NamedTuple):
    """Bytes that are requested ahead."""

    start: int
    end: int
    content: Future[bytes]


class RemoteFile(io.RawIOBase):
    """A file in a storage, whose failures are not mistaken for damage to the file.

    What continues an earlier read is taken for a part of a long one: the next bytes are requested
    in a thread, as many as were read, unless these are more than `MAX_BYTES`. A failure is raised
    when the bytes are needed.

    file     that was opened to be read; it is used by one thread at a time
    attempt  calls a function, and raises errors that say what they are
    """

    def __init__(self, file: Any, attempt: Callable[[Callable[[], Any]], Any]) -> None:
        super().__init__()
        self._file = file
        self._attempt = attempt
        self._position = 0
        self._ends = deque([0], REMEMBERED_READS)
        self._ahead: _Block | None = None
        self._pool: ThreadPoolExecutor | None = None  # of one thread, if it was needed

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place, from which the next read starts; return it."""
        if whence == os.SEEK_END:
            self._wait()
            self._attempt(lambda: self._file.seek(offset, whence))
            self._position = int(self._file.tell())
        else:
            self._position = offset + (self._position if whence == os.SEEK_CUR else 0)
        return self._position

    def tell(self) -> int:
        """Return the place from which the next read starts."""
        return self._position

    def readinto(self, buffer: Any) -> int:
        """Read as many bytes as the buffer has, or fewer at the end of the file."""
        view = memoryview(buffer)
        size, start, block = view.nbytes, self._position, self._ahead
        is_continued = start in self._ends
        count = 0
        if block is not None and block.start <= start < block.end:
            is_continued = True
            self._ahead = None  # if it failed, the next read makes a request of its own
            content = memoryview(block.content.result())[start - block.start :][:size]
            count = len(content)
            view[:count] = content
            if start + count < block.end:
                self._ahead = block
        if count < size:
            self._wait()
            rest = self._request(start + count, size - count)
            view[count : count + len(rest)] = rest
            count += len(rest)
        self._position = start + count
        self._ends.append(self._position)
        is_used = self._ahead is None or not self._ahead.start <= self._position < self._ahead.end
        if is_continued and is_used and 0 < count == size <= MAX_BYTES:
            self._request_ahead(self._position, size)
        return count

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            if self._pool is None:
                self._file.close()
            else:  # once the thread does not use it; nobody waits for bytes that are not needed
                self._pool.submit(self._file.close)
                self._pool.shutdown(wait=False)
        super().close()

    def _wait(self) -> None:
        """Wait until the thread does not use the file."""
        if self._ahead is not None:
            self._ahead.content.exception()

    def _request_ahead(self, start: int, size: int) -> None:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(1)
        content = self._pool.submit(self._request, start, size)
        self._ahead = _Block(start, start + size, content)

    def _request(self, start: int, size: int) -> bytes:
        def read() -> bytes:
            # Some web servers send files in one piece, which cannot be sought in.
            if self._file.tell() != start:
                self._file.seek(start)
            content: bytes = self._file.read(size)
            return content

        content: bytes = self._attempt(read)
        return content
