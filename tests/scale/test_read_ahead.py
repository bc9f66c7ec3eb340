"""Files in a storage whose next bytes are requested ahead."""

import io
import threading

import pytest

from inkdigits.scale import read_ahead
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.read_ahead import RemoteFile

CONTENT = bytes(range(256)) * 4
TIMEOUT = 60  # seconds, of what must happen


class Storage(io.BytesIO):
    """A file that notes what is read of it: where, and how many bytes."""

    def __init__(self):
        super().__init__(CONTENT)
        self.requests = []
        self.requested = threading.Semaphore(0)  # by the thread
        self.failure = None  # of requests of the thread

    def read(self, size=-1):
        self.requests.append((self.tell(), size))
        is_ahead = threading.current_thread() is not threading.main_thread()
        if is_ahead and self.failure is not None:
            self.requested.release()
            raise self.failure
        content = super().read(size)
        if is_ahead:
            self.requested.release()
        return content


@pytest.fixture
def storage():
    return Storage()


@pytest.fixture
def file(storage):
    with RemoteFile(storage, lambda request: request()) as file:
        yield file


def test_next_bytes_are_requested_before_they_are_needed(storage, file):
    content = b""
    for number in range(1, 4):
        content += file.read(100)
        assert storage.requested.acquire(timeout=TIMEOUT)
        # One block ahead, never more.
        assert storage.requests == [(100 * place, 100) for place in range(number + 1)]
    assert content + file.read(2000) + file.read(10) == CONTENT


def test_nothing_is_requested_ahead_of_large_reads(storage, file, monkeypatch):
    monkeypatch.setattr(read_ahead, "MAX_BYTES", 99)
    assert file.read(100) + file.read(100) == CONTENT[:200]
    assert storage.requests == [(0, 100), (100, 100)]


def test_two_columns_are_read_in_turns(storage, file):
    places = [200, 600, 250, 610, 300, 620, 350, 630]
    for place in places:
        size = 50 if place < 600 else 10
        file.seek(place)
        assert file.read(size) == CONTENT[place : place + size]
    assert file.seek(-4, io.SEEK_END) == len(CONTENT) - 4
    assert file.read(10) == CONTENT[-4:]


def test_read_of_another_place_requests_nothing_ahead(storage, file):
    for place in (500, 100, 900):
        file.seek(place)
        assert file.read(20) == CONTENT[place : place + 20]
    file.seek(1000)
    assert file.read(100) == CONTENT[1000:]
    assert storage.requests == [(500, 20), (100, 20), (900, 20), (1000, 100)]


def test_small_file_is_one_request(storage, file):
    assert file.read(10_000) == CONTENT
    assert storage.requests == [(0, 10_000)]


def test_parts_of_a_block_are_requested_once(storage, file):
    assert file.read(100) == CONTENT[:100]
    for place in range(100, 200, 20):
        assert file.read(20) == CONTENT[place : place + 20]
    assert storage.requests[:2] == [(0, 100), (100, 100)]
    assert sum(place < 200 for place, _ in storage.requests) == 2


def test_failure_is_raised_when_the_bytes_are_needed(storage, file):
    storage.failure = ScaleError("The storage cannot be used.")
    assert file.read(100) == CONTENT[:100]
    assert storage.requested.acquire(timeout=TIMEOUT)
    with pytest.raises(ScaleError, match="cannot be used"):
        file.read(100)
    assert file.tell() == 100
    storage.failure = None
    assert file.read(100) == CONTENT[100:200]


def test_failure_of_bytes_that_are_not_needed_is_not_raised(storage, file):
    storage.failure = ScaleError("The storage cannot be used.")
    assert file.read(100) == CONTENT[:100]
    file.seek(700)
    assert file.read(50) == CONTENT[700:750]


def test_thread_ends_with_the_file(storage, file):
    before = set(threading.enumerate())
    assert file.read(100) == CONTENT[:100]
    [thread] = set(threading.enumerate()) - before
    file.close()
    thread.join(TIMEOUT)
    assert not thread.is_alive()
    assert storage.closed
