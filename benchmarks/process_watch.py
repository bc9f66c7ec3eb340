"""Watch the memory and the CPU time of this process and of all that it starts; Linux only."""

import os
import threading
import time

from process_times import own_cpu_s, process_tree, resident_bytes

LOOK_S = 0.1  # between looks at the processes


class ProcessWatch:
    """Watches the memory and the CPU time of this process and of its descendants.

    A process that ends is counted as it was last seen: not all are waited for by their parents, so
    that the system does not add their time to them. The time spent looking is not counted: with the
    many threads of Ray's processes, it is a few percent of a core.
    """

    def __init__(self) -> None:
        self._driver_bytes = self._worker_bytes = self._all_bytes = 0
        self._cpu_s: dict[int, float] = {}  # by process, at the last look
        self._looking_s = 0.0
        self._stopped = threading.Event()
        self.look()
        self._looking_s = 0.0
        self._before_s, self._own_s = sum(self._cpu_s.values()), time.process_time()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while not self._stopped.wait(LOOK_S):
            self.look()

    def look(self) -> None:
        """Look at all processes."""
        start = time.thread_time()
        pids = process_tree(os.getpid())
        self._cpu_s.update((pid, seconds) for pid in pids if (seconds := own_cpu_s(pid)))
        driver, *others = map(resident_bytes, pids)
        self._driver_bytes = max(self._driver_bytes, driver)
        self._worker_bytes = max([self._worker_bytes, *others])
        self._all_bytes = max(self._all_bytes, driver + sum(others))
        self._looking_s += time.thread_time() - start

    def stop(self) -> dict[str, float]:
        """Return the CPU times, and the peaks of the resident memory.

        driver  this process; worker  the largest other one; all  the sum of all
        """
        self._stopped.set()
        self._thread.join()
        self.look()
        return {
            "cpu_s": sum(self._cpu_s.values()) - self._before_s - self._looking_s,
            "driver_cpu_s": time.process_time() - self._own_s - self._looking_s,
            "driver_bytes": self._driver_bytes,
            "worker_bytes": self._worker_bytes,
            "all_bytes": self._all_bytes,
        }
