"""How many threads and processes to compute with."""

import os
from collections.abc import Callable
from contextlib import ContextDecorator
from threading import Lock, local
from typing import Generic, TypeVar

import numpy as np  # noqa: F401 (the controller finds only libraries that are already loaded)
from threadpoolctl import OpenBLASController, ThreadpoolController

_LIBRARIES = ThreadpoolController().select(user_api="blas").lib_controllers

Setting = TypeVar("Setting")


class SharedLimit(ContextDecorator, Generic[Setting]):
    """A limit on a setting of the whole process, for as long as any thread needs it.

    The first thread that enters sets it, and the last one to leave restores what was set before. If
    each thread did both for itself, one would lift the limit while another one still computes.

    It is used in a `with` statement or as a decorator, also within itself.
    """

    def __init__(
        self, get: Callable[[], Setting], set_to: Callable[[Setting], None], limit: Setting
    ) -> None:
        self._get, self._set_to, self._limit = get, set_to, limit
        self._lock = Lock()
        self._inside = 0
        self._before = limit
        self._depths = local()  # how many times each thread has entered

    def __enter__(self) -> None:
        depth = getattr(self._depths, "depth", 0)
        self._depths.depth = depth + 1
        if depth:
            return
        with self._lock:
            now = self._get()
            if self._inside == 0:
                self._before = now
            if now != self._limit:  # some libraries have a setting for each thread
                self._set_to(self._limit)
            self._inside += 1

    def __exit__(self, *_: object) -> None:
        self._depths.depth -= 1
        if self._depths.depth:
            return
        with self._lock:
            self._inside -= 1
            if self._inside == 0 and self._before != self._limit:
                self._set_to(self._before)

    def apply_for_good(self) -> None:
        """Apply the limit from now on."""
        with self._lock:
            self._before = self._limit
            self._set_to(self._limit)


def _numbers() -> list[int]:
    return [library.get_num_threads() for library in _LIBRARIES]


def _set_numbers(numbers: list[int]) -> None:
    # threadpoolctl ignores other threads than the one that set the number last; the lock of the
    # limit is all that is needed here.
    OpenBLASController.clear_controlling_thread(force=True)
    for library, number in zip(_LIBRARIES, numbers, strict=True):
        library.set_num_threads(number)
    OpenBLASController.clear_controlling_thread(force=True)


_blas = SharedLimit(_numbers, _set_numbers, [1] * len(_LIBRARIES))


def one_blas_thread() -> SharedLimit[list[int]]:
    """Let NumPy's matrix products use one thread inside this context, or decorated function.

    More threads slow down the small products of a single image. On a busy machine they take many
    times as long: each product waits for threads that are not running. The number of threads may
    also change the last bits of a result.

    A BLAS library has one setting for the whole process, so the limit holds for all of its threads,
    until the last one leaves.
    """
    return _blas


def limit_blas_threads() -> None:
    """Let NumPy's matrix products use one thread in this process from now on."""
    _blas.apply_for_good()


def blas_threads() -> int:
    """Return how many threads a matrix product of NumPy may use."""
    return max(_numbers(), default=1)


def available_cpus() -> int:
    """Count the CPUs that this process may use, possibly fewer than the machine has."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
