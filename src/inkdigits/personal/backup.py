"""Back up the SQLite file of profiles while it is used, and restore it.

It needs no SQLAlchemy: `deploy/backup.sh` runs it in the container of the service.
"""

import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import BinaryIO

from inkdigits.personal.errors import DatabaseError
from inkdigits.personal.location import VARIABLE
from inkdigits.storage.files import erase_file

WAIT_S = 30  # for a transaction of another process
BLOCK = 1 << 20  # bytes that are copied at a time
TABLES = {"profiles", "samples"}  # of every database of profiles
# What SQLite keeps beside a file in use.
COMPANIONS = ("-wal", "-shm", "-journal")


def sqlite_path(database: str) -> Path:
    """Return the file of a database.

    database  the URL or the path of an SQLite file
    raises    DatabaseError, with a sentence, if it is on a server
    """
    if database.startswith("postgresql"):
        raise DatabaseError(
            "The database is PostgreSQL's; back it up with pg_dump, restore it with pg_restore.",
            "address",
        )
    path = database.removeprefix("sqlite://")
    return Path(path).expanduser() if path == database else Path(path.removeprefix("/"))


def back_up(database: str, output: BinaryIO) -> int:
    """Write a consistent copy of a database that may be in use: one SQLite file.

    Writers do not wait for it, and what they add while it is made is not in it.

    database  the URL or the path of an SQLite file
    returns   how many profiles it holds
    raises    DatabaseError, with a sentence, if there is none, or it is damaged
    """
    path = sqlite_path(database)
    if not path.is_file():
        raise DatabaseError(
            f"There is no database of profiles at {path}; check INKDIGITS_DATABASE.", "address"
        )
    try:
        with _temporary_beside(path) as copy:
            with closing(_connect(path)) as source, closing(_connect(copy)) as target:
                source.backup(target)
                # One file, that needs no other beside it.
                target.execute("PRAGMA journal_mode = DELETE")
            profiles = _checked(copy)
            with copy.open("rb") as file:
                shutil.copyfileobj(file, output, BLOCK)
    except sqlite3.Error as error:
        raise DatabaseError(
            f"The database {path} could not be backed up: {error}. "
            "If it is damaged, restore an older backup."
        ) from error
    output.flush()
    return profiles


def restore(database: str, backup: BinaryIO) -> int:
    """Put a backup in the place of a database, which nobody may use meanwhile.

    The database that was there is kept beside it, with `.replaced` at the end of its name.

    database  the URL or the path of an SQLite file
    returns   how many profiles the backup holds
    raises    DatabaseError, with a sentence, if the backup is not a whole database of profiles;
              then nothing is changed
    """
    path = sqlite_path(database)
    path.parent.mkdir(parents=True, exist_ok=True)
    with _temporary_beside(path) as copy:
        with copy.open("wb") as file:
            shutil.copyfileobj(backup, file, BLOCK)
            file.flush()
            os.fsync(file.fileno())
        try:
            profiles = _checked(copy)
        except sqlite3.Error as error:
            raise DatabaseError(
                f"The backup is not a whole database of profiles: {error}. Nothing was changed."
            ) from error
        _set_aside(path)
        copy.replace(path)
    _flush_folder(path.parent)
    return profiles


def _set_aside(path: Path) -> None:
    """Rename a database and the files beside it, which SQLite would write into another one."""
    replaced = path.with_name(f"{path.name}.replaced")
    # If an earlier call was killed half-way, the database is no longer there.
    if path.exists():
        for companion in ("", *COMPANIONS):
            replaced.with_name(replaced.name + companion).unlink(missing_ok=True)
    for companion in ("", *COMPANIONS):
        old = path.with_name(path.name + companion)
        if old.exists():
            old.replace(replaced.with_name(replaced.name + companion))


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True, timeout=WAIT_S)


def _checked(path: Path) -> int:
    """Return the number of profiles of a database that is whole; raise sqlite3.Error if not."""
    with closing(_connect(path)) as connection:
        faults = connection.execute("PRAGMA integrity_check(1)").fetchall()
        if faults != [("ok",)]:
            raise sqlite3.DatabaseError("it is damaged")
        names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        if not {name for (name,) in names} >= TABLES:
            raise sqlite3.DatabaseError("it does not have the tables of profiles")
        count: int = connection.execute("SELECT count(*) FROM profiles").fetchone()[0]
        return count


@contextmanager
def _temporary_beside(path: Path) -> Iterator[Path]:
    """Yield an empty file that only its owner can read, and leave no bytes of it behind."""
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    os.close(handle)
    copy = Path(name)
    try:
        yield copy
    finally:
        for companion in ("", *COMPANIONS):
            rest = copy.with_name(copy.name + companion)
            if rest.exists():
                erase_file(rest)


def _flush_folder(folder: Path) -> None:
    """Make the names in a folder durable, where the system can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def main(action: str, database: str) -> str:
    """Back up to standard output or restore from standard input; return a sentence about it."""
    if action == "backup":
        profiles = back_up(database, sys.stdout.buffer)
        return f"Backed up the database with {_counted(profiles)}."
    profiles = restore(database, sys.stdin.buffer)
    return f"Restored the database with {_counted(profiles)}."


def _counted(profiles: int) -> str:
    return f"{profiles} profile{'' if profiles == 1 else 's'}"


if __name__ == "__main__":
    if sys.argv[1:] not in (["backup"], ["restore"]):
        sys.exit("Usage: python -m inkdigits.personal.backup backup > FILE, or restore < FILE")
    if not os.environ.get(VARIABLE):
        sys.exit(f"{VARIABLE} is not set, so there are no profiles to back up or to restore.")
    try:
        said = main(sys.argv[1], os.environ[VARIABLE])
    except DatabaseError as error:
        sys.exit(str(error))
    except OSError as error:
        sys.exit(f"The file could not be read or written: {error.strerror}.")
    sys.stderr.write(f"{said}\n")
