"""Measure the service under a multiple of its sustainable load.

Requests are due at a fixed rate, and each is sent over the next free connection. A connection has
at most one request in flight, so a server that delays its responses receives fewer requests than
the rate. The sender uses CPU time that the service on the same machine then lacks. So the goodput
is compared with that for a few clients while another process burns as much CPU time as the sender
used.
"""

import asyncio
import multiprocessing
import selectors
import socket
import statistics
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from raw_requests import (
    CLOSED,
    NO_RESPONSE,
    PNG,
    PREDICTIONS,
    SEVEN,
    WELL_BEHAVED,
    Response,
    at_rate,
    get,
    post,
)
from raw_requests import send as send_one
from rich.table import Table
from server_under_test import HOST, WORKERS, Server, serving

REQUEST = post(PREDICTIONS, PNG, SEVEN, keep_alive=True)
MULTIPLES = (10, 20)  # of the sustainable rate
ROUNDS = 2  # overload and reference alternate, so that other load on the machine affects both
SECONDS = 5.0
TIMEOUT_S = 10.0  # for responses after the last request
FEW, MANY = 16, 768  # connections
ADDRESSES = 16  # from which the connections are made
WORKER_CAPACITY = 64 + 1  # requests in the queue and in progress, by default
PAUSE_S = 0.002  # between two polls; waking up for each response would cost more
HEALTH_INTERVAL_S = 0.1

Figures = dict[str, Any]


class LoadResult(NamedTuple):
    """The result of sending requests from one process for SECONDS.

    sent         requests per second
    responses    that arrived while it was sending
    late         responses that arrived later, when the service was no longer overloaded
    goodput      responses with status 200 per second, while it was sending
    sender_cpu   share of one CPU that the sender used
    service_cpu  CPU seconds per second that the service used
    """

    sent: float
    responses: list[Response]
    late: list[Response]
    goodput: float
    sender_cpu: float
    service_cpu: float


class Connection:
    """A connection with at most one request in flight."""

    def __init__(self, port: int, number: int, selector: selectors.BaseSelector) -> None:
        self._target = (HOST, port)
        self._source = (f"127.0.0.{2 + number % ADDRESSES}", 0)
        self._selector = selector
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection(self._target, TIMEOUT_S, self._source)
        self._socket.setblocking(False)
        self._selector.register(self._socket, selectors.EVENT_READ, self)
        self._received = b""
        self._sent_at: float | None = None

    def close(self) -> None:
        """Close the connection."""
        self._selector.unregister(self._socket)
        self._socket.close()

    def send(self) -> None:
        """Send a request."""
        self._sent_at = time.perf_counter()
        try:
            self._socket.send(REQUEST)
        except OSError:
            return  # `receive` notices the end of the connection

    def receive(self) -> Response | None:
        """Receive data; return the response once it is complete or the connection is closed.

        A connection that the server closed is reopened.
        """
        try:
            data = self._socket.recv(65536)
        except OSError:
            data = b""
        sent_at = self._sent_at
        if not data:
            self.close()
            self._open()
            return None if sent_at is None else Response(CLOSED, time.perf_counter() - sent_at)
        self._received += data
        head, blank_line, body = self._received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        if not blank_line or len(body) < int(length or 0) or sent_at is None:
            return None
        self._received, self._sent_at = b"", None
        return Response(head[9:12].decode(), time.perf_counter() - sent_at)


def send(server: Server, connections: int, rate: float | None = None) -> LoadResult:
    """Send requests for SECONDS and wait for the responses.

    rate   requests per second, each sent when it is due, or as soon as a connection is free. If
           None, each connection sends its next request when the previous one is answered
    """
    selector = selectors.DefaultSelector()
    every = [Connection(server.port, number, selector) for number in range(connections)]
    free = deque(every)  # first in, first out, so that all are used
    responses: list[Response] = []
    sent = 0
    service_start = server.cpu_s()
    cpu_start, start = time.process_time(), time.perf_counter()
    while (now := time.perf_counter()) < start + SECONDS:
        while free and (rate is None or sent < rate * (now - start)):
            free.popleft().send()
            sent += 1
        responses += _receive(selector, free)
    sender_cpu = (time.process_time() - cpu_start) / SECONDS
    service_cpu = (server.cpu_s() - service_start) / SECONDS
    goodput = sum(response.status == "200" for response in responses) / SECONDS
    late: list[Response] = []
    while len(free) < connections and time.perf_counter() < start + SECONDS + TIMEOUT_S:
        late += _receive(selector, free)
    late += [Response(NO_RESPONSE, TIMEOUT_S)] * (connections - len(free))
    for connection in every:
        connection.close()
    selector.close()
    return LoadResult(sent / SECONDS, responses, late, goodput, sender_cpu, service_cpu)


def _receive(selector: selectors.BaseSelector, free: deque[Connection]) -> list[Response]:
    """Return the responses that have arrived and free their connections."""
    time.sleep(PAUSE_S)
    responses = []
    for key, _ in selector.select(0):
        if response := key.data.receive():
            responses.append(response)
            free.append(key.data)
    return responses


