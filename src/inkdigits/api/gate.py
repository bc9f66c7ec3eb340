"""Stands before the application: takes requests whole, and no more of them than it can bear.

Granian hands every request to an event loop, where reading a body costs no thread, however slowly
it comes. What is whole goes to a few threads that run the Flask application; who waits for one
waits in a bounded queue, and not for ever; the rest is told at once to come back later. What is
no prediction has threads of its own, so that the service's health never waits behind drawings.
"""

import asyncio
import io
import sys
import time
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from typing import Any, NamedTuple
from wsgiref.types import WSGIApplication

import structlog
from granian.rsgi import ProtocolClosed  # type: ignore[attr-defined]
from werkzeug.middleware.proxy_fix import ProxyFix

from inkdigits.api import metrics
from inkdigits.api.headers import EXPOSED, ON_EVERY_ANSWER, REQUEST_ID
from inkdigits.api.problems import problem_body
from inkdigits.api.settings import Settings

log = structlog.get_logger()

HEALTH_THREADS = 2
# A body may come in more pieces than that only if they have so many bytes on the average.
MAX_PIECES, MIN_PIECE_BYTES = 10_000, 64
# Times the limit: so far a body is read, for its sender to get an answer and no broken connection.
READ_ANYWAY = 2
RETRY_AFTER_S = 1

Headers = list[tuple[str, str]]


class Answer(NamedTuple):
    """What goes back to the client."""

    status: int
    headers: Headers
    body: bytes


class Refusal(Exception):
    """A request that does not reach the application: its status, and what to do about it."""

    def __init__(self, status: HTTPStatus, reason: str, detail: str, **headers: str) -> None:
        super().__init__(detail)
        self.status = status
        self.reason = reason
        self.headers = [(name.replace("_", "-"), value) for name, value in headers.items()]


def _busy(reason: str) -> Refusal:
    return Refusal(
        HTTPStatus.SERVICE_UNAVAILABLE,
        reason,
        f"The service has more to do than it can; send the request again in {RETRY_AFTER_S} s.",
        retry_after=str(RETRY_AFTER_S),
    )


def _too_large(limit: int) -> Refusal:
    return Refusal(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "too_large",
        f"The body is larger than {limit:,} bytes; send a smaller picture.",
    )


