"""The real server under load and with clients that disconnect; limits on connections."""

import asyncio
import json
import re
import resource
import select
import signal
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
import structlog
from PIL import Image
from requests_to import BATCH, PREDICT, base64_of
from serving import COMMAND, address_in, connect, head, predict, request, serving, until, workers_of

from inkdigits.api import Settings
from inkdigits.api.metrics import Metrics
from inkdigits.api.server.handler import Handler
from inkdigits.api.server.log import configure_log
from inkdigits.api.server.messages import Request


@pytest.fixture(scope="module")
def slow_image():
    """An image file of noise, which takes a while to recognize."""
    noise = np.random.default_rng(0).integers(0, 255, (1500, 1500), np.uint8)
    file = BytesIO()
    Image.fromarray(noise).save(file, "PNG", compress_level=0)
    return file.getvalue()


def batch_of(image, count):
    return json.dumps({"drawings": [{"image": base64_of(image)}] * count}).encode()


def rejections(address, reason):
    text = request(address, "GET", "/metrics")[2].decode()
    found = re.search(rf'inkdigits_rejections_total\{{reason="{reason}"\}} (\S+)', text)
    return float(found[1]) if found else 0


def predictions(address):
    text = request(address, "GET", "/metrics")[2].decode()
    return sum(map(float, re.findall(r"inkdigits_predictions_total\{.*\} (\S+)", text)))


@pytest.mark.parametrize(
    ("settings", "in_loop"),
    [
        ({}, True),
        ({"rate_limit": "100/second"}, True),
        ({"rate_limit": "100/second", "rate_limit_storage": "redis://cache"}, False),
        ({"rate_limit_storage": "redis://cache"}, True),
    ],
)
def test_loop_never_waits_for_a_rate_limit_of_another_process(settings, in_loop):
    threads = []

    def app(environ, start_response):
        threads.append(threading.current_thread())
        start_response("200 OK", [])
        return [b""]

    drawing = (Path(__file__).parents[2] / "golden" / "7.png").read_bytes()
    small = Request("127.0.0.1", method="POST", target=PREDICT.encode(), body=bytearray(drawing))
    handler = Handler(app, Settings.model_construct(**settings), Metrics(), 10)
    asyncio.run(handler.respond(small))
    assert (threads == [threading.main_thread()]) == in_loop


def test_queue_timeout_holds_while_the_only_thread_is_busy(slow_image):
    settings = {"threads": 1, "queue_timeout_s": 0.3, "max_body_bytes": 200_000_000}
    with serving(settings=settings) as (_, printed), ThreadPoolExecutor(1) as thread:
        address = address_in(printed)
        batch = thread.submit(request, address, "POST", BATCH, batch_of(slow_image, 30))
        rejected = 0
        while not batch.done():
            status, headers, _ = predict(address, slow_image)
            if status == 503:
                assert headers["Retry-After"] == "1"
                # Count only requests rejected before the batch finished.
                rejected += not batch.done()
        assert batch.result()[0] == 200
        assert rejected >= 1
        assert rejections(address, "queue_timeout") >= rejected


def test_small_drawing_does_not_wait_for_a_busy_thread(slow_image):
    settings = {"threads": 1, "queue_timeout_s": 0.3, "max_body_bytes": 200_000_000}
    with serving(settings=settings) as (_, printed), ThreadPoolExecutor(1) as thread:
        address = address_in(printed)
        batch = thread.submit(request, address, "POST", BATCH, batch_of(slow_image, 30))
        answers = [predict(address)]
        while not batch.done():
            answers.append(predict(address))
    assert batch.result()[0] == 200
    assert {(status, body["predicted_digit"]) for status, _, body in answers} == {(200, 7)}


def test_batch_that_times_out_keeps_finished_predictions(slow_image):
    settings = {"batch_timeout_s": 0.3, "max_body_bytes": 200_000_000}
    with serving(settings=settings) as (_, printed):
        body = batch_of(slow_image, 32)
        status, _, response = request(address_in(printed), "POST", BATCH, body)
    assert status == 200
    statuses = [item.get("status", 200) for item in response["predictions"]]
    assert len(statuses) == 32
    assert statuses[0] == 200
    assert statuses[-1] == 503
    assert statuses == sorted(statuses)
    assert "smaller batch" in response["predictions"][-1]["detail"]


@pytest.mark.parametrize("reset", [False, True])
def test_batch_stops_when_the_client_disconnects(slow_image, reset):
    settings = {"threads": 1, "max_body_bytes": 200_000_000, "batch_timeout_s": 300}
    body = batch_of(slow_image, 32)
    with serving(settings=settings) as (_, printed):
        address = address_in(printed)
        with connect(address) as client:
            line = f"POST {BATCH} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            client.sendall(f"{line}Content-Length: {len(body)}\r\n\r\n".encode() + body)
            if reset:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        # The only thread is free again once work on the batch has stopped.
        assert predict(address)[2]["predicted_digit"] == 7
        assert predictions(address) - 1 < 32


def test_queued_request_is_dropped_when_the_client_disconnects(slow_image):
    settings = {"threads": 1, "max_body_bytes": 200_000_000, "queue_timeout_s": 300}
    small = head("Content-Type: application/json", "Content-Length: 2") + b"{}"
    with serving(settings=settings) as (_, printed), ThreadPoolExecutor(1) as thread:
        address = address_in(printed)
        batch = thread.submit(request, address, "POST", BATCH, batch_of(slow_image, 24))

        def is_queued():
            with connect(address) as client:
                client.sendall(small)
                return not select.select([client], [], [], 0.2)[0]

        until(is_queued)
        before = responses_of_predict(address)
        for _ in range(5):
            with connect(address) as client:
                client.sendall(small)
        assert batch.result()[0] == 200
        # The last one may be answered, because no other request is waiting.
        until(lambda: rejections(address, "client_disconnected") >= 4)
        assert responses_of_predict(address) <= before + 1


