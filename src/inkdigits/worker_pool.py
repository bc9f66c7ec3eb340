"""Call a function many times, in order, on several processes."""

import multiprocessing
import os
import re
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent import futures  # which imports its pool of processes only when it is used
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import Any, TypeVar

import cv2

from inkdigits.threads import SharedLimit, limit_blas_threads, one_blas_thread

CALLS_WAITING = 2  # for each process, so that it never waits for this one
MAX_WORKERS = 61  # what Windows allows

Result = TypeVar("Result")


class WorkerDied(Exception):
    """A process of the pool ended unexpectedly; the message says what may help."""


def map_in_processes(
    function: Callable[..., Result], calls: Iterable[tuple[Any, ...]], workers: int
) -> Iterator[Result]:
    """Call a function with each tuple of arguments, and yield the results in order.

    Arguments are taken from the iterable as they are needed, so there may be any number of them.
    The processes end with this generator, whatever they are doing.

    function  is sent to each process once, so it may hold large data
    workers   processes to use, MAX_WORKERS at most; 1 is this process
    raises    what the function raises; WorkerDied; ValueError if there is not at least one worker
    """
    if workers < 1:
        raise ValueError(f"at least one worker is needed, not {workers}")
    workers = min(workers, MAX_WORKERS)
    if workers == 1:
        yield from (_call_with_one_thread(function, arguments) for arguments in calls)
        return
    # New processes, not copies of this one: a copy lacks the threads of its libraries, and may wait
    # for them forever.
    context = multiprocessing.get_context("spawn")
    # The workers end when this side of the pipe is closed, even if this process is killed.
    receiver, sender = context.Pipe(duplex=False)
    pool = futures.ProcessPoolExecutor(workers, context, _start_worker, (function, receiver))
    pending: deque[futures.Future[Result]] = deque()
    try:
        for arguments in calls:
            with _no_interrupts():  # a process may start here
                pending.append(pool.submit(_call, arguments))
            if len(pending) > CALLS_WAITING * workers:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
        pool.shutdown()
    except futures.BrokenExecutor:
        raise WorkerDied(
            "A worker process ended unexpectedly, perhaps because the memory was full: use fewer "
            "workers."
            if can_start_processes()
            else "The workers cannot start: a script must call this below "
            '`if __name__ == "__main__":`, or use one worker.'
        ) from None
    finally:
        sender.close()
        pool.shutdown(cancel_futures=True)
        receiver.close()


_opencv = SharedLimit(cv2.getNumThreads, cv2.setNumThreads, 1)


def can_start_processes() -> bool:
    """Whether a new process can import the script that runs without running it once more.

    It can if the script checks its name, as the documentation of multiprocessing demands, or if
    there is none, as in a notebook.
    """
    if multiprocessing.parent_process() is not None:  # a worker must not start others
        return False
    path = getattr(sys.modules["__main__"], "__file__", None)
    if path is None:
        return True
    try:
        script = Path(path).read_bytes()
    except OSError:  # such as <stdin>, which a new process does not import either
        return True
    return re.search(rb"^if\s*\(?\s*__name__\b", script, re.MULTILINE) is not None


def use_one_thread() -> None:
    """Let NumPy and OpenCV use one thread in this process from now on."""
    limit_blas_threads()
    _opencv.apply_for_good()


def _call_with_one_thread(function: Callable[..., Result], arguments: tuple[Any, ...]) -> Result:
    """Call a function as in a worker: the number of threads could change the last bit."""
    with _opencv, one_blas_thread():
        return function(*arguments)


_function: Callable[..., Any]  # in a worker: what it calls


def _call(arguments: tuple[Any, ...]) -> Any:
    return _function(*arguments)


def _start_worker(function: Callable[..., Any], receiver: Any) -> None:
    global _function
    _function = function
    use_one_thread()
    Thread(target=_end_when_closed, args=(receiver,), daemon=True).start()


def _end_when_closed(receiver: Any) -> None:
    try:
        receiver.recv()  # raises EOFError, for nothing is ever sent
    finally:
        os._exit(1)


@contextmanager
def _no_interrupts() -> Iterator[None]:
    """Block Ctrl-C, for good in processes that start here: a terminal sends it to them, too."""
    if not hasattr(signal, "pthread_sigmask"):  # on Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
