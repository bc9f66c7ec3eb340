"""Read images from a table with a row for each: a CSV file, compressed (.gz) or not, or Parquet.

A table has the columns `label`, `writer` (optional) and one for each pixel, as the files of
Kaggle's "Digit Recognizer" have them: label, pixel0, pixel1, ... A CSV without column names has the
label first, as mnist_train.csv does.
"""

import csv
import gzip
import hashlib
import math
import re
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Labels, Pixels
from inkdigits.constants import MAX_NAME
from inkdigits.data import labeled
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import MAX_IMAGES, MAX_PIXELS, MAX_SIDE, ClassNames
from inkdigits.escaping import printable, shown

MAX_LINE_BYTES = 2**17  # of a row of a CSV file: twice what the largest images need
LEVELS = {str(level): level for level in range(256)}
PIXEL_NAME = re.compile(r"(?:pixel|px|p|x)?[ _-]?(\d{1,6})(?:x(\d{1,6}))?", re.IGNORECASE)
CORRECT = "correct the file"


@dataclass(frozen=True, eq=False)
class Table:
    """What a table holds.

    images   uint8 (N, S, S)
    labels   uint8 or uint16 (N,), and `classes`, their names; or None
    writers  str (N,), or None
    sha256   of the content, decompressed if it is a .gz
    """

    images: Pixels
    labels: Labels | None
    classes: tuple[str, ...]
    writers: NDArray[np.str_] | None
    sha256: str


@dataclass(frozen=True)
class Columns:
    """Which columns of a table are what; all but `label` and `writer` are pixels."""

    names: tuple[str, ...]
    label: int | None
    writer: int | None

    @property
    def pixels(self) -> list[int]:
        """The places of the pixels."""
        return [n for n in range(len(self.names)) if n not in (self.label, self.writer)]

    @property
    def side(self) -> int:
        """Width and height of the images."""
        return math.isqrt(len(self.pixels))


def columns_of(names: Sequence[str], source: str) -> Columns:
    """Find out which columns are what, by their names.

    raises   DataError if a name is unknown or twice there, or the pixels are not in order or not
             those of a square
    """
    names = tuple(name.strip() for name in names)
    lower = [name.lower() for name in names]
    for name in ("label", "writer"):
        if lower.count(name) > 1:
            raise DataError(f"{source} has two columns {name!r}: {CORRECT}.")
    label, writer = (lower.index(name) if name in lower else None for name in ("label", "writer"))
    columns = Columns(names, label, writer)
    before: tuple[int, ...] | None = None
    for place in columns.pixels:
        match = PIXEL_NAME.fullmatch(names[place])
        if not match:
            raise DataError(
                f"{source}: column {place + 1} is {shown(names[place])}, which is not 'label', "
                "'writer' or a pixel such as 'pixel0'; remove or rename it."
            )
        number = tuple(int(part) for part in match.groups() if part is not None)
        follows = before is None or _follows(number, before)
        if not follows:
            raise DataError(
                f"{source}: column {place + 1} is {shown(names[place])}, which does not follow the "
                "pixel before it; put the pixels in the order of the image's rows."
            )
        before = number
    check_square(len(columns.pixels), source)
    return columns


def _follows(number: tuple[int, ...], before: tuple[int, ...]) -> bool:
    """Return whether a pixel, by its number or its row and column, follows the one before it."""
    if len(number) != len(before):
        return False
    return number > before if len(number) == 2 else number[0] == before[0] + 1


def check_square(pixels: int, source: str) -> None:
    """Raise DataError unless the pixels are those of a square image within the limits."""
    side = math.isqrt(pixels)
    if pixels < 1 or side * side != pixels or side > MAX_SIDE:
        raise DataError(
            f"{source} has {pixels:,} columns of pixels, which are not a square image of at most "
            f"{MAX_SIDE} x {MAX_SIDE}; 28x28 images need 784."
        )


