"""Worker processes: the same results, one thread each, and no process that stays behind."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from functools import partial
from itertools import count, islice
from pathlib import Path
from threading import Barrier, Thread

import cv2
import pool_functions
import pytest

from inkdigits import worker_pool
from inkdigits.worker_pool import CALLS_WAITING, WorkerDied, map_in_processes

CALLS = [(number,) for number in range(48)]
BUSY = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
import pool_functions
from inkdigits.worker_pool import map_in_processes
if __name__ == "__main__":
    calls = [(number,) for number in range(1000)]
    for _ in map_in_processes(pool_functions.say_and_sleep, calls, 2):
        pass
"""


@pytest.fixture(autouse=True)
def no_process_stays_behind():
    yield
    assert multiprocessing.active_children() == []


@pytest.mark.parametrize("workers", [1, 3])
def test_results_are_in_order(workers):
    results = list(map_in_processes(pool_functions.square, CALLS, workers))
    assert results == [number**2 for number in range(len(CALLS))]


def test_each_process_computes_with_one_thread():
    results = set(map_in_processes(pool_functions.process_and_threads, CALLS, 3))
    processes, opencv, blas = zip(*results, strict=True)
    assert len(set(processes)) > 1
    assert os.getpid() not in processes
    assert set(opencv) == set(blas) == {1}


def test_this_process_computes_with_one_thread_meanwhile():
    before = pool_functions.process_and_threads(0)
    results = set(map_in_processes(pool_functions.process_and_threads, CALLS[:3], 1))
    assert results == {(os.getpid(), 1, 1)}
    assert pool_functions.process_and_threads(0) == before


@pytest.mark.parametrize("workers", [1, 3])
def test_no_calls_at_all(workers):
    assert list(map_in_processes(pool_functions.square, [], workers)) == []


@pytest.mark.parametrize("workers", [1, 2])
def test_endless_calls_are_taken_as_they_are_needed(workers):
    taken = count()
    results = map_in_processes(pool_functions.square, zip(taken), workers)
    assert list(islice(results, 20)) == [number**2 for number in range(20)]
    results.close()
    assert next(taken) <= 21 + CALLS_WAITING * workers


def test_setting_is_restored_when_two_threads_call_at_the_same_time():
    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        inside = Barrier(2)
        calls = [(inside.wait,)]
        first, second = (
            Thread(target=lambda: list(map_in_processes(pool_functions.call, calls, 1)))
            for _ in range(2)
        )
        first.start()
        second.start()
        first.join()
        second.join()
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)


def test_system_decides_how_many_processes_there_may_be(monkeypatch):
    monkeypatch.setattr(worker_pool, "MAX_WORKERS", 2)
    results = list(map_in_processes(pool_functions.process_and_threads, CALLS, 100))
    assert len({process for process, *_ in results}) == 2


@pytest.mark.parametrize("workers", [0, -1])
def test_at_least_one_worker_is_needed(workers):
    with pytest.raises(ValueError, match=f"at least one worker is needed, not {workers}"):
        next(map_in_processes(pool_functions.square, CALLS, workers))


@pytest.mark.parametrize("workers", [1, 3])
def test_error_of_the_function_is_raised_at_its_result(workers):
    results = map_in_processes(partial(pool_functions.fail_at, bad=7), CALLS, workers)
    assert [next(results) for _ in range(7)] == list(range(7))
    with pytest.raises(ArithmeticError, match="7 cannot be computed"):
        next(results)


def test_process_that_dies_is_reported():
    results = map_in_processes(partial(pool_functions.die_at, bad=5), CALLS, 3)
    with pytest.raises(WorkerDied, match=r"ended unexpectedly.*use fewer"):
        list(results)


def test_closing_early_ends_the_processes():
    results = map_in_processes(pool_functions.square, CALLS, 3)
    assert next(results) == 0
    assert multiprocessing.active_children()
    results.close()


@pytest.fixture
def busy(tmp_path):
    """Start a process, in a session of its own, whose workers are busy; and return theirs too."""
    script = tmp_path / "busy.py"
    script.write_text(BUSY)
    process = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    workers = set()
    while len(workers) < 2:
        workers.add(int(process.stdout.readline()))
    yield process, workers
    process.kill()
    for worker in workers:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    process.communicate()


def wait_until_ended(processes):
    """Wait until processes that are not children of this one have ended."""
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{process}").exists() for process in processes):
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="looks for processes in /proc")
class TestEndOfTheParent:
    def test_interrupt_reaches_only_the_parent(self, busy):
        process, workers = busy
        os.killpg(process.pid, signal.SIGINT)  # as the terminal does at Ctrl-C
        _, err = process.communicate(timeout=30)
        wait_until_ended(workers)
        assert process.returncode == -signal.SIGINT
        assert err.count("Traceback") == 1
        assert err.rstrip().endswith("KeyboardInterrupt")

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
    def test_processes_end_with_the_parent(self, busy, number):
        process, workers = busy
        process.send_signal(number)
        process.wait(timeout=30)
        wait_until_ended(workers)
