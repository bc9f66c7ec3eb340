"""Open the database of profiles, SQLite or PostgreSQL; every error is one sentence."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from inkdigits.personal import erasure, migrate
from inkdigits.personal.connections import BUSY_S, Connections, connect, file_id, parse
from inkdigits.personal.errors import DatabaseError
from inkdigits.personal.location import VARIABLE, user_database
from inkdigits.personal.store import Rows


class Database(Connections):
    """A database of profiles that is open; any thread may use it."""

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
    address = parse(text)
    key = (os.getpid(), address.render_as_string(hide_password=False))
    with _lock:
        database = _open.get(key)
        if database is not None and database.file == file_id(database.path):
            return database
        if database is not None:  # a backup has been put in the place of the file, say
            database.engine.dispose()
        database = Database(**vars(connect(address)))
        try:
            _prepare(database)
        except BaseException:
            database.engine.dispose()
            raise
        _open[key] = database
        return database


def _prepare(database: Database) -> None:
    """Bring a database into the state in which it is used."""
    migrate.migrate(database)
    if database.path is not None:
        _use_write_ahead_log(database)
        erasure.erase_deleted(database)


def close_database(database: Database) -> None:
    """Close the connections of a database that this process has open."""
    with _lock:
        for key in [key for key, value in _open.items() if value is database]:
            del _open[key]
    database.engine.dispose()


def close_databases() -> None:
    """Close the connections of all databases that this process has open."""
    for (process, _), database in list(_open.items()):
        if process == os.getpid():
            close_database(database)


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
