"""Connections to SQLite or PostgreSQL, and their transactions."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from inkdigits.personal.database_errors import sentences
from inkdigits.personal.errors import DatabaseError

BUSY_S = 30  # how long to wait while another process writes, which takes milliseconds
CONNECT_S = 10
SQLITE, POSTGRESQL = "sqlite", "postgresql"


@dataclass(frozen=True)
class Connections:
    """The connections to a database; any thread may use them.

    shown  its address in messages, without a password
    path   of SQLite's file; None for PostgreSQL
    file   what identifies that file
    """

    shown: str
    path: Path | None
    file: tuple[int, int] | None
    engine: Engine

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read in one transaction, which sees the database at one moment."""
        with sentences(self.shown), self.engine.connect() as connection:
            if self.path is None:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write all of a block or, if it raises or the process is killed, nothing.

        At its end all of it is on the disk.
        """
        with sentences(self.shown), self.engine.connect() as connection:
            connection = connection.execution_options(inkdigits_writes=True)
            with connection.begin():
                yield connection

    def outside_transactions(self, *statements: str) -> list[Any]:
        """Run SQLite's statements that cannot be in a transaction; return the first row of each."""
        with sentences(self.shown), self.engine.connect() as connection:
            cursor = connection.connection.cursor()  # of sqlite3, which starts no transaction
            return [cursor.execute(statement).fetchone() for statement in statements]


def file_id(path: Path | None) -> tuple[int, int] | None:
    """Return what identifies a file, whatever its name; None if there is none."""
    try:
        status = os.stat(path) if path is not None else None
    except OSError:
        return None
    return None if status is None else (status.st_dev, status.st_ino)


def parse(text: str) -> URL:
    """Return the address of a database; raise DatabaseError if it is not valid."""
    if "://" not in text:
        return URL.create(SQLITE, database=os.path.abspath(os.path.expanduser(text)))
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise _wrong_address() from None
    backend = url.get_backend_name()
    if backend == SQLITE and url.database and url.database != ":memory:" and not url.query:
        return URL.create(SQLITE, database=os.path.abspath(url.database))
    if backend == POSTGRESQL:
        # Plain "postgresql://" would be another driver.
        return url.set(drivername="postgresql+psycopg")
    raise _wrong_address()


def _wrong_address() -> DatabaseError:
    return DatabaseError(
        "The address of the database of profiles is not valid; give the path of an SQLite file, "
        "sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/NAME.",
        "address",
    )


def connect(url: URL) -> Connections:
    """Prepare connections, and an empty file if SQLite has none; raise DatabaseError."""
    if url.get_backend_name() == SQLITE:
        path = Path(str(url.database))
        with sentences(str(path)):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if path.exists() and not path.is_file():  # SQLite would wait for a pipe
                raise DatabaseError(
                    f"The database {path} is a folder, a device or a pipe; name a file.",
                    "address",
                )
            if not path.exists():  # for its owner alone; SQLite gives its other files the same mode
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            engine = create_engine(url, connect_args={"timeout": BUSY_S})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return Connections(str(path), path, file_id(path), engine)
    options = f"-c synchronous_commit=on -c lock_timeout={BUSY_S}s"
    shown = url.render_as_string(hide_password=True)
    try:
        engine = create_engine(
            url,
            pool_pre_ping=True,  # the server may have been restarted
            pool_timeout=BUSY_S,
            connect_args={"connect_timeout": CONNECT_S, "options": options},
        )
    except (ModuleNotFoundError, NoSuchModuleError):
        raise DatabaseError(
            "The driver for PostgreSQL is not installed; run pip install 'inkdigits[postgres]'.",
            "no driver",
        ) from None
    return Connections(shown, None, None, engine)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say so
    for pragma in (
        f"busy_timeout = {1000 * BUSY_S}",
        "trusted_schema = OFF",  # anybody may have made the file
        "foreign_keys = ON",
        "secure_delete = ON",
        "temp_store = MEMORY",  # no handwriting in other files
        "synchronous = FULL",  # what is committed survives a power failure
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("inkdigits_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
