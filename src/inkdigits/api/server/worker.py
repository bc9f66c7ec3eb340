"""A worker process: loads the models and serves requests until the supervisor stops it."""

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from typing import TYPE_CHECKING, Any

import cv2
import structlog

if sys.platform != "win32":
    import resource

from inkdigits.api.app import create_app
from inkdigits.api.lab_access import LabAccess
from inkdigits.api.metrics import Metrics
from inkdigits.api.profile_access import ProfileAccess
from inkdigits.api.registry import ModelRegistry
from inkdigits.api.server.connection import Connection
from inkdigits.api.server.handler import Handler
from inkdigits.api.server.log import configure_log
from inkdigits.api.server.overload import OverloadSelector
from inkdigits.api.settings import Settings

if TYPE_CHECKING:
    from inkdigits.api.served_runs import ServedRuns

log = structlog.get_logger()

READY, HEARTBEAT = "ready", "heartbeat"  # from a worker to the supervisor
DRAIN, STOP = "drain", "stop"  # from the supervisor to a worker
HEARTBEAT_INTERVAL_S = 0.5
EXPIRE_INTERVAL_S = 0.25  # between checks for expired deadlines
BACKLOG = 2048  # connections that the kernel holds until a worker accepts them
ACCEPT_PAUSE_S, MAX_ACCEPT_PAUSE_S, ACCEPT_RETRY_S = 0.001, 0.02, 1.0
MAX_ACCEPTED = 64  # connections at once
SPARE_FILES = 64  # open files that are not connections


def run(
    settings: Settings,
    lab_access: LabAccess | None,
    listener: socket.socket,
    pipe: Pipe,
    metrics_index: int | None,
) -> None:
    """Serve requests until the supervisor says to stop, or dies.

    lab_access     what opens the lab; None if there is none
    listener       the socket on which all workers accept connections
    pipe           to the supervisor
    metrics_index  see metrics.Metrics
    """
    # A signal to the whole process group, such as Ctrl-C, is for the supervisor to handle.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    configure_log(settings.log_level)
    # Each worker has one CPU: OpenCV's threads would wait for each other and for other workers.
    cv2.setNumThreads(1)
    worker = _Worker(settings, lab_access, listener, pipe, metrics_index)
    with asyncio.Runner(loop_factory=worker.event_loop) as runner:
        runner.run(worker.run())


def _served_runs(settings: Settings) -> "ServedRuns":
    from inkdigits.api.served_runs import ServedRuns  # see app.create_app

    return ServedRuns(settings.lab_folder)


