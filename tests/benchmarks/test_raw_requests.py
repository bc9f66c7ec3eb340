"""What the attackers and the well-behaved clients are said to have got is what a server sent."""

import asyncio
from contextlib import suppress

import pytest
import raw_requests
from raw_requests import ask, at_rate, get, post


def asked(answer, **options):
    """Ask a server that sends these bytes and closes the connection; None never answers.

    returns   what came back, and the request that the server has got
    """
    seen = []

    async def main():
        ended = asyncio.Event()

        async def serve(reader, writer):
            seen.append(await reader.read(2**16))
            if answer is None:
                with suppress(ConnectionError):
                    await reader.read()
            else:
                writer.write(answer)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            ended.set()

        async with await asyncio.start_server(serve, raw_requests.HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            given = await ask(port, post("/predict", "image/png", b"picture"), **options)
            await ended.wait()
            return given

    return asyncio.run(main()), seen


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy",
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy and more",
        b"HTTP/1.1 503 Service Unavailable\r\n\r\nbusy",
    ],
)
def test_status_and_body_are_those_of_the_answer(answer):
    given, seen = asked(answer)
    assert (given.status, given.body) == ("503", b"busy")
    assert seen == [
        b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        b"Content-Type: image/png\r\nContent-Length: 7\r\n\r\npicture"
    ]


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_connection_that_closes_before_the_whole_answer_is_named_so(answer):
    assert asked(answer)[0].status == raw_requests.CLOSED


def test_server_that_does_not_answer_is_not_waited_for():
    given, _ = asked(None, patience_s=0.05)
    assert given.status == raw_requests.NO_ANSWER
    assert given.seconds >= 0.05


def test_port_that_nobody_listens_at_is_named_so():
    async def main():
        async with await asyncio.start_server(lambda *_: None, raw_requests.HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
        return await ask(port, get("/healthz"))

    assert asyncio.run(main()).status == raw_requests.NO_CONNECTION


def test_calls_at_a_rate_do_not_wait_for_the_answers_before():
    running, most = 0, 0

    async def call():
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1
        return running

    answers = asyncio.run(at_rate(0.001, call, count=5))
    assert len(answers) == 5
    assert most == 5
