"""Sends requests byte by byte over connections of their own, and says what came back and when."""

import asyncio
import base64
import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import NamedTuple

from attacked_server import HOST

# All of 127.0.0.0/8 is this machine: attackers and well-behaved clients have addresses of their
# own, because a server may limit what one address takes.
WELL_BEHAVED, ATTACKER = "127.0.0.1", "127.0.0.2"
PATIENCE_S = 20.0
JSON, PNG = "application/json", "image/png"
PREDICT, PREDICTIONS = "/predict", "/api/v1/predictions"
SEVEN = (Path(__file__).parent.parent / "tests/golden/7.png").read_bytes()

NO_ANSWER = "no answer"  # in time
CLOSED = "closed"  # without an answer
NO_CONNECTION = "no connection"


class Answer(NamedTuple):
    """What came back: a status or one of the words above, the seconds until then, the body."""

    status: str
    seconds: float
    body: bytes = b""


class Outcome(NamedTuple):
    """The answers that the attackers got, and a note."""

    answers: list[Answer]
    note: str = ""


def image_field(picture: bytes) -> dict[str, str]:
    """Make the JSON object that holds a picture's file."""
    return {"image": base64.b64encode(picture).decode()}


def get(path: str) -> bytes:
    """Make a GET request, after which the connection closes."""
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
    """Make a POST request of a value as JSON."""
    return post(path, JSON, json.dumps(value).encode())


async def connect(
    port: int, source: str = ATTACKER, limit: int = 2**16
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Open a connection from one of this machine's addresses."""
    return await asyncio.open_connection(HOST, port, local_addr=(source, 0), limit=limit)


async def ask(
    port: int,
    request: bytes,
    patience_s: float = PATIENCE_S,
    source: str = ATTACKER,
    *,
    half_close: bool = False,
) -> Answer:
    """Send one request over a connection of its own.

    half_close   say after the request that nothing more will come, and go on listening
    """
    since = time.perf_counter()

    def answer(status: str, body: bytes = b"") -> Answer:
        return Answer(status, time.perf_counter() - since, body)

    try:
        async with asyncio.timeout(patience_s):
            try:
                reader, writer = await connect(port, source)
            except OSError:
                return answer(NO_CONNECTION)
            try:
                writer.write(request)  # and not drained: the answer may come before the last byte
                if half_close:
                    writer.write_eof()
                return answer(*await read_answer(reader))
            finally:
                writer.transport.abort()
    except TimeoutError:
        return answer(NO_ANSWER)
    except (OSError, asyncio.IncompleteReadError):
        return answer(CLOSED)


async def read_answer(reader: asyncio.StreamReader) -> tuple[str, bytes]:
    """Read an answer: its status and its body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
    status = head.split(" ", 2)[1]
    if "\r\ncontent-length:" in head:
        length = int(head.split("\r\ncontent-length:")[1].split("\r\n")[0])
        return status, await reader.readexactly(length)
    return status, await reader.read()


async def at_once(count: int, call: Callable[[], Awaitable[Answer]]) -> list[Answer]:
    """Make several calls at the same time."""
    return await asyncio.gather(*(call() for _ in range(count)))


async def at_rate(
    every_s: float,
    call: Callable[[], Awaitable[Answer]],
    *,
    count: int = 10**6,
    until: asyncio.Event | None = None,
) -> list[Answer]:
    """Make a call at fixed times, whether or not those before it have been answered.

    returns   the answers, when all have come
    """
    begun = time.monotonic()
    calls: list[asyncio.Future[Answer]] = []
    while len(calls) < count and not (until and until.is_set()):
        calls.append(asyncio.ensure_future(call()))
        await asyncio.sleep(max(0.0, begun + len(calls) * every_s - time.monotonic()))
    return await asyncio.gather(*calls)
