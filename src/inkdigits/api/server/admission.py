"""Admission control: no more work, waiting and bytes than a worker can bear; the rest gets 503."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from inkdigits.api.clients import client_of
from inkdigits.api.server.messages import Answer, Request
from inkdigits.api.server.rejections import busy
from inkdigits.api.settings import Settings

HEALTH_THREADS, OTHER_THREADS = 1, 2
HEALTH_TARGETS = {b"/healthz", b"/readyz"}
# A body up to this size is not counted: even one on each connection is little, and drawings are
# answered while large uploads use up the budget.
UNCOUNTED_BYTES = 64 * 2**10


class BoundedExecutor:
    """A few threads, and a bounded queue of those who wait for one.

    A burst may fill the queue. After that only half of it is used until it has been empty: while
    overload lasts, what is accepted is answered in half the time.

    is_open  whether new work is taken; if not, it is rejected as if the queue were full
    """

    def __init__(self, threads: int, queue: int, deadline_s: float) -> None:
        self._pool = ThreadPoolExecutor(threads)
        self._threads = threads
        self._capacity = self._most = threads + queue
        self._inside = 0
        self._lock = threading.Lock()  # of the two numbers before
        self._deadline_s = deadline_s
        self.is_open = True

    @property
    def free_places(self) -> int:
        """How much more work is taken now."""
        return max(0, self._capacity - self._inside) if self.is_open else 0

    @property
    def is_full(self) -> bool:
        """Whether whoever comes now is rejected."""
        return not self.free_places

    @property
    def has_waiting(self) -> bool:
        """Whether work waits for a thread."""
        return self._inside > self._threads

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """Do the work in a thread.

        If this is canceled, work that waits is never done; work that has begun is waited for.

        raises   Rejected if the queue is full, or no thread becomes free by the deadline
        """
        if self.is_full:
            raise busy("overloaded")
        with self._lock:
            self._inside += 1
            if self._inside == self._most:
                self._capacity = (self._threads + self._most + 1) // 2
        loop = asyncio.get_running_loop()
        # The threads take work from the pool's own queue: they never wait for the event loop. What
        # is canceled stays there till its turn, so it must hold nothing.
        held = [work]
        del work
        try:
            job = self._pool.submit(lambda: held[0]())
        except RuntimeError:  # no thread can be started
            self._leave(None)
            raise
        job.add_done_callback(lambda _: held.clear())
        job.add_done_callback(self._leave)
        is_late = False

        def give_up() -> None:
            nonlocal is_late
            is_late = job.cancel()  # unless a thread has begun

        timer = loop.call_later(self._deadline_s, give_up)
        result = asyncio.wrap_future(job)
        try:
            return await asyncio.shield(result)
        except asyncio.CancelledError:
            if is_late:
                raise busy("deadline") from None
            if job.cancel():
                raise
            return await result
        finally:
            timer.cancel()

    def _leave(self, _: object) -> None:
        """Make room, from the thread that did the work."""
        with self._lock:
            self._inside -= 1
            if self._inside <= self._threads:
                self._capacity = self._most


class ByteBudget:
    """How many bytes of bodies and answers a worker holds at once: in all, and for one client."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._in_all = 0
        self._by_client: Counter[str] = Counter()

    def take(self, client: str, count: int) -> None:
        """Take `count` bytes for a client.

        raises   Rejected if that is more than is left, or than half of all for one client
        """
        if self._in_all + count > self._limit or self._by_client[client] + count > self._limit / 2:
            raise busy("memory")
        self._in_all += count
        self._by_client[client] += count

    def give_back(self, client: str, count: int) -> None:
        """Give back what was taken."""
        self._in_all -= count
        self._by_client[client] -= count
        if self._by_client[client] <= 0:
            del self._by_client[client]


class Reservation:
    """What one connection holds of a budget. A small message holds nothing of it."""

    def __init__(self, budget: ByteBudget) -> None:
        self._budget = budget
        self._client = ""
        self._count = 0

    def resize(self, client: str, size: int) -> None:
        """Hold what `size` bytes need; raises Rejected if the budget is spent."""
        count = max(0, size - UNCOUNTED_BYTES)
        if count > self._count:
            self._client = self._client if self._count else client_of(client)
            self._budget.take(self._client, count - self._count)
        elif count < self._count:
            self._budget.give_back(self._client, self._count - count)
        self._count = count


class AdmissionControl:
    """Decides which request runs when. Predictions, health and all others do not compete."""

    def __init__(self, settings: Settings) -> None:
        self.budget = ByteBudget(settings.body_memory_bytes)
        self.predictions = BoundedExecutor(settings.threads, settings.queue, settings.deadline_s)
        self._health = BoundedExecutor(HEALTH_THREADS, 64, settings.deadline_s)
        self._others = BoundedExecutor(OTHER_THREADS, 16 * settings.queue + 64, settings.deadline_s)

    def executor(self, request: Request) -> BoundedExecutor:
        """Choose the threads for a request."""
        if request.method == "POST":
            return self.predictions
        return self._health if request.target in HEALTH_TARGETS else self._others
