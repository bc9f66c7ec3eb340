"""Parsing of the requests on one connection, within limits on headers, chunks and trailers."""

from typing import Protocol

import httptools

from inkdigits.api.server.messages import Request
from inkdigits.api.server.rejections import (
    Rejected,
    body_too_large,
    headers_too_large,
    malformed,
    too_many_chunks,
)

READ_BUFFER_BYTES = 2**18  # the most received data to parse at a time
MAX_HEADERS, MAX_HEAD_BYTES = 100, 32 * 2**10  # of one request; the bytes include its URL
# A body may have more chunks than this only if they have this many bytes on average.
MAX_CHUNKS, MIN_CHUNK_BYTES = 10_000, 64
MAX_CHUNK_LINE_BYTES = 32  # on average


class RequestHandler(Protocol):
    """Receives the events of the parser, in the order of these methods."""

    def request_started(self) -> None:
        """Called at the first byte of a request."""

    def headers_received(self, request: Request) -> None:
        """Called when the headers are complete; the body may follow."""

    def body_received(self, request: Request, part: bytes) -> None:
        """Called for each part of the body."""

    def request_completed(self, request: Request) -> None:
        """Called at the end of a request."""

    def request_rejected(self, rejected: Rejected) -> None:
        """Called if the request that is being received is invalid; must close the parser."""


class RequestParser:
    """Parses what arrives on one connection; httptools calls the methods named on_*.

    request    the request that is being received; None between requests
    is_closed  whether everything that arrives from now on is ignored
    """

    def __init__(self, handler: RequestHandler, client: str, max_body_bytes: int) -> None:
        self._handler = handler
        self._client = client
        self._max_body_bytes = max_body_bytes
        self._parser = httptools.HttpRequestParser(self)
        self._arrived_bytes = 0  # since the current request began
        self._chunks = 0
        self.request: Request | None = None
        self.is_closed = False

    def close(self) -> None:
        """Drop the request that is being received, and ignore everything that arrives later."""
        self.request = None
        self.is_closed = True

    def feed(self, data: memoryview) -> None:
        """Parse what has arrived: at most READ_BUFFER_BYTES."""
        self._arrived_bytes += len(data)
        try:
            self._parse(data)
        except httptools.HttpParserCallbackError:  # a bug in a callback, which asyncio logs
            raise
        except httptools.HttpParserError:
            if not self.is_closed:
                self._handler.request_rejected(malformed("The request is not valid HTTP/1.1."))
        request = self.request
        if request and not request.method and self._arrived_bytes > MAX_HEAD_BYTES:
            self._handler.request_rejected(headers_too_large())
        elif request and self._surplus_bytes(request) > 0:
            self._handler.request_rejected(body_too_large(self._max_body_bytes))

    def _surplus_bytes(self, request: Request) -> int:
        """Count the bytes beyond the body and what may surround it: long trailers, for example.

        One read may include bytes of other requests, so a full buffer is allowed for those.
        """
        surrounding = 2 * MAX_HEAD_BYTES + MAX_CHUNK_LINE_BYTES * self._chunks
        return self._arrived_bytes - request.body_bytes - surrounding - READ_BUFFER_BYTES

    def _parse(self, data: bytes | memoryview) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as error:
            # Java's HTTP client offers an upgrade to HTTP/2 with each request, at which the parser
            # stops. Parse the request again without the offer, which RFC 9110 section 7.8 allows a
            # server to ignore.
            request, self.request = self.request, None
            if request is None:  # CONNECT: what follows is not HTTP
                self.is_closed = True
                return
            request.method = self._parser.get_method().decode("latin-1")
            request.version = self._parser.get_http_version()
            self._parser = httptools.HttpRequestParser(self)
            self._parse(request.head_without("upgrade") + bytes(data[error.args[0] :]))

    def _will_parse_again(self) -> bool:
        return self._parser.should_upgrade() and self._parser.get_method() != b"CONNECT"

    def on_message_begin(self) -> None:
        """Begin a request."""
        if not self.is_closed:
            self.request = Request(self._client)
            self._arrived_bytes = self._chunks = 0
            self._handler.request_started()

    def on_url(self, part: bytes) -> None:
        """Add a part of the URL."""
        if self.request:
            self.request.target += part

    def on_header(self, name: bytes, value: bytes) -> None:
        """Add a header; trailers, which come after the body, are ignored."""
        request = self.request
        if request and not request.method and len(request.headers) <= MAX_HEADERS:
            request.headers.append((name.decode("latin-1").lower(), value.decode("latin-1")))

    def on_headers_complete(self) -> None:
        """Report the request."""
        request = self.request
        if request and not self._will_parse_again():
            request.method = self._parser.get_method().decode("latin-1")
            request.version = self._parser.get_http_version()
            request.keeps_alive = self._parser.should_keep_alive()
            self._handler.headers_received(request)

    def on_chunk_header(self) -> None:
        """Count the chunks: each one costs time, however small it is."""
        self._chunks += 1
        request = self.request
        is_over = self._chunks > MAX_CHUNKS
        if request and is_over and request.body_bytes < MIN_CHUNK_BYTES * self._chunks:
            self._handler.request_rejected(too_many_chunks())

    def on_body(self, part: bytes) -> None:
        """Report a part of the body."""
        if self.request:
            self.request.body_bytes += len(part)
            self._handler.body_received(self.request, part)

    def on_message_complete(self) -> None:
        """Report the end of the request."""
        request = self.request
        if request and not self._will_parse_again():
            request.is_complete = True
            self.request = None
            self._handler.request_completed(request)


def check_head(request: Request, max_body_bytes: int) -> None:
    """Check the headers of a request.

    raises   Rejected if they are invalid or too large, or declare a body that is too large
    """
    if len(request.headers) > MAX_HEADERS or request.head_bytes > MAX_HEAD_BYTES:
        raise headers_too_large()
    request.validate()
    if int(request.header("content-length") or 0) > max_body_bytes:
        raise body_too_large(max_body_bytes)
