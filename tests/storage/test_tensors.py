"""The container of model files and checkpoints: tensors and a document under one SHA-256."""

import hashlib
import json
import os
import struct

import numpy as np
import pytest
from forged import ZEROS, canonical, entry, forge, forge_header, numbers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file

from inkdigits.storage.files import FileError
from inkdigits.storage.tensors import (
    MAX_FILE_BYTES,
    MAX_HEADER_BYTES,
    read_tensors,
    write_tensors,
)

TENSORS = {"a": np.float32([1, 2]), "b": np.float32([[3], [4]])}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file.safetensors"


def rejection(path):
    """Return the message of the FileError that reading a file raises."""
    with pytest.raises(FileError) as caught:
        read_tensors(path)
    message = str(caught.value)
    assert str(path) in message
    assert message.endswith(".")
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))
    return message


# Valid files


def test_forged_file_without_a_fault_is_accepted(path):
    """The forgeries below are rejected for their fault only."""
    forge(path, {"a": entry([2], 0, 8), "b": entry([], 8, 12)}, numbers(1, 2, 3), {"x": 1})
    tensors, document, digest = read_tensors(path)
    assert tensors["a"].tolist() == [1, 2]
    assert tensors["b"].shape == ()
    assert document == {"x": 1}
    assert digest.encode() in path.read_bytes()


def test_tensors_and_document_survive_a_round_trip(path):
    document = {"list": [1, 2.5, None, True], "text": 'a "quoted" é\n', "sha256": "ab" * 32}
    transposed = np.arange(6, dtype=np.float32).reshape(2, 3).T
    written = {"x": transposed, "empty": np.zeros((0, 3), np.float32), "single": np.float32(7)}
    digest = write_tensors(path, written, document)
    tensors, read, read_digest = read_tensors(path)
    assert (read, read_digest) == (document, digest)
    assert list(tensors) == sorted(written)
    for name, tensor in tensors.items():
        assert np.array_equal(tensor, written[name])
        assert tensor.shape == written[name].shape
        assert tensor.dtype == np.float32


def test_other_programs_can_read_the_safetensors_file(path):
    write_tensors(path, TENSORS, {})
    assert np.array_equal(load_file(path)["b"], TENSORS["b"])


def test_digest_covers_the_file_with_its_own_digits_as_zeros(path):
    digest = write_tensors(path, TENSORS, {})
    data = path.read_bytes()
    assert data.count(digest.encode()) == 1
    assert hashlib.sha256(data.replace(digest.encode(), ZEROS.encode())).hexdigest() == digest


