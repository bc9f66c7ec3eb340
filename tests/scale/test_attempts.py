import pytest

from inkdigits.scale.attempts import FOLDER, MAX_DEATHS, MAX_OTHER_DEATHS, Attempt, WorkersDied
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.parts import Picture

NAME = "part-000042.parquet"
NOTE = f"{FOLDER}/{NAME}.json"
PICTURES = [Picture(key, key.encode()) for key in ("a.png", 'b"\\x80".png', "c.png")]


class Folder(dict):
    """A folder in memory that counts what is written."""

    writes = 0

    def read(self, name):
        return self.get(name)

    def write(self, name, content):
        self.writes += 1
        self[name] = content

    def remove(self, name):
        self.pop(name, None)


class Killed(Exception):
    """In place of a signal that ends the worker."""


@pytest.fixture
def folder():
    return Folder()


def attempt(folder, deadly=(), fingerprint="f"):
    """Attempt the part, as a worker does; return its pictures.

    deadly   keys of pictures that kill it; "the end" kills it after the last one
    """
    one = Attempt(folder, NAME, fingerprint)
    done = []
    for picture in one.watch(iter(PICTURES)):
        if picture.key in deadly and isinstance(picture.content, bytes):
            raise Killed
        done.append(picture)
    if "the end" in deadly:
        raise Killed
    one.end()
    return done


def attempts(folder, deadly):
    """Let workers attempt the part until it is done; return its pictures, and the deaths."""
    for number in range(20):
        try:
            return attempt(folder, deadly), number
        except Killed:
            pass
    raise AssertionError("the part is never done")


@pytest.mark.parametrize("index", range(len(PICTURES)))
def test_picture_that_kills_every_worker_becomes_an_error(folder, index):
    done, deaths = attempts(folder, [PICTURES[index].key])
    assert deaths == 1 + MAX_DEATHS  # pictures are noted after the first
    assert isinstance(done[index].content, WorkersDied)
    assert done[index].key == PICTURES[index].key
    del done[index]
    assert done == PICTURES[:index] + PICTURES[index + 1 :]
    assert not folder


def test_two_pictures_that_kill_workers_are_both_found(folder):
    done, deaths = attempts(folder, [PICTURES[0].key, PICTURES[2].key])
    assert deaths == 1 + 2 * MAX_DEATHS
    assert [isinstance(picture.content, WorkersDied) for picture in done] == [True, False, True]


def test_workers_that_die_for_other_reasons_change_nothing(folder):
    places = [PICTURES[0].key, *(picture.key for picture in PICTURES), "the end", PICTURES[0].key]
    for place in places:
        with pytest.raises(Killed):
            attempt(folder, [place])
    assert attempt(folder) == PICTURES


def test_part_that_kills_workers_but_not_at_a_picture_ends_with_an_error(folder):
    for _ in range(MAX_OTHER_DEATHS):
        with pytest.raises(Killed):
            attempt(folder, ["the end"])
    with pytest.raises(ScaleError, match=f"{MAX_OTHER_DEATHS} workers died while .*{NAME}"):
        attempt(folder)
    assert attempt(folder) == PICTURES  # when the command is run again


def test_pictures_are_noted_only_when_a_noted_part_is_repeated(folder):
    attempt(folder)
    assert folder.writes == 1
    with pytest.raises(Killed):
        attempt(folder, ["the end"])
    folder.writes = 0
    attempt(folder)
    assert folder.writes == 1 + len(PICTURES) + 1


def test_note_on_another_part_is_ignored(folder):
    for _ in range(1 + MAX_DEATHS):
        with pytest.raises(Killed):
            attempt(folder, [PICTURES[1].key])
    assert attempt(folder, fingerprint="changed") == PICTURES


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"{", b"[]", b"5", b"null", b"[" * 9999, b"\xff"),
        b'{"part": "f", "deaths": 3}',
        b'{"part": "f", "deaths": {"a.png": 3}}',
        b'{"part": "f", "deaths": [["a.png"], 3]}',
    ],
)
def test_file_that_is_not_a_note_is_replaced(folder, content):
    folder[NOTE] = content
    assert attempt(folder) == PICTURES
    assert not folder
