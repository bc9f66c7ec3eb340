"""What others use of the machine during a measurement."""

import subprocess
import sys
import time

import load_watch
from load_watch import LoadWatch


def test_own_work_is_not_counted_as_that_of_others(monkeypatch):
    machine = iter([100.0, 101.0])  # seconds: one in between
    monkeypatch.setattr(load_watch, "busy_cpu_s", lambda: next(machine))
    watch = LoadWatch()
    busy = "import time\nwhile time.process_time() < 0.6: pass"
    subprocess.run([sys.executable, "-c", busy], check=True)
    deadline = time.process_time() + 0.4
    while time.process_time() < deadline:
        pass
    load = watch.stop()
    # /proc counts in hundredths of a second.
    assert load["others_cores"] < 0.1
    assert load["quiet"]


def test_work_of_others_is_counted():
    watch = LoadWatch()
    watch._busy -= 10  # as if others had used ten seconds more
    time.sleep(0.1)
    load = watch.stop()
    assert load["others_cores"] > 10
    assert not load["quiet"]


def test_work_of_a_process_that_nobody_waits_for_is_our_own(monkeypatch):
    machine = iter([100.0, 100.6])
    monkeypatch.setattr(load_watch, "busy_cpu_s", lambda: next(machine))
    watch = LoadWatch(on_ray=True)
    # A shell that ends before its child, whose CPU time is then added to that of no parent.
    busy = "import time\nwhile time.process_time() < 0.6: pass\ntime.sleep(0.5)"
    shell = subprocess.Popen(["sh", "-c", '"$0" -c "$1" & sleep 1', sys.executable, busy])
    time.sleep(0.9)
    shell.kill()
    shell.wait()
    assert watch.stop()["others_cores"] < 0.1
