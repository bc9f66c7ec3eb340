"""How busy other programs keep the machine during a measurement; Linux only."""

import os
import time

from process_times import busy_cpu_s, process_tree_cpu_s
from process_watch import ProcessWatch

QUIET_CORES = 0.25  # that other processes may use during a measurement


class LoadWatch:
    """Measures, from its creation to `stop`, how busy other processes keep the machine.

    on_ray  whether Ray's processes are started meanwhile. It kills them, so that the system does
            not add their time to that of this process: they are watched instead
    """

    def __init__(self, on_ray: bool = False) -> None:
        self._load = os.getloadavg()[0]
        self._start = time.monotonic()
        self._busy, self._own = busy_cpu_s(), process_tree_cpu_s(os.getpid())
        self._watch = ProcessWatch() if on_ray else None

    def stop(self) -> dict[str, float | bool]:
        """Return the load average before, the cores that others used, and whether it was quiet."""
        if self._watch:
            own = self._watch.stop()["cpu_s"]
        else:
            own = process_tree_cpu_s(os.getpid()) - self._own
        others = busy_cpu_s() - self._busy - own
        cores = max(0.0, others / (time.monotonic() - self._start))
        return {
            "load_before": self._load,
            "others_cores": cores,
            "quiet": cores <= QUIET_CORES,
        }
