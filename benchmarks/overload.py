"""Measures the service under many times the load that it can carry.

Requests are sent at a fixed rate, whether or not answers come. Their sender takes processor time
that the service on the same machine then lacks, so what the service does is compared with what it
does for a few clients while another process burns as much processor time as the sender took.
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
from attacked_server import HOST, WORKERS, Server, serving
from raw_requests import (
    CLOSED,
    NO_ANSWER,
    PNG,
    PREDICTIONS,
    SEVEN,
    WELL_BEHAVED,
    Answer,
    ask,
    at_rate,
    get,
    post,
)
from rich.table import Table

REQUEST = post(PREDICTIONS, PNG, SEVEN, keep_alive=True)
TIMES = (10, 20)  # the sustainable rate
ROUNDS = 2  # of overload and reference in turns: what else the machine does then slows both
SECONDS = 5.0
PATIENCE_S = 10.0  # for answers after the last request
FEW, MANY = 16, 768  # connections
ADDRESSES = 16  # from which they come
IN_A_WORKER = 64 + 1  # requests that wait and are answered: the defaults of queue and threads
PAUSE_S = 0.002  # between two looks for answers: waking up for each would cost more
HEALTH_EVERY_S = 0.1

Figures = dict[str, Any]


class Load(NamedTuple):
    """What came of the requests that one process sent for SECONDS.

    sent         requests a second
    answers      while it sent
    late         the answers that came after that, when the service was overloaded no more
    goodput      answers of 200 a second before the end of sending
    share        of one processor that the sender took
    service_s    processor time that the service took, a second
    """

    sent: float
    answers: list[Answer]
    late: list[Answer]
    goodput: float
    share: float
    service_s: float


class Connection:
    """A connection over which one request at a time is sent."""

    def __init__(self, port: int, number: int, selector: selectors.BaseSelector) -> None:
        self._target = (HOST, port)
        self._source = (f"127.0.0.{2 + number % ADDRESSES}", 0)
        self._selector = selector
        self._open()

    def _open(self) -> None:
        self._socket = socket.create_connection(self._target, PATIENCE_S, self._source)
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
            return  # the end of the connection is seen by `receive`

    def receive(self) -> Answer | None:
        """Take what has come: the answer, if it is whole or if the server closed the connection.

        A connection that the server closed is opened again.
        """
        try:
            data = self._socket.recv(65536)
        except OSError:
            data = b""
        sent_at = self._sent_at
        if not data:
            self.close()
            self._open()
            return None if sent_at is None else Answer(CLOSED, time.perf_counter() - sent_at)
        self._received += data
        head, blank_line, body = self._received.partition(b"\r\n\r\n")
        length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
        if not blank_line or len(body) < int(length or 0) or sent_at is None:
            return None
        self._received, self._sent_at = b"", None
        return Answer(head[9:12].decode(), time.perf_counter() - sent_at)


def send(server: Server, connections: int, rate: float | None = None) -> Load:
    """Send requests for SECONDS, and wait for their answers.

    rate   requests a second, each sent when it is due, answers or not, or as soon as a connection
           is free if none is; None sends the next one when the one before is answered
    """
    selector = selectors.DefaultSelector()
    every = [Connection(server.port, number, selector) for number in range(connections)]
    free = deque(every)  # those free longest come first, so that all are used
    answers: list[Answer] = []
    sent = 0
    service_begun = server.processor_s()
    processor_begun, begun = time.process_time(), time.perf_counter()
    while (now := time.perf_counter()) < begun + SECONDS:
        while free and (rate is None or sent < rate * (now - begun)):
            free.popleft().send()
            sent += 1
        answers += _received(selector, free)
    share = (time.process_time() - processor_begun) / SECONDS
    service_s = (server.processor_s() - service_begun) / SECONDS
    goodput = sum(answer.status == "200" for answer in answers) / SECONDS
    late: list[Answer] = []
    while len(free) < connections and time.perf_counter() < begun + SECONDS + PATIENCE_S:
        late += _received(selector, free)
    late += [Answer(NO_ANSWER, PATIENCE_S)] * (connections - len(free))
    for connection in every:
        connection.close()
    selector.close()
    return Load(sent / SECONDS, answers, late, goodput, share, service_s)


def _received(selector: selectors.BaseSelector, free: deque[Connection]) -> list[Answer]:
    """Take the answers that have come, and free their connections."""
    time.sleep(PAUSE_S)
    answers = []
    for key, _ in selector.select(0):
        if answer := key.data.receive():
            answers.append(answer)
            free.append(key.data)
    return answers


def burn(share: float) -> None:
    """Take a share of one processor for SECONDS, in pieces of a few milliseconds."""
    begun, processor_begun = time.perf_counter(), time.process_time()
    while (elapsed := time.perf_counter() - begun) < SECONDS:
        if time.process_time() - processor_begun > share * elapsed:
            time.sleep(PAUSE_S)


async def with_health(
    server: Server, senders: ProcessPoolExecutor, connections: int, rate: float | None, share: float
) -> tuple[Load, list[Answer]]:
    """Send requests, and ask for health meanwhile.

    share     of one processor that another process burns
    returns   what came of the requests, and the answers about health
    """
    loop = asyncio.get_running_loop()
    burning = loop.run_in_executor(senders, burn, share) if share else None
    over = asyncio.Event()
    health = asyncio.create_task(
        at_rate(
            HEALTH_EVERY_S,
            lambda: ask(server.port, get("/healthz"), source=WELL_BEHAVED),
            until=over,
        )
    )
    sent = await loop.run_in_executor(senders, send, server, connections, rate)
    over.set()
    if burning:
        await burning
    return sent, await health


def measure_overload(checkout: Path) -> list[Figures]:
    """Measure the server of a checkout at each of TIMES its sustainable rate."""
    context = multiprocessing.get_context("spawn")
    with serving(checkout) as server, ProcessPoolExecutor(2, context) as senders:

        def once(connections: int, rate: float | None, share: float) -> tuple[Load, list[Answer]]:
            return asyncio.run(with_health(server, senders, connections, rate, share))

        once(FEW, None, 0)  # warms everything up
        alone = once(FEW, None, 0)[0]
        rate = alone.goodput
        rows = []
        for times in TIMES:
            loads, references, healths = [], [], []
            for _ in range(ROUNDS):
                load, health = once(MANY, times * rate, 0)
                loads.append(load)
                healths += health
                # The few clients' own sender takes its share, too.
                burned = max(0.0, load.share - alone.share)
                references.append(once(FEW, None, burned)[0])
            due = {"times": times, "sustainable/s": rate, "due/s": times * rate}
            rows.append(due | sums(loads, references, healths))
    return rows


def sums(loads: list[Load], references: list[Load], health: list[Answer]) -> Figures:
    """Put together what several rounds of overload gave.

    references   of a few clients, while as much processor time was burned
    health       the answers about health
    """
    goodput = statistics.mean(load.goodput for load in loads)
    reference = statistics.mean(load.goodput for load in references)
    answered = [answer for load in loads for answer in load.answers]
    accepted, sent_away = _milliseconds(answered, "200"), _milliseconds(answered, "503")
    late = [answer for load in loads for answer in load.late]
    statuses = [answer.status for answer in (*answered, *late)]
    return {
        "sent/s": statistics.mean(load.sent for load in loads),
        "share of a processor that the sender took": statistics.mean(load.share for load in loads),
        "goodput/s": goodput,
        "reference/s": reference,
        "goodput / reference": goodput / reference,
        # What other programs take does not count here.
        "the same for each second of the service's processor time": goodput
        / _mean_service_s(loads)
        / (reference / _mean_service_s(references)),
        "accepted, p50 ms": percentile(accepted, 50),
        "accepted, p99 ms": percentile(accepted, 99),
        "full queue x a picture, ms": 1000 * IN_A_WORKER * WORKERS / goodput if goodput else None,
        "share of 503": len(sent_away) / len(answered),
        "503, p50 ms": percentile(sent_away, 50),
        "503, p99 ms": percentile(sent_away, 99),
        "answered after the load, worst ms": max((1000 * a.seconds for a in late), default=None),
        "neither 200 nor 503": len(statuses) - statuses.count("200") - statuses.count("503"),
        "health, answered 200": sum(answer.status == "200" for answer in health),
        "health, sent": len(health),
        "health, worst ms": 1000 * max(answer.seconds for answer in health),
    }


def _mean_service_s(loads: list[Load]) -> float:
    return statistics.mean(load.service_s for load in loads)


def _milliseconds(answers: list[Answer], status: str) -> list[float]:
    return [1000 * answer.seconds for answer in answers if answer.status == status]


def percentile(values: list[float], percent: float) -> float | None:
    """Compute a percentile; None for an empty list."""
    return float(np.percentile(values, percent)) if values else None


def overload_table(runs: dict[str, Figures]) -> Table:
    """Lay out what runs measured, each figure a row, each load of each run a column.

    runs   by name, each with its rows under "overload"
    """
    columns = {
        f"{name}, {row['times']} times": row
        for name, run in runs.items()
        for row in run["overload"]
    }
    table = Table("", *columns, title="Overload: times the sustainable rate")
    for figure in next(iter(columns.values()), {}):
        shown = (row[figure] for row in columns.values())
        table.add_row(figure, *("-" if value is None else f"{value:.4g}" for value in shown))
    return table
