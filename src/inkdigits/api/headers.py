"""Checks on request headers, the headers of every response, and CORS."""

import re
import uuid
from collections.abc import Iterable

from flask import Flask, Response, request
from flask_cors import CORS
from werkzeug.exceptions import NotAcceptable, RequestURITooLarge, UnsupportedMediaType

MAX_URL_BYTES = 8192  # path and query
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

# The response headers that scripts of other origins may read.
EXPOSED_HEADERS = ["X-Request-ID", "Retry-After"]

# The headers of every response, unless its route sets another value.
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # Keeps other sites from embedding a response as an image or a script. Requests in CORS mode
    # are not subject to it, so allowed origins are unaffected.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def request_id() -> str:
    """Return the id of the current request, which its response and its log lines include.

    returns  the id that the server has set; otherwise the client's X-Request-ID, if it is
             well-formed, or a new id
    """
    if "inkdigits.request_id" not in request.environ:
        given = request.headers.get("X-Request-ID", "")
        request.environ["inkdigits.request_id"] = (
            given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        )
    identifier: str = request.environ["inkdigits.request_id"]
    return identifier


def require_accepts_json() -> None:
    """Reject a request whose Accept header excludes JSON.

    raises   NotAcceptable
    source   RFC 9110 section 12.5.1
    """
    # JSON's media type has no parameters, so any, such as charset=utf-8, are ignored.
    qualities = {
        accepted.partition(";")[0].strip().lower(): quality
        for accepted, quality in reversed(list(request.accept_mimetypes))
    }
    # The most specific range takes precedence.
    for media_type in ("application/json", "application/*", "*/*"):
        if media_type in qualities:
            if qualities[media_type] > 0:
                return
            break
    if qualities and request.method != "OPTIONS":
        raise NotAcceptable(
            "The response is JSON; send the header Accept: application/json, or no Accept header."
        )


def require_uncompressed_body() -> None:
    """Reject a compressed body.

    raises   UnsupportedMediaType
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType(
            "The body must not be compressed; send it without the Content-Encoding header.",
        )


def register_header_hooks(app: Flask) -> None:
    """Make the application reject overlong URLs and add headers to every response."""

    @app.before_request
    def check_url() -> None:
        environ = request.environ
        if len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", "")) > MAX_URL_BYTES:
            raise RequestURITooLarge(
                f"The URL is longer than {MAX_URL_BYTES:,} bytes; send data in the body."
            )
        if request.url_rule is not None:
            environ["inkdigits.route"] = request.url_rule.rule

    @app.after_request
    def add_headers(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        for name, value in SECURITY_HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def enable_cors(app: Flask, origins: Iterable[str]) -> None:
    """Allow scripts of these origins to call the API; scheme, host and port must match exactly."""
    CORS(
        app,
        # Compiled patterns, because Flask-CORS compares strings without regard to case and guesses
        # whether they are patterns.
        origins=[re.compile(re.escape(origin) + r"\Z") for origin in origins],
        methods=["GET", "POST"],
        allow_headers=["Content-Type", "X-Request-ID"],
        expose_headers=EXPOSED_HEADERS,
        vary_header=False,
    )

    @app.after_request
    def vary_by_origin(response: Response) -> Response:
        # On every response, so that no cache gives a page the response to a request without Origin.
        response.vary.add("Origin")
        return response
