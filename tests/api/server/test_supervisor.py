"""The real server on a real socket: limits, faults, overload and shutdown."""

import json
import os
import re
import resource
import shutil
import signal
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from serving import (
    address_in,
    connect,
    exchange,
    head,
    load,
    predict,
    request,
    serving,
    until,
    workers_of,
)
from untrained import untrained

from inkdigits.api.settings import Settings
from inkdigits.model_file import save_model, shipped_models
from inkdigits.recognizer import Recognizer

LIMIT = 100_000  # bytes of a body


@pytest.fixture(scope="module")
def server():
    settings = {
        "max_body_bytes": LIMIT,
        "body_timeout_s": 8,
        "workers": 2,
        "log_level": "info",
    }
    with serving(settings=settings) as (process, printed):
        yield process, address_in(printed)


@pytest.fixture(scope="module")
def address(server):
    return server[1]


def status_of(line):
    return int(re.match(rb"HTTP/1\.1 (\d{3}) ", line)[1])


# Requests.


def test_body_over_the_limit_returns_413(address):
    status, headers, problem = request(address, "POST", "/predict", b" " * (LIMIT + 1))
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")
    assert "100,000" in problem["detail"]
    assert request(address, "POST", "/predict", b" " * LIMIT)[0] == 400


def test_declared_length_over_the_limit_returns_413_before_the_body(address):
    assert status_of(exchange(address, head("Content-Length: 999999999"))) == 413


def test_chunked_body_over_the_limit_returns_413(address):
    body = (b" " * 10_000 for _ in range(11))
    status, headers, _ = request(address, "POST", "/predict", body, encode_chunked=True)
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")
    body = (b" " * 10_000 for _ in range(10))
    assert request(address, "POST", "/predict", body, encode_chunked=True)[0] == 400


def test_million_tiny_chunks_return_400(address):
    with connect(address) as client, client.makefile("rb") as response:
        client.sendall(head("Content-Type: application/json", "Transfer-Encoding: chunked"))

        def send():
            try:
                for _ in range(1000):
                    client.sendall(b"1\r\n \r\n" * 1000)
            except OSError:
                pass  # rejected before everything was sent

        sender = threading.Thread(target=send)
        sender.start()
        assert status_of(response.readline()) == 400
    sender.join()
    assert predict(address)[0] == 200


def test_content_length_with_chunks_returns_400_and_closes_the_connection(address):
    both = head("Content-Length: 3", "Transfer-Encoding: chunked", "Content-Type: application/json")
    with connect(address) as client, client.makefile("rb") as response:
        client.sendall(both + b"2\r\n{}\r\n0\r\n\r\n")
        assert status_of(response.readline()) == 400
        assert b"connection: close" in response.read().lower()


def test_two_content_lengths_return_400(address):
    sent = head("Content-Length: 2", "Content-Length: 3") + b"{} "
    assert status_of(exchange(address, sent)) == 400


@pytest.mark.parametrize("length", ["-1", "three", "+2", "2,3"])
def test_invalid_content_length_returns_400(address, length):
    assert status_of(exchange(address, head(f"Content-Length: {length}") + b"{}")) == 400


def test_url_of_9_kb_returns_414(address):
    sent = b"GET /?" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"
    assert status_of(exchange(address, sent)) == 414


def test_200_headers_return_431(address):
    assert status_of(exchange(address, head(*(f"X-{n}: 1" for n in range(200))))) == 431


def test_half_sent_bodies_time_out_and_do_not_affect_others(address):
    half = head("Content-Type: application/json", "Content-Length: 1000") + b"{"
    clients = [connect(address) for _ in range(200)]
    try:
        for client in clients:
            client.sendall(half)
        for _ in range(10):
            assert predict(address)[2]["predicted_digit"] == 7
        with clients[0].makefile("rb") as response:
            assert status_of(response.readline()) == 408
    finally:
        for client in clients:
            client.close()


def test_disconnect_within_a_body_is_not_an_error(tmp_path):
    with serving(settings={"log_level": "info"}) as (process, printed):
        address = address_in(printed)
        for _ in range(3):
            with connect(address) as client:
                client.sendall(head("Content-Length: 1000") + b"{")

        def disconnects_are_counted():
            text = request(address, "GET", "/metrics")[2].decode()
            return 'inkdigits_rejections_total{reason="client_disconnected"} 3.0' in text

        until(disconnects_are_counted)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 0
        assert process.stderr.read() == ""


