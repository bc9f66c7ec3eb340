import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress

import numpy as np
import pytest
from rings import TOKEN, in_workers

from inkdigits.scale import all_reduce
from inkdigits.scale.all_reduce import Ring, RingBroken


@pytest.mark.parametrize("count", [1, 2, 3, 5])
@pytest.mark.parametrize("length", [0, 1, 2, 4, 1000, 300_001])
def test_sum_has_the_same_bits_in_all_processes(count, length):
    vectors = np.random.default_rng(0).normal(size=(count, length)).astype(np.float32)

    def work(ring):
        mine = vectors[ring.number].copy()
        ring.add_up(mine)
        return mine

    first, *others = in_workers(count, work)
    np.testing.assert_allclose(first, vectors.sum(axis=0, dtype=np.float64), rtol=0, atol=1e-5)
    for other in others:
        np.testing.assert_array_equal(other, first)


def test_many_sums_in_a_row():
    def work(ring):
        vector = np.full(7, ring.number + 1, np.float32)
        for _ in range(50):
            ring.add_up(vector)
            vector /= 2  # of two workers: 1 + 2, then always 3
        return vector

    for vector in in_workers(2, work):
        np.testing.assert_array_equal(vector, np.float32(1.5))


def test_process_that_ends_breaks_the_ring_for_the_others():
    def work(ring):
        if ring.number == 1:
            return None
        with pytest.raises(RingBroken, match=f"worker {ring.number} has lost another one"):
            ring.add_up(np.zeros(3_000_000, np.float32))
        return True

    assert in_workers(3, work) == [True, None, True]


def test_process_that_does_not_answer_breaks_the_ring():
    rings = [Ring("127.0.0.1", seconds=0.1) for _ in range(2)]
    addresses = [ring.address for ring in rings]
    with closing(rings[0]), closing(rings[1]), ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda number: rings[number].connect(number, addresses, TOKEN), range(2)))
        with pytest.raises(RingBroken, match="timed out"):
            rings[0].add_up(np.zeros(3, np.float32))


@pytest.mark.parametrize(
    "said", [b"", b"GET / HTTP/1.1\r\n\r\n", b"a token" + struct.pack("!I", 9)]
)
def test_others_who_connect_are_turned_away(said, monkeypatch):
    monkeypatch.setattr(all_reduce, "CONNECT_SECONDS", 5.0)
    rings = [Ring("127.0.0.1", seconds=10) for _ in range(2)]
    addresses = [ring.address for ring in rings]
    with closing(rings[0]), closing(rings[1]), ThreadPoolExecutor(2) as pool:
        with socket.create_connection(addresses[0]) as stranger:
            stranger.sendall(said)
            stranger.shutdown(socket.SHUT_WR)
            list(pool.map(lambda number: rings[number].connect(number, addresses, TOKEN), range(2)))
            with suppress(ConnectionResetError):  # if it left something unread
                assert stranger.recv(1) == b""
        ones = [np.ones(3, np.float32) for _ in range(2)]
        list(pool.map(lambda ring, vector: ring.add_up(vector), rings, ones))
        np.testing.assert_array_equal(ones, np.full((2, 3), 2))


def test_next_process_that_has_ended_is_reported():
    with closing(Ring("127.0.0.1")) as ring:
        gone = Ring("127.0.0.1")
        address = gone.address
        gone.close()
        with pytest.raises(RingBroken, match="worker 0 cannot connect to the next one"):
            ring.connect(0, [ring.address, address], TOKEN)
