"""Add up a vector over several processes that are connected in a ring, by TCP.

source   Patarasuk and Yuan 2009, Bandwidth Optimal All-reduce Algorithms for Clusters of
         Workstations
"""

import hmac
import socket
import struct
import time
from collections.abc import Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np

from inkdigits.arrays import Array

Address: TypeAlias = tuple[str, int]  # IP address and port

# Each process sends a piece, then receives one. With room for several in a socket's buffers, they
# cannot all wait for each other to receive.
PIECE_BYTES = 1 << 15
BUFFER_BYTES = 1 << 18
CONNECT_SECONDS = 60.0
HELLO = struct.Struct("!I")  # the number of the process that connects, after the token


class RingBroken(Exception):
    """Another process of the ring has ended, or does not answer."""


class Ring:
    """A place in the ring: the process sends to the next one, and receives from the previous one.

    Gradients are sent as they are, neither encrypted nor signed, as is everything in a Ray cluster.
    The token turns away whoever connects by mistake, such as a process of an earlier ring.
    """

    def __init__(self, host: str, seconds: float = 120.0) -> None:
        """Listen at a free port.

        host     IP address at which the other processes reach this one
        seconds  how long to wait for another process before the ring counts as broken
        """
        self.number, self.count = 0, 1
        self._seconds = seconds
        self._listener = socket.create_server((host, 0))
        self._next: socket.socket | None = None
        self._previous: socket.socket | None = None

    @property
    def address(self) -> Address:
        """Where the previous process connects to."""
        host, port = self._listener.getsockname()[:2]
        return host, port

    def connect(self, number: int, addresses: Sequence[Address], token: bytes) -> None:
        """Connect to the next process, and accept the previous one.

        number     of this process, from 0
        addresses  of all processes, in the order of their numbers
        token      secret of this ring
        raises     RingBroken
        """
        self.number, self.count = number, len(addresses)
        if self.count == 1:
            self._listener.close()
            return
        try:
            self._next = socket.create_connection(
                addresses[(number + 1) % self.count], CONNECT_SECONDS
            )
            self._prepare(self._next)
            self._next.sendall(token + HELLO.pack(number))
            self._previous = self._accept(token + HELLO.pack((number - 1) % self.count))
        except OSError as error:
            raise RingBroken(f"worker {number} cannot connect to the next one: {error}") from None

    def _accept(self, hello: bytes) -> socket.socket:
        """Accept the process that says hello in this way, and turn all others away."""
        deadline = time.monotonic() + CONNECT_SECONDS
        while True:
            self._listener.settimeout(max(0.0, deadline - time.monotonic()))
            connection, _ = self._listener.accept()
            try:
                connection.settimeout(CONNECT_SECONDS / 10)
                received = bytearray(len(hello))
                _receive(connection, memoryview(received))
                if hmac.compare_digest(received, hello):
                    self._prepare(connection)
                    self._listener.close()
                    return connection
            except OSError:
                pass
            connection.close()

    def _prepare(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            size = connection.getsockopt(socket.SOL_SOCKET, buffer)
            connection.setsockopt(socket.SOL_SOCKET, buffer, max(size, BUFFER_BYTES))
        connection.settimeout(self._seconds)

    def add_up(self, vector: Array) -> None:
        """Replace a vector with the sum of those of all processes.

        The result has the same bits in all of them: each element is added up in one process.

        vector   (V,), contiguous; of one length and type in all processes, which call this in
                 the same order
        raises   RingBroken
        """
        if self.count == 1:
            return
        bounds = [len(vector) * part // self.count for part in range(self.count + 1)]
        parts = [vector[first:end] for first, end in pairwise(bounds)]
        received = np.empty_like(vector, shape=max(map(len, parts)))
        try:
            # Each sum of a part goes around once and grows; then each whole sum goes around once.
            for turn in range(self.count - 1):
                mine = parts[(self.number - turn) % self.count]
                theirs = parts[(self.number - turn - 1) % self.count]
                incoming = received[: len(theirs)]
                self._exchange(mine, incoming)
                theirs += incoming
            for turn in range(self.count - 1):
                mine = parts[(self.number - turn + 1) % self.count]
                self._exchange(mine, parts[(self.number - turn) % self.count])
        except OSError as error:
            raise RingBroken(f"worker {self.number} has lost another one: {error}") from None

    def _exchange(self, mine: Array, theirs: Array) -> None:
        """Send an array to the next process while one is received from the previous one."""
        assert self._next is not None
        assert self._previous is not None
        # Parts may be empty, of which there are no bytes.
        out = mine.data.cast("B") if len(mine) else memoryview(b"")
        into = theirs.data.cast("B") if len(theirs) else memoryview(b"")
        for first in range(0, max(len(out), len(into)), PIECE_BYTES):
            piece = slice(first, first + PIECE_BYTES)
            self._next.sendall(out[piece])
            _receive(self._previous, into[piece])

    def close(self) -> None:
        """Close all connections, which breaks the ring for the others."""
        for connection in (self._listener, self._next, self._previous):
            if connection is not None:
                connection.close()


def _receive(connection: socket.socket, into: memoryview) -> None:
    """Fill a buffer; raise ConnectionError if the connection ends before."""
    while len(into):
        count = connection.recv_into(into)
        if not count:
            raise ConnectionResetError("the connection was closed")
        into = into[count:]
