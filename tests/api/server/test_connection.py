"""Connections to the real server: invalid HTTP, and clients that waste its time."""

import http.client
import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from urllib.parse import urlsplit

import numpy as np
import pytest
from serving import SEVEN, address_in, connect, head, predict, request, serving, until

PNG = [
    "POST /api/v1/predictions HTTP/1.1",
    "Host: x",
    "Content-Type: image/png",
    f"Content-Length: {len(SEVEN)}",
]
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
BUNDLE = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n"


def lines(*given, body=b""):
    return "\r\n".join([*given, "", ""]).encode() + body


@pytest.fixture(scope="module")
def address():
    with serving(settings={"header_timeout_s": 20, "queue": 1000}) as (_, printed):
        yield address_in(printed)


@contextmanager
def sending(address, sent, half_close=False):
    """Send raw bytes; yield the connection and a file to read the responses from."""
    with connect(address) as client, client.makefile("rb") as responses:
        client.sendall(sent)
        if half_close:
            client.shutdown(socket.SHUT_WR)
        yield client, responses


def read_response(responses):
    """Read one response: status, headers and body; None at the end of the connection."""
    status_line = responses.readline()
    if not status_line:
        return None
    headers = http.client.parse_headers(responses)
    body = responses.read(int(headers.get("Content-Length", 0)))
    return int(status_line.split()[1]), headers, body


def metric(address, pattern):
    text = request(address, "GET", "/metrics")[2].decode()
    found = [line.split()[-1] for line in text.splitlines() if line.startswith(pattern)]
    return sum(map(float, found))


# Invalid HTTP.