def test_effective_settings_are_logged_at_start():
    chosen = {"log_level": "info", "proxies": 2, "origins": "https://digits.example.org"}
    with serving(settings=chosen | {"max_body_bytes": LIMIT}) as (_, printed):
        first = json.loads(printed.splitlines()[0])
    assert first["event"] == "settings"
    assert first["proxies"] == 2
    assert first["origins"] == ["https://digits.example.org"]
    assert first["max_body_bytes"] == LIMIT
    assert first["queue"] == Settings.model_fields["queue"].default
    assert set(Settings.model_fields) <= set(first)


def test_line_breaks_do_not_forge_log_lines(tmp_path):
    with serving(settings={"log_level": "info"}) as (process, printed):
        address = address_in(printed)
        forged = "%0d%0a%7B%22event%22:%22forged%22%7D"
        assert request(address, "GET", f"/{forged}", headers={"X-Request-ID": "a b"})[0] == 404
        process.send_signal(signal.SIGINT)
        lines = [json.loads(line) for line in process.stdout]
    found = [line for line in lines if "forged" in json.dumps(line)]
    assert [line["event"] for line in found] == ["request"]
    assert re.fullmatch(r"[0-9a-f]{32}", found[0]["request_id"])


@pytest.mark.parametrize(
    ("proxies", "client"),
    [(0, "127.0.0.1"), (1, "203.0.113.7"), (2, "198.51.100.6"), (3, "127.0.0.1")],
)
def test_log_has_the_client_that_a_trusted_proxy_reports(proxies, client):
    settings = {"log_level": "info", "proxies": proxies, "max_body_bytes": LIMIT}
    with serving(settings=settings) as (process, printed):
        sent = {"X-Forwarded-For": "198.51.100.6, 203.0.113.7", "X-Request-ID": "mine"}
        address = address_in(printed)
        assert request(address, "GET", "/healthz", headers=sent)[0] == 200
        # Rejected by the server, before the application.
        assert request(address, "POST", "/predict", b"?" * (LIMIT + 1), sent)[0] == 413
        process.send_signal(signal.SIGINT)
        lines = [json.loads(line) for line in process.stdout]
    clients = [line["client"] for line in lines if line["request_id"] == "mine"]
    assert clients == [client, client]


def test_rate_limit_counts_the_client_that_a_trusted_proxy_reports():
    with serving(settings={"rate_limit": "1/hour", "proxies": 1}) as (_, printed):
        statuses = [
            request(address_in(printed), "GET", "/", headers={"X-Forwarded-For": forwarded})[0]
            # Entries before the proxy's own come from the client and do not count.
            for forwarded in ("192.0.2.1", "192.0.2.2", "192.0.2.1", "1.1.1.1, 192.0.2.2")
        ]
    assert statuses == [200, 200, 429, 429]


def test_request_id_is_returned(address):
    headers = request(address, "GET", "/healthz", headers={"X-Request-ID": "mine-7"})[1]
    assert headers["X-Request-ID"] == "mine-7"
    for wrong in ("a b", "x" * 65, ""):
        headers = request(address, "GET", "/healthz", headers={"X-Request-ID": wrong})[1]
        assert re.fullmatch(r"[0-9a-f]{32}", headers["X-Request-ID"])


def test_head_has_the_headers_of_get_without_the_body(address):
    status, headers, data = request(address, "HEAD", "/healthz")
    assert (status, data) == (200, b"")
    assert headers["Content-Type"] == "application/json"


def test_metrics_are_summed_over_workers(address):
    def counted():
        text = request(address, "GET", "/metrics")[2].decode()
        pattern = r'inkdigits_requests_total\{method="GET",route="/readyz",status="200"\} (\d+)'
        found = re.search(pattern, text)
        return int(found[1]) if found else 0

    before = counted()
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: request(address, "GET", "/readyz"), range(40)))
    assert counted() == before + 40


def test_queue_depth_rises_under_load_and_falls_to_zero():
    def depth():
        text = request(address, "GET", "/metrics")[2].decode()
        return float(
            re.search(r'^inkdigits_queue_depth\{queue="predictions"\} (.*)$', text, re.M)[1]
        )

    # It does not log each request, which would fill the pipe that nobody reads.
    with serving(settings={"workers": 2}) as (_, printed):
        address = address_in(printed)
        with load(lambda: predict(address)[0], clients=8):
            until(lambda: depth() >= 2)
        until(lambda: depth() == 0)


