"""Samples, versions and profiles as rows of the database, and back; nothing in a row is trusted."""

import hashlib
import re
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, TypeAlias, cast

import numpy as np

from inkdigits.constants import IMAGE_SIDE
from inkdigits.data.profile_parts import ACTIONS, Action, Consent, StoredModel, Version
from inkdigits.data.samples import (
    ID,
    MAX_COORDINATE,
    MAX_POINTS,
    MAX_STROKES,
    SOURCES,
    Sample,
    Source,
    Stroke,
)
from inkdigits.personal.errors import DatabaseError, InvalidSample

Row: TypeAlias = Mapping[Any, Any]

_CHECKED = ("id", "label", "source", "preprocessing", "revision", "time")
_PICTURE_BYTES = IMAGE_SIDE**2
_PREPROCESSING = re.compile(r"[a-z0-9_-]{1,32}")
# Of each stroke: the number of its points, and the width of the pen, NaN if it is not known. Then
# x and y of each point.
_STROKE = struct.Struct("<If")
_POINT = np.dtype("<f4")
_MAX_STROKE_BYTES = MAX_STROKES * _STROKE.size + MAX_POINTS * 2 * _POINT.itemsize


@dataclass(frozen=True)
class ProfileRecord:
    """What a database says about a profile, without its samples."""

    id: str
    name: str
    created: datetime
    consent: Consent


@dataclass(frozen=True)
class State:
    """What identifies the samples that a profile has at a moment.

    version      the number of the current version; 0 before the first sample
    fitted       the first version that had the same samples: models are stored with it
    fingerprint  of the samples
    """

    version: int
    fitted: int
    fingerprint: str


def to_time(time: datetime) -> str:
    """Return a time as it is stored."""
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def fingerprint(ids: Sequence[str]) -> str:
    """Return the SHA-256 of the IDs of samples, in the order in which they are fitted.

    ids  each with whatever else should make a difference
    """
    return hashlib.sha256("\n".join(ids).encode()).hexdigest()


def sample_row(sample: Sample) -> dict[str, Any]:
    """Return the columns of a sample; raise InvalidSample if it cannot be stored."""
    row = {
        "id": sample.id,
        "label": int(sample.label) if isinstance(sample.label, np.integer) else sample.label,
        "source": sample.source,
        "preprocessing": sample.preprocessing,
        "revision": sample.revision,
        "seen": _picture_bytes(sample.seen),
        "strokes": None if sample.strokes is None else _strokes_bytes(sample.strokes),
    }
    if not isinstance(sample.time, datetime) or sample.time.tzinfo is None:
        raise InvalidSample("A sample's time has no time zone; add one, such as datetime.UTC.")
    try:
        row["time"] = to_time(sample.time)
        _sample(row)
    except (ValueError, OverflowError) as error:
        raise InvalidSample(f"A sample cannot be stored: {error}; check how it was made.") from None
    return {**row, "checksum": _checksum(row)}


def to_sample(row: Row) -> Sample:
    """Return the sample of a row; raise DatabaseError if there can be no such sample."""
    try:
        sample = _sample(row)
        if row["checksum"] != _checksum(row):
            raise ValueError("its checksum is wrong")
    except ValueError as error:
        raise damaged("a sample", error) from None
    return sample


def to_version(row: Row) -> Version:
    """Return the version of a row; raise DatabaseError if there can be no such version."""
    try:
        if row["action"] not in ACTIONS:
            raise ValueError("it has an unknown action")
        return Version(
            number=_count(row["number"], "number"),
            time=_time(row["time"]),
            action=cast(Action, row["action"]),
            added=_count(row["added"], "number of added samples"),
            removed=_count(row["removed"], "number of removed samples"),
            samples=_count(row["samples"], "number of samples"),
        )
    except ValueError as error:
        raise damaged("a version", error) from None


def to_profile(row: Row) -> ProfileRecord:
    """Return the profile of a row; raise DatabaseError if there can be no such profile."""
    try:
        if not _matches(ID, row["id"]) or not isinstance(row["name"], str):
            raise ValueError("its ID or its name is not text")
        return ProfileRecord(
            id=row["id"],
            name=row["name"],
            created=_time(row["created"]),
            consent=Consent(
                _count(row["consent_version"], "version of the consent"), _time(row["consent_time"])
            ),
        )
    except ValueError as error:
        raise damaged("a profile", error) from None


def to_model(row: Row) -> StoredModel:
    """Return the model of a row; raise DatabaseError if there can be no such model."""
    digest, model, file = row["digest"], row["model"], row["file"]
    if not isinstance(digest, str) or not isinstance(model, str) or not isinstance(file, bytes):
        raise damaged("a model", "it is not text and bytes")
    return StoredModel(to_number(row["version"]), digest, model, file)


def to_id(value: Any) -> str:
    """Return the ID of a sample; raise DatabaseError if it can be none."""
    if not _matches(ID, value):
        raise damaged("a sample", "its ID is not 32 hexadecimal digits")
    return str(value)


