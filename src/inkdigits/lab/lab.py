"""The lab: starts, follows and steers runs, each in a process of its own."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from inkdigits.imaging.inputs import ImageInput
from inkdigits.lab.commands import Command
from inkdigits.lab.events import Event
from inkdigits.lab.limits import LabLimits
from inkdigits.lab.options import LabOptions
from inkdigits.lab.views import Confusion, DataSource, RunDetail, RunSummary, ValidationDigit


class Lab:
    """The runs in one folder. Several processes may have a lab on the same folder.

    All methods raise UnknownRun for a name that is not that of a run, and LabError for anything
    else that cannot be done.
    """

    def __init__(self, folder: Path, data_dir: Path | None, limits: LabLimits) -> None:
        self.folder, self.data_dir, self.limits = folder, data_dir, limits

    def data(self) -> list[DataSource]:
        """List the images that a run can train on; MNIST is the first."""
        raise NotImplementedError

    def start(self, options: LabOptions) -> str:
        """Check the options, and start a run in a process of its own.

        returns  its name
        raises   LabError with the field that is wrong; TooManyRuns
        """
        raise NotImplementedError

    def again(self, name: str, *, replay: bool = False) -> str:
        """Start a run with the options of another one, its seed included.

        replay   whether to repeat the changes of the other one at the same steps, which leads to
                 the same weights
        returns  the name of the new run
        """
        raise NotImplementedError

    def runs(self) -> list[RunSummary]:
        """List all runs, the newest first; quickly, because unchanged ones are remembered."""
        raise NotImplementedError

    def run(self, name: str) -> RunDetail:
        """Return everything about a run but its pictures of digits."""
        raise NotImplementedError

    def command(self, name: str, command: Command) -> None:
        """Send a command to a run; start a process for it if none is running.

        raises   LabError if its value is wrong; TooManyRuns if it would need a process too many
        """
        raise NotImplementedError

    def delete(self, name: str) -> None:
        """Delete a run's folder.

        raises   LabError while its process is running
        """
        raise NotImplementedError

    def events(
        self, name: str, offset: int, stopped: Callable[[], bool], idle_seconds: float = 10.0
    ) -> Iterator[tuple[int, Event | None]]:
        """Follow the events of a run from a byte offset on, until it is over.

        stopped       asked several times a second; the iterator ends when it returns True
        idle_seconds  after so long without an event, None is yielded in place of one
        returns       events, each with the offset after it
        """
        raise NotImplementedError

    def watch(self, name: str, image: ImageInput, media_type: str | None = None) -> None:
        """Let a run predict a drawing while it learns; `Recognizer.recognize` takes the same."""
        raise NotImplementedError

    def watch_ink(self, name: str, ink: NDArray[Any]) -> None:
        """Let a run predict ink while it learns; `Recognizer.recognize_ink` takes the same."""
        raise NotImplementedError

    def unwatch(self, name: str) -> None:
        """Let a run predict no drawing."""
        raise NotImplementedError

    def confusion(self, name: str) -> Confusion | None:
        """Return the confusion matrix of the last epoch; None before the first one's end."""
        raise NotImplementedError

    def mistakes(self, name: str, count: int = 60) -> list[ValidationDigit]:
        """Return the validation images that are predicted wrongly, most confident first."""
        raise NotImplementedError

    def digits(
        self, name: str, actual: str, predicted: str, count: int = 100
    ) -> list[ValidationDigit]:
        """Return the validation images of a cell of the confusion matrix, most confident first."""
        raise NotImplementedError

    def model_path(self, name: str) -> Path:
        """Return the file of a run's model.

        raises   LabError if there is none yet
        """
        raise NotImplementedError

    def record(self, name: str) -> dict[str, Any]:
        """Return the settings, all changes and the records of a run, as JSON values, to keep."""
        raise NotImplementedError