class _Worker:
    def __init__(
        self,
        settings: Settings,
        lab_access: LabAccess | None,
        listener: socket.socket,
        pipe: Pipe,
        metrics_index: int | None,
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._pipe = pipe
        self._is_draining = False
        self._accept_count = 1  # connections to accept next time
        # References that keep the tasks from being garbage-collected.
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepting: set[asyncio.Task[Any]] = set()
        served_runs = _served_runs(settings) if lab_access else None
        self._registry = ModelRegistry(settings.models, served_runs)
        metrics = Metrics(metrics_index)
        self._profile_access = ProfileAccess(settings.database)
        app = create_app(
            self._registry,
            settings,
            lambda: self._is_draining,
            metrics,
            lab_access,
            self._profile_access,
        )
        self._handler = Handler(app.wsgi_app, settings, metrics, _max_connections(settings))

    def event_loop(self) -> asyncio.AbstractEventLoop:
        handler = self._handler
        return asyncio.SelectorEventLoop(OverloadSelector(handler.predictions, handler.fds))

    async def run(self) -> None:
        # How long a thread may keep the GIL. Python's default of 5 ms is longer than a response.
        sys.setswitchinterval(0.001)
        # What was loaded stays; the garbage collector need not look at it again and again.
        gc.collect()
        gc.freeze()
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_log_exception)
        stopped = asyncio.Event()
        self._resume_accepting()
        commands = {DRAIN: self._drain, STOP: stopped.set}
        threading.Thread(target=self._receive_commands, args=(loop, commands), daemon=True).start()
        for task in (
            self._expire_connections(),
            self._send_heartbeats(),
            self._reload_models(),
            asyncio.to_thread(self._profile_access.check),
        ):
            self._tasks.add(loop.create_task(task))
        self._pipe.send(READY)
        await stopped.wait()
        loop.remove_reader(self._listener)
        with suppress(OSError):
            while self._accept():  # otherwise the kernel would reset the connections in the backlog
                pass
        self._listener.close()
        self._is_draining = self._handler.is_draining = True
        with suppress(TimeoutError):
            async with asyncio.timeout(self._settings.grace_s):
                while self._handler.connections or self._accepting:
                    for connection in self._handler.connections:
                        connection.close_if_idle()
                    await asyncio.sleep(0.02)
        self._handler.log_rejections()
        sys.stdout.flush()
        # Does not wait for threads that are still working after the grace period.
        os._exit(0)

    def _resume_accepting(self) -> None:
        if self._listener.fileno() >= 0:  # it may have been closed meanwhile
            asyncio.get_running_loop().add_reader(self._listener, self._accept_connections)

    def _accept_connections(self) -> None:
        """Accept some connections, then pause so that other workers accept the next ones.

        All workers accept on the same socket. Without the pause, the fastest one would get most of
        the connections, and then most of the work. The more connections a worker has, the longer it
        pauses. While many are waiting, the number accepted doubles each time.
        """
        pause_s = min(ACCEPT_PAUSE_S * (1 + len(self._handler.fds) / 4), MAX_ACCEPT_PAUSE_S)
        for _ in range(self._accept_count):
            try:
                if not self._accept():
                    self._accept_count = 1
                    break
            except OSError as error:  # out of files or memory, so it would fail again at once
                log.error("accept_failed", reason=error.strerror)
                pause_s = ACCEPT_RETRY_S
                break
        else:
            self._accept_count = min(2 * self._accept_count, MAX_ACCEPTED)
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        loop.call_later(pause_s, self._resume_accepting)

    def _accept(self) -> bool:
        """Accept one connection; return whether there was one."""
        loop = asyncio.get_running_loop()
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            return False  # another worker was faster, or the client has disconnected
        connection.setblocking(False)
        task = loop.create_task(
            loop.connect_accepted_socket(lambda: Connection(self._handler), connection)
        )
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)
        return True

    def _receive_commands(
        self, loop: asyncio.AbstractEventLoop, commands: dict[str, Callable[[], None]]
    ) -> None:
        with suppress(EOFError, OSError):
            while True:
                loop.call_soon_threadsafe(commands[self._pipe.recv()])
        # The supervisor has died, so nothing else would ever stop this process.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(commands[STOP])

    def _drain(self) -> None:
        self._is_draining = True
        self._handler.is_draining = True  # each response is the last of its connection

    async def _expire_connections(self) -> None:
        loop = asyncio.get_running_loop()
        log_at = loop.time() + 1
        while True:
            await asyncio.sleep(EXPIRE_INTERVAL_S)
            now = loop.time()
            self._handler.expire_connections(now)
            if now > log_at:
                self._handler.log_rejections()
                log_at = now + 1

    async def _send_heartbeats(self) -> None:
        with suppress(OSError):  # the supervisor has died
            while True:
                # In a thread, because the pipe may be full if the supervisor is stopped.
                await asyncio.to_thread(self._pipe.send, HEARTBEAT)
                await asyncio.sleep(HEARTBEAT_INTERVAL_S)

    async def _reload_models(self) -> None:
        while self._settings.reload_s:
            await asyncio.sleep(self._settings.reload_s)
            try:
                await asyncio.to_thread(self._registry.reload_changed)
            except Exception:  # otherwise no model would ever be reloaded again
                log.exception("model_reload_failed")


def _max_connections(settings: Settings) -> int:
    """Return how many connections a worker may have open, within the system's limit on files."""
    if sys.platform == "win32":  # which has no such limit
        return settings.connections
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.connections + SPARE_FILES
    if soft < wanted:
        soft = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    limit = min(settings.connections, max(8, soft - SPARE_FILES))
    if limit < settings.connections:
        log.warning(
            "connections_limited",
            connections=limit,
            reason=f"The system allows {soft} open files; raise the limit with ulimit -n.",
        )
    return limit


def _log_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log an exception that has reached the event loop."""
    log.error("event_loop_error", reason=context["message"], exc_info=context.get("exception"))
