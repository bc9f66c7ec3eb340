"""What became of the attackers' connections is what a server did with them."""

import asyncio
from contextlib import suppress
from pathlib import Path

import connection_attacks
import pytest
import raw_requests
from attacked_server import Server
from connection_attacks import HALF_A_HEAD, WHOLE, silent_connections, slow_readers

COUNT = 5
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nalive"
TIMEOUT = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"


@pytest.fixture(autouse=True)
def small(monkeypatch):
    monkeypatch.setattr(connection_attacks, "SILENT", COUNT)
    monkeypatch.setattr(connection_attacks, "HOLD_S", 0.3)


def statuses(attack, answers, keeps_open):
    """Make an attack on a server that sends these answers, and then closes or waits."""
    handled = []

    async def serve(reader, writer):
        handled.append(asyncio.current_task())
        with suppress(ConnectionError):
            await reader.read(1)
            writer.write(answers)
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

    return {answer.status for answer in asyncio.run(main()).answers}


@pytest.mark.parametrize(
    ("answered", "answers", "keeps_open", "status"),
    [
        (False, b"", True, "no answer"),
        (False, b"", False, "closed"),
        (False, TIMEOUT, True, "408"),
        (True, ANSWER, True, "no answer"),
        (True, TIMEOUT[:20], False, "closed"),
    ],
)
def test_the_end_of_a_silent_connection_is_named(answered, answers, keeps_open, status):
    attack = silent_connections(WHOLE if answered else HALF_A_HEAD, answered=answered)
    assert statuses(attack, answers, keeps_open) == {status}


def test_connections_come_from_as_many_addresses_as_are_asked_for():
    seen = set()

    async def serve(reader, writer):
        seen.add(writer.get_extra_info("peername")[0])
        writer.close()

    async def main():
        async with await asyncio.start_server(serve, raw_requests.HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            return await silent_connections(b"", addresses=3)(Server(0, port, Path()))

    assert len(asyncio.run(main()).answers) == COUNT
    assert seen == {"127.0.0.2", "127.0.0.3", "127.0.0.4"}


def test_server_that_ends_the_connection_of_a_reader_who_never_reads_is_seen():
    assert statuses(slow_readers, ANSWER * 1000, keeps_open=False) == {"closed"}
    assert statuses(slow_readers, ANSWER * 1000, keeps_open=True) == {"no answer"}
