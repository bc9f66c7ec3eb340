"""Exported profiles: written and read again, and hostile ones end in one sentence."""

import json
import struct
import zlib
from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np
import pytest
from exported import TIME, changed_file, encoded, exported, exported_sample

from inkdigits.data import profile_files
from inkdigits.data.folders import DataError
from inkdigits.data.profile_files import (
    MAX_BYTES,
    MAX_SAMPLES,
    MAX_VALUES,
    read_profile_file,
    write_profile_file,
)
from inkdigits.data.profile_parts import StoredModel, Version
from inkdigits.data.samples import Stroke
from inkdigits.imaging.decode import encode_png

GRAY = np.zeros((28, 28), np.uint8)
STROKE = ("samples", 0, "strokes", 0)


def cause(data):
    """Return the one sentence that reading it ends in."""
    with pytest.raises(DataError) as caught:
        read_profile_file(data)
    message = str(caught.value)
    assert message.isprintable()
    assert message.isascii()
    assert message.endswith(".")
    assert ". " not in message
    assert len(message) < 400
    return message


def test_a_profile_is_read_as_it_was_written():
    profile = exported()
    read = read_profile_file(write_profile_file(profile))
    assert (read.name, read.created, read.consent) == ("Ada", TIME, profile.consent)
    assert (read.versions, read.models) == (profile.versions, profile.models)
    for before, after in zip(profile.samples, read.samples, strict=True):
        np.testing.assert_array_equal(after.seen, before.seen)
        for name in ("label", "source", "preprocessing", "revision", "time", "id"):
            assert getattr(after, name) == getattr(before, name)
    points = read.samples[0].strokes[0].points
    np.testing.assert_array_equal(points, profile.samples[0].strokes[0].points)
    assert points.dtype == np.float32
    assert read.samples[0].strokes[0].width == 1.5
    assert read.samples[1].strokes is None


def test_transparent_pixels_are_refused():
    file = encode_png(GRAY)
    chunk = b"tRNS" + bytes(2)  # black is transparent
    place = file.index(b"IDAT") - 4
    chunk = struct.pack(">I", 2) + chunk + struct.pack(">I", zlib.crc32(chunk))
    seen = encoded(file[:place] + chunk + file[place:])
    assert "transparent" in cause(changed_file("samples", 1, "seen", value=seen))


def test_coordinates_are_written_shortly():
    assert b"[[0.1,2.0],[3.25,1e-05]]" in write_profile_file(exported())


def test_the_same_profile_gives_the_same_bytes():
    data = write_profile_file(exported())
    assert write_profile_file(exported()) == data
    assert write_profile_file(read_profile_file(data)) == data
    zone = timezone(timedelta(hours=2))
    assert write_profile_file(exported(created=TIME.astimezone(zone))) == data


def test_a_profile_without_anything_is_written():
    read = read_profile_file(write_profile_file(exported(labels=(), versions=(), models=())))
    assert (read.samples, read.versions, read.models) == ((), (), ())


def test_a_file_is_named_in_the_error(tmp_path):
    path = tmp_path / "Ada.profile.json"
    path.write_bytes(b"{}")
    assert "Ada.profile.json is not a profile" in cause(path)
    assert "No such file" in cause(tmp_path / "other")
    assert "is not a file" in cause(tmp_path)
    assert "its name is not valid" in cause("a\0b")


