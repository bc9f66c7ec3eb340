"""One process of the server: it loads the models, answers requests, and ends when it is told to."""

import asyncio
import logging
import os
import signal
import socket
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection as AddChannel
from typing import Any, TextIO, cast

import structlog

if sys.platform != "win32":
    import resource

from inkdigits.api.app import create_app
from inkdigits.api.metrics import Metrics
from inkdigits.api.registry import Shelf
from inkdigits.api.server.connection import Connection
from inkdigits.api.server.handler import Handler
from inkdigits.api.server.overload import OverloadSelector
from inkdigits.api.settings import Settings

log = structlog.get_logger()

# What the supervisor and its workers tell each other.
READY, ALIVE = "ready", "alive"
DRAIN, STOP = "drain", "stop"
ALIVE_S = 0.5  # from one sign of life to the next
SWEEP_S = 0.25  # how often connections are looked at for expired deadlines
BACKLOG = 2048  # connections that the kernel holds until a worker takes them
ACCEPT_PAUSE_S, ACCEPT_RETRY_S = 0.001, 1.0
MAX_ACCEPTED = 64  # at once
SPARE_FILES = 64  # open files that are not connections


def run(
    settings: Settings, listener: socket.socket, channel: AddChannel, place: int | None
) -> None:
    """Answer requests until the supervisor says to stop, or is no more.

    listener  the socket that all workers take connections from
    channel   to the supervisor
    place     see metrics.Metrics
    """
    # Signals to a whole group of processes, such as Ctrl-C, are the supervisor's to act on.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    configure_log(settings.log_level)
    worker = _Worker(settings, listener, channel, place)
    with asyncio.Runner(loop_factory=worker.event_loop) as runner:
        runner.run(worker.run())


class _Worker:
    def __init__(
        self, settings: Settings, listener: socket.socket, channel: AddChannel, place: int | None
    ) -> None:
        self._settings = settings
        self._listener = listener
        self._channel = channel
        self._is_draining = False
        self._accepts = 1  # at the next time
        # Or they would be collected as garbage.
        self._tasks: set[asyncio.Task[None]] = set()
        self._accepting: set[asyncio.Task[Any]] = set()
        self._shelf = Shelf(settings.models)
        metrics = Metrics(place)
        app = create_app(self._shelf, settings, lambda: self._is_draining, metrics)
        self._handler = Handler(app.wsgi_app, settings, metrics, _most_connections(settings))

    def event_loop(self) -> asyncio.AbstractEventLoop:
        handler = self._handler
        return asyncio.SelectorEventLoop(OverloadSelector(handler.predictions, handler.files))

    async def run(self) -> None:
        # A thread may keep others waiting for so long; 5 ms, Python's own, is more than an answer.
        sys.setswitchinterval(0.001)
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_log_exception)
        stopped = asyncio.Event()
        self._take_connections()
        orders = {DRAIN: self._drain, STOP: stopped.set}
        threading.Thread(target=self._obey, args=(loop, orders), daemon=True).start()
        for task in (self._sweep(), self._show_life(), self._reload()):
            self._tasks.add(loop.create_task(task))
        self._channel.send(READY)
        await stopped.wait()
        loop.remove_reader(self._listener)
        with suppress(OSError):
            while self._accept():  # or the kernel would reset who waits there
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
        # Threads that are still at work after the time of grace must not be waited for.
        os._exit(0)

    def _take_connections(self) -> None:
        if self._listener.fileno() >= 0:  # or it was closed meanwhile
            asyncio.get_running_loop().add_reader(self._listener, self._take_connection)

    def _take_connection(self) -> None:
        """Take a connection, and let the other workers have the next one.

        All workers wait at one socket, and without a pause the quickest of them would get most of
        the connections, and then have most of the work. While many wait, each takes twice as many
        as the last time.
        """
        pause_s = ACCEPT_PAUSE_S
        for _ in range(self._accepts):
            try:
                if not self._accept():
                    self._accepts = 1
                    break
            except OSError as error:  # no file or no memory is free; it would fail again at once
                log.error("no_connection_accepted", reason=error.strerror)
                pause_s = ACCEPT_RETRY_S
                break
        else:
            self._accepts = min(2 * self._accepts, MAX_ACCEPTED)
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listener)
        loop.call_later(pause_s, self._take_connections)

    def _accept(self) -> bool:
        """Accept one connection; whether there was one."""
        loop = asyncio.get_running_loop()
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, ConnectionAbortedError, InterruptedError):
            return False  # another worker was quicker, or the client has gone
        connection.setblocking(False)
        task = loop.create_task(
            loop.connect_accepted_socket(lambda: Connection(self._handler), connection)
        )
        self._accepting.add(task)
        task.add_done_callback(self._accepting.discard)
        return True

    def _obey(self, loop: asyncio.AbstractEventLoop, orders: dict[str, Any]) -> None:
        with suppress(EOFError, OSError):
            while True:
                loop.call_soon_threadsafe(orders[self._channel.recv()])
        # The supervisor is no more; nobody would ever end this process.
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(orders[STOP])

    def _drain(self) -> None:
        self._is_draining = True
        self._handler.is_draining = True  # each answer is the last of its connection

    async def _sweep(self) -> None:
        loop = asyncio.get_running_loop()
        log_at = loop.time() + 1
        while True:
            await asyncio.sleep(SWEEP_S)
            now = loop.time()
            self._handler.end_expired(now)
            if now > log_at:
                self._handler.log_rejections()
                log_at = now + 1

    async def _show_life(self) -> None:
        with suppress(OSError):  # the supervisor is no more
            while True:
                # In a thread: if the supervisor is stopped, its end of the pipe may be full.
                await asyncio.to_thread(self._channel.send, ALIVE)
                await asyncio.sleep(ALIVE_S)

    async def _reload(self) -> None:
        while self._settings.reload_s:
            await asyncio.sleep(self._settings.reload_s)
            try:
                await asyncio.to_thread(self._shelf.look)
            except Exception:  # or no model would ever be taken up again
                log.exception("reload_failed")


def _most_connections(settings: Settings) -> int:
    """How many connections the system lets a worker have open, at most as many as are set."""
    if sys.platform == "win32":  # has no such limit
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
            reason=f"The system allows {soft} open files; raise it with ulimit -n.",
        )
    return limit


def _log_exception(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """Log exceptions that reach the event loop, as JSON like everything else."""
    log.error("event_loop", reason=context["message"], exc_info=context.get("exception"))


class _Output:
    """A file for the log. A full disk under it must not end what is being logged."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def write(self, text: str) -> None:
        with suppress(OSError):
            self._file.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            self._file.flush()


def configure_log(level: str) -> None:
    """Log a JSON object a line, to standard output."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(
            logging.getLevelNamesMapping()[level.upper()]
        ),
        # Each line in one write: print() makes two of it where Python does not buffer, and then a
        # line of another process can come between a line and its end.
        logger_factory=structlog.WriteLoggerFactory(cast(TextIO, _Output(sys.stdout))),
        cache_logger_on_first_use=True,
    )
