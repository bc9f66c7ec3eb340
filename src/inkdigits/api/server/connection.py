"""One client's connection: takes its requests as they arrive, and answers them in order."""

import asyncio
from collections import deque

import httptools

from inkdigits.api.server.admission import UNCOUNTED_BYTES, Reservation
from inkdigits.api.server.messages import Answer, Request, to_bytes
from inkdigits.api.server.rejections import (
    Rejected,
    busy,
    headers_too_large,
    incomplete,
    malformed,
    too_large,
    too_many_chunks,
    too_slow,
)
from inkdigits.api.server.service import Service
from inkdigits.api.server.unread import Unread

KEEP_ALIVE_S = 30.0  # how long a connection may be silent between requests
MAX_HEADERS, MAX_HEAD_BYTES = 100, 32 * 2**10  # of one request; the address counts as well
# A body may come in more chunks than that only if they have so many bytes on average.
MAX_CHUNKS, MIN_CHUNK_BYTES = 10_000, 64
MAX_CHUNK_LINE_BYTES = 32  # on average
MAX_PIPELINED = 16  # requests that wait for the answer to the one before
# After an early answer, what still arrives is read and thrown away for a while: a connection that
# is closed while data arrives is reset, and its client may never see the answer.
LINGER_S, LINGER_BODIES = 5.0, 2
NEW_S = 0.5  # since a connection was made: its first request may be on its way