def test_same_content_gives_the_same_bytes(path, tmp_path):
    other = tmp_path / "other"
    write_tensors(path, TENSORS, {"a": 1, "b": {"c": 2, "d": 3}})
    write_tensors(other, dict(reversed(TENSORS.items())), {"b": {"d": 3, "c": 2}, "a": 1})
    assert path.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("tensors", "document", "error"),
    [
        ({"a": np.float32([np.nan])}, {}, FileError),
        ({"a": np.float64([1])}, {}, FileError),
        ({"a": np.int32([1])}, {}, FileError),
        ({"a": np.zeros(MAX_FILE_BYTES // 4, np.float32)}, {}, FileError),
        (TENSORS, {"text": "x" * MAX_HEADER_BYTES}, FileError),
        (TENSORS, {1: "not text", 10: "", 2: ""}, FileError),
        (TENSORS, {"a": float("nan")}, ValueError),
        (TENSORS, {"a": object()}, TypeError),
    ],
    ids=["nan", "float64", "int32", "large", "long", "keys", "nan in document", "object"],
)
def test_file_that_could_not_be_read_is_not_written(path, tensors, document, error):
    path.write_text("old")
    with pytest.raises(error):
        write_tensors(path, tensors, document)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


# Invalid files


@pytest.mark.parametrize("content", [b"", b"{}", b"\0" * 8, b"\0" * 100, b"\xff" * 100, b"PK\3\4"])
def test_other_content_is_rejected(path, content):
    path.write_bytes(content)
    assert "is not a file of inkdigits" in rejection(path)


@pytest.mark.parametrize("length", [MAX_HEADER_BYTES + 1, 2**40, 2**63, 2**64 - 8, 2**64 - 1])
def test_header_that_claims_more_than_the_limit_is_rejected(path, length):
    path.write_bytes(struct.pack("<Q", length) + b"{" * 1000)
    assert str(MAX_HEADER_BYTES) in rejection(path)


def test_header_limit_is_exact(path):
    forge(path, {"a": entry([1], 0, 4)}, numbers(1))
    header = int.from_bytes(path.read_bytes()[:8], "little")
    forge(path, {"a": entry([1], 0, 4)}, numbers(1), padding=MAX_HEADER_BYTES - header)
    assert read_tensors(path)[0]["a"].tolist() == [1]
    forge(path, {"a": entry([1], 0, 4)}, numbers(1), padding=MAX_HEADER_BYTES - header + 8)
    assert str(MAX_HEADER_BYTES) in rejection(path)


@pytest.mark.parametrize(
    ("entries", "body"),
    [
        ({"a": entry([2], 0, 8), "b": entry([2], 4, 12)}, numbers(1, 2, 3)),
        ({"a": entry([2], 0, 8), "b": entry([2], 0, 8)}, numbers(1, 2)),
        ({"a": entry([1], 0, 4), "b": entry([1], 8, 12)}, numbers(1, 2, 3)),
        ({"a": entry([1], 4, 8)}, numbers(1, 2)),
        ({"a": entry([1], 0, 4)}, numbers(1, 2)),
        ({"a": entry([1], 0, 4)}, numbers(1) + b"\0"),
        ({"a": entry([2], 0, 8)}, numbers(1)),
        ({"a": entry([3], 0, 8)}, numbers(1, 2)),
        ({"a": entry([1], 4, 0)}, numbers(1)),
        ({}, numbers(1)),
    ],
    ids=[
        "overlap",
        "the same bytes twice",
        "hole",
        "hole at the start",
        "trailing number",
        "trailing byte",
        "past the end",
        "shape past the end",
        "backwards",
        "bytes of no tensor",
    ],
)
def test_overlap_hole_or_trailing_bytes_are_rejected(path, entries, body):
    forge(path, entries, body)
    assert "malformed" in rejection(path)


@pytest.mark.parametrize(
    "shape",
    [
        [2**62, 4],
        [2**32, 2**32],
        [2**63, 2],
        [2**64],
        [2**63 + 1, 2**63],
        [2**62, 4, 0],
        [0, 2**62],
        [0, 2**63],
        [-1],
        [1.0],
        ["1"],
        [1] * 100,
        None,
    ],
    ids=str,
)
def test_shape_whose_product_overflows_is_rejected(path, shape):
    for size in (0, 4):
        forge(path, {"a": entry(shape, 0, size)}, bytes(size))
        assert "malformed" in rejection(path)


@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -np.inf])
def test_nan_or_infinity_is_rejected(path, value):
    forge(path, {"a": entry([2], 0, 8)}, numbers(1, value))
    assert "'a' contains NaN or infinity" in rejection(path)


