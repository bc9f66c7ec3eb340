"""The results of a form in one SQLite file: what was recognized, its pictures, who corrected what.

Each sheet is one transaction, so a killed process loses at most the sheet it was working on. The
journal is SQLite's default, not WAL: the results stay one file that can be copied, lie on a network
drive, and be deleted without leaving a log of its content behind.
"""

import json
import sqlite3
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from inkdigits.dataclass_json import from_json, to_json
from inkdigits.escaping import printable
from inkdigits.forms import database
from inkdigits.forms.database import errors_of, transaction
from inkdigits.forms.results import (
    REASONS,
    BoxCrop,
    Correction,
    FieldResult,
    Reason,
    SheetResult,
    StoredField,
    StoredForm,
    StoredSheet,
)
from inkdigits.storage.files import FileError, invalid_file

__all__ = [
    "REASONS",
    "BoxCrop",
    "Correction",
    "FieldResult",
    "Reason",
    "SheetResult",
    "Store",
    "StoredField",
    "StoredForm",
    "StoredSheet",
    "database_path",
]

TABLE_SUFFIXES = (".csv", ".json", ".parquet")  # of the files that are written from results
# Of the confidence; below it, a person should look. On other sheets of the benchmark, 8% were below
# it, and 99% of the rest were right.
DEFAULT_THRESHOLD = 0.8
MAX_WHO = 64  # characters of a person's name
WHOLE_FIELD = -1  # in place of a box's number

_SHEET = """SELECT sheets.id, sources.name, sha256, page, form_page, copy, problem
    FROM sheets JOIN sources ON sources.id = sheets.source"""
_FIELD = """SELECT fields.id, sheet, "row", name, value, confidence, candidates, reason, review,
    who, new
    FROM fields LEFT JOIN corrections ON corrections.id =
        (SELECT max(id) FROM corrections WHERE field = fields.id)"""


def database_path(results: str | Path) -> Path:
    """Return where the results are kept that a person names: "results", or its CSV file."""
    path = Path(results)
    if path.suffix.lower() in TABLE_SUFFIXES:
        return path.with_suffix(".sqlite")
    return path if path.suffix == ".sqlite" else path.with_name(f"{path.name}.sqlite")


