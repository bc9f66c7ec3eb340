"""Parse UNIPEN files: labeled segments of pen trajectories, and the ink that they refer to.

Labels and ink are in different files. A file with labels includes its ink, which may include
further files, and a segment names some of the ink's strokes by number:

    .INCLUDE ced/ced3.doc
    .INCLUDE ced/data/aaaa9018_s_2h.dat
    .SEGMENT CHARACTER 386-387 ? "5"
"""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from inkdigits.arrays import Array
from inkdigits.data.folders import DataError

INCLUDE_FOLDER = "include"
DOCUMENTATION = (".doc", ".lex")  # extensions of files without ink
# Indices are as large as this, relative to the number of pen-down strokes, in the files that also
# count the pen's movements above the tablet; in the others they are below 1.
MIN_PEN_UP_RATIO = 1.15
MAX_COORDINATE = 1_000_000
MAX_DEPTH = 10  # of files that include files
MAX_STROKES = 100  # of a segment

Files: TypeAlias = Mapping[str, bytes]  # path, in lower case and with forward slashes -> content


@dataclass(frozen=True, eq=False)
class Segment:
    """A labeled part of the ink.

    extent   the strokes, as the file has it; with the file's path, it identifies the segment
    writer   in lower case
    strokes  float32 (M, 2) each, x and y downwards
    """

    extent: str
    label: str
    writer: str
    strokes: Sequence[Array]


def read_segments(path: str, files: Files, labels: str) -> list[Segment]:
    """Parse the segments of a file, in its order.

    path     of the file with the labels
    files    that file and those it includes
    labels   regular expression; segments with other labels are left out
    raises   DataError if a file with ink is missing, or something in the files is wrong
    source   I. Guyon et al., "UNIPEN project of on-line data exchange and recognizer benchmarks",
             ICPR 1994
    """
    matches = [
        _match_segment(value, path)
        for keyword, value in _entries(files[path])
        if keyword == b"SEGMENT"
    ]
    ink = _Ink(path, files)
    last = max(
        (int(number) for match in matches for number in _STROKE.findall(match[1])), default=0
    )
    strokes = ink.strokes(with_pen_up=False)
    if last >= MIN_PEN_UP_RATIO * len(strokes):
        strokes = ink.strokes(with_pen_up=True)
    segments = []
    for match in matches:
        extent, label = match[1].decode(), match[2].decode("latin-1")
        if re.fullmatch(labels, label):
            parts = _cut(strokes, extent, path)
            segments.append(Segment(extent, label, ink.writer, parts))
    return segments


# Entries begin with a keyword, after a dot, and continue to the next.
_ENTRY = re.compile(rb"(?m)^[ \t]*\.(?=[A-Za-z])")
# The level of the hierarchy, the strokes, the quality, and the label.
_SEGMENT = re.compile(rb'\S+[ \t]+([\d:,-]{1,100})[ \t]+\S+[ \t]+"([^\n]*)"\s*')
_STROKE = re.compile(rb"(?<![:\d])\d{1,7}")
_PART = re.compile(r"(\d{1,7})(?:(?::(\d{1,7}))?-(\d{1,7})(?::(\d{1,7}))?)?")


def _match_segment(value: bytes, path: str) -> re.Match[bytes]:
    match = _SEGMENT.fullmatch(value)
    if match is None:
        line = value.partition(b"\n")[0][:80].decode("latin-1")
        raise DataError(f"{path} is damaged at the segment {line!r}.")
    return match


