"""The supervisor: starts workers, replaces those that die or hang, and shuts down gracefully."""

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
from multiprocessing.connection import Connection as Pipe
from multiprocessing.connection import wait
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import structlog

from inkdigits.api import metrics
from inkdigits.api.lab_access import LabAccess
from inkdigits.api.server import worker
from inkdigits.api.server.log import configure_log
from inkdigits.api.settings import Settings

log = structlog.get_logger()

POLL_INTERVAL_S = 0.5
START_TIMEOUT_S = 120.0  # for loading the models on a busy machine
PORTS_TRIED = 20  # if the default port is in use
MIN_LIFETIME_S = 5.0  # if a replacement dies sooner, another one probably would too
WORKER_ENVIRONMENT = {
    # Matrix products are small, so several threads for one would only wait for each other.
    **dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"),
    # By default, glibc raises these thresholds after the first large image and then keeps the
    # memory. Blocks of this size are returned to the system as soon as they are freed. Smaller
    # ones are kept, because the next drawing needs them again.
    "MALLOC_MMAP_THRESHOLD_": str(2**20),
    "MALLOC_TRIM_THRESHOLD_": str(16 * 2**20),
    "MALLOC_ARENA_MAX": "2",
}


class ServerError(Exception):
    """The server cannot start or continue; the message says why, and what to do."""


class AddressError(ServerError):
    """The server cannot listen on the requested address."""


class PortInUse(AddressError):
    """Another program listens on the requested port."""


@dataclass
class _WorkerProcess:
    """A worker, as the supervisor sees it.

    ready_at        when it became ready, by time.monotonic; None before
    silent_s        time since its last message. Only time in which the supervisor itself was
                    running counts, so a pause of both processes does not
    is_replacement  whether it replaced a worker that died
    """

    index: int
    process: SpawnProcess
    pipe: Pipe
    is_replacement: bool
    silent_s: float = 0.0
    ready_at: float | None = None


