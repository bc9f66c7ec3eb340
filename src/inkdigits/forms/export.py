"""Results as files for other programs: CSV, JSON and Parquet, with people's corrections."""

import csv
import importlib.util
import io
import json
import logging
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from typing import Any

from inkdigits.escaping import defused
from inkdigits.forms.results import StoredField, StoredSheet
from inkdigits.forms.store import TABLE_SUFFIXES, Store
from inkdigits.storage.files import FileError, write_atomically

REVIEW = {  # in a table; fields that nobody must look at have none
    "struck_out": "struck out",
    "not_a_number": "not a number",
    "constraint": "constraint",
    "sum_rule": "sum rule",
    "unclear": "unclear",
}
Cell = str | int | float | None


def check_table(path: Path) -> None:
    """Check that a name is one of a table that can be written.

    raises   FileError if the ending is unknown, Parquet needs a package that is not installed, it
             is the name of a folder, or in a folder that does not exist
    """
    suffix = path.suffix.lower()
    if suffix not in TABLE_SUFFIXES:
        raise FileError(f"{path} is not a name of a table; end it in {', '.join(TABLE_SUFFIXES)}.")
    if suffix == ".parquet" and importlib.util.find_spec("pyarrow") is None:
        raise FileError(
            "Parquet needs the package pyarrow; run pip install 'inkdigits[parquet]', or write CSV."
        )
    if path.is_dir():
        raise FileError(f"{path} is a folder; choose another name for the table.")
    if not path.parent.is_dir():
        raise FileError(f"The folder {path.parent} does not exist; create it, or choose another.")


def export(store: Store, path: str | Path) -> None:
    """Write the results to a file, whose kind its ending tells, atomically.

    A file beside the results is noted there, and `export_again` updates it.

    raises   FileError, as `check_table`; OSError
    """
    path = Path(path)
    check_table(path)
    write = {".csv": _csv, ".json": _json, ".parquet": _parquet}[path.suffix.lower()]
    write_atomically(path, write(store))
    if path.absolute().parent == store.path.absolute().parent:
        store.add_export(path.name)


def export_again(store: Store, written: Path | None = None) -> None:
    """Write all files again that were written from the results and are still there, atomically.

    written  one that is up to date
    """
    for path in store.exports():
        if written is None or path.absolute() != written.absolute():
            export(store, path)


@contextmanager
def exporting(path: Path) -> Iterator[Callable[[], None]]:
    """Return a function that makes another thread write the files again, at once.

    Calls during the seconds that large files take are answered together. At the end of the block
    the files are up to date.

    path    of the results
    raises  what `export` does, at the end of the block; earlier errors are logged
    """
    changed, ends = threading.Event(), threading.Event()

    def work() -> None:
        while changed.wait() and not ends.is_set():
            changed.clear()
            try:
                with Store.open(path, verify=False) as store:
                    export_again(store)
            except (FileError, OSError) as error:
                logging.getLogger(__name__).error("%s", error)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield changed.set
    finally:
        ends.set()
        changed.set()
        thread.join()
        with Store.open(path, verify=False) as store:
            export_again(store)


def review_of(field: StoredField, threshold: float) -> str:
    """Describe for a table whether a person must look at a field, or what a person did.

    returns  why a person must look; "confirmed" or "corrected" if one did; otherwise ""
    """
    if field.who is not None:
        return "confirmed" if field.value == field.recognized else "corrected"
    if not field.needs_review(threshold):
        return ""
    return REVIEW.get(field.reason or "", "low confidence")


def table(store: Store) -> tuple[list[str], list[list[Cell]]]:
    """Return the names of the columns, and a row for each row of a sheet.

    A page that could not be read is one row, which tells why in the column `problem`.
    """
    names = store.form.names
    threshold = store.threshold
    columns = ["source", "page", "copy", "row", *names]
    for name in names:
        columns += [f"{name}_confidence", f"{name}_review"]
    columns.append("problem")
    fields = defaultdict(list)
    for field in store.fields():
        fields[field.sheet].append(field)
    rows: list[list[Cell]] = []
    for sheet in store.sheets():
        head: list[Cell] = [sheet.source, sheet.page, sheet.copy]
        if sheet.problem is not None:
            nothing: list[Cell] = [None] * (1 + 3 * len(names))
            rows.append([*head, *nothing, sheet.problem])
        for number, row in _rows(fields[sheet.id]):
            values: list[Cell] = [row[name].value if name in row else None for name in names]
            for name in names:
                known = name in row
                values.append(round(row[name].confidence, 6) if known else None)
                values.append(review_of(row[name], threshold) if known else None)
            rows.append([*head, number, *values, None])
    return _unique(columns), rows


def _rows(fields: Sequence[StoredField]) -> Iterator[tuple[int, dict[str, StoredField]]]:
    """Yield the rows of a sheet: the number, and the fields by name."""
    for number, row in groupby(fields, key=lambda field: field.row):
        yield number, {field.name: field for field in row}


def _unique(names: Sequence[str]) -> list[str]:
    """Append "_" to names that are there already, such as that of a field called "page"."""
    unique: list[str] = []
    for name in names:
        while name in unique:
            name += "_"
        unique.append(name)
    return unique


def _csv(store: Store) -> bytes:
    columns, rows = table(store)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(map(defused, columns))
    for row in rows:
        writer.writerow(defused(cell) if isinstance(cell, str) else cell for cell in row)
    return text.getvalue().encode()


def _json(store: Store) -> bytes:
    threshold = store.threshold
    history = defaultdict(list)
    for correction in store.corrections():
        history[correction.field].append(
            {
                "who": correction.who,
                "time": correction.time,
                "old": correction.old,
                "new": correction.new,
            }
        )
    fields = defaultdict(list)
    for field in store.fields():
        fields[field.sheet].append(field)

    def of_field(field: StoredField) -> dict[str, Any]:
        return {
            "value": field.value,
            "recognized": field.recognized,
            "confidence": field.confidence,
            "review": field.needs_review(threshold),
            "reason": field.reason,
            "candidates": [
                {"text": text, "probability": probability} for text, probability in field.candidates
            ],
            "corrections": history[field.id],
        }

    def of_sheet(sheet: StoredSheet) -> dict[str, Any]:
        return {
            "source": sheet.source,
            "sha256": sheet.sha256,
            "page": sheet.page,
            "form_page": sheet.form_page,
            "copy": sheet.copy,
            "problem": sheet.problem,
            "rows": [
                {
                    "row": number,
                    "fields": {name: of_field(field) for name, field in row.items()},
                }
                for number, row in _rows(fields[sheet.id])
            ],
        }

    content = {
        "form": store.form.identity,
        "review_below": threshold,
        "sheets": list(map(of_sheet, store.sheets())),
    }
    return json.dumps(content, indent=1).encode() + b"\n"


def _parquet(store: Store) -> bytes:
    import pyarrow
    from pyarrow import parquet

    columns, rows = table(store)
    fields = len(store.form.fields)
    text, whole, real = pyarrow.string(), pyarrow.int64(), pyarrow.float64()
    types = [text, whole, whole, whole, *[text] * fields, *[real, text] * fields, text]
    cells = zip(*rows, strict=True) if rows else ([] for _ in columns)
    arrays = [pyarrow.array(list(column), kind) for column, kind in zip(cells, types, strict=True)]
    file = io.BytesIO()
    parquet.write_table(pyarrow.table(arrays, columns), file)
    return file.getvalue()
