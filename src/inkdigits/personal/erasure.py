"""Leave nothing of what has been deleted in the files of an SQLite database."""

import os
import time
from pathlib import Path

from inkdigits.personal.database import BUSY_S, Database
from inkdigits.personal.errors import DatabaseError
from inkdigits.personal.migrate import copies

PIECE_BYTES = 2**20


def erase_deleted(database: Database) -> None:
    """Remove deleted rows from the bytes of SQLite's files, and delete copies of older revisions.

    secure_delete overwrites what is deleted, but copies of a row that SQLite made when it moved
    rows between pages may be left in unused parts of pages, and in the log. A new file has neither.
    PostgreSQL's files are not touched: its VACUUM runs by itself.

    raises   DatabaseError if other programs read the database for too long: the rows are deleted,
             but some of their bytes are still in its log
    """
    if database.path is None:
        return
    for copy in copies(database.path):
        _overwrite(copy)
    database.outside_transactions("VACUUM")
    end = time.monotonic() + BUSY_S
    while True:
        (row,) = database.outside_transactions("PRAGMA wal_checkpoint(TRUNCATE)")
        if not row[0]:
            return
        if time.monotonic() > end:
            raise DatabaseError(
                f"It is deleted, but another program reads {database.shown}, so that bytes of it "
                "are still in the log beside it; end that program, and delete something else.",
                "busy",
            )
        time.sleep(0.05)


def _overwrite(path: Path) -> None:
    """Overwrite a file with zeros, on the disk, and delete it."""
    with path.open("r+b") as file:
        size = os.fstat(file.fileno()).st_size
        for start in range(0, size, PIECE_BYTES):
            file.write(bytes(min(PIECE_BYTES, size - start)))
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
