"""The processor time of the machine is parsed as /proc/stat has it."""

import os

import pytest
from process_times import TICKS, busy_cpu_s

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/stat"), reason="needs /proc")


def test_idle_and_waiting_cores_are_not_busy():
    stat = "cpu  100 20 30 1000 500 4 5 6 7 8\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
    assert busy_cpu_s(stat) * TICKS == pytest.approx(100 + 20 + 30 + 4 + 5 + 6)


def test_busy_time_of_this_machine_is_less_than_its_uptime_times_its_cores():
    with open("/proc/uptime") as file:
        uptime_s = float(file.read().split()[0])
    assert 0 < busy_cpu_s() < (uptime_s + 1) * (os.cpu_count() or 1)
