"""The personal recognizers that this process has made last."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeAlias

from inkdigits.personal.adaptation import PersonalModel
from inkdigits.recognizer import Recognizer

MAX_BYTES = 64 * 2**20  # of the parameters of all networks together
LOCKS = 16

Entry: TypeAlias = tuple[PersonalModel, Recognizer]
Key: TypeAlias = tuple[str, str, str]  # profile, fingerprint of its samples, digest of the base


class RecognizerCache:
    """Recognizers up to a size, of which the least recently used are dropped; for any thread."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._max_bytes = max_bytes
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._lock = threading.Lock()
        self._making = [threading.Lock() for _ in range(LOCKS)]

    @contextmanager
    def making(self, key: Key) -> Iterator[None]:
        """Let one thread at a time make what is kept under a key; others then find it."""
        with self._making[hash(key) % LOCKS]:
            yield

    def get(self, key: Key) -> Entry | None:
        """Return what is kept under a key, if anything."""
        if not key[-1]:  # a model that was never saved cannot be told from others
            return None
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def put(self, key: Key, entry: Entry) -> None:
        """Keep an entry."""
        if not key[-1]:
            return
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            size = sum(map(_size, self._entries.values()))
            while size > self._max_bytes:
                size -= _size(self._entries.popitem(last=False)[1])

    def forget(self, profile: str) -> None:
        """Drop all recognizers of a profile."""
        with self._lock:
            for key in [key for key in self._entries if key[0] == profile]:
                del self._entries[key]


def _size(entry: Entry) -> int:
    return int(entry[1].model.vector.nbytes)


CACHE = RecognizerCache()