class Connection(asyncio.BufferedProtocol):
    """HTTP/1.1 on one connection; asyncio calls its methods, and httptools those named on_*.

    client    address of the peer
    file      its file descriptor
    deadline  by the clock of the event loop, when the client's time to send or to read is up; None
              while the service is working
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._settings = service.settings
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpRequestParser(self)
        self._receiving: Request | None = None  # whose end has not arrived
        self._ready: deque[Request] = deque()  # to be answered, in order
        self._answering: Request | None = None
        self._task: asyncio.Task[None] | None = None
        self._unread = Unread(service.budget)
        self._bodies = Reservation(service.budget)
        self._body_bytes = 0  # of all requests that are not answered yet
        self._arrived_bytes = 0  # since the present request began, and since the end of all
        self._chunks = 0
        self._is_ending = False  # nothing that arrives now is a request
        self._has_eof = False
        self._opened_at = self._loop.time()
        self._send_by: float | None = None  # what is expected of the client
        self._reader = ""  # the client whose answer was written last
        self.client = ""
        self.file = -1

    @property
    def deadline(self) -> float | None:
        """When the client's time is up."""
        times = (self._send_by, self._unread.read_by)
        return min((time for time in times if time is not None), default=None)

    @property
    def is_waiting(self) -> bool:
        """Whether it is the client's turn: nothing is lost but time if the connection is closed."""
        return self._answering is None and not self._ready

    # asyncio's side.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for a request."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.client = (transport.get_extra_info("peername") or ("",))[0]
        self.file = transport.get_extra_info("socket").fileno()
        self._expect_within(self._settings.header_timeout_s)
        self._service.opened(self)

    def get_buffer(self, sizehint: int) -> memoryview:
        """Say where what arrives is to be put."""
        return self._service.buffer

    def buffer_updated(self, count: int) -> None:
        """Parse what has arrived."""
        data = self._service.buffer[:count]
        self._arrived_bytes += count
        if self._is_ending:
            if self._arrived_bytes > LINGER_BODIES * self._settings.max_body_bytes:
                self._transport.abort()
            return
        try:
            self._parse(data)
        except httptools.HttpParserCallbackError:  # a fault of ours, which asyncio logs
            raise
        except httptools.HttpParserError:
            if not self._is_ending:
                self._fail(malformed("The request is not proper HTTP; send it as RFC 9112 says."))
        if self._receiving and not self._receiving.method and self._arrived_bytes > MAX_HEAD_BYTES:
            self._fail(headers_too_large())
        elif self._receiving and self._surplus_bytes() > 0:
            self._fail(too_large(self._settings.max_body_bytes))
        self._advance()

    def eof_received(self) -> bool:
        """Reject what is incomplete, for the client sends nothing more; answer what is complete."""
        self._has_eof = True
        if self._is_ending and self.is_waiting:
            return False
        if self._receiving:
            self._fail(incomplete())
        self._is_ending = True
        self._note_leaving()
        is_idle = self.is_waiting
        self._advance()
        return not is_idle

    def connection_lost(self, error: Exception | None) -> None:
        """Stop whatever is done for the client."""
        if self._receiving and self._receiving.method:
            self._service.count(incomplete())
        self._is_ending = True
        self._note_leaving()
        if self._task:
            self._task.cancel()
        self._receiving = self._send_by = None
        self._ready.clear()
        self._unread.resume()
        self._bodies.resize("", 0)
        self._service.closed(self)

    def pause_writing(self) -> None:
        """Stop answering while the client does not read, and hold against it what it has not."""
        size = self._transport.get_write_buffer_size()
        try:
            self._unread.pause(self._reader, size, self._loop.time())
        except Rejected as rejected:
            self._service.count(rejected)
            self._transport.abort()

    def resume_writing(self) -> None:
        """Go on when the answer has been read."""
        self._unread.resume()
        self._advance()

    def _surplus_bytes(self) -> int:
        """How much more has arrived than a body and what must surround it: in its trailers, or
        between its chunks. What one read brings may belong to other requests.
        """
        request = self._receiving
        assert request is not None
        around = 2 * MAX_HEAD_BYTES + MAX_CHUNK_LINE_BYTES * self._chunks
        return self._arrived_bytes - request.body_bytes - around - len(self._service.buffer)

    def _parse(self, data: bytes | memoryview) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            # Java's client offers HTTP/2 with each request, and there the parser stops. The request
            # is parsed again as if it had not: RFC 9110, section 7.8, allows to ignore it.
            request, self._receiving = self._receiving, None
            if request is None:  # CONNECT; what follows it is no HTTP
                self._is_ending = True
                return
            request.method = self._parser.get_method().decode("latin-1")
            request.version = self._parser.get_http_version()
            self._parser = httptools.HttpRequestParser(self)
            self._parse(request.head_without("upgrade") + bytes(data[error.args[0] :]))

    def _is_parsed_again(self) -> bool:
        return self._parser.should_upgrade() and self._parser.get_method() != b"CONNECT"

    # The parser's side.

    def on_message_begin(self) -> None:
        """Begin a request."""
        if not self._is_ending:
            self._receiving = Request(self.client)
            self._arrived_bytes = self._chunks = 0
            self._expect_within(self._settings.header_timeout_s)

    def on_url(self, part: bytes) -> None:
        """Take the address, or a part of it."""
        if self._receiving:
            self._receiving.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header, but none behind the body, where it would have come too late."""
        request = self._receiving
        if request and not request.method and len(request.headers) <= MAX_HEADERS:
            request.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Decide whether the body is to be received."""
        request = self._receiving
        if request is None or self._is_parsed_again():
            return
        request.method = self._parser.get_method().decode("latin-1")
        request.version = self._parser.get_http_version()
        request.keeps_alive = self._parser.should_keep_alive()
        self._service.identify(request)
        length = request.header("content-length")
        is_chunked = request.header("transfer-encoding") is not None
        try:
            if len(request.headers) > MAX_HEADERS or request.head_bytes > MAX_HEAD_BYTES:
                raise headers_too_large()
            request.check()
            if length is not None and int(length) > self._settings.max_body_bytes:
                raise too_large(self._settings.max_body_bytes)
            self._service.admit(request)
        except Rejected as rejected:
            is_small = not is_chunked and int(length or 0) <= UNCOUNTED_BYTES
            if rejected.reason == "overloaded" and is_small:
                # Its body is received and thrown away, so that the connection can go on.
                request.rejected = rejected
            else:
                self._fail(rejected)
                return
        if is_chunked or length is not None:
            self._expect_within(self._settings.body_timeout_s)
            asks = (request.header("expect") or "").lower() == "100-continue"
            if asks and request.version == "1.1" and self.is_waiting and not request.rejected:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def on_chunk_header(self) -> None:
        """Count the chunks, for each one costs time, however small it is."""
        self._chunks += 1
        request = self._receiving
        is_many = self._chunks > MAX_CHUNKS
        if request and is_many and request.body_bytes < MIN_CHUNK_BYTES * self._chunks:
            self._fail(too_many_chunks())

    def on_body(self, part: bytes) -> None:
        """Take a part of the body, within its limit and the budget."""
        request = self._receiving
        if request is None:
            return
        request.body_bytes += len(part)
        self._body_bytes += len(part)
        if request.rejected:
            return
        try:
            if request.body_bytes > self._settings.max_body_bytes:
                raise too_large(self._settings.max_body_bytes)
            self._bodies.resize(request.client, self._body_bytes)
        except Rejected as rejected:
            self._fail(rejected)
        else:
            request.body += part

    def on_message_complete(self) -> None:
        """Let the request have its turn."""
        request = self._receiving
        if request is None or self._is_parsed_again():
            return
        request.is_complete = True
        self._receiving = self._send_by = None
        self._ready.append(request)
        if len(self._ready) > MAX_PIPELINED:
            self._is_ending = True
            request.is_complete = False  # more will come, and be thrown away

    # Answers.

    def expire(self) -> None:
        """Act on a deadline that has passed."""
        now, unread = self._loop.time(), self._unread
        if unread.read_by is not None and unread.read_by <= now:
            if not unread.has_read_enough(self._transport.get_write_buffer_size(), now):
                self._transport.abort()
        elif self._transport.is_closing():
            self._transport.abort()
        elif self._receiving:
            self._fail(too_slow("body" if self._receiving.method else "headers"))
            self._advance()
        elif self._is_ending and self.is_waiting:
            self._transport.abort()
        else:
            self.close()

    def close(self) -> None:
        """Close when what is written has been sent."""
        self._transport.close()
        self._send_by = None
        if not self._unread.is_blocked:
            self._expect_within(KEEP_ALIVE_S)

    def close_if_idle(self) -> None:
        """Close unless a request is being received or answered, or may be about to arrive."""
        is_idle = self.is_waiting and not self._receiving and not self._is_ending
        is_new = self._loop.time() < self._opened_at + NEW_S
        if is_idle and not is_new and not self._transport.is_closing():
            self.close()

    def abort(self) -> None:
        """Close at once."""
        self._transport.abort()

    def turn_away(self) -> None:
        """Answer whatever the client may ask that there is no room for its connection."""
        self._fail(busy("connections"))
        self._advance()

    def _fail(self, rejected: Rejected) -> None:
        """Reject the request that is arriving, and take no other one after it."""
        request = self._receiving or Request(self.client)
        request.rejected = rejected
        request.body.clear()
        self._receiving = self._send_by = None
        self._is_ending = True
        self._arrived_bytes = 0
        self._ready.append(request)

    def _advance(self) -> None:
        """Answer what can be answered now."""
        while self._ready and self._answering is None and not self._unread.is_blocked:
            request = self._ready.popleft()
            if request.rejected:
                self._send(request, self._service.reject(request, request.rejected))
            else:
                self._answering = request
                self._task = self._loop.create_task(self._answer(request))

    async def _answer(self, request: Request) -> None:
        try:
            answer = await self._service.answer(request)
        except Exception:
            self._transport.abort()
            raise  # asyncio logs it
        self._answering = self._task = None
        self._send(request, answer)
        self._advance()

    def _send(self, request: Request, answer: Answer) -> None:
        if self._transport.is_closing():
            return
        self._body_bytes -= request.body_bytes
        self._bodies.resize("", self._body_bytes)
        is_last = self._is_ending and not self._ready
        goes_on = request.keeps_alive and not is_last and not self._service.is_draining
        self._reader = request.client
        self._transport.write(to_bytes(answer, request.method, goes_on))
        if not goes_on:
            self._end(request)
        elif self.is_waiting and not self._receiving:
            self._expect_within(KEEP_ALIVE_S)

    def _end(self, last: Request) -> None:
        self._is_ending = True
        self._ready.clear()
        self._receiving = None
        if last.is_complete or self._has_eof:
            self.close()
        else:
            self._expect_within(LINGER_S)
            try:
                self._transport.write_eof()
            except OSError:  # the client has just gone
                self._transport.abort()

    def _expect_within(self, seconds: float) -> None:
        self._send_by = self._loop.time() + seconds

    def _note_leaving(self) -> None:
        for request in (self._answering, *self._ready):
            if request:
                request.client_left = True
