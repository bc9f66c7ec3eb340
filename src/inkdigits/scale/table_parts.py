"""Parts that are rows of a Parquet file with a column of pictures, as Hugging Face writes them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from inkdigits.data.parquet import MAX_FOOTER_ITEMS, MAX_FOOTER_STRING, MAX_GROUP_BYTES
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.parts import MAX_PICTURE_BYTES, Part, Picture, fingerprint, reason, valid_key
from inkdigits.scale.storages import Entry, Storage

IMAGE_COLUMN = "image"  # the one that is used if several could be
KEY_COLUMNS = ("key", "__key__")  # the first that there is
CONTENT = "bytes"  # the field of a picture that is a struct
# A group of rows with fewer bytes is divided among parts, each of which reads the group up to its
# last row. Larger ones are read once.
MAX_DIVIDED_BYTES = 2**26
# Few, because all of them may repeat one large picture of the file; one, if there are large ones.
ROWS_AT_A_TIME = 8
LARGE_BYTES = 2**26  # of the pictures in a group of rows
BUFFER_BYTES = 2**22  # of a request; without a buffer, a group of rows would be read whole
MAX_KEY = 1024  # characters


class Columns(NamedTuple):
    """Where a table has its pictures and their keys.

    picture  the path of the column of bytes
    key      None if the number of the row is the key
    """

    picture: str
    key: str | None


@dataclass(frozen=True)
class RowsPart:
    """Some successive rows of a Parquet file.

    The key of each is FILE#ROW, with as many digits as the number of the last row, or the value in
    the column of keys.

    groups     of rows: the first, and the one after the last
    skipped    rows at the beginning of the groups that are not part of it
    first      the number of the first row in the file, from 0
    rows       how many
    all_rows   of the file
    """

    storage: Storage
    entry: Entry
    columns: Columns
    groups: tuple[int, int]
    skipped: int
    first: int
    rows: int
    all_rows: int

    @property
    def pictures(self) -> int:
        """The number of rows."""
        return self.rows

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the file's path, size and time of change, and of which rows they are."""
        file = self.entry.path, self.entry.size, self.entry.modified_ns
        return fingerprint((*file, *self.columns, *self.groups, self.skipped, self.rows))

    def read(self) -> Iterator[Picture]:
        """Read each row. If the file is damaged, the last picture has its key, and says so."""
        count = 0
        try:
            with _opened(self.storage, self.entry.path) as table:
                for key, content in self._values(table):
                    yield Picture(key or self._key(count), content)
                    count += 1
            if count != self.rows:
                raise OSError(f"it does not have the {self.all_rows:,} rows that it declares")
        except OSError as error:
            cause = f"The rest of the Parquet file cannot be read ({reason(error)}); replace it."
            yield Picture(self._key(count), OSError(cause))

    def _key(self, row: int) -> str:
        width = len(str(max(0, self.all_rows - 1)))
        return f"{valid_key(self.entry.path)}#{self.first + row:0{width}d}"

    def _values(self, table: Any) -> Iterator[tuple[str | None, bytes | OSError]]:
        """Return the key, if it has one, and the picture of each row."""
        names = [name for name in self.columns if name is not None]
        groups = range(*self.groups)
        rows = ROWS_AT_A_TIME
        if any(_group(table.metadata, number)[1] > LARGE_BYTES for number in groups):
            rows = 1
        batches = table.iter_batches(rows, row_groups=groups, columns=names, use_threads=False)
        skipped, left = self.skipped, self.rows
        for batch in batches:
            some = batch.slice(skipped, left)
            skipped -= min(skipped, batch.num_rows)
            left -= some.num_rows
            keys: list[str | None] = [None] * some.num_rows
            if self.columns.key is not None:
                keys = list(map(_text, some.column(self.columns.key).to_pylist()))
            pictures = some.column(self.columns.picture.partition(".")[0])
            yield from zip(keys, map(_content, pictures), strict=True)
            if not left:
                return


@dataclass(frozen=True)
class UnreadableTable:
    """A Parquet file of which nothing can be read; it is one picture, with the reason."""

    entry: Entry
    cause: str
    pictures: int = 1

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the file's path, size and time of change, and of the reason."""
        file = self.entry.path, self.entry.size, self.entry.modified_ns
        return fingerprint((*file, self.cause))

    def read(self) -> Iterator[Picture]:
        """Return the reason."""
        cause = f"The Parquet file cannot be used ({self.cause}); correct or replace it."
        yield Picture(valid_key(self.entry.path), OSError(cause))


