"""What holds at every address: methods, limits, failures, rates, and that all is documented."""

import io
import json
import re
from http import HTTPStatus
from pathlib import Path

import pytest
from requests_to import BATCH, BLANK, ONE, PREDICT, assert_problem, base64_of, post
from werkzeug.test import Client

from inkdigits.api import MAX_BODY_BYTES, Settings, create_app
from inkdigits.recognizer import Recognizer

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
READ, WRITE = {"GET", "HEAD", "OPTIONS"}, {"POST", "OPTIONS"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", PREDICT, WRITE),
        ("PUT", PREDICT, WRITE),
        ("TRACE", PREDICT, WRITE),
        ("GET", ONE, WRITE),
        ("DELETE", ONE, WRITE),
        ("GET", BATCH, WRITE),
        ("POST", "/", READ),
        ("DELETE", "/", READ),
        ("POST", "/api/v1/models", READ),
        ("DELETE", "/api/v1/models/mlp", READ),
        ("POST", "/openapi.json", READ),
        ("POST", "/docs", READ),
    ],
)
def test_b5_a_wrong_method_is_405_with_allow(client, method, path, allowed):
    answer = client.open(path, method=method)
    assert_problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/predict/7",
        "/predict//",
        "/static/app.py",
        "/../etc/passwd",
        "/\u2603",
        "/api",
        "/api/v1",
        "/api/v2/predictions",
        "/api/v1/predictions/7",
        "/docs/../app.py",
        "/docs/swagger-ui.js",
        "/docs/%2e%2e/app.py",
    ],
)
def test_b6_an_unknown_path_is_404(client, path):
    # The path as a server hands it over, which the client's own reading of addresses would change.
    answer = client.get("/", environ_overrides={"PATH_INFO": path.encode().decode("latin-1")})
    assert_problem(answer, 404)


@pytest.mark.parametrize(
    ("path", "get", "post"),
    [
        ("", 200, 404),
        ("/", 200, 405),
        ("//", 200, 405),
        (PREDICT, 405, 415),
        ("//predict", 405, 415),
        ("/predict/", 405, 415),
        (ONE, 405, 415),
        (f"{ONE}/", 405, 415),
        ("/api//v1/models", 404, 404),
    ],
)
def test_no_address_is_answered_with_a_redirect_or_html(client, path, get, post):
    for method, status in (("GET", get), ("POST", post)):
        answer = client.open("/", method=method, environ_overrides={"PATH_INFO": path})
        assert answer.status_code == status
        assert answer.content_type in {"application/json", "application/problem+json"}


@pytest.mark.parametrize("path", [PREDICT, ONE, BATCH])
def test_b7_a_body_over_the_limit_is_413(client, path):
    answer = post(client, path, b" " * (MAX_BODY_BYTES + 1))
    assert f"{MAX_BODY_BYTES:,} bytes" in assert_problem(answer, 413)
    assert_problem(post(client, path, b" " * MAX_BODY_BYTES), 400)


@pytest.mark.parametrize(
    "content_type", ["application/json", "image/png", "multipart/form-data; boundary=x"]
)
def test_b7_the_limit_is_set_and_holds_for_each_kind_of_body(shelf, content_type):
    client = create_app(shelf, Settings(max_body_bytes=2000)).test_client()
    assert_problem(
        post(client, ONE, b"x" * 2000, content_type), 415 if "png" in content_type else 400
    )
    assert "2,000 bytes" in assert_problem(post(client, ONE, b"x" * 2001, content_type), 413)


@pytest.mark.parametrize(
    "content_type", ["application/json", "image/png", "multipart/form-data; boundary=x"]
)
def test_b8_a_body_of_no_declared_length_is_held_to_the_limit(shelf, content_type):
    client = create_app(shelf, Settings(max_body_bytes=2000)).test_client()

    def send(size):
        # As a server hands a chunked body over.
        return client.post(
            ONE,
            environ_overrides={"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"},
            input_stream=io.BytesIO(b"x" * size),
            content_type=content_type,
        )

    status = 415 if content_type == "image/png" else 400
    assert_problem(send(1999), status)
    assert_problem(send(2000), status)
    assert_problem(send(2001), 413)
    assert_problem(send(1_000_000), 413)


class Failing(Recognizer):
    """Has a bug."""

    def recognize(self, data, media_type=None):
        raise RuntimeError("secret in /home/someone/model.py")

    recognize_ink = recognize


@pytest.mark.parametrize("path", [PREDICT, ONE, BATCH])
def test_a_failure_is_500_and_leaks_nothing(recognizer, png, caplog, path):
    class Broken(list):
        default = "failing"

        def get(self, name=None):
            return self[0]

    client = create_app(Broken([Failing(recognizer.model, "failing")]), Settings()).test_client()
    drawing = {"image": base64_of(png)}
    answer = client.post(path, json={"drawings": [drawing]} if path == BATCH else drawing)
    assert "log" in assert_problem(answer, 500)
    assert "secret" not in answer.text
    assert "secret" in caplog.text
    assert client.get("/").status_code == 200


def test_what_was_done_is_told_to_the_server_in_front(app, recognizer):
    seen = []

    def spy(environ, start_response):
        seen.append(environ)
        return app.wsgi_app(environ, start_response)

    client = Client(spy)
    client.post(BATCH, json={"drawings": [BLANK, 7, BLANK]})
    client.get("/api/v1/models/mlp")
    client.get("/nothing")
    assert [environ.get("inkdigits.route") for environ in seen] == [
        BATCH,
        "/api/v1/models/<name>",
        None,
    ]
    predictions = seen[0]["inkdigits.predictions"]
    assert [(name, prediction.reason) for name, prediction in predictions] == [
        (recognizer.name, "blank")
    ] * 2
    assert "inkdigits.predictions" not in seen[1]


# How often a client may ask.


def test_rates_are_not_limited_unless_that_is_set(client):
    for _ in range(200):
        assert client.get("/").status_code == 200


def test_a_client_over_its_rate_is_429_with_retry_after(shelf):
    client = create_app(shelf, Settings(rate_limit="3/minute")).test_client()
    answers = [client.get("/"), client.post(ONE, json=BLANK), client.get("/api/v1/models")]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    for refused in (client.get("/"), client.post(PREDICT, json={})):
        assert "Retry-After" in assert_problem(refused, 429)
        assert 0 < int(refused.headers["Retry-After"]) <= 61
    # Another client, and a browser that asks whether it may, are not touched.
    assert client.get("/", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 200
    assert client.options("/").status_code == 200


# The document.


def test_every_route_is_documented(client):
    document = DOCUMENT.read_text(encoding="utf-8")
    described = client.get("/openapi.json").json["paths"]
    for rule in client.application.url_map.iter_rules():
        path = re.sub(r"<(\w+)>", r"{\1}", rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert f"`{method} {path}`" in document
            if not path.startswith(("/docs", "/assets", "/config.json", "/favicon")):  # of pages
                assert method.lower() in described[path]


def test_every_status_is_documented(client):
    document = DOCUMENT.read_text(encoding="utf-8")
    statuses = set(re.findall(r'"([45]\d\d)":', json.dumps(client.get("/openapi.json").json)))
    assert len(statuses) > 10
    for status in statuses | {"405"}:
        assert re.search(rf"^\| {status} \|", document, re.MULTILINE), HTTPStatus(int(status))