def serve(settings: Settings, on_ready: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C.

    on_ready  called with the server's URL when the first worker is ready
    raises    AddressError if the server cannot listen there; ServerError if workers keep dying
    """
    configure_log(settings.log_level)
    os.environ.update(WORKER_ENVIRONMENT)
    with _listen_for(settings) as listener, tempfile.TemporaryDirectory() as folder:
        log.info("settings", **settings.for_log())
        metrics_folder: Path | None = Path(folder)
        try:
            metrics.create_files(Path(folder), settings.workers)
        except OSError as error:
            metrics_folder = None
            log.warning(
                "metrics_not_shared",
                reason=f"Their files cannot be written to {folder} ({error.strerror}); each worker "
                "reports its own.",
            )
        _Supervisor(settings, listener, metrics_folder, on_ready).run()


class _Supervisor:
    def __init__(
        self,
        settings: Settings,
        listener: socket.socket,
        metrics_folder: Path | None,
        on_ready: Callable[[str], None],
    ) -> None:
        self._settings = settings
        self._lab_access = LabAccess.of(settings)  # the same for every worker
        self._listener = listener
        self._metrics_folder = metrics_folder  # None if the workers do not share their metrics
        self._on_ready: Callable[[str], None] | None = on_ready
        # A forked process would copy the locks of other threads.
        self._context = multiprocessing.get_context("spawn")
        self._workers: list[_WorkerProcess] = []
        self._signals: list[int] = []
        self._drain_until: float | None = None  # by time.monotonic
        self._is_stopping = False

    def run(self) -> None:
        """Start the workers and supervise them until a signal stops the server."""
        # Python writes each signal's number to this socket, which interrupts waiting for workers.
        self._wakeup, signaled = socket.socketpair()
        signaled.setblocking(False)
        handlers = {
            number: signal.signal(number, self._on_signal)
            for number in (signal.SIGINT, signal.SIGTERM)
        }
        wakeup_fd = signal.set_wakeup_fd(signaled.fileno())
        try:
            self._workers = [self._start(index) for index in range(self._settings.workers)]
            while not self._is_stopping:
                self._poll_workers()
                self._report_ready()
                self._handle_signals()
                self._replace_dead_workers()
            self._shut_down()
        finally:
            for each in self._workers:
                each.process.kill()
                each.process.join()
            signal.set_wakeup_fd(wakeup_fd)
            for number, handler in handlers.items():
                signal.signal(number, handler)
            self._wakeup.close()
            signaled.close()

    def _on_signal(self, number: int, _: Any) -> None:
        self._signals.append(number)

    def _handle_signals(self) -> None:
        """Drain at the first SIGTERM; stop when that is over, at a second SIGTERM, or at Ctrl-C."""
        while self._signals:
            if self._signals.pop(0) == signal.SIGTERM and self._drain_until is None:
                self._drain_until = time.monotonic() + self._settings.drain_s
                self._send_to_workers(worker.DRAIN)
            else:
                self._is_stopping = True
        if self._drain_until is not None and time.monotonic() >= self._drain_until:
            self._is_stopping = True

    def _start(self, index: int, is_replacement: bool = False) -> _WorkerProcess:
        ours, theirs = self._context.Pipe()
        process = self._context.Process(
            target=worker.run,
            args=(
                self._settings,
                self._lab_access,
                self._listener,
                theirs,
                index if self._metrics_folder else None,
            ),
        )
        process.start()
        theirs.close()
        if self._drain_until is not None:
            ours.send(worker.DRAIN)
        return _WorkerProcess(index, process, ours, is_replacement)

    def _poll_workers(self) -> None:
        """Receive messages for one interval, and kill workers without a heartbeat."""
        since = time.monotonic()
        timeout_s = POLL_INTERVAL_S
        if self._drain_until is not None:
            timeout_s = min(POLL_INTERVAL_S, max(0.0, self._drain_until - since))
        pipes = [each.pipe for each in self._workers if not each.pipe.closed]
        ready = wait([self._wakeup, *pipes], timeout_s)
        if self._wakeup in ready:  # the signal's handler has run
            self._wakeup.recv(64)
        # If this process was suspended meanwhile, only one interval counts.
        passed_s = min(time.monotonic() - since, POLL_INTERVAL_S)
        for each in self._workers:
            each.silent_s += passed_s
            if each.pipe in ready:
                self._receive(each)
            silence_limit_s = self._settings.watchdog_s if each.ready_at else START_TIMEOUT_S
            if each.silent_s > silence_limit_s and each.process.is_alive():
                log.error("worker_hung", pid=each.process.pid, silent_s=round(each.silent_s, 1))
                each.process.kill()
                each.process.join(POLL_INTERVAL_S)
                each.silent_s = 0.0

    def _receive(self, each: _WorkerProcess) -> None:
        try:
            while each.pipe.poll():
                if each.pipe.recv() == worker.READY:
                    each.ready_at = time.monotonic()
                    log.info("worker_ready", pid=each.process.pid)
                each.silent_s = 0.0
        except (EOFError, OSError):
            each.process.join(POLL_INTERVAL_S)  # it is exiting

    def _report_ready(self) -> None:
        if self._on_ready and any(each.ready_at for each in self._workers):
            with suppress(OSError):  # standard output may be closed
                self._on_ready(_url(self._listener))
            self._on_ready = None

    def _replace_dead_workers(self) -> None:
        for index, each in enumerate(self._workers):
            if each.process.is_alive():
                continue
            each.pipe.close()
            log.error("worker_died", pid=each.process.pid, exit_status=each.process.exitcode)
            if self._metrics_folder:
                with suppress(OSError):  # the replacement resets them as well
                    metrics.forget_gauges(self._metrics_folder, each.index)
            lifetime_s = time.monotonic() - each.ready_at if each.ready_at else 0.0
            if each.is_replacement and lifetime_s < MIN_LIFETIME_S:
                raise ServerError(
                    "The workers keep dying right after they start; see the log for the cause."
                )
            try:
                self._workers[index] = self._start(each.index, is_replacement=True)
            except OSError as error:  # retried at the next poll; other workers continue
                log.error("worker_start_failed", reason=error.strerror)
                each.is_replacement = False

    def _shut_down(self) -> None:
        """Let the workers finish their requests within the grace period."""
        self._listener.close()
        self._send_to_workers(worker.STOP)
        # Workers observe the grace period by themselves; this limit is for one that does not.
        # Another signal ends the wait at once.
        until = time.monotonic() + self._settings.grace_s + 1
        self._signals.clear()
        while not self._signals and time.monotonic() < until:
            alive = [each.process.sentinel for each in self._workers if each.process.is_alive()]
            if not alive:
                break
            wait(alive, POLL_INTERVAL_S)

    def _send_to_workers(self, command: str) -> None:
        for each in self._workers:
            try:
                each.pipe.send(command)
            except OSError:  # it has just died
                continue


def _listen_for(settings: Settings) -> socket.socket:
    """Listen on the port that was chosen, or on the first free one from the default on."""
    for port in range(settings.port, settings.port + PORTS_TRIED - 1):
        try:
            return _listen(settings.host, port)
        except PortInUse:
            if "port" in settings.model_fields_set:
                raise
    return _listen(settings.host, settings.port + PORTS_TRIED - 1)


def _listen(host: str, port: int) -> socket.socket:
    """Open the socket on which all workers accept connections."""
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family)
        try:
            if os.name != "nt":  # otherwise a port stays in use for a minute after a server exits
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(worker.BACKLOG)
            listener.setblocking(False)
        except BaseException:
            listener.close()
            raise
    except (OSError, UnicodeError, OverflowError) as error:
        raise _address_error(host, port, error) from None
    return listener


def _address_error(host: str, port: int, error: Exception) -> AddressError:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return PortInUse(
                f"Port {port} of {host} is in use; choose another with --port (0: a free one)."
            )
        case errno.EACCES:
            return AddressError(
                f"Port {port} is reserved for the system; choose one above 1023 with --port."
            )
    cause = getattr(error, "strerror", None) or "no such host"
    return AddressError(
        f"Cannot listen on {host} ({cause}); choose an address of this machine with --host."
    )


def _url(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    # Not every system can connect to a wildcard address.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
