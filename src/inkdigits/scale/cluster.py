"""Connect to a Ray cluster, or start one on this machine.

Only the modules of this package import Ray, and only inside functions: it is an optional extra, and
importing it takes longer than recognizing a thousand digits.
"""

import logging
import os
import re
import secrets
import signal
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from inkdigits.scale.errors import ScaleError
from inkdigits.threads import available_cpus

ADDRESS = re.compile(r"ray(://[^\s/]+)?")
CLIENT_PORT = 10001  # Ray's default
CONNECT_SECONDS = 10.0
# What Ray says if a process for the client has not started within half a minute, because the head
# node is busy: the next one may.
SLOW_HEAD = "Starting Ray client server failed"
# One thread for each worker: Ray schedules by CPUs, and more threads would compete for them.
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Cluster:
    """A cluster that this process is connected to.

    cpus  of all its nodes, at the time of connecting
    """

    cpus: int


def import_ray() -> Any:
    """Return the package ray; raise ScaleError if it is not installed."""
    # Both are read when it is imported. Errors are told once, by those who wait for results.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_IGNORE_UNHANDLED_ERRORS", "1")
    try:
        import ray
    except ModuleNotFoundError:
        raise ScaleError("--on ray needs the package ray: pip install 'inkdigits[ray]'.") from None
    return ray


@contextmanager
def connected(address: str) -> Iterator[Cluster]:
    """Connect to a cluster for as long as the context lasts.

    address  "ray://HOST" or "ray://HOST:PORT" for Ray's client server on a cluster's head node;
             "ray" for the cluster that the environment variable RAY_ADDRESS names, or else a new
             one on this machine, with all of its CPUs, which only this process can use
    raises   ScaleError if there is no such cluster, or Ray is not installed
    """
    if not ADDRESS.fullmatch(address):
        raise ScaleError(
            f"{address[:80]!a} is not ray or ray://HOST: name the head node of a Ray cluster."
        )
    is_local = address == "ray" and "RAY_ADDRESS" not in os.environ
    if is_local:
        # Without clusters of several machines, which Windows and macOS do not have either, Ray
        # listens at the loopback address only. It reads this when it is imported.
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    else:
        _use_token_if_any()
    ray = import_ray()
    environment = dict(ONE_THREAD)
    options: dict[str, Any] = {
        "logging_level": logging.CRITICAL,  # errors are raised
        "log_to_driver": False,
        "runtime_env": {"env_vars": environment},
    }
    if is_local:
        # A token must keep out the other users of this machine. One that Ray makes would be written
        # to a file that they may be able to read.
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
        options |= {
            "address": "local",
            "num_cpus": available_cpus(),
            "include_dashboard": False,
        }
    elif address != "ray":
        options["address"] = _with_port(address)
    with ExitStack() as until_end:
        until_end.enter_context(_no_messages(ray))
        if is_local:
            # Workers are killed at the end, and cannot remove their temporary files themselves.
            environment["TMPDIR"] = until_end.enter_context(
                TemporaryDirectory(prefix="inkdigits-ray-", ignore_cleanup_errors=True)
            )
        _start(ray, options, address)
        until_end.callback(ray.shutdown)
        yield Cluster(int(ray.cluster_resources().get("CPU", 0)))


def _start(ray: Any, options: dict[str, Any], address: str) -> None:
    """Start Ray; raise ScaleError if the cluster cannot be used."""
    for is_last in (False, True):
        try:
            with _kept_signal_handlers(), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what they say is in the error
                ray.init(**options)
            return
        except (ConnectionError, RuntimeError, ValueError) as error:
            if SLOW_HEAD in str(error) and not is_last:
                continue
            lines = str(error).strip().splitlines() or [type(error).__name__]
            cause = " ".join(dict.fromkeys([lines[0], lines[-1]]))[:300].rstrip(".")
            raise ScaleError(
                f"The Ray cluster at {_shown(address)} cannot be used ({cause}): check its "
                "address, its token (RAY_AUTH_MODE=token and RAY_AUTH_TOKEN), and that Ray and "
                "Python have the same versions here and there."
            ) from None


@contextmanager
def _no_messages(ray: Any) -> Iterator[None]:
    """Keep Ray from printing among what a command prints.

    When a worker dies, Ray prints a message to standard output, at any time, whatever the level of
    its logging; there is no option against it. What waits for the worker raises the same error.
    """
    module = ray._private.worker
    before = module.print_to_stdstream
    module.print_to_stdstream = lambda *arguments, **options: None
    try:
        yield
    finally:
        module.print_to_stdstream = before


@contextmanager
def _kept_signal_handlers() -> Iterator[None]:
    """Restore the handlers of Ctrl-C and SIGTERM: Ray replaces them by some that abort."""
    numbers = (signal.SIGINT, signal.SIGTERM)
    before = [signal.getsignal(number) for number in numbers]
    try:
        yield
    finally:
        if threading.current_thread() is threading.main_thread():
            for number, handler in zip(numbers, before, strict=True):
                if handler is not None:  # None: it was not set by Python
                    signal.signal(number, handler)


def _use_token_if_any() -> None:
    """Send the token to the cluster, if there is one and nothing else is said.

    Ray does so for a cluster that it starts, but not for one that it connects to. It must be said
    before Ray is imported.
    """
    has_token = (
        "RAY_AUTH_TOKEN" in os.environ
        or "RAY_AUTH_TOKEN_PATH" in os.environ
        or (Path.home() / ".ray" / "auth_token").is_file()
    )
    if has_token:
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def _with_port(address: str) -> str:
    """Return the address of a client server with its port.

    raises   ScaleError if nothing answers there, which Ray would try for half a minute
    """
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not port.isdecimal() or not host or host.endswith(":"):
        host, port = address.removeprefix("ray://"), str(CLIENT_PORT)
    try:
        with socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS):
            pass
    except (OSError, OverflowError, UnicodeError) as error:
        cause = getattr(error, "strerror", None) or str(error)
        raise ScaleError(
            f"Nothing answers at {host} on port {port} ({cause}): check that the cluster runs, its "
            "address, and that its port for clients can be reached from here."
        ) from None
    return f"ray://{host}:{port}"


def _shown(address: str) -> str:
    return os.environ.get("RAY_ADDRESS", "this machine") if address == "ray" else address
