"""Leave nothing of what has been deleted in the files of an SQLite database.

A deletion marks the database in its own transaction, and the mark is removed once nothing is left.
So what a killed process or a full disk has left is erased when the database is opened or something
else is deleted.
"""

import logging

from sqlalchemy import Connection

from inkdigits.personal.connections import Connections
from inkdigits.personal.errors import DatabaseError
from inkdigits.personal.migrate import copies
from inkdigits.storage.files import erase_file

_log = logging.getLogger(__name__)


def mark(connection: Connection) -> None:
    """Note in the transaction that deletes something that its bytes are to be erased."""
    if connection.dialect.name == "sqlite":
        number = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        # Another number than that of a deletion whose bytes another process is just erasing.
        connection.exec_driver_sql(f"PRAGMA user_version = {number % 2**30 + 1}")


def erase_deleted(database: Connections) -> None:
    """Remove deleted rows from the bytes of SQLite's files, and delete copies of older revisions.

    secure_delete overwrites what is deleted, but copies of a row that SQLite made when it moved
    rows between pages may be left in unused parts of pages, and in the log. A new file has neither.
    PostgreSQL's files are not touched: its VACUUM runs by itself.

    The rows are deleted in any case. If the bytes cannot be erased now, because the disk is full or
    another program reads for too long, this is logged, and done later.
    """
    if database.path is None:
        return
    try:
        (number,) = _pragma(database, "user_version")
        if not number:
            return
        for copy in copies(database.path):
            erase_file(copy)
        database.outside_transactions("VACUUM")
        if _pragma(database, "wal_checkpoint(TRUNCATE)")[0]:
            _log.warning(
                "Deleted handwriting is still in the log beside %s, because another program reads "
                "it; it is erased later.",
                database.path,
            )
            return
        with database.writing() as connection:
            if connection.exec_driver_sql("PRAGMA user_version").scalar_one() == number:
                connection.exec_driver_sql("PRAGMA user_version = 0")
    except (DatabaseError, OSError) as error:
        _log.warning(
            "Deleted handwriting could not be erased from %s yet; it is erased later: %s",
            database.path,
            error,
        )


def _pragma(database: Connections, name: str) -> tuple[int, ...]:
    (row,) = database.outside_transactions(f"PRAGMA {name}")
    return tuple(row)
