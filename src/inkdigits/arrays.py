"""Array types: NumPy's, or CuPy's on a GPU, with the same code.

NumPy's functions dispatch to CuPy if their arguments are CuPy arrays (NEP 13 and 18), and
`np.asarray(x, like=y)` moves x to y's device (NEP 35). So only this module imports CuPy: all other
code computes wherever its arrays are.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]  # float32; float64 where a test checks a gradient
Labels: TypeAlias = NDArray[np.integer[Any]]  # (N,) classes
Pixels: TypeAlias = NDArray[np.uint8]  # (..., H, W), 0 is background and 255 full ink

Generator: TypeAlias = np.random.Generator  # NumPy's on every device, so the numbers are the same

DEVICES = ("cpu", "cuda")


class DeviceError(Exception):
    """The device is not available; the message says why and what to do."""


def to_device(array: NDArray[Any], device: str) -> NDArray[Any]:
    """Move a NumPy array to a device.

    device   "cpu", or "cuda" for an NVIDIA GPU
    returns  the array itself, or a copy on the GPU
    raises   DeviceError if CuPy is not installed or finds no GPU
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
        raise DeviceError(f"CuPy does not find a GPU ({error}): use --device cpu.") from None


def to_host(array: NDArray[Any]) -> NDArray[Any]:
    """Move an array from any device to NumPy."""
    host: NDArray[Any] = array.get() if hasattr(array, "get") else array
    return host
