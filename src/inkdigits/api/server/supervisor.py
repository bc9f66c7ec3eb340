"""Starts the workers, replaces those that die or hang, and ends them without losing a request."""

import errno
import multiprocessing
import os
import signal
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection as AddChannel
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import structlog

from inkdigits.api import metrics
from inkdigits.api.server import worker
from inkdigits.api.settings import Settings

log = structlog.get_logger()

TICK_S = 0.5
START_S = 120.0  # how long a worker may take to load its models on a busy machine
TOO_SOON_S = 5.0  # a replacement that dies sooner would die again and again
# For the workers, which read it when they start.
ENVIRONMENT = {
    # Many small products: threads of one would only wait for each other.
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    # glibc would learn from large pictures to keep their memory. These bytes are given back at once
    # when they are freed; less is kept, because a drawing would need it again right away.
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
    "MALLOC_TRIM_THRESHOLD_": str(16 * 2**20),
    "MALLOC_ARENA_MAX": "2",
}


class ServerError(Exception):
    """The server cannot start or go on; the message says why, and what to do."""


class AddressError(ServerError):
    """The server cannot listen where it is asked to."""


@dataclass
class _Process:
    """A worker, as the supervisor sees it.

    ready_at        when it was ready to answer, by time.monotonic; None before
    silent_s        how long it has given no sign of life, by the supervisor's own time: if both
                    are stopped for a while, that does not count
    is_replacement  whether it took the place of one that died
    """

    place: int
    process: SpawnProcess
    channel: AddChannel
    is_replacement: bool
    silent_s: float = 0.0
    ready_at: float | None = None


