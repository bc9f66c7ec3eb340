"""Model files: what is written is read again, and nothing else is."""

import hashlib
import json
import os
import pickle
import random
import resource
import socket
import stat
import struct
import subprocess
import sys
import zipfile
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from forged import (
    ZEROS,
    canonical,
    deep,
    entry,
    forge,
    forge_header,
    forge_model,
    forge_tensors,
    mutated,
    mutated_tensors,
    numbers,
)
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.numpy import load_file
from untrained import untrained

from inkdigits import model_file
from inkdigits.model_file import (
    MAX_FILE_BYTES,
    MAX_HEADER_BYTES,
    ArtifactError,
    load_model,
    locate,
    read_file,
    read_tensors,
    save_model,
    shipped_models,
    write_atomically,
    write_tensors,
)
from inkdigits.recipes import RECIPES

TENSORS = {"a": np.float32([1, 2]), "b": np.float32([[3], [4]])}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "model.safetensors"


@pytest.fixture
def model():
    return untrained(
        temperature=1.25,
        metrics={"validation": {"accuracy": 0.98, "correct": 5880}},
        training={"seed": 0, "data": {"train-images-idx3-ubyte": "5e" * 32}},
    )


def refused(path, load=load_model):
    """The sentence of the typed error that a file gives."""
    with pytest.raises(ArtifactError) as caught:
        load(path)
    sentence = str(caught.value)
    assert str(path) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 400 + len(str(path))
    return sentence


def calibration(temperature=1.0, threshold=0.5, **more):
    """The change that puts these into a forged document."""
    return {"calibration": {"temperature": temperature, "threshold": threshold, **more}}


def test_a_right_forgery_is_accepted(path, model):
    """The forgeries below are refused for what is wrong with them, and for nothing else."""
    forge(path, {"a": entry([2], 0, 8), "b": entry([], 8, 12)}, numbers(1, 2, 3), {"x": 1})
    tensors, document, digest = read_tensors(path)
    assert tensors["a"].tolist() == [1, 2]
    assert tensors["b"].shape == ()
    assert document == {"x": 1}
    assert digest.encode() in path.read_bytes()
    forge_model(path, model)
    assert np.array_equal(load_model(path).vector, model.vector)


# The container


def test_tensors_and_document_come_back(path):
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


def test_the_file_is_plain_safetensors(path):
    write_tensors(path, TENSORS, {})
    assert np.array_equal(load_file(path)["b"], TENSORS["b"])


def test_the_digest_covers_the_file_with_its_own_digits_zeroed(path):
    digest = write_tensors(path, TENSORS, {})
    data = path.read_bytes()
    assert data.count(digest.encode()) == 1
    assert hashlib.sha256(data.replace(digest.encode(), ZEROS.encode())).hexdigest() == digest


def test_the_same_content_gives_the_same_bytes(path, tmp_path):
    other = tmp_path / "other"
    write_tensors(path, TENSORS, {"a": 1, "b": {"c": 2, "d": 3}})
    write_tensors(other, dict(reversed(TENSORS.items())), {"b": {"d": 3, "c": 2}, "a": 1})
    assert path.read_bytes() == other.read_bytes()


