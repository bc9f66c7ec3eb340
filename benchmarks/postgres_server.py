"""A throw-away PostgreSQL server that can be killed, stopped and started again."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any

ROLE = "inkdigits"
START_S = 180  # after a kill it flushes each of its files, and the disk may be busy
MISSING = (
    "PostgreSQL is not installed; on Debian and Ubuntu, install it with: apt-get install postgresql"
)
# What a server of a database of people's handwriting needs, and hardly any memory.
SETTINGS = {
    "fsync": "on",
    "synchronous_commit": "on",
    "full_page_writes": "on",
    "shared_buffers": "16MB",
    "max_connections": "40",
    "listen_addresses": "127.0.0.1",
    "unix_socket_permissions": "0700",
}


def programs() -> Path:
    """Return the folder with PostgreSQL's programs, which Debian does not put on the PATH.

    raises  FileNotFoundError, with a sentence, if it is not installed
    """
    packaged = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=_version)
    on_path = shutil.which("initdb")
    if packaged:
        return packaged[-1].parent
    if on_path:
        return Path(on_path).resolve().parent
    raise FileNotFoundError(MISSING)


def _version(initdb: Path) -> int:
    name = initdb.parents[1].name
    return int(name) if name.isdecimal() else 0


class PostgresServer:
    """A server with a new, empty cluster in a temporary folder, which is deleted at the end.

    It listens on a free port of 127.0.0.1 and on a socket in its folder. PostgreSQL refuses to run
    as root, so it then runs as the user `postgres` of Debian's package.
    """

    def __init__(self) -> None:
        self.programs = programs()
        self._owner: dict[str, Any] = {}
        if hasattr(os, "geteuid") and os.geteuid() == 0:
            self._owner = {"user": "postgres", "group": "postgres", "extra_groups": []}
        # Paths of sockets are short, so not in the folder of the tests.
        self.folder = Path(tempfile.mkdtemp(prefix="inkdigits-postgres-"))
        self._password = secrets.token_hex(16)
        self._process: subprocess.Popen[bytes] | None = None
        self.port = _free_port()

    def __enter__(self) -> "PostgresServer":
        try:
            secret = self.folder / "password"
            secret.touch(mode=0o600)
            secret.write_text(self._password)
            if self._owner:
                for path in (self.folder, secret):
                    shutil.chown(path, "postgres", "postgres")
            self._run(
                *("initdb", "--pgdata", self.folder / "data", "--username", ROLE),
                *("--auth", "scram-sha-256", "--pwfile", secret),
                *("--encoding", "UTF8", "--locale", "C"),
            )
            self.start()
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        # Killed, it would leave its shared memory behind, which only its next start removes.
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self) -> None:
        """Start it, on the same port as before, and wait until it answers."""
        settings = SETTINGS | {"port": str(self.port), "unix_socket_directories": str(self.folder)}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        until_s = time.monotonic() + START_S
        while True:
            with (self.folder / "log").open("ab") as log:
                self._process = subprocess.Popen(
                    [self.programs / "postgres", "-D", self.folder / "data", *options],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd="/",
                    start_new_session=True,
                    **self._owner,
                )
            while self._process.poll() is None and not self.is_ready():
                if time.monotonic() > until_s:
                    raise TimeoutError(f"PostgreSQL does not answer:\n{self.log()}")
                time.sleep(0.05)
            if self._process.poll() is None:
                return
            # The processes of a server that was killed may hold its memory for a moment.
            if time.monotonic() > until_s:
                raise RuntimeError(f"PostgreSQL does not start:\n{self.log()}")
            time.sleep(0.2)

    def is_ready(self) -> bool:
        """Return whether it answers."""
        command = [str(self.programs / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, check=False).returncode == 0

    def kill(self) -> None:
        """Kill all its processes with SIGKILL, as when the power fails."""
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        os.kill(process.pid, signal.SIGSTOP)  # so that it starts no more
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        pids = [int(pid) for pid in children.read_text().split()] if children.exists() else []
        for pid in [*pids, process.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        process.wait()

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Shut it down: connections are closed and their transactions rolled back.

        how   SIGINT, or SIGQUIT to save nothing
        """
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(START_S)
            self._process = None

    def disconnect(self, database: str) -> None:
        """Close all connections to a database, as a proxy or a restart does."""
        self.query(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            f"WHERE datname = '{database}' AND pid <> pg_backend_pid()"
        )

    def new_database(self) -> str:
        """Create an empty database and return its URL."""
        name = f"profiles_{uuid.uuid4().hex}"
        self.query(f'CREATE DATABASE "{name}"')
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Delete a database, also while it is in use."""
        self.query(f'DROP DATABASE "{url.rpartition("/")[2]}" WITH (FORCE)')

    def url(self, database: str) -> str:
        """Return the URL of a database."""
        return f"postgresql+psycopg://{ROLE}:{self._password}@127.0.0.1:{self.port}/{database}"

    def query(self, statement: str, database: str = "postgres") -> str:
        """Run an SQL statement with psql; return its rows, with `|` between columns."""
        return self._run(
            *("psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align"),
            *("--set", "ON_ERROR_STOP=1", "--host", self.folder, "--port", str(self.port)),
            *("--username", ROLE, "--command", statement, database),
        )

    def log(self) -> str:
        """Return the end of its log."""
        path = self.folder / "log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def _run(self, program: str, *arguments: "str | Path") -> str:
        command: list[str | Path] = [self.programs / program, *arguments]
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            cwd="/",
            env=os.environ | {"PGPASSWORD": self._password},
            check=False,
            **self._owner,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr.strip()}\n{self.log()}")
        return done.stdout.strip()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
