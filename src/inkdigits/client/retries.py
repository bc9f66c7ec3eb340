"""When a call that failed is made again.

A service of several containers loses the requests that a container was processing when it was
killed, and the proxy in front of them cannot know whether they are safe to repeat. The client does.
"""

from typing import Any

import httpx

from inkdigits.client.calls import Call

# The proxy or the service is overloaded or restarting, or lost the server that had the request.
TEMPORARY = frozenset({429, 502, 503, 504})
FIRST_WAIT_S = 0.5  # without Retry-After; then twice as long each time
LONGEST_WAIT_S = 30.0  # a service that asks for more gets no second request


class Retries:
    """The attempts of one call.

    left  how often it may be made again, if it is safe to repeat
    """

    def __init__(self, call: Call[Any], left: int) -> None:
        self._left = left if call.is_safe_to_repeat else 0
        self._wait_s = FIRST_WAIT_S

    def after_response(self, response: httpx.Response) -> float | None:
        """Return the seconds to wait before the next attempt; None if there is none."""
        if response.status_code not in TEMPORARY:
            return None
        after = response.headers.get("Retry-After", "")
        return self._next(float(after) if after.isdecimal() else None)

    def after_error(self, error: httpx.HTTPError) -> float | None:
        """Do the same for a response that never came.

        A call that has waited for its whole timeout is not made again.
        """
        if isinstance(error, httpx.NetworkError | httpx.RemoteProtocolError):
            return self._next(None)
        return None

    def _next(self, asked_s: float | None) -> float | None:
        wait_s = self._wait_s if asked_s is None else asked_s
        if not self._left or wait_s > LONGEST_WAIT_S:
            return None
        self._left -= 1
        self._wait_s *= 2
        return wait_s