@pytest.mark.parametrize(
    ("tensors", "document", "error"),
    [
        ({"a": np.float32([np.nan])}, {}, ArtifactError),
        ({"a": np.float64([1])}, {}, ArtifactError),
        ({"a": np.int32([1])}, {}, ArtifactError),
        ({"a": np.zeros(MAX_FILE_BYTES // 4, np.float32)}, {}, ArtifactError),
        (TENSORS, {"text": "x" * MAX_HEADER_BYTES}, ArtifactError),
        (TENSORS, {1: "no text", 10: "", 2: ""}, ArtifactError),
        (TENSORS, {"a": float("nan")}, ValueError),
        (TENSORS, {"a": object()}, TypeError),
    ],
    ids=["nan", "float64", "int32", "large", "long", "keys", "nan in document", "object"],
)
def test_what_could_not_be_read_is_not_written(path, tensors, document, error):
    path.write_text("old")
    with pytest.raises(error):
        write_tensors(path, tensors, document)
    assert path.read_text() == "old"
    assert list(path.parent.iterdir()) == [path]


# Atomic writing


@contextmanager
def file_size_limit(size):
    """Make the system refuse to write more than this into any file, as a full disk does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_failed_write_leaves_the_old_file_and_nothing_else(path):
    write_atomically(path, b"old")
    with file_size_limit(100_000), pytest.raises(OSError, match="File too large"):
        write_atomically(path, b"n" * 200_000)
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_a_failed_rename_leaves_no_temporary_file(path):
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(path, b"new")
    assert list(path.parent.iterdir()) == [path]


def test_the_data_are_on_the_disk_before_the_name_and_the_name_before_the_return(path, monkeypatch):
    calls = []

    def watch(name):
        function = getattr(os, name)

        def watched(*arguments):
            status = os.fstat(arguments[0]) if name == "fsync" else None
            size = status.st_size if status and stat.S_ISREG(status.st_mode) else None
            calls.append((name, size))
            return function(*arguments)

        monkeypatch.setattr(os, name, watched)

    watch("fsync")
    watch("replace")
    write_atomically(path, b"12345")
    assert calls == [("fsync", 5), ("replace", None), ("fsync", None)]


def test_a_written_file_has_the_permissions_of_any_new_file(path, tmp_path):
    plain = tmp_path / "plain"
    plain.touch()
    write_atomically(str(path), b"")
    assert path.stat().st_mode == plain.stat().st_mode


def test_a_regular_file_is_read_up_to_the_limit(path):
    path.write_bytes(b"12345")
    assert read_file(path, 5) == b"12345"
    assert "5 bytes where 4" in refused(path, lambda path: read_file(path, 4))


# The model


@pytest.mark.parametrize("recipe", RECIPES)
def test_a_model_comes_back(path, model, recipe):
    other = untrained(recipe)
    model = replace(
        model, recipe=recipe, vector=other.vector, rejection_threshold=other.rejection_threshold
    )
    saved = save_model(path, model)
    loaded = load_model(path)
    assert loaded.vector.tobytes() == model.vector.tobytes()
    assert loaded.vector.dtype == np.float32
    assert not loaded.vector.flags.writeable
    for name in ("recipe", "temperature", "rejection_threshold", "metrics", "training", "version"):
        assert getattr(loaded, name) == getattr(model, name), name
    assert loaded.digest == saved.digest
    assert len(loaded.digest) == 64


def test_the_same_model_gives_the_same_bytes_even_after_a_round_trip(path, tmp_path, model):
    model = replace(model, version="0.0.1")
    save_model(path, model)
    save_model(tmp_path / "again", load_model(path))
    assert path.read_bytes() == (tmp_path / "again").read_bytes()


@pytest.mark.parametrize(
    "change",
    [
        {"recipe": "unknown"},
        {"temperature": 0.0},
        {"temperature": 1},
        {"threshold": "high"},
        {"metrics": []},
    ],
)
def test_a_model_that_could_not_be_loaded_is_not_saved(path, model, change):
    save_model(path, model)
    old = path.read_bytes()
    with pytest.raises(ArtifactError):
        save_model(path, replace(model, **change))
    assert path.read_bytes() == old


# Bad files


@pytest.mark.parametrize("protocol", range(6))
def test_b49_a_pickle_is_refused(path, protocol):
    class Bomb:
        def __reduce__(self):
            return os.mkdir, (str(path) + ".ran",)

    path.write_bytes(pickle.dumps(Bomb(), protocol))
    assert "inkdigits model import" in refused(path)
    assert not os.path.exists(f"{path}.ran")


@pytest.mark.parametrize("content", [b"", b"{}", b"\0" * 8, b"\0" * 100, b"\xff" * 100, b"PK\3\4"])
def test_b49_what_is_no_model_file_at_all_is_refused(path, content):
    path.write_bytes(content)
    refused(path)


@pytest.mark.parametrize("length", [MAX_HEADER_BYTES + 1, 2**40, 2**63, 2**64 - 8, 2**64 - 1])
def test_b50_a_header_that_claims_more_than_the_limit_is_refused(path, length):
    path.write_bytes(struct.pack("<Q", length) + b"{" * 1000)
    assert str(MAX_HEADER_BYTES) in refused(path)


def test_b50_the_limit_of_the_header_is_exact(path):
    forge(path, {"a": entry([1], 0, 4)}, numbers(1))
    header = int.from_bytes(path.read_bytes()[:8], "little")
    forge(path, {"a": entry([1], 0, 4)}, numbers(1), padding=MAX_HEADER_BYTES - header)
    assert read_tensors(path)[0]["a"].tolist() == [1]
    forge(path, {"a": entry([1], 0, 4)}, numbers(1), padding=MAX_HEADER_BYTES - header + 8)
    assert str(MAX_HEADER_BYTES) in refused(path, read_tensors)


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
def test_b51_overlap_hole_or_trailing_bytes_are_refused(path, entries, body):
    forge(path, entries, body)
    assert "malformed" in refused(path, read_tensors)


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
def test_b52_a_shape_whose_product_overflows_is_refused(path, shape):
    for size in (0, 4):
        forge(path, {"a": entry(shape, 0, size)}, bytes(size))
        assert "malformed" in refused(path, read_tensors)


@pytest.mark.parametrize("value", [np.nan, -np.nan, np.inf, -np.inf])
def test_b53_nan_or_infinite_weights_are_refused(path, model, value):
    vector = model.vector.copy()
    vector[-1] = value
    forge_model(path, replace(model, vector=vector))
    assert "NaN or infinity" in refused(path)


def test_b54_any_single_bit_flipped_in_a_small_file_is_found(path):
    write_tensors(path, TENSORS, {"x": 1})
    flip_and_load(path, read_tensors, range(8 * path.stat().st_size))


def test_b54_bits_flipped_in_a_model_file_are_found(path, model):
    save_model(path, model)
    header = 8 + int.from_bytes(path.read_bytes()[:8], "little")
    picker = random.Random(0)
    everywhere = picker.sample(range(8 * path.stat().st_size), 1000)
    flip_and_load(path, load_model, picker.sample(range(8 * header), 1000) + everywhere)


def flip_and_load(path, load, bits):
    data = path.read_bytes()
    with open(path, "r+b", buffering=0) as file:
        for bit in bits:
            byte = data[bit // 8]
            os.pwrite(file.fileno(), bytes([byte ^ 1 << bit % 8]), bit // 8)
            with pytest.raises(ArtifactError):
                load(path)
            os.pwrite(file.fileno(), bytes([byte]), bit // 8)
    load(path)


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        ({"format": 0}, "another format than 2"),
        ({"format": 1}, "another format than 2"),
        ({"format": 2**127}, "another format than 2"),
        ({"format": 2.0}, "holds no model"),
        ({"format": True}, "holds no model"),
        ({"format": None}, "holds no model"),
        ({"recipe": "classic"}, "of the recipe classic"),
        ({"recipe": "os.system"}, "'os.system', and known are classic, mlp"),
        ({"recipe": "\x1b[2J\n" * 100}, "\\x1b[2J\\n"),
        ({"recipe": ["mlp"]}, "no text"),
        ({"preprocessing": "classic"}, "clean-up"),
        ({"preprocessing": None}, "clean-up"),
        ({"sizes": [784, 128, 64]}, "network"),
        ({"sizes": "784-128-64-10"}, "network"),
        ({"sizes": None}, "network"),
        ({"calibration": {}}, "field"),
        ({"calibration": {"temperature": 1.0}}, "field"),
        ({"calibration": {"threshold": 1.0}}, "field"),
        (calibration(temperature="1"), "field"),
        (calibration(temperature=True), "field"),
        (calibration(temperature=2**127), "field"),
        (calibration(more="os.system"), "field"),
        (calibration(threshold=1), "field"),
        (calibration(threshold="none"), "field"),
        (calibration(threshold=None), "threshold"),
        (calibration(temperature=0.0), "temperature"),
        (calibration(temperature=-1.0), "temperature"),
        (calibration(temperature=5e-324), "temperature"),
        (calibration(temperature=1e308), "temperature"),
        (calibration(temperature=float("nan")), "malformed"),
        (calibration(threshold=float("inf")), "malformed"),
        ({"metrics": [1]}, "field"),
        ({"metrics": None}, "field"),
        ({"metrics": {"loss": float("inf")}}, "malformed"),
        ({"training": "none"}, "field"),
        ({"version": 1}, "field"),
        ({"extra": 1}, "field"),
    ],
    ids=lambda value: ascii(value)[:60],
)
def test_b55_another_architecture_or_format_version_is_refused(path, model, changes, cause):
    forge_model(path, model, **changes)
    assert cause in refused(path)


@pytest.mark.parametrize(
    "change",
    [
        {"5.bias": None},
        {"7.weight": np.zeros((11, 11), np.float32)},
        {"1.weight": np.zeros((128, 784), np.float32)},
        {"5.bias": np.zeros((1, 11), np.float32)},
        {"5.bias": np.zeros(10, np.float32)},
        {"5.bias": np.zeros(11, np.float64)},
        {"5.bias": np.zeros(11, np.float16)},
        {"5.bias": np.zeros(11, np.int32)},
    ],
    ids=lambda change: "{} {}".format(*next(iter(change.items())))[:20],
)
def test_b55_other_tensors_than_the_recipes_are_refused(path, model, change):
    tensors = RECIPES["mlp"].network.inference_network.unflatten(model.vector) | change
    forge_model(path, model, {name: x for name, x in tensors.items() if x is not None})
    refused(path)


@pytest.mark.parametrize("field", ["metrics", "training"])
@pytest.mark.parametrize(
    "value",
    [
        {"\ud800": 1},
        {"note": "\udfff"},
        {"note": [{"a": "\ude00\ud83d"}]},
        {"note": deep(15)},
        {"note": deep(480)},
        {"steps": 2**128},
        {"steps": -int("9" * 4000)},
    ],
    ids=["name", "text", "text deeper", "depth 18", "depth 483", "129 bits", "4000 digits"],
)
def test_metadata_that_json_in_utf8_could_not_hold_are_rejected(path, model, field, value):
    forge_model(path, model, **{field: value})
    assert "malformed" in refused(path)


def test_metadata_as_deep_as_is_allowed_are_kept(path, model):
    value = {"note": deep(12), "large": 2**128 - 1, "text": "\x1b\x00 é \U0001f600"}
    forge_model(path, model, metrics=value)
    assert load_model(path).metrics == value
    save_model(path, load_model(path))
    assert load_model(path).metrics == value


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("weight", [1e15, 1e20, 3e38, -3e38])
def test_a_model_whose_weights_overflow_is_rejected(path, recipe, weight):
    """All of them, so that blank paper is all that could be answered."""
    model = untrained(recipe)
    vector = np.full_like(model.vector, weight)
    if recipe == "classic":
        vector[: 784 * 128] = 1e30  # what a sigmoid lets through is small again
    forge_model(path, model, RECIPES[recipe].network.inference_network.unflatten(vector))
    assert "overflow float32" in refused(path)


@pytest.mark.parametrize("name", ["1.weight", "5.weight", "5.bias"])
def test_one_weight_that_overflows_is_enough(path, model, name):
    tensors = {
        n: x.copy()
        for n, x in RECIPES["mlp"].network.inference_network.unflatten(model.vector).items()
    }
    tensors[name].flat[-1] = 3e38
    forge_model(path, model, tensors)
    assert "overflow float32" in refused(path)


def test_a_model_whose_weights_overflow_is_not_saved(path, model):
    with pytest.raises(ArtifactError, match="overflow float32"):
        save_model(path, replace(model, vector=np.full_like(model.vector, 1e20)))
    assert not path.exists()


def test_any_change_under_a_right_digest_gives_a_whole_model_or_the_typed_error(path, model):
    rng = random.Random(0)
    save_model(path, model)
    whole, document, _ = read_tensors(path)
    accepted = 0
    for number in range(300):
        is_changed = rng.random() < 0.7
        tensors = whole if is_changed else mutated_tensors(whole, rng)
        forge_tensors(path, tensors, mutated(document, rng) if is_changed else document)
        try:
            loaded = load_model(path)
        except ArtifactError:
            continue
        accepted += 1
        assert save_model(path, loaded).digest == loaded.digest, number
        text = json.dumps([loaded.metrics, loaded.training, loaded.version], ensure_ascii=False)
        text.encode()
    assert 20 < accepted < 150


def test_b55_a_checkpoint_is_no_model(path):
    write_tensors(path, TENSORS, {"epoch": 3})
    assert "not a checkpoint" in refused(path)


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
def test_b56_duplicate_names_are_refused(path, entries):
    forge(path, entries, numbers(1))
    assert "malformed" in refused(path, read_tensors)


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
def test_b56_a_document_that_is_not_canonical_is_refused(path, content):
    forge(path, {"a": entry([1], 0, 4)}, numbers(1), content=content)
    refused(path, read_tensors)


def test_metadata_of_another_form_are_refused(path):
    content = canonical({"document": {}, "sha256": ZEROS})
    right = json.dumps(content)
    for header in (
        f'{{"__metadata__":{{"inkdigits":{right},"other":"x"}},{ENTRY}}}',
        f'{{"__metadata__":{{"other":{right}}},{ENTRY}}}',
        f'{{"__metadata__":[{right}],{ENTRY}}}',
        f'{{"metadata":{{"inkdigits":{right}}},{ENTRY}}}',
        f"[{right}]",
        right,
        f'{{"__metadata__":{{"inkdigits":{right}}},{ENTRY}}}'.encode("utf-16"),
    ):
        try:
            forge_header(path, header, numbers(1))
        except AssertionError:  # UTF-16 has no digits to fill in
            path.write_bytes(struct.pack("<Q", len(header)) + header)
        refused(path, read_tensors)


def test_a_second_digest_is_refused(path):
    """A tensor's name can look like the digest; then there is no telling which one is meant."""
    name = '\\"sha256\\":\\"' + "1" * 64 + '\\"}'
    forge(path, f'"{name}":' + json.dumps(entry([1], 0, 4)), numbers(1))
    refused(path, read_tensors)


def test_a_digest_outside_the_document_is_refused(path):
    name = '\\"sha256\\":\\"' + ZEROS + '\\"}'
    entries = f'"{name}":' + json.dumps(entry([1], 0, 4))
    for content in ('{"document":{},"sha256":null}', '{"document":{}}'):
        forge(path, entries, numbers(1), content=content)
        refused(path, read_tensors)


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
def test_numbers_of_another_kind_are_refused(path, count, dtypes):
    for dtype in dtypes:
        forge(path, {"a": entry([count], 0, 8, dtype)}, bytes(8))
        refused(path, read_tensors)


def test_an_error_quotes_a_file_shortly_and_without_its_control_characters(path):
    name = "\x1b[2J\n" * 1000
    for wrong in (entry([1], 0, 4, "\x1b\n" * 1000), entry([1], 0, 8), entry([1], 0, 4)):
        forge(path, {name: wrong}, numbers(np.nan))
        assert "\x1b" not in refused(path, read_tensors)


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
def test_any_header_under_a_right_digest_gives_finite_numbers_or_the_typed_error(path, table, body):
    forge(path, table, body)
    try:
        tensors, _, _ = read_tensors(path)
    except ArtifactError:
        return
    assert sum(tensor.nbytes for tensor in tensors.values()) == len(body)
    assert all(x.dtype == np.float32 and np.isfinite(x).all() for x in tensors.values())


def test_b57_folders_links_pipes_and_devices_are_refused(path, tmp_path, model, monkeypatch):
    save_model(path, model)
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "link").symlink_to(path)
    (tmp_path / "dangling").symlink_to("nowhere")
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(folder)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        for name in (
            "..",
            ".",
            "/",
            "../pipe",
            "/dev/zero",
            "/dev/null",
            "socket",
            "missing",
            "a\0",
        ):
            refused(name)
    for name in ("link", "dangling", "loop"):
        assert "is a link" in refused(tmp_path / name)
    for name in ("../pipe", "/dev/zero", "/dev/null"):
        assert "is a device or a pipe" in refused(name)
    for name in ("..", "../pipe", "../link"):
        refused(locate(name))


def test_b57_a_file_over_the_limit_is_refused_before_it_is_read(path):
    with open(path, "wb") as file:
        file.truncate(MAX_FILE_BYTES + 1)
    assert str(MAX_FILE_BYTES) in refused(path)
    with open(path, "wb") as file:
        file.truncate(2**40)
    refused(path)


# Reports how much the peak of the process's memory grew while it refused each file.
MEASURE = """
import sys
from inkdigits.model_file import ArtifactError, load_model

def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))

load_model(sys.argv[1])
before = peak()
for path in sys.argv[2:]:
    try:
        load_model(path)
    except ArtifactError:
        print((peak() - before) / 1000)
    else:
        sys.exit("accepted " + path)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="/proc tells the peak of memory")
def test_b49_to_b57_a_bad_file_costs_under_100_megabytes(tmp_path, model):
    def new(name):
        files.append(tmp_path / name)
        return files[-1]

    files = []
    save_model(new("good"), model)
    with zipfile.ZipFile(new("zip bomb"), "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("x.npy", bytes(10**8))
    new("long header").write_bytes(struct.pack("<Q", 2**40) + bytes(MAX_FILE_BYTES - 8))

    room = MAX_HEADER_BYTES - 1000
    digest = f'\\"sha256\\":\\"{ZEROS}\\"}}'
    forge_header(new("deep header"), f'{{"{digest}":{"[" * room}', b"")
    table = {f"{number:x}": entry([0], 0, 0) for number in range(room // 70)}
    forge(new("many tensors"), table, b"", {"format": 1})

    count = MAX_FILE_BYTES // 4 - MAX_HEADER_BYTES
    weights = np.zeros(count, "<f4")
    table = {"a": entry([count], 0, 4 * count)}
    junk = [{"": []}] * (room // 12)
    forge(new("other model"), table, weights.tobytes(), {"format": 1, "recipe": "mlp"})
    forge(new("junk in document"), table, weights.tobytes(), {"format": 1, "recipe": junk})
    junk = json.dumps([{"": []}] * (room // 8), separators=(",", ":"))
    entries = json.dumps(table)[1:-2] + f',"junk":{junk}}}'
    forge(new("junk in header"), entries, weights.tobytes(), {"format": 1})
    weights[-1] = np.nan
    forge(new("nan"), table, weights.tobytes())

    done = subprocess.run(
        [sys.executable, "-c", MEASURE, *files], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    names = [path.name for path in files[1:]]
    megabytes = dict(zip(names, map(float, done.stdout.splitlines()), strict=True))
    assert max(megabytes.values()) < 100, megabytes
    # The large files were really read, so the measurement measures.
    assert max(megabytes.values()) > MAX_FILE_BYTES / 1e6


def test_a_bad_file_changes_nothing_for_a_model_in_service(path, model):
    save_model(path, model)
    service = load_model(path)
    content = service.vector.tobytes()
    path.write_bytes(path.read_bytes()[:-1])
    refused(path)
    path.unlink()
    refused(path)
    assert service.vector.tobytes() == content


# MODEL


@pytest.fixture
def shipped(tmp_path, monkeypatch, model):
    folder = tmp_path / "package" / "pretrained"
    folder.mkdir(parents=True)
    for name in ("mlp", "classic"):
        (folder / f"{name}.safetensors").touch()
    (folder / "README.md").touch()
    (folder.parent / "secret.safetensors").touch()
    monkeypatch.setattr(model_file, "PRETRAINED", folder)
    return folder


def test_a_shipped_model_is_found_by_its_name(shipped):
    assert locate("mlp") == shipped / "mlp.safetensors"
    assert list(shipped_models()) == ["classic", "mlp"]


def test_a_shipped_model_may_be_a_link(shipped, path, model):
    save_model(path, model)
    (shipped / "linked.safetensors").symlink_to(path)
    assert load_model(locate("linked")).recipe == "mlp"
    (shipped / "linked.safetensors").unlink()


def test_a_file_is_found_by_its_path(shipped, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mlp").touch()
    (tmp_path / "other").touch()
    assert locate("./mlp").samefile(tmp_path / "mlp")
    assert locate("other").samefile(tmp_path / "other")
    assert locate(tmp_path / "other") == tmp_path / "other"


@pytest.mark.parametrize(
    "name", ["unknown", "../secret", "README", "mlp.safetensors", "", "*", "a\0"]
)
def test_an_unknown_model_is_an_error_that_lists_the_shipped_ones(shipped, name):
    with pytest.raises(ArtifactError, match=r"name a file or one of: classic, mlp\."):
        locate(name)


def test_the_models_that_ship_load_and_the_default_is_one_of_them():
    assert model_file.DEFAULT_MODEL in shipped_models()
    for name, path in shipped_models().items():
        assert load_model(path).recipe == name


def test_a_temporary_file_is_never_taken_for_a_model(path, monkeypatch, tmp_path):
    """What a killed process leaves behind is hidden, and not listed as shipped."""
    left = []
    monkeypatch.setattr(os, "replace", lambda source, target: left.append(source))
    write_atomically(path, b"new")
    monkeypatch.setattr(model_file, "PRETRAINED", tmp_path)
    assert stat.S_ISREG(os.stat(left[0]).st_mode)
    assert left[0].name.startswith(".inkdigits-")
    assert shipped_models() == {}
