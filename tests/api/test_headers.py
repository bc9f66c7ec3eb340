"""Checks on request headers, the headers of every response, and CORS."""

import re

import pytest
from requests_to import (
    BATCH,
    BLANK,
    EXPLANATION,
    NUMBER,
    ONE,
    PREDICT,
    assert_problem,
    base64_of,
    post,
)

from inkdigits.api import DEFAULT_ORIGINS, Settings, create_app
from inkdigits.api.headers import MAX_URL_BYTES

JSON_ROUTES = ("/", "/openapi.json", "/api/v1/models", "/api/v1/models/mlp")
EVERYWHERE = (*JSON_ROUTES, "/docs", "/docs/start.js", "/nothing", "/predict")


def send(client, path, **headers):
    """Send a request that would succeed without these headers."""
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    if path == PREDICT:
        return client.post(path, json={"image": base64_of(client.image)}, headers=headers)
    if path == NUMBER:
        return client.post(path, json={"strokes": [{"points": [[0, 0]]}]}, headers=headers)
    if path in (ONE, BATCH, EXPLANATION):
        body = {"drawings": [BLANK]} if path == BATCH else BLANK
        return client.post(path, json=body, headers=headers)
    return client.get(path, headers=headers)


@pytest.fixture
def client(client, png):
    client.image = png
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
def test_accept_without_json_returns_406(client, path, accept):
    response = send(client, path, Accept=accept)
    if path == "/" and ("text/" in accept or "*/*" in accept):  # it has HTML as well
        assert (response.status_code, response.mimetype) == (200, "text/html")
    else:
        assert "application/json" in assert_problem(response, 406)


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
def test_accept_with_json_returns_200(client, path, accept):
    assert send(client, path, Accept=accept).status_code == 200


# Content-Encoding, and the length of the URL.


@pytest.mark.parametrize("path", [PREDICT, ONE, BATCH, NUMBER, EXPLANATION])
@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip", "zstd", "GZIP"])
def test_compressed_body_returns_415(client, path, encoding):
    assert "compressed" in assert_problem(send(client, path, Content_Encoding=encoding), 415)


@pytest.mark.parametrize("path", [PREDICT, ONE, BATCH, NUMBER, EXPLANATION])
def test_identity_encoding_is_accepted(client, path):
    assert send(client, path, Content_Encoding="identity").status_code == 200


@pytest.mark.parametrize("path", ["/", PREDICT, "/nothing", "/docs"])
def test_url_of_9_kb_returns_414(client, path):
    assert_problem(client.get(f"{path}?{'x' * 9000}"), 414)
    assert_problem(client.get(f"/{'x' * 9000}"), 414)


def test_longest_url_returns_200(client):
    assert client.get(f"/?{'x' * (MAX_URL_BYTES - 1)}").status_code == 200
    assert_problem(client.get(f"/?{'x' * MAX_URL_BYTES}"), 414)


# Request ids.


@pytest.mark.parametrize("path", EVERYWHERE)
def test_every_response_has_its_own_request_id(client, path):
    first, second = (client.get(path).headers["X-Request-ID"] for _ in range(2))
    assert re.fullmatch(r"[0-9a-f]{32}", first)
    assert first != second