def test_a_newer_file_asks_for_an_update():
    assert "newer inkdigits, in version 2): update" not in cause(changed_file("version", value=2))
    assert cause(changed_file("version", value=2)).endswith("in version 2: update inkdigits.")
    huge = changed_file("version", value=2**127)
    assert "update inkdigits" in cause(huge)


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        (("format",), "inkdigits-model", "format"),
        (("version",), 0, "version is not 1"),
        (("version",), True, "version is not 1"),
        (("name",), "", "name: expected 1 to 64"),
        (("name",), "a" * 65, "name: expected 1 to 64"),
        (("name",), "a\nb", "name: expected 1 to 64"),
        (("name",), 7, "name: expected text"),
        (("created",), "2026-05-04T03:02:01", "created: expected a time with its zone"),
        (("created",), "2026-13-04T03:02:01Z", "is not a time"),
        (("created",), "0001-01-01T00:00:00+23:59", "is not a time"),
        (("created",), "\u0662026-05-04T03:02:01Z", "created: expected a time"),
        (("consent",), None, "consent: expected an object"),
        (("consent", "version"), 0, "consent.version: expected a whole number"),
        (("samples",), {}, "samples: expected a list"),
        (("samples", 1), [], "samples[1]: expected an object"),
        (("samples", 1, "label"), 10, "samples[1].label: expected a whole number from 0 to 9"),
        (("samples", 1, "label"), "4", "samples[1].label"),
        (("samples", 1, "label"), 4.0, "samples[1].label"),
        (("samples", 1, "source"), "web", "'web' is not one of drawn"),
        (("samples", 1, "source"), ["drawn"], "source: expected text"),
        (("samples", 1, "preprocessing"), "sharpen", "'sharpen' is not one of"),
        (("samples", 1, "revision"), -1, "revision: expected"),
        (("samples", 1, "revision"), 2**100, "revision: expected"),
        (("samples", 1, "id"), "0" * 65, "32 hexadecimal digits"),
        (("samples", 1, "id"), "a b", "32 hexadecimal digits"),
        (("samples", 1, "id"), "0" * 32, "two samples have the same id"),
        (("samples", 1, "seen"), "####", "seen: it is not base64"),
        (("samples", 1, "seen"), "\u00e9", "seen: it is not base64"),
        (("samples", 1, "seen"), "A" * 30_000, "more than 16,384 bytes"),
        (("samples", 1, "seen"), encoded(b"GIF89a" + bytes(40)), "seen: The image is damaged"),
        (("samples", 1, "seen"), encoded(encode_png(GRAY)[:-20]), "seen: The image is damaged"),
        (("samples", 1, "seen"), encoded(encode_png(GRAY[:27])), "28 x 28 gray"),
        (("samples", 1, "seen"), encoded(encode_png(np.zeros((999, 999), np.uint8))), "28 x 28"),
        (("samples", 0, "strokes"), {}, "strokes: expected a list"),
        (("samples", 0, "strokes"), [{"points": [], "width": 1}] * 201, "more than 200"),
        ((*STROKE, "points"), [[0, 0]] * 20_001, "1 to 20,000 points"),
        (
            ("samples", 0, "strokes"),
            [{"points": [[0, 0]] * 10_001, "width": 1}] * 2,
            "1 to 9,999 points",
        ),
        (("samples", 0, "strokes"), [], "strokes: there are none"),
        ((*STROKE, "points"), [], "points: expected a list of 1 to 20,000"),
        ((*STROKE, "points"), [[0, 0], [1]], "points[1]: expected x and y"),
        ((*STROKE, "points"), [[0, "1"]], "points[0]"),
        ((*STROKE, "points"), [[0, True]], "points[0]"),
        ((*STROKE, "points"), [[0, 1e300]], "points[0]"),
        ((*STROKE, "points"), [[0, 10**38]], "points[0]"),
        ((*STROKE, "width"), 0, "width: expected a positive number"),
        ((*STROKE, "width"), "1", "width: expected a positive number"),
        (("versions", 0, "action"), "steal", "is not one of add"),
        (("versions", 0, "number"), 0, "number: expected"),
        (("models", 0, "digest"), "ab", "64 hexadecimal digits"),
        (("models", 0, "tensors"), "A" * 23_000_000, "more than 16,777,216 bytes"),
        (("samples", 1, "more"), 1, "samples[1]: unknown field 'more'"),
        (("more",), 1, "unknown field 'more'"),
    ],
)
def test_a_wrong_value_is_named(path, value, expected):
    assert expected in cause(changed_file(*path, value=value))


