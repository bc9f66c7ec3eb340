"""How many threads and processes to compute with."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np  # noqa: F401 (the controller finds only libraries that are already loaded)
from threadpoolctl import ThreadpoolController

_CONTROLLER = ThreadpoolController().select(user_api="blas")


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Let NumPy's matrix products use one thread inside this context, or decorated function.

    More threads slow down the small products of a single image. On a busy machine they take many
    times as long: each product waits for threads that are not running.

    A BLAS library has one setting for the whole process. The limit of threadpoolctl allows for
    threads that are inside at the same time: the setting is restored when the last one leaves.
    """
    if blas_threads() == 1:
        yield  # the usual case in the service, and ten times as fast as setting it
    else:
        with _CONTROLLER.limit(limits=1):
            yield


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
