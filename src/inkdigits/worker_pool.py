"""Call a function many times, in order, on several processes."""

import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, TypeVar

import cv2

from inkdigits.threads import one_blas_thread, use_one_thread

MIN_CALLS = 16  # for each process; fewer take less time than starting it, 0.5 s

Result = TypeVar("Result")


class WorkerDied(Exception):
    """A process of the pool ended unexpectedly; the message says what may help."""


def map_in_processes(
    function: Callable[..., Result], calls: Sequence[tuple[Any, ...]], workers: int
) -> Iterator[Result]:
    """Call a function with each tuple of arguments, and yield the results in order.

    The processes end with this generator, at an error after what they are just doing.

    function  is sent to each process once, so it may hold large data
    workers   processes to use; if there is little to do, or for 1, this process does it
    raises    what the function raises; WorkerDied
    """
    workers = min(workers, len(calls) // MIN_CALLS)
    if workers < 2:
        yield from (_with_one_thread(function, arguments) for arguments in calls)
        return
    # New processes, not copies of this one: a copy lacks the threads of its libraries, and may wait
    # for them forever.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _start_worker, (function,))
    try:
        with _no_interrupts():
            results = pool.map(_call, calls)
        yield from results
    except BrokenProcessPool:
        raise WorkerDied(
            "A worker process ended unexpectedly, perhaps because the memory was full: use fewer "
            "workers."
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def _with_one_thread(function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    """Call a function as in a worker: the number of threads could change the last bit."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        with one_blas_thread:
            return function(*arguments)
    finally:
        cv2.setNumThreads(threads)


_function: Callable[..., Any]  # in a worker: what it calls


def _call(arguments: tuple[Any, ...]) -> Any:
    return _function(*arguments)


def _start_worker(function: Callable[..., Any]) -> None:
    global _function
    _function = function
    use_one_thread()
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End even if the process that started this one is killed."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Block Ctrl-C in processes that start here: the terminal sends it to them as well."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
