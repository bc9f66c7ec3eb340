"""Read and write the file of an exported profile: one person's samples, and what was made of them.

Anyone may have written such a file, so everything in it is checked, and within limits.
"""

import json
import re
from base64 import b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from inkdigits import strict_json
from inkdigits.arrays import Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data.folders import DataError
from inkdigits.data.json_fields import Fields
from inkdigits.data.profile_parts import ACTIONS, Action, Consent, StoredModel, Version
from inkdigits.data.samples import (
    ID,
    MAX_COORDINATE,
    MAX_POINTS,
    MAX_SAMPLES,
    MAX_STROKES,
    SOURCES,
    Sample,
    Source,
    Stroke,
)
from inkdigits.escaping import printable, shown
from inkdigits.imaging import png
from inkdigits.imaging.decode import decode, encode_png
from inkdigits.imaging.errors import ImageError
from inkdigits.imaging.limits import Limits
from inkdigits.preprocessing import PREPROCESSORS

FORMAT = "inkdigits-profile"
VERSION = 1
SUFFIX = ".profile.json"

MAX_BYTES = 64 * 2**20
MAX_VALUES = 2**23  # of the whole file: a parsed one takes up to 100 bytes
MAX_VERSIONS = 20_000  # the newest; older ones are left out
MAX_MODELS = 16
MAX_TENSOR_BYTES = 16 * 2**20  # of one model

_SAMPLE_FIELDS = "id label source time preprocessing revision seen strokes"
_VERSION_FIELDS = "number time action added removed samples"
_MODEL_FIELDS = "digest model version tensors"
_SEEN_LIMITS = Limits(bytes=2**14, pixels=IMAGE_SIDE**2)
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, eq=False)
class ProfileFile:
    """The content of an exported profile; times are in UTC."""

    name: str
    created: datetime
    consent: Consent
    samples: tuple[Sample, ...] = ()
    versions: tuple[Version, ...] = ()
    models: tuple[StoredModel, ...] = ()


def is_profile_file(first: bytes) -> bool:
    """Return whether a file that starts with these bytes may be an exported profile: JSON."""
    return first.lstrip(b" \t\r\n").startswith(b"{")


def write_profile_file(profile: ProfileFile) -> bytes:
    """Return the file of a profile; the same profile gives the same bytes.

    raises   DataError if it would be too large to be read again
    """
    document = {
        "format": FORMAT,
        "version": VERSION,
        "name": profile.name,
        "created": _write_time(profile.created),
        "consent": {
            "version": profile.consent.version,
            "time": _write_time(profile.consent.time),
        },
        "samples": [_write_sample(sample) for sample in profile.samples],
        "versions": [
            vars(version) | {"time": _write_time(version.time)}
            for version in profile.versions[-MAX_VERSIONS:]
        ],
        "models": [_write_model(model) for model in profile.models[-MAX_MODELS:]],
    }
    data = strict_json.canonical(document).encode()
    if len(data) > MAX_BYTES or _values(data) > MAX_VALUES or len(profile.samples) > MAX_SAMPLES:
        raise DataError(
            f"The profile {shown(profile.name)} is too large for one file, with "
            f"{len(profile.samples):,} samples and {len(data):,} bytes: remove some samples."
        )
    return data


def read_profile_file(source: str | Path | bytes, name: str = "The file") -> ProfileFile:
    """Read an exported profile.

    source   the path of the file, or its content
    name     of a content, for errors
    raises   DataError if it cannot be read, is not such a file, or exceeds a limit
    """
    data = source if isinstance(source, bytes) else read_content(Path(source))
    if not isinstance(source, bytes):
        name = printable(Path(source).name)
    try:
        return _parse(data)
    except _NewerVersion as error:
        raise DataError(f"{name} {error}: update inkdigits.") from None
    except (ValueError, ImageError) as error:
        cause = str(error).partition("\n")[0].rstrip(".")
        raise DataError(
            f"{name} is not a profile that inkdigits has exported, or was changed since ({cause}): "
            "export it again."
        ) from None


class _NewerVersion(ValueError):
    """A later inkdigits has written the file."""


def read_content(path: Path) -> bytes:
    """Return the content of a file, of which at most MAX_BYTES + 1 are read; raise DataError."""
    try:
        if path.exists() and not path.is_file():
            raise DataError(f"{printable(path)} is not a file; name an exported profile.")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: a zero byte in the name
        cause = getattr(error, "strerror", None) or "its name is not valid"
        raise DataError(
            f"{printable(path)} cannot be read ({cause}): name an exported profile."
        ) from None


def _values(data: bytes) -> int:
    """Return at least the number of values in JSON, before it is parsed and takes memory."""
    return sum(map(data.count, (b",", b"[", b"{")))


