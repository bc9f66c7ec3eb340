"""Load shedding: keeps the processor for predictions while far more arrives than can be answered.

Adaptive LIFO: the newest requests are accepted, the oldest rejected. Whoever has waited longest is
the least likely to be still there.
"""

import selectors
import time
from collections.abc import Container

from inkdigits.api.server.admission import BoundedExecutor

# To reject a request costs some 50 us, with what the kernel does for it: ten thousand a second
# would leave little of two processors. Under overload the event loop gets this share of one; what
# it cannot do in that waits in the kernel, and its senders with it.
LOOP_SHARE = 0.12
MIN_PAUSE_S = 0.004  # to wake up for each request would cost more than to reject it
MAX_PAUSE_S = 0.03  # answers wait for its end
MAX_REJECTED = 24  # in one turn, which is from one pause to the next
ACCEPTED_TURNS = 1  # what has waited for more is rejected: what is accepted is answered soon

Events = list[tuple[selectors.SelectorKey, int]]


class OverloadSelector(selectors.DefaultSelector):
    """What the event loop looks for arrivals with.

    Under overload it shows the loop only some of what has arrived, and the rest later: in turns the
    newest requests, as many as the queue has places for, so that what is accepted has hardly waited
    before; and the oldest, which are rejected.

    predictions   the queue
    client_files  the file descriptors of the connections to clients
    """

    def __init__(self, predictions: BoundedExecutor, client_files: Container[int]) -> None:
        super().__init__()
        self._predictions = predictions
        self._client_files = client_files
        self._processor_s = time.thread_time()
        self._is_overloaded = False
        self._rejects = False  # in this turn
        self._turn = 0
        self._since: dict[int, int] = {}  # by file descriptor: the turn in which it arrived

    def select(self, timeout: float | None = None) -> Events:
        """Wait for events; with a timeout of 0, the loop has something else to do."""
        if self._is_overloaded:
            if timeout == 0:
                return []
            used_s = time.thread_time() - self._processor_s
            pause_s = used_s * (1 / LOOP_SHARE - 1)
            time.sleep(min(max(pause_s, MIN_PAUSE_S), MAX_PAUSE_S))
            self._processor_s = time.thread_time()
        events = super().select(timeout)
        self._predictions.is_open = True
        room = self._predictions.free_places
        arrivals: Events = []
        others: Events = events
        if len(events) > room + MAX_REJECTED:
            others = []
            for event in events:
                key, what = event
                is_arrival = what == selectors.EVENT_READ and key.fd in self._client_files
                (arrivals if is_arrival else others).append(event)
        self._is_overloaded = len(arrivals) > room + MAX_REJECTED
        if not self._is_overloaded:
            self._processor_s = time.thread_time()
            self._since.clear()
            return events
        self._turn += 1
        since = {key.fd: self._since.get(key.fd, self._turn) for key, _ in arrivals}
        arrivals.sort(key=lambda event: since[event[0].fd])
        self._rejects = not self._rejects or not room
        self._predictions.is_open = not self._rejects
        shown = arrivals[:MAX_REJECTED]
        if not self._rejects:
            shown = [
                event
                for event in arrivals[-room:]
                if since[event[0].fd] >= self._turn - ACCEPTED_TURNS
            ]
        for key, _ in shown:
            del since[key.fd]
        self._since = since
        return others + shown
