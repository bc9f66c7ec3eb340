"""Answers that a client does not read: it must read some, or is given up."""

import pytest

from inkdigits.api.server.admission import UNCOUNTED_BYTES, ByteBudget
from inkdigits.api.server.rejections import Rejected
from inkdigits.api.server.unread import MIN_READ_BYTES, READ_TIMEOUT_S, Unread


def test_a_client_that_reads_is_given_more_time():
    unread = Unread(ByteBudget(10**9))
    unread.pause("a", size=10**6, now=100.0)
    assert unread.is_blocked
    assert unread.read_by == 100 + READ_TIMEOUT_S
    assert unread.has_read_enough(10**6 - MIN_READ_BYTES, now=130.0)
    assert unread.read_by == 130 + READ_TIMEOUT_S


def test_a_client_that_reads_next_to_nothing_is_given_up():
    unread = Unread(ByteBudget(10**9))
    unread.pause("a", size=10**6, now=100.0)
    assert not unread.has_read_enough(10**6 - MIN_READ_BYTES + 1, now=130.0)


def test_what_is_read_is_given_back():
    budget = ByteBudget(1000)
    for _ in range(3):
        unread = Unread(budget)
        unread.pause("a", UNCOUNTED_BYTES + 500, 0.0)
        with pytest.raises(Rejected):
            Unread(budget).pause("a", UNCOUNTED_BYTES + 1, 0.0)
        unread.resume()
        assert not unread.is_blocked
        assert unread.read_by is None
