"""The events of a run as server-sent events, whose ids are places in the run's file of events."""

import time

from pydantic_core import to_json

from inkdigits.lab import Lab, UnknownRun

HEARTBEAT_S = 10.0  # less than the time after which proxies close a silent connection
RETRY_MS = 1000  # how long a client should wait before it connects again
# The last event: there is nothing to follow until the run is continued.
END = b'event: end\ndata: {"type": "end"}\n\n'


class EventStream:
    """What to send to a client that follows a run; call it again and again.

    An id is the offset after its event, so a client that has lost its connection sends the last id
    to any worker, or to a server that was started meanwhile, and misses nothing.

    source   https://html.spec.whatwg.org/multipage/server-sent-events.html
    """

    def __init__(self, lab: Lab, name: str, offset: int) -> None:
        """Begin after the event whose id is `offset`; 0 for the first one."""
        self._lab = lab
        self._name = name
        self._offset = offset
        self._sent_at = time.monotonic()
        self._is_over = False
        self._begin = b"retry: %d\n\n" % RETRY_MS

    def __call__(self) -> bytes | None:
        """Return what to send now: b"" if nothing has happened; None after the end.

        raises   UnknownRun at the first call, if there is no such run
        """
        if self._is_over:
            return None
        try:
            events, self._is_over = self._lab.poll(self._name, self._offset)
        except UnknownRun:
            if self._begin:
                raise
            events, self._is_over = [], True  # it was deleted
        parts = [self._begin]
        self._begin = b""
        for self._offset, event in events:
            data = to_json(event, inf_nan_mode="null").decode()  # JSON has no NaN
            parts.append(f"id: {self._offset}\ndata: {data}\n\n".encode())
        if self._is_over:
            parts.append(END)
        now = time.monotonic()
        if not any(parts) and now > self._sent_at + HEARTBEAT_S:
            parts.append(b":\n\n")
        if any(parts):
            self._sent_at = now
        return b"".join(parts)