def test_every_flipped_bit_is_detected(path):
    write_tensors(path, TENSORS, {"x": 1})
    data = path.read_bytes()
    with open(path, "r+b", buffering=0) as file:
        for bit in range(8 * len(data)):
            byte = data[bit // 8]
            os.pwrite(file.fileno(), bytes([byte ^ 1 << bit % 8]), bit // 8)
            with pytest.raises(FileError):
                read_tensors(path)
            os.pwrite(file.fileno(), bytes([byte]), bit // 8)
    read_tensors(path)


ENTRY = '"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}'


@pytest.mark.parametrize(
    "entries",
    [
        f"{ENTRY},{ENTRY}",
        ENTRY + ',"\\u0061":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}',
        '"a":{"dtype":"F32","dtype":"F32","shape":[1],"data_offsets":[0,4]}',
        '"a":{"dtype":"F32","shape":[2],"shape":[1],"data_offsets":[0,4]}',
        ENTRY + ',"__metadata__":{"inkdigits":"{}"}',
    ],
)
def test_duplicate_names_are_rejected(path, entries):
    forge(path, entries, numbers(1))
    assert "malformed" in rejection(path)


@pytest.mark.parametrize(
    "content",
    [
        f'{{"document":{{"a":1,"a":1}},"sha256":"{ZEROS}"}}',
        f'{{"document":{{}},"document":{{}},"sha256":"{ZEROS}"}}',
        f'{{"document": {{}},"sha256":"{ZEROS}"}}',
        f'{{"document":{{"a":NaN}},"sha256":"{ZEROS}"}}',
        f'{{"document":{{"a":1e999}},"sha256":"{ZEROS}"}}',
        f'{{"document":{{"a":1.00}},"sha256":"{ZEROS}"}}',
        f'{{"document":{{"b":1,"a":1}},"sha256":"{ZEROS}"}}',
        f'{{"document":{{"a":{"1" * 5000}}},"sha256":"{ZEROS}"}}',
        f'{{"document":{"[" * 100_000},"sha256":"{ZEROS}"}}',
        f'{{"document":[],"sha256":"{ZEROS}"}}',
        f'{{"document":{{}},"extra":1,"sha256":"{ZEROS}"}}',
        f'{{"document":{{"sha256":"{ZEROS}"}}}}',
        f'[{{"document":{{}},"sha256":"{ZEROS}"}}',
    ],
    ids=lambda content: content[:40],
)
def test_document_that_is_not_canonical_is_rejected(path, content):
    forge(path, {"a": entry([1], 0, 4)}, numbers(1), content=content)
    rejection(path)


def test_metadata_of_another_form_is_rejected(path):
    content = canonical({"document": {}, "sha256": ZEROS})
    valid = json.dumps(content)
    for header in (
        f'{{"__metadata__":{{"inkdigits":{valid},"other":"x"}},{ENTRY}}}',
        f'{{"__metadata__":{{"other":{valid}}},{ENTRY}}}',
        f'{{"__metadata__":[{valid}],{ENTRY}}}',
        f'{{"metadata":{{"inkdigits":{valid}}},{ENTRY}}}',
        f"[{valid}]",
        valid,
        f'{{"__metadata__":{{"inkdigits":{valid}}},{ENTRY}}}'.encode("utf-16"),
    ):
        try:
            forge_header(path, header, numbers(1))
        except AssertionError:  # UTF-16 has no place for the digest
            path.write_bytes(struct.pack("<Q", len(header)) + header)
        rejection(path)


def test_second_digest_is_rejected(path):
    """A tensor's name can look like the digest; then it is ambiguous which one is meant."""
    name = '\\"sha256\\":\\"' + "1" * 64 + '\\"}'
    forge(path, f'"{name}":' + json.dumps(entry([1], 0, 4)), numbers(1))
    rejection(path)


def test_digest_outside_the_document_is_rejected(path):
    name = '\\"sha256\\":\\"' + ZEROS + '\\"}'
    entries = f'"{name}":' + json.dumps(entry([1], 0, 4))
    for content in ('{"document":{},"sha256":null}', '{"document":{}}'):
        forge(path, entries, numbers(1), content=content)
        rejection(path)


@pytest.mark.parametrize(
    ("count", "dtypes"),
    [
        (1, ["F64", "C64", "F128"]),
        (2, ["I32", "U32", "float32", None]),
        (4, ["F16", "BF16"]),
        (8, ["U8", "BOOL", "F8_E4M3"]),
        (16, ["F4"]),
    ],
)
def test_other_dtypes_are_rejected(path, count, dtypes):
    for dtype in dtypes:
        forge(path, {"a": entry([count], 0, 8, dtype)}, bytes(8))
        rejection(path)


def test_message_quotes_a_file_briefly_and_without_control_characters(path):
    name = "\x1b[2J\n" * 1000
    for invalid in (entry([1], 0, 4, "\x1b\n" * 1000), entry([1], 0, 8), entry([1], 0, 4)):
        forge(path, {name: invalid}, numbers(np.nan))
        assert "\x1b" not in rejection(path)


def test_file_over_the_limit_is_rejected_before_it_is_read(path):
    for size in (MAX_FILE_BYTES + 1, 2**40):
        with open(path, "wb") as file:
            file.truncate(size)
        assert str(MAX_FILE_BYTES) in rejection(path)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**65), 2**65)
    | st.floats()
    | st.sampled_from(["F32", "F64", "BF16", "F4", "BOOL", "C64", "", "a"]),
    lambda children: (
        st.lists(children, max_size=3)
        | st.dictionaries(
            st.sampled_from(["dtype", "shape", "data_offsets", "__metadata__", "a"]), children
        )
    ),
    max_leaves=8,
)
ENTRIES = st.fixed_dictionaries(
    {},
    optional={
        "dtype": st.sampled_from(["F32", "F64", "BF16", "F8_E4M3", "F4", "C64"]) | JSON,
        "shape": st.lists(st.integers(0, 4) | st.integers(0, 2**64), max_size=4) | JSON,
        "data_offsets": st.lists(st.integers(0, 17), min_size=2, max_size=2) | JSON,
    },
)


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    table=st.dictionaries(st.sampled_from("abc"), ENTRIES | JSON, max_size=3),
    body=st.binary(max_size=17),
)
def test_any_header_gives_finite_float32_tensors_or_a_file_error(path, table, body):
    forge(path, table, body)
    try:
        tensors, _, _ = read_tensors(path)
    except FileError:
        return
    assert sum(tensor.nbytes for tensor in tensors.values()) == len(body)
    assert all(x.dtype == np.float32 and np.isfinite(x).all() for x in tensors.values())