def responses_of_predict(address):
    text = request(address, "GET", "/metrics")[2].decode()
    found = re.findall(r'inkdigits_requests_total\{.*route="/predict".*\} (\S+)', text)
    return sum(map(float, found))


def test_rejections_under_overload_are_aggregated_in_the_log(slow_image):
    settings = {"threads": 1, "queue": 0, "log_level": "info", "drain_s": 0}
    with serving(settings=settings) as (process, printed):
        address = address_in(printed)
        with ThreadPoolExecutor(20) as threads:
            statuses = list(threads.map(lambda _: predict(address, slow_image)[0], range(20)))
        process.terminate()
        lines = [json.loads(line) for line in process.stdout]
    rejected = [line for line in lines if line["event"] == "requests_rejected"]
    assert sum(line["count"] for line in rejected) == statuses.count(503) > 0
    assert {line["reason"] for line in rejected} == {"overloaded"}
    assert 503 not in [line.get("status") for line in lines]


def test_rate_limit_does_not_apply_to_health_and_metrics():
    with serving(settings={"rate_limit": "1/hour"}) as (_, printed):
        address = address_in(printed)
        for path in ("/healthz", "/readyz", "/metrics") * 3:
            assert request(address, "GET", path)[0] == 200
        assert [request(address, "GET", "/")[0] for _ in range(2)] == [200, 429]


def test_memory_of_large_bodies_is_released():
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


def test_application_error_returns_500_and_is_logged(capsys, monkeypatch):
    # A logger keeps the stream of its first event, which here is only that of this test.
    monkeypatch.setattr("inkdigits.api.server.handler.log", structlog.get_logger())

    def broken(environ, start_response):
        raise RuntimeError("broken")

    async def run():
        handler = Handler(broken, Settings(), Metrics(), 10)
        return await handler.respond(Request("", method="GET", target=b"/", is_complete=True))

    configure_log("info")
    response = asyncio.run(run())
    structlog.reset_defaults()
    assert response.status == 500
    assert "log" in json.loads(response.body)["detail"]
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["event"] for line in lines] == ["request_failed", "request"]
    assert "RuntimeError: broken" in lines[0]["exception"]


def test_unwritable_log_does_not_stop_the_server():
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


# Limits on connections, without sockets.


class FakeConnection:
    """The part of a connection that the handler uses."""

    def __init__(self, client, awaits_client, deadline=1.0):
        self.client, self.awaits_client, self.deadline = client, awaits_client, deadline
        self.outcome, self.fd = None, -1

    def abort(self):
        self.outcome = "aborted"

    def reject(self):
        self.outcome = "rejected"


def outcomes(connections, limit=100, **settings):
    """Open connections one after the other; return what the handler did with each."""

    async def run():
        handler = Handler(lambda environ, start: [], Settings(**settings), Metrics(), limit)
        for connection in connections:
            handler.connection_opened(connection)
        return [connection.outcome for connection in connections]

    return asyncio.run(run())


def test_rejected_connections_do_not_raise_the_limit():
    """They count until they are closed, and are then the first to be closed for new ones."""

    async def run():
        handler = Handler(lambda environ, start: [], Settings(), Metrics(), 2)
        working = [FakeConnection("a", False, None) for _ in range(2)]
        rejected, new = FakeConnection("a", True, 1.0), FakeConnection("a", True, 5.0)
        for connection in (*working, rejected):
            handler.connection_opened(connection)
        assert [each.outcome for each in (*working, rejected)] == [None, None, "rejected"]
        for number, connection in enumerate(working):
            connection.awaits_client, connection.deadline = True, 2.0 + number
        handler.connection_opened(new)
        assert len(handler.connections) == 2
        assert (rejected.outcome, working[0].outcome) == ("aborted", "aborted")
        assert (working[1].outcome, new.outcome) == (None, None)

    asyncio.run(run())


def test_connection_with_the_earliest_deadline_is_closed():
    connections = [FakeConnection("a", True, deadline) for deadline in (3.0, 1.0, 2.0, 4.0)]
    assert outcomes(connections, client_connections=3) == [None, "aborted", None, None]


def test_each_new_connection_replaces_another():
    connections = [FakeConnection("a", True, deadline) for deadline in range(6)]
    assert outcomes(connections, client_connections=3) == ["aborted"] * 3 + [None] * 3


def test_busy_connection_is_kept_and_new_one_is_rejected():
    connections = [
        FakeConnection("a", False),
        FakeConnection("a", False),
        FakeConnection("a", True),
    ]
    assert outcomes(connections, client_connections=2) == [None, None, "rejected"]


def test_client_with_most_connections_loses_one_when_all_are_in_use():
    connections = (
        [FakeConnection("a", True, 1.0)]
        + [FakeConnection("b", True, number) for number in range(2, 11)]
        + [FakeConnection("c", True)]
    )
    assert outcomes(connections, limit=10) == [None, "aborted", *[None] * 9]


def test_ipv6_network_counts_as_one_client():
    connections = [FakeConnection(f"2001:db8::{number}", True, number) for number in range(3)]
    assert outcomes(connections, client_connections=2) == ["aborted", None, None]


def test_client_limit_does_not_apply_to_a_trusted_proxy():
    connections = [FakeConnection("a", True) for _ in range(5)]
    assert outcomes(connections, client_connections=2, proxies=1) == [None] * 5
