"""Profiles in containers: kept by `make down`, while the service is replaced, and in backups."""

import base64
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from serving import SEVEN, until
from stack import send, started

pytestmark = pytest.mark.deploy

FOLDER = "/var/lib/inkdigits"
DRAWING = {"image": base64.b64encode(SEVEN).decode()}


@pytest.fixture(scope="module")
def stack(figures, bases):
    settings = {"INKDIGITS_PROFILE_CHANGES_PER_MINUTE": 100_000}
    with started(figures, "with profiles", **settings) as stack:
        yield stack


@pytest.fixture
def token(stack):
    until(stack.healthy)
    status, profile = send(stack, "POST", "profiles", {"consent": True})
    assert status == 201, profile
    return profile["token"]


def add_sample(stack, token):
    content = {"samples": [{"label": 7} | DRAWING]}
    status, change = send(stack, "POST", "profile/samples", content, token)
    return status, change["samples"][0]["id"] if status == 201 else change


def ids(stack, token):
    status, found = send(stack, "GET", "profile/samples", token=token)
    assert status == 200, found
    return {sample["id"] for sample in found["samples"]}


class Writer:
    """A client that adds samples until the end of the block.

    added     the IDs of those that the service has acknowledged
    statuses  of all responses
    """

    def __init__(self, stack, token):
        self.added, self.statuses = [], set()
        self._stack, self._token, self._stop = stack, token, threading.Event()

    def __enter__(self):
        self._threads = ThreadPoolExecutor(1)
        self._done = self._threads.submit(self._write)
        return self

    def __exit__(self, *error):
        self._stop.set()
        self._threads.shutdown()
        self._done.result()

    def _write(self):
        while not self._stop.is_set() and len(self.added) < 900:
            status, found = add_sample(self._stack, self._token)
            self.statuses.add(status)
            if status == 201:
                self.added.append(found)
            time.sleep(0.05)


def test_volume_belongs_to_the_service_alone(stack, token):
    assert stack.inside("api", f"stat --format '%u:%g %a' {FOLDER}") == "10001:10001 700"
    assert stack.inside("api", f"stat --format '%u %a' {FOLDER}/profiles.sqlite3") == "10001 600"
    (mount,) = stack.inspect("api")["Mounts"]
    assert (mount["Type"], mount["Name"]) == ("volume", f"{stack.project}_profiles")
    assert mount["Destination"] == FOLDER


def test_samples_added_while_the_service_is_replaced_are_kept(stack, token):
    with Writer(stack, token) as writer:
        until(lambda: len(writer.added) > 3)
        stack.make("replace")
        count = len(writer.added)
        until(lambda: len(writer.added) > count + 3)
    assert writer.statuses == {201}
    assert ids(stack, token) == set(writer.added)


def test_make_down_keeps_profiles(stack, token):
    _, added = add_sample(stack, token)
    stack.make("down")
    assert stack.left()["containers"] == ""
    assert stack.left()["volumes"] != ""
    stack.make("up")
    until(stack.healthy)
    assert ids(stack, token) == {added}


def test_backup_made_during_writes_is_restored(stack, token, tmp_path, figures):
    backup = tmp_path / "profiles.sqlite3"
    with Writer(stack, token) as writer:
        until(lambda: len(writer.added) > 3)
        before = set(writer.added)
        since = time.monotonic()
        stack.make("backup", f"FILE={backup}")
        figures["make backup"] = f"{time.monotonic() - since:.1f} s"
        after = set(writer.added)
    assert writer.statuses == {201}
    assert backup.stat().st_mode & 0o777 == 0o600
    with pytest.raises(AssertionError, match="exists already; name another file"):
        stack.make("backup", f"FILE={backup}")
    assert send(stack, "DELETE", "profile", token=token)[0] in {200, 204}
    assert send(stack, "GET", "profile", token=token)[0] == 401

    since = time.monotonic()
    stack.make("restore", f"FILE={backup}")
    until(stack.healthy)
    figures["make restore, until the service is healthy"] = f"{time.monotonic() - since:.1f} s"
    found = ids(stack, token)
    assert before <= found <= after
    files = stack.inside("api", f"ls {FOLDER}").split()
    assert "profiles.sqlite3.replaced" in files


def test_damaged_backup_changes_nothing(stack, token, tmp_path):
    backup = tmp_path / "damaged.sqlite3"
    backup.write_bytes(b"Dear diary,\n" * 1000)
    _, added = add_sample(stack, token)
    with pytest.raises(AssertionError, match=r"not a whole database of profiles.*Nothing was"):
        stack.make("restore", f"FILE={backup}")
    until(stack.healthy)
    assert ids(stack, token) == {added}


def test_damaged_database_leaves_predictions(stack, token):
    """The service stays healthy, and says what is wrong to whoever asks for a profile."""
    damage = "dd if=/dev/zero of=profiles.sqlite3 bs=4096 count=8 conv=notrunc"
    stack.inside("api", f"cd {FOLDER} && rm -f *-wal *-shm && {damage}")
    stack.compose("restart", "api")
    until(stack.healthy)
    assert send(stack, "POST", "predictions", DRAWING)[1]["digit"] == 7
    status, problem = send(stack, "GET", "profile", token=token)
    assert status == 503
    assert problem["detail"].startswith("The profiles cannot be used now, and the server's log")
    reasons = [line.get("reason", "") for line in stack.log("api")]
    assert any("is damaged" in reason for reason in reasons)
