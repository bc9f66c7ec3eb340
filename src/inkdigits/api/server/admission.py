"""Admission control: limits on concurrent work, queues and memory. Beyond them, 503."""

import asyncio
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from prometheus_client import Gauge

from inkdigits.api.clients import client_key
from inkdigits.api.headers import LAB_PATH, PROFILE_PATH
from inkdigits.api.metrics import ACCURACY, PREDICTIONS, PROFILES, Metrics
from inkdigits.api.server.messages import Request, Response
from inkdigits.api.server.rejections import overloaded
from inkdigits.api.settings import Settings

HEALTH_THREADS, OTHER_THREADS = 1, 2
ACCURACY_PATH = f"{PROFILE_PATH}/accuracy"
HEALTH_TARGETS = {b"/healthz", b"/readyz"}
# Bodies up to this size are not counted: one on each connection takes little memory, and small
# drawings are accepted even if large uploads have used up the budget.
UNCOUNTED_BYTES = 64 * 2**10
# How long the event loop may run quick work before it serves its connections again.
QUICK_SLICE_S = 0.002
# Work that turns out to take this long, as with a large network, is left to threads for a while.
MAX_QUICK_S, NOT_QUICK_FOR_S = 0.02, 10.0


class BoundedExecutor:
    """Runs work in threads, or in the event loop if it is quick; the queue is bounded.

    Once a burst has filled the queue, only half of it is used until it is empty again: during
    overload, accepted requests wait half as long.

    depth          the metric of how much work is waiting or running, if there is one
    is_accepting   whether new work is accepted; if not, it is rejected as if the queue were full
    is_overloaded  whether the event loop only rejects work and pauses: threads run all of it
    """

    def __init__(
        self, threads: int, queue: int, queue_timeout_s: float, depth: Gauge | None = None
    ) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._threads = threads
        self._capacity = self._max_capacity = threads + queue
        self._in_flight = 0  # waiting or running
        self._in_loop = 0  # how much of it is for the event loop
        self._lock = threading.Lock()  # guards _capacity and _in_flight
        self._queue_timeout_s = queue_timeout_s
        self._depth = depth
        self._quick_turn = asyncio.Lock()
        self._slice_s = 0.0  # CPU time of quick work since the loop last served its connections
        self._quick_from = 0.0  # by time.monotonic; until then threads run all work
        self.is_accepting = True
        self.is_overloaded = False

    @property
    def free_slots(self) -> int:
        """How much more work would be accepted now."""
        return max(0, self._capacity - self._in_flight) if self.is_accepting else 0

    @property
    def is_full(self) -> bool:
        """Whether new work would be rejected now."""
        return not self.free_slots

    @property
    def has_waiting(self) -> bool:
        """Whether work is waiting for a thread, or for the event loop."""
        return self._in_flight - self._in_loop > self._threads or self._in_loop > 1

    async def run(self, work: Callable[[], Response], is_quick: bool = False) -> Response:
        """Run the work when its turn comes.

        If this call is canceled, work that is still waiting is dropped; running work is awaited.

        work      what to run
        is_quick  whether it takes so little time that the event loop should run it by itself:
                  handing it over to a thread and back would take longer than waiting for it
        raises    Rejected if the queue is full, or the work does not start before the timeout
        """
        if self.is_full:
            raise overloaded("overloaded")
        with self._lock:
            self._in_flight += 1
            if self._in_flight == self._max_capacity:
                self._capacity = (self._threads + self._max_capacity + 1) // 2
        if self._depth is not None:
            self._depth.inc()
        is_quick &= not self.is_overloaded and time.monotonic() >= self._quick_from
        result = self._run_in_loop(work) if is_quick else self._run_in_thread(work)
        del work  # see _run_in_thread
        return await result

    async def _run_in_loop(self, work: Callable[[], Response]) -> Response:
        until = time.monotonic() + self._queue_timeout_s
        self._in_loop += 1
        try:
            async with self._quick_turn:
                if self._slice_s > QUICK_SLICE_S:
                    self._slice_s = 0.0
                    await asyncio.sleep(0)
                if time.monotonic() > until:
                    raise overloaded("queue_timeout")
                start_s = time.thread_time()
                try:
                    return work()
                finally:
                    seconds = time.thread_time() - start_s
                    self._slice_s += seconds
                    if seconds > MAX_QUICK_S:
                        self._quick_from = time.monotonic() + NOT_QUICK_FOR_S
        finally:
            self._in_loop -= 1
            self._release_slot()

    async def _run_in_thread(self, work: Callable[[], Response]) -> Response:
        loop = asyncio.get_running_loop()
        # Threads take work from the pool's own queue, so they never wait for the event loop. A
        # canceled item stays in that queue until its turn, so nothing may keep a body alive.
        held = [work]
        del work
        try:
            job = self._pool.submit(lambda: held[0]())
        except RuntimeError:  # no thread can be started
            self._release_slot()
            raise
        job.add_done_callback(lambda _: held.clear())
        job.add_done_callback(self._release_slot)  # called in the thread that ran the work
        is_timed_out = False

        def time_out() -> None:
            nonlocal is_timed_out
            is_timed_out = job.cancel()  # False if a thread has started it

        timer = loop.call_later(self._queue_timeout_s, time_out)
        result = asyncio.wrap_future(job)
        try:
            return await asyncio.shield(result)
        except asyncio.CancelledError:
            if is_timed_out:
                raise overloaded("queue_timeout") from None
            if job.cancel():
                raise
            return await result
        finally:
            timer.cancel()

    def _release_slot(self, _: object = None) -> None:
        with self._lock:
            self._in_flight -= 1
            if self._in_flight <= self._threads:
                self._capacity = self._max_capacity
        if self._depth is not None:
            self._depth.dec()


