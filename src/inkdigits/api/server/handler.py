"""Handling of requests: admission, the WSGI application, metrics and log."""

import asyncio
import logging
import time
from collections import Counter
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication

import structlog
from werkzeug.middleware.proxy_fix import ProxyFix

from inkdigits.api.clients import client_key
from inkdigits.api.errors import PROBLEM_TYPE, problem_json
from inkdigits.api.headers import EXPOSED_HEADERS, LAB_PATH, SECURITY_HEADERS
from inkdigits.api.metrics import Metrics
from inkdigits.api.server.admission import AdmissionControl
from inkdigits.api.server.interfaces import ClientConnection
from inkdigits.api.server.messages import Request, Response, run_application
from inkdigits.api.server.quick import is_quick
from inkdigits.api.server.rejections import (
    Rejected,
    client_disconnected,
    internal_error,
    overloaded,
)
from inkdigits.api.server.request_parser import READ_BUFFER_BYTES
from inkdigits.api.server.streams import Streams
from inkdigits.api.settings import IN_MEMORY, Settings

log = structlog.get_logger()

MAX_LOGGED_PATH = 1024
# There may be thousands of these per second, so the log has one count per second and reason.
AGGREGATED_REASONS = {"overloaded", "queue_timeout", "memory", "connections"}