def _entries(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keyword of each entry, without its dot, and what follows, up to the next entry."""
    for entry in _ENTRY.split(content)[1:]:
        keyword, *value = entry.split(None, 1)
        yield keyword.upper(), value[0] if value else b""


class _Stroke(NamedTuple):
    pen_is_down: bool
    columns: Sequence[bytes]  # of the points, such as X and Y
    points: bytes
    path: str  # for error messages


class _Ink:
    """The ink of a file: that of all files which it includes, and they include, in order."""

    def __init__(self, path: str, files: Files) -> None:
        self._writer: str | None = None
        self._columns: Sequence[bytes] = (b"X", b"Y")
        self._strokes: list[_Stroke] = []
        self._included = {path}
        self._path = path
        self._include(path, files)

    @property
    def writer(self) -> str:
        """The last writer that is named, in lower case."""
        if not self._writer:
            raise DataError(f"{self._path} does not name a writer.")
        return self._writer

    def strokes(self, with_pen_up: bool) -> list[_Stroke]:
        """Return the strokes, with or without the pen's movements above the tablet."""
        return [stroke for stroke in self._strokes if with_pen_up or stroke.pen_is_down]

    def _include(self, path: str, files: Files, depth: int = 0) -> None:
        if depth > MAX_DEPTH:
            raise DataError(f"{self._path} includes files more than {MAX_DEPTH} levels deep.")
        for keyword, value in _entries(files[path]):
            if keyword == b"INCLUDE":
                included = _find(value.strip().decode("latin-1"), path, files)
                # Files that include each other would have no end.
                if included is not None and included not in self._included:
                    self._included.add(included)
                    self._include(included, files, depth + 1)
            elif keyword == b"PEN_DOWN" or (keyword == b"PEN_UP" and value):
                pen_is_down = keyword == b"PEN_DOWN"
                self._strokes.append(_Stroke(pen_is_down, self._columns, value, path))
            elif keyword == b"COORD":
                self._columns = value.upper().split()
            elif keyword == b"WRITER_ID":
                self._writer = value.strip().decode("latin-1").lower()


def _find(name: str, includer: str, files: Files) -> str | None:
    """Return the path of an included file; None for documentation that is missing."""
    # Names are relative to the folder of all ink, or to that of the file which includes them.
    for folder in (INCLUDE_FOLDER, posixpath.dirname(includer)):
        path = posixpath.normpath(posixpath.join(folder, name.lower()))
        if path in files:
            return path
    if name.lower().endswith(DOCUMENTATION):
        return None
    raise DataError(f"{includer} includes {name}, which is missing.")


def _cut(strokes: Sequence[_Stroke], extent: str, path: str) -> list[Array]:
    """Return the pen-down strokes of an extent such as 3-4, or 3,5, or 3:10-4:2.

    In the last, from point 10 of stroke 3 to point 2 of stroke 4, which is included.
    """
    parts = []
    for part in extent.split(","):
        match = _PART.fullmatch(part)
        if match is None:
            raise DataError(f"{path} is damaged at the segment {extent}.")
        first, first_point, last, last_point = match.groups()
        start, stop = int(first), int(last or first) + 1
        if stop > len(strokes):
            raise DataError(f"{path} is damaged: segment {extent} is outside its ink.")
        if stop - start > MAX_STROKES:
            raise DataError(f"{path} has a segment of more than {MAX_STROKES} strokes: {extent}.")
        for number in range(start, stop):
            points = _points(strokes[number])
            end = int(last_point) + 1 if last_point and number == stop - 1 else len(points)
            begin = int(first_point) if first_point and number == start else 0
            if strokes[number].pen_is_down and len(points[begin:end]):
                parts.append(points[begin:end])
    if not parts:
        raise DataError(f"{path} is damaged: segment {extent} has no ink.")
    return parts


def _points(stroke: _Stroke) -> Array:
    """Return the points of a stroke, float32 (M, 2), x and y downwards."""
    try:
        table = np.array(stroke.points.split(), np.float64).reshape(-1, len(stroke.columns))
        x, y = (table[:, stroke.columns.index(name)] for name in (b"X", b"Y"))
    except ValueError as error:
        raise DataError(f"{stroke.path} is damaged: it has a stroke of other columns.") from error
    points = np.stack([x, 0 - y], axis=1)
    if not (abs(points) <= MAX_COORDINATE).all():
        raise DataError(f"{stroke.path} is damaged: it has a point that is too far away.")
    return points.astype(np.float32)
