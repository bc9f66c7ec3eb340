"""The models being served, by name. Changed model files are reloaded without downtime."""

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import structlog

from inkdigits.model_file import locate
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import FileError

if TYPE_CHECKING:  # a server without the lab loads none of its code
    from inkdigits.api.served_runs import ServedRuns

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


@dataclass(frozen=True)
class _Rejected:
    """A file that is not a model, so that it is not read and reported again until it changes."""

    source: str
    file_stamp: FileStamp | None


class ModelRegistry:
    """The models being served. A request keeps the model that it started with.

    A changed file is loaded and verified while the old model stays in service; a single assignment
    then replaces that. An invalid file is rejected: the old model stays, and the log says why.

    default_name  name of the model for requests that do not name one
    """

    def __init__(self, models: Sequence[str], served_runs: "ServedRuns | None" = None) -> None:
        """Load all models.

        models       files, names of shipped models, or NAME=FILE; the first is the default
        served_runs  runs of the lab, whose models are served as well. Whoever adds or removes one
                     need not tell the registry: it looks at each request
        raises       FileError if one of `models` is missing or damaged, or two have the same name
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
        self._fixed_names = frozenset(self._entries)
        self._served_runs = served_runs
        self._served_stamp: int | None = None
        self._rejected: dict[str, _Rejected] = {}
        self._lock = threading.Lock()  # held by the thread that adds and removes served runs

    def __iter__(self) -> Iterator[Recognizer]:
        self._update_served_runs()
        return iter([entry.recognizer for entry in list(self._entries.values())])

    def is_fixed(self, name: str) -> bool:
        """Whether a name is that of a model which is no run of the lab."""
        return name in self._fixed_names

    @property
    def default(self) -> Recognizer:
        """The model for requests that do not name one."""
        return self._entries[self.default_name].recognizer

    def get(self, name: str) -> Recognizer | None:
        """Return the model of this name, or None."""
        self._update_served_runs()
        entry = self._entries.get(name)
        return None if entry is None else entry.recognizer

    def reload_changed(self) -> None:
        """Reload each model whose file has changed since it was last checked."""
        self._update_served_runs(is_due=True)
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
            with self._lock:
                if name in self._entries:  # a served run may have been removed meanwhile
                    self._entries[name] = new

    def _update_served_runs(self, is_due: bool = False) -> None:
        """Load the models of runs that were added, and forget those of runs that were removed.

        is_due  whether to look even if the time of their folder is the same: two changes may be too
                close for it to tell
        """
        if self._served_runs is None:
            return
        stamp = self._served_runs.stamp()
        if stamp == self._served_stamp and not is_due:
            return
        with self._lock:
            sources = self._served_runs.sources()
            for name in self._entries.keys() - self._fixed_names - sources.keys():
                del self._entries[name]
                log.info("model_removed", model=name)
            for name in sorted(sources.keys() - self._entries.keys()):
                self._add_served_run(name, sources[name])
            self._served_stamp = stamp

    def _add_served_run(self, name: str, source: str) -> None:
        rejected = _Rejected(source, _file_stamp(source))
        if self._rejected.get(name) == rejected:
            return
        try:
            self._entries[name] = _load(source)
        except (FileError, MemoryError) as error:
            log.error("model_rejected", model=name, reason=str(error) or "out of memory")
            self._rejected[name] = rejected
        else:
            log.info("model_loaded", model=name, digest=self._entries[name].recognizer.digest)


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
