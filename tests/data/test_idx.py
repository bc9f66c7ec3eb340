"""Pairs of IDX files, by their names and by the names of known data sets."""

import gzip
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hostile_data import read_or_refuse
from sentences import assert_sentence
from small_mnist import idx as idx_bytes

from inkdigits.data import idx, named_sets, sources
from inkdigits.data.folders import DataError
from inkdigits.data.mnist import Source

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 28, 28), np.uint8)
LABELS = np.array([2, 0, 9, 2, 0, 9], np.uint8)


def write(folder, images=IMAGES, labels=LABELS, prefix="train", pack=bytes, suffix=""):
    folder.mkdir(exist_ok=True)
    path = folder / f"{prefix}-images-idx3-ubyte{suffix}"
    path.write_bytes(pack(idx_bytes(images)))
    (folder / f"{prefix}-labels-idx1-ubyte{suffix}").write_bytes(pack(idx_bytes(labels)))
    return path


def error_of(load, *arguments):
    with pytest.raises(DataError) as raised:
        load(*arguments)
    assert_sentence(re.sub(r"\b(et al|gzip)\. ?", "", str(raised.value)))
    assert str(raised.value).isprintable()
    return str(raised.value)


def test_pair_is_read_from_its_folder_or_by_its_images(tmp_path):
    path = write(tmp_path)
    write(tmp_path, IMAGES[:2], LABELS[:2], "t10k", gzip.compress, ".gz")
    for source in (tmp_path, path):
        data = sources.load(str(source))
        np.testing.assert_array_equal(data.images, IMAGES)
        assert data.classes == ("0", "2", "9")
        assert [data.classes[label] for label in data.labels] == [str(n) for n in LABELS]
        assert list(data.hashes) == ["train-images-idx3-ubyte", "train-labels-idx1-ubyte"]
    assert len(sources.load(str(tmp_path), "test")) == 2


def test_images_may_have_another_size(tmp_path):
    write(tmp_path, IMAGES[:, :20, :8])
    assert sources.load(str(tmp_path)).images.shape == (6, 20, 8)


@pytest.mark.parametrize(
    ("images", "labels", "message"),
    [
        (IMAGES, LABELS[:-1], "not one label for each of the 6 images"),
        (IMAGES, LABELS.astype(np.int32), "not one label for each"),
        (IMAGES.astype(np.int32), LABELS, "not gray levels of one byte"),
        (IMAGES[:, 0], LABELS, "not that of images"),
        (IMAGES[:0], LABELS[:0], "has 0 images"),
        (np.zeros((6, 0, 28), np.uint8), LABELS, "not that of images"),
        (np.zeros((6, 129, 28), np.uint8), LABELS, "1 to 128 pixels"),
    ],
)
def test_pair_that_does_not_fit_is_refused(tmp_path, images, labels, message):
    assert message in error_of(sources.load, str(write(tmp_path, images, labels)))


def test_missing_labels_and_ambiguous_images_are_explained(tmp_path):
    path = write(tmp_path)
    (tmp_path / "train-labels-idx1-ubyte").unlink()
    assert "The labels of train-images-idx3-ubyte are missing" in error_of(sources.load, str(path))
    write(tmp_path, prefix="emnist-letters-train")
    assert "but there is emnist-letters-train-images-idx3-ubyte, train-images" in error_of(
        sources.load, str(tmp_path)
    )
    assert "but there is none" in error_of(sources.load, str(tmp_path), "test")
    other = tmp_path / "other"
    other.write_bytes(idx_bytes(IMAGES))
    assert "The labels of other are missing" in error_of(sources.load, str(other))


def test_gzip_bomb_is_decompressed_only_up_to_the_limit(tmp_path, monkeypatch):
    monkeypatch.setattr(idx, "MAX_PIXELS", 10_000)
    path = write(tmp_path, suffix=".gz", pack=lambda content: gzip.compress(content + bytes(2**26)))
    assert "has more than 10,016 bytes" in error_of(sources.load, str(path))


