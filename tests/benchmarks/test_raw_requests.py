"""Responses are recorded as the server sent them."""

import asyncio
from contextlib import suppress

import pytest
import raw_requests
from raw_requests import at_rate, get, post, send


def exchange(data, **options):
    """Send a request to a server that sends this data and closes; with None it never responds.

    returns   the response, and the requests that the server received
    """
    received = []

    async def main():
        ended = asyncio.Event()

        async def serve(reader, writer):
            received.append(await reader.read(2**16))
            if data is None:
                with suppress(ConnectionError):
                    await reader.read()
            else:
                writer.write(data)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            ended.set()

        async with await asyncio.start_server(serve, raw_requests.HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
            response = await send(port, post("/predict", "image/png", b"content"), **options)
            await ended.wait()
            return response

    return asyncio.run(main()), received


@pytest.mark.parametrize(
    "data",
    [
        b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 4\r\n\r\nbusy",
        b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 4\r\n\r\nbusy and more",
        b"HTTP/1.1 503 Service Unavailable\r\n\r\nbusy",
    ],
)
def test_send_returns_status_and_body(data):
    response, received = exchange(data)
    assert (response.status, response.body) == ("503", b"busy")
    assert received == [
        b"POST /predict HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        b"Content-Type: image/png\r\nContent-Length: 7\r\n\r\ncontent"
    ]


@pytest.mark.parametrize("data", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"])
def test_incomplete_response_has_the_status_closed(data):
    assert exchange(data)[0].status == raw_requests.CLOSED


def test_send_times_out():
    response, _ = exchange(None, timeout_s=0.05)
    assert response.status == raw_requests.NO_RESPONSE
    assert response.seconds >= 0.05


def test_unused_port_has_the_status_no_connection():
    async def main():
        async with await asyncio.start_server(lambda *_: None, raw_requests.HOST, 0) as server:
            port = server.sockets[0].getsockname()[1]
        return await send(port, get("/healthz"))

    assert asyncio.run(main()).status == raw_requests.NO_CONNECTION


def test_calls_at_a_rate_do_not_wait_for_earlier_responses():
    running, most = 0, 0

    async def call():
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.2)
        running -= 1
        return running

    responses = asyncio.run(at_rate(0.001, call, count=5))
    assert len(responses) == 5
    assert most == 5
