"""NumPy archives of labeled images: the usual forms are read, and nothing that could run code."""

import io
import pickle
import zipfile

import numpy as np
import pytest
from hostile_data import read_or_refuse
from sentences import assert_sentence

from inkdigits.data import npz
from inkdigits.data.folders import DataError
from inkdigits.data.npz import read_npz

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 4, 4), np.uint8)
LABELS = np.array([2, 0, 10, 2, 0, 10])


@pytest.fixture
def write(tmp_path):
    def written(save=np.savez, **arrays):
        path = tmp_path / "data.npz"
        save(path, **arrays)
        return path

    return written


@pytest.fixture
def raw(tmp_path):
    """Write an archive of members with any content."""

    def written(**members):
        path = tmp_path / "raw.npz"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in members.items():
                archive.writestr(f"{name}.npy", content)
        return path

    return written


def npy(array):
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asarray(array))
    return file.getvalue()


def error_of(path, split="train"):
    with pytest.raises(DataError) as raised:
        read_npz(path, split)
    assert_sentence(raised.value)
    assert str(raised.value).isprintable()
    return str(raised.value)


@pytest.mark.parametrize("names", [("x", "y"), ("images", "labels"), ("X", "Y")])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_images_and_labels_are_read(write, names, save):
    data = read_npz(write(save, **dict(zip(names, (IMAGES, LABELS), strict=True))))
    np.testing.assert_array_equal(data.images, IMAGES, strict=True)
    assert data.classes == ("0", "2", "10")
    np.testing.assert_array_equal(data.labels, np.array([1, 0, 2, 1, 0, 2], np.uint8), strict=True)
    assert list(data.hashes) == ["data.npz"]


def test_keras_form_has_two_splits(write):
    path = write(x_train=IMAGES[:4], y_train=LABELS[:4], x_test=IMAGES[4:], y_test=LABELS[4:])
    np.testing.assert_array_equal(read_npz(path).images, IMAGES[:4])
    np.testing.assert_array_equal(read_npz(path, "test").images, IMAGES[4:])
    assert "nor x_test and y_test" in error_of(write(x_train=IMAGES, y_train=LABELS), "test")


@pytest.mark.parametrize(
    "images",
    [
        IMAGES[..., None],
        IMAGES.reshape(6, 16),
        IMAGES / 255,
        IMAGES.astype(np.int64),
        IMAGES.astype(">i2"),
        np.asfortranarray(IMAGES),
        (IMAGES / np.float32(255)).reshape(6, 16),
    ],
    ids=["channel", "flat", "float64", "int64", "big endian", "Fortran", "flat float32"],
)
def test_other_shapes_and_types_are_converted(write, images):
    np.testing.assert_array_equal(read_npz(write(x=images, y=LABELS)).images, IMAGES)


def test_names_of_classes_and_writers_are_read(write):
    writers = list("aabbcc")
    data = read_npz(write(x=IMAGES, y=LABELS % 4, classes=["cat", "dog", "cow"], writers=writers))
    assert data.classes == ("cat", "dog", "cow")
    assert data.labels.tolist() == [2, 0, 2, 2, 0, 2]
    assert data.writers.tolist() == writers
    texts = np.array(["b", "a", "b", "a", "b", "é"])
    assert read_npz(write(x=IMAGES, y=texts)).classes == ("a", "b", "é")
    assert read_npz(write(x=IMAGES, y=np.array([b"b", b"a"] * 3))).classes == ("a", "b")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"z": IMAGES}, "has neither the arrays x and y"),
        ({"x": IMAGES, "y": LABELS[:-1]}, "not one label for each of the 6 images"),
        ({"x": IMAGES, "y": LABELS / 2}, "array of float64"),
        ({"x": IMAGES, "y": np.eye(6, dtype=int)}, "not one label for each"),
        ({"x": IMAGES + 0.5, "y": LABELS}, "not from 0 to 1"),
        ({"x": IMAGES * np.nan, "y": LABELS}, "not from 0 to 1"),
        ({"x": 2 * IMAGES.astype(int), "y": LABELS}, "they must be from 0 to 255"),
        ({"x": IMAGES.astype(complex), "y": LABELS}, "array of complex128"),
        ({"x": IMAGES[:, :, :, None, None], "y": LABELS}, "has the shape"),
        ({"x": np.zeros((6, 200, 200), np.uint8), "y": LABELS}, "1 to 128 pixels"),
        ({"x": np.zeros((6, 15)), "y": LABELS}, "not a square image"),
        ({"x": IMAGES[:0], "y": LABELS[:0]}, "at least one value"),
        ({"x": IMAGES, "y": LABELS, "classes": ["a", "b"]}, "has the label '2'"),
        ({"x": IMAGES, "y": LABELS, "writers": ["a"]}, "writers"),
        ({"x": IMAGES, "y": LABELS, "classes": [["a"]]}, "not a list"),
        ({"x": IMAGES, "y": np.array(["\x1b[2J" * 99] * 6)}, "is not a label"),
    ],
)
def test_other_arrays_are_refused(write, arrays, message):
    assert message in error_of(write(**arrays))


