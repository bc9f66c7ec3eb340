"""What the real server does under load, and what it stops doing for clients that leave."""

import asyncio
import json
import re
import resource
import select
import signal
import socket
import subprocess
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import structlog
from PIL import Image
from requests_to import BATCH, base64_of
from serving import COMMAND, address_in, connect, head, predict, request, serving, until, workers_of

from inkdigits.api import Settings
from inkdigits.api.metrics import Metrics
from inkdigits.api.server.handler import Handler
from inkdigits.api.server.messages import Request
from inkdigits.api.server.worker import configure_log


@pytest.fixture(scope="module")
def slow_picture():
    """The file of a picture of noise, which takes a while."""
    noise = np.random.default_rng(0).integers(0, 255, (1500, 1500), np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, "PNG", compress_level=0)
    return file.getvalue()


def batch_of(picture, count):
    return json.dumps({"drawings": [{"image": base64_of(picture)}] * count}).encode()


def rejections(address, reason):
    text = request(address, "GET", "/metrics")[2].decode()
    found = re.search(rf'inkdigits_rejections_total\{{reason="{reason}"\}} (\S+)', text)
    return float(found[1]) if found else 0


def predictions(address):
    text = request(address, "GET", "/metrics")[2].decode()
    return sum(map(float, re.findall(r"inkdigits_predictions_total\{.*\} (\S+)", text)))


def test_the_deadline_is_kept_while_the_only_thread_is_at_work(slow_picture):
    settings = {"threads": 1, "deadline_s": 0.3, "max_body_bytes": 200_000_000}
    with serving(settings=settings) as (_, printed), ThreadPoolExecutor(1) as thread:
        address = address_in(printed)
        batch = thread.submit(request, address, "POST", BATCH, batch_of(slow_picture, 30))
        rejected = 0
        while not batch.done():
            status, headers, _ = predict(address)
            if status == 503:
                assert headers["Retry-After"] == "1"
                # Told while the batch is still being worked on, and not when it is done.
                rejected += not batch.done()
        assert batch.result()[0] == 200
        assert rejected >= 1
        assert rejections(address, "deadline") >= rejected


def test_a_batch_ends_when_its_time_is_up_and_keeps_what_was_done(slow_picture):
    settings = {"request_timeout_s": 0.3, "max_body_bytes": 200_000_000}
    with serving(settings=settings) as (_, printed):
        body = batch_of(slow_picture, 32)
        status, _, answer = request(address_in(printed), "POST", BATCH, body)
    assert status == 200
    statuses = [item.get("status", 200) for item in answer["predictions"]]
    assert len(statuses) == 32
    assert statuses[0] == 200
    assert statuses[-1] == 503
    assert statuses == sorted(statuses)
    assert "smaller batch" in answer["predictions"][-1]["detail"]


@pytest.mark.parametrize("reset", [False, True])
def test_work_on_a_batch_stops_when_its_client_leaves(slow_picture, reset):
    settings = {"threads": 1, "max_body_bytes": 200_000_000, "request_timeout_s": 300}
    body = batch_of(slow_picture, 32)
    with serving(settings=settings) as (_, printed):
        address = address_in(printed)
        with connect(address) as client:
            line = f"POST {BATCH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            client.sendall(f"{line}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            if reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        # The next one has its turn when the work on the batch has stopped.
        assert predict(address)[2]["predicted_digit"] == 7
        assert predictions(address) - 1 < 32


def test_a_request_whose_client_left_while_it_waited_is_not_worked_on(slow_picture):
    settings = {"threads": 1, "max_body_bytes": 200_000_000, "deadline_s": 300}
    small = head("Content-Type: application/json", "Content-Length: 2") + b"{}"
    with serving(settings=settings) as (_, printed), ThreadPoolExecutor(1) as thread:
        address = address_in(printed)
        batch = thread.submit(request, address, "POST", BATCH, batch_of(slow_picture, 24))

        def waits():
            with connect(address) as client:
                client.sendall(small)
                return not select.select([client], [], [], 0.2)[0]

        until(waits)
        answered = answered_by_predict(address)
        for _ in range(5):
            with connect(address) as client:
                client.sendall(small)
        assert batch.result()[0] == 200
        # The last one keeps nobody waiting.
        until(lambda: rejections(address, "gone") >= 4)
        assert answered_by_predict(address) <= answered + 1


def answered_by_predict(address):
    text = request(address, "GET", "/metrics")[2].decode()
    found = re.findall(r'inkdigits_requests_total\{.*route="/predict".*\} (\S+)', text)
    return sum(map(float, found))


