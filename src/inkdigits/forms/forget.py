"""Delete results, so that neither values nor handwriting are left in the files."""

import sqlite3
from contextlib import suppress
from pathlib import Path

from inkdigits.forms import database
from inkdigits.forms.store import Store
from inkdigits.storage.files import FileError, erase_file, invalid_file

JOURNAL = "-journal"  # what SQLite appends to the name of the file it undoes a transaction with


def forget(path: Path, exports_too: bool = False) -> list[Path]:
    """Overwrite and delete results, their journal and, if wanted, the files written from them.

    Works on a damaged file too. If it is killed, it can be repeated.

    returns  the files written from the results that are left
    raises   FileError if there are no results, the file is another program's, or it is in use;
             OSError
    """
    if not path.is_file():
        raise FileError(f"{path} does not exist, so nothing is kept there; check the name.")
    if not database.is_ours(path):
        raise invalid_file(path, "it has no results of a form, so it is not deleted")
    exports = []
    # A damaged file no longer tells them.
    with suppress(FileError), Store.open(path, verify=False) as store:
        exports = store.exports()
    _wait_until_unused(path)
    if exports_too:
        for export in exports:
            erase_file(export)
    journal = path.with_name(path.name + JOURNAL)
    if journal.is_file():
        erase_file(journal)
    erase_file(path)
    return [export for export in exports if export.exists()]


def _wait_until_unused(path: Path) -> None:
    """Raise FileError if another process is using the results."""
    connection = sqlite3.connect(path, timeout=1, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY:
            raise FileError(
                f"{path} is in use by another command; stop it and run this one again."
            ) from None
    except sqlite3.DatabaseError:
        pass  # damaged
    finally:
        connection.close()
