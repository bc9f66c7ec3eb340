"""Two containers of the service behind the proxy: what is shared, what is lost, and the rate."""

import base64
import json
import os
import re
import signal
import socket
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from serving import SEVEN, connect, load, request, until
from stack import docker, predict_seven, run, send, started

from inkdigits.client import Client, ServiceError

pytestmark = pytest.mark.deploy

SECONDS = 3  # of each measurement of the rate
CONNECTIONS = 16
DRAWING = {"image": base64.b64encode(SEVEN).decode()}
# Takes long enough that whoever kills a container always interrupts some.
BATCH = json.dumps({"drawings": [DRAWING] * 32})


@pytest.fixture(scope="module")
def stack(figures, bases):
    limits = {"PROFILE_CHANGES_PER_MINUTE": 100_000, "PROFILES_PER_HOUR": 1000}
    # On a busy machine a request could otherwise wait too long for its turn.
    limits |= {"QUEUE_TIMEOUT_S": 60, "BATCH_TIMEOUT_S": 60, "STOP_GRACE_PERIOD": "90s"}
    limits |= {"DRAIN_S": 1}  # shorter than nginx and Docker need to notice
    settings = {f"INKDIGITS_{name}": value for name, value in limits.items()}
    with started(figures, "two containers of the service", scale=2, **settings) as stack:
        yield stack


def from_each(stack, path, token):
    """What each container itself answers to a GET, without the proxy: the status and the body."""
    script = (
        "import sys, urllib.request as r, urllib.error as e\n"
        "q = r.Request('http://127.0.0.1:5000/api/v1/' + sys.argv[1],"
        " headers={'Authorization': 'Bearer ' + sys.argv[2]})\n"
        "try: a = r.urlopen(q)\n"
        "except e.HTTPError as error: a = error\n"
        "print(a.status, a.read().decode())"
    )
    answers = []
    for container in stack.containers("api"):
        status, _, body = docker("exec", container, "python", "-c", script, path, token).partition(
            " "
        )
        answers.append((int(status), json.loads(body)))
    return answers


def create(stack):
    status, profile = send(stack, "POST", "profiles", {"consent": True})
    return status, profile.get("token")


def add(stack, token):
    content = {"samples": [{"label": 7} | DRAWING]}
    status, change = send(stack, "POST", "profile/samples", content, token)
    return status, change["samples"][0]["id"] if status == 201 else change


# Profiles: one SQLite file for both.


def test_both_open_a_new_database_at_the_same_time(stack):
    """They create its tables when they first need them."""
    with ThreadPoolExecutor(16) as threads:
        created = list(threads.map(create, [stack] * 32))
    assert {status for status, _ in created} == {201}
    token = created[-1][1]
    assert [status for status, _ in from_each(stack, "profile", token)] == [200, 200]


def test_samples_added_through_both_are_kept_and_seen_by_both(stack):
    tokens = [create(stack)[1] for _ in range(2)]
    with ThreadPoolExecutor(8) as threads:
        added = list(threads.map(lambda n: add(stack, tokens[n % 2]), range(16)))
    assert {status for status, _ in added} == {201}, added
    for n, token in enumerate(tokens):
        acknowledged = {sample for _, sample in added[n::2]}
        for status, found in from_each(stack, "profile/samples", token):
            assert status == 200
            assert {sample["id"] for sample in found["samples"]} == acknowledged


def test_personal_model_and_its_end_are_the_same_in_both(stack):
    _, token = create(stack)
    for _ in range(4):
        assert add(stack, token)[0] == 201
        version = send(stack, "GET", "profile", token=token)[1]["version"]
        for _ in range(10):  # whichever container answers
            status, found = send(stack, "POST", "predictions", DRAWING, token)
            assert (status, found["digit"], found["profile"]["version"]) == (200, 7, version)
    asked = {
        line["service"] for line in stack.log("web") if line.get("path", "").startswith("/api")
    }
    assert len(asked) >= 2
    assert send(stack, "DELETE", "profile", token=token)[0] in {200, 204}
    assert [status for status, _ in from_each(stack, "profile", token)] == [401, 401]


# Faults.


def send_batch(address):
    status, _, response = request(address, "POST", "/api/v1/predictions/batch", BATCH)
    return status if status != 200 else {item["digit"] for item in response["predictions"]} == {7}


def predict_batch(client):
    """The same with the Python client."""
    try:
        return {result.digit for result in client.predict_many([SEVEN] * 32)} == {7}
    except ServiceError as error:
        return error.status


def test_killed_container_costs_clients_that_repeat_requests_nothing(stack):
    """SIGKILL. Of the others, only those whose requests it was processing notice."""
    until(stack.healthy)
    with (
        Client(stack.address, timeout_s=60) as client,
        load(lambda: predict_batch(client), clients=3) as repeating,
        load(lambda: send_batch(stack.address), clients=3) as others,
    ):
        until(lambda: repeating[True] > 5 and others[True] > 5)
        one, _ = stack.containers("api")
        before = json.loads(docker("inspect", one))[0]
        os.kill(before["State"]["Pid"], signal.SIGKILL)
        done = repeating[True], others[True]
        until(lambda: repeating[True] > done[0] + 10 and others[True] > done[1] + 10)
    assert set(repeating) == {True}, repeating
    # A POST that has begun is not sent to the other container: it may be what killed the first.
    assert set(others) <= {True, 502}, others
    assert others[502] <= 3
    until(stack.healthy)
    after = json.loads(docker("inspect", one))[0]
    assert after["RestartCount"] == before["RestartCount"] + 1