def table_parts(storage: Storage, entry: Entry, part_size: int) -> Iterator[Part]:
    """Divide the rows of a Parquet file into parts, without reading any.

    raises   ScaleError if pyarrow is missing, or the storage cannot be reached
    """
    try:
        with _opened(storage, entry.path) as table:
            columns = _columns(table.schema_arrow)
            groups = [_group(table.metadata, n) for n in range(table.metadata.num_row_groups)]
            all_rows = sum(rows for rows, _ in groups)
            if all_rows != table.metadata.num_rows:
                raise OSError("the numbers of its rows contradict each other")
    except OSError as error:
        yield UnreadableTable(entry, reason(error))
        return

    def part(start: int, end: int, skipped: int, first: int, rows: int) -> RowsPart:
        place = (start, end), skipped, first, rows
        return RowsPart(storage, entry, columns, *place, all_rows)

    start = first = waiting = 0  # of the groups that are not in a part yet
    for number, (rows, size) in enumerate(groups):
        if waiting and waiting + rows > part_size:
            yield part(start, number, 0, first, waiting)
            start, first, waiting = number, first + waiting, 0
        if rows > part_size and size <= MAX_DIVIDED_BYTES:
            for skipped in range(0, rows, part_size):
                count = min(part_size, rows - skipped)
                yield part(number, number + 1, skipped, first + skipped, count)
            start, first = number + 1, first + rows
        else:
            waiting += rows
    if waiting:
        yield part(start, len(groups), 0, first, waiting)


@contextmanager
def _opened(storage: Storage, path: str) -> Iterator[Any]:
    """Open a Parquet file; raise OSError if it is damaged, also while it is used."""
    try:
        from pyarrow.parquet import ParquetFile
    except ModuleNotFoundError:
        raise ScaleError(
            f"{valid_key(path)} is a Parquet file, which needs the package pyarrow: "
            "pip install 'inkdigits[ray]'."
        ) from None
    try:
        with (
            storage.open(path) as file,
            ParquetFile(
                file,
                buffer_size=BUFFER_BYTES,
                page_checksum_verification=True,  # of files that have checksums
                thrift_string_size_limit=MAX_FOOTER_STRING,
                thrift_container_size_limit=MAX_FOOTER_ITEMS,
            ) as table,
        ):
            yield table
    except ScaleError:
        raise
    # Depending on the damage, pyarrow raises its own errors, OSError, ValueError, MemoryError, ...
    except Exception as error:
        raise OSError(reason(error)) from error


def _columns(schema: Any) -> Columns:
    """Find the columns of pictures and keys; raise OSError if there is no column of pictures."""
    from pyarrow import types

    pictures = {}
    for field in schema:
        kind = field.type
        if _is_binary(kind):
            pictures[field.name] = field.name
        elif types.is_struct(kind) and any(
            part.name == CONTENT and _is_binary(part.type) for part in kind
        ):
            pictures[field.name] = f"{field.name}.{CONTENT}"
    named = [name for name in pictures if name == IMAGE_COLUMN] or list(pictures)
    if len(named) != 1 or schema.names.count(named[0]) != 1 or "." in named[0]:
        many = "several columns" if pictures else "no column"
        raise OSError(f"it has {many} of pictures; call the right one {IMAGE_COLUMN}")
    keys = [name for name in KEY_COLUMNS if schema.names.count(name) == 1]
    keys = [name for name in keys if _is_key(schema.field(name).type)]
    return Columns(pictures[named[0]], keys[0] if keys else None)


def _is_binary(kind: Any) -> bool:
    from pyarrow import types

    if types.is_dictionary(kind):
        return _is_binary(kind.value_type)
    return bool(types.is_binary(kind) or types.is_large_binary(kind))


def _is_key(kind: Any) -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_integer(kind))


def _group(metadata: Any, number: int) -> tuple[int, int]:
    """Return the rows and bytes that a group of rows declares; raise OSError if it is too large."""
    group = metadata.row_group(number)
    if group.num_rows < 0 or not 0 <= group.total_byte_size <= MAX_GROUP_BYTES:
        raise OSError(
            f"a group of its rows has {group.total_byte_size:,} bytes, more than "
            f"{MAX_GROUP_BYTES:,}; write it with smaller groups"
        )
    return group.num_rows, group.total_byte_size


def _text(value: Any) -> str | None:
    """Return a key; None if it is missing or too long."""
    text = "" if value is None else str(value)
    return valid_key(text) if 0 < len(text) <= MAX_KEY else None


def _content(value: Any) -> bytes | OSError:
    """Return the picture of a row, a value of pyarrow."""
    import pyarrow as pa

    if value.is_valid and isinstance(value, pa.StructScalar):
        value = value[CONTENT]
    if value.is_valid and isinstance(value, pa.DictionaryScalar):
        value = value.value
    if not value.is_valid:
        return OSError("The row has no picture.")
    # A byte more than allowed, so that it is recognized to be too large.
    return bytes(memoryview(value.as_buffer())[: MAX_PICTURE_BYTES + 1])
