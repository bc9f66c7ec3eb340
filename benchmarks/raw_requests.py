"""Send requests as raw bytes, each over its own connection, and record the responses."""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from server_under_test import HOST

# All of 127.0.0.0/8 is this machine. Attackers and well-behaved clients use different addresses,
# because a server may limit each address.
WELL_BEHAVED, ATTACKER = "127.0.0.1", "127.0.0.2"
TIMEOUT_S = 20.0
JSON, PNG = "application/json", "image/png"
PREDICT, PREDICTIONS = "/predict", "/api/v1/predictions"
SEVEN = (Path(__file__).parent.parent / "tests/golden/7.png").read_bytes()

NO_RESPONSE = "no response"  # before the timeout
CLOSED = "closed"  # without a complete response
NO_CONNECTION = "no connection"


class Response(NamedTuple):
    """A response: its status or one of the constants above, the seconds it took, and its body."""

    status: str
    seconds: float
    body: bytes = b""


class Outcome(NamedTuple):
    """The responses to an attack, and a note."""

    responses: list[Response]
    note: str = ""


def image_field(image: bytes) -> dict[str, str]:
    """Make the JSON object that holds an image file."""
    return {"image": base64.b64encode(image).decode()}


def get(path: str) -> bytes:
    """Make a GET request that closes the connection."""
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode()


def post(path: str, media_type: str, body: bytes, *, keep_alive: bool = False) -> bytes:
    """Make a POST request."""
    connection = "" if keep_alive else "Connection: close\r\n"
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\n{connection}"
        f"Content-Type: {media_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def post_json(path: str, value: object) -> bytes:
    """Make a POST request with a value as JSON."""
    return post(path, JSON, json.dumps(value).encode())


async def connect(
    port: int, source: str = ATTACKER, limit: int = 2**16
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection from one of this machine's addresses."""
    return await asyncio.open_connection(HOST, port, local_addr=(source, 0), limit=limit)


async def send(
    port: int,
    request: bytes,
    timeout_s: float = TIMEOUT_S,
    source: str = ATTACKER,
    *,
    half_close: bool = False,
) -> Response:
    """Send one request over a new connection and wait for the response.

    half_close   shut down the sending side of the connection after the request
    """
    start = time.perf_counter()

    def response(status: str, body: bytes = b"") -> Response:
        return Response(status, time.perf_counter() - start, body)

    try:
        async with asyncio.timeout(timeout_s):
            try:
                reader, writer = await connect(port, source)
            except OSError:
                return response(NO_CONNECTION)
            try:
                writer.write(request)  # not drained: the response may come before the last byte
                if half_close:
                    writer.write_eof()
                return response(*await read_response(reader))
            finally:
                writer.transport.abort()
    except TimeoutError:
        return response(NO_RESPONSE)
    except (OSError, asyncio.IncompleteReadError):
        return response(CLOSED)


async def read_response(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Read the status and the body of a response."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = head.split(" ", 2)[1]
    if "\r\ncontent-length:" in head:
        length = int(head.split("\r\ncontent-length:")[1].split("\r\n")[0])
        return status, await reader.readexactly(length)
    return status, await reader.read()


async def concurrently(count: int, call: Callable[[], Awaitable[Response]]) -> list[Response]:
    """Make `count` calls at the same time."""
    return await asyncio.gather(*(call() for _ in range(count)))


async def at_rate(
    interval_s: float,
    call: Callable[[], Awaitable[Response]],
    *,
    count: int = 10**6,
    until: asyncio.Event | None = None,
) -> list[Response]:
    """Make calls at fixed intervals, without waiting for earlier responses (open loop).

    returns   the responses, when all have arrived
    """
    start = time.monotonic()
    calls: list[asyncio.Future[Response]] = []
    while len(calls) < count and not (until and until.is_set()):
        calls.append(asyncio.ensure_future(call()))
        await asyncio.sleep(max(0.0, start + len(calls) * interval_s - time.monotonic()))
    return await asyncio.gather(*calls)
