"""The models being served, by name. Changed model files are reloaded without downtime."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import structlog

from inkdigits.model_file import locate
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import FileError

log = structlog.get_logger()

FileStamp = tuple[int, int, int]  # inode, size, modification time in ns


@dataclass(frozen=True)
class _Entry:
    """A model being served.

    source      the file or the name that it was loaded from
    file_stamp  of the file when it was last checked; None if there was no file
    """

    source: str
    recognizer: Recognizer
    file_stamp: FileStamp | None


class ModelRegistry:
    """The models being served. A request keeps the model that it started with.

    A changed file is loaded and verified while the old model stays in service; a single assignment
    then replaces that. An invalid file is rejected: the old model stays, and the log says why.

    default_name  name of the model for requests that do not name one
    """

    def __init__(self, models: Sequence[str]) -> None:
        """Load all models.

        models   files, names of shipped models, or NAME=FILE; the first is the default
        raises   FileError if one is missing or damaged, or two have the same name
        """
        self._entries: dict[str, _Entry] = {}
        for source in models:
            entry = _load(source)
            name = entry.recognizer.name
            if name in self._entries:
                raise FileError(
                    f"Two models are named {name}: {self._entries[name].source} and {source}; "
                    "give one of them another name, as in --model NAME=FILE."
                )
            self._entries[name] = entry
        self.default_name = next(iter(self._entries))

    def __iter__(self) -> Iterator[Recognizer]:
        return iter([entry.recognizer for entry in self._entries.values()])

    @property
    def default(self) -> Recognizer:
        """The model for requests that do not name one."""
        return self._entries[self.default_name].recognizer

    def get(self, name: str) -> Recognizer | None:
        """Return the model of this name, or None."""
        entry = self._entries.get(name)
        return None if entry is None else entry.recognizer

    def reload_changed(self) -> None:
        """Reload each model whose file has changed since it was last checked."""
        for name, entry in list(self._entries.items()):
            file_stamp = _file_stamp(entry.source)
            if file_stamp == entry.file_stamp:
                continue
            try:
                new = _load(entry.source)
            except (FileError, MemoryError) as error:
                log.error("model_rejected", model=name, reason=str(error) or "out of memory")
                new = _Entry(entry.source, entry.recognizer, file_stamp)
            else:
                log.info("model_loaded", model=name, digest=new.recognizer.digest)
            self._entries[name] = new


def _load(source: str) -> _Entry:
    # The stamp is taken first, so that the next check notices a change during the load.
    file_stamp = _file_stamp(source)
    return _Entry(source, Recognizer.load(source), file_stamp)


def _file_stamp(source: str) -> FileStamp | None:
    try:
        status = os.stat(locate(source))
    except (OSError, FileError):
        return None
    return status.st_ino, status.st_size, status.st_mtime_ns