def test_objects_are_never_unpickled(write, raw, tmp_path):
    trap = tmp_path / "unpickled"

    class Trap:
        def __reduce__(self):
            return open, (str(trap), "w")

    objects = np.array([Trap()] * 6, object)
    for arrays in ({"x": IMAGES, "y": objects}, {"x": objects, "y": LABELS}):
        assert "not of objects" in error_of(write(**arrays))
    header = npy(LABELS)[:128].replace(b"<i8", b"|O ")
    for content in (pickle.dumps(Trap()), header + pickle.dumps(Trap())):
        error_of(raw(x=npy(IMAGES), y=content))
    assert not trap.exists()


def test_bomb_is_refused_by_what_it_declares(raw):
    bomb = raw(x=npy(np.zeros((6, 4, 4), np.uint8)), y=npy(LABELS))
    size = npz.MAX_ARRAY_BYTES // 8 + 1
    for shape in ("(9999999999, 4, 4)", f"({size}, 2, 2)", "(-1, 4, 4)", "(6, 4, 4, 0)"):
        header = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}"
        content = b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header.encode()
        bomb = raw(x=content + bytes(2**24), y=npy(LABELS))
        assert bomb.stat().st_size < 40_000
        assert "declares the shape" in error_of(bomb)


@pytest.mark.parametrize("extra", [-1, 1, 2**24])
def test_array_must_have_the_size_that_it_declares(raw, extra):
    content = npy(IMAGES)
    changed = content[:extra] if extra < 0 else content + bytes(extra)
    assert "does not have the 96 bytes" in error_of(raw(x=changed, y=npy(LABELS)))


def test_number_of_arrays_is_limited(write):
    assert "more than 64 arrays" in error_of(write(**{f"x{n}": [0] for n in range(65)}))


def test_list_of_many_members_is_not_read(raw, monkeypatch):
    path = raw(**{f"x{n}": b"" for n in range(2000)})
    monkeypatch.setattr(zipfile, "ZipFile", None)
    assert "is not an .npz file that NumPy has written" in error_of(path)


@pytest.mark.parametrize("end", [b"PK\6\7" + bytes(16), b"comment"])
def test_other_ends_than_numpys_are_refused(write, end):
    path = write(x=IMAGES, y=LABELS)
    content = path.read_bytes()
    path.write_bytes(content[:-22] + end + content[-22:] if end[0] == 80 else content + end)
    assert "is not an .npz file that NumPy has written" in error_of(path)


def test_header_of_thousands_of_brackets_is_refused(raw):
    header = b"{'descr': " + b"(" * 9000 + b"}"
    content = b"\x93NUMPY\x01\0" + len(header).to_bytes(2, "little") + header
    error_of(raw(x=content, y=npy(LABELS)))


def test_mutated_files_are_read_or_refused_in_a_sentence(write, tmp_path):
    rng = np.random.default_rng(3)
    path = tmp_path / "mutated.npz"
    refused = 0
    for save in (np.savez, np.savez_compressed):
        valid = write(save, x=IMAGES, y=LABELS, classes=[str(n) for n in range(11)]).read_bytes()
        for _ in range(400):
            content = bytearray(valid)
            for place in rng.integers(0, len(valid), rng.integers(1, 5)):
                content[place] = rng.choice([0, 127, 255, rng.integers(256)])
            path.write_bytes(content[: len(content) - int(rng.integers(3) == 0)])
            refused += read_or_refuse(read_npz, path) is None
    assert refused > 400
