"""The server of local pages lets in the person at this computer, and nobody else."""

import http.client
import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import made_results as made
import pytest

from inkdigits.forms.local_server import PAGES, LocalServer
from inkdigits.forms.review import FILES, PAGE, create_routes
from inkdigits.forms.store import Store

ANSWER = {"fields": [1], "value": "7", "who": "Ada", "anyway": False}


class Client:
    """Sends requests as a browser on this machine could."""

    def __init__(self, url):
        self.url = urlsplit(url)

    def send(self, method, path, body=None, **headers):
        """Return the status, the headers and the content of a response."""
        connection = http.client.HTTPConnection(self.url.hostname, self.url.port, timeout=20)
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        if data is not None:
            headers = {"Content-Type": "application/json"} | headers
        connection.request(method, self.url.path + path, data, headers)
        response = connection.getresponse()
        content = response.read()
        connection.close()
        if response.headers.get_content_type().endswith("json"):
            content = json.loads(content)
        return response.status, response.headers, content


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return made.make_results(tmp_path_factory.mktemp("results"), sheets=2)


@pytest.fixture(scope="module")
def client(results):
    server = LocalServer(PAGE, FILES, create_routes(results, "Ada", lambda: None))
    with server.serving() as url:
        yield Client(url)


def test_the_page_and_its_files_come_with_a_strict_policy(client):
    status, headers, content = client.send("GET", "")
    assert status == 200
    assert headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "no-store"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert b"<style" not in content
    assert b" style=" not in content
    assert content.count(b"<script") == content.count(b'<script type="module" src=')
    for name in FILES:
        assert client.send("GET", name)[0] == 200
    assert client.send("GET", "../store.py")[0] == 404
    assert client.send("GET", "%2e%2e/store.py")[0] == 404


def test_without_the_secret_there_is_nothing(client):
    secret = client.url.path
    assert len(secret) > 30
    other = Client(client.url._replace(path=f"/{'x' * (len(secret) - 2)}/").geturl())
    root = Client(client.url._replace(path="/").geturl())
    for path in ("", "queue", "fields/1.png", "review.js"):
        assert other.send("GET", path)[0] == 404
        assert root.send("GET", path)[0] == 404
    assert other.send("POST", "answers", ANSWER)[0] == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},  # a name that its owner has rebound to 127.0.0.1
        {"Host": "attacker.example:{port}"},
        {"Host": "127.0.0.1"},
        {"Host": "127.0.0.1:{port}.attacker.example"},
        {"Origin": "http://attacker.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec_Fetch_Site": "cross-site"},
        {"Sec_Fetch_Site": "same-site"},
    ],
)
def test_requests_for_other_names_and_of_other_origins_are_refused(client, results, headers):
    headers = {name: value.format(port=client.url.port) for name, value in headers.items()}
    for request in (("GET", "queue"), ("GET", "fields/1.png"), ("POST", "answers", ANSWER)):
        status, given, content = client.send(*request, **headers)
        assert status == 403
        assert given["Content-Type"] == "application/problem+json"
        assert "Access-Control-Allow-Origin" not in given
        assert set(content) == {"type", "title", "status", "detail"}
    with Store.open(results) as store:
        assert store.corrections() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"[" * 30_000, 400),
        (b"\xff", 400),
        ([], 400),
        (ANSWER | {"fields": "1"}, 400),
        (ANSWER | {"fields": [1.5]}, 400),
        (ANSWER | {"value": 7}, 400),
        (ANSWER | {"more": 1}, 400),
        (ANSWER | {"fields": []}, 422),
        (ANSWER | {"fields": [0]}, 422),
        (ANSWER | {"fields": [2**70]}, 422),
        (ANSWER | {"fields": list(range(1, 50))}, 422),
        (ANSWER | {"fields": [10**9]}, 404),
        (ANSWER | {"who": " "}, 422),
        (ANSWER | {"who": "a\x00b"}, 422),
        (ANSWER | {"who": "a" * 65}, 422),
        (ANSWER | {"value": "x"}, 422),
        (ANSWER | {"value": "٣"}, 422),  # a digit, but not of ours
        (ANSWER | {"value": "123456"}, 422),
        (b" " * 70_000, 413),
    ],
)
def test_bad_answers_are_refused_and_change_nothing(client, results, body, status):
    given, headers, content = client.send("POST", "answers", body)
    assert given == status
    assert headers["Content-Type"] == "application/problem+json"
    assert str(results) not in json.dumps(content)
    with Store.open(results) as store:
        assert store.corrections() == []


def test_other_methods_kinds_and_pictures(client):
    assert client.send("POST", "answers", ANSWER, Content_Type="text/plain")[0] == 415
    status, headers, _ = client.send("GET", "answers")
    assert status == 405
    assert "POST" in headers["Allow"]
    assert client.send("GET", f"fields/{10**30}.png")[0] == 404
    status, headers, content = client.send("GET", "fields/1.png")
    assert (status, headers["Content-Type"]) == (200, "image/png")
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert content.startswith(b"\x89PNG")


def test_only_this_machine_can_connect(client):
    addresses = {each[4][0] for each in socket.getaddrinfo(socket.gethostname(), None)}
    for address in addresses - {"127.0.0.1", "::1"}:
        with pytest.raises(OSError, match=r"refused|timed out|unreachable"):
            socket.create_connection((address, client.url.port), timeout=2)


def test_a_port_in_use_is_an_error_and_does_not_end_the_program(client, results):
    with pytest.raises(OSError, match="in use"):
        LocalServer(PAGE, FILES, create_routes(results, "A", lambda: None), port=client.url.port)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(tmp_path, number):
    script = Path(made.__file__)
    process = subprocess.Popen(
        [sys.executable, script, tmp_path, "--who", "Ada"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout.readline().startswith("12 fields to review")
    url = process.stdout.readline().strip()
    assert process.stdout.readline().startswith("Press Ctrl-C")
    answer = ANSWER | {"fields": [2], "value": "21"}
    assert Client(url).send("POST", "answers", answer)[0] == 200
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 0
    assert errors == ""
    assert "Answered 1 field; 11 left" in output
    assert ",21," in (tmp_path / "results.csv").read_text()


def test_the_pages_have_the_colors_and_the_icon_of_the_drawing_page():
    web = Path(__file__).parents[2] / "web"

    def tokens(path):
        lines = path.read_text(encoding="utf-8").partition("}")[0].splitlines()
        return [line for line in lines if line.startswith("  ")]

    assert tokens(PAGES / "local.css") == tokens(web / "src/styles/base.css")
    assert (PAGES / "favicon.svg").read_bytes() == (web / "public/favicon.svg").read_bytes()