@pytest.mark.parametrize(
    "path",
    [("name",), ("consent", "time"), ("samples", 2, "id"), (*STROKE, "width"), ("models",)],
)
def test_a_missing_field_is_named(path):
    assert f"{path[-1]}: it is missing" in cause(changed_file(*path, remove=True))


def test_numbers_of_versions_grow():
    version = Version(2, TIME, "add", 1, 0, 1)
    data = write_profile_file(exported(versions=(version, version)))
    assert "do not grow" in cause(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe{\0}\0",
        b'{"format":"inkdigits-profile",',
        b"[" * 400_000,
        b'{"a":' * 400_000,
        b"9" * 5000,
        b'{"format":NaN}',
        b'{"format":1e999}',
        b'{"name":"\\ud800"}',
        b'{"format":"inkdigits-profile","format":"inkdigits-profile"}',
    ],
)
def test_what_is_not_such_json_ends_in_a_sentence(data):
    cause(data)


def test_limits_are_checked_before_parsing():
    assert f"{MAX_BYTES:,} bytes" in cause(b" " * (MAX_BYTES + 1))
    assert f"{MAX_VALUES:,} values" in cause(b"[]," * (MAX_VALUES // 2 + 1))


def test_truncated_files_end_in_a_sentence():
    data = write_profile_file(exported())
    for size in range(0, len(data), 29):
        cause(data[:size])


def test_flipped_bits_never_end_in_a_trace():
    data = write_profile_file(exported())
    damaged = 0
    for place in range(0, len(data), 3):
        flipped = bytearray(data)
        flipped[place] ^= 1 << place % 8
        try:
            read_profile_file(bytes(flipped))
        except DataError:
            damaged += 1
    # Other names and times are still valid; a picture that was changed never is.
    assert damaged > 0.8 * len(data) / 3


def test_too_many_samples_are_not_written_and_not_read():
    samples = [exported_sample(n, n % 10) for n in range(MAX_SAMPLES + 1)]
    with pytest.raises(DataError, match="remove some samples"):
        write_profile_file(exported(samples=tuple(samples)))
    document = json.loads(write_profile_file(exported()))
    document["samples"] *= MAX_SAMPLES
    assert f"more than {MAX_SAMPLES:,}" in cause(json.dumps(document).encode())


def test_a_file_of_too_many_bytes_is_not_written(monkeypatch):
    monkeypatch.setattr(profile_files, "MAX_BYTES", 1000)
    with pytest.raises(DataError, match="too large"):
        write_profile_file(exported())


def test_only_the_newest_versions_and_models_are_written(monkeypatch):
    monkeypatch.setattr(profile_files, "MAX_VERSIONS", 2)
    monkeypatch.setattr(profile_files, "MAX_MODELS", 1)
    versions = tuple(Version(number, TIME, "add", 1, 0, number) for number in (1, 2, 3))
    models = tuple(StoredModel(number, "ab" * 32, "mlp", b"file") for number in (2, 3))
    read = read_profile_file(write_profile_file(exported(versions=versions, models=models)))
    assert (read.versions, read.models) == (versions[1:], models[1:])


def test_a_stroke_without_a_width_is_kept():
    strokes = (Stroke(np.zeros((1, 2), np.float32)),)
    sample = replace(exported().samples[0], strokes=strokes)
    (read,) = read_profile_file(write_profile_file(exported(samples=(sample,)))).samples
    assert read.strokes[0].points.shape == (1, 2)
    assert read.strokes[0].width is None


def test_a_time_may_have_any_zone():
    data = changed_file("created", value="2026-05-04T05:02:01+02:00")
    assert read_profile_file(data).created == datetime.fromisoformat("2026-05-04T03:02:01+00:00")
