"""The arrays that everything here is made of: NumPy's, or CuPy's on a GPU, by one code.

NumPy's functions hand their work to CuPy's where their arguments are CuPy's arrays (NEP 13 and
18), and `np.asarray(x, like=y)` brings x to where y is (NEP 35). So nothing but this module knows
of CuPy: what computes on arrays computes where they are.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]  # float32; float64 where a test checks a gradient
Labels: TypeAlias = NDArray[np.integer[Any]]  # (N,) classes
Pixels: TypeAlias = NDArray[np.uint8]  # (..., 28, 28), 0 is the sheet and 255 is full ink

Generator: TypeAlias = np.random.Generator  # NumPy's on every device, so chances are the same

DEVICES = ("cpu", "cuda")


class DeviceError(Exception):
    """There is no such device here; the message says why and what to do."""


def to_device(array: NDArray[Any], device: str) -> NDArray[Any]:
    """Bring a NumPy array to a device.

    device   "cpu", or "cuda" for NVIDIA's GPU
    returns  the array itself, or a copy on the GPU
    raises   DeviceError if CuPy is not installed, or finds no GPU
    """
    if device == "cpu":
        return array
    try:
        import cupy

        return cupy.asarray(array)
    except ImportError:
        raise DeviceError(
            "CuPy, which computes on the GPU, is not installed: pip install 'inkdigits[cuda]', "
            "or use --device cpu."
        ) from None
    except cupy.cuda.runtime.CUDARuntimeError as error:
        raise DeviceError(f"CuPy finds no GPU to use ({error}): use --device cpu.") from None


def to_host(array: NDArray[Any]) -> NDArray[Any]:
    """Bring an array of any device back to NumPy."""
    host: NDArray[Any] = array.get() if hasattr(array, "get") else array
    return host
