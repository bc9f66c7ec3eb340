"""Attacks made of connections, and of bytes that are not a complete request."""

import asyncio
import json
import socket
import time
from collections.abc import Callable, Coroutine
from typing import Any

from attacked_server import Server
from raw_requests import (
    CLOSED,
    JSON,
    NO_ANSWER,
    PREDICT,
    SEVEN,
    Answer,
    Outcome,
    ask,
    at_once,
    connect,
    get,
    image_field,
    post,
    read_answer,
)

BODY_BYTES = 22_370_000  # just under the most that the service takes
HOLD_S = 8.0  # how long connections are held that do nothing
HELD = f'"{NO_ANSWER}": open for {HOLD_S:.0f} s'
SILENT = 2400  # connections: 1,200 for each worker
JSON_LINES = b"POST /predict HTTP/1.1\r\nContent-Type: application/json\r\n"
LAST_CHUNK = b"0\r\n\r\n"
HALF_A_HEAD = JSON_LINES + b"Host: x\r\n"
HALF_A_BODY = HALF_A_HEAD + b"Content-Length: 1000\r\n\r\n{"
WHOLE = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"


async def bodies_without_last_byte(server: Server) -> Outcome:
    """Send 40 of the largest bodies, each but for its last byte, and hold the connections."""
    request = post(PREDICT, JSON, b" " * BODY_BYTES)[:-1]
    return Outcome(await at_once(40, lambda: ask(server.port, request, patience_s=HOLD_S)))


def silent_connections(
    beginning: bytes, answered: bool = False, addresses: int = 1
) -> Callable[[Server], Coroutine[Any, Any, Outcome]]:
    """Make the attack that opens SILENT connections, sends a beginning, and then nothing.

    answered    whether the beginning is a request whose answer is read
    addresses   from how many addresses the connections come
    """

    async def run(server: Server) -> Outcome:
        sources = [f"127.0.0.{2 + number % addresses}" for number in range(SILENT)]
        holding = (_hold(server.port, source, beginning, answered) for source in sources)
        return Outcome(await asyncio.gather(*holding), HELD)

    return run


async def _hold(port: int, source: str, beginning: bytes, answered: bool) -> Answer:
    """Hold one silent connection until the server ends it, or HOLD_S are over."""
    since = time.perf_counter()
    status = CLOSED
    try:
        async with asyncio.timeout(HOLD_S):
            reader, writer = await connect(port, source)
            try:
                writer.write(beginning)
                if answered:
                    status, _ = await read_answer(reader)
                    status += ", then closed"
                # What ends it: an error's answer, or the end of the connection.
                if answer := await reader.read(100):
                    status = answer.decode("latin-1").split(" ", 2)[1]
            finally:
                writer.transport.abort()
    except TimeoutError:
        status = NO_ANSWER
    except (OSError, EOFError):
        pass
    return Answer(status, time.perf_counter() - since)


async def slow_readers(server: Server) -> Outcome:
    """Ask 100 times each over 200 connections for a file of 1.4 MB, and never read an answer."""
    requests = b"GET /docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * 100

    async def never_read() -> Answer:
        since = time.perf_counter()
        try:
            _, writer = await connect(server.port, limit=1)
            writer.write(requests)
            await asyncio.sleep(HOLD_S)
            # Whoever does not read is not told of the end; the kernel is asked. 1 is ESTABLISHED.
            connection = writer.get_extra_info("socket")
            state = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]
            status = NO_ANSWER if state == 1 else CLOSED
            writer.transport.abort()
        except OSError:
            status = CLOSED
        return Answer(status, time.perf_counter() - since)

    return Outcome(await at_once(200, never_read), HELD)


async def malformed_requests(server: Server) -> Outcome:
    """Send a good drawing in requests that are not whole, or not as HTTP/1.1 has them.

    source   RFC 9112, sections 3.2, 6.1 and 8
    """
    drawing = json.dumps(image_field(SEVEN)).encode()
    length = b"Content-Length: %d\r\n" % len(drawing)
    chunk = b"\r\n%x\r\n%b\r\n" % (len(drawing), drawing)
    half_closed = {
        "unfinished chunked body": b"Host: x\r\nTransfer-Encoding: chunked\r\n" + chunk,
        "half of a body": b"Host: x\r\n" + length + b"\r\n" + drawing[:100],
    }
    whole = {
        "gzip, chunked": b"Host: x\r\nTransfer-Encoding: gzip, chunked\r\n" + chunk + LAST_CHUNK,
        "no Host": length + b"\r\n" + drawing,
        "two Hosts": b"Host: x\r\nHost: y\r\n" + length + b"\r\n" + drawing,
        "malformed Host": b"Host: x y/z@\r\n" + length + b"\r\n" + drawing,
    }
    answers = {
        name: await ask(
            server.port, JSON_LINES + rest, patience_s=5, half_close=name in half_closed
        )
        for name, rest in (half_closed | whole).items()
    }
    note = "; ".join(f"{name}: {answer.status}" for name, answer in answers.items())
    return Outcome(list(answers.values()), note)


async def more_connections_than_files(server: Server) -> Outcome:
    """Hold 200 connections for 10 s at a server whose processes may open 64 files each."""
    processor_s, lines = server.processor_s(), server.log_lines()
    answers = await at_once(200, lambda: ask(server.port, b"GET", patience_s=10))
    busy_s, lines = server.processor_s() - processor_s, server.log_lines() - lines
    await asyncio.sleep(1)
    health = await ask(server.port, get("/healthz"), patience_s=5)
    note = f"{busy_s:.1f} s of processor time in 10 s, {lines} lines logged; then health"
    return Outcome(answers, f"{note} {health.status}")
