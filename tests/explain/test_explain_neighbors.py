"""The neighbors are training digits that the network finds similar."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import small_mnist as small
from explained import SEVEN, ink_of

from inkdigits import Recognizer
from inkdigits.data import mnist
from inkdigits.explain import explain_ink, neighbors
from inkdigits.explain.nearest_file import (
    FOLDER,
    load_nearest,
    path_for,
    read_nearest,
    write_nearest,
)
from inkdigits.model_file import shipped_models
from inkdigits.storage.files import FileError


def test_every_shipped_model_has_its_training_digits():
    digests = {Recognizer.load(name).digest for name in shipped_models()}
    files = {path_for(digest).name for digest in digests}
    assert {path.name for path in FOLDER.iterdir()} == files, (
        "models were trained again: run benchmarks/nearest_digits.py"
    )
    assert sum((FOLDER / name).stat().st_size for name in files) < 300_000
    for digest in digests:
        nearest = load_nearest(digest)
        assert nearest.digest == digest
        assert nearest.images == mnist.SOURCES[mnist.TRAIN_IMAGES].sha256
        assert np.bincount(nearest.labels).tolist() == [330] * 10
        assert len(set(nearest.numbers.tolist())) == 3300


@pytest.mark.parametrize("name", ["cnn-small", "mlp", "classic"])
def test_neighbors_of_a_seven_are_sevens(name):
    explanation = explain_ink(ink_of(SEVEN), Recognizer.load(name), parts=["neighbors"])
    found = explanation.neighbors
    assert explanation.neighbors_reason is None
    assert [neighbor.label for neighbor in found] == ["7"] * neighbors.SHOWN
    assert all(first.distance <= second.distance for first, second in pairwise(found))
    assert all(neighbor.picture is None for neighbor in found)


def test_distances_are_those_in_the_last_hidden_layer(digits):
    recognizer = Recognizer.load()
    nearest = load_nearest(recognizer.digest)
    hidden = [
        explain_ink(image, recognizer, parts=["layers"]).layers[-2].activation
        for image in digits.images[:12]
    ]
    exact, rounded = [], []
    for first, second in pairwise(hidden):
        exact.append(np.linalg.norm((first - second) @ nearest.projection))
        projected = (second @ nearest.projection - nearest.low) / nearest.scale
        stored = replace(nearest, features=np.rint(projected).clip(0, 255).astype(np.uint8)[None])
        rounded.append(stored.distances(first)[0])
    np.testing.assert_allclose(rounded, exact, rtol=0.05)


def test_other_model_has_no_neighbors_and_says_so():
    recognizer = Recognizer.load()
    other = Recognizer(replace(recognizer.model, digest="0" * 64), "mine")
    explanation = explain_ink(ink_of(SEVEN), other, parts=["neighbors"])
    assert explanation.neighbors is None
    assert explanation.neighbors_reason == "No training digits ship with the model mine."


def test_pictures_are_mnists_where_it_is_installed(small_mnist, small_test_digits, monkeypatch):
    nearest = load_nearest(Recognizer.load().digest)
    for module, name, value in small.accepted(small_mnist):
        monkeypatch.setattr(module, name, value)
    paths = small_mnist
    assert neighbors._installed_pictures(nearest, paths) is None  # another MNIST
    images = mnist.SOURCES[mnist.TRAIN_IMAGES].sha256
    numbers = np.array([5, 3, 1999], np.uint16)
    same = replace(nearest, images=images, numbers=numbers)
    pictures = neighbors._installed_pictures(same, paths)
    np.testing.assert_array_equal(pictures, mnist.load("train", paths).images[[5, 3, 1999]])


@pytest.mark.data
def test_training_digit_is_its_own_nearest_neighbor(mnist_splits, data_folders):
    recognizer, (train, _) = Recognizer.load(), mnist_splits
    nearest = load_nearest(recognizer.digest)
    np.testing.assert_array_equal(train.labels[nearest.numbers], nearest.labels)
    found = 0
    for number in nearest.numbers[::300].tolist():
        first = explain_ink(train.images[number], recognizer, parts=["neighbors"]).neighbors[0]
        np.testing.assert_array_equal(first.picture, train.images[first.number])
        found += first.number == number
    assert found >= 9  # of 11; the recognizer may see another candidate of some


def test_damaged_file_is_refused(tmp_path):
    nearest = load_nearest(Recognizer.load().digest)
    path = tmp_path / "nearest.safetensors"
    write_nearest(path, nearest)
    again = read_nearest(path)
    np.testing.assert_array_equal(again.features, nearest.features)
    assert (again.digest, again.scale) == (nearest.digest, nearest.scale)
    write_nearest(path, replace(nearest, labels=nearest.labels[:-1]))
    with pytest.raises(FileError, match="training digits"):
        read_nearest(path)
    write_nearest(path, replace(nearest, numbers=nearest.numbers + np.uint16(6000)))
    with pytest.raises(FileError, match="training digits"):
        read_nearest(path)
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(FileError, match="damaged"):
        read_nearest(path)
