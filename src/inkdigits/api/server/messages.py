"""HTTP/1.1 messages: requests, with their validation, and responses."""

import io
import os
import re
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from http import HTTPStatus
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes
from wsgiref.handlers import format_date_time
from wsgiref.types import WSGIApplication

import httptools

from inkdigits.api.headers import REQUEST_ID
from inkdigits.api.metrics import METHODS
from inkdigits.api.server.rejections import Rejected, malformed

# RFC 9110 section 7.2, with the host syntax of RFC 3986; it may be empty.
HOST = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._~!$&'()*+,;=%-]*)(?::[0-9]{0,5})?")

Headers = list[tuple[str, str]]


# Returns what to send next: b"" if there is nothing yet, None at the end. It is called every
# STREAM_INTERVAL_S in a thread, and should not wait.
Stream = Callable[[], bytes | None]


class Response(NamedTuple):
    """A response.

    stream  what follows the body, until the stream or the connection ends; None for nothing
    """

    status: int
    headers: Headers
    body: bytes
    stream: Stream | None = None


@dataclass(slots=True, eq=False)
class Request:
    """A request, filled in while it arrives.

    target               as sent: a path with a query, or an absolute URL
    headers              in order, names in lower case
    client               address of the peer, or the one that trusted proxies report
    started_at           when its first byte arrived, by time.perf_counter
    rejected             why the server rejects it; None if the application responds
    body_bytes           how much of its body has arrived, kept or discarded
    is_complete          whether all of it has arrived
    keeps_alive          whether the connection stays open after the response
    client_disconnected  whether the client no longer waits for the response
    """

    client: str
    started_at: float = field(default_factory=time.perf_counter)
    method: str = ""
    target: bytes = b""
    version: str = "1.1"
    headers: Headers = field(default_factory=list)
    body: bytearray = field(default_factory=bytearray)
    body_bytes: int = 0
    rejected: Rejected | None = None
    is_complete: bool = False
    keeps_alive: bool = False
    client_disconnected: bool = False

    def header(self, name: str) -> str | None:
        """Return the first header of this name, given in lower case, or None."""
        return next((value for given, value in self.headers if given == name), None)

    @property
    def head_bytes(self) -> int:
        """The size of the target and the headers."""
        return len(self.target) + sum(len(name) + len(value) for name, value in self.headers)

    def id(self) -> str:
        """Return the client's X-Request-ID if it is well-formed, or a new id."""
        given = self.header("x-request-id") or ""
        return given if REQUEST_ID.fullmatch(given) else os.urandom(16).hex()

    def head_without(self, name: str) -> bytes:
        """Serialize the request line and all headers except those of one name."""
        first = f"{self.method} {self.target.decode('latin-1')} HTTP/{self.version}"
        kept = [f"{given}: {value}" for given, value in self.headers if given != name]
        return "\r\n".join([first, *kept, "", ""]).encode("latin-1")

    def validate(self) -> None:
        """Check what the parser does not.

        raises   Rejected if the version, method, target, Host or transfer coding is invalid
        source   RFC 9112
        """
        if self.version not in ("1.0", "1.1"):
            raise Rejected(
                HTTPStatus.HTTP_VERSION_NOT_SUPPORTED,
                "malformed",
                "This version of HTTP is not supported; use HTTP/1.1.",
            )
        if self.method not in METHODS:
            raise malformed("The method is unknown; use GET or POST.")
        hosts = [value for name, value in self.headers if name == "host"]
        if len(hosts) > 1 or (not hosts and self.version != "1.0"):
            raise malformed("The request must have exactly one Host header.")
        if hosts and not HOST.fullmatch(hosts[0]):
            raise malformed("The Host header is malformed; send a host name and an optional port.")
        codings = [value for name, value in self.headers if name == "transfer-encoding"]
        if codings and (
            codings[0].lower() != "chunked" or len(codings) > 1 or self.version < "1.1"
        ):
            raise malformed("The transfer coding is not supported; send the body plain or chunked.")
        if self.target != b"*":
            try:
                httptools.parse_url(self.target)
            except httptools.HttpParserInvalidURLError:
                raise malformed("The URL is malformed; send a path that begins with /.") from None

    def environ(self, request_id: str) -> dict[str, Any]:
        """Build the WSGI environment; source: PEP 3333."""
        path, query = self.target, b""
        if path != b"*":
            url = httptools.parse_url(path)
            path, query = url.path or b"/", url.query or b""
        environ = {
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query.decode("latin-1"),
            "SERVER_NAME": "inkdigits",
            "SERVER_PORT": "0",
            "SERVER_PROTOCOL": f"HTTP/{self.version}",
            "REMOTE_ADDR": self.client,
            "CONTENT_LENGTH": str(len(self.body)),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": True,
            "wsgi.run_once": False,
            "inkdigits.request_id": request_id,
            "inkdigits.client_disconnected": lambda: self.client_disconnected,
        }
        for name, value in self.headers:
            # WSGI maps hyphens to underscores, so a name with an underscore could pass for another.
            if "_" in name or name in ("content-length", "transfer-encoding"):
                continue
            key = "HTTP_" + name.upper().replace("-", "_")
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
        return environ


def run_application(app: WSGIApplication, environ: dict[str, Any], body: bytearray) -> Response:
    """Run a WSGI application and collect its response.

    body     of the request; emptied, so that its bytes are not held twice
    """
    environ["wsgi.input"] = io.BytesIO(body)
    body.clear()
    status, headers = 500, []

    def start_response(
        line: str, given: Headers, exc_info: Any = None
    ) -> Callable[[bytes], object]:
        nonlocal status, headers
        status, headers = int(line.split(" ", 1)[0]), given
        return lambda data: None

    parts: Iterable[bytes] = app(environ, start_response)
    try:
        content = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    stream = environ.get("inkdigits.stream") if environ["REQUEST_METHOD"] != "HEAD" else None
    return Response(status, headers, content, stream)


def to_bytes(response: Response, method: str, keeps_alive: bool) -> bytes:
    """Serialize a response.

    method   of the request: the response to HEAD has no body
    """
    status = HTTPStatus(response.status)
    given = {name.lower() for name, _ in response.headers}
    lines = [f"HTTP/1.1 {response.status} {status.phrase}"]
    if "date" not in given:  # Werkzeug adds it to files
        lines.append(f"Date: {_date()}")
    lines += [f"{name}: {value}" for name, value in response.headers]
    has_body = method != "HEAD" and status >= 200 and status not in (204, 304)
    # The end of a stream is that of its connection.
    if has_body and "content-length" not in given and response.stream is None:
        lines.append(f"Content-Length: {len(response.body)}")
    lines.append(f"Connection: {'keep-alive' if keeps_alive else 'close'}")
    head = "\r\n".join([*lines, "", ""]).encode("latin-1")
    return head + response.body if has_body else head


def _date() -> str:
    return _date_of(int(time.time()))


@lru_cache(maxsize=1)
def _date_of(second: int) -> str:
    return format_date_time(second)
