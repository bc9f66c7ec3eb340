"""Answers requests: admission, the WSGI application in a thread, metrics and the log."""

import asyncio
import time
from collections import Counter
from typing import Any
from urllib.parse import unquote_to_bytes
from wsgiref.types import WSGIApplication

import structlog
from werkzeug.middleware.proxy_fix import ProxyFix

from inkdigits.api.clients import client_of
from inkdigits.api.errors import problem_body
from inkdigits.api.headers import EXPOSED, ON_EVERY_ANSWER
from inkdigits.api.metrics import Metrics
from inkdigits.api.server.admission import AdmissionControl
from inkdigits.api.server.messages import Answer, Request, run_application
from inkdigits.api.server.rejections import Rejected, busy, client_left, failed
from inkdigits.api.server.service import Peer
from inkdigits.api.settings import Settings

log = structlog.get_logger()

MAX_LOGGED_PATH = 1024
BUFFER_BYTES = 2**18  # of what arrives, that are taken at a time
# Of these there may be thousands a second, so the log has their sum once a second.
SUMMED_UP = {"overloaded", "deadline", "memory", "connections"}


class Handler:
    """Stands between the connections of a worker and its application.

    app          answers the requests; it sees their bodies whole
    limit        connections that may be open at once
    is_draining  whether the worker is about to end
    """

    def __init__(
        self, app: WSGIApplication, settings: Settings, metrics: Metrics, limit: int
    ) -> None:
        self._app = app
        self._admission = AdmissionControl(settings)
        self._metrics = metrics
        self._limit = limit
        self._by_client: dict[str, set[Peer]] = {}
        self._rejections: Counter[str] = Counter()
        # For what it does to an environment; the application comes later.
        self._trust_proxies = ProxyFix(
            lambda environ, start_response: (), x_for=settings.proxies, x_proto=0, x_host=0
        )
        self.settings = settings
        self.budget = self._admission.budget
        self.buffer = memoryview(bytearray(BUFFER_BYTES))
        self.predictions = self._admission.predictions
        self.files: set[int] = set()  # of the connections
        self.is_draining = False

    # Connections.

    @property
    def connections(self) -> list[Peer]:
        """The connections that are open now."""
        return [connection for group in self._by_client.values() for connection in group]

    def opened(self, connection: Peer) -> None:
        """Note a new connection.

        Beyond the limits, whoever has let the service wait longest makes room: so a client that
        holds connections open without using them cannot keep others out. Behind proxies, all
        connections are the proxy's, which has limits by client itself.
        """
        group = self._by_client.setdefault(client_of(connection.client), set())
        group.add(connection)
        self.files.add(connection.file)
        is_over_client_limit = (
            not self.settings.proxies and len(group) > self.settings.client_connections
        )
        if not is_over_client_limit:
            if sum(map(len, self._by_client.values())) <= self._limit:
                return
            group = max(self._by_client.values(), key=len)
        if waiting := [each for each in group if each.is_waiting and each is not connection]:
            self.count(busy("connections"))
            victim = min(waiting, key=lambda each: each.deadline or 0)
            self.closed(victim)  # now, or the next one to come would be told to take its place, too
            victim.abort()
        else:
            connection.turn_away()

    def closed(self, connection: Peer) -> None:
        """Forget a connection."""
        self.files.discard(connection.file)
        client = client_of(connection.client)
        group = self._by_client.get(client, set())
        group.discard(connection)
        if not group:
            self._by_client.pop(client, None)

    def end_expired(self, now: float) -> None:
        """End what clients keep the service waiting with; `now` is the event loop's time."""
        for connection in self.connections:
            if connection.deadline is not None and connection.deadline < now:
                try:
                    connection.expire()
                except Exception:  # of one connection; the others' deadlines must hold
                    log.exception("connection_failed")
                    connection.abort()

    # Requests.

    def identify(self, request: Request) -> None:
        """Find out by the headers of trusted proxies whose request it is."""
        if self.settings.proxies:
            environ = {"REMOTE_ADDR": request.client}
            if forwarded := [value for name, value in request.headers if name == "x-forwarded-for"]:
                environ["HTTP_X_FORWARDED_FOR"] = ",".join(forwarded)
            self._trust_proxies(environ, lambda *_: lambda data: None)
            request.client = environ["REMOTE_ADDR"]

    def admit(self, request: Request) -> None:
        """Decide by its headers whether to take a request.

        raises   Rejected if too many wait already
        """
        if self._admission.executor(request).is_full:
            raise busy("overloaded")

    async def answer(self, request: Request) -> Answer:
        """Let the application answer a complete request, when it is its turn."""
        request_id = request.id()
        try:
            environ = request.environ(request_id)
            executor = self._admission.executor(request)

            def work() -> Answer:
                # Who has left cannot be told from who only stopped sending: nobody is kept waiting
                # for them, but if nobody waits they get their answer.
                if request.client_left and executor.has_waiting:
                    raise client_left()
                return run_application(self._app, environ, request.body)

            answer = await executor.run(work)
        except Rejected as rejected:
            return self.reject(request, rejected)
        except asyncio.CancelledError:
            self.count(client_left())
            raise
        except Exception:  # of which the client must hear as well
            log.exception("request_failed", request_id=request_id)
            return self.reject(request, failed())
        self._note(request, request_id, answer.status, environ)
        return answer

    def reject(self, request: Request, rejected: Rejected) -> Answer:
        """Answer a request without running the application, in the form that it has for errors."""
        request_id = request.id()
        headers = [
            ("Content-Type", "application/problem+json"),
            ("X-Request-ID", request_id),
            ("Vary", "Origin"),
            *ON_EVERY_ANSWER.items(),
            *rejected.headers,
        ]
        origin = request.header("origin")
        if origin in self.settings.origins:
            headers += [
                ("Access-Control-Allow-Origin", origin),
                ("Access-Control-Expose-Headers", ", ".join(EXPOSED)),
            ]
        self.count(rejected)
        if rejected.reason in SUMMED_UP:
            self._metrics.count("none", request.method, rejected.status)
        else:
            self._note(request, request_id, rejected.status, {})
        body = problem_body(rejected.status, rejected.detail, request_id)
        return Answer(rejected.status, headers, body)

    def count(self, rejected: Rejected) -> None:
        """Count what does not reach the application."""
        self._metrics.rejections.labels(rejected.reason).inc()
        if rejected.reason in SUMMED_UP:
            self._rejections[rejected.reason] += 1

    def log_rejections(self) -> None:
        """Log how many requests were rejected for each reason since the last time."""
        for reason, count in self._rejections.items():
            log.warning("rejected", reason=reason, count=count)
        self._rejections.clear()

    def _note(
        self, request: Request, request_id: str, status: int, environ: dict[str, Any]
    ) -> None:
        seconds = time.perf_counter() - request.since
        self._metrics.observe(environ, request.method, status, seconds)
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
