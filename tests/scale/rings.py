"""Workers in threads of this process, which are connected in a ring."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

from inkdigits.scale.all_reduce import Ring

TOKEN = b"a token"


def in_workers(count, work):
    """Call `work` with the ring of each of several workers, at once; return the results."""
    rings = [Ring("127.0.0.1", seconds=10) for _ in range(count)]
    addresses = [ring.address for ring in rings]

    def run(number):
        # Closed on an error, so that no other worker waits for it.
        with closing(rings[number]) as ring:
            ring.connect(number, addresses, TOKEN)
            return work(ring)

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(run, range(count)))
