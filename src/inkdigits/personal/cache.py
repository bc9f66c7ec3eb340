"""The personal recognizers that this process has made last."""

import threading
from collections import OrderedDict
from typing import TypeAlias

from inkdigits.personal.adaptation import PersonalModel
from inkdigits.recognizer import Recognizer

# Each has the parameters of a network: about a megabyte.
MAX_ENTRIES = 64

Entry: TypeAlias = tuple[PersonalModel, Recognizer]
Key: TypeAlias = tuple[str, int, str]  # profile, version, digest of the base model


class RecognizerCache:
    """A number of recognizers, of which the least recently used is dropped; for any thread."""

    def __init__(self, entries: int = MAX_ENTRIES) -> None:
        self._limit = entries
        self._entries: OrderedDict[Key, Entry] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Entry | None:
        """Return what is kept under a key, if anything."""
        with self._lock:
            entry = self._entries.get(key)
            if entry is not None:
                self._entries.move_to_end(key)
            return entry

    def put(self, key: Key, entry: Entry) -> None:
        """Keep an entry."""
        with self._lock:
            self._entries[key] = entry
            self._entries.move_to_end(key)
            while len(self._entries) > self._limit:
                self._entries.popitem(last=False)

    def forget(self, profile: str, version: int = 0) -> None:
        """Drop all recognizers of a profile from a version on."""
        with self._lock:
            for key in [key for key in self._entries if key[0] == profile and key[1] >= version]:
                del self._entries[key]


CACHE = RecognizerCache()