def test_beyond_what_it_can_carry_the_log_has_sums_and_no_line_for_each(slow_picture):
    settings = {"threads": 1, "queue": 0, "log_level": "info", "drain_s": 0}
    with serving(settings=settings) as (process, printed):
        address = address_in(printed)
        with ThreadPoolExecutor(20) as threads:
            statuses = list(threads.map(lambda _: predict(address, slow_picture)[0], range(20)))
        process.terminate()
        lines = [json.loads(line) for line in process.stdout]
    summed_up = [line for line in lines if line["event"] == "rejected"]
    assert sum(line["count"] for line in summed_up) == statuses.count(503) > 0
    assert {line["reason"] for line in summed_up} == {"overloaded"}
    assert 503 not in [line.get("status") for line in lines]


def test_health_and_metrics_are_not_limited_by_rate():
    with serving(settings={"rate_limit": "1/hour"}) as (_, printed):
        address = address_in(printed)
        for path in ("/healthz", "/readyz", "/metrics") * 3:
            assert request(address, "GET", path)[0] == 200
        assert [request(address, "GET", "/")[0] for _ in range(2)] == [200, 429]


def test_after_answering_large_bodies_their_memory_is_given_back():
    def resident_bytes(pid):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * resource.getpagesize()

    with serving(settings={"workers": 1}) as (process, printed):
        address = address_in(printed)
        [worker] = workers_of(process)
        predict(address)
        before = resident_bytes(worker)
        body = b'{"image": "' + b"A" * 20_000_000 + b'"}'
        with ThreadPoolExecutor(4) as threads:
            list(threads.map(lambda _: request(address, "POST", "/predict", body), range(12)))
        until(lambda: resident_bytes(worker) - before < 30e6)
        assert predict(address)[0] == 200


def test_a_fault_of_the_application_is_500_and_the_log_says_why(capsys):
    def broken(environ, start_response):
        raise RuntimeError("broken")

    async def run():
        handler = Handler(broken, Settings(), Metrics(), 10)
        return await handler.answer(Request("", method="GET", target=b"/", is_complete=True))

    configure_log("info")
    answer = asyncio.run(run())
    structlog.reset_defaults()
    assert answer.status == 500
    assert "log" in json.loads(answer.body)["detail"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["request_failed", "request"]
    assert "RuntimeError: broken" in lines[0]["exception"]


def test_a_log_that_cannot_be_written_ends_nothing():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"

    def is_up():
        with suppress(OSError):
            return request(address, "GET", "/readyz")[0] == 200
        return False

    with open("/dev/full", "w") as full:
        command = [*COMMAND, "--port", str(port), "--workers", "1"]
        process = subprocess.Popen(command, stdout=full, stderr=subprocess.PIPE)
        try:
            until(is_up)
            for _ in range(3):
                assert predict(address)[0] == 200
        finally:
            process.send_signal(signal.SIGINT)
            process.communicate(timeout=60)


# Connections, without a socket.


class Peer:
    """A connection as far as the handler sees it."""

    def __init__(self, client, is_waiting, deadline=1.0):
        self.client, self.is_waiting, self.deadline = client, is_waiting, deadline
        self.fate, self.file = None, -1

    def abort(self):
        self.fate = "aborted"

    def turn_away(self):
        self.fate = "turned away"


def fates(peers, limit=100, **settings):
    async def run():
        handler = Handler(lambda environ, start: [], Settings(**settings), Metrics(), limit)
        for peer in peers:
            handler.opened(peer)
        return [peer.fate for peer in peers]

    return asyncio.run(run())


def test_the_connection_whose_time_is_up_first_makes_room():
    peers = [Peer("a", True, deadline) for deadline in (3.0, 1.0, 2.0, 4.0)]
    assert fates(peers, client_connections=3) == [None, "aborted", None, None]


def test_each_new_connection_gets_another_ones_place():
    peers = [Peer("a", True, deadline) for deadline in range(6)]
    assert fates(peers, client_connections=3) == ["aborted", "aborted", "aborted", None, None, None]


def test_a_connection_that_works_is_kept_and_the_new_one_is_turned_away():
    peers = [Peer("a", False), Peer("a", False), Peer("a", True)]
    assert fates(peers, client_connections=2) == [None, None, "turned away"]


def test_whoever_has_the_most_connections_makes_room_when_all_are_taken():
    peers = (
        [Peer("a", True, 1.0)]
        + [Peer("b", True, number) for number in range(2, 11)]
        + [Peer("c", True)]
    )
    assert fates(peers, limit=10) == [None, "aborted", *[None] * 9]


def test_addresses_of_one_ipv6_network_are_one_client():
    peers = [Peer(f"2001:db8::{number}", True, number) for number in range(3)]
    assert fates(peers, client_connections=2) == ["aborted", None, None]


def test_connections_of_a_trusted_proxy_are_not_limited_by_client():
    peers = [Peer("a", True) for _ in range(5)]
    assert fates(peers, client_connections=2, proxies=1) == [None] * 5
