"""Behavior common to all routes: methods, limits, failures, rate limits and documentation."""

import io
import json
import re
from http import HTTPStatus
from pathlib import Path

import pytest
from requests_to import (
    BATCH,
    BLANK,
    EXPLANATION,
    NUMBER,
    NUMBER_BATCH,
    ONE,
    PREDICT,
    assert_problem,
    base64_of,
    post,
)
from werkzeug.test import Client

from inkdigits.api import MAX_BODY_BYTES, Settings, create_app
from inkdigits.recognizer import Recognizer

DOCUMENT = Path(__file__).parents[2] / "docs" / "api.md"
SEVEN = [{"points": [[0, 0], [18, 0], [7, 30]]}]
GET_METHODS, POST_METHODS = {"GET", "HEAD", "OPTIONS"}, {"POST", "OPTIONS"}


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", PREDICT, POST_METHODS),
        ("PUT", PREDICT, POST_METHODS),
        ("TRACE", PREDICT, POST_METHODS),
        ("GET", ONE, POST_METHODS),
        ("DELETE", ONE, POST_METHODS),
        ("GET", BATCH, POST_METHODS),
        ("GET", NUMBER, POST_METHODS),
        ("GET", EXPLANATION, POST_METHODS),
        ("PUT", NUMBER_BATCH, POST_METHODS),
        ("POST", "/", GET_METHODS),
        ("DELETE", "/", GET_METHODS),
        ("POST", "/api/v1/models", GET_METHODS),
        ("DELETE", "/api/v1/models/mlp", GET_METHODS),
        ("POST", "/openapi.json", GET_METHODS),
        ("POST", "/docs", GET_METHODS),
    ],
)
def test_wrong_method_returns_405_with_allow(client, method, path, allowed):
    response = client.open(path, method=method)
    assert_problem(response, 405)
    assert set(response.headers["Allow"].split(", ")) == allowed


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
def test_unknown_path_returns_404(client, path):
    # Set directly, because the test client would normalize the path.
    response = client.get("/", environ_overrides={"PATH_INFO": path.encode().decode("latin-1")})
    assert_problem(response, 404)


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
def test_no_url_returns_a_redirect_or_html(client, path, get, post):
    for method, status in (("GET", get), ("POST", post)):
        response = client.open("/", method=method, environ_overrides={"PATH_INFO": path})
        assert response.status_code == status
        assert response.content_type == f"application/{'json' if status == 200 else 'problem+json'}"


@pytest.mark.parametrize("path", [PREDICT, ONE, BATCH, NUMBER, NUMBER_BATCH, EXPLANATION])
def test_body_over_the_limit_returns_413(client, path):
    response = post(client, path, b" " * (MAX_BODY_BYTES + 1))
    assert f"{MAX_BODY_BYTES:,} bytes" in assert_problem(response, 413)
    assert_problem(post(client, path, b" " * MAX_BODY_BYTES), 400)


@pytest.mark.parametrize(
    "content_type", ["application/json", "image/png", "multipart/form-data; boundary=x"]
)
def test_body_limit_is_a_setting_for_every_content_type(registry, content_type):
    client = create_app(registry, Settings(max_body_bytes=2000)).test_client()
    assert_problem(
        post(client, ONE, b"x" * 2000, content_type), 415 if "png" in content_type else 400
    )
    assert "2,000 bytes" in assert_problem(post(client, ONE, b"x" * 2001, content_type), 413)


@pytest.mark.parametrize(
    "content_type", ["application/json", "image/png", "multipart/form-data; boundary=x"]
)
def test_body_without_content_length_is_limited(registry, content_type):
    client = create_app(registry, Settings(max_body_bytes=2000)).test_client()

    def send(size):
        # As a server passes a chunked body.
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
    """A recognizer with a bug."""

    def recognize(self, data, media_type=None):
        raise RuntimeError("secret in /home/someone/model.py")

    recognize_ink = preprocess_ink = predict_candidates = recognize


@pytest.mark.parametrize("path", [PREDICT, ONE, BATCH, NUMBER, EXPLANATION])
def test_failure_returns_500_without_details(recognizer, png, caplog, path):
    class BrokenRegistry(list):
        default_name = "failing"

        @property
        def default(self):
            return self[0]

        def get(self, name):
            return self[0]

    registry = BrokenRegistry([Failing(recognizer.model, "failing")])
    client = create_app(registry, Settings()).test_client()
    drawing = {"image": base64_of(png)}
    response = client.post(path, json={"drawings": [drawing]} if path == BATCH else drawing)
    assert "log" in assert_problem(response, 500)
    assert "secret" not in response.text
    assert "secret" in caplog.text
    assert client.get("/").status_code == 200


def test_environ_has_route_and_predictions(app, recognizer):
    seen = []

    def spy(environ, start_response):
        seen.append(environ)
        return app.wsgi_app(environ, start_response)

    client = Client(spy)
    client.post(BATCH, json={"drawings": [BLANK, 7, BLANK]})
    client.get("/api/v1/models/mlp")
    client.get("/nothing")
    client.post(NUMBER_BATCH, json={"drawings": [{"strokes": SEVEN}, 7]})
    client.post(EXPLANATION, json=BLANK)
    assert [environ.get("inkdigits.route") for environ in seen] == [
        BATCH,
        "/api/v1/models/<name>",
        None,
        NUMBER_BATCH,
        EXPLANATION,
    ]
    predictions = seen[0]["inkdigits.predictions"]
    assert [(name, prediction.reason) for name, prediction in predictions] == [
        (recognizer.name, "blank")
    ] * 2
    assert "inkdigits.predictions" not in seen[1]
    assert seen[3]["inkdigits.numbers"] == [(recognizer.name, "recognized")]
    assert seen[4]["inkdigits.explanations"] == [recognizer.name]


# Rate limits.


def test_rate_is_unlimited_by_default(client):
    for _ in range(200):
        assert client.get("/").status_code == 200


def test_client_over_its_rate_gets_429_with_retry_after(registry):
    client = create_app(registry, Settings(rate_limit="3/minute")).test_client()
    responses = [client.get("/"), client.post(ONE, json=BLANK), client.get("/api/v1/models")]
    assert [response.status_code for response in responses] == [200, 200, 200]
    for response in (client.get("/"), client.post(PREDICT, json={})):
        assert "Retry-After" in assert_problem(response, 429)
        assert 0 < int(response.headers["Retry-After"]) <= 61
    # Other clients and CORS preflights are not limited.
    assert client.get("/", environ_overrides={"REMOTE_ADDR": "192.0.2.7"}).status_code == 200
    assert client.options("/").status_code == 200


# Documentation.


def test_every_route_is_documented(client):
    document = DOCUMENT.read_text(encoding="utf-8")
    described = client.get("/openapi.json").json["paths"]
    for rule in client.application.url_map.iter_rules():
        path = re.sub(r"<(\w+)>", r"{\1}", rule.rule)
        for method in rule.methods - {"HEAD", "OPTIONS"}:
            assert f"`{method} {path}`" in document
            if not path.startswith(("/docs", "/assets", "/config.json", "/favicon")):
                assert method.lower() in described[path]


def test_every_status_is_documented(client):
    document = DOCUMENT.read_text(encoding="utf-8")
    statuses = set(re.findall(r'"([45]\d\d)":', json.dumps(client.get("/openapi.json").json)))
    assert len(statuses) > 10
    for status in statuses | {"405"}:
        assert re.search(rf"^\| {status} \|", document, re.MULTILINE), HTTPStatus(int(status))
