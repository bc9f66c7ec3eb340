"""Open the database of profiles, SQLite or PostgreSQL; every error is one sentence."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError

from inkdigits.personal import erasure, migrate
from inkdigits.personal.database_errors import sentences
from inkdigits.personal.errors import DatabaseError
from inkdigits.personal.location import user_database
from inkdigits.personal.store import Rows

VARIABLE = "INKDIGITS_DATABASE"
BUSY_S = 30  # how long to wait while another process writes, which takes milliseconds
CONNECT_S = 10
SQLITE, POSTGRESQL = "sqlite", "postgresql"


@dataclass(frozen=True)
class Database:
    """A database of profiles that is open; any thread may use it.

    shown  its address in messages, without a password
    path   of SQLite's file; None for PostgreSQL
    """

    shown: str
    path: Path | None
    engine: Engine

    @contextmanager
    def read(self) -> Iterator[Rows]:
        """Read in one transaction, which sees the database at one moment."""
        with self.reading() as connection:
            yield Rows(connection)

    @contextmanager
    def write(self) -> Iterator[Rows]:
        """Write all of a block or, if it raises or the process is killed, nothing.

        At its end all of it is on the disk.
        """
        with self.writing() as connection:
            yield Rows(connection)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Do as `read`, without the statements of `Rows`."""
        with sentences(self.shown), self.engine.connect() as connection:
            if self.path is None:
                connection = connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Do as `write`, without the statements of `Rows`."""
        with sentences(self.shown), self.engine.connect() as connection:
            connection = connection.execution_options(inkdigits_writes=True)
            with connection.begin():
                yield connection

    def outside_transactions(self, *statements: str) -> list[Any]:
        """Run SQLite's statements that cannot be in a transaction; return the first row of each."""
        with sentences(self.shown), self.engine.connect() as connection:
            cursor = connection.connection.cursor()  # of sqlite3, which starts no transaction
            return [cursor.execute(statement).fetchone() for statement in statements]


_open: dict[tuple[int, str], Database] = {}  # by the process, so that a fork opens its own
_lock = threading.Lock()


def default_url() -> str:
    """Return where profiles are kept: INKDIGITS_DATABASE, or a file in the user's data folder."""
    return os.environ.get(VARIABLE) or str(user_database())


def open_database(url: str | os.PathLike[str] | None = None) -> Database:
    """Open a database, create it if there is none, and migrate it if it is older.

    url      sqlite:///FILE, postgresql+psycopg://..., or the path of an SQLite file; None is
             `default_url`
    returns  the same for the same URL
    raises   DatabaseError
    """
    text = os.fspath(url) if url is not None else default_url()
    address = _parse(text)
    key = (os.getpid(), address.render_as_string(hide_password=False))
    with _lock:
        database = _open.get(key)
        if database is None or (database.path is not None and not database.path.exists()):
            database = _connect(address)
            migrate.migrate(database)
            if database.path is not None:
                _use_write_ahead_log(database)
                erasure.erase_deleted(database)
            _open[key] = database
        return database


def close_database(database: Database) -> None:
    """Close the connections of a database that this process has open."""
    with _lock:
        for key in [key for key, value in _open.items() if value is database]:
            del _open[key]
    database.engine.dispose()


def _parse(text: str) -> URL:
    if "://" not in text:
        return URL.create(SQLITE, database=os.path.abspath(os.path.expanduser(text)))
    try:
        url = make_url(text)
    except ArgumentError:
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


def _connect(url: URL) -> Database:
    if url.get_backend_name() == SQLITE:
        path = Path(str(url.database))
        with sentences(str(path)):
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not path.exists():  # for its owner alone; SQLite gives its other files the same mode
                os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))
            engine = create_engine(url, connect_args={"timeout": BUSY_S})
            event.listen(engine, "connect", _prepare_sqlite)
            event.listen(engine, "begin", _begin_sqlite)
            return Database(str(path), path, engine)
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
    return Database(shown, None, engine)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say so
    for pragma in (
        "busy_timeout = 30000",
        "trusted_schema = OFF",  # anybody may have made the file
        "foreign_keys = ON",
        "secure_delete = ON",
        "temp_store = MEMORY",  # no handwriting in other files
        "synchronous = FULL",  # what is committed survives a power failure
    ):
        connection.execute(f"PRAGMA {pragma}")


def _use_write_ahead_log(database: Database) -> None:
    """Let readers not wait for writers; the file keeps this mode.

    Only once it is known that the file is ours: another program's stays as it is.
    """
    end = time.monotonic() + BUSY_S
    while database.outside_transactions("PRAGMA journal_mode")[0][0] != "wal":
        try:
            database.outside_transactions("PRAGMA journal_mode = WAL")
        except DatabaseError as error:
            # SQLite itself does not wait here for another process that has just made the file.
            if error.cause != "busy" or time.monotonic() > end:
                raise
            time.sleep(0.02)


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("inkdigits_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