def test_stopped_container_costs_no_client_a_request(stack):
    until(stack.healthy)
    one, _ = stack.containers("api")
    with (
        load(lambda: predict_seven(stack.address), clients=3) as one_by_one,
        load(lambda: send_batch(stack.address), clients=3) as batches,
    ):
        until(lambda: one_by_one[200] > 20 and batches[True] > 5)
        docker("stop", one)
        done = one_by_one[200], batches[True]
        until(lambda: one_by_one[200] > done[0] + 20 and batches[True] > done[1] + 5)
        docker("start", one)
        until(stack.healthy)
    assert (set(one_by_one), set(batches)) == ({200}, {True}), (one_by_one, batches)


# The targets of make.


def test_backup_and_restore_are_those_of_both(stack, tmp_path):
    _, token = create(stack)
    backup = tmp_path / "profiles.sqlite3"
    _, kept = add(stack, token)
    with load(lambda: add(stack, token)[0], clients=2) as outcomes:
        until(lambda: outcomes[201] > 3)
        stack.make("backup", f"FILE={backup}")
    assert set(outcomes) == {201}, outcomes
    _, late = add(stack, token)
    stack.make("restore", f"FILE={backup}")
    until(stack.healthy)
    for status, found in from_each(stack, "profile/samples", token):
        ids = {sample["id"] for sample in found["samples"]}
        assert (status, kept in ids, late in ids) == (200, True, False)


def test_replacement_keeps_the_number_and_drops_no_request(stack):
    until(stack.healthy)
    before = stack.containers("api")
    with load(lambda: predict_seven(stack.address), clients=4) as outcomes:
        stack.make("replace")
        done = outcomes[200]
        until(lambda: outcomes[200] > done + 50)
    assert set(outcomes) == {200}, outcomes
    assert len(stack.containers("api")) == 2
    assert not set(stack.containers("api")) & set(before)


@pytest.mark.parametrize(
    ("target", "scale", "words"),
    [
        ("up", "two", r"^SCALE=two is not a number of containers from 1 to 99"),
        ("replace", "0", r"^SCALE=0 is not a number of containers from 1 to 99"),
        ("up", "2", r"^The service is published on a port, which several containers cannot share"),
    ],
)
def test_wrong_number_is_reported_in_one_sentence(stack, target, scale, words):
    two_origins = {"COMPOSE_FILE": "compose.yaml:compose.cors.yaml"}
    before = stack.containers("api")
    with pytest.raises(AssertionError) as failure:
        run("sh", f"deploy/{target}.sh", scale, env=stack.environment | two_origins)
    (sentence,) = str(failure.value).splitlines()[1:]
    assert re.search(words, sentence)
    assert stack.containers("api") == before


# The rate.


def cpu_s(stack, service):
    """The processor time of all containers of a service until now."""
    # In both versions of control groups.
    usage = "cat /sys/fs/cgroup/cpuacct/cpuacct.usage 2> /dev/null || cat /sys/fs/cgroup/cpu.stat"
    total = 0
    for container in stack.containers(service):
        words = docker("exec", container, "sh", "-c", usage).split()
        total += int(words[0]) / 1e9 if len(words) == 1 else int(words[1]) / 1e6
    return total


def measure(stack):
    """Send drawings of one digit over connections that stay open.

    returns  answers per second, and the milliseconds of processor time for each by service
    """
    body = json.dumps(DRAWING).encode()
    sent = (
        b"POST /api/v1/predictions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
    )
    ended, answers = threading.Event(), Counter()

    def ask():
        with connect(stack.address) as connection, connection.makefile("rb") as response:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while not ended.is_set():
                connection.sendall(sent)
                status = int(response.readline().split()[1])
                lines = iter(response.readline, b"\r\n")
                (length,) = (int(x[16:]) for x in lines if x.lower().startswith(b"content-length:"))
                response.read(length)
                answers[status] += 1

    with ThreadPoolExecutor(CONNECTIONS) as threads:
        running = [threads.submit(ask) for _ in range(CONNECTIONS)]
        until(lambda: answers[200] > 100)
        used_s = {service: cpu_s(stack, service) for service in ("api", "web")}
        before, since = answers[200], time.monotonic()
        time.sleep(SECONDS)
        taken_s, count = time.monotonic() - since, answers[200] - before
        cost_ms = {
            service: 1000 * (cpu_s(stack, service) - earlier_s) / count
            for service, earlier_s in used_s.items()
        }
        ended.set()
    for one in running:
        one.result()
    assert set(answers) == {200}, answers
    return count / taken_s, cost_ms


def test_rate_with_one_container_and_with_two(stack, figures):
    until(stack.healthy)
    two, _ = measure(stack)
    stack.make("up")  # without SCALE, one container
    until(stack.healthy)
    assert len(stack.containers("api")) == 1
    one, cost_ms = measure(stack)
    name = f"answers per second of one container of the service and of two, {os.cpu_count()} CPUs"
    figures[name] = f"{one:.0f}, {two:.0f}"
    name = "processor time for each answer, in the service and in nginx"
    figures[name] = ", ".join(f"{cost:.2f} ms" for cost in cost_ms.values())
