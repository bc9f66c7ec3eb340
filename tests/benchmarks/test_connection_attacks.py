"""Connection attacks report what the server did with each connection."""

import asyncio
from contextlib import suppress
from pathlib import Path

import connection_attacks
import pytest
import raw_requests
from connection_attacks import (
    COMPLETE,
    HALF_A_HEADER,
    clients_that_never_read,
    idle_connections,
)
from server_under_test import Server

COUNT = 5
RESPONSE = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nalive"
TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(connection_attacks, "IDLE", COUNT)
    monkeypatch.setattr(connection_attacks, "HOLD_S", 0.3)


def statuses(attack, data, keeps_open):
    """Attack a server that sends this data and then closes the connection or waits."""
    handled = []

    async def serve(reader, writer):
        handled.append(asyncio.current_task())
        with suppress(ConnectionError):
            await reader.read(1)
            writer.write(data)
            if keeps_open:
                await asyncio.sleep(0.6)
        writer.transport.abort()
        with suppress(ConnectionError):
            await writer.wait_closed()

    async def main():
        async with await asyncio.start_server(serve, raw_requests.HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            outcome = await attack(Server(0, port, Path()))
            await asyncio.gather(*handled)
            return outcome

    return {response.status for response in asyncio.run(main()).responses}


@pytest.mark.parametrize(
    ("reads_response", "data", "keeps_open", "status"),
    [
        (False, b"", True, "no response"),
        (False, b"", False, "closed"),
        (False, TIMEOUT, True, "408"),
        (True, RESPONSE, True, "no response"),
        (True, TIMEOUT[:20], False, "closed"),
    ],
)
def test_status_shows_how_an_idle_connection_ended(reads_response, data, keeps_open, status):
    prefix = COMPLETE if reads_response else HALF_A_HEADER
    attack = idle_connections(prefix, reads_response=reads_response)
    assert statuses(attack, data, keeps_open) == {status}


def test_connections_come_from_the_given_number_of_addresses():
    seen = set()

    async def serve(reader, writer):
        seen.add(writer.get_extra_info("peername")[0])
        writer.close()

    async def main():
        async with await asyncio.start_server(serve, raw_requests.HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await idle_connections(b"", addresses=3)(Server(0, port, Path()))

    assert len(asyncio.run(main()).responses) == COUNT
    assert seen == {"127.0.0.2", "127.0.0.3", "127.0.0.4"}


def test_status_shows_whether_the_server_closed_an_unread_connection():
    assert statuses(clients_that_never_read, RESPONSE * 1000, keeps_open=False) == {"closed"}
    assert statuses(clients_that_never_read, RESPONSE * 1000, keeps_open=True) == {"no response"}