BODY = "Content-Length: 2"
MALFORMED = {
    "no host": lines("GET / HTTP/1.1"),
    "two hosts": lines("GET / HTTP/1.1", "Host: x", "Host: x"),
    "a host with a space": lines("GET / HTTP/1.1", "Host: a b"),
    "a host with a path": lines("GET / HTTP/1.1", "Host: a/b"),
    "a host with a user": lines("GET / HTTP/1.1", "Host: a@b"),
    "two hosts in one": lines("GET / HTTP/1.1", "Host: a, b"),
    "a host whose bracket is open": lines("GET / HTTP/1.1", "Host: [::1"),
    "a host with an invalid port": lines("GET / HTTP/1.1", "Host: a:b"),
    "another transfer coding": head("Transfer-Encoding: gzip") + b"{}",
    "another transfer coding before": head("Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n",
    "chunked twice": head("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
    "chunked in HTTP/1.0": lines("POST / HTTP/1.0", "Transfer-Encoding: chunked"),
    "a length and chunks": head(BODY, "Transfer-Encoding: chunked") + b"0\r\n\r\n",
    "a chunk with an invalid length": head("Transfer-Encoding: chunked") + b"x\r\n",
    "a header without a colon": lines("GET / HTTP/1.1", "Host: x", "nonsense"),
    "a space before the colon": lines("GET / HTTP/1.1", "Host : x"),
    "a folded header": lines("GET / HTTP/1.1", "Host: x", "A: b", " c"),
    "not HTTP at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "an invalid URL": lines("GET http://[ HTTP/1.1", "Host: x"),
    "a CONNECT request": lines("CONNECT x:80 HTTP/1.1", "Host: x:80"),
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
def test_invalid_http_returns_400_and_closes_the_connection(address, sent):
    with sending(address, sent) as (_, responses):
        status, headers, body = read_response(responses)
        assert (status, headers["Content-Type"]) == (400, "application/problem+json")
        assert json.loads(body)["request_id"] == headers["X-Request-ID"]
        assert headers["Connection"] == "close"
        assert responses.read() == b""


@pytest.mark.parametrize(("version", "status"), [("2.0", 505), ("0.9", 505), ("9.9", 400)])
def test_unsupported_http_version_is_rejected(address, version, status):
    with sending(address, lines(f"GET / HTTP/{version}", "Host: x")) as (_, responses):
        assert read_response(responses)[0] == status


def test_request_without_a_version_is_rejected(address):
    with sending(address, lines("GET /", "Host: x")) as (_, responses):
        assert read_response(responses)[0] == 505


def test_http_1_0_works_without_a_host(address):
    with sending(address, lines("GET /healthz HTTP/1.0")) as (_, responses):
        assert read_response(responses)[0] == 200
        assert responses.read() == b""
    kept = lines("GET /healthz HTTP/1.0", "Connection: keep-alive")
    with sending(address, kept * 2) as (_, responses):
        assert [read_response(responses)[0] for _ in range(2)] == [200, 200]


CHUNKED = head("Content-Type: application/json", "Transfer-Encoding: chunked")
INCOMPLETE = {
    "half a line": b"POST /pre",
    "half of the headers": b"POST /predict HTTP/1.1\r\nHost: x\r\nContent-",
    "no body": head("Content-Length: 10"),
    "half a body": head("Content-Type: application/json", "Content-Length: 10") + b'{"im',
    "half a chunk": CHUNKED + b'9\r\n{"im',
    "no last chunk": CHUNKED + b"2\r\n{}\r\n",
    "half a last chunk": CHUNKED + b"2\r\n{}\r\n0\r\n",
    "half a body after a request": HEALTH + head("Content-Length: 10") + b"{",
}


@pytest.mark.parametrize("sent", INCOMPLETE.values(), ids=INCOMPLETE)
def test_incomplete_request_returns_400(address, sent):
    with sending(address, sent, half_close=True) as (_, responses):
        found = [read_response(responses)]
        if sent.startswith(b"GET"):
            assert found.pop()[0] == 200
            found = [read_response(responses)]
        status, _, body = found[0]
        assert status == 400
        assert "complete" in json.loads(body)["detail"]
        assert responses.read() == b""


def test_half_closed_connection_gets_its_response(address):
    with sending(address, lines(*PNG, body=SEVEN), half_close=True) as (_, responses):
        status, _, body = read_response(responses)
        assert (status, json.loads(body)["digit"]) == (200, 7)
        assert responses.read() == b""


def test_pipelined_requests_are_answered_in_order(address):
    seven = lines(*PNG, body=SEVEN)
    with sending(address, HEALTH + seven + HEALTH + seven) as (_, responses):
        kinds = [sorted(json.loads(read_response(responses)[2]))[0] for _ in range(4)]
    assert kinds == ["status", "confidence", "status", "confidence"]


def test_pipelined_requests_beyond_the_limit_are_discarded(address):
    with sending(address, HEALTH * 1000) as (_, responses):
        found = []
        while response := read_response(responses):
            found.append(response[0])
    assert set(found) == {200}
    assert len(found) < 100


def test_request_sent_byte_by_byte_works(address):
    with connect(address) as client, client.makefile("rb") as responses:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for position in range(len(HEALTH)):
            client.sendall(HEALTH[position : position + 1])
        assert read_response(responses)[0] == 200


def test_expect_100_continue_is_answered(address):
    with sending(address, lines(*PNG, "Expect: 100-continue")) as (client, responses):
        assert read_response(responses)[0] == 100
        client.sendall(SEVEN)
        assert read_response(responses)[0] == 200
    too_large = head("Content-Length: 999999999", "Expect: 100-continue")
    with sending(address, too_large) as (_, responses):
        assert read_response(responses)[0] == 413


def test_upgrade_offer_is_ignored(address):
    offer = ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAA"]
    get = lines("GET /healthz HTTP/1.1", "Host: x", *offer)
    post = lines(*PNG, *offer, body=SEVEN)
    with sending(address, get + post + get) as (_, responses):
        found = [read_response(responses) for _ in range(3)]
    assert [status for status, _, _ in found] == [200, 200, 200]
    assert json.loads(found[1][2])["digit"] == 7


def test_connect_returns_405_and_closes_the_connection(address):
    connect_request = lines("CONNECT http://x/ HTTP/1.1", "Host: x")
    with sending(address, connect_request + HEALTH) as (_, responses):
        assert read_response(responses)[0] == 405
        assert responses.read() == b""


def test_trailers_are_ignored(address):
    body = b"2\r\n{}\r\n0\r\nX-Request-ID: trailer\r\n\r\n"
    with sending(address, CHUNKED + body) as (_, responses):
        status, headers, _ = read_response(responses)
    assert status == 422
    assert headers["X-Request-ID"] != "trailer"


def test_endless_headers_return_431(address):
    with connect(address) as client, client.makefile("rb") as responses:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
        sender = threading.Thread(target=send_until_error, args=(client, b"a" * 10_000))
        sender.start()
        assert read_response(responses)[0] == 431
        client.close()
    sender.join()


def test_endless_chunk_extension_returns_413():
    with serving(settings={"max_body_bytes": 10_000}) as (_, printed):
        with connect(address_in(printed)) as client, client.makefile("rb") as responses:
            client.sendall(CHUNKED + b"1;")
            sender = threading.Thread(target=send_until_error, args=(client, b"a" * 10_000))
            sender.start()
            assert read_response(responses)[0] == 413
            client.close()
        sender.join()


def test_endless_trailers_return_413():
    with serving(settings={"max_body_bytes": 10_000_000}) as (_, printed):
        with connect(address_in(printed)) as client, client.makefile("rb") as responses:
            client.sendall(CHUNKED + b"0\r\nX: ")
            sender = threading.Thread(target=send_until_error, args=(client, b"a" * 10_000, 100))
            sender.start()
            assert read_response(responses)[0] == 413
            client.close()
        sender.join()


def test_methods_of_other_protocols_are_rejected(address):
    for line in ("DESCRIBE / RTSP/1.0", "SOURCE / ICE/1.0", "PURGE / HTTP/1.1"):
        with sending(address, lines(line, "Host: x")) as (_, responses):
            assert read_response(responses)[0] == 400


def send_until_error(client, data, times=10_000):
    for _ in range(times):
        try:
            client.sendall(data)
        except OSError:
            return


# Clients that waste the server's time.

WAITING = {
    "nothing": b"",
    "half a header": b"POST /predict HTTP/1.1\r\nHost: x\r\n",
    "half a body": head("Content-Type: application/json", "Content-Length: 10") + b"{",
    "nothing after a response": HEALTH,
}


def is_closed(client):
    """Whether the server has closed the connection, perhaps after a response."""
    try:
        while data := client.recv(65536):
            # 503 if all connections were in use when this one was opened.
            assert data.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 503 "))
    except BlockingIOError:
        return False
    except ConnectionResetError:
        pass
    return True


@pytest.fixture(scope="module", params=["client_connections", "connections"])
def limited(request):
    """A limit of connections, and the address of a server that has it."""
    settings = {request.param: 20, "header_timeout_s": 300, "body_timeout_s": 300}
    with serving(settings=settings) as (_, printed):
        yield request.param, address_in(printed)


@pytest.mark.parametrize("sent", WAITING.values(), ids=WAITING)
def test_idle_connections_are_closed_for_new_ones(sent, limited):
    limit, address = limited
    rejected = 'inkdigits_rejections_total{reason="connections"}'
    before = metric(address, rejected)
    with ExitStack() as held:
        silent = []
        for number in range(60):
            # From several addresses, so that none exceeds the limit of one client.
            source = f"127.0.0.{2 + number % 10}" if limit == "connections" else "127.0.0.1"
            parts = urlsplit(address)
            client = socket.create_connection((parts.hostname, parts.port), 60, (source, 0))
            held.enter_context(client).sendall(sent)
            client.setblocking(False)
            silent.append(client)
        assert request(address, "GET", "/healthz")[0] == 200
        assert predict(address)[2]["predicted_digit"] == 7
        until(lambda: sum(map(is_closed, silent)) >= 40)
        assert metric(address, rejected) - before >= 40


def test_burst_of_connections_is_limited():
    with serving(settings={"client_connections": 20, "header_timeout_s": 300}) as (_, printed):
        parts = urlsplit(address_in(printed))
        with ExitStack() as held:
            clients = [held.enter_context(socket.socket()) for _ in range(300)]
            for client in clients:
                client.setblocking(False)
                client.connect_ex((parts.hostname, parts.port))
            until(lambda: sum(map(is_closed, clients)) >= 280)
            assert predict(address_in(printed))[0] == 200


def test_client_over_its_limit_does_not_affect_others():
    with serving(settings={"client_connections": 5}) as (_, printed), ExitStack() as held:
        parts = urlsplit(address_in(printed))
        peer = (parts.hostname, parts.port)
        other = held.enter_context(socket.create_connection(peer, 60, ("127.0.0.3", 0)))
        other.sendall(HEALTH)
        responses = held.enter_context(other.makefile("rb"))
        assert read_response(responses)[0] == 200
        for _ in range(30):
            held.enter_context(socket.create_connection(peer, 60, ("127.0.0.2", 0)))
        other.sendall(HEALTH)
        assert read_response(responses)[0] == 200


def test_slow_headers_return_408_and_silence_just_closes():
    with serving(settings={"header_timeout_s": 0.3}) as (_, printed):
        address = address_in(printed)
        with sending(address, b"GET / HTTP/1.1\r\nHost") as (_, responses):
            assert read_response(responses)[0] == 408
            assert responses.read() == b""
        with sending(address, b"") as (_, responses):
            assert responses.read() == b""


@pytest.mark.parametrize("sent", [HEALTH, BUNDLE])
def test_response_has_one_date(address, sent):
    with sending(address, sent) as (_, responses):
        assert len(read_response(responses)[1].get_all("Date")) == 1


def test_connection_reset_is_not_an_error():
    settings = {"body_timeout_s": 0.5, "log_level": "info"}
    with serving(settings=settings) as (process, printed):
        address = address_in(printed)

        def reset_after(seconds):
            with connect(address) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.sendall(head("Content-Length: 1000") + b"{")
                time.sleep(seconds)

        with ThreadPoolExecutor(20) as threads:
            # Around the timeout of the body, which is checked every 0.25 s.
            list(threads.map(reset_after, np.linspace(0.5, 0.9, 20)))
        assert request(address, "GET", "/healthz")[0] == 200
        process.terminate()
        events = {json.loads(line)["event"] for line in process.stdout}
    assert events == {"request"}


def test_unfinished_large_bodies_leave_memory_for_others():
    limit = 1_000_000
    settings = {"max_body_bytes": limit, "body_memory_bytes": 2 * limit, "body_timeout_s": 300}
    nearly = head(f"Content-Length: {limit}") + b"x" * (limit - 1)
    with serving(settings=settings) as (_, printed), ExitStack() as held:
        address = address_in(printed)
        parts = urlsplit(address)
        responses = []
        for source in ("127.0.0.2", "127.0.0.2", "127.0.0.3", "127.0.0.4"):
            client = held.enter_context(
                socket.create_connection((parts.hostname, parts.port), 60, (source, 0))
            )
            responses.append(held.enter_context(client.makefile("rb")))
            client.sendall(nearly)
            if len(responses) in (2, 4):  # over one client's half, and over the total
                status, headers, body = read_response(responses[-1])
                assert (status, headers["Retry-After"]) == (503, "1")
                assert "overloaded" in json.loads(body)["detail"]
        assert predict(address)[2]["predicted_digit"] == 7
        held.close()
        # Their memory has been released.
        until(lambda: request(address, "POST", "/predict", b" " * limit)[0] == 400)


def test_responses_wait_until_the_client_reads():
    with serving() as (_, printed):
        address = address_in(printed)
        parts = urlsplit(address)
        with socket.socket() as client:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((parts.hostname, parts.port))
            client.sendall(BUNDLE * 16)
            until(lambda: metric(address, "inkdigits_requests_total{") >= 2)
            assert request(address, "GET", "/healthz")[0] == 200
            pattern = 'inkdigits_requests_total{method="GET",route="/docs/<name>"'
            assert 1 <= metric(address, pattern) < 16


def test_unread_responses_count_against_the_memory_budget():
    settings = {"max_body_bytes": 2000, "body_memory_bytes": 4096}
    with serving(settings=settings) as (_, printed), ExitStack() as held:
        address = address_in(printed)
        parts = urlsplit(address)
        for _ in range(20):
            client = held.enter_context(socket.socket())
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            client.connect((parts.hostname, parts.port))
            client.sendall(BUNDLE * 16)
        until(lambda: metric(address, 'inkdigits_rejections_total{reason="memory"}') >= 20)
        assert request(address, "GET", "/healthz")[0] == 200
