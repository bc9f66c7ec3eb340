"""Start and stop a server to attack, and measure the memory and CPU time of its processes.

Linux only: processes are looked up in /proc.
"""

import os
import re
import resource
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import NamedTuple

from process_times import process_tree, process_tree_cpu_s, resident_bytes

HOST = "127.0.0.1"
WORKERS = 2
START_TIMEOUT_S = 60
SETTINGS = {"INKDIGITS_LOG_LEVEL": "warning"}
CODE = "from inkdigits.cli import main; main(prog_name='inkdigits')"

# Prepares the server's folder before it starts, and yields environment variables for the server.
Prepare = Callable[[Path], AbstractContextManager[dict[str, str]]]


class StartError(Exception):
    """The server exited, or did not report its address within START_TIMEOUT_S."""


class Server(NamedTuple):
    """A running server.

    pid      of its main process
    port     on HOST
    folder   for its temporary files and its log
    """

    pid: int
    port: int
    folder: Path

    def processes(self) -> list[int]:
        """List the main process, its workers, and all other descendants."""
        return process_tree(self.pid)

    def workers(self) -> list[int]:
        """List the worker processes: those with the most memory, except the main process.

        Processes that have exited, but have not been waited for, have no memory.
        """
        sizes = {pid: resident_bytes(pid) for pid in self.processes()[1:]}
        running = [pid for pid, size in sizes.items() if size]
        return sorted(running, key=lambda pid: sizes[pid], reverse=True)[:WORKERS]

    def memory_bytes(self) -> int:
        """Return the resident memory of all processes."""
        return sum(map(resident_bytes, self.processes()))

    def cpu_s(self) -> float:
        """Return the CPU time of all processes, including those that have exited."""
        return process_tree_cpu_s(self.pid)

    def log_lines(self) -> int:
        """Count the lines that the server has logged or printed to standard error."""
        return len((self.folder / "log").read_text(errors="replace").splitlines())


@contextmanager
def serving(
    checkout: Path,
    settings: dict[str, str] | None = None,
    prepare: Prepare | None = None,
    open_files: int | None = None,
) -> Iterator[Server]:
    """Run the server of a checkout for the duration of the context.

    checkout    a folder with src/ and .venv/
    settings    environment variables
    open_files  limit on the open files of each process
    raises      StartError with what the server printed
    """
    with (
        # Workers that exit shortly after the main process may still hold a file.
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder,
        (prepare or _nothing)(Path(folder)) as prepared,
        open(Path(folder, "log"), "w") as log,
    ):
        command = [str(checkout / ".venv/bin/python"), "-c", CODE, "serve"]
        command += ["--port", "0", "--workers", str(WORKERS)]
        if open_files:
            command = ["sh", "-c", f'ulimit -n {open_files}; exec "$@"', "sh", *command]
        environment = os.environ | {"TMPDIR": folder} | SETTINGS | (settings or {}) | prepared
        with subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process:
            server = Server(process.pid, 0, Path(folder))
            try:
                yield server._replace(port=_port(process, Path(folder, "log")))
            finally:
                # The main process first, because it would replace its workers.
                for pid in server.processes():
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)


def _nothing(folder: Path) -> AbstractContextManager[dict[str, str]]:
    return nullcontext({})


def _port(process: subprocess.Popen[bytes], log: Path) -> int:
    """Wait until the server reports its address."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        printed = log.read_text()
        if "Ctrl-C" in printed and (address := re.search(r"^  http://\S+:(\d+)/$", printed, re.M)):
            return int(address[1])
        time.sleep(0.05)
    raise StartError(f"The server did not start; it printed: {log.read_text().strip()}")


def allow_open_files(count: int) -> None:
    """Raise the limit on open files for this process and its children, as far as possible."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY:
        count = min(count, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count, hard))
