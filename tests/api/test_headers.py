"""Which headers a request may have, and which every answer has."""

import re

import pytest
from requests_to import BATCH, BLANK, ONE, PREDICT, assert_problem, base64_of, post

from inkdigits.api import DEFAULT_ORIGINS, Settings, create_app
from inkdigits.api.headers import LONGEST_ADDRESS

JSON_ROUTES = ("/", "/openapi.json", "/api/v1/models", "/api/v1/models/mlp")
EVERYWHERE = (*JSON_ROUTES, "/docs", "/docs/start.js", "/nothing", "/predict")


def ask(client, path, **headers):
    """Send what succeeds there, were it not for the headers."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if path == PREDICT:
        sheet = base64_of(client.one_pixel)
        return client.post(path, json={"image": sheet}, headers=headers)
    if path in (ONE, BATCH):
        body = {"drawings": [BLANK]} if path == BATCH else BLANK
        return client.post(path, json=body, headers=headers)
    return client.get(path, headers=headers)


@pytest.fixture
def client(client, png):
    client.one_pixel = png
    return client


# Accept.


@pytest.mark.parametrize("path", [*JSON_ROUTES, PREDICT, ONE, BATCH])
@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "image/*",
        "application/xml, text/*",
        "application/json;q=0",
        "application/json;q=0, */*",
        "application/*;q=0.0, text/html",
        "nonsense",
    ],
)
def test_b4_an_accept_that_cannot_be_met_is_406(client, path, accept):
    assert "application/json" in assert_problem(ask(client, path, Accept=accept), 406)


@pytest.mark.parametrize("path", [*JSON_ROUTES, PREDICT, ONE, BATCH])
@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/json",
        "Application/JSON; charset=utf-8",
        "application/*",
        "text/html, application/xhtml+xml, */*;q=0.8",
        "application/json;q=0.1, text/html",
        "text/html, application/json;q=0.5, */*;q=0",
        "",
    ],
)
def test_an_accept_that_json_meets_is_answered(client, path, accept):
    assert ask(client, path, Accept=accept).status_code == 200


# Content-Encoding, and the length of the address.


@pytest.mark.parametrize("path", [PREDICT, ONE, BATCH])
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "zstd", "GZIP"])
def test_b10_a_compressed_body_is_415(client, path, encoding):
    assert "compressed" in assert_problem(ask(client, path, Content_Encoding=encoding), 415)


@pytest.mark.parametrize("path", [PREDICT, ONE, BATCH])
def test_b10_identity_is_no_compression(client, path):
    assert ask(client, path, Content_Encoding="identity").status_code == 200


@pytest.mark.parametrize("path", ["/", PREDICT, "/nothing", "/docs"])
def test_b14_a_9_kb_address_is_414(client, path):
    assert_problem(client.get(f"{path}?{'x' * 9000}"), 414)
    assert_problem(client.get(f"/{'x' * 9000}"), 414)


def test_b14_the_longest_address_is_answered(client):
    assert client.get(f"/?{'x' * (LONGEST_ADDRESS - 1)}").status_code == 200
    assert_problem(client.get(f"/?{'x' * LONGEST_ADDRESS}"), 414)


# The id of a request.


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_answer_has_an_id_of_its_own(client, path):
    first, second = (client.get(path).headers["X-Request-ID"] for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first != second


@pytest.mark.parametrize("given", ["a", "A-z.0_9", "x" * 64])
def test_an_id_of_the_clients_is_kept(client, given):
    assert ask(client, "/", X_Request_ID=given).headers["X-Request-ID"] == given
    answer = client.get("/nothing", headers={"X-Request-ID": given})
    assert answer.get_json(force=True)["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "\u00e9", "a/b", "<b>", '"', "a,b"])
def test_b25_an_id_that_is_not_well_formed_is_replaced(client, given):
    answer = client.get("/nothing", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])
    assert_problem(answer, 404)


def test_b25_line_breaks_in_headers_of_any_kind_are_not_echoed(client):
    answer = client.get("/", environ_overrides={"HTTP_X_REQUEST_ID": "a\r\nSet-Cookie: b=1"})
    assert "Set-Cookie" not in answer.headers
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_the_server_in_front_has_the_first_word_on_the_id(client):
    answer = client.get(
        "/nothing",
        headers={"X-Request-ID": "of-the-client"},
        environ_overrides={"inkdigits.request_id": "of-the-server"},
    )
    assert answer.headers["X-Request-ID"] == "of-the-server"
    assert_problem(answer, 404)


# Security.


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
def test_every_answer_has_the_headers_of_security(client, path, method):
    headers = client.open(path, method=method).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert headers["Cache-Control"] in {"no-store", "no-cache"}
    if not path.startswith("/docs"):
        assert headers["Cache-Control"] == "no-store"


def policy(answer):
    directives = answer.headers["Content-Security-Policy"].split("; ")
    return {name: values for name, *values in map(str.split, directives)}


@pytest.mark.parametrize("path", EVERYWHERE)
def test_b67_no_inline_script_may_run(client, path):
    directives = policy(client.get(path))
    assert directives["default-src"] == ["'none'"]
    scripts = directives.get("script-src", directives["default-src"])
    assert scripts == (["'self'"] if path == "/docs" else ["'none'"])


@pytest.mark.parametrize("path", EVERYWHERE)
def test_b68_framing_is_refused(client, path):
    answer = client.get(path)
    assert policy(answer)["frame-ancestors"] == ["'none'"]
    assert answer.headers["X-Frame-Options"] == "DENY"


# Calls from a browser.


def cors_headers(answer):
    return {
        name.lower(): value
        for name, value in answer.headers
        if name.lower().startswith("access-control-")
    }


def preflight(client, origin, path):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "content-type, x-other, x-request-id",
    }
    return client.options(path, headers=headers)


def allowed(origin):
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "Retry-After, X-Request-ID",
    }


def test_the_default_origins_are_those_of_the_drawing_page():
    hosts = [f"http://{host}" for host in ("localhost", "127.0.0.1")]
    assert set(DEFAULT_ORIGINS) == {
        f"{host}:{port}" for host in hosts for port in (3000, 5173, 8080)
    }


@pytest.mark.parametrize("path", [PREDICT, ONE, BATCH])
@pytest.mark.parametrize("origin", DEFAULT_ORIGINS)
def test_an_allowed_origin_may_call(client, path, origin):
    answer = ask(client, path, Origin=origin)
    assert answer.status_code == 200
    assert cors_headers(answer) == allowed(origin)
    assert answer.vary.to_header() == "Origin"
    asked = preflight(client, origin, path)
    assert asked.status_code == 200
    assert cors_headers(asked) == allowed(origin) | {
        "access-control-allow-methods": "GET, POST",
        "access-control-allow-headers": "content-type, x-request-id",
    }


def test_an_allowed_origin_may_read_errors(client):
    for answer in (
        post(client, PREDICT, b"", Origin=DEFAULT_ORIGINS[0]),
        client.get("/nothing", headers={"Origin": DEFAULT_ORIGINS[0]}),
        client.get("/", headers={"Origin": DEFAULT_ORIGINS[0], "Accept": "text/html"}),
    ):
        assert cors_headers(answer) == allowed(DEFAULT_ORIGINS[0])


@pytest.mark.parametrize("path", [PREDICT, ONE, BATCH])
@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "http://localhost:3000.evil.example",
        "http://evil.example/http://localhost:3000",
        "http://xlocalhost:3000",
        "http://localhost:30000",
        "http://localhost",
        "https://localhost:3000",
        "http://LOCALHOST:3000",
        "http://localhost:3000/",
        "http://localhost:3000, http://evil.example",
        "http://127a0.0.1:3000",
        "http://127.0.0.1x:3000",
        "*",
        "",
    ],
)
def test_b66_another_origin_gets_no_cors_headers(client, path, origin):
    answer = ask(client, path, Origin=origin)
    assert cors_headers(answer) == cors_headers(preflight(client, origin, path)) == {}
    # Or a cache could hand an answer without these headers to a page that is allowed.
    assert answer.vary.to_header() == "Origin"


def test_no_origin_gets_no_cors_headers(client):
    assert cors_headers(client.get("/")) == {}


def test_origins_are_set_and_compared_exactly(shelf):
    origins = ("https://digits.example.org", "http://[::1]:3000")
    client = create_app(shelf, Settings(origins=origins)).test_client()
    for origin in origins:
        assert cors_headers(client.get("/", headers={"Origin": origin}))
    for origin in ("https://digitsxexample.org", "http://:3000", *DEFAULT_ORIGINS):
        assert not cors_headers(client.get("/", headers={"Origin": origin}))


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "", "localhost:3000", "http://localhost:3000/", "http://*.example", "http://.*"],
)
def test_what_is_no_origin_is_refused(origin):
    with pytest.raises(ValueError, match="is no origin"):
        Settings(origins=(origin,))
