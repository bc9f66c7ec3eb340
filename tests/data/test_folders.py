"""Which folders are searched, which file is found, and how it is verified."""

import gzip
import hashlib
import os
from pathlib import Path

import pytest

from inkdigits.data import folders
from inkdigits.data.folders import DataError

CONTENT = b"the content of a file"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def two_folders(tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    return [first, second]


def read(path, sha256=SHA256):
    return folders.read_verified(path, len(CONTENT), sha256, "do this")


def test_precedence_of_folders_is_argument_environment_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("INKDIGITS_DATA", str(tmp_path / "named"))
    assert folders.search_paths(tmp_path) == [tmp_path]
    assert folders.search_paths() == folders.user_folders() == [tmp_path / "named"]
    monkeypatch.delenv("INKDIGITS_DATA")
    assert folders.user_folders() == []
    assert folders.search_paths() == [folders.cache_folder()]
    assert folders.user_folders(tmp_path) == [tmp_path]


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
def test_environment_can_name_several_folders(value, expected, monkeypatch):
    monkeypatch.setenv("INKDIGITS_DATA", os.pathsep.join(value))
    assert folders.user_folders() == [Path(folder) for folder in expected]
    assert folders.search_paths() == (folders.user_folders() or [folders.cache_folder()])


def test_first_folder_that_has_a_file_wins(two_folders):
    first, second = two_folders
    (second / "file").write_bytes(b"")
    assert folders.find_file(two_folders, "file") == second / "file"
    (first / "file.gz").write_bytes(b"")
    assert folders.find_file(two_folders, "file") == first / "file.gz"
    (first / "file").write_bytes(b"")
    assert folders.find_file(two_folders, "file") == first / "file"


def test_only_files_are_found(two_folders):
    (two_folders[0] / "file").mkdir()
    assert folders.find_file(two_folders, "file") is None
    assert folders.find_file([], "file") is None
    assert folders.find_file([two_folders[0] / "missing"], "file") is None


@pytest.mark.parametrize(
    ("paths", "message"),
    [
        (["a"], "x, y not found in a"),
        (["a", "b"], "x, y not found in a and b"),
        (["a", "b", "c"], "x, y not found in a, b and c"),
    ],
)
def test_message_names_the_missing_files_and_the_folders(paths, message):
    assert folders.missing_files_message([Path(path) for path in paths], ["x", "y"]) == message


@pytest.mark.parametrize("suffix", ["", ".gz"])
def test_file_is_read_compressed_or_not(suffix, tmp_path):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(gzip.compress(CONTENT) if suffix else CONTENT)
    assert read(path) == CONTENT


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"\0", b"", CONTENT.upper()])
def test_wrong_content_is_rejected(content, suffix, tmp_path):
    path = tmp_path / f"file{suffix}"
    path.write_bytes(gzip.compress(content) if suffix else content)
    with pytest.raises(DataError) as error:
        read(path)
    assert str(error.value) == (
        f"{path} is damaged or is a different file (the SHA-256 of its content should be "
        f"{SHA256}): do this."
    )


def test_at_most_one_byte_more_than_expected_is_decompressed(tmp_path):
    bomb = tmp_path / "file.gz"
    bomb.write_bytes(gzip.compress(bytes(1_000_000)))
    first = bytes(len(CONTENT) + 1)
    assert read(bomb, sha256=hashlib.sha256(first).hexdigest()) == first


@pytest.mark.parametrize("fault", ["not gzip", "truncated", "damaged"])
def test_damaged_gz_is_rejected(fault, tmp_path):
    path = tmp_path / "file.gz"
    compressed = bytearray(gzip.compress(CONTENT))
    compressed[10] ^= 0xFF
    path.write_bytes(
        {"not gzip": CONTENT, "truncated": gzip.compress(CONTENT)[:-4], "damaged": compressed}[
            fault
        ]
    )
    with pytest.raises(DataError, match=rf"^{path} cannot be read \(.*\): replace it\.$"):
        read(path)
