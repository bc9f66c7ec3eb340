"""One client's connection: receives requests and responds to them in order."""

import asyncio
from collections import deque
from contextlib import aclosing

from inkdigits.api.server.admission import UNCOUNTED_BYTES, Reservation
from inkdigits.api.server.backpressure import UnreadResponses
from inkdigits.api.server.interfaces import Service
from inkdigits.api.server.messages import Request, Response, Stream, to_bytes
from inkdigits.api.server.rejections import (
    Rejected,
    body_too_large,
    incomplete,
    overloaded,
    timed_out,
)
from inkdigits.api.server.request_parser import RequestParser, check_head
from inkdigits.api.server.streams import INTERVAL_S

KEEP_ALIVE_S = 30.0  # how long a connection may be idle between requests
MAX_PIPELINED = 16  # requests that wait for their turn on one connection
# After an early response, further data is read and discarded for a while. Closing a socket with
# unread data resets the connection, and the client could lose the response.
LINGER_S, LINGER_BODIES = 5.0, 2
NEW_S = 0.5  # after this time on a new connection, its first request should have begun to arrive


class Connection(asyncio.BufferedProtocol):
    """HTTP/1.1 on one connection. asyncio and the request parser call its methods.

    client    address of the peer
    fd        file descriptor of the socket
    deadline  event loop time by which the client must send or read more; None while the
              service is working
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._settings = service.settings
        self._loop = asyncio.get_running_loop()
        self._ready: deque[Request] = deque()  # waiting for a response, in order
        self._active: Request | None = None  # the application is working on it
        self._task: asyncio.Task[None] | None = None
        self._unread = UnreadResponses(service.budget)
        self._bodies = Reservation(service.budget)
        self._body_bytes = 0  # of all requests without a response
        self._discarded_bytes = 0
        self._has_eof = False
        self._opened_at = self._loop.time()
        self._send_deadline: float | None = None  # for whatever the client must send next
        self._last_client = ""  # of the last response written
        self.client = ""
        self.fd = -1

    @property
    def deadline(self) -> float | None:
        """The time by which the client must send or read more, if any."""
        deadlines = (self._send_deadline, self._unread.read_deadline)
        return min((each for each in deadlines if each is not None), default=None)

    @property
    def awaits_client(self) -> bool:
        """Whether the server is waiting for the client, so that closing would lose no work."""
        return self._active is None and not self._ready

    # Called by asyncio.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for a request."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.client = (transport.get_extra_info("peername") or ("",))[0]
        self.fd = transport.get_extra_info("socket").fileno()
        self._parser = RequestParser(self, self.client, self._settings.max_body_bytes)
        self._expect_within(self._settings.header_timeout_s)
        self._service.connection_opened(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Return the buffer to receive into."""
        return self._service.buffer

    def buffer_updated(self, count: int) -> None:
        """Parse what has arrived, or discard it after the last request."""
        if self._parser.is_closed:
            self._discarded_bytes += count
            if self._discarded_bytes > LINGER_BODIES * self._settings.max_body_bytes:
                self._transport.abort()
            return
        self._parser.feed(self._service.buffer[:count])
        self._advance()

    def eof_received(self) -> bool:
        """Respond to complete requests, and reject an incomplete one: the client sends no more."""
        self._has_eof = True
        if self._parser.is_closed and self.awaits_client:
            return False
        if self._parser.request:
            self.request_rejected(incomplete())
        self._parser.close()
        self._mark_disconnected()
        is_idle = self.awaits_client
        self._advance()
        return not is_idle

    def connection_lost(self, error: Exception | None) -> None:
        """Stop all work for the client."""
        if self._parser.request and self._parser.request.method:
            self._service.count(incomplete())
        self._parser.close()
        self._mark_disconnected()
        if self._task:
            self._task.cancel()
        self._send_deadline = None
        self._ready.clear()
        self._unread.resume()
        self._bodies.resize("", 0)
        self._service.connection_closed(self)

    def pause_writing(self) -> None:
        """Hold back further responses while the client does not read."""
        size = self._transport.get_write_buffer_size()
        try:
            self._unread.pause(self._last_client, size, self._loop.time())
        except Rejected as rejected:
            self._service.count(rejected)
            self._transport.abort()

    def resume_writing(self) -> None:
        """Continue when the client has read the response."""
        self._unread.resume()
        self._advance()

    # Called by the parser.

    def request_started(self) -> None:
        """Limit the time for the headers."""
        self._expect_within(self._settings.header_timeout_s)

    def headers_received(self, request: Request) -> None:
        """Decide whether to accept the request, and its body."""
        self._service.resolve_client(request)
        length = request.header("content-length")
        is_chunked = request.header("transfer-encoding") is not None
        try:
            check_head(request, self._settings.max_body_bytes)
            self._service.admit(request)
        except Rejected as rejected:
            is_small = not is_chunked and int(length or 0) <= UNCOUNTED_BYTES
            if rejected.reason == "overloaded" and is_small:
                # Its body is received and discarded, so that the connection can stay open.
                request.rejected = rejected
            else:
                self.request_rejected(rejected)
                return
        if is_chunked or length is not None:
            self._expect_within(self._settings.body_timeout_s)
            expects_continue = (request.header("expect") or "").lower() == "100-continue"
            is_accepted = self.awaits_client and not request.rejected
            if expects_continue and request.version == "1.1" and is_accepted:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def body_received(self, request: Request, part: bytes) -> None:
        """Keep a part of the body, within its limit and the memory budget."""
        self._body_bytes += len(part)
        if request.rejected:
            return
        try:
            if request.body_bytes > self._settings.max_body_bytes:
                raise body_too_large(self._settings.max_body_bytes)
            self._bodies.resize(request.client, self._body_bytes)
        except Rejected as rejected:
            self.request_rejected(rejected)
        else:
            request.body += part

    def request_completed(self, request: Request) -> None:
        """Queue the request for a response."""
        self._send_deadline = None
        self._ready.append(request)
        if len(self._ready) > MAX_PIPELINED:
            self._parser.close()
            request.is_complete = False  # more will arrive, and be discarded

    def request_rejected(self, rejected: Rejected) -> None:
        """Reject the request that is being received, and accept none after it."""
        request = self._parser.request or Request(self.client)
        request.rejected = rejected
        request.body.clear()
        self._parser.close()
        self._send_deadline = None
        self._ready.append(request)

    # Called by the service.

    def handle_timeout(self) -> None:
        """Handle a deadline that has passed."""
        now, unread = self._loop.time(), self._unread
        if unread.read_deadline is not None and unread.read_deadline <= now:
            if not unread.has_progressed(self._transport.get_write_buffer_size(), now):
                self._transport.abort()
        elif self._transport.is_closing():
            self._transport.abort()
        elif self._parser.request:
            self.request_rejected(timed_out("body" if self._parser.request.method else "header"))
            self._advance()
        elif self._parser.is_closed and self.awaits_client:
            self._transport.abort()
        else:
            self.close()

    def close(self) -> None:
        """Close after sending everything that was written."""
        self._transport.close()
        self._send_deadline = None
        if not self._unread.is_blocked:
            self._expect_within(KEEP_ALIVE_S)

    def close_if_idle(self) -> None:
        """Close unless a request is being received or processed, or may be about to arrive."""
        is_idle = self.awaits_client and not self._parser.request and not self._parser.is_closed
        is_new = self._loop.time() < self._opened_at + NEW_S
        if is_idle and not is_new and not self._transport.is_closing():
            self.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def reject(self) -> None:
        """Respond that there is no capacity for this connection, and close it."""
        self.request_rejected(overloaded("connections"))
        self._advance()

    # Responses.

    def _advance(self) -> None:
        """Respond to every request whose turn it is."""
        while self._ready and self._active is None and not self._unread.is_blocked:
            request = self._ready.popleft()
            if request.rejected:
                self._send(request, self._service.reject(request, request.rejected))
            else:
                self._active = request
                self._task = self._loop.create_task(self._respond(request))

    async def _respond(self, request: Request) -> None:
        try:
            response = await self._service.respond(request)
            if response.stream is not None:
                await self._send_stream(request, response, response.stream)
        except Exception:
            self._transport.abort()
            raise  # asyncio logs it
        self._active = self._task = None
        if response.stream is None:
            self._send(request, response)
        self._advance()

    async def _send_stream(self, request: Request, response: Response, stream: Stream) -> None:
        """Send a stream until it ends, the client disconnects, or the server shuts down.

        The connection is neither idle nor does it wait for the client, so it has no deadline,
        except for a client that does not read: it is closed as for any other response.
        """
        self._release_body(request)
        self._last_client = request.client
        self._transport.write(to_bytes(response, request.method, keeps_alive=False))
        async with aclosing(self._service.streams.parts(stream)) as parts:
            async for part in parts:
                self._transport.write(part)
                while self._unread.is_blocked and self._is_followed(request):
                    await asyncio.sleep(INTERVAL_S)
                if not self._is_followed(request):
                    break
        if self._unread.is_blocked:
            self._transport.abort()
        else:
            self._finish(request)

    def _is_followed(self, request: Request) -> bool:
        """Whether the client waits for more of a stream, and the server has more."""
        is_over = self._transport.is_closing() or request.client_disconnected
        return not is_over and not self._service.is_draining

    def _release_body(self, request: Request) -> None:
        self._body_bytes -= request.body_bytes
        self._bodies.resize("", self._body_bytes)

    def _send(self, request: Request, response: Response) -> None:
        if self._transport.is_closing():
            return
        self._release_body(request)
        is_last = self._parser.is_closed and not self._ready
        keeps_alive = request.keeps_alive and not is_last and not self._service.is_draining
        self._last_client = request.client
        self._transport.write(to_bytes(response, request.method, keeps_alive))
        if not keeps_alive:
            self._finish(request)
        elif self.awaits_client and not self._parser.request:
            self._expect_within(KEEP_ALIVE_S)

    def _finish(self, last: Request) -> None:
        """Close after the last response; if the client may still send, only this side at first."""
        self._parser.close()
        self._ready.clear()
        if last.is_complete or self._has_eof:
            self.close()
        else:
            self._expect_within(LINGER_S)
            try:
                self._transport.write_eof()
            except OSError:  # the client has just disconnected
                self._transport.abort()

    def _expect_within(self, seconds: float) -> None:
        self._send_deadline = self._loop.time() + seconds

    def _mark_disconnected(self) -> None:
        for request in (self._active, *self._ready):
            if request:
                request.client_disconnected = True
