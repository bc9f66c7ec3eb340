"""MNIST's files: which are found, and that only the expected content is loaded."""

import gzip
import os
from dataclasses import replace

import numpy as np
import pytest
import small_mnist as small

from inkdigits.data import mnist
from inkdigits.data.folders import DataError
from inkdigits.data.mnist import Digits

REQUIRED = (mnist.TRAIN_IMAGES, mnist.TRAIN_LABELS, mnist.TEST_IMAGES, mnist.TEST_LABELS)
ALL_FILES = (*REQUIRED, mnist.TRAIN_WRITERS)


@pytest.fixture
def made():
    """Seven training and three test digits, with writers."""
    rng = np.random.default_rng(0)

    def draw(count, writers):
        images = rng.integers(0, 256, (count, 28, 28), np.uint8)
        return Digits(images, np.arange(count, dtype=np.uint8), writers)

    return draw(7, np.array([3, 3, 5, 5, 300, -1, 70_000], np.int32)), draw(3, None)


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write files and expect their hashes, so that only their content can be wrong."""

    def write(files):
        sources = dict(mnist.SOURCES)
        for name, content in files.items():
            (tmp_path / name).write_bytes(content)
            sources[name] = small.source_of(name, content)
        monkeypatch.setattr(mnist, "SOURCES", sources)
        return tmp_path

    return write


def message_of(split, folder):
    """Return the error message, one sentence, of loading from a folder."""
    with pytest.raises(DataError) as error:
        mnist.load(split, folder)
    text = str(error.value)
    assert text.endswith(".")
    assert ". " not in text
    assert "\n" not in text
    return text


# Find and load


def test_loads_real_digits(digits):
    assert len(digits) in (5_000, 60_000)
    assert digits.images.dtype == digits.labels.dtype == np.uint8
    assert digits.images.shape == (len(digits), 28, 28)
    shares = np.bincount(digits.labels) / len(digits)
    assert shares == pytest.approx(0.1, abs=0.02)
    # Ones have the least ink, zeros the most.
    ink = [digits.images[digits.labels == digit].mean() for digit in range(10)]
    assert np.argmin(ink) == 1
    assert np.argmax(ink) == 0


@pytest.mark.data
def test_all_of_mnist_has_the_known_hashes_and_writers(mnist_splits):
    train, test = mnist_splits
    assert (len(train), len(test)) == (60_000, 10_000)
    assert test.writers is None
    assert len(np.unique(train.writers)) == 539


def test_loads_what_was_written(made, write):
    folder = write(small.files_of(*made))
    train, test = mnist.load("train", folder), mnist.load("test", folder)
    for loaded, expected in zip((train, test), made, strict=True):
        np.testing.assert_array_equal(loaded.images, expected.images, strict=True)
        np.testing.assert_array_equal(loaded.labels, expected.labels, strict=True)
        assert not loaded.images.flags.writeable
        assert not loaded.labels.flags.writeable
    np.testing.assert_array_equal(train.writers, made[0].writers, strict=True)
    assert not train.writers.flags.writeable
    assert test.writers is None
    assert train.hashes == {
        name: mnist.SOURCES[name].sha256
        for name in (mnist.TRAIN_IMAGES, mnist.TRAIN_LABELS, mnist.TRAIN_WRITERS)
    }
    assert list(test.hashes) == [mnist.TEST_IMAGES, mnist.TEST_LABELS]


def test_writers_are_optional(made, write):
    folder = write(small.files_of(*made))
    (folder / mnist.TRAIN_WRITERS).unlink()
    train = mnist.load("train", folder)
    assert train.writers is None
    assert mnist.TRAIN_WRITERS not in train.hashes


def test_digits_are_taken_by_index_mask_and_slice(made):
    train, test = made
    for selection in (np.array([4, 1]), train.labels > 4, slice(2, 4)):
        part = train.take(selection)
        np.testing.assert_array_equal(part.images, train.images[selection])
        np.testing.assert_array_equal(part.labels, train.labels[selection])
        np.testing.assert_array_equal(part.writers, train.writers[selection])
        assert len(part) == len(part.images) == 2
    assert test.take(slice(1)).writers is None


def test_argument_overrides_the_environment(made, write, monkeypatch):
    folder = write(small.files_of(*made))
    monkeypatch.setenv("INKDIGITS_DATA", str(folder / "elsewhere"))
    assert mnist.find_folders(folder) == [folder]
    with pytest.raises(DataError, match=r"not found in .*elsewhere: "):
        mnist.find_folders()
    monkeypatch.setenv("INKDIGITS_DATA", str(folder))
    assert mnist.find_folders() == [folder]


def test_files_may_be_in_several_folders(made, write, tmp_path_factory, monkeypatch):
    folder, other = write(small.files_of(*made)), tmp_path_factory.mktemp("other")
    for name in (mnist.TRAIN_IMAGES, mnist.TEST_LABELS, mnist.TRAIN_WRITERS):
        (folder / name).rename(other / name)
    monkeypatch.setenv("INKDIGITS_DATA", f"{folder}{os.pathsep}{other}")
    for split, expected in zip(("train", "test"), made, strict=True):
        loaded = mnist.load(split)
        np.testing.assert_array_equal(loaded.images, expected.images)
        np.testing.assert_array_equal(loaded.labels, expected.labels)
        np.testing.assert_array_equal(loaded.writers, expected.writers)
    (other / mnist.TRAIN_IMAGES).unlink()
    message = message_of("test", None)
    assert message.startswith(f"{mnist.TRAIN_IMAGES} not found in {folder} and {other}: copy ")


@pytest.mark.parametrize("split", ["train", "test"])
def test_error_lists_the_files_missing_from_a_named_folder(split, small_mnist, tmp_path):
    present = mnist.TRAIN_LABELS
    (tmp_path / f"{present}.gz").write_bytes((small_mnist / f"{present}.gz").read_bytes())
    missing = ", ".join(name for name in REQUIRED if name != present)
    assert message_of(split, tmp_path) == (
        f"{missing} not found in {tmp_path}: copy the missing files there, compressed (.gz) or "
        "not, or name another folder."
    )


def test_error_for_an_empty_cache_names_the_command(tmp_path, monkeypatch):
    for home in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(home, str(tmp_path))
    monkeypatch.delenv("INKDIGITS_DATA", raising=False)
    assert message_of("train", None) == (
        "MNIST is not in the cache: run `inkdigits data` to download it, "
        "or name a folder that has it with --data-dir or INKDIGITS_DATA."
    )


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("name", ALL_FILES)
def test_file_with_another_hash_is_rejected(name, suffix, made, write):
    folder = write(small.files_of(*made))
    content = bytearray((folder / name).read_bytes())
    content[-1] ^= 1
    (folder / name).unlink()
    (folder / f"{name}{suffix}").write_bytes(gzip.compress(content) if suffix else content)
    split = "test" if name in (mnist.TEST_IMAGES, mnist.TEST_LABELS) else "train"
    message = message_of(split, folder)
    assert message.startswith(f"{folder / name}{suffix} is damaged or is a different file")
    assert mnist.SOURCES[name].sha256 in message


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("not gzip", r"cannot be read \(Not a gzipped file"),
        ("truncated", r"cannot be read \(Compressed file ended before"),
        ("bomb", "is damaged or is a different file"),
        ("folder", "not found in"),
    ],
)
def test_damaged_compressed_file_is_rejected(fault, message, made, write):
    folder = write(small.files_of(*made))
    path = folder / f"{mnist.TEST_LABELS}.gz"
    content = (folder / mnist.TEST_LABELS).read_bytes()
    (folder / mnist.TEST_LABELS).unlink()
    if fault == "not gzip":
        path.write_bytes(content)
    elif fault == "truncated":
        path.write_bytes(gzip.compress(content)[:-4])
    elif fault == "bomb":
        path.write_bytes(gzip.compress(content + bytes(1_000_000)))
    else:
        path.mkdir()
    with pytest.raises(DataError, match=rf"{mnist.TEST_LABELS}(\.gz)? {message}"):
        mnist.load("test", folder)


# The strict IDX parser


@pytest.mark.parametrize(
    "array",
    [
        np.arange(24, dtype=np.uint8).reshape(2, 3, 4),
        np.array([[1, -2], [2**31 - 1, -(2**31)]], np.int32),
        np.zeros((0, 28, 28), np.uint8),
        np.array(7, np.uint8),
    ],
)
def test_parses_idx(array):
    np.testing.assert_array_equal(mnist.read_idx(small.idx(array), "x"), array, strict=True)


@pytest.mark.parametrize("array", [np.ones((2, 3), np.uint8), np.ones((2, 1, 2), np.int32)])
def test_missing_or_trailing_bytes_are_an_error(array):
    data = small.idx(array)
    for end in range(len(data)):
        with pytest.raises(DataError, match=r"^some-file "):
            mnist.read_idx(data[:end], "some-file")
    for trailing in (b"\0", b"\n", b"\0\0\0\0", data):
        with pytest.raises(DataError, match=f"^some-file has {len(data) + len(trailing)} bytes"):
            mnist.read_idx(data + trailing, "some-file")


@pytest.mark.parametrize("position", [0, 1, 2])
def test_wrong_magic_number_is_an_error(position):
    data = bytearray(small.idx(np.ones((2, 3), np.uint8)))
    original = data[position]
    for wrong in set(range(256)) - {original, 0x0C}:
        data[position] = wrong
        with pytest.raises(DataError, match=r"^some-file is not an IDX file"):
            mnist.read_idx(bytes(data), "some-file")


def test_dimensions_too_large_for_any_memory_are_an_error():
    with pytest.raises(DataError, match=f"its header declares {16 + (2**32 - 1) ** 3}"):
        mnist.read_idx(b"\0\0\x08\x03" + b"\xff" * 12 + b"data", "some-file")


def test_trailing_bytes_in_a_file_of_the_data_set_are_an_error(made, write):
    files = small.files_of(*made)
    files[mnist.TEST_LABELS] += b"\0"
    assert message_of("test", write(files)) == (
        f"{mnist.TEST_LABELS} has 12 bytes, but its header declares 11."
    )


# Files that contradict each other


def test_different_number_of_images_and_labels_is_an_error(made, write):
    train, test = made
    files = small.files_of(train, replace(test, labels=test.labels[:2]))
    assert message_of("test", write(files)) == (
        f"{mnist.TEST_IMAGES} has 3 images, but {mnist.TEST_LABELS} has 2 labels."
    )


@pytest.mark.parametrize("label", [10, 255])
def test_label_above_nine_is_an_error(label, made, write):
    train, test = made
    files = small.files_of(train, replace(test, labels=np.array([9, label, 0], np.uint8)))
    assert message_of("test", write(files)) == (
        f"{mnist.TEST_LABELS} has the label {label}, which is not a digit."
    )


@pytest.mark.parametrize(
    ("name", "array"),
    [
        (mnist.TRAIN_IMAGES, np.zeros((7, 28, 27), np.uint8)),
        (mnist.TRAIN_IMAGES, np.zeros((7, 784), np.uint8)),
        (mnist.TRAIN_IMAGES, np.zeros((7, 28, 28, 1), np.uint8)),
        (mnist.TRAIN_IMAGES, np.zeros((7, 28, 28), np.int32)),
        (mnist.TRAIN_LABELS, np.zeros((7, 1), np.uint8)),
        (mnist.TRAIN_LABELS, np.zeros(7, np.int32)),
        (mnist.TRAIN_WRITERS, np.zeros((7, 7), np.int32)),
        (mnist.TRAIN_WRITERS, np.zeros((6, 8), np.int32)),
        (mnist.TRAIN_WRITERS, np.zeros((7, 8), np.uint8)),
    ],
)
def test_array_of_the_wrong_type_or_shape_is_an_error(name, array, made, write):
    files = small.files_of(*made) | {name: small.idx(array)}
    assert message_of("train", write(files)).startswith(f"{name} has {array.dtype} {array.shape}, ")


def test_writers_with_other_labels_are_an_error(made, write):
    table = small.qmnist_labels(np.array([0, 1, 2, 3, 4, 5, 7]), 0)
    files = small.files_of(*made) | {mnist.TRAIN_WRITERS: small.idx(table)}
    assert message_of("train", write(files)) == (
        f"{mnist.TRAIN_WRITERS} and {mnist.TRAIN_LABELS} disagree on the labels."
    )