class _Rows:
    """The rows that have been read, within the limits."""

    def __init__(self, source: str, columns: Columns) -> None:
        self.source = source
        self.columns = columns
        self.names = ClassNames(source)
        self._pixels = bytearray()
        self._labels: list[int] = []
        self._writers: list[str] = []
        self._number = 0
        self._most = min(MAX_IMAGES, MAX_PIXELS // columns.side**2)

    def add(self, pixels: bytes, labels: Sequence[str], writers: Sequence[str], rows: int) -> None:
        """Add some rows."""
        self._number += rows
        if self._number > self._most:
            raise DataError(f"{self.source} has more than {self._most:,} rows; use fewer of them.")
        self._pixels += pixels
        self._labels += map(self.names.number, labels)
        self._writers += writers

    def finish(self, sha256: str) -> Table:
        """Return everything as arrays."""
        labeled.check_number(self._number, self.source)
        side = self.columns.side
        images = np.frombuffer(self._pixels, np.uint8).reshape(self._number, side, side)
        images.flags.writeable = False
        labels: Labels | None = None
        classes: tuple[str, ...] = ()
        if self.columns.label is not None:
            labels, classes = self.names.sort(self._labels)
        writers = None if self.columns.writer is None else np.array(self._writers)
        return Table(images, labels, classes, writers, sha256)


def read_csv(path: Path) -> Table:
    """Read a CSV file.

    raises   DataError, with the row (the first is 1) and the column, if a value is wrong
    """
    source, digest = labeled.file_name(path), hashlib.sha256()
    try:
        with gzip.open(path) if _is_gzip(path) else path.open("rb") as file:
            reader = csv.reader(_lines(file, source, digest), strict=True)
            rows = None
            for row in reader:
                if rows is None:
                    columns, is_data = _header(row, source)
                    rows = _Rows(source, columns)
                    pixels = _slices(columns.pixels)
                    if not is_data:
                        continue
                _add(rows, row, pixels, reader.line_num)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError(f"{source} cannot be read ({error}): replace it.") from error
    except csv.Error as error:
        raise DataError(
            f"{source}: row {reader.line_num} is not CSV ({error}): {CORRECT}."
        ) from error
    if rows is None:
        raise DataError(f"{source} is empty; it must have a row for each image.")
    return rows.finish(digest.hexdigest())


def _is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _lines(file: BinaryIO | gzip.GzipFile, source: str, digest: "hashlib._Hash") -> Iterator[str]:
    """Yield the lines of a file, of limited length, and hash them."""
    number = 0
    while line := file.readline(MAX_LINE_BYTES + 1):
        number += 1
        if len(line) > MAX_LINE_BYTES:
            raise DataError(
                f"{source}: row {number} has more than {MAX_LINE_BYTES:,} bytes; images may have "
                f"at most {MAX_SIDE} x {MAX_SIDE} pixels."
            )
        digest.update(line)
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError:
            others = ", or name a Parquet, NumPy (.npz) or IDX file, or a folder of pictures"
            raise DataError(
                f"{source}: row {number} is not UTF-8 text; save the file as CSV in UTF-8"
                f"{others if number == 1 else ''}."
            ) from None


def _header(row: list[str], source: str) -> tuple[Columns, bool]:
    """Find the columns by the first row; return them, and whether that row is an image itself."""
    if not row:
        raise DataError(f"{source}: row 1 is empty; it must have the names of the columns.")
    if len(row) == 1 and (";" in row[0] or "\t" in row[0]):
        raise DataError(f"{source} does not separate its columns by commas; save it with commas.")
    is_image = _are_levels(row)
    # A label need not be a number: a row such as "A,0,0,..." is an image, too.
    first = 0 if is_image and _is_square(len(row)) else 1  # without a label, or with one
    if not is_image and not (_is_square(len(row) - 1) and _are_levels(row[1:])):
        return columns_of(row, source), False
    check_square(len(row) - first, source)
    names = [f"pixel{n}" for n in range(len(row) - first)]
    return Columns((*["label"][:first], *names), 0 if first else None, None), True


def _is_square(number: int) -> bool:
    return math.isqrt(number) ** 2 == number


def _are_levels(fields: Sequence[str]) -> bool:
    """Return whether texts are gray levels, and not the numbers of columns."""
    texts = [field.strip() for field in fields]
    if not texts or not all(text in LEVELS for text in texts):
        return False
    return texts != [str(int(texts[0]) + n) for n in range(len(texts))]


def _slices(places: list[int]) -> list[slice]:
    """Return places as few slices."""
    ends = [n for n, place in enumerate(places) if n == 0 or place != places[n - 1] + 1]
    parts = zip(ends, [*ends[1:], len(places)], strict=True)
    return [slice(places[first], places[end - 1] + 1) for first, end in parts]


def _add(rows: _Rows, row: list[str], pixels: list[slice], number: int) -> None:
    """Add a row of a CSV file."""
    columns = rows.columns
    if len(row) != len(columns.names):
        raise DataError(
            f"{rows.source}: row {number} has {len(row):,} columns, not {len(columns.names):,} as "
            f"the first row: {CORRECT}."
        )
    levels = bytearray()
    try:
        for part in pixels:
            levels += bytes(map(LEVELS.__getitem__, row[part]))
    except KeyError:
        levels = bytearray(
            _level(row[place], rows.source, number, columns.names[place])
            for place in columns.pixels
        )
    labels = [row[columns.label].strip()] if columns.label is not None else []
    writers = [row[columns.writer].strip()] if columns.writer is not None else []
    if labels and not 0 < len(labels[0]) <= MAX_NAME:
        raise DataError(
            f"{rows.source}: row {number}, column label: {shown(labels[0])} is not a number or a "
            f"name of at most {MAX_NAME} characters: {CORRECT}."
        )
    if writers and len(writers[0]) > MAX_NAME:
        raise DataError(
            f"{rows.source}: row {number}, column writer: the name has more than {MAX_NAME} "
            f"characters: {CORRECT}."
        )
    rows.add(bytes(levels), labels, writers, 1)


def _level(text: str, source: str, row: int, column: str) -> int:
    """Return the gray level that a text stands for, such as "7", " 7" or "7.0"."""
    try:
        level = float(text) if len(text) <= MAX_NAME else math.nan
    except ValueError:
        level = math.nan
    if not (0 <= level <= 255 and level.is_integer()):
        raise wrong_level(source, row, column, text)
    return int(level)


def wrong_level(source: str, row: int, column: str, value: str) -> DataError:
    """Make the error for a value that is not a gray level; it is data, and so escaped."""
    return DataError(
        f"{source}: row {row}, column {printable(column)}: {shown(value)} is not a number "
        f"from 0 to 255; {CORRECT}."
    )
