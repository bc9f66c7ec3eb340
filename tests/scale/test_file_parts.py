import os
import threading
import time
from dataclasses import dataclass, field

import pytest

from inkdigits.scale import file_parts
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.file_parts import MAX_WAITING_BYTES, REQUESTS, FilesPart
from inkdigits.scale.storages import Entry, LocalStorage


@dataclass
class SlowStorage:
    """A storage that says how many of its files are requested at a time."""

    answers: dict[str, bytes | OSError] = field(default_factory=dict)
    is_remote: bool = True
    requested: int = 0
    open: int = 0
    most: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, path, limit):
        with self.lock:
            self.requested += 1
            self.open += 1
            self.most = max(self.most, self.open)
        # The later ones answer first.
        time.sleep(0.005 if self.requested % 2 else 0)
        with self.lock:
            self.open -= 1
        answer = self.answers.get(path, path.encode())
        if isinstance(answer, OSError):
            raise answer
        return answer[:limit]

    def check(self, path):
        pass


def part(storage, count, size=1):
    entries = (Entry(f"s3://bucket/{number:03d}.png", False, size) for number in range(count))
    return FilesPart(storage, tuple(entries))


def test_files_of_a_storage_are_requested_ahead_and_kept_in_order():
    storage = SlowStorage()
    pictures = part(storage, 100).read()
    first = next(pictures)
    assert storage.requested <= REQUESTS + 1  # and not all of them
    found = [first, *pictures]
    assert [key for key, _ in found] == [entry.path for entry in part(storage, 100).entries]
    assert all(content.decode() == key for key, content in found)
    assert 1 < storage.most <= REQUESTS


def test_large_files_are_not_requested_far_ahead():
    storage = SlowStorage()
    pictures = part(storage, 10, size=MAX_WAITING_BYTES // 2).read()
    next(pictures)
    assert storage.requested <= 3
    assert len(list(pictures)) == 9


def test_no_more_is_requested_when_nobody_takes_the_pictures():
    storage = SlowStorage()
    pictures = part(storage, 100).read()
    next(pictures)
    pictures.close()
    assert storage.open == 0
    assert storage.requested <= REQUESTS + 1


def test_file_that_is_denied_or_gone_is_a_picture_with_the_reason():
    gone, denied = FileNotFoundError(2, "No such file"), PermissionError(13, "Access denied")
    storage = SlowStorage({"s3://bucket/001.png": gone, "s3://bucket/002.png": denied})
    contents = [content for _, content in part(storage, 4).read()]
    assert contents == [b"s3://bucket/000.png", gone, denied, b"s3://bucket/003.png"]


def test_part_of_which_every_file_is_denied_has_the_wrong_credentials():
    entries = part(None, 3).entries
    denied = PermissionError(13, "Access denied")
    storage = SlowStorage({entry.path: denied for entry in entries})
    with pytest.raises(ScaleError, match=r"\(Access denied\): check the credentials"):
        list(part(storage, 3).read())


def local_part(folder, *names):
    return FilesPart(LocalStorage(str(folder)), tuple(Entry(name, False) for name in names))


def test_local_file_that_cannot_be_read_is_a_picture_with_the_reason(tmp_path):
    (tmp_path / "a.png").write_bytes(b"content")
    (tmp_path / "folder.png").mkdir()
    (tmp_path / "loop.png").symlink_to("loop.png")
    found = list(local_part(tmp_path, "a.png", "folder.png", "gone.png", "loop.png").read())
    assert found[0] == ("a.png", b"content")
    reasons = [content.strerror or str(content) for _, content in found[1:]]
    assert reasons[0] == "Is a directory"
    assert reasons[1] == "No such file or directory"
    assert reasons[2] == "Too many levels of symbolic links"


def test_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    [(_, error)] = local_part(tmp_path, "pipe.png").read()
    assert str(error) == "pipe.png is a device or a pipe; name a regular file."


def test_machine_without_the_folder_is_an_error_and_not_a_row(tmp_path):
    with pytest.raises(ScaleError, match=r"nowhere is not on .*: name one that all machines"):
        list(local_part(tmp_path, "nowhere/a.png", "nowhere/b.png").read())


def test_large_file_is_read_until_it_is_known_to_be_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr(file_parts, "MAX_PICTURE_BYTES", 1000)
    (tmp_path / "a.png").write_bytes(bytes(5000))
    [(_, content)] = local_part(tmp_path, "a.png").read()
    assert len(content) == 1001
