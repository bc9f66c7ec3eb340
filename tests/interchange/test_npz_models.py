"""Models as NumPy's .npz: what it holds, and forged files that are refused."""

import io
import json
import random
import zipfile
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from refusals import refusal_of
from untrained import untrained

from inkdigits.interchange import npz
from inkdigits.interchange.npz import export_npz, import_npz
from inkdigits.model_file import to_document
from inkdigits.recipes import RECIPES
from inkdigits.storage.files import FileError


@pytest.fixture
def model():
    return untrained(temperature=1.25, metrics={"validation": 0.5}, training={"seed": 3})


@pytest.fixture
def exported(model):
    return export_npz(model)


def refusal(data):
    return refusal_of(import_npz, data)


def archive(members, compression=zipfile.ZIP_STORED):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def members_of(data):
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def array_file(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array), allow_pickle=True)
    return file.getvalue()


def test_numpy_reads_parameters_and_document(model, exported):
    with np.load(io.BytesIO(exported), allow_pickle=False) as arrays:
        assert set(arrays) == {*model.network.shapes, "inkdigits"}
        for name, array in model.network.unflatten(model.vector).items():
            np.testing.assert_array_equal(arrays[name], array)
        assert json.loads(str(arrays["inkdigits"])) == to_document(model)


@pytest.mark.parametrize("recipe", RECIPES)
def test_model_of_each_recipe_survives_a_round_trip(recipe):
    model = untrained(recipe, temperature=0.5, training={"seed": 1})
    loaded = import_npz(export_npz(model))
    assert loaded.vector.tobytes() == model.vector.tobytes()
    assert to_document(loaded) == to_document(model)


def test_classes_and_text_of_any_kind_survive():
    model = replace(untrained("classic"), classes=tuple("αβγδεζηθικ"), summary="\x1b é \U0001f600")
    loaded = import_npz(export_npz(model))
    assert (loaded.classes, loaded.summary) == (model.classes, model.summary)


def test_same_model_gives_the_same_bytes(model, exported):
    assert export_npz(import_npz(exported)) == exported


def test_compressed_file_is_read(model, exported):
    loaded = import_npz(archive(members_of(exported), zipfile.ZIP_DEFLATED))
    assert loaded.vector.tobytes() == model.vector.tobytes()


# Refused


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"inkdigits.npy": None}, "does not say which model it is"),
        ({"inkdigits.npy": array_file("{}")}, "is not a model"),
        ({"inkdigits.npy": array_file("[]")}, "its document is not an object"),
        ({"inkdigits.npy": array_file("{" * 10_000)}, ""),
        ({"inkdigits.npy": array_file(["{}"])}, "does not say which model it is"),
        ({"1.weight.npy": None}, "its tensors are not the parameters"),
        ({"extra.npy": array_file(np.zeros(1, np.float32))}, "its tensors are not the parameters"),
        ({"5.bias.npy": array_file(np.zeros(11))}, "neither of float32 nor text"),
        ({"5.bias.npy": array_file(np.zeros(11, ">f4"))}, "neither of float32 nor text"),
        ({"5.bias.npy": array_file(np.zeros(11, np.int32))}, "neither of float32 nor text"),
        ({"5.bias.npy": array_file(np.zeros((11, 1), np.float32))}, "are not the parameters"),
        ({"5.bias.npy": array_file(np.full(11, np.nan, np.float32))}, "NaN or infinite"),
        ({"5.bias.npy": array_file(np.full(11, np.inf, np.float32))}, "NaN or infinite"),
        ({"5.bias.npy": array_file(np.full(11, 3e38, np.float32))}, "overflow float32"),
        ({"5.bias.npy": array_file(np.zeros(11, np.float32))[:-1]}, "the bytes of its shape"),
        ({"5.bias.npy": array_file(np.zeros(11, np.float32)) + b"x"}, "the bytes of its shape"),
        ({"5.bias.npy": b"\x93NUMPY\x03\x00"}, "another version"),
        ({"5.bias.npy": b""}, ""),
        ({"5.bias.npy": b"no array"}, ""),
        ({"1.weight": array_file(np.zeros(1, np.float32))}, "two arrays have the same name"),
    ],
    ids=lambda value: str(value)[:50],
)
def test_forged_array_is_refused(exported, change, words):
    members = members_of(exported) | change
    data = archive({name: data for name, data in members.items() if data is not None})
    assert words in refusal(data)


def test_array_of_objects_is_not_unpickled(exported, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (tmp_path / "ran").mkdir, ()

    members = members_of(exported) | {"5.bias.npy": array_file(np.array([Bomb()]))}
    assert "neither of float32 nor text" in refusal(archive(members))
    assert not (tmp_path / "ran").exists()


def test_declared_sizes_allocate_nothing(exported):
    for shape in ((10**12,), (2**40, 2**40), (-1,)):
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
        array = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
        members = members_of(exported) | {"5.bias.npy": array + bytes(44)}
        assert "does not have the bytes of its shape" in refusal(archive(members))


def test_bomb_is_refused_before_it_is_unpacked(exported):
    members = members_of(exported) | {"bomb.npy": bytes(npz.MAX_UNPACKED_BYTES)}
    data = archive(members, zipfile.ZIP_DEFLATED)
    assert len(data) < 2**20
    assert f"more than {npz.MAX_UNPACKED_BYTES} bytes" in refusal(data)


def test_size_that_the_directory_understates_is_refused(exported):
    members = {"x.npy": bytes(10**6)}
    data = archive(members, zipfile.ZIP_DEFLATED)
    data = data.replace((10**6).to_bytes(4, "little"), (10**5).to_bytes(4, "little"))
    assert "cannot be used" in refusal(data)


def test_many_members_and_large_files_are_refused():
    members = {f"{number}.npy": b"" for number in range(npz.MAX_MEMBERS + 1)}
    assert f"or {npz.MAX_MEMBERS} arrays" in refusal(archive(members))
    assert f"more than {npz.MAX_NPZ_BYTES} bytes" in refusal(b"PK" + bytes(npz.MAX_NPZ_BYTES))


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compression_is_refused(exported, method):
    assert "compressed in a way" in refusal(archive(members_of(exported), method))


def test_encrypted_file_is_refused(exported):
    encrypted = exported.replace(b"PK\x03\x04\x2d\x00\x00", b"PK\x03\x04\x2d\x00\x01")
    encrypted = encrypted.replace(
        b"PK\x01\x02\x2d\x03\x2d\x00\x00", b"PK\x01\x02\x2d\x03\x2d\x00\x01"
    )
    assert "cannot be used" in refusal(encrypted)


@pytest.mark.parametrize("data", [b"", b"PK", b"PK\x05\x06" + bytes(18), b"\x00" * 100])
def test_what_is_not_an_archive_is_refused(data):
    refusal(data)


def test_any_mutation_gives_a_valid_model_or_one_sentence():
    rng = random.Random(0)
    data = export_npz(untrained("classic"))
    headers = [n for n in range(len(data)) if data[n : n + 2] == b"PK"]
    directory = data.index(b"PK\x01\x02")
    for _ in range(500):
        changed = bytearray(data)
        for _ in range(rng.randrange(1, 4)):
            start = rng.choice(headers)
            place = rng.choice([start + rng.randrange(250), rng.randrange(directory, len(data))])
            changed[place % len(data)] = rng.randrange(256)
        with suppress(FileError):
            import_npz(bytes(changed))