class Handler:
    """Everything between the connections of a worker and its application.

    app              the application; it gets only complete bodies
    max_connections  maximum number of open connections
    fds              file descriptors of the open connections
    streams          the responses that go on
    is_draining      whether the worker is shutting down
    """

    def __init__(
        self, app: WSGIApplication, settings: Settings, metrics: Metrics, max_connections: int
    ) -> None:
        self._app = app
        self._admission = AdmissionControl(settings, metrics)
        self._metrics = metrics
        self._max_connections = max_connections
        # The rate may be counted in another process, and waiting for it would block the event loop.
        self._runs_quick = not settings.rate_limit or settings.rate_limit_storage == IN_MEMORY
        self._by_client: dict[str, set[ClientConnection]] = {}
        self._rejections: Counter[str] = Counter()
        # Only rewrites the environment; there is no application to wrap yet.
        self._proxy_fix = ProxyFix(
            lambda environ, start_response: (), x_for=settings.proxies, x_proto=0, x_host=0
        )
        self.settings = settings
        self.budget = self._admission.budget
        self.buffer = memoryview(bytearray(READ_BUFFER_BYTES))
        self.predictions = self._admission.predictions
        self.fds: set[int] = set()
        self.streams = Streams(settings.lab_streams)
        self.is_draining = False

    # Connections.

    @property
    def connections(self) -> list[ClientConnection]:
        """The open connections."""
        return [connection for group in self._by_client.values() for connection in group]

    def connection_opened(self, connection: ClientConnection) -> None:
        """Register a new connection, and close others if there are too many.

        Those with the earliest deadlines are closed, so a client that holds connections open
        without using them cannot keep others out. Behind proxies, all connections come from the
        proxy, which must limit its clients itself.
        """
        self._by_client.setdefault(client_key(connection.client), set()).add(connection)
        self.fds.add(connection.fd)
        # There may be more than one too many: a rejected connection counts until it is closed.
        has_closed_one = False
        while group := self._group_over_limit(connection):
            idle = [each for each in group if each.awaits_client and each is not connection]
            if not idle:
                if not has_closed_one:
                    connection.reject()
                return
            has_closed_one = True
            self.count(overloaded("connections"))
            victim = min(idle, key=lambda each: each.deadline or 0)
            self.connection_closed(victim)  # now, or it would be counted and picked again
            victim.abort()

    def _group_over_limit(self, connection: ClientConnection) -> set[ClientConnection] | None:
        """Return the connections of which one must be closed, if there are too many."""
        group = self._by_client[client_key(connection.client)]
        if not self.settings.proxies and len(group) > self.settings.client_connections:
            return group
        if sum(map(len, self._by_client.values())) > self._max_connections:
            return max(self._by_client.values(), key=len)
        return None

    def connection_closed(self, connection: ClientConnection) -> None:
        """Forget a connection."""
        self.fds.discard(connection.fd)
        client = client_key(connection.client)
        group = self._by_client.get(client, set())
        group.discard(connection)
        if not group:
            self._by_client.pop(client, None)

    def expire_connections(self, now: float) -> None:
        """Time out connections whose deadline has passed; `now` is the event loop's time."""
        for connection in self.connections:
            if connection.deadline is not None and connection.deadline < now:
                try:
                    connection.handle_timeout()
                except Exception:  # the other connections must be timed out, too
                    log.exception("connection_failed")
                    connection.abort()

    # Requests.

    def resolve_client(self, request: Request) -> None:
        """Set the client's address from the headers of trusted proxies."""
        if self.settings.proxies:
            environ = {"REMOTE_ADDR": request.client}
            if forwarded := [value for name, value in request.headers if name == "x-forwarded-for"]:
                environ["HTTP_X_FORWARDED_FOR"] = ",".join(forwarded)
            self._proxy_fix(environ, lambda *_: lambda data: None)
            request.client = environ["REMOTE_ADDR"]

    def admit(self, request: Request) -> None:
        """Decide from the headers whether to accept a request.

        raises   Rejected if too many are waiting
        """
        if self._admission.executor(request).is_full:
            raise overloaded("overloaded")

    async def respond(self, request: Request) -> Response:
        """Run the application for a complete request when its turn comes."""
        request_id = request.id()
        try:
            environ = request.environ(request_id)
            executor = self._admission.executor(request)

            def work() -> Response:
                # A client that has disconnected looks like one that has only finished sending. Its
                # request is dropped only if others are waiting.
                if request.client_disconnected and executor.has_waiting:
                    raise client_disconnected()
                return run_application(self._app, environ, request.body)

            is_small = self._runs_quick and executor is self.predictions and is_quick(request)
            response = await executor.run(work, is_small)
            if response.stream is not None and self.streams.is_full:
                raise overloaded("streams")
        except Rejected as rejected:
            return self.reject(request, rejected)
        except asyncio.CancelledError:
            self.count(client_disconnected())
            raise
        except Exception:  # in this case, too, the client must get a response
            log.exception("request_failed", request_id=request_id)
            return self.reject(request, internal_error())
        self._record(request, request_id, response.status, environ)
        return response

    def reject(self, request: Request, rejected: Rejected) -> Response:
        """Respond to a request without the application, in the application's error format."""
        request_id = request.id()
        headers = [
            ("Content-Type", PROBLEM_TYPE),
            ("X-Request-ID", request_id),
            ("Vary", "Origin"),
            *SECURITY_HEADERS.items(),
            *rejected.headers,
        ]
        origin = request.header("origin")
        is_lab = request.target.partition(b"?")[0].startswith(LAB_PATH.encode())
        if origin in self.settings.origins and not is_lab:
            headers += [
                ("Access-Control-Allow-Origin", origin),
                ("Access-Control-Expose-Headers", ", ".join(EXPOSED_HEADERS)),
            ]
        self.count(rejected)
        if rejected.reason in AGGREGATED_REASONS:
            self._metrics.count_request("none", request.method, rejected.status)
        else:
            self._record(request, request_id, rejected.status, {})
        body = problem_json(rejected.status, rejected.detail, request_id)
        return Response(rejected.status, headers, body)

    def count(self, rejected: Rejected) -> None:
        """Count a request or a connection that does not reach the application."""
        self._metrics.rejections.labels(rejected.reason).inc()
        if rejected.reason in AGGREGATED_REASONS:
            self._rejections[rejected.reason] += 1

    def log_rejections(self) -> None:
        """Log how many requests were rejected for each reason since the last call."""
        for reason, count in self._rejections.items():
            log.warning("requests_rejected", reason=reason, count=count)
        self._rejections.clear()

    def _record(
        self, request: Request, request_id: str, status: int, environ: dict[str, Any]
    ) -> None:
        seconds = time.perf_counter() - request.started_at
        self._metrics.observe_request(environ, request.method, status, seconds)
        if not log.is_enabled_for(logging.INFO):
            return
        path = unquote_to_bytes(request.target.partition(b"?")[0])
        log.info(
            "request",
            request_id=request_id,
            client=request.client,
            method=request.method,
            path=path[:MAX_LOGGED_PATH].decode(errors="replace"),
            status=int(status),
            duration_ms=round(1000 * seconds, 2),
        )
