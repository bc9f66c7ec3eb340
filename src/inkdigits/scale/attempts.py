"""Find the picture that kills every worker that recognizes it, such as by taking all memory.

Ray starts a killed worker again and repeats what it did, so such a picture would be repeated
forever. Nothing is noted until a worker dies, so a run without faults pays nothing. A worker that
was started again notes its first parts beside the results. In a part that it finds noted, workers
have died twice, and from then on the key of each picture is noted before it is recognized. A
picture that was noted at three deaths is an error instead. Workers also die for other reasons, such
as a machine that is turned off, but hardly three times at the same picture.
"""

import json
from collections.abc import Iterator
from typing import Any, Protocol

from inkdigits.scale.sources import Picture

FOLDER = "_attempts"
MAX_DEATHS = 3  # at one picture
# Parts that a worker notes after it was started again. What it did when it was killed is among
# them: Ray repeats it soon, although not always first.
NOTED_PARTS = 4


class WorkersDied(OSError):
    """Workers died whenever they recognized a picture; nothing else is known of it."""

    def __init__(self) -> None:
        super().__init__(
            f"{MAX_DEATHS} workers died while recognizing it, perhaps for lack of memory"
        )


class Store(Protocol):
    """The folder of the results, as far as notes need it; names are relative to it."""

    def read(self, name: str) -> bytes | None:
        """Return a file's content, or None if there is no such file."""

    def write(self, name: str, content: bytes) -> None:
        """Write a file as a whole."""

    def remove(self, name: str) -> None:
        """Delete a file if it exists."""


class Attempt:
    """An attempt at a part by a worker that was started again.

    store        where the note is kept
    name         of the part's file, such as part-000042
    fingerprint  of the part: a note on another one is ignored
    raises       OSError if the note cannot be read or written, here and in all methods
    """

    def __init__(self, store: Store, name: str, fingerprint: str) -> None:
        self._store = store
        self._name = f"{FOLDER}/{name}"
        self._fingerprint = fingerprint
        self._deaths: dict[str, int] = {}
        note = _parse(store.read(self._name))
        self._notes_pictures = note is not None and note["part"] == fingerprint
        if note is not None and self._notes_pictures:
            self._deaths, picture = note["deaths"], note["picture"]
            if picture is not None:
                self._deaths[picture] = self._deaths.get(picture, 0) + 1
        self._note(None)

    def watch(self, pictures: Iterator[Picture]) -> Iterator[Picture]:
        """Yield the pictures; replace by an error the content of one that killed workers."""
        for picture in pictures:
            if self._deaths.get(picture.key, 0) >= MAX_DEATHS:
                yield Picture(picture.key, WorkersDied())
                continue
            if self._notes_pictures:
                self._note(picture.key)
            yield picture

    def end(self) -> None:
        """Delete the note: the part is written."""
        self._store.remove(self._name)

    def _note(self, picture: str | None) -> None:
        note = {"part": self._fingerprint, "picture": picture, "deaths": self._deaths}
        self._store.write(self._name, json.dumps(note).encode())


def _parse(content: bytes | None) -> dict[str, Any] | None:
    """Parse a note; return None for anything else."""
    try:
        note = json.loads(content or b"null")
        deaths, picture = note["deaths"], note["picture"]
        counted = all(isinstance(number, int) for number in deaths.values())
        valid = counted and isinstance(picture, str | None) and isinstance(note["part"], str)
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        return None
    return {"part": note["part"], "picture": picture, "deaths": deaths} if valid else None
