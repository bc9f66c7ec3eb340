"""Overload figures count every request and every response."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread

import overload
import pytest
from overload import LoadResult
from raw_requests import CLOSED, Response
from server_under_test import Server


@pytest.fixture
def server(tmp_path):
    """A server that alternates between 200 and 503 and closes the connection of request 10."""
    numbers = count(1)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            number = next(numbers)
            if number == 10:
                self.close_connection = True
                return
            self.send_response(200 if number % 2 else 503)
            self.send_header("Content-Length", "5")
            self.end_headers()
            self.wfile.write(b"whole")

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer((overload.HOST, 0), Handler) as listening:
        thread = Thread(target=listening.serve_forever)
        thread.start()
        yield Server(os.getpid(), listening.server_port, tmp_path)
        listening.shutdown()
        thread.join()


def test_every_request_is_counted_by_its_status(server, monkeypatch):
    monkeypatch.setattr(overload, "SECONDS", 0.5)
    load = overload.send(server, connections=4, rate=60)
    statuses = [response.status for response in (*load.responses, *load.late)]
    assert len(statuses) == round(load.sent * 0.5)
    assert statuses.count(CLOSED) == 1
    assert abs(statuses.count("200") - statuses.count("503")) <= 2
    assert load.goodput <= statuses.count("200") / 0.5


def test_without_a_rate_connections_send_after_each_response(server, monkeypatch):
    monkeypatch.setattr(overload, "SECONDS", 0.3)
    load = overload.send(server, connections=2)
    assert len(load.responses) > 2
    assert len(load.responses) + len(load.late) == round(load.sent * 0.3)


def load_result(goodput, service_cpu, *responses):
    late = [Response("200", 0.7), Response("no response", 10.0)]
    return LoadResult(1000.0, list(responses), late, goodput, 0.1, service_cpu)


def test_summary_compares_goodput_with_the_reference():
    accepted, rejected = Response("200", 0.5), Response("503", 0.01)
    loads = [load_result(60, 1.0, accepted, rejected), load_result(100, 1.0, rejected, rejected)]
    references = [load_result(80, 2.0), load_result(120, 2.0)]
    health = [Response("200", 0.2), Response("closed", 3.0)]
    figures = overload.summarize(loads, references, health)
    assert figures["goodput"] == 80
    assert figures["goodput / reference"] == pytest.approx(0.8)
    assert figures["goodput / reference, per CPU second of the service"] == pytest.approx(1.6)
    assert figures["accepted_p50_ms"] == pytest.approx(500)
    assert figures["full_queue_wait_ms"] == pytest.approx(1000 * 65 * 2 / 80)
    assert figures["rejected_share"] == 0.75
    assert figures["rejected_p99_ms"] == pytest.approx(10)
    assert figures["late_max_ms"] == pytest.approx(10_000)
    assert figures["neither_200_nor_503"] == 2
    assert (figures["health_status_200"], figures["health_sent"]) == (1, 2)
    assert figures["health_max_ms"] == 3000


def test_percentile_of_an_empty_list_is_none():
    assert overload.percentile([], 99) is None
    assert overload.percentile([float(number) for number in range(101)], 99) == 99
