"""Attacks that abuse connections or send incomplete or malformed requests."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any

from raw_requests import (
    CLOSED,
    JSON,
    NO_RESPONSE,
    PREDICT,
    SEVEN,
    Outcome,
    Response,
    concurrently,
    connect,
    get,
    image_field,
    post,
    read_response,
    send,
)
from server_under_test import Server

BODY_BYTES = 22_370_000  # just under the service's limit
HOLD_S = 8.0  # how long idle connections are held open
HELD = f'"{NO_RESPONSE}": held open for {HOLD_S:.0f} s'
IDLE = 2400  # connections: 1,200 per worker
JSON_LINES = b"POST /predict HTTP/1.1\r\nContent-Type: application/json\r\n"
LAST_CHUNK = b"0\r\n\r\n"
HALF_A_HEADER = JSON_LINES + b"Host: x\r\n"
HALF_A_BODY = HALF_A_HEADER + b"Content-Length: 1000\r\n\r\n{"
COMPLETE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


async def bodies_without_last_byte(server: Server) -> Outcome:
    """Send 40 bodies of the maximum size without the last byte and hold the connections."""
    request = post(PREDICT, JSON, b" " * BODY_BYTES)[:-1]
    return Outcome(await concurrently(40, lambda: send(server.port, request, timeout_s=HOLD_S)))


def idle_connections(
    prefix: bytes, reads_response: bool = False, addresses: int = 1
) -> Callable[[Server], Coroutine[Any, Any, Outcome]]:
    """Return an attack that opens IDLE connections, sends a prefix over each, and then nothing.

    reads_response   whether the prefix is a complete request, whose response is read
    addresses        number of addresses that the connections come from
    """

    async def run(server: Server) -> Outcome:
        sources = [f"127.0.0.{2 + number % addresses}" for number in range(IDLE)]
        holding = (_hold(server.port, source, prefix, reads_response) for source in sources)
        return Outcome(await asyncio.gather(*holding), HELD)

    return run


async def _hold(port: int, source: str, prefix: bytes, reads_response: bool) -> Response:
    """Hold one idle connection until the server ends it, for at most HOLD_S."""
    start = time.perf_counter()
    status = CLOSED
    try:
        async with asyncio.timeout(HOLD_S):
            reader, writer = await connect(port, source)
            try:
                writer.write(prefix)
                if reads_response:
                    status, _ = await read_response(reader)
                    status += ", then closed"
                # The server ends it with an error response or by closing the connection.
                if data := await reader.read(100):
                    status = data.decode("latin-1").split(" ", 2)[1]
            finally:
                writer.transport.abort()
    except TimeoutError:
        status = NO_RESPONSE
    except (OSError, EOFError):
        pass
    return Response(status, time.perf_counter() - start)


async def clients_that_never_read(server: Server) -> Outcome:
    """Request a file of 1.4 MB 100 times over each of 200 connections and never read a response."""
    requests = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * 100

    async def never_read() -> Response:
        start = time.perf_counter()
        try:
            _, writer = await connect(server.port, limit=1)
            writer.write(requests)
            await asyncio.sleep(HOLD_S)
            # A client that does not read does not notice a close, so ask the kernel. 1 means
            # ESTABLISHED.
            connection = writer.get_extra_info("socket")
            state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
            status = NO_RESPONSE if state == 1 else CLOSED
            writer.transport.abort()
        except OSError:
            status = CLOSED
        return Response(status, time.perf_counter() - start)

    return Outcome(await concurrently(200, never_read), HELD)


async def malformed_requests(server: Server) -> Outcome:
    """Send a valid drawing in requests that are incomplete or violate HTTP/1.1.

    source   RFC 9112, sections 3.2, 6.1 and 8
    """
    drawing = json.dumps(image_field(SEVEN)).encode()
    length = b"Content-Length: %d\r\n" % len(drawing)
    chunk = b"\r\n%x\r\n%b\r\n" % (len(drawing), drawing)
    half_closed = {
        "incomplete chunked body": b"Host: x\r\nTransfer-Encoding: chunked\r\n" + chunk,
        "incomplete body": b"Host: x\r\n" + length + b"\r\n" + drawing[:100],
    }
    complete = {
        "gzip, chunked": b"Host: x\r\nTransfer-Encoding: gzip, chunked\r\n" + chunk + LAST_CHUNK,
        "no Host": length + b"\r\n" + drawing,
        "two Hosts": b"Host: x\r\nHost: y\r\n" + length + b"\r\n" + drawing,
        "malformed Host": b"Host: x y/z@\r\n" + length + b"\r\n" + drawing,
    }
    responses = {
        name: await send(
            server.port, JSON_LINES + rest, timeout_s=5, half_close=name in half_closed
        )
        for name, rest in (half_closed | complete).items()
    }
    note = "; ".join(f"{name}: {response.status}" for name, response in responses.items())
    return Outcome(list(responses.values()), note)


async def more_connections_than_files(server: Server) -> Outcome:
    """Hold 200 connections for 10 s to a server whose processes may open 64 files each."""
    cpu_s, lines = server.cpu_s(), server.log_lines()
    responses = await concurrently(200, lambda: send(server.port, b"GET", timeout_s=10))
    cpu_s, lines = server.cpu_s() - cpu_s, server.log_lines() - lines
    await asyncio.sleep(1)
    health = await send(server.port, get("/healthz"), timeout_s=5)
    note = f"{cpu_s:.1f} s of CPU time in 10 s, {lines} log lines; then health check"
    return Outcome(responses, f"{note} {health.status}")