class ByteBudget:
    """A limit on the bytes of bodies and responses in a worker: in total, and for each client."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._total = 0
        self._by_client: Counter[str] = Counter()

    def acquire(self, client: str, count: int) -> None:
        """Acquire `count` bytes for a client.

        raises   Rejected if fewer are left, or one client would have more than half of the limit
        """
        if self._total + count > self._limit or self._by_client[client] + count > self._limit / 2:
            raise overloaded("memory")
        self._total += count
        self._by_client[client] += count

    def release(self, client: str, count: int) -> None:
        """Release bytes that were acquired."""
        self._total -= count
        self._by_client[client] -= count
        if self._by_client[client] <= 0:
            del self._by_client[client]


class Reservation:
    """One connection's share of a budget. The first UNCOUNTED_BYTES do not count."""

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self._client = ""
        self._count = 0

    def resize(self, client: str, size: int) -> None:
        """Reserve memory for `size` bytes; raises Rejected if the budget is used up."""
        count = max(0, size - UNCOUNTED_BYTES)
        if count > self._count:
            self._client = self._client if self._count else client_key(client)
            self._budget.acquire(self._client, count - self._count)
        elif count < self._count:
            self._budget.release(self._client, self._count - count)
        self._count = count


class AdmissionControl:
    """The executors of a worker, for predictions, health checks, profiles and everything else.

    Requests for a profile wait for a database, or for a model to be fitted. So they have threads of
    their own, and none of them runs in the event loop. How well the samples are recognized takes
    the longest, so it has another one.
    """

    def __init__(self, settings: Settings, metrics: Metrics) -> None:
        timeout_s = settings.queue_timeout_s
        depth = metrics.queue_depth.labels
        self.budget = ByteBudget(settings.body_memory_bytes)
        self.predictions = BoundedExecutor(
            settings.threads, settings.queue, timeout_s, depth(PREDICTIONS)
        )
        self._health = BoundedExecutor(HEALTH_THREADS, 64, timeout_s)
        self._others = BoundedExecutor(OTHER_THREADS, 16 * settings.queue + 64, timeout_s)
        self._has_profiles = bool(settings.database)
        self._profiles = BoundedExecutor(
            settings.threads, settings.queue, timeout_s, depth(PROFILES)
        )
        self._accuracy = BoundedExecutor(1, settings.queue, timeout_s, depth(ACCURACY))

    def executor(self, request: Request) -> BoundedExecutor:
        """Choose the executor for a request."""
        if self._has_profiles and _is_for_profile(request):
            path = request.target.partition(b"?")[0]
            return self._accuracy if path == ACCURACY_PATH.encode() else self._profiles
        if request.method == "POST":
            return self.predictions
        return self._health if request.target in HEALTH_TARGETS else self._others


def _is_for_profile(request: Request) -> bool:
    """Whether a request is about a profile, or made with one."""
    if request.target.startswith(PROFILE_PATH.encode()):
        return request.method != "OPTIONS"
    authorization = request.header("authorization")
    return (
        authorization is not None
        and authorization[:7].lower() == "bearer "
        and not request.target.startswith(LAB_PATH.encode())
    )