# Faults.


def test_killed_worker_is_replaced_and_only_its_requests_fail():
    with serving(settings={"workers": 2}) as (process, printed):
        address = address_in(printed)
        with load(lambda: predict(address)[0], clients=4) as outcomes:
            until(lambda: outcomes[200] > 20)
            before = workers_of(process)
            os.kill(before[0], signal.SIGKILL)
            until(lambda: len(set(workers_of(process)) - {before[0]}) == 2)
            done = outcomes[200]
            until(lambda: outcomes[200] > done + 50)
        assert before[1] in workers_of(process)
        # For each client, at most one request in progress and one waiting to be accepted.
        assert sum(outcomes.values()) - outcomes[200] <= 2 * 4
        assert process.poll() is None


def test_hung_worker_is_replaced_while_others_keep_serving():
    settings = {"workers": 2, "watchdog_s": 2, "log_level": "info", "grace_s": 1}
    with serving(settings=settings) as (process, printed):
        lines = (json.loads(line) for line in process.stdout)
        ready = json.loads(printed.splitlines()[1])
        other = next(lines)
        assert [ready["event"], other["event"]] == ["worker_ready"] * 2
        os.kill(ready["pid"], signal.SIGSTOP)
        events = [next(lines) for _ in range(3)]
        assert [line["event"] for line in events] == ["worker_hung", "worker_died", "worker_ready"]
        assert events[0]["pid"] == events[1]["pid"] == ready["pid"]
        assert set(workers_of(process)) == {other["pid"], events[2]["pid"]}
        for _ in range(10):
            assert predict(address_in(printed))[0] == 200


def test_connections_are_distributed_over_workers():
    def sockets_of(pid):
        count = 0
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(FileNotFoundError):  # closed in the meantime
                count += "socket:" in os.readlink(file)
        return count

    with serving(settings={"workers": 2, "log_level": "info"}) as (process, printed):
        ready = [json.loads(line) for line in (printed.splitlines()[1], process.stdout.readline())]
        assert [line["event"] for line in ready] == ["worker_ready"] * 2
        workers = [line["pid"] for line in ready]
        before = [sockets_of(worker) for worker in workers]
        clients = [connect(address_in(printed)) for _ in range(40)]
        try:
            until(lambda: sum(map(sockets_of, workers)) == sum(before) + 40)
            after = [sockets_of(worker) for worker in workers]
        finally:
            for client in clients:
                client.close()
        assert min(now - then for now, then in zip(after, before, strict=True)) >= 5


def test_server_exits_with_1_if_workers_keep_dying():
    with serving() as (process, _):
        killed = set()
        while process.poll() is None:
            with suppress(ProcessLookupError, FileNotFoundError, IndexError):
                worker = workers_of(process)[0]
                if worker not in killed:
                    os.kill(worker, signal.SIGKILL)
                    killed.add(worker)
        assert process.returncode == 1
        assert 2 <= len(killed) <= 3
        sentence = process.stderr.read()
        assert re.fullmatch(r"Error: The workers keep dying [^\n]+\n", sentence)
        lines = [json.loads(line) for line in process.stdout]
        assert {line["event"] for line in lines} == {"worker_died"}


def test_workers_exit_when_the_supervisor_is_killed():
    with serving(settings={"workers": 2}) as (process, _):
        until(lambda: len(workers_of(process)) == 2)
        workers = workers_of(process)
        process.kill()

        def have_exited():
            return not any(Path(f"/proc/{worker}").exists() for worker in workers)

        until(have_exited)


def test_low_file_limit_only_lowers_the_connection_limit():
    def few_files():
        resource.setrlimit(resource.RLIMIT_NOFILE, (100, 100))

    with serving(preexec_fn=few_files) as (_, printed):
        address = address_in(printed)
        line = json.loads(printed.splitlines()[0])
        assert line["event"] == "connections_limited"
        assert "ulimit -n" in line["reason"]
        clients = [connect(address) for _ in range(200)]
        try:
            for _ in range(5):
                assert predict(address)[0] == 200
        finally:
            for client in clients:
                client.close()