def to_number(value: Any) -> int:
    """Return a number; raise DatabaseError if it is none."""
    try:
        return _count(value, "number")
    except ValueError as error:
        raise damaged("a row", error) from None


def damaged(what: str, cause: object) -> DatabaseError:
    """Make the error for content of the database that inkdigits did not write."""
    return DatabaseError(
        f"The database of profiles is damaged: {what} cannot be read, because {cause}; restore a "
        "backup."
    )


def _sample(row: Row) -> Sample:
    """Return the sample of a row; raise ValueError with a clause."""
    if not _matches(ID, row["id"]):
        raise ValueError("its ID is not 32 hexadecimal digits")
    label = row["label"]
    if isinstance(label, bool) or not isinstance(label, int) or not 0 <= label <= 9:
        raise ValueError("its label is not a digit")
    if row["source"] not in SOURCES:
        raise ValueError("its source is unknown")
    if not _matches(_PREPROCESSING, row["preprocessing"]):
        raise ValueError("the name of its preprocessing is not valid")
    seen = row["seen"]
    if not isinstance(seen, bytes) or len(seen) != _PICTURE_BYTES:
        raise ValueError(f"its picture does not have {IMAGE_SIDE} x {IMAGE_SIDE} pixels")
    strokes = row["strokes"]
    return Sample(
        seen=np.frombuffer(seen, np.uint8).reshape(IMAGE_SIDE, IMAGE_SIDE),
        label=label,
        source=cast(Source, row["source"]),
        preprocessing=row["preprocessing"],
        revision=_count(row["revision"], "revision"),
        strokes=None if strokes is None else _to_strokes(strokes),
        time=_time(row["time"]),
        id=row["id"],
    )


def _checksum(row: Row) -> int:
    """Return the CRC-32 of the columns of a sample, by which a damaged file is noticed."""
    checksum = zlib.crc32(repr([row[name] for name in _CHECKED]).encode())
    checksum = zlib.crc32(row["seen"], checksum)
    return zlib.crc32(row["strokes"] or b"", checksum)


def _picture_bytes(seen: Any) -> bytes:
    if not isinstance(seen, np.ndarray) or seen.dtype != np.uint8:
        raise InvalidSample("A sample's picture is not uint8; use what the recognizer has seen.")
    if seen.shape != (IMAGE_SIDE, IMAGE_SIDE):
        raise InvalidSample(
            f"A sample's picture does not have {IMAGE_SIDE} x {IMAGE_SIDE} pixels; use what the "
            "recognizer has seen."
        )
    return seen.tobytes()


def _strokes_bytes(strokes: Sequence[Stroke]) -> bytes:
    parts = []
    for stroke in strokes:
        points = np.asarray(stroke.points)
        if points.ndim != 2 or points.shape[1] != 2:
            raise InvalidSample("A stroke is not a list of points with x and y; leave it out.")
        width = float("nan") if stroke.width is None else float(stroke.width)
        if stroke.width is not None and not 0 < width <= MAX_COORDINATE:
            raise InvalidSample("A pen's width is not a positive number; leave it out.")
        parts += [_STROKE.pack(len(points), width), points.astype(_POINT).tobytes()]
    return b"".join(parts)


def _to_strokes(data: Any) -> tuple[Stroke, ...]:
    """Return the strokes of a column; raise ValueError with a clause."""
    if not isinstance(data, bytes) or len(data) > _MAX_STROKE_BYTES:
        raise ValueError("its strokes are not bytes, or too many")
    strokes = []
    offset = points_in_all = 0
    while offset < len(data):
        if len(data) - offset < _STROKE.size:
            raise ValueError("its strokes are truncated")
        count, width = _STROKE.unpack_from(data, offset)
        offset += _STROKE.size
        size = 2 * count * _POINT.itemsize
        points_in_all += count
        if not count or len(data) - offset < size:
            raise ValueError("one of its strokes has no points, or is truncated")
        points = np.frombuffer(data, _POINT, 2 * count, offset).astype(np.float32).reshape(-1, 2)
        offset += size
        if not np.isfinite(points).all() or np.abs(points).max() > MAX_COORDINATE:
            raise ValueError("one of its points is not finite, or is too far away")
        if not np.isnan(width) and not 0 < width <= MAX_COORDINATE:
            raise ValueError("the width of its pen is not a positive number")
        strokes.append(Stroke(points, None if np.isnan(width) else width))
    if not 1 <= len(strokes) <= MAX_STROKES or points_in_all > MAX_POINTS:
        raise ValueError(
            f"it does not have 1 to {MAX_STROKES} strokes with at most {MAX_POINTS:,} points"
        )
    return tuple(strokes)


def _count(value: Any, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**31:
        raise ValueError(f"its {what} is not a whole number from 0")
    return value


def _time(value: Any) -> datetime:
    try:
        time = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise ValueError("its time is not a time") from None
    if time.tzinfo is None:
        raise ValueError("its time has no time zone")
    return time


def _matches(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
