"""Responses that go on: in order, limited in number, and over when the server or the client is."""

import asyncio
import threading
from contextlib import asynccontextmanager, suppress

from inkdigits.api import Settings
from inkdigits.api.metrics import Metrics
from inkdigits.api.server.connection import Connection
from inkdigits.api.server.handler import Handler

REQUEST = b"GET /events HTTP/1.1\r\nHost: x\r\n\r\n"
OTHER = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@asynccontextmanager
async def serving(stream, **settings):
    """Serve a stream at /events, and a short response at every other path."""

    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/event-stream")])
        if environ["PATH_INFO"] == "/events":
            environ["inkdigits.stream"] = stream
        return [b"begin\n"]

    handler = Handler(app, Settings(**settings), Metrics(None), 100)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(handler), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    writers = []

    async def ask(sent=REQUEST):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writers.append(writer)
        writer.write(sent)
        return reader, await reader.readuntil(b"\r\n\r\n")

    async with asyncio.timeout(30):
        try:
            yield handler, ask, writers
        finally:
            server.close()
            for writer in writers:
                writer.transport.abort()
            while handler.connections:
                await asyncio.sleep(0.02)


def test_parts_arrive_one_after_the_other_and_the_end_closes_the_connection():
    parts = iter([b"one\n", b"", b"two\n", None])
    threads = set()

    def stream():
        threads.add(threading.current_thread())
        return next(parts)

    async def run():
        async with serving(stream) as (_, ask, _):
            reader, head = await ask()
            assert b"content-length" not in head.lower()
            assert b"Connection: close" in head
            assert await reader.read() == b"begin\none\ntwo\n"

    asyncio.run(run())
    # The event loop never waits for a disk, and the threads for requests never for a stream.
    assert threading.main_thread() not in threads
    assert len(threads) == 1


def test_endless_streams_block_nothing_and_are_limited_in_number():
    async def run():
        async with serving(lambda: b"", lab_streams=2, threads=1) as (handler, ask, writers):
            followed = [await ask() for _ in range(2)]
            assert all(b"200 OK" in head for _, head in followed)
            reader, head = await ask()
            assert b"503 Service Unavailable" in head
            assert b"Retry-After" in head
            reader, head = await ask(OTHER)
            assert await reader.read() == b"begin\n"
            # A client that goes makes room for another one.
            writers[0].close()
            while handler.streams.is_full:
                await asyncio.sleep(0.02)
            reader, head = await ask()
            assert b"200 OK" in head

    asyncio.run(run())


def test_streams_end_at_once_when_the_server_shuts_down():
    async def run():
        async with serving(lambda: b"x") as (handler, ask, _writers):
            reader, _ = await ask()
            handler.is_draining = True
            await reader.read()
            while handler.connections:
                await asyncio.sleep(0.02)

    asyncio.run(run())


def test_streams_wait_for_clients_that_do_not_read_and_hold_little_for_them():
    sent = []

    def stream():
        sent.append(2**20)
        return bytes(2**20)

    async def run():
        async with serving(stream) as (handler, ask, _writers):
            _reader, _ = await ask()
            (connection,) = handler.connections
            while connection.deadline is None:  # until the client has to read
                await asyncio.sleep(0.02)
            count = len(sent)
            await asyncio.sleep(0.5)  # two looks at the stream, if it did not wait
            assert len(sent) == count

    asyncio.run(run())


def test_failing_stream_closes_its_connection_only():
    def stream():
        raise OSError("the disk is gone")

    async def run():
        async with serving(stream) as (handler, ask, _writers):
            reported = []
            asyncio.get_running_loop().set_exception_handler(lambda *given: reported.append(given))
            reader, _ = await ask()
            with suppress(ConnectionResetError):
                assert await reader.read() == b"begin\n"
            reader, _ = await ask(OTHER)
            assert await reader.read() == b"begin\n"
            assert not handler.streams.is_full

    asyncio.run(run())