def _parse(data: bytes) -> ProfileFile:
    if len(data) > MAX_BYTES:
        raise ValueError(f"it has more than {MAX_BYTES:,} bytes")
    if _values(data) > MAX_VALUES:
        raise ValueError(f"it has more than {MAX_VALUES:,} values")
    try:
        document = strict_json.parse(data)
    except json.JSONDecodeError as error:
        raise ValueError(f"it is not JSON at character {error.pos:,}") from None
    except UnicodeDecodeError:
        raise ValueError("it is not UTF-8") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"its format is not {FORMAT}")
    version = document.get("version")
    if type(version) is int and version > VERSION:
        raise _NewerVersion(f"was written by a newer inkdigits, in version {shown(version)}")
    if type(version) is not int or version != VERSION:
        raise ValueError(f"its version is not {VERSION}")
    fields = Fields(document, "", "format version name created consent samples versions models")
    samples = tuple(map(_read_sample, fields.objects("samples", MAX_SAMPLES, _SAMPLE_FIELDS)))
    if len({sample.id for sample in samples}) != len(samples):
        raise ValueError("two samples have the same id")
    consent = fields.object("consent", "version time")
    versions = tuple(map(_read_version, fields.objects("versions", MAX_VERSIONS, _VERSION_FIELDS)))
    if any(a.number >= b.number for a, b in pairwise(versions)):
        raise ValueError("the numbers of its versions do not grow")
    return ProfileFile(
        fields.name("name"),
        fields.time("created"),
        Consent(consent.number("version", 1), consent.time("time")),
        samples,
        versions,
        tuple(map(_read_model, fields.objects("models", MAX_MODELS, _MODEL_FIELDS))),
    )


def _write_time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds")


def _write_sample(sample: Sample) -> dict[str, Any]:
    strokes = sample.strokes
    return {
        "id": sample.id,
        "label": sample.label,
        "source": sample.source,
        "time": _write_time(sample.time),
        "preprocessing": sample.preprocessing,
        "revision": sample.revision,
        "seen": b64encode(encode_png(sample.seen)).decode(),
        "strokes": None if strokes is None else [_write_stroke(stroke) for stroke in strokes],
    }


def _write_stroke(stroke: Stroke) -> dict[str, Any]:
    # The shortest decimals that give the same float32 again.
    points = [[float(str(x)), float(str(y))] for x, y in np.asarray(stroke.points, np.float32)]
    return {"points": points, "width": stroke.width}


def _write_model(model: StoredModel) -> dict[str, Any]:
    return {
        "digest": model.digest,
        "model": model.model,
        "version": model.version,
        "tensors": b64encode(model.file).decode(),
    }


def _read_sample(fields: Fields) -> Sample:
    source: Source = fields.choice("source", SOURCES)
    return Sample(
        seen=_read_seen(fields),
        label=fields.number("label", 0, 9),
        source=source,
        preprocessing=fields.choice("preprocessing", list(PREPROCESSORS)),
        revision=fields.number("revision"),
        strokes=_read_strokes(fields),
        time=fields.time("time"),
        id=fields.matching("id", ID, "32 hexadecimal digits"),
    )


def _read_seen(fields: Fields) -> Pixels:
    data = fields.bytes("seen", _SEEN_LIMITS.bytes)
    try:
        header = png.read_header(data)
        side, form = (header.width, header.height), (header.bit_depth, header.color_type)
        if side != (IMAGE_SIDE, IMAGE_SIDE) or form != (8, png.GRAY):
            raise fields.error("seen", f"it is not {IMAGE_SIDE} x {IMAGE_SIDE} gray pixels")
        rgba = decode(data, "image/png", _SEEN_LIMITS)
    except ImageError as error:
        raise fields.error("seen", str(error)) from None
    if (rgba[..., 3] != 255).any():
        raise fields.error("seen", "it has transparent pixels")
    return rgba[..., 0].copy()


def _read_strokes(fields: Fields) -> tuple[Stroke, ...] | None:
    if fields.get("strokes") is None:
        return None
    strokes = fields.objects("strokes", MAX_STROKES, "points width")
    if not strokes:
        raise fields.error("strokes", "there are none; expected null")
    left = MAX_POINTS
    read = []
    for stroke in strokes:
        read.append(_read_stroke(stroke, left))
        left -= len(read[-1].points)
    return tuple(read)


def _read_stroke(fields: Fields, most: int) -> Stroke:
    """Read a stroke of 1 to `most` points."""
    points = fields.get("points")
    if not isinstance(points, list) or not 1 <= len(points) <= most:
        raise fields.error("points", f"expected a list of 1 to {most:,} points")
    for number, point in enumerate(points):
        is_pair = isinstance(point, list) and len(point) == 2
        if not is_pair or not all(map(_is_coordinate, point)):
            raise fields.error(
                f"points[{number}]", f"expected x and y, of at most {MAX_COORDINATE:,.0f}"
            )
    width = fields.get("width")
    if width is not None and not (_is_coordinate(width) and width > 0):
        raise fields.error("width", f"expected a positive number or null, got {shown(width)}")
    array = np.array(points, np.float32)
    return Stroke(array, None if width is None else float(width))


def _is_coordinate(value: Any) -> bool:
    return type(value) in (int, float) and abs(value) <= MAX_COORDINATE


def _read_version(fields: Fields) -> Version:
    action: Action = fields.choice("action", ACTIONS)
    return Version(
        fields.number("number", 1),
        fields.time("time"),
        action,
        fields.number("added"),
        fields.number("removed"),
        fields.number("samples"),
    )


def _read_model(fields: Fields) -> StoredModel:
    return StoredModel(
        fields.number("version", 1),
        fields.matching("digest", _DIGEST, "64 hexadecimal digits"),
        fields.name("model"),
        fields.bytes("tensors", MAX_TENSOR_BYTES),
    )
