"""Atomic writes, and careful reads."""

import os
import resource
import socket
import stat
from contextlib import contextmanager

import pytest

from inkdigits.storage.files import (
    PIECE_BYTES,
    FileError,
    erase_file,
    read_file,
    write_atomically,
)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "file"


@contextmanager
def file_size_limit(size):
    """Make writes beyond a file size fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# write_atomically


def test_failed_write_leaves_only_the_old_file(path):
    write_atomically(path, b"old")
    with file_size_limit(100_000), pytest.raises(OSError, match="File too large") as caught:
        write_atomically(path, b"n" * 200_000)
    assert caught.value.filename == str(path)
    assert path.read_bytes() == b"old"
    assert list(path.parent.iterdir()) == [path]


def test_failed_rename_leaves_no_temporary_file(path):
    path.mkdir()
    with pytest.raises(IsADirectoryError):
        write_atomically(path, b"new")
    assert list(path.parent.iterdir()) == [path]


def test_data_is_synced_before_the_rename_and_the_folder_afterwards(path, monkeypatch):
    calls = []

    def record_calls(name):
        function = getattr(os, name)

        def recorded(*arguments):
            status = os.fstat(arguments[0]) if name == "fsync" else None
            size = status.st_size if status and stat.S_ISREG(status.st_mode) else None
            calls.append((name, size))
            return function(*arguments)

        monkeypatch.setattr(os, name, recorded)

    record_calls("fsync")
    record_calls("replace")
    write_atomically(path, b"12345")
    assert calls == [("fsync", 5), ("replace", None), ("fsync", None)]


def test_written_file_has_the_usual_permissions(path, tmp_path):
    ordinary = tmp_path / "ordinary"
    ordinary.touch()
    write_atomically(str(path), b"")
    assert path.stat().st_mode == ordinary.stat().st_mode


def test_killed_process_leaves_a_hidden_temporary_file(path, monkeypatch):
    left = []
    monkeypatch.setattr(os, "replace", lambda source, target: left.append(source))
    write_atomically(path, b"new")
    assert left[0].read_bytes() == b"new"
    assert left[0].parent == path.parent
    assert left[0].name.startswith(".inkdigits-")
    assert left[0].suffix == ".tmp"


# erase_file


@pytest.mark.parametrize("size", [0, 1, PIECE_BYTES, 2 * PIECE_BYTES + 5])
def test_erased_file_is_gone_and_its_bytes_are_zeros(path, tmp_path, size):
    path.write_bytes(b"x" * size)
    os.link(path, tmp_path / "same bytes")
    erase_file(path)
    assert not path.exists()
    assert (tmp_path / "same bytes").read_bytes() == bytes(size)


# read_file


def test_file_is_read_up_to_the_limit(path):
    path.write_bytes(b"12345")
    assert read_file(path, 5) == b"12345"
    with pytest.raises(FileError, match=r"has 5 bytes, more than the limit of 4; check that .+\.$"):
        read_file(path, 4)


def test_empty_file_is_read(path):
    path.touch()
    assert read_file(path, 0) == b""


@pytest.mark.parametrize("kind", ["link", "dangling link", "loop"])
def test_link_is_rejected(path, tmp_path, kind):
    path.write_bytes(b"content")
    target = {"link": path, "dangling link": "missing", "loop": "link"}[kind]
    link = tmp_path / "link"
    link.symlink_to(target)
    with pytest.raises(FileError, match=r"link is a link; name the file it points to\.$"):
        read_file(link, 100)


@pytest.mark.parametrize("name", ["pipe", "/dev/zero", "/dev/null"])
def test_pipe_or_device_is_rejected_without_waiting(tmp_path, monkeypatch, name):
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError, match=f"^{name} is a device or a pipe; name a regular file.$"):
        read_file(name, 100)


def test_socket_is_rejected(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
        with pytest.raises(FileError, match=r"^socket cannot be read \(.+\); check the name\.$"):
            read_file("socket", 100)


@pytest.mark.parametrize("name", [".", "..", "/", "missing", "missing/file", "a\0", "x" * 300])
def test_name_that_is_not_a_file_is_rejected(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileError) as caught:
        read_file(name, 100)
    assert str(caught.value).startswith(name)
    assert str(caught.value).endswith(".")
