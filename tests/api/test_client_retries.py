"""Which calls of the Python clients are made again, how often, and after which time."""

import asyncio

import httpx
import numpy as np
import pytest

from inkdigits.client import AsyncClient, Client, ServiceError, async_client, profile_client

BLANK = np.zeros((28, 28), np.uint8)
PREDICTION = {"digit": 7, "probabilities": []}
LATER = {"Retry-After": "1"}


class Service:
    """A service with one outcome for each request in turn, and the waits of a client between them.

    outcomes   statuses with headers, or errors of httpx
    requests   those that have arrived
    waits_s    between them
    """

    def __init__(self, *outcomes):
        self.outcomes, self.requests, self.waits_s = list(outcomes), [], []

    def respond(self, request):
        self.requests.append(request)
        outcome = self.outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        status, headers = outcome
        return httpx.Response(status, headers=headers, json=PREDICTION if status == 200 else {})

    async def respond_later(self, request):
        return self.respond(request)


@pytest.fixture(params=["Client", "AsyncClient"])
def call(request, monkeypatch):
    """A function that calls a method of a client of a Service, and returns its result."""

    def call_client(service, method, *arguments, retries=2, **named):
        options = {"base_url": "http://service"}
        with Client("http://service", retries=retries) as client:
            options["transport"] = httpx.MockTransport(service.respond)
            client._http = httpx.Client(**options)
            return getattr(client, method)(*arguments, **named)

    def call_async_client(service, method, *arguments, retries=2, **named):
        async def run():
            async with AsyncClient("http://service", retries=retries) as client:
                await client._http.aclose()
                transport = httpx.MockTransport(service.respond_later)
                client._http = httpx.AsyncClient(base_url="http://service", transport=transport)
                return await getattr(client, method)(*arguments, **named)

        return asyncio.run(run())

    def calling(service, *arguments, **named):
        async def sleep(wait_s):
            service.waits_s.append(wait_s)

        monkeypatch.setattr(profile_client.time, "sleep", service.waits_s.append)
        monkeypatch.setattr(async_client.asyncio, "sleep", sleep)
        chosen = call_client if request.param == "Client" else call_async_client
        return chosen(service, *arguments, **named)

    return calling


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_recognition_is_repeated_after_the_time_that_the_service_asks_for(call, status):
    service = Service((status, LATER), (status, {"Retry-After": "3"}), (200, {}))
    assert call(service, "predict", BLANK).digit == 7
    assert service.waits_s == [1, 3]
    assert len({request.content for request in service.requests}) == 1


@pytest.mark.parametrize(
    "error",
    [httpx.ConnectError("refused"), httpx.ReadError("reset"), httpx.RemoteProtocolError("closed")],
    ids=lambda error: type(error).__name__,
)
def test_lost_connection_is_repeated_with_growing_waits(call, error):
    service = Service(error, error, (200, {}))
    assert call(service, "predict", BLANK).digit == 7
    assert service.waits_s == [0.5, 1]


def test_last_failure_is_raised(call):
    service = Service((502, LATER), (502, LATER), (503, LATER))
    with pytest.raises(ServiceError) as caught:
        call(service, "predict", BLANK)
    assert (caught.value.status, service.outcomes) == (503, [])
    service = Service(httpx.ConnectError("refused"))
    with pytest.raises(ServiceError, match=r"cannot be reached: refused") as caught:
        call(service, "predict", BLANK, retries=0)
    assert (caught.value.status, service.waits_s) == (None, [])


@pytest.mark.parametrize(
    ("method", "arguments", "named"),
    [
        ("add_samples", [[(BLANK, 7)]], {}),
        ("create_profile", [], {"consent": True}),
        ("undo", [], {}),
        ("delete_profile", [], {}),
        ("renew_token", [], {}),
    ],
)
def test_change_of_a_profile_is_not_repeated(call, method, arguments, named):
    """The service may have made the change before it failed."""
    for outcome in ((502, LATER), (503, LATER), httpx.ReadError("reset")):
        service = Service(outcome)
        with pytest.raises(ServiceError):
            call(service, method, *arguments, **named)
        assert (len(service.requests), service.waits_s) == (1, [])


def test_reading_a_profile_is_repeated(call):
    service = Service((503, LATER), (200, {}))
    assert call(service, "profile") == PREDICTION
    assert service.waits_s == [1]


@pytest.mark.parametrize(
    "outcome",
    [
        (400, LATER),
        (500, LATER),
        (503, {"Retry-After": "3600"}),
        httpx.ReadTimeout("timed out"),
        httpx.UnsupportedProtocol("no scheme"),
    ],
    ids=str,
)
def test_other_failures_are_not_repeated(call, outcome):
    service = Service(outcome)
    with pytest.raises(ServiceError):
        call(service, "predict", BLANK)
    assert service.waits_s == []


def test_date_as_retry_after_is_a_wait_like_none(call):
    service = Service((503, {"Retry-After": "Mon, 30 Nov 2026 07:00:00 GMT"}), (200, {}))
    call(service, "predict", BLANK)
    assert service.waits_s == [0.5]
