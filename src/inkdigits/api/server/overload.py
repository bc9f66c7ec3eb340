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
# A round lasts from one look at the connections to the next.
MIN_ROUND_S = 0.004  # looking after each request would cost more than rejecting it
MAX_ROUND_S = 0.03  # responses of threads wait until the round ends
MAX_REJECTED = 24  # in one round
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
        self._round_start = self._now()
        self._is_overloaded = False
        self._is_rejecting = False  # in this round
        self._round = 0
        self._ready_since: dict[int, int] = {}  # the round in which a descriptor became ready

    def _now(self) -> tuple[float, float, float]:
        """Return the time, the CPU time of this thread, and how much of it was for predictions."""
        return time.monotonic(), time.thread_time(), self._predictions.quick_s

    def select(self, timeout: float | None = None) -> Events:
        """Wait for events. With a timeout of 0, the loop has callbacks to run."""
        # While no predictions are in progress, there is nothing to keep the CPU free for.
        if self._is_overloaded and not self._predictions.is_idle:
            passed_s, cpu_s, quick_s = (
                now - start for now, start in zip(self._now(), self._round_start, strict=True)
            )
            round_s = min(max((cpu_s - quick_s) / LOOP_SHARE, MIN_ROUND_S), MAX_ROUND_S)
            if timeout == 0:  # quick predictions may be among the callbacks: they get their share
                if cpu_s < round_s:
                    return []
            elif passed_s < round_s:
                time.sleep(round_s - passed_s)
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
        if not self._is_overloaded:
            self._ready_since.clear()
            return events
        self._round += 1
        self._round_start = self._now()
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
