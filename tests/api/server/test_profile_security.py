"""Profiles on real servers: each gets its own model, and nothing of a token leaks."""

import hashlib
import json
import os
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from serving import SEVEN, address_in, predict, request, serving, until, workers_of

from inkdigits.api import examples

ONE, NUMBER = "/api/v1/predictions", "/api/v1/numbers"
PROFILES, PROFILE = "/api/v1/profiles", "/api/v1/profile"
WEEK = {"profiles_per_hour": 10_000, "profile_changes_per_minute": 10_000}


def send(address, method, path, token=None, body=None, headers=None):
    """Send a request; return its status and its JSON."""
    headers = (headers or {}) | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body)
    status, _, content = request(address, method, path, data, headers)
    return status, content


def create(address, label=None):
    """Create a profile, with a sample that teaches it to call a seven by another name."""
    status, created = send(address, "POST", PROFILES, body={"consent": True})
    assert status == 201, created
    if label is not None:
        add(address, created["token"], label)
    return created["token"]


def add(address, token, label, count=1):
    samples = [{"strokes": examples.STROKES, "label": label}] * count
    status, change = send(address, "POST", f"{PROFILE}/samples", token, {"samples": samples})
    assert status == 201, change
    return change


def digit(address, token=None):
    """Return what a small drawing is recognized as."""
    status, prediction = send(address, "POST", ONE, token, examples.IMAGE_DRAWING)
    assert status == 200, prediction
    return prediction["digit"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with two workers and threads."""
    database = tmp_path_factory.mktemp("profiles") / "profiles.sqlite3"
    settings = {"workers": 2, "threads": 2, "database": database} | WEEK
    with serving(settings=settings) as (process, printed):
        yield process, address_in(printed)


def test_each_profile_gets_its_own_model_from_all_workers(server):
    _, address = server
    tokens = {4: create(address, 4), 9: create(address, 9), 7: None}
    with ThreadPoolExecutor(6) as pool:
        wanted = [4, 9, 7] * 30
        found = list(pool.map(lambda label: digit(address, tokens[label]), wanted))
    assert found == wanted


def test_two_devices_add_and_predict_at_once(server):
    _, address = server
    token = create(address)

    def add_some(label):
        return [add(address, token, label)["samples"][0]["id"] for _ in range(4)]

    with ThreadPoolExecutor(3) as pool:
        predicting = pool.submit(lambda: [digit(address, token) for _ in range(10)])
        acknowledged = [each for ids in pool.map(add_some, (4, 9)) for each in ids]
        assert len(predicting.result()) == 10
    _, listed = send(address, "GET", f"{PROFILE}/samples", token)
    assert sorted(sample["id"] for sample in listed["samples"]) == sorted(acknowledged)
    _, profile = send(address, "GET", PROFILE, token)
    assert [version["number"] for version in profile["versions"]] == list(range(1, 9))
    assert profile["by_digit"] == [0, 0, 0, 0, 4, 0, 0, 0, 0, 4]


def test_deleted_profile_and_replaced_token_open_nothing_in_any_worker(server):
    _, address = server
    deleted, replaced = create(address, 4), create(address, 4)
    assert [digit(address, token) for token in (deleted, replaced) * 4] == [4] * 8  # both cached
    assert send(address, "DELETE", PROFILE, deleted)[0] == 204
    status, renewed = send(address, "POST", f"{PROFILE}/token", replaced)
    assert status == 200
    for token in (deleted, replaced, deleted[:-1] + "A", "inkdigits_" + "A" * 43):
        for _ in range(4):
            assert send(address, "POST", ONE, token, examples.IMAGE_DRAWING)[0] == 401
            assert send(address, "GET", f"{PROFILE}/samples", token)[0] == 401
    assert digit(address, renewed["token"]) == 4


def test_profile_outlives_its_workers(server):
    process, address = server
    token = create(address, 4)
    old = workers_of(process)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(set(workers_of(process)) - set(old)) == 2)
    assert [digit(address, token) for _ in range(4)] == [4] * 4


def test_fit_blocks_no_other_request_and_nothing_of_a_token_leaks(tmp_path):
    database = tmp_path / "profiles.sqlite3"
    settings = {"database": database, "log_level": "info", "workers": 1} | WEEK
    with serving(settings=settings) as (process, printed):
        address = address_in(printed)
        token = create(address, 4)
        adding = threading.Thread(target=add, args=(address, token, 4, 50))
        adding.start()
        # Small drawings run in the event loop, and numbers in the thread of predictions.
        done = Counter()
        while adding.is_alive():
            done["small"] += predict(address, SEVEN)[0] == 200
            done["number"] += send(address, "POST", NUMBER, None, examples.IMAGE_NUMBER)[0] == 200
            done["ready"] += request(address, "GET", "/readyz")[0] == 200
        adding.join()
        assert min(done.values()) > 1, done

        assert send(address, "GET", f"{PROFILE}?token={token}")[0] == 401
        _, _, metrics = request(address, "GET", "/metrics")
        _, exported = send(address, "GET", f"{PROFILE}/export", token)
        # The database is damaged while the server runs.
        for file in tmp_path.iterdir():
            file.write_bytes(b"\xff" * file.stat().st_size)
        status, problem = send(address, "POST", ONE, token, examples.IMAGE_DRAWING)
        assert status == 503, problem
        assert digit(address) == 7
        assert request(address, "GET", "/readyz")[0] == 200
        _, _, later = request(address, "GET", "/metrics")
        process.send_signal(signal.SIGINT)
        log = "".join(process.communicate(timeout=60))
    assert "profiles_unavailable" in log
    assert b"inkdigits_profile_failures_total{" in later
    secrets = [token, hashlib.sha256(token.encode()).hexdigest()]
    for text in (log, metrics.decode(), later.decode(), json.dumps([exported, problem])):
        # Whoever puts a token into a URL is refused; the log has no queries.
        assert not [secret for secret in secrets if secret in text]
