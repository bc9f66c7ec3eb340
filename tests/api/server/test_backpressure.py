"""Responses that a client does not read."""

import pytest

from inkdigits.api.server.admission import UNCOUNTED_BYTES, ByteBudget
from inkdigits.api.server.backpressure import MIN_READ_BYTES, READ_TIMEOUT_S, UnreadResponses
from inkdigits.api.server.rejections import Rejected


def test_reading_client_gets_more_time():
    unread = UnreadResponses(ByteBudget(10**9))
    unread.pause("a", size=10**6, now=100.0)
    assert unread.is_blocked
    assert unread.read_deadline == 100 + READ_TIMEOUT_S
    assert unread.has_progressed(10**6 - MIN_READ_BYTES, now=130.0)
    assert unread.read_deadline == 130 + READ_TIMEOUT_S


def test_client_that_reads_too_little_has_not_progressed():
    unread = UnreadResponses(ByteBudget(10**9))
    unread.pause("a", size=10**6, now=100.0)
    assert not unread.has_progressed(10**6 - MIN_READ_BYTES + 1, now=130.0)


def test_unread_bytes_are_released():
    budget = ByteBudget(1000)
    for _ in range(3):
        unread = UnreadResponses(budget)
        unread.pause("a", UNCOUNTED_BYTES + 500, 0.0)
        with pytest.raises(Rejected):
            UnreadResponses(budget).pause("a", UNCOUNTED_BYTES + 1, 0.0)
        unread.resume()
        assert not unread.is_blocked
        assert unread.read_deadline is None
