"""What the headers of every request must keep to, and those that every answer carries."""

import re
import uuid
from collections.abc import Iterable

from flask import Flask, Response, request
from flask_cors import CORS
from werkzeug.exceptions import NotAcceptable, RequestURITooLarge, UnsupportedMediaType

LONGEST_ADDRESS = 8192  # bytes of path and query
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

EXPOSED = ["X-Request-ID", "Retry-After"]  # headers that pages of other origins may read

ON_EVERY_ANSWER = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    # Against pages that embed an answer as a picture or a script. What they fetch by the rules of
    # CORS is not subject to it, so allowed origins are not touched.
    "Cross-Origin-Resource-Policy": "same-origin",
    # A page's own route sets what the page needs.
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


def request_id() -> str:
    """Give the id of this request, by which its answer and its lines in the log are found.

    returns  what the server in front has set, or a well-formed X-Request-ID of the client's, or a
             new one
    """
    if "inkdigits.request_id" not in request.environ:
        given = request.headers.get("X-Request-ID", "")
        request.environ["inkdigits.request_id"] = (
            given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        )
    identifier: str = request.environ["inkdigits.request_id"]
    return identifier


def require_json_accepted() -> None:
    """Refuse a request whose Accept header rules JSON out.

    raises   NotAcceptable
    source   RFC 9110 section 12.5.1
    """
    # Parameters, such as charset=utf-8, mean nothing in the media type of JSON.
    qualities = {
        accepted.partition(";")[0].strip().lower(): quality
        for accepted, quality in reversed(list(request.accept_mimetypes))
    }
    # What is named more exactly takes precedence.
    for media_type in ("application/json", "application/*", "*/*"):
        if media_type in qualities:
            if qualities[media_type] > 0:
                return
            break
    if qualities and request.method != "OPTIONS":
        raise NotAcceptable(
            "The answer is JSON; send the header Accept: application/json, or none at all."
        )


def require_plain_body() -> None:
    """Refuse a body that is compressed.

    raises   UnsupportedMediaType
    """
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise UnsupportedMediaType(
            "The body must not be compressed; send it without the header Content-Encoding.",
        )


def check_headers(app: Flask) -> None:
    """Let the application refuse addresses that are too long, and sign every answer."""

    @app.before_request
    def check() -> None:
        environ = request.environ
        if len(environ.get("PATH_INFO", "")) + len(environ.get("QUERY_STRING", "")) > (
            LONGEST_ADDRESS
        ):
            raise RequestURITooLarge(
                f"The address is longer than {LONGEST_ADDRESS:,} bytes; send data in the body."
            )
        if request.url_rule is not None:
            environ["inkdigits.route"] = request.url_rule.rule

    @app.after_request
    def sign(response: Response) -> Response:
        response.headers["X-Request-ID"] = request_id()
        for name, value in ON_EVERY_ANSWER.items():
            response.headers.setdefault(name, value)
        return response


def allow_origins(app: Flask, origins: Iterable[str]) -> None:
    """Let pages of these origins call from a browser: scheme, host and port, matched exactly."""
    CORS(
        app,
        # Patterns, because Flask-CORS ignores case in a string and may take it for a pattern.
        origins=[re.compile(re.escape(origin) + r"\Z") for origin in origins],
        methods=["GET", "POST"],
        allow_headers=["Content-Type", "X-Request-ID"],
        expose_headers=EXPOSED,
        vary_header=False,
    )

    @app.after_request
    def vary(response: Response) -> Response:
        # On every answer: one cached without an origin must not be given to a page that has one.
        response.vary.add("Origin")
        return response
