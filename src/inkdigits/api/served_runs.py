"""Which runs of the lab are served: one small file for each, which all workers see at once."""

import os
from pathlib import Path

from inkdigits.lab.folders import is_name
from inkdigits.storage.files import FileError, read_file, write_atomically

FOLDER = ".served"  # in the folder of all runs
MAX_SERVED = 20  # each is in the memory of every worker
MAX_FILE_NAME_BYTES = 1000


class ServedRuns:
    """The runs whose models are served, each under its name.

    A file .served/NAME holds the name of the model's file in the folder NAME. So one worker adds or
    removes a model without a lock, and the others notice that by the time of the folder.
    """

    def __init__(self, runs: Path) -> None:
        self._runs = runs
        self._folder = runs / FOLDER

    def add(self, name: str, model_file: str) -> None:
        """Serve the model in a run's folder.

        raises   OSError
        """
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._folder / name, model_file.encode())

    def remove(self, name: str) -> None:
        """Serve this run's model no more; nothing happens if it is not served."""
        (self._folder / name).unlink(missing_ok=True)

    def stamp(self) -> int:
        """Return what changes whenever a model is added or removed."""
        try:
            return os.stat(self._folder).st_mtime_ns
        except OSError:
            return 0

    def sources(self) -> dict[str, str]:
        """Return what `Recognizer.load` takes, by the run's name, in the order of names."""
        try:
            names = sorted(os.listdir(self._folder))
        except OSError:
            return {}
        found = {}
        for name in filter(is_name, names):
            try:
                file = read_file(self._folder / name, MAX_FILE_NAME_BYTES).decode()
            except (FileError, UnicodeDecodeError):  # just removed
                continue
            # The folder of a run may have been deleted by hand.
            if file == os.path.basename(file) and (self._runs / name / file).is_file():
                found[name] = f"{name}={self._runs / name / file}"
        return dict(list(found.items())[:MAX_SERVED])
