"""Read images from a Parquet file with the columns of `data.tables`."""

import hashlib
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.data import labeled, tables
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import MAX_IMAGES, MAX_NAME, MAX_PIXELS, MAX_SIDE, shown
from inkdigits.data.tables import CORRECT, Rows, Table

MAGIC = b"PAR1"
MAX_BYTES = 2**30  # of the file
MAX_GROUP_BYTES = 2**30  # declared, decompressed, of a group of rows: columns are read in parallel
MAX_FOOTER_STRING, MAX_FOOTER_ITEMS = 2**20, 2**20  # of what Thrift declares
ROWS = 1024  # that are read at a time


def read_parquet(path: Path) -> Table:
    """Read a Parquet file, some rows at a time.

    raises   DataError, with the row (the first image is 1) and the column, if a value is wrong; or
             if pyarrow, which the extra `parquet` installs, is missing
    """
    source = labeled.file_name(path)
    try:
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError:
        raise DataError(
            f"{source} is a Parquet file, which needs the package pyarrow: "
            "pip install 'inkdigits[parquet]'."
        ) from None
    with path.open("rb") as file:
        content = file.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise DataError(f"{source} has more than {MAX_BYTES:,} bytes; use fewer rows.")
    try:
        with ParquetFile(
            io.BytesIO(content),
            thrift_string_size_limit=MAX_FOOTER_STRING,
            thrift_container_size_limit=MAX_FOOTER_ITEMS,
        ) as file:
            rows = _rows(file, source)
            first = 1
            for batch in file.iter_batches(ROWS, use_threads=False):
                _add(rows, batch, first)
                first += batch.num_rows
    except DataError:
        raise
    # Depending on the damage, pyarrow raises its own errors, OSError, ValueError, MemoryError, ...
    except Exception as error:
        cause = ascii(re.split(r"\n|\. ", str(error))[0])[1:-1][:100].strip(" .")
        raise DataError(
            f"{source} is damaged or not a Parquet file ({cause}): replace it."
        ) from error
    return rows.finish(hashlib.sha256(content).hexdigest())


def _rows(file: Any, source: str) -> Rows:
    """Check what a file declares, before any column is read."""
    metadata = file.metadata
    if metadata.num_columns > MAX_SIDE**2 + 2:
        raise DataError(
            f"{source} has {metadata.num_columns:,} columns; images may have at most {MAX_SIDE} x "
            f"{MAX_SIDE} pixels."
        )
    columns = tables.columns_of(file.schema_arrow.names, source)
    most = min(MAX_IMAGES, MAX_PIXELS // columns.side**2)
    if metadata.num_rows > most:
        raise DataError(f"{source} has more than {most:,} rows; use fewer of them.")
    for number in range(metadata.num_row_groups):
        size = metadata.row_group(number).total_byte_size
        if size > MAX_GROUP_BYTES:
            raise DataError(
                f"{source} has a group of rows of {size:,} bytes, more than {MAX_GROUP_BYTES:,}; "
                "write it with smaller groups."
            )
    return Rows(source, columns)


def _add(rows: Rows, batch: Any, first: int) -> None:
    """Add some rows; the first of them has the number `first`."""
    columns = rows.columns

    def values(place: int) -> NDArray[Any]:
        return np.asarray(batch.column(place).to_numpy(zero_copy_only=False))

    def texts(place: int) -> list[str]:
        return [
            _text(value, rows.source, first + row, columns.names[place])
            for row, value in enumerate(values(place).tolist())
        ]

    places = columns.pixels
    pixels = np.empty((batch.num_rows, len(places)), np.uint8)
    for number, place in enumerate(places):
        pixels[:, number] = _levels(values(place), rows.source, first, columns.names[place])
    labels = [] if columns.label is None else texts(columns.label)
    writers = [] if columns.writer is None else texts(columns.writer)
    rows.add(pixels.tobytes(), labels, writers, batch.num_rows)


def _levels(values: NDArray[Any], source: str, first: int, column: str) -> Pixels:
    """Return gray levels; missing ones are NaN, or None."""
    if values.dtype.kind not in "iuf":
        raise tables.wrong_level(source, first, column, str(values[0])[:MAX_NAME])
    wrong = ~((values >= 0) & (values <= 255))
    if values.dtype.kind == "f":
        wrong |= values != np.floor(values)
    if wrong.any():
        row = int(wrong.argmax())
        raise tables.wrong_level(source, first + row, column, str(values[row]))
    return values.astype(np.uint8)


def _text(value: Any, source: str, row: int, column: str) -> str:
    """Return a label, or the name of a writer."""
    text = str(value).strip() if type(value) in (int, str) else ""
    if not 0 < len(text) <= MAX_NAME:
        raise DataError(
            f"{source}: row {row}, column {column}: {shown(str(value)[:MAX_NAME])} is not a whole "
            f"number or a name of at most {MAX_NAME} characters; {CORRECT}."
        )
    return text
