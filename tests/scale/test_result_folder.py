"""What is left in a folder of results by those who were killed."""

import os

import pytest

from inkdigits.scale.errors import ScaleError
from inkdigits.scale.result_folder import open_folder

HALF = ".inkdigits-0123456789abcdef.tmp"


@pytest.fixture(params=["local", pytest.param("memory", marks=pytest.mark.ray)])
def location(request, tmp_path):
    """A folder of this machine, and one of a storage, which needs fsspec."""
    if request.param == "local":
        return str(tmp_path / "results")
    import fsspec

    fsspec.filesystem("memory").store.clear()
    return "memory://bucket/results"


def test_folder_with_only_half_of_its_first_file_is_empty(tmp_path):
    folder = open_folder(str(tmp_path))
    (tmp_path / HALF).write_bytes(b"half of")
    assert folder.is_empty()
    (tmp_path / "other.txt").touch()
    assert not folder.is_empty()


def test_half_files_are_deleted_when_nothing_is_written(tmp_path):
    folder = open_folder(str(tmp_path))
    folder.write("part", b"whole")
    (tmp_path / HALF).write_bytes(b"half of")
    folder.clean("notes")
    assert [path.name for path in tmp_path.iterdir()] == ["part"]


def test_file_is_written_although_another_command_cleans_up(tmp_path, monkeypatch):
    folder = open_folder(str(tmp_path))
    replace = os.replace

    def replace_later(temporary, path):
        monkeypatch.setattr(os, "replace", replace)
        folder.clean("notes")
        replace(temporary, path)

    monkeypatch.setattr(os, "replace", replace_later)
    folder.write("part", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["part"]


def test_folder_of_notes_is_deleted(location):
    folder = open_folder(location)
    folder.clean("notes")
    folder.write("part", b"whole")
    folder.write("notes/part", b"a note")
    folder.write("notes/other", b"another")
    assert folder.read("notes/part") == b"a note"
    folder.clean("notes")
    assert folder.read("notes/part") is None
    assert folder.read("part") == b"whole"


def test_file_is_removed_if_it_is_there(location):
    folder = open_folder(location)
    folder.remove("note")
    folder.write("note", b"a note")
    folder.remove("note")
    assert folder.read("note") is None


def test_file_in_the_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "results").touch()
    with pytest.raises(ScaleError, match="is a file"):
        open_folder(str(tmp_path / "results")).write("part", b"whole")