def burn_cpu(share: float) -> None:
    """Use a share of one CPU for SECONDS, in slices of a few milliseconds."""
    start, cpu_start = time.perf_counter(), time.process_time()
    while (elapsed := time.perf_counter() - start) < SECONDS:
        if time.process_time() - cpu_start > share * elapsed:
            time.sleep(PAUSE_S)


async def send_with_health_checks(
    server: Server,
    senders: ProcessPoolExecutor,
    connections: int,
    rate: float | None,
    burned_cpu: float,
) -> tuple[LoadResult, list[Response]]:
    """Send requests, and health checks meanwhile.

    burned_cpu   share of one CPU that another process burns
    returns      the result of the requests, and the responses to the health checks
    """
    loop = asyncio.get_running_loop()
    burning = loop.run_in_executor(senders, burn_cpu, burned_cpu) if burned_cpu else None
    done = asyncio.Event()
    health = asyncio.create_task(
        at_rate(
            HEALTH_INTERVAL_S,
            lambda: send_one(server.port, get("/healthz"), source=WELL_BEHAVED),
            until=done,
        )
    )
    result = await loop.run_in_executor(senders, send, server, connections, rate)
    done.set()
    if burning:
        await burning
    return result, await health


def measure_overload(checkout: Path) -> list[Figures]:
    """Measure the server of a checkout at each of MULTIPLES of its sustainable rate."""
    context = multiprocessing.get_context("spawn")
    with serving(checkout) as server, ProcessPoolExecutor(2, context) as senders:

        def once(
            connections: int, rate: float | None, burned_cpu: float
        ) -> tuple[LoadResult, list[Response]]:
            return asyncio.run(
                send_with_health_checks(server, senders, connections, rate, burned_cpu)
            )

        once(FEW, None, 0)  # warm-up
        alone = once(FEW, None, 0)[0]
        rate = alone.goodput
        rows = []
        for multiple in MULTIPLES:
            loads, references, health_checks = [], [], []
            for _ in range(ROUNDS):
                load, health = once(MANY, multiple * rate, 0)
                loads.append(load)
                health_checks += health
                # The sender for the few clients also uses CPU time.
                burned_cpu = max(0.0, load.sender_cpu - alone.sender_cpu)
                references.append(once(FEW, None, burned_cpu)[0])
            about = {
                "multiple": multiple,
                "sustainable_rate": rate,
                "target_rate": multiple * rate,
            }
            rows.append(about | summarize(loads, references, health_checks))
    return rows


def summarize(
    loads: list[LoadResult], references: list[LoadResult], health: list[Response]
) -> Figures:
    """Summarize several rounds of overload.

    references   for a few clients, while as much CPU time was burned
    health       responses to the health checks
    """
    goodput = statistics.mean(load.goodput for load in loads)
    reference = statistics.mean(load.goodput for load in references)
    responses = [response for load in loads for response in load.responses]
    accepted, rejected = _milliseconds(responses, "200"), _milliseconds(responses, "503")
    late = [response for load in loads for response in load.late]
    statuses = [response.status for response in (*responses, *late)]
    return {
        "sent_rate": statistics.mean(load.sent for load in loads),
        "sender_cpu": statistics.mean(load.sender_cpu for load in loads),
        "goodput": goodput,
        "reference_goodput": reference,
        "goodput / reference": goodput / reference,
        # Independent of the CPU time that other programs use.
        "goodput / reference, per CPU second of the service": goodput
        / _mean_service_cpu(loads)
        / (reference / _mean_service_cpu(references)),
        "accepted_p50_ms": percentile(accepted, 50),
        "accepted_p99_ms": percentile(accepted, 99),
        "full_queue_wait_ms": 1000 * WORKER_CAPACITY * WORKERS / goodput if goodput else None,
        "rejected_share": len(rejected) / len(responses),
        "rejected_p50_ms": percentile(rejected, 50),
        "rejected_p99_ms": percentile(rejected, 99),
        "late_max_ms": max((1000 * response.seconds for response in late), default=None),
        "neither_200_nor_503": len(statuses) - statuses.count("200") - statuses.count("503"),
        "health_status_200": sum(response.status == "200" for response in health),
        "health_sent": len(health),
        "health_max_ms": 1000 * max(response.seconds for response in health),
    }


def _mean_service_cpu(loads: list[LoadResult]) -> float:
    return statistics.mean(load.service_cpu for load in loads)


def _milliseconds(responses: list[Response], status: str) -> list[float]:
    return [1000 * response.seconds for response in responses if response.status == status]


def percentile(values: list[float], percent: float) -> float | None:
    """Compute a percentile; None for an empty list."""
    return float(np.percentile(values, percent)) if values else None


def overload_table(runs: dict[str, Figures]) -> Table:
    """Make a table with a row per figure and a column per run and load.

    runs   by name, each with its loads under "overload"
    """
    columns = {
        f"{name}, {row['multiple']}x": row for name, run in runs.items() for row in run["overload"]
    }
    table = Table("", *columns, title="Overload: multiples of the sustainable rate")
    for figure in next(iter(columns.values()), {}):
        values = (row[figure] for row in columns.values())
        table.add_row(figure, *("-" if value is None else f"{value:.4g}" for value in values))
    return table
