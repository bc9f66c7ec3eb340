"""Load shedding: keeps the CPU free for predictions if far more requests arrive than it can serve.

Adaptive LIFO: the newest requests are accepted and the oldest are rejected, because clients that
have waited longest are the least likely to be still there.
"""

import selectors
import time
from collections.abc import Container

from inkdigits.api.server.admission import BoundedExecutor

# Rejecting a request takes about 50 us, including the kernel's part: ten thousand per second would
# leave little of two CPUs. Under overload the event loop is limited to this share of one CPU. What
# it cannot handle waits in the kernel, which also makes the senders wait.
LOOP_SHARE = 0.12
MIN_PAUSE_S = 0.004  # waking up for each request would cost more than rejecting it
MAX_PAUSE_S = 0.03  # responses wait until the pause ends
MAX_REJECTED = 24  # in one round, which lasts from one pause to the next
# A request that has waited for more rounds is rejected, so that accepted ones never wait for long.
MAX_ACCEPTED_AGE = 1

Events = list[tuple[selectors.SelectorKey, int]]


class OverloadSelector(selectors.DefaultSelector):
    """The selector of a worker's event loop.

    Under overload it reports only some of the ready connections and leaves the others for later.
    Rounds alternate: in one it reports the newest requests, as many as the queue has free slots,
    and in the next the oldest, which are rejected.

    predictions  the queue
    client_fds   file descriptors of the connections to clients
    """

    def __init__(self, predictions: BoundedExecutor, client_fds: Container[int]) -> None:
        super().__init__()
        self._predictions = predictions
        self._client_fds = client_fds
        self._cpu_s = time.thread_time()
        self._is_overloaded = False
        self._is_rejecting = False  # in this round
        self._round = 0
        self._ready_since: dict[int, int] = {}  # the round in which a descriptor became ready

    def select(self, timeout: float | None = None) -> Events:
        """Wait for events. With a timeout of 0, the loop has callbacks to run."""
        if self._is_overloaded:
            if timeout == 0:
                return []
            used_s = time.thread_time() - self._cpu_s
            pause_s = used_s * (1 / LOOP_SHARE - 1)
            time.sleep(min(max(pause_s, MIN_PAUSE_S), MAX_PAUSE_S))
            self._cpu_s = time.thread_time()
        events = super().select(timeout)
        self._predictions.is_accepting = True
        free_slots = self._predictions.free_slots
        arrivals: Events = []
        others: Events = events
        if len(events) > free_slots + MAX_REJECTED:
            others = []
            for event in events:
                key, mask = event
                is_arrival = mask == selectors.EVENT_READ and key.fd in self._client_fds
                (arrivals if is_arrival else others).append(event)
        self._is_overloaded = len(arrivals) > free_slots + MAX_REJECTED
        # A loop that pauses cannot make predictions by itself.
        self._predictions.is_overloaded = self._is_overloaded
        if not self._is_overloaded:
            self._cpu_s = time.thread_time()
            self._ready_since.clear()
            return events
        self._round += 1
        since = {key.fd: self._ready_since.get(key.fd, self._round) for key, _ in arrivals}
        arrivals.sort(key=lambda event: since[event[0].fd])
        self._is_rejecting = not self._is_rejecting or not free_slots
        self._predictions.is_accepting = not self._is_rejecting
        reported = arrivals[:MAX_REJECTED]
        if not self._is_rejecting:
            reported = [
                event
                for event in arrivals[-free_slots:]
                if since[event[0].fd] >= self._round - MAX_ACCEPTED_AGE
            ]
        for key, _ in reported:
            del since[key.fd]
        self._ready_since = since
        return others + reported
