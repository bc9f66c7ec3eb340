"""Checks on request headers, the headers of every response, and CORS."""

import re
import uuid
from collections.abc import Iterable
from functools import lru_cache
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from flask import Flask, request
from flask_cors import CORS
from werkzeug.datastructures import MIMEAccept
from werkzeug.exceptions import NotAcceptable, RequestURITooLarge, UnsupportedMediaType
from werkzeug.http import parse_accept_header

MAX_URL_BYTES = 8192  # path and query
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

# The response headers that scripts of other origins may read.
EXPOSED_HEADERS = ["X-Request-ID", "Retry-After"]

# No page of another origin may use the lab, not even of one that may ask for predictions.
LAB_PATH = "/api/v1/lab"
# All profiles are below PROFILES_PATH; the one whose token a request has is at PROFILE_PATH.
PROFILES_PATH, PROFILE_PATH = "/api/v1/profiles", "/api/v1/profile"

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


def request_id(environ: WSGIEnvironment | None = None) -> str:
    """Return the id of a request, which its response and its log lines include.

    environ  of the request; by default, of the current one
    returns  the id that the server has set; otherwise the client's X-Request-ID, if it is
             well-formed, or a new id
    """
    environ = request.environ if environ is None else environ
    if "inkdigits.request_id" not in environ:
        given = environ.get("HTTP_X_REQUEST_ID", "")
        environ["inkdigits.request_id"] = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    identifier: str = environ["inkdigits.request_id"]
    return identifier


def require_accepts_json() -> None:
    """Reject a request whose Accept header excludes JSON.

    raises   NotAcceptable
    source   RFC 9110 section 12.5.1
    """
    if not _accepts_json(request.environ.get("HTTP_ACCEPT", "")) and request.method != "OPTIONS":
        raise NotAcceptable(
            "The response is JSON; send the header Accept: application/json, or no Accept header."
        )


@lru_cache(maxsize=64)  # a client sends the same header with each request
def _accepts_json(accept: str) -> bool:
    # JSON's media type has no parameters, so any, such as charset=utf-8, are ignored.
    qualities = {
        accepted.partition(";")[0].strip().lower(): quality
        for accepted, quality in reversed(list(parse_accept_header(accept, MIMEAccept)))
    }
    # The most specific range takes precedence.
    for media_type in ("application/json", "application/*", "*/*"):
        if media_type in qualities:
            return qualities[media_type] > 0
    return not qualities


def require_uncompressed_body() -> None:
    """Reject a compressed body.

    raises   UnsupportedMediaType
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType(
            "The body must not be compressed; send it without the Content-Encoding header.",
        )


def check_url() -> None:
    """Reject an overlong URL, and tell the server which route matched.

    raises   RequestURITooLarge
    """
    environ = request.environ
    if len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", "")) > MAX_URL_BYTES:
        raise RequestURITooLarge(
            f"The URL is longer than {MAX_URL_BYTES:,} bytes; send data in the body."
        )
    if request.url_rule is not None:
        environ["inkdigits.route"] = request.url_rule.rule


def add_headers(app: WSGIApplication) -> WSGIApplication:
    """Wrap an application to add the headers of every response, including errors.

    Done here rather than in Flask, whose header objects search all names for each one that is set.
    """

    def wrapped(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], error: Any = None) -> Any:
            given = {name.lower() for name, _ in headers}
            added = [
                (name, value)
                for name, value in SECURITY_HEADERS.items()
                if name.lower() not in given
            ]
            # On every response, so that no cache gives a page the response to a request without
            # Origin.
            varies_by = [value for name, value in headers if name.lower() == "vary"]
            kept = [header for header in headers if header[0].lower() != "vary"]
            added.append(("Vary", ", ".join([*varies_by, "Origin"])))
            added.append(("X-Request-ID", request_id(environ)))
            return start_response(status, [*kept, *added], error)

        return app(environ, start)

    return wrapped


def enable_cors(app: Flask, origins: Iterable[str]) -> None:
    """Allow scripts of these origins to call the API; scheme, host and port must match exactly.

    This does not include the lab. A script may name a profile by its token, but a browser adds
    nothing by itself, such as cookies.
    """
    CORS(
        app,
        resources=[rf"(?!{re.escape(LAB_PATH)}(/|$)).*"],
        # Compiled patterns, because Flask-CORS compares strings without regard to case and guesses
        # whether they are patterns.
        origins=[re.compile(re.escape(origin) + r"\Z") for origin in origins],
        methods=["GET", "POST", "DELETE"],
        allow_headers=["Authorization", "Content-Type", "X-Request-ID"],
        expose_headers=EXPOSED_HEADERS,
        vary_header=False,
    )