class Store:
    """An open file of results; close it, or use it in a `with` block, in one thread.

    rules_changed  whether its sheets were read with other ranges, patterns and so on than `create`
                   was called with
    """

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self.path = path
        self.rules_changed = False
        self._connection = connection

    @classmethod
    def create(cls, path: str | Path, form: StoredForm) -> Self:
        """Open the results of a form, or create them if there are none.

        What has changed about the form since its sheets were printed, such as a range, is kept.

        raises   FileError if the file has other content, or the results of another form
        """
        path = Path(path)
        if not path.exists() or (path.is_file() and not path.stat().st_size):
            settings = {
                "form": json.dumps(to_json(form)),
                "threshold": repr(DEFAULT_THRESHOLD),
            }
            database.create(path, settings)
        store = cls.open(path)
        if store.form.identity != form.identity:
            store.close()
            raise FileError(
                f"{path} has the results of another form, or of this one before its title, names "
                "or lengths were changed; choose another name for the results."
            )
        store.rules_changed = bool(store.sheets()) and store.form.rules != form.rules
        store._set("form", json.dumps(to_json(form)))
        return store

    @classmethod
    def open(cls, path: str | Path, *, verify: bool = True) -> Self:
        """Open results.

        verify   read through the whole file to find damage; needless if it was just verified
        raises   FileError if there are none, or the file is damaged, foreign, or of another version
        """
        path = Path(path)
        return cls(path, database.connect(path, verify))

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def form(self) -> StoredForm:
        """The form whose sheets were read."""
        try:
            form: StoredForm = from_json(json.loads(self._setting("form")), StoredForm, {})
        except ValueError:
            raise invalid_file(self.path, "its form is damaged") from None
        return form

    @property
    def threshold(self) -> float:
        """The confidence below which a person should look at a field."""
        return float(self._setting("threshold"))

    @threshold.setter
    def threshold(self, value: float) -> None:
        self._set("threshold", repr(value))

    def _set(self, name: str, value: str) -> None:
        if self._setting(name) != value:
            with errors_of(self.path), transaction(self._connection) as connection:
                connection.execute("UPDATE settings SET value = ? WHERE name = ?", [value, name])

    def _setting(self, name: str) -> str:
        with errors_of(self.path):
            row = self._connection.execute("SELECT value FROM settings WHERE name = ?", [name])
            value: str = row.fetchone()[0]
            return value

    def pages_read(self, sha256: str) -> frozenset[int]:
        """Return which pages of a file were read, without those that could not be."""
        with errors_of(self.path):
            rows = self._connection.execute(
                "SELECT page FROM sheets JOIN sources ON sources.id = source "
                "WHERE sha256 = ? AND problem IS NULL",
                [sha256],
            )
            return frozenset(page for (page,) in rows)

    def find_copy(self, copy: int, form_page: int) -> StoredSheet | None:
        """Return the sheet that was read from a page of a printed copy, to recognize duplicates."""
        with errors_of(self.path):
            row = self._connection.execute(
                f"{_SHEET} WHERE copy = ? AND form_page = ? AND problem IS NULL", [copy, form_page]
            ).fetchone()
        return StoredSheet(*row) if row else None

    def add(self, result: SheetResult) -> bool:
        """Add a page with all its fields and pictures, or nothing if the process is killed.

        A page that could not be read before is replaced.

        returns  whether it was added; False if the same page of the same file has been read
        """
        problem = None if result.problem is None else printable(result.problem)
        with errors_of(self.path), transaction(self._connection) as connection:
            connection.execute(
                "INSERT OR IGNORE INTO sources (sha256, name, pages) VALUES (?, ?, ?)",
                [result.sha256, printable(result.source), result.pages],
            )
            connection.execute(
                "DELETE FROM sheets WHERE page = ? AND problem IS NOT NULL "
                "AND source = (SELECT id FROM sources WHERE sha256 = ?)",
                [result.page, result.sha256],
            )
            cursor = connection.execute(
                "INSERT OR IGNORE INTO sheets (source, page, form_page, copy, problem) "
                "SELECT id, ?, ?, ?, ? FROM sources WHERE sha256 = ?",
                [result.page, result.form_page, result.copy, problem, result.sha256],
            )
            if not cursor.rowcount:
                return False
            sheet = cursor.lastrowid
            for field in result.fields:
                self._add_field(sheet, field)
        return True

    def _add_field(self, sheet: int | None, field: FieldResult) -> None:
        cursor = self._connection.execute(
            'INSERT INTO fields (sheet, "row", name, value, confidence, candidates, reason, '
            "review) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            [
                sheet,
                field.row,
                field.name,
                field.value,
                float(field.confidence),
                json.dumps(field.candidates),
                field.reason,
                int(field.review),
            ],
        )
        crops = [(WHOLE_FIELD, True, field.crop)]
        crops += [(n, box.blank, box.picture) for n, box in enumerate(field.boxes)]
        self._connection.executemany(
            "INSERT INTO crops VALUES (?, ?, ?, ?)",
            [(cursor.lastrowid, box, int(blank), picture) for box, blank, picture in crops],
        )

    def sheets(self) -> list[StoredSheet]:
        """Return all pages, in the order of the sources' names."""
        with errors_of(self.path):
            rows = self._connection.execute(f"{_SHEET} ORDER BY sources.name, sources.id, page")
            return [StoredSheet(*row) for row in rows]

    def fields(self) -> list[StoredField]:
        """Return all fields, by sheet and row, in the order of the form."""
        with errors_of(self.path):
            return list(
                map(_field, self._connection.execute(f'{_FIELD} ORDER BY sheet, "row", fields.id'))
            )

    def row(self, field: StoredField) -> list[StoredField]:
        """Return all fields of the row that a field is in."""
        with errors_of(self.path):
            rows = self._connection.execute(
                f'{_FIELD} WHERE sheet = ? AND "row" = ?', [field.sheet, field.row]
            )
            return list(map(_field, rows))

    def field(self, identifier: int) -> StoredField | None:
        """Return one field, or None if there is none."""
        with errors_of(self.path):
            row = self._connection.execute(f"{_FIELD} WHERE fields.id = ?", [identifier]).fetchone()
        return _field(row) if row else None

    def crop(self, field: int) -> bytes | None:
        """Return the picture of a field, a PNG file, or None if there is none."""
        with errors_of(self.path):
            row = self._connection.execute(
                "SELECT picture FROM crops WHERE field = ? AND box = ?", [field, WHOLE_FIELD]
            ).fetchone()
        return row[0] if row else None

    def boxes(self, field: int) -> tuple[BoxCrop, ...]:
        """Return the boxes of a field, left to right."""
        with errors_of(self.path):
            rows = self._connection.execute(
                "SELECT picture, blank FROM crops WHERE field = ? AND box >= 0 ORDER BY box",
                [field],
            )
            return tuple(BoxCrop(picture, bool(blank)) for picture, blank in rows)

    def correct(self, field: int, value: str | None, who: str) -> Correction:
        """Keep a person's answer for a field; a later one replaces it, and both are kept.

        value    "" for an empty field; None takes the answers back, so that what was recognized
                 holds again
        raises   KeyError if there is no such field
        """
        time = datetime.now(UTC).isoformat(timespec="seconds")
        with errors_of(self.path), transaction(self._connection) as connection:
            if not connection.execute("SELECT 1 FROM fields WHERE id = ?", [field]).fetchone():
                raise KeyError(field)
            row = connection.execute(
                "SELECT new FROM corrections WHERE field = ? ORDER BY id DESC LIMIT 1", [field]
            ).fetchone()
            correction = Correction(field, who, time, row[0] if row else None, value)
            connection.execute(
                "INSERT INTO corrections (field, who, time, old, new) VALUES (?, ?, ?, ?, ?)",
                [field, who, time, correction.old, value],
            )
        return correction

    def corrections(self) -> list[Correction]:
        """Return all corrections, the oldest first."""
        with errors_of(self.path):
            rows = self._connection.execute(
                "SELECT field, who, time, old, new FROM corrections ORDER BY id"
            )
            return [Correction(*row) for row in rows]

    def last_person(self) -> str | None:
        """Return who answered last."""
        corrections = self.corrections()
        return corrections[-1].who if corrections else None

    def add_export(self, name: str) -> None:
        """Note that a file beside this one was written from it, so that corrections reach it."""
        with errors_of(self.path), transaction(self._connection) as connection:
            connection.execute("INSERT OR IGNORE INTO exports VALUES (?)", [name])

    def exports(self) -> list[Path]:
        """Return the tables that were written from the results and are still beside them.

        Anybody may have made the file: it can name nothing but tables in its own folder.
        """
        with errors_of(self.path):
            rows = self._connection.execute("SELECT name FROM exports ORDER BY name").fetchall()
        paths = [self.path.parent / name for (name,) in rows if Path(name).name == name]
        return [path for path in paths if path.suffix.lower() in TABLE_SUFFIXES and path.is_file()]


def _field(row: tuple[Any, ...]) -> StoredField:
    identifier, sheet, number, name, value, confidence, candidates, reason, review, who, new = row
    return StoredField(
        identifier,
        sheet,
        number,
        name,
        value if new is None else new,
        value,
        confidence,
        tuple((text, probability) for text, probability in json.loads(candidates)),
        reason,
        bool(review),
        None if new is None else who,
    )
