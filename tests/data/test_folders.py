"""Which folders are searched, which file in them is found, and what is read from it."""

import gzip
import hashlib
import os
from pathlib import Path

import pytest

from inkdigits.data import folders
from inkdigits.data.folders import DataError

CONTENT = b"what a file holds"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def two(tmp_path):
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    return [one, other]


def read(path, sha256=SHA256):
    return folders.read(path, len(CONTENT), sha256, "do this")


def test_an_argument_comes_before_the_environment_and_that_before_the_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path / "named"))
    assert folders.find(tmp_path) == [tmp_path]
    assert folders.find() == folders.named() == [tmp_path / "named"]
    monkeypatch.delenv("INKDIGITS_DATA")
    assert folders.named() == []
    assert folders.find() == [folders.cache()]
    assert folders.named(tmp_path) == [tmp_path]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (["one"], ["one"]),
        (["one", "two words", "three"], ["one", "two words", "three"]),
        (["", "one", "", "two", ""], ["one", "two"]),
        ([""], []),
        (["", ""], []),
    ],
)
def test_the_environment_names_any_number_of_folders(value, expected, monkeypatch):
    monkeypatch.setenv("INKDIGITS_DATA", os.pathsep.join(value))
    assert folders.named() == [Path(folder) for folder in expected]
    assert folders.find() == (folders.named() or [folders.cache()])


def test_a_file_is_taken_from_the_first_folder_that_has_it(two):
    one, other = two
    (other / "file").write_bytes(b"")
    assert folders.locate(two, "file") == other / "file"
    (one / "file.gz").write_bytes(b"")
    assert folders.locate(two, "file") == one / "file.gz"
    (one / "file").write_bytes(b"")
    assert folders.locate(two, "file") == one / "file"


def test_what_is_no_file_is_not_found(two):
    (two[0] / "file").mkdir()
    assert folders.locate(two, "file") is None
    assert folders.locate([], "file") is None
    assert folders.locate([two[0] / "missing"], "file") is None


@pytest.mark.parametrize(
    ("searched", "sentence"),
    [
        (["a"], "a lacks x, y"),
        (["a", "b"], "a and b lack x, y"),
        (["a", "b", "c"], "a, b and c lack x, y"),
    ],
)
def test_says_which_folders_lack_what(searched, sentence):
    assert folders.lack([Path(folder) for folder in searched], ["x", "y"]) == sentence


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_reads_what_is_in_a_file(suffix, tmp_path):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(gzip.compress(CONTENT) if suffix else CONTENT)
    assert read(path) == CONTENT


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"\0", b"", CONTENT.upper()])
def test_another_content_is_refused(content, suffix, tmp_path):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value) == (
        f"{path} is damaged or another file, for the SHA-256 of its content is not {SHA256}: "
        "do this."
    )


def test_no_more_is_decompressed_than_the_size_that_is_expected(tmp_path):
    bomb = tmp_path / "file.gz"
    bomb.write_bytes(gzip.compress(bytes(1_000_000)))
    first = bytes(len(CONTENT) + 1)
    assert read(bomb, sha256=hashlib.sha256(first).hexdigest()) == first


@pytest.mark.parametrize("fault", ["not gzip", "cut", "damaged"])
def test_a_damaged_gz_is_refused(fault, tmp_path):
    path = tmp_path / "file.gz"
    compressed = bytearray(gzip.compress(CONTENT))
    compressed[10] ^= 0xFF
    path.write_bytes(
        {"not gzip": CONTENT, "cut": gzip.compress(CONTENT)[:-4], "damaged": compressed}[fault]
    )
    with pytest.raises(DataError, match=r"cannot be read .*: replace it\.$"):
        read(path)
