"""How many threads and processes to compute with."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

import numpy as np  # noqa: F401 (the controller finds only libraries that are already loaded)
from threadpoolctl import ThreadpoolController

_CONTROLLER = ThreadpoolController().select(user_api="blas")
_LOCK = Lock()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let NumPy's matrix products use one thread inside this context, or decorated function.

    More threads slow down the small products of a single image. On a busy machine they take many
    times as long: each product waits for threads that are not running.

    A BLAS library has one setting for the whole process, so the first thread to enter sets it, and
    restores it when it leaves.
    """
    with _LOCK:  # or two threads could enter first, and the second would restore the limit
        # Usually there is one thread already, in the service for example. Looking is ten times as
        # fast as setting it.
        limiter = None if blas_threads() == 1 else _CONTROLLER.limit(limits=1)
    try:
        yield
    finally:
        if limiter is not None:
            with _LOCK:
                limiter.restore_original_limits()


def limit_blas_threads() -> None:
    """Let NumPy's matrix products use one thread in this process from now on."""
    _CONTROLLER.limit(limits=1)


def blas_threads() -> int:
    """Return how many threads a matrix product of NumPy may use."""
    return max((library.get_num_threads() for library in _CONTROLLER.lib_controllers), default=1)


def available_cpus() -> int:
    """Count the CPUs that this process may use, possibly fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
