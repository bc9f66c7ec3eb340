"""The models in service, by name; a model file that changes is taken up while requests go on."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog

from inkdigits.recognizer import ArtifactError, Recognizer, locate

log = structlog.get_logger()

Stamp = tuple[int, int, int]  # of a file: inode, size, time of its last change in ns


@dataclass(frozen=True)
class _Place:
    """Where a model comes from, what is read by, and the file as it was when it was looked at."""

    source: str
    recognizer: Recognizer
    stamp: Stamp | None


class Shelf:
    """Models to read with. Whoever takes one keeps it to the end of the request.

    A file that is exchanged is loaded and verified beside the model in service, which it then
    replaces in one assignment; if it is bad, the old one serves on, and the log says why.
    """

    def __init__(self, models: Sequence[str]) -> None:
        """Load all models.

        models   files, or names of shipped models; the first is the default
        raises   ArtifactError if one is missing or damaged, or two have one name
        """
        self._places: dict[str, _Place] = {}
        for source in models:
            place = _load(source)
            name = place.recognizer.name
            if name in self._places:
                raise ArtifactError(
                    f"Two models are named {name}: {self._places[name].source} and {source}; "
                    "rename one file."
                )
            self._places[name] = place
        self.default = next(iter(self._places))

    def __iter__(self) -> Iterator[Recognizer]:
        return iter([place.recognizer for place in self._places.values()])

    def get(self, name: str | None = None) -> Recognizer | None:
        """Give the model of a name, or the default; None if there is none of that name."""
        place = self._places.get(self.default if name is None else name)
        return None if place is None else place.recognizer

    def look(self) -> None:
        """Take up each model whose file has changed since it was last looked at."""
        for name, place in list(self._places.items()):
            stamp = _stamp(place.source)
            if stamp == place.stamp:
                continue
            try:
                new = _load(place.source)
            except (ArtifactError, MemoryError) as error:
                log.error("model_refused", model=name, reason=str(error) or "out of memory")
                new = _Place(place.source, place.recognizer, stamp)
            else:
                log.info("model_loaded", model=name, digest=new.recognizer.digest)
            self._places[name] = new


def _load(source: str) -> _Place:
    # The stamp first: a change while the file is read is then seen at the next look.
    stamp = _stamp(source)
    return _Place(source, Recognizer.load(source), stamp)


def _stamp(source: str) -> Stamp | None:
    try:
        status = os.stat(locate(source))
    except (OSError, ArtifactError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
