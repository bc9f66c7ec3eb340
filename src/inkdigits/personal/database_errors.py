"""Turn the errors of SQLite, PostgreSQL and the file system into one sentence each."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from inkdigits.personal.errors import Cause, DatabaseError

_SENTENCES: dict[Cause, str] = {
    "busy": "{name} is in use by other programs for too long; try again.",
    "full": "{name} cannot be written because its disk is full or fails; free some space and try "
    "again.",
    "read-only": "{name} cannot be opened for writing; make the file and its folder writable.",
    "unreachable": "{name} cannot be reached or refuses the login; check its address, user and "
    "password, and that the server is running.",
    "damaged": "{name} is damaged, or is not a database of profiles; restore a backup, or name "
    "another file.",
}

_SQLITE: dict[int, Cause] = {
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "full",
    sqlite3.SQLITE_READONLY: "read-only",
    sqlite3.SQLITE_CANTOPEN: "read-only",
    sqlite3.SQLITE_PERM: "read-only",
}

# By the beginning of PostgreSQL's SQLSTATE: https://www.postgresql.org/docs/current/errcodes-appendix.html
_POSTGRESQL: tuple[tuple[str, Cause], ...] = (
    ("53300", "busy"),  # too many connections
    ("53", "full"),
    ("58", "full"),  # system error, such as one of a disk
    ("25006", "read-only"),
    ("42501", "read-only"),  # insufficient privilege
    ("40", "busy"),  # deadlock or serialization failure
    ("55P03", "busy"),  # lock not available
    ("57014", "busy"),
    ("XX", "damaged"),
    ("42", "damaged"),  # a table or column that is not there
    ("22", "damaged"),
    ("23", "damaged"),  # a constraint; that of a name is caught where it may be violated
)
# In the messages of a server that refuses a connection, for which psycopg gives no SQLSTATE.
_TOO_MANY = ("too many clients", "connection slots are reserved")


@contextmanager
def sentences(name: str) -> Iterator[None]:
    """Turn the errors of a block into DatabaseError.

    name   of the database, as messages show it
    """
    try:
        yield
    except PoolTimeout:
        raise _error(name, "busy") from None
    except DBAPIError as error:
        raise _error(name, _cause(error.orig)) from None
    except sqlite3.Error as error:  # of a statement that SQLAlchemy did not run
        raise _error(name, _cause(error)) from None
    except (SQLAlchemyError, UnicodeDecodeError):  # the latter of SQLite's message about damage
        raise _error(name, "damaged") from None
    except OSError as error:
        raise DatabaseError(
            f"The database {name} cannot be written ({error.strerror}); check its folder and the "
            "free space.",
            "read-only",
        ) from None


def _error(name: str, cause: Cause) -> DatabaseError:
    return DatabaseError("The database " + _SENTENCES[cause].format(name=name), cause)


def _cause(original: BaseException | None) -> Cause:
    if isinstance(original, sqlite3.Error):
        code = (getattr(original, "sqlite_errorcode", None) or 0) & 0xFF
        return _SQLITE.get(code, "damaged")
    state = getattr(original, "sqlstate", None) or ""
    if not state and any(words in str(original) for words in _TOO_MANY):
        return "busy"
    return next((cause for start, cause in _POSTGRESQL if state.startswith(start)), "unreachable")
