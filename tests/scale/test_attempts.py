import json

import pytest

from inkdigits.scale.attempts import FOLDER, MAX_DEATHS, Attempt, WorkersDied
from inkdigits.scale.sources import Picture

NAME = "part-000042"
NOTE = f"{FOLDER}/{NAME}"
PICTURES = [Picture(key, key.encode(errors="replace")) for key in ("a.png", "b\udc80.png", "c.png")]
POISON = PICTURES[1].key


class Store(dict):
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
def store():
    return Store()


def attempt(store, deadly=(), fingerprint="f"):
    """One attempt at the part, as a worker makes it; return the pictures."""
    one = Attempt(store, NAME, fingerprint)
    done = []
    for picture in one.watch(iter(PICTURES)):
        if picture.key in deadly and isinstance(picture.content, bytes):
            raise Killed
        done.append(picture)
    one.end()
    return done


def deaths(store, key):
    """Let workers die at a picture until the part is done; return its pictures and the deaths."""
    for number in range(20):
        try:
            return attempt(store, deadly=[key]), number
        except Killed:
            pass
    raise AssertionError("the part is never done")


@pytest.mark.parametrize("index", range(len(PICTURES)))
def test_picture_that_kills_every_worker_becomes_an_error(store, index):
    done, number = deaths(store, PICTURES[index].key)
    assert number == 1 + MAX_DEATHS  # before the first of them, nothing was noted
    assert [picture.key for picture in done] == [picture.key for picture in PICTURES]
    assert isinstance(done[index].content, WorkersDied)
    others = done[:index] + done[index + 1 :]
    assert others == PICTURES[:index] + PICTURES[index + 1 :]
    assert not store


def test_worker_that_dies_for_other_reasons_changes_nothing(store):
    for picture in [*PICTURES, *PICTURES]:
        with pytest.raises(Killed):
            attempt(store, deadly=[picture.key])
    assert attempt(store) == PICTURES


def test_two_pictures_that_kill_workers_are_both_found(store):
    keys = {PICTURES[0].key, PICTURES[2].key}
    for _ in range(1 + 2 * MAX_DEATHS):
        with pytest.raises(Killed):
            attempt(store, deadly=keys)
    done = attempt(store, deadly=keys)
    assert {one.key for one in done if isinstance(one.content, WorkersDied)} == keys


def test_pictures_are_only_noted_once_a_noted_part_is_repeated(store):
    attempt(store)
    assert store.writes == 1
    with pytest.raises(Killed):
        attempt(store, deadly=[PICTURES[-1].key])
    store.writes = 0
    attempt(store)
    assert store.writes == 1 + len(PICTURES)


def test_note_on_another_part_is_ignored(store):
    for _ in range(MAX_DEATHS):
        with pytest.raises(Killed):
            attempt(store, deadly=[POISON])
    with pytest.raises(Killed):
        attempt(store, deadly=[POISON], fingerprint="changed")
    assert json.loads(store[NOTE])["deaths"] == {}


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"5", b"null", b"[" * 9999, b'{"part": "f", "picture": 1, "deaths": {}}']
    + [b'{"part": "f", "picture": null, "deaths": {"a.png": "3"}}', b"\xff"],
)
def test_note_that_is_not_one_is_replaced(store, content):
    store[NOTE] = content
    assert attempt(store) == PICTURES
    assert not store