def test_mutated_files_are_read_or_refused_in_a_sentence(tmp_path):
    valid = gzip.compress(idx_bytes(IMAGES[:, :4, :4]))
    path = write(tmp_path, IMAGES[:, :4, :4], suffix=".gz", pack=gzip.compress)
    rng = np.random.default_rng(4)
    refused = 0
    for number in range(400):
        content = bytearray(valid if number % 2 else gzip.decompress(valid))
        for place in rng.integers(0, min(len(content), 120), rng.integers(1, 4)):
            content[place] = rng.choice([0, 127, 255, rng.integers(256)])
        path.write_bytes(content if number % 2 else gzip.compress(content))
        refused += read_or_refuse(sources.load, str(path)) is None
    assert refused > 100


# Data sets by name.


@pytest.fixture(autouse=True)
def no_system_data(monkeypatch, tmp_path):
    monkeypatch.setattr(named_sets, "SYSTEM", tmp_path / "system")


def test_kmnist_is_found_in_its_folder_and_its_classes_are_hiragana(tmp_path):
    write(tmp_path / "kmnist")
    write(tmp_path / "kmnist", IMAGES[:2], LABELS[:2], "t10k")
    data = sources.load("kmnist", data_dir=tmp_path)
    np.testing.assert_array_equal(data.images, IMAGES)
    assert data.classes == ("お", "き", "す", "つ", "な", "は", "ま", "や", "れ", "を")
    np.testing.assert_array_equal(data.labels, LABELS)
    assert len(sources.load("kmnist", "test", tmp_path / "kmnist")) == 2


def test_emnist_is_transposed_and_its_letters_begin_with_1(tmp_path):
    write(tmp_path / "emnist", IMAGES, LABELS + np.uint8(1), "emnist-letters-train")
    data = sources.load("emnist-letters", data_dir=tmp_path)
    np.testing.assert_array_equal(data.images, IMAGES.transpose(0, 2, 1))
    assert [data.classes[label] for label in data.labels] == list("CAJCAJ")
    write(tmp_path / "emnist", IMAGES, LABELS, "emnist-letters-train")
    assert "labels from 0 to 9, but those of EMNIST letters are from 1 to 26" in error_of(
        sources.load, "emnist-letters", "train", tmp_path
    )


def test_classes_of_each_set_are_valid_and_as_many_as_published():
    numbers = {name: len(named.classes) for name, named in named_sets.SETS.items()}
    assert numbers == {
        "fashion-mnist": 10,
        "kmnist": 10,
        "emnist-letters": 26,
        "emnist-balanced": 47,
        "emnist-bymerge": 47,
        "emnist-byclass": 62,
        "emnist-digits": 10,
        "emnist-mnist": 10,
    }
    for named in named_sets.SETS.values():
        assert len(set(named.classes)) == len(named.classes)


def test_missing_set_says_where_to_get_it(tmp_path):
    message = error_of(sources.load, "kmnist", "train", tmp_path)
    assert "http://codh.rois.ac.jp/kmnist" in message
    assert f"{tmp_path}/kmnist" in message
    assert "`inkdigits data fashion-mnist`" in error_of(
        sources.load, "fashion-mnist", "train", tmp_path
    )


def test_fashion_mnist_is_verified_by_its_hash(tmp_path, monkeypatch):
    write(tmp_path / "fashion-mnist")
    message = error_of(sources.load, "fashion-mnist", "train", tmp_path)
    assert "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888" in message
    own = {}
    for path in (tmp_path / "fashion-mnist").iterdir():
        content = path.read_bytes()
        own[path.name] = Source(path.name, len(content), hashlib.sha256(content).hexdigest())
    fashion = named_sets.SETS["fashion-mnist"]
    monkeypatch.setattr(named_sets, "SETS", {"fashion-mnist": replace(fashion, sources=own)})
    data = sources.load("fashion-mnist", "train", tmp_path)
    assert data.suited == "plain"
    assert data.classes[9] == "Ankle boot"


@pytest.mark.data
def test_fashion_mnist_of_debian_is_accepted(monkeypatch):
    """Needs the package dataset-fashion-mnist."""
    monkeypatch.setattr(named_sets, "SYSTEM", Path("/usr/share/datasets"))
    if not (named_sets.SYSTEM / "fashion-mnist").is_dir():
        pytest.skip("the package dataset-fashion-mnist is not installed")
    for split, images in (("train", 60_000), ("test", 10_000)):
        data = sources.load("fashion-mnist", split, named_sets.SYSTEM)
        assert data.images.shape == (images, 28, 28)
        assert np.bincount(data.labels).tolist() == [images // 10] * 10
