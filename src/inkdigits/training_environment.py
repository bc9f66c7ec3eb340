"""The process and the machine of a training run: memory, versions, and what the settings record."""

import ctypes
import os
import platform

import numpy as np

from inkdigits.version import __version__

# glibc's mallopt(3): two settings of malloc by number, and their values in bytes.
M_TRIM_THRESHOLD, KEPT_BYTES = -1, 1 << 30
M_MMAP_THRESHOLD, POOLED_BYTES = -3, 1 << 25


def keep_freed_memory() -> None:
    """Let the C library keep freed memory: each training step needs as much again.

    Returning it to the system and getting it again takes a third of the time. Nothing changes if
    the library is not glibc.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):
        return
    mallopt(M_TRIM_THRESHOLD, KEPT_BYTES)
    mallopt(M_MMAP_THRESHOLD, POOLED_BYTES)


def machine(device: str) -> dict[str, object]:
    """Describe the machine that trains, as JSON values."""
    return {
        "device": device,
        "platform": platform.platform(),
        "processors": os.cpu_count(),
        "OPENBLAS_NUM_THREADS": os.environ.get("OPENBLAS_NUM_THREADS"),
    }


def versions() -> dict[str, str]:
    """Return the versions of what determines the weights."""
    return {
        "inkdigits": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
    }
