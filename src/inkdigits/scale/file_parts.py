"""Parts of picture files, each a file of its own."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from inkdigits.scale.parts import MAX_PICTURE_BYTES, Picture, fingerprint, valid_key
from inkdigits.scale.storages import Entry, Storage


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
        """Read each file."""
        for entry in self.entries:
            yield Picture(valid_key(entry.path), self._content(entry))

    def _content(self, entry: Entry) -> bytes | OSError:
        try:
            # A byte more than allowed, so that it is recognized to be too large.
            return self.storage.read(entry.path, MAX_PICTURE_BYTES + 1)
        except OSError as error:
            return error
