"""The figures of overload are those of the requests that were sent and answered."""

import os
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from threading import Thread

import overload
import pytest
from attacked_server import Server
from overload import Load
from raw_requests import CLOSED, Answer


@pytest.fixture
def server(tmp_path):
    """A server that answers 200 and 503 in turns, and closes the connection of the 10th request."""
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


def test_every_request_is_counted_by_its_answer(server, monkeypatch):
    monkeypatch.setattr(overload, "SECONDS", 0.5)
    load = overload.send(server, connections=4, rate=60)
    statuses = [answer.status for answer in (*load.answers, *load.late)]
    assert len(statuses) == round(load.sent * 0.5)
    assert statuses.count(CLOSED) == 1
    assert abs(statuses.count("200") - statuses.count("503")) <= 2
    assert load.goodput <= statuses.count("200") / 0.5


def test_without_a_rate_each_connection_goes_on_when_it_is_answered(server, monkeypatch):
    monkeypatch.setattr(overload, "SECONDS", 0.3)
    load = overload.send(server, connections=2)
    assert len(load.answers) > 2
    assert len(load.answers) + len(load.late) == round(load.sent * 0.3)


def load_of(goodput, service_s, *answers):
    late = [Answer("200", 0.7), Answer("none", 10.0)]
    return Load(1000.0, list(answers), late, goodput, 0.1, service_s)


def test_sums_compare_goodput_with_the_reference():
    accepted, sent_away = Answer("200", 0.5), Answer("503", 0.01)
    loads = [load_of(60, 1.0, accepted, sent_away), load_of(100, 1.0, sent_away, sent_away)]
    references = [load_of(80, 2.0), load_of(120, 2.0)]
    figures = overload.sums(loads, references, [Answer("200", 0.2), Answer("closed", 3.0)])
    assert figures["goodput/s"] == 80
    assert figures["goodput / reference"] == pytest.approx(0.8)
    assert figures["the same for each second of the service's processor time"] == pytest.approx(1.6)
    assert figures["accepted, p50 ms"] == pytest.approx(500)
    assert figures["full queue x a picture, ms"] == pytest.approx(1000 * 65 * 2 / 80)
    assert figures["share of 503"] == 0.75
    assert figures["503, p99 ms"] == pytest.approx(10)
    assert figures["answered after the load, worst ms"] == pytest.approx(10_000)
    assert figures["neither 200 nor 503"] == 2
    assert (figures["health, answered 200"], figures["health, sent"]) == (1, 2)
    assert figures["health, worst ms"] == 3000


def test_there_is_no_percentile_of_nothing():
    assert overload.percentile([], 99) is None
    assert overload.percentile([float(number) for number in range(101)], 99) == 99
