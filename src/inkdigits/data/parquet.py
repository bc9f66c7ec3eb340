"""Read images from a Parquet file with the columns of `data.tables`."""

import hashlib
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Labels, Pixels
from inkdigits.constants import MAX_NAME
from inkdigits.data import labeled, tables
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import MAX_IMAGES, MAX_PIXELS, MAX_SIDE, ClassNames
from inkdigits.data.tables import CORRECT, Table
from inkdigits.escaping import shown

MAGIC = b"PAR1"
MAX_BYTES = 2**30  # of the file
MAX_GROUP_BYTES = 2**33  # declared, decompressed, of a group of rows
MAX_FOOTER_STRING, MAX_FOOTER_ITEMS = 2**20, 2**20  # of what Thrift declares


def read_parquet(path: Path) -> Table:
    """Read a Parquet file, one column at a time.

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
    sha256 = hashlib.sha256(content).hexdigest()
    try:
        limits = {
            "thrift_string_size_limit": MAX_FOOTER_STRING,
            "thrift_container_size_limit": MAX_FOOTER_ITEMS,
        }
        with ParquetFile(io.BytesIO(content), **limits) as parquet:
            metadata = parquet.metadata
        # Texts as references to different ones: a file of 50 KB may repeat one of 1 MB a million
        # times.
        names = [column.path for column in map(metadata.schema.column, range(metadata.num_columns))]
        with ParquetFile(io.BytesIO(content), read_dictionary=names, **limits) as parquet:
            return _table(parquet, source, sha256)
    except DataError:
        raise
    # Depending on the damage, pyarrow raises its own errors, OSError, ValueError, MemoryError, ...
    except Exception as error:
        cause = ascii(re.split(r"\n|\. ", str(error))[0])[1:-1][:100].strip(" .")
        raise DataError(
            f"{source} is damaged or not a Parquet file ({cause}): replace it."
        ) from error


def _table(parquet: Any, source: str, sha256: str) -> Table:
    """Check what a file declares, then read one column at a time, so that few are in memory."""
    names = parquet.schema_arrow.names
    rows = parquet.metadata.num_rows
    if len(names) > MAX_SIDE**2 + 2:
        raise DataError(
            f"{source} has {len(names):,} columns; images may have at most {MAX_SIDE} x {MAX_SIDE} "
            "pixels."
        )
    columns = tables.columns_of(names, source)
    most = min(MAX_IMAGES, MAX_PIXELS // columns.side**2)
    if not 0 < rows <= most:
        raise DataError(f"{source} has {rows:,} rows; it must have 1 to {most:,}.")
    for number in range(parquet.metadata.num_row_groups):
        size = parquet.metadata.row_group(number).total_byte_size
        if size > MAX_GROUP_BYTES:
            raise DataError(
                f"{source} has a group of rows of {size:,} bytes, more than {MAX_GROUP_BYTES:,}; "
                "write it with smaller groups."
            )

    def values(place: int) -> NDArray[Any]:
        kind = parquet.schema_arrow.field(place).type
        if not _is_flat(kind):
            raise DataError(
                f"{source}: column {columns.names[place]} has the type {shown(str(kind))}, which "
                f"is neither numbers nor text; {CORRECT}."
            )
        column = parquet.read(columns=[names[place]], use_threads=False).column(0)
        array = _texts(column) if _is_text(kind) else column.to_numpy(zero_copy_only=False)
        if array.shape != (rows,):
            raise DataError(f"{source} does not have the {rows:,} rows that it declares.")
        return array

    def texts(place: int) -> list[str]:
        return [
            _text(value, source, row, columns.names[place])
            for row, value in enumerate(values(place).tolist(), 1)
        ]

    images = np.empty((rows, columns.side, columns.side), np.uint8)
    pixels = images.reshape(rows, -1)
    for number, place in enumerate(columns.pixels):
        pixels[:, number] = _levels(values(place), source, columns.names[place])
    images.flags.writeable = False
    labels: Labels | None = None
    classes: tuple[str, ...] = ()
    if columns.label is not None:
        numbers = ClassNames(source)
        labels, classes = numbers.sort([numbers.number(text) for text in texts(columns.label)])
    writers = None if columns.writer is None else np.array(texts(columns.writer))
    return Table(images, labels, classes, writers, sha256)


def _is_text(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_text(kind.value_type)
    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_binary(kind))


def _is_flat(kind: Any) -> bool:
    """Return whether a column has one number or text for each row, and not lists of any length."""
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_flat(kind.value_type)
    return _is_text(kind) or bool(types.is_integer(kind) or types.is_floating(kind))


def _texts(column: Any) -> NDArray[Any]:
    """Return a column of texts, of which those that are too long are cut, and still too long."""
    texts: list[Any] = []
    for part in column.chunks:
        different = [text and text[: MAX_NAME + 1] for text in part.dictionary.to_pylist()]
        texts += [None if n is None else different[n] for n in part.indices.to_pylist()]
    return np.array(texts, object)


def _levels(values: NDArray[Any], source: str, column: str) -> Pixels:
    """Return gray levels; missing ones are NaN, or None."""
    if values.dtype.kind not in "iuf":
        raise tables.wrong_level(source, 1, column, str(values[0]))
    wrong = ~((values >= 0) & (values <= 255))
    if values.dtype.kind == "f":
        wrong |= values != np.floor(values)
    if wrong.any():
        row = int(wrong.argmax())
        raise tables.wrong_level(source, 1 + row, column, str(values[row]))
    return values.astype(np.uint8)


def _text(value: Any, source: str, row: int, column: str) -> str:
    """Return a label, or the name of a writer."""
    text = str(value).strip() if type(value) in (int, str) else ""
    if not 0 < len(text) <= MAX_NAME:
        raise DataError(
            f"{source}: row {row}, column {column}: {shown(str(value))} is not a whole "
            f"number or a name of at most {MAX_NAME} characters; {CORRECT}."
        )
    return text
