"""Bring the tables of a database up to date when it is opened."""

import logging
import os
import sqlite3
import threading
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from inkdigits.personal.connections import Connections
from inkdigits.personal.errors import DatabaseError
from inkdigits.personal.tables import REVISION, VERSION_TABLE, metadata

MIGRATIONS = Path(__file__).parent / "migrations"
REVISIONS = ("0001", "0002")  # in order
LOCK = 0x696E6B64  # of PostgreSQL, for the one process that migrates: "inkd"

_log = logging.getLogger(__name__)
_alembic = threading.Lock()  # its state is one for the whole process


def migrate(database: Connections) -> None:
    """Create or migrate the tables, unless another process has just done it.

    Before an older SQLite database is migrated, it is copied to a file beside it.

    raises   DatabaseError if the database is newer than this version of inkdigits, or of another
             program
    """
    with database.reading() as connection:
        if _revision(connection, database) == REVISION:
            return
    with database.writing() as connection:
        if database.path is None:
            connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        revision = _revision(connection, database)
        if revision == REVISION:
            return
        if revision is not None and database.path is not None:
            copy = copy_path(database.path, revision)
            _copy(database.path, copy)
            _log.warning(
                "%s is migrated from revision %s to %s; its state before is in %s.",
                database.path,
                revision,
                REVISION,
                copy,
            )
        _upgrade(connection)


def copy_path(path: Path, revision: str) -> Path:
    """Return where the copy is that is made before a migration from a revision."""
    return path.with_name(f"{path.stem}.revision-{revision}{path.suffix}")


def copies(path: Path) -> list[Path]:
    """Return the copies that were made before migrations, also unfinished ones.

    Only files with their very names: others that are named alike are somebody's own.
    """
    found = []
    for revision in REVISIONS:
        copy = copy_path(path, revision)
        unfinished = _unfinished(copy)
        beside = [
            unfinished.with_name(unfinished.name + end) for end in ("-journal", "-wal", "-shm")
        ]
        found += [file for file in (copy, unfinished, *beside) if os.path.lexists(file)]
    return found


def _unfinished(copy: Path) -> Path:
    """Return where a copy is while it is made."""
    return copy.with_name(copy.name + ".tmp")


def _revision(connection: Connection, database: Connections) -> str | None:
    """Return the revision of the tables; None if there are none."""
    tables = set(inspect(connection).get_table_names())
    # A server's database may have other programs' tables too.
    ours = tables if database.path is not None else tables & {VERSION_TABLE, *metadata.tables}
    if not ours:
        return None
    rows: list[object] = []
    if VERSION_TABLE in tables:
        query = text(f"SELECT version_num FROM {VERSION_TABLE}")
        rows = list(connection.execute(query).scalars())
    if len(rows) != 1 or not isinstance(rows[0], str):
        raise DatabaseError(
            f"The database {database.shown} is damaged, or is another program's; name another one."
        )
    if rows[0] not in REVISIONS:
        raise DatabaseError(
            f"The database {database.shown} is newer than this version of inkdigits; install the "
            "newest version.",
            "newer",
        )
    return rows[0]


def _upgrade(connection: Connection) -> None:
    # Imported here, because it takes a while and is needed only once.
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    with _alembic:
        command.upgrade(config, "head")


def _copy(path: Path, target: Path) -> None:
    """Copy a database, whole or not at all."""
    temporary = _unfinished(target)
    temporary.unlink(missing_ok=True)
    os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    source = sqlite3.connect(path)
    destination = sqlite3.connect(temporary)
    try:
        source.backup(destination)
        # One file, which needs no other beside it.
        destination.execute("PRAGMA journal_mode = DELETE")
    finally:
        destination.close()
        source.close()
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    os.replace(temporary, target)
