"""Under overload the event loop sees some of what has arrived: the newest, then the oldest."""

import selectors
import socket
from contextlib import ExitStack

import pytest

from inkdigits.api.server import overload
from inkdigits.api.server.overload import MAX_REJECTED, OverloadSelector


class Queue:
    """As much of a BoundedExecutor as the selector sees."""

    def __init__(self, free_places):
        self.free_places = free_places
        self.is_open = True


class Clients:
    """Connections, of which each sends when it is told to."""

    def __init__(self, stack, count):
        pairs = [socket.socketpair() for _ in range(count)]
        self.ours = [stack.enter_context(ours) for ours, _ in pairs]
        self.theirs = [stack.enter_context(theirs) for _, theirs in pairs]
        self.files = {ours.fileno() for ours in self.ours}

    def send(self, numbers):
        for number in numbers:
            self.theirs[number].send(b"x")

    def shown(self, events):
        """The numbers of those that are shown, whose data is then taken."""
        numbers = sorted(key.data for key, _ in events if key.data is not None)
        for number in numbers:
            self.ours[number].recv(10)
        return numbers


@pytest.fixture
def stack(monkeypatch):
    monkeypatch.setattr(overload, "MAX_PAUSE_S", 0.0)
    with ExitStack() as stack:
        yield stack


def looking_at(stack, clients, queue):
    selector = stack.enter_context(OverloadSelector(queue, clients.files))
    for number, ours in enumerate(clients.ours):
        selector.register(ours.fileno(), selectors.EVENT_READ, number)
    return selector


def test_all_is_shown_at_once_while_there_is_room(stack):
    clients, queue = Clients(stack, MAX_REJECTED + 40), Queue(free_places=40)
    selector = looking_at(stack, clients, queue)
    clients.send(range(MAX_REJECTED + 40))
    assert clients.shown(selector.select(1)) == list(range(MAX_REJECTED + 40))
    assert queue.is_open


def test_the_newest_get_the_free_places_and_the_oldest_are_rejected_first(stack):
    clients, queue = Clients(stack, 200), Queue(free_places=0)
    selector = looking_at(stack, clients, queue)
    clients.send(range(100))
    first = clients.shown(selector.select(1))
    assert len(first) == MAX_REJECTED
    assert not queue.is_open
    assert selector.select(0) == []  # nothing more before the next pause

    queue.free_places = 5
    clients.send(range(100, 150))
    newest = clients.shown(selector.select(1))
    assert len(newest) == 5
    assert set(newest) <= set(range(100, 150))
    assert queue.is_open

    oldest = clients.shown(selector.select(1))
    assert len(oldest) == MAX_REJECTED
    assert set(oldest) <= set(range(100)) - set(first)
    assert not queue.is_open


def test_what_has_waited_gets_no_place(stack):
    clients, queue = Clients(stack, 200), Queue(free_places=0)
    selector = looking_at(stack, clients, queue)
    clients.send(range(200))
    for _ in range(3):
        clients.shown(selector.select(1))
    queue.free_places = 50
    shown = [clients.shown(selector.select(1)) for _ in range(2)]
    assert sorted(map(len, shown)) == [0, MAX_REJECTED]


def test_everyone_is_shown_in_the_end(stack):
    clients, queue = Clients(stack, 300), Queue(free_places=0)
    selector = looking_at(stack, clients, queue)
    clients.send(range(300))
    found = []
    while len(found) < 300:
        found += clients.shown(selector.select(1))
    assert sorted(found) == list(range(300))
    assert clients.shown(selector.select(0.01)) == []


def test_what_waited_in_one_overload_is_not_remembered_in_the_next(stack):
    clients, queue = Clients(stack, 200), Queue(free_places=0)
    selector = looking_at(stack, clients, queue)
    clients.send(range(200))
    first = clients.shown(selector.select(1))
    while len(first) < 200:
        first += clients.shown(selector.select(1))
    assert selector.select(0.01) == []

    # The same connections send again: they are as new as any other.
    clients.send(range(200))
    queue.free_places = 5
    shown = [clients.shown(selector.select(1)) for _ in range(2)]
    assert sorted(map(len, shown)) == [5, MAX_REJECTED]


def test_what_is_not_from_a_client_is_always_shown(stack):
    clients, queue = Clients(stack, 200), Queue(free_places=0)
    selector = looking_at(stack, clients, queue)
    ours, theirs = (stack.enter_context(end) for end in socket.socketpair())
    selector.register(ours.fileno(), selectors.EVENT_READ)
    theirs.send(b"x")
    clients.send(range(200))
    for _ in range(3):
        assert ours.fileno() in [key.fd for key, _ in selector.select(1)]
