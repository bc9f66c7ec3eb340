"""Under overload the selector reports only the newest requests, then the oldest, in turn."""

import selectors
import socket
from contextlib import ExitStack

import pytest

from inkdigits.api.server import overload
from inkdigits.api.server.overload import MAX_REJECTED, OverloadSelector


class Queue:
    """The part of a BoundedExecutor that the selector uses."""

    def __init__(self, free_slots):
        self.free_slots = free_slots
        self.is_accepting = True
        self.is_overloaded = False


class Clients:
    """Connections that send on demand."""

    def __init__(self, stack, count):
        pairs = [socket.socketpair() for _ in range(count)]
        self.ours = [stack.enter_context(ours) for ours, _ in pairs]
        self.theirs = [stack.enter_context(theirs) for _, theirs in pairs]
        self.fds = {ours.fileno() for ours in self.ours}

    def send(self, numbers):
        for number in numbers:
            self.theirs[number].send(b"x")

    def reported(self, events):
        """Return the numbers of the connections in the events, after reading their data."""
        numbers = sorted(key.data for key, _ in events if key.data is not None)
        for number in numbers:
            self.ours[number].recv(10)
        return numbers


@pytest.fixture
def stack(monkeypatch):
    monkeypatch.setattr(overload, "MAX_PAUSE_S", 0.0)
    with ExitStack() as stack:
        yield stack


def selector_of(stack, clients, queue):
    selector = stack.enter_context(OverloadSelector(queue, clients.fds))
    for number, ours in enumerate(clients.ours):
        selector.register(ours.fileno(), selectors.EVENT_READ, number)
    return selector


def test_all_events_are_reported_without_overload(stack):
    clients, queue = Clients(stack, MAX_REJECTED + 40), Queue(free_slots=40)
    selector = selector_of(stack, clients, queue)
    clients.send(range(MAX_REJECTED + 40))
    assert clients.reported(selector.select(1)) == list(range(MAX_REJECTED + 40))
    assert queue.is_accepting
    assert not queue.is_overloaded


def test_newest_get_free_slots_and_oldest_are_rejected(stack):
    clients, queue = Clients(stack, 200), Queue(free_slots=0)
    selector = selector_of(stack, clients, queue)
    clients.send(range(100))
    first = clients.reported(selector.select(1))
    assert len(first) == MAX_REJECTED
    assert not queue.is_accepting
    assert queue.is_overloaded
    assert selector.select(0) == []  # nothing until the next pause

    queue.free_slots = 5
    clients.send(range(100, 150))
    newest = clients.reported(selector.select(1))
    assert len(newest) == 5
    assert set(newest) <= set(range(100, 150))
    assert queue.is_accepting

    oldest = clients.reported(selector.select(1))
    assert len(oldest) == MAX_REJECTED
    assert set(oldest) <= set(range(100)) - set(first)
    assert not queue.is_accepting


def test_old_requests_get_no_slot(stack):
    clients, queue = Clients(stack, 200), Queue(free_slots=0)
    selector = selector_of(stack, clients, queue)
    clients.send(range(200))
    for _ in range(3):
        clients.reported(selector.select(1))
    queue.free_slots = 50
    reported = [clients.reported(selector.select(1)) for _ in range(2)]
    assert sorted(map(len, reported)) == [0, MAX_REJECTED]


def test_every_connection_is_reported_eventually(stack):
    clients, queue = Clients(stack, 300), Queue(free_slots=0)
    selector = selector_of(stack, clients, queue)
    clients.send(range(300))
    found = []
    while len(found) < 300:
        found += clients.reported(selector.select(1))
    assert sorted(found) == list(range(300))
    assert clients.reported(selector.select(0.01)) == []


def test_waiting_times_are_reset_between_overloads(stack):
    clients, queue = Clients(stack, 200), Queue(free_slots=0)
    selector = selector_of(stack, clients, queue)
    clients.send(range(200))
    first = clients.reported(selector.select(1))
    while len(first) < 200:
        first += clients.reported(selector.select(1))
    assert selector.select(0.01) == []
    assert not queue.is_overloaded

    # The same connections send again and are as new as any other.
    clients.send(range(200))
    queue.free_slots = 5
    reported = [clients.reported(selector.select(1)) for _ in range(2)]
    assert sorted(map(len, reported)) == [5, MAX_REJECTED]


def test_other_events_are_always_reported(stack):
    clients, queue = Clients(stack, 200), Queue(free_slots=0)
    selector = selector_of(stack, clients, queue)
    ours, theirs = (stack.enter_context(end) for end in socket.socketpair())
    selector.register(ours.fileno(), selectors.EVENT_READ)
    theirs.send(b"x")
    clients.send(range(200))
    for _ in range(3):
        assert ours.fileno() in [key.fd for key, _ in selector.select(1)]
