"""The tables of a file of results, and how it is opened, verified and created."""

import sqlite3
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from inkdigits.storage.files import FileError, invalid_file

APPLICATION_ID = 0x696E6B64  # "inkd", in the header of the file
VERSION = 1  # of the tables
BUSY_S = 30  # how long to wait while another process writes, which takes milliseconds

TABLES = (
    """CREATE TABLE settings (name TEXT PRIMARY KEY,
        value TEXT NOT NULL CHECK (typeof(value) = 'text'))""",
    "CREATE TABLE exports (name TEXT PRIMARY KEY)",
    """CREATE TABLE sources (id INTEGER PRIMARY KEY,
        sha256 TEXT NOT NULL UNIQUE CHECK (length(sha256) = 64),
        name TEXT NOT NULL CHECK (typeof(name) = 'text'),
        pages INTEGER NOT NULL CHECK (typeof(pages) = 'integer'))""",
    """CREATE TABLE sheets (id INTEGER PRIMARY KEY,
        source INTEGER NOT NULL REFERENCES sources,
        page INTEGER NOT NULL CHECK (typeof(page) = 'integer'),
        form_page INTEGER CHECK (typeof(form_page) IN ('integer', 'null')),
        copy INTEGER CHECK (typeof(copy) IN ('integer', 'null')),
        problem TEXT CHECK (typeof(problem) IN ('text', 'null')),
        UNIQUE (source, page))""",
    """CREATE TABLE fields (id INTEGER PRIMARY KEY,
        sheet INTEGER NOT NULL REFERENCES sheets,
        "row" INTEGER NOT NULL CHECK (typeof("row") = 'integer'),
        name TEXT NOT NULL CHECK (typeof(name) = 'text'),
        value TEXT NOT NULL CHECK (typeof(value) = 'text'),
        confidence REAL NOT NULL CHECK (confidence BETWEEN 0 AND 1),
        candidates TEXT NOT NULL CHECK (typeof(candidates) = 'text'),
        reason TEXT CHECK (typeof(reason) IN ('text', 'null')),
        review INTEGER NOT NULL CHECK (review IN (0, 1)),
        UNIQUE (sheet, "row", name))""",
    # Apart from the fields, so that a list of values does not read through all pictures.
    """CREATE TABLE crops (field INTEGER NOT NULL REFERENCES fields,
        box INTEGER NOT NULL CHECK (typeof(box) = 'integer'),
        blank INTEGER NOT NULL CHECK (blank IN (0, 1)),
        picture BLOB NOT NULL CHECK (typeof(picture) = 'blob'),
        PRIMARY KEY (field, box)) WITHOUT ROWID""",
    """CREATE TABLE corrections (id INTEGER PRIMARY KEY,
        field INTEGER NOT NULL REFERENCES fields,
        who TEXT NOT NULL CHECK (typeof(who) = 'text'),
        time TEXT NOT NULL CHECK (typeof(time) = 'text'),
        old TEXT CHECK (typeof(old) IN ('text', 'null')),
        new TEXT CHECK (typeof(new) IN ('text', 'null')))""",
    "CREATE INDEX corrections_of_field ON corrections (field)",
)


@contextmanager
def errors_of(path: Path) -> Iterator[None]:
    """Turn SQLite's errors into one sentence."""
    try:
        yield
    except (sqlite3.IntegrityError, sqlite3.ProgrammingError):
        raise  # of a caller's value, not of the file
    except sqlite3.Error as error:
        code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise FileError(
                f"{path} is in use by another command; wait until it ends and try again."
            ) from None
        if code in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR):
            raise FileError(
                f"{path} cannot be written ({error}); free some space and run the command again, "
                "which continues where it stopped."
            ) from None
        if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM):
            raise FileError(
                f"{path} cannot be opened for writing; make the file and its folder writable."
            ) from None
        raise invalid_file(path, "it is damaged, or has no results of a form") from None


def create(path: Path, settings: Mapping[str, str]) -> None:
    """Create the tables in a new or empty file, unless another process has just done it."""
    with errors_of(path):
        connection = _connect(path, "rwc")
        try:
            with transaction(connection):
                if connection.execute("SELECT 1 FROM sqlite_master").fetchone():
                    return
                for table in TABLES:
                    connection.execute(table)
                connection.executemany("INSERT INTO settings VALUES (?, ?)", settings.items())
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {VERSION}")
        finally:
            connection.close()


def connect(path: Path, verify: bool) -> sqlite3.Connection:
    """Open a file of results.

    verify   read through the whole file to find damage
    raises   FileError if there is none, or it is damaged, foreign, or of another version
    """
    if not path.exists():
        raise FileError(
            f"{path} does not exist; name the results that `inkdigits form read` wrote."
        )
    if not stat.S_ISREG(path.stat().st_mode):
        raise FileError(f"{path} is not a regular file; name the results of a form.")
    with errors_of(path):
        connection = _connect(path, "rw")
        try:
            _check(connection, path, verify)
        except BaseException:
            connection.close()
            raise
    return connection


def is_ours(path: Path) -> bool:
    """Return whether a file's header says that it has results, whatever else is damaged."""
    with path.open("rb") as file:
        header = file.read(100)
    return header[68:72] == APPLICATION_ID.to_bytes(4, "big")


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """Write all of a block or, if it raises or the process is killed, nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        if connection.in_transaction:  # a full disk has ended it already
            connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}", timeout=BUSY_S, isolation_level=None, uri=True
    )
    connection.execute("PRAGMA trusted_schema = OFF")  # anybody may have made the file
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA secure_delete = ON")
    connection.execute("PRAGMA synchronous = EXTRA")  # what is committed survives a power failure
    return connection


def _check(connection: sqlite3.Connection, path: Path, verify: bool) -> None:
    def pragma(name: str) -> object:
        return connection.execute(f"PRAGMA {name}").fetchone()[0]

    if pragma("application_id") != APPLICATION_ID:
        raise invalid_file(path, "it has no results of a form")
    if (version := pragma("user_version")) != VERSION:
        raise FileError(
            f"{path} has version {version} of results, but this program uses {VERSION}; use the "
            "version of inkdigits that wrote it."
        )
    statements = [
        row[0]
        for row in connection.execute(
            "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL ORDER BY rowid"
        )
    ]
    if statements != list(TABLES):
        raise invalid_file(path, "its tables are not those of results")
    if verify and pragma("quick_check(1)") != "ok":
        raise invalid_file(path, "it is damaged")
