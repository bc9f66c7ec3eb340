"""The production server: worker processes, replaced when they die and drained at the end."""

import errno
import multiprocessing
import os
import signal
import socket
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from granian.constants import HTTPModes, Interfaces, Loops
from granian.server.mp import MPServer

from inkdigits.api import metrics
from inkdigits.api.settings import Settings
from inkdigits.api.worker import DRAINING

CONNECTIONS = 1024  # open at once, in each worker
ONE_THREAD = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


class AddressError(Exception):
    """The server cannot listen where it is asked to: the cause, and what to do."""


class Wakeful(threading.Event):
    """An event whose waiting looks up each second.

    Python runs a signal's handler in the main thread, and one that comes just as that falls asleep
    does not wake it: Ctrl-C would be forgotten until the next one.
    """

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, or for so many seconds."""
        if timeout is not None:
            return super().wait(timeout)
        while not super().wait(1.0):
            pass
        return True


class Server(MPServer):
    """Granian, but for SIGTERM: readiness turns 503 first, and a balancer gets time to notice."""

    def __init__(self, folder: Path, settings: Settings, host: str, port: int) -> None:
        super().__init__(
            "inkdigits.api.worker:create",
            factory=True,
            address=host,
            port=port,
            interface=Interfaces.RSGI,
            http=HTTPModes.http1,
            loop=Loops.asyncio,
            websockets=False,
            workers=settings.workers,
            backlog=2 * CONNECTIONS,
            backpressure=CONNECTIONS,
            respawn_failed_workers=True,
            workers_kill_timeout=settings.grace_s,
            log_enabled=settings.log_level == "debug",
        )
        self.main_loop_interrupt = Wakeful()
        self._draining = folder / DRAINING
        self._drain_s = settings.drain_s

    def signal_handler_interrupt(self, number: int = signal.SIGINT, *arguments: Any) -> None:
        """Drain at the first SIGTERM; end at once at the next one, and at Ctrl-C."""
        end: Callable[[], None] = super().signal_handler_interrupt
        if number != signal.SIGTERM or self._draining.exists():
            end()
            return
        self._draining.touch()
        threading.Timer(self._drain_s, end).start()


def serve(settings: Settings, greet: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C.

    greet    is called with the address, once the workers answer
    raises   AddressError if nothing can listen there
    """
    # A process that is copied would copy its threads' locks too.
    multiprocessing.set_start_method("spawn", force=True)
    host, port = _free(settings.host, settings.port)
    with tempfile.TemporaryDirectory() as folder:
        os.environ[metrics.FOLDER] = folder
        # Many small products: threads of one would only wait for each other.
        os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
        os.environ.update(_as_environment(settings))
        server = Server(Path(folder), settings, host, port)
        threading.Thread(target=_greet, args=(_address(host, port), greet), daemon=True).start()
        server.serve()


def _as_environment(settings: Settings) -> dict[str, str]:
    """Write down the settings as the workers read them."""
    values = settings.model_dump()
    return {
        f"INKDIGITS_{name.upper()}": ",".join(value) if isinstance(value, tuple) else str(value)
        for name, value in values.items()
    }


def _free(host: str, port: int) -> tuple[str, int]:
    """Find the address of a host, and out whether the port is free there; or a free one.

    Each worker has a socket of its own at the same port, which the kernel would also let another
    server have.
    """
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            if os.name != "nt":  # or a port stays taken for a minute after its last server
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
            return probe.getsockname()[:2]
    except (OSError, UnicodeError, OverflowError) as error:
        raise AddressError(_cannot_listen(host, port, error)) from None


def _cannot_listen(host: str, port: int, error: Exception) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return f"Port {port} of {host} is in use; choose another with --port (0: a free one)."
        case errno.EACCES:
            return f"Port {port} is kept for the system; choose one over 1023 with --port."
    cause = getattr(error, "strerror", None) or "no such address"
    return f"Cannot listen at {host} ({cause}); choose an address of this machine with --host."


def _greet(address: str, greet: Callable[[str], None]) -> None:
    """Wait for the workers' first answer."""
    while True:
        with suppress(OSError), urllib.request.urlopen(f"{address}/readyz", timeout=5):
            greet(address)
            return
        time.sleep(0.05)


def _address(host: str, port: int) -> str:
    # The wildcard is no address that one can call everywhere.
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
