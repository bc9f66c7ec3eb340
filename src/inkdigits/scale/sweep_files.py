"""The run folders of a sweep: on the machine that started it, and copied to and from the workers.

A trial trains in a temporary folder of its node, and sends each file that it writes through an
actor to the machine that started the sweep. So the nodes need no common file system, and what has
been sent outlives all of them.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from inkdigits.runs import LOCK
from inkdigits.storage.files import write_atomically

Files: TypeAlias = dict[str, bytes]  # of one folder, by name
# What a trial or the scheduler tells: ("files", folder, written, removed), ("epoch", trial, epoch),
# ("finished", trial, ""), ("stopped", ...), ("diverged", ...), ("failed", trial, cause) or
# ("mismatch", trial, versions).
Message: TypeAlias = tuple[Any, ...]


class Exchange:
    """Keeps what the trials send until it is taken, and the files of the runs that go on.

    An actor: one on the cluster, and its methods are called one after the other.
    """

    def __init__(self, files: Mapping[str, Files]) -> None:
        self._files = {folder: dict(content) for folder, content in files.items()}
        self._messages: list[Message] = []
        self._is_stopping = False

    def files_of(self, folder: str) -> Files:
        """Return the files of a run; none if it is new."""
        return self._files.get(folder, {})

    def update(self, folder: str, written: Files, removed: list[str]) -> None:
        """Take the files that a run has written, and the names of those that it has removed."""
        files = self._files.setdefault(folder, {})
        files.update(written)
        for name in removed:
            files.pop(name, None)
        self._messages.append(("files", folder, written, removed))

    def forget(self, folder: str) -> None:
        """Drop the files of a run that has ended."""
        self._files.pop(folder, None)

    def tell(self, message: Message) -> None:
        """Take a message of another kind."""
        self._messages.append(message)

    def take(self) -> list[Message]:
        """Return all messages since the last call, in order."""
        messages, self._messages = self._messages, []
        return messages

    def stop(self) -> None:
        """Ask that the trials end."""
        self._is_stopping = True

    def is_stopping(self) -> bool:
        """Return whether the trials have been asked to end."""
        return self._is_stopping


class Copied:
    """A folder of which only what has changed since the last call is sent."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sent: dict[str, tuple[int, int]] = {}

    def unpack(self, files: Mapping[str, bytes]) -> None:
        """Write the files that were sent from another node."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for name, data in files.items():
            (self._folder / name).write_bytes(data)
        self._sent = self._present()

    def changes(self) -> tuple[Files, list[str]]:
        """Return the files that are new or changed, and the names of those that are gone."""
        present = self._present()
        written = {
            name: (self._folder / name).read_bytes()
            for name, version in present.items()
            if self._sent.get(name) != version
        }
        removed = [name for name in self._sent if name not in present]
        self._sent = present
        return written, removed

    def _present(self) -> dict[str, tuple[int, int]]:
        """The files, each with the time of its last change in nanoseconds, and its inode."""
        return {
            path.name: (path.stat().st_mtime_ns, path.stat().st_ino)
            for path in self._folder.iterdir()
            if path.name != LOCK
        }


def write_copies(folder: Path, written: Files, removed: list[str]) -> None:
    """Write what a run has sent, each file whole; checkpoints last, as `Run.save` does.

    raises   OSError
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name in sorted(written, key=lambda name: name.startswith("checkpoint-")):
        write_atomically(folder / name, written[name])
    for name in removed:
        (folder / name).unlink(missing_ok=True)


def read_copies(folder: Path) -> Files:
    """Read the files of a run that is to go on; none if it is new."""
    if not folder.is_dir():
        return {}
    return {
        path.name: path.read_bytes()
        for path in folder.iterdir()
        if path.is_file() and not path.name.startswith(".")
    }