@pytest.mark.parametrize("given", ["a", "A-z.0_9", "x" * 64])
def test_well_formed_request_id_is_returned(client, given):
    assert send(client, "/", X_Request_ID=given).headers["X-Request-ID"] == given
    response = client.get("/nothing", headers={"X-Request-ID": given})
    assert response.get_json(force=True)["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "\u00e9", "a/b", "<b>", '"', "a,b"])
def test_malformed_request_id_is_replaced(client, given):
    response = client.get("/nothing", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-ID"])
    assert_problem(response, 404)


def test_line_breaks_in_a_request_id_are_not_echoed(client):
    response = client.get("/", environ_overrides={"HTTP_X_REQUEST_ID": "a\r\nSet-Cookie: b=1"})
    assert "Set-Cookie" not in response.headers
    assert re.fullmatch(r"[0-9a-f]{32}", response.headers["X-Request-ID"])


def test_request_id_of_the_server_takes_precedence(client):
    response = client.get(
        "/nothing",
        headers={"X-Request-ID": "of-the-client"},
        environ_overrides={"inkdigits.request_id": "of-the-server"},
    )
    assert response.headers["X-Request-ID"] == "of-the-server"
    assert_problem(response, 404)


# Security headers.


@pytest.mark.parametrize("path", EVERYWHERE)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
def test_every_response_has_security_headers(client, path, method):
    headers = client.open(path, method=method).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    is_file = method == "GET" and path.startswith("/docs")
    assert headers["Cache-Control"] == ("no-cache" if is_file else "no-store")


def policy(response):
    directives = response.headers["Content-Security-Policy"].split("; ")
    return {name: values for name, *values in map(str.split, directives)}


@pytest.mark.parametrize("path", EVERYWHERE)
def test_policy_forbids_inline_scripts(client, path):
    directives = policy(client.get(path))
    assert directives["default-src"] == ["'none'"]
    scripts = directives.get("script-src", directives["default-src"])
    assert scripts == (["'self'"] if path == "/docs" else ["'none'"])


@pytest.mark.parametrize("path", EVERYWHERE)
def test_framing_is_forbidden(client, path):
    response = client.get(path)
    assert policy(response)["frame-ancestors"] == ["'none'"]
    assert response.headers["X-Frame-Options"] == "DENY"


# CORS.


def cors_headers(response):
    return {
        name.lower(): value
        for name, value in response.headers
        if name.lower().startswith("access-control-")
    }


def preflight(client, origin, path):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization, content-type, x-other, x-request-id",
    }
    return client.options(path, headers=headers)


def allowed(origin):
    return {
        "access-control-allow-origin": origin,
        "access-control-expose-headers": "Retry-After, X-Request-ID",
    }


def test_default_origins_match_the_page():
    hosts = [f"http://{host}" for host in ("localhost", "127.0.0.1")]
    assert set(DEFAULT_ORIGINS) == {
        f"{host}:{port}" for host in hosts for port in (3000, 5173, 8080)
    }


@pytest.mark.parametrize("path", [PREDICT, ONE, BATCH, NUMBER, EXPLANATION])
@pytest.mark.parametrize("origin", DEFAULT_ORIGINS)
def test_allowed_origin_may_call(client, path, origin):
    response = send(client, path, Origin=origin)
    assert response.status_code == 200
    assert cors_headers(response) == allowed(origin)
    assert response.vary.to_header() == "Origin"
    response = preflight(client, origin, path)
    assert response.status_code == 200
    assert cors_headers(response) == allowed(origin) | {
        "access-control-allow-methods": "DELETE, GET, POST",
        "access-control-allow-headers": "authorization, content-type, x-request-id",
    }


def test_allowed_origin_may_read_errors(client):
    for response in (
        post(client, PREDICT, b"", Origin=DEFAULT_ORIGINS[0]),
        client.get("/nothing", headers={"Origin": DEFAULT_ORIGINS[0]}),
        client.get("/", headers={"Origin": DEFAULT_ORIGINS[0], "Accept": "text/html"}),
    ):
        assert cors_headers(response) == allowed(DEFAULT_ORIGINS[0])


@pytest.mark.parametrize("path", [PREDICT, ONE, BATCH, NUMBER, EXPLANATION])
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
def test_other_origins_get_no_cors_headers(client, path, origin):
    response = send(client, path, Origin=origin)
    assert cors_headers(response) == cors_headers(preflight(client, origin, path)) == {}
    # Otherwise a cache could serve a response without these headers to an allowed page.
    assert response.vary.to_header() == "Origin"


def test_request_without_origin_gets_no_cors_headers(client):
    assert cors_headers(client.get("/")) == {}


def test_origins_are_a_setting_and_match_exactly(registry):
    origins = ("https://digits.example.org", "http://[::1]:3000")
    client = create_app(registry, Settings(origins=origins)).test_client()
    for origin in origins:
        assert cors_headers(client.get("/", headers={"Origin": origin}))
    for origin in ("https://digitsxexample.org", "http://:3000", *DEFAULT_ORIGINS):
        assert not cors_headers(client.get("/", headers={"Origin": origin}))


@pytest.mark.parametrize(
    "origin",
    ["*", "null", "", "localhost:3000", "http://localhost:3000/", "http://*.example", "http://.*"],
)
def test_invalid_origin_is_rejected(origin):
    with pytest.raises(ValueError, match="is not an origin"):
        Settings(origins=(origin,))
