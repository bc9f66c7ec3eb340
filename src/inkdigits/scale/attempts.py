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
from typing import TypeAlias

from inkdigits.scale.errors import ScaleError
from inkdigits.scale.parts import Picture
from inkdigits.scale.result_folder import ResultFolder

FOLDER = "_attempts"
MAX_DEATHS = 3  # at one picture
MAX_OTHER_DEATHS = 5  # in one part, but not at a picture
# Parts that a worker notes after it was started again. What it did when it was killed is among
# them: Ray repeats it soon, although not always first.
NOTED_PARTS = 4

Place: TypeAlias = str | None  # the key of a picture; None is before, between or after pictures


class WorkersDied(OSError):
    """Workers died whenever they recognized a picture; nothing else is known of it."""

    def __init__(self) -> None:
        super().__init__(
            f"{MAX_DEATHS} workers died while recognizing it, perhaps for lack of memory"
        )


class Attempt:
    """An attempt at a part by a worker that was started again.

    folder       of the results
    name         of the part's file
    fingerprint  of the part: a note on another one is ignored
    raises       ScaleError if workers die in the part, but not at a picture; OSError if the note
                 cannot be read or written, here and in all methods
    """

    def __init__(self, folder: ResultFolder, name: str, fingerprint: str) -> None:
        self._folder = folder
        self._name = f"{FOLDER}/{name}.json"
        self._fingerprint = fingerprint
        deaths = _deaths(folder.read(self._name), fingerprint)
        self._is_repeated = deaths is not None
        self._deaths = deaths or []  # where workers died
        if self._deaths.count(None) >= MAX_OTHER_DEATHS:
            self.end()
            raise ScaleError(
                f"{MAX_OTHER_DEATHS} workers died while recognizing {name}, perhaps for lack of "
                "memory: use fewer workers, and run the command again to continue."
            )
        self._note(None)

    def watch(self, pictures: Iterator[Picture]) -> Iterator[Picture]:
        """Yield the pictures; replace by an error the content of one that killed workers."""
        for picture in pictures:
            if self._deaths.count(picture.key) >= MAX_DEATHS:
                yield Picture(picture.key, WorkersDied())
                continue
            if self._is_repeated:
                self._note(picture.key)
            yield picture
        if self._is_repeated:
            self._note(None)

    def end(self) -> None:
        """Delete the note: the part is written."""
        self._folder.remove(self._name)

    def _note(self, place: Place) -> None:
        """Write where this worker is, so that the next one knows where it died if it does."""
        note = {"part": self._fingerprint, "deaths": [*self._deaths, place]}
        self._folder.write(self._name, json.dumps(note).encode())


def _deaths(content: bytes | None, fingerprint: str) -> list[Place] | None:
    """Return where workers died, as a note says; None if it is not a note on this part."""
    try:
        note = json.loads(content or b"null")
        part, deaths = note["part"], note["deaths"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return None
    if part != fingerprint or not isinstance(deaths, list):
        return None
    return [place for place in deaths if isinstance(place, str | None)]
