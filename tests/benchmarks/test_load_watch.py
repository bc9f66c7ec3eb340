"""What others use of the machine during a measurement."""

import os
import signal
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
    # The shell waits for nobody, so its child's time is not added to its own.
    busy = "import time\nwhile time.process_time() < 0.6: pass\nprint(flush=True)\ntime.sleep(60)"
    command = ["sh", "-c", '"$0" -c "$1" & echo $!; exec sleep 60', sys.executable, busy]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as shell:
        child = int(shell.stdout.readline())
        shell.stdout.readline()  # it has done its work
        watch._watch.look()
        os.kill(child, signal.SIGKILL)
        shell.kill()
    assert watch.stop()["others_cores"] < 0.1
