"""Turn Ctrl-C and SIGTERM into an exception that is raised only where stopping is safe."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from rich.console import Console


class StopRequested(BaseException):
    """The user or the system asks to stop. Like KeyboardInterrupt, it is not an Exception."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal.Signals(signal_number).name)
        self.exit_status = 128 + signal_number


class Signals:
    """Turns the first Ctrl-C or SIGTERM into StopRequested: at once, or at the next safe point."""

    def __init__(self) -> None:
        self._received: int | None = None
        self._deferred = False

    def raise_if_received(self) -> None:
        """Raise StopRequested if a signal was received."""
        if self._received is not None:
            raise StopRequested(self._received)

    @contextmanager
    def caught(self, console: Console) -> Iterator[None]:
        """Catch both signals until the block ends; exit with the status that shells expect."""
        numbers = (signal.SIGINT, signal.SIGTERM)
        before = [signal.signal(number, self._receive) for number in numbers]
        try:
            yield
        except StopRequested as stop:
            console.print(f"Stopped by {stop}.")
            sys.exit(stop.exit_status)
        finally:
            for number, handler in zip(numbers, before, strict=True):
                signal.signal(number, handler)

    @contextmanager
    def deferred(self) -> Iterator[None]:
        """Defer a signal to `raise_if_received`, or to the end of the block."""
        self._deferred = True
        try:
            yield
        finally:
            self._deferred = False
        self.raise_if_received()

    def _receive(self, number: int, frame: FrameType | None) -> None:
        if self._received is None:  # a second signal must not interrupt the shutdown
            self._received = number
            if not self._deferred:
                raise StopRequested(number)