class Lane:
    """A few threads, and a bounded queue of those who wait for one."""

    def __init__(self, threads: int, queue: int, deadline_s: float) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._room = threads + queue
        self._inside = 0
        self._deadline_s = deadline_s

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Do the work in a thread of this lane.

        raises   Refusal if too many wait already, or no thread was free in time
        """
        if self._inside >= self._room:
            raise _busy("overloaded")
        deadline = time.monotonic() + self._deadline_s

        def in_time() -> Answer:
            if time.monotonic() > deadline:
                raise _busy("deadline")
            return work()

        self._inside += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, in_time)
        finally:
            self._inside -= 1


class Gate:
    """An RSGI application, as Granian calls them, around a WSGI application.

    app       answers the requests; it sees their bodies whole
    look      is called every `settings.reload_s` seconds, in a thread: see shelf.Shelf.look
    source    https://github.com/emmett-framework/granian/blob/master/docs/spec/RSGI.md
    """

    def __init__(self, app: WSGIApplication, settings: Settings, look: Callable[[], None]) -> None:
        self._app = app
        self._settings = settings
        self._look = look
        # For what it does to an environment; the application comes when the body is there.
        self._trust_proxies = ProxyFix(
            lambda environ, start_response: (), x_for=settings.proxies, x_proto=0, x_host=0
        )
        self._predictions = Lane(settings.threads, settings.queue, settings.deadline_s)
        self._others = Lane(HEALTH_THREADS, 16 * settings.queue + 64, settings.deadline_s)
        self._watching: asyncio.Task[None] | None = None

    def __rsgi_init__(self, loop: asyncio.AbstractEventLoop) -> None:
        """Start to watch the models' files."""
        # A thread may keep others waiting for so long; 5 ms, Python's own, is more than an answer.
        sys.setswitchinterval(0.001)
        if self._settings.reload_s:
            self._watching = loop.create_task(self._watch())

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._settings.reload_s)
            await asyncio.to_thread(self._look)

    async def __rsgi__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        since = time.perf_counter()
        given = scope.headers.get("x-request-id") or ""
        request_id = given if REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        environ = _environ(scope) | {"inkdigits.request_id": request_id}
        self._trust_proxies(environ, lambda *_: lambda data: None)
        try:
            body = await self._body(scope, protocol)
            environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
            lane = self._predictions if scope.method == "POST" else self._others
            answer = await lane.run(lambda: _answer(self._app, environ))
        except ProtocolClosed:  # the client has gone, in the middle of its body
            metrics.REJECTIONS.labels("gone").inc()
            return
        except Refusal as refusal:
            metrics.REJECTIONS.labels(refusal.reason).inc()
            answer = self._refuse(refusal, request_id, scope.headers.get("origin"))
        protocol.response_bytes(*answer)
        seconds = time.perf_counter() - since
        metrics.observe(environ, scope.method, answer.status, seconds)
        log.info(
            "request",
            request_id=request_id,
            client=environ["REMOTE_ADDR"],
            method=scope.method,
            path=scope.path,
            status=answer.status,
            duration_ms=round(1000 * seconds, 2),
        )

    async def _body(self, scope: Any, protocol: Any) -> bytes:
        """Read the body, whole.

        raises   Refusal if it is too large, comes too slowly or in too many pieces
        """
        length = scope.headers.get("content-length")
        if length is None and "transfer-encoding" not in scope.headers:
            return b""
        limit = self._settings.max_body_bytes
        if length is not None and int(length) > READ_ANYWAY * limit:
            raise _too_large(limit)
        try:
            async with asyncio.timeout(self._settings.body_timeout_s):
                if length is not None and int(length) <= limit:
                    return await protocol()
                return await self._in_pieces(protocol, limit)
        except TimeoutError:
            raise Refusal(
                HTTPStatus.REQUEST_TIMEOUT,
                "slow_body",
                "The body did not come in time; send it again, whole.",
            ) from None

    async def _in_pieces(self, protocol: Any, limit: int) -> bytes:
        pieces: list[bytes] = []
        count, size = 0, 0
        async for piece in protocol:
            count += 1
            size += len(piece)
            if size <= limit:
                pieces.append(piece)
            elif size > READ_ANYWAY * limit:
                break
            if count > MAX_PIECES and size < MIN_PIECE_BYTES * count:
                raise Refusal(
                    HTTPStatus.BAD_REQUEST,
                    "tiny_pieces",
                    "The body comes in too many tiny pieces; send it in larger ones.",
                )
        if size > limit:
            raise _too_large(limit)
        return b"".join(pieces)

    def _refuse(self, refusal: Refusal, request_id: str, origin: str | None) -> Answer:
        """Answer as the application does, without running it."""
        headers = [
            ("Content-Type", "application/problem+json"),
            ("X-Request-ID", request_id),
            ("Vary", "Origin"),
            *ON_EVERY_ANSWER.items(),
            *refusal.headers,
        ]
        if origin in self._settings.origins:
            headers += [
                ("Access-Control-Allow-Origin", origin),
                ("Access-Control-Expose-Headers", ", ".join(EXPOSED)),
            ]
        body = problem_body(refusal.status, str(refusal), request_id)
        return Answer(refusal.status.value, headers, body)


def _environ(scope: Any) -> dict[str, Any]:
    """Say of a request what a WSGI application wants to know, but for its body: PEP 3333."""
    host, _, port = scope.server.rpartition(":")
    environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": host,
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for name, value in scope.headers.items():
        if "_" in name:  # which would pass for a header of another name
            continue
        key = "HTTP_" + name.upper().replace("-", "_")
        environ[key] = f"{environ[key]},{value}" if key in environ else value
    environ["CONTENT_TYPE"] = environ.pop("HTTP_CONTENT_TYPE", "")
    environ.pop("HTTP_CONTENT_LENGTH", None)
    environ.pop("HTTP_TRANSFER_ENCODING", None)
    return environ


def _answer(app: WSGIApplication, environ: dict[str, Any]) -> Answer:
    """Run the application, to the end."""
    status, headers = 500, []

    def start_response(
        line: str, given: Headers, exc_info: Any = None
    ) -> Callable[[bytes], object]:
        nonlocal status, headers
        status, headers = int(line.split(" ", 1)[0]), given
        return lambda data: None

    parts: Iterable[bytes] = app(environ, start_response)
    try:
        body = b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()
    return Answer(status, headers, body)
