"""Responses that go on, such as events: limited in number, and read in a thread of their own."""

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor

from inkdigits.api.server.messages import Stream

INTERVAL_S = 0.2  # between two looks at whether a stream has anything to send


class Streams:
    """The streams of a worker.

    They share one thread, which reads a part of one after the other: neither the event loop nor the
    threads that work on requests, nor the heartbeats of the worker, ever wait for a stream.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count = 0
        self._thread = ThreadPoolExecutor(1)

    @property
    def is_full(self) -> bool:
        """Whether there are as many streams as there may be."""
        return self._count >= self._limit

    async def parts(self, stream: Stream) -> AsyncGenerator[bytes]:
        """Yield what a stream has to send, b"" if it is nothing yet."""
        loop = asyncio.get_running_loop()
        self._count += 1
        try:
            while (part := await loop.run_in_executor(self._thread, stream)) is not None:
                yield part
                await asyncio.sleep(INTERVAL_S)
        finally:
            self._count -= 1
