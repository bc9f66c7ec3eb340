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


def probabilities(address, token=None):
    """Return what a model makes of a small drawing, by which each model can be told from others."""
    status, prediction = send(address, "POST", ONE, token, examples.IMAGE_DRAWING)
    assert status == 200, prediction
    assert (prediction["profile"] is None) == (token is None)
    return prediction["probabilities"]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A server with two workers and threads."""
    database = tmp_path_factory.mktemp("profiles") / "profiles.sqlite3"
    settings = {"workers": 2, "threads": 2, "database": database} | WEEK
    with serving(settings=settings) as (process, printed):
        yield process, address_in(printed)


def test_each_profile_gets_its_own_model_from_all_workers(server):
    _, address = server
    tokens = [create(address, 4), create(address, 9), None]
    own = [probabilities(address, token) for token in tokens]
    assert own[0] != own[1] != own[2] != own[0]
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda token: probabilities(address, token), tokens * 30))
    assert found == own * 30


def test_two_devices_add_and_predict_at_once(server):
    _, address = server
    token = create(address)

    def add_some(label):
        return [add(address, token, label)["samples"][0]["id"] for _ in range(4)]

    with ThreadPoolExecutor(3) as pool:
        predicting = pool.submit(lambda: [probabilities(address, token) for _ in range(10)])
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
    own = probabilities(address, replaced)
    for token in (deleted, replaced) * 4:  # both are cached
        assert probabilities(address, token) == own
    assert send(address, "DELETE", PROFILE, deleted)[0] == 204
    status, renewed = send(address, "POST", f"{PROFILE}/token", replaced)
    assert status == 200
    for token in (deleted, replaced, deleted[:-1] + "A", "inkdigits_" + "A" * 43):
        for _ in range(4):
            assert send(address, "POST", ONE, token, examples.IMAGE_DRAWING)[0] == 401
            assert send(address, "GET", f"{PROFILE}/samples", token)[0] == 401
    assert probabilities(address, renewed["token"]) == own


def test_profile_outlives_its_workers(server):
    process, address = server
    token = create(address, 4)
    own = probabilities(address, token)
    assert own != probabilities(address)
    old = workers_of(process)
    for pid in old:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(set(workers_of(process)) - set(old)) == 2)
    assert [probabilities(address, token) for _ in range(4)] == [own] * 4


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
        assert probabilities(address)
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