def serve(settings: Settings, greet: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C.

    greet    is called with the address, once a worker answers
    raises   AddressError if nothing can listen there; ServerError if workers die as soon as they
             start
    """
    worker.configure_log(settings.log_level)
    os.environ.update(ENVIRONMENT)
    with _listen(settings.host, settings.port) as listener, tempfile.TemporaryDirectory() as folder:
        shares_metrics = True
        try:
            metrics.prepare(Path(folder), settings.workers)
        except OSError as error:
            shares_metrics = False
            log.warning(
                "metrics_not_shared",
                reason=f"There is no room for them in {folder} ({error.strerror}); each worker "
                "counts for itself.",
            )
        _Supervisor(settings, listener, shares_metrics, greet).run()


class _Supervisor:
    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        shares_metrics: bool,
        greet: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._shares_metrics = shares_metrics
        self._greet: Callable[[str], None] | None = greet
        # A process that is copied would copy its threads' locks too.
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_Process] = []
        self._signals: list[int] = []
        self._drain_until: float | None = None  # by time.monotonic
        self._is_stopping = False

    def run(self) -> None:
        """Start the workers and look after them until a signal ends it."""
        awake, wakeup = socket.socketpair()
        wakeup.setblocking(False)
        self._awake = awake
        handlers = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        wakeup_fd = signal.set_wakeup_fd(wakeup.fileno())
        try:
            self._workers = [self._start(place) for place in range(self._settings.workers)]
            while not self._is_stopping:
                self._listen_to_workers()
                self._greet_once()
                self._obey_signals()
                self._replace_the_dead()
            self._end_gracefully()
        finally:
            for each in self._workers:
                each.process.kill()
                each.process.join()
            signal.set_wakeup_fd(wakeup_fd)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            awake.close()
            wakeup.close()

    def _on_signal(self, number: int, _: Any) -> None:
        self._signals.append(number)

    def _obey_signals(self) -> None:
        """Drain at the first SIGTERM; stop when that is done, at the next one, and at Ctrl-C."""
        while self._signals:
            if self._signals.pop(0) == signal.SIGTERM and self._drain_until is None:
                self._drain_until = time.monotonic() + self._settings.drain_s
                self._tell_workers(worker.DRAIN)
            else:
                self._is_stopping = True
        if self._drain_until is not None and time.monotonic() >= self._drain_until:
            self._is_stopping = True

    def _start(self, place: int, is_replacement: bool = False) -> _Process:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=worker.run,
            args=(
                self._settings,
                self._listener,
                theirs,
                place if self._shares_metrics else None,
            ),
        )
        process.start()
        theirs.close()
        if self._drain_until is not None:
            ours.send(worker.DRAIN)
        return _Process(place, process, ours, is_replacement)

    def _listen_to_workers(self) -> None:
        """Take what workers say within a tick, and kill whoever has been silent for too long."""
        since = time.monotonic()
        timeout_s = TICK_S
        if self._drain_until is not None:
            timeout_s = min(TICK_S, max(0.0, self._drain_until - since))
        channels = [each.channel for each in self._workers if not each.channel.closed]
        heard = wait([self._awake, *channels], timeout_s)
        if self._awake in heard:  # by a signal, whose handler has run
            self._awake.recv(64)
        # A tick in which this process was stopped is one tick of silence, not more.
        passed_s = min(time.monotonic() - since, TICK_S)
        for each in self._workers:
            each.silent_s += passed_s
            if each.channel in heard:
                self._hear(each)
            patience_s = self._settings.watchdog_s if each.ready_at else START_S
            if each.silent_s > patience_s and each.process.is_alive():
                log.error("worker_hangs", pid=each.process.pid, silent_s=round(each.silent_s, 1))
                each.process.kill()
                each.process.join(TICK_S)
                each.silent_s = 0.0

    def _hear(self, each: _Process) -> None:
        try:
            while each.channel.poll():
                if each.channel.recv() == worker.READY:
                    each.ready_at = time.monotonic()
                    log.info("worker_ready", pid=each.process.pid)
                each.silent_s = 0.0
        except (EOFError, OSError):
            each.process.join(TICK_S)  # it is about to be dead

    def _greet_once(self) -> None:
        if self._greet and any(each.ready_at for each in self._workers):
            with suppress(OSError):  # nowhere to print is no reason not to serve
                self._greet(_address(self._listener))
            self._greet = None

    def _replace_the_dead(self) -> None:
        for index, each in enumerate(self._workers):
            if each.process.is_alive():
                continue
            each.channel.close()
            log.error("worker_died", pid=each.process.pid, exit_status=each.process.exitcode)
            lived_s = time.monotonic() - each.ready_at if each.ready_at else 0.0
            if each.is_replacement and lived_s < TOO_SOON_S:
                raise ServerError(
                    "The workers die as soon as they are started; the lines of the log before this "
                    "one say more."
                )
            try:
                self._workers[index] = self._start(each.place, is_replacement=True)
            except OSError as error:  # tried again at the next tick; the other workers go on
                log.error("worker_not_started", reason=error.strerror)
                each.is_replacement = False

    def _end_gracefully(self) -> None:
        """Let the workers finish what they are doing, for as long as the settings allow."""
        self._listener.close()
        self._tell_workers(worker.STOP)
        # Workers keep the time themselves; this is for one that does not. A signal ends it at once.
        until = time.monotonic() + self._settings.grace_s + 1
        self._signals.clear()
        while not self._signals and time.monotonic() < until:
            alive = [each.process.sentinel for each in self._workers if each.process.is_alive()]
            if not alive:
                break
            wait(alive, TICK_S)

    def _tell_workers(self, order: str) -> None:
        for each in self._workers:
            try:
                each.channel.send(order)
            except OSError:  # it has just died
                continue


def _listen(host: str, port: int) -> socket.socket:
    """Listen at an address, for all workers."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family)
        try:
            if os.name != "nt":  # or a port stays taken for a minute after its last server
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(worker.BACKLOG)
            listener.setblocking(False)
        except BaseException:
            listener.close()
            raise
    except (OSError, UnicodeError, OverflowError) as error:
        raise AddressError(_cannot_listen(host, port, error)) from None
    return listener


def _cannot_listen(host: str, port: int, error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return f"Port {port} of {host} is in use; choose another with --port (0: a free one)."
        case errno.EACCES:
            return f"Port {port} is kept for the system; choose one over 1023 with --port."
    cause = getattr(error, "strerror", None) or "no such address"
    return f"Cannot listen at {host} ({cause}); choose an address of this machine with --host."


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    # A wildcard address cannot be called on every system.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