def test_workers_survive_without_disk_space_for_metrics():
    # A limit on file sizes makes writes fail, as a full disk does.
    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))

    with serving(preexec_fn=small_files) as (_, printed):
        line = json.loads(printed.splitlines()[0])
        assert line["event"] == "metrics_not_shared"
        address = address_in(printed)
        assert predict(address)[0] == 200
        text = request(address, "GET", "/metrics")[2].decode()
        assert 'inkdigits_requests_total{method="POST",route="/predict",status="200"} 1.0' in text


def test_sigterm_drains_and_finishes_requests_in_progress():
    with serving(settings={"drain_s": 2}) as (process, printed):
        address = address_in(printed)
        assert request(address, "GET", "/readyz")[0] == 200
        body = json.dumps({"image": "AAAA"}).encode()
        with connect(address) as client, client.makefile("rb") as response:
            client.sendall(
                head("Content-Type: application/json", f"Content-Length: {len(body)}") + body[:5]
            )
            process.send_signal(signal.SIGTERM)
            until(lambda: request(address, "GET", "/readyz")[0] == 503)
            # Clients that have not noticed yet are still served.
            assert predict(address)[0] == 200
            assert request(address, "GET", "/healthz")[0] == 200

            def is_closed():
                try:
                    connect(address).close()
                except ConnectionRefusedError:
                    return True
                return False

            until(is_closed)
            assert process.poll() is None
            client.sendall(body[5:])
            assert status_of(response.readline()) == 415  # AAAA is not an image
        assert process.wait(timeout=30) == 0
        assert process.stdout.read() == process.stderr.read() == ""


def test_bad_model_file_is_rejected_and_good_one_is_loaded(tmp_path):
    path = tmp_path / "mine.safetensors"
    shutil.copy(shipped_models()["mlp"], path)
    digests = [Recognizer.load(path).digest]
    new = tmp_path / "new"
    save_model(new, untrained())
    digests.append(Recognizer.load(new).digest)
    settings = {"reload_s": 0.1, "log_level": "error"}
    with serving("--model", path, settings=settings) as (process, printed):
        address = address_in(printed)

        def digest():
            return request(address, "GET", "/")[2]["model"]["digest"]

        assert digest() == digests[0]
        with load(lambda: predict(address)[0], clients=1) as outcomes:
            (tmp_path / "bad").write_bytes(path.read_bytes()[:-1])
            os.replace(tmp_path / "bad", path)
            line = json.loads(process.stdout.readline())
            assert (line["event"], line["model"]) == ("model_rejected", "mine")
            assert str(path) in line["reason"]
            assert digest() == digests[0]
            os.replace(new, path)
            until(lambda: digest() == digests[1])
        text = request(address, "GET", "/metrics")[2].decode()
        assert f'{{digest="{digests[1]}",model="mine"}} 1.0' in text
        assert digests[0] not in text
        assert set(outcomes) == {200}


def test_full_queue_returns_503():
    noise = np.random.default_rng(0).integers(0, 255, (1500, 1500), np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, "PNG", compress_level=0)
    settings = {"threads": 1, "queue": 2}
    with serving(settings=settings) as (_, printed):
        address = address_in(printed)
        with ThreadPoolExecutor(30) as threads:
            responses = [threads.submit(predict, address, file.getvalue()) for _ in range(30)]
            health = {request(address, "GET", "/healthz")[0] for _ in range(20)}
        assert health == {200}
        results = [response.result() for response in responses]
        statuses = Counter(status for status, _, _ in results)
        assert set(statuses) == {200, 503}
        assert statuses[200] >= 3
        for status, headers, body in results:
            if status == 503:
                assert headers["Retry-After"] == "1"
                assert headers["Content-Type"] == "application/problem+json"
                assert body["status"] == 503
        assert predict(address)[2]["predicted_digit"] == 7
        text = request(address, "GET", "/metrics")[2].decode()
        assert f'inkdigits_rejections_total{{reason="overloaded"}} {statuses[503]}.0' in text


def test_queue_timeout_returns_503():
    noise = np.random.default_rng(0).integers(0, 255, (1500, 1500), np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, "PNG", compress_level=0)
    with serving(settings={"threads": 1, "queue": 50, "queue_timeout_s": 0.01}) as (_, printed):
        address = address_in(printed)
        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(lambda _: predict(address, file.getvalue()), range(8)))
        assert {status for status, _, _ in results} == {200, 503}
        text = request(address, "GET", "/metrics")[2].decode()
        assert re.search(r'inkdigits_rejections_total\{reason="queue_timeout"\} [1-9]', text)
