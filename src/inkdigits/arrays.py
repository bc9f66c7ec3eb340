"""Array types: NumPy's, or CuPy's on a GPU, with the same code.

NumPy's functions dispatch to CuPy if their arguments are CuPy arrays (NEP 13 and 18), and
`np.asarray(x, like=y)` moves x to y's device (NEP 35). So only this module imports CuPy: all other
code computes wherever its arrays are.
"""

from math import ceil
from typing import Any, TypeAlias

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Array: TypeAlias = NDArray[np.floating[Any]]  # float32; float64 where a test checks a gradient
Labels: TypeAlias = NDArray[np.integer[Any]]  # (N,) classes
Pixels: TypeAlias = NDArray[np.uint8]  # (..., H, W), 0 is background and 255 full ink

Generator: TypeAlias = np.random.Generator  # NumPy's on every device, so the numbers are the same

DEVICES = ("cpu", "cuda")
PART_BYTES = 1_500_000  # the second-level cache of one core: 1 to 3 MB are equally fast


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


def batch_parts(x: NDArray[Any], bytes_each: int) -> list[slice]:
    """Split a batch into parts whose intermediate results fit in a processor core's cache.

    x           (N, ...), on any device
    bytes_each  size of the intermediate results of one example
    returns     slices of the first axis, equal but for the last; a single one on a GPU, which is
                fastest with everything at once
    """
    if len(x) == 1:
        return [slice(None)]
    most = max(1, PART_BYTES // max(1, bytes_each))
    parts = ceil(len(x) / most) if isinstance(x, np.ndarray) else 1
    size = max(1, ceil(len(x) / max(1, parts)))
    return [slice(first, first + size) for first in range(0, len(x), size)]


def sliding_windows(x: NDArray[Any], kernel_size: int) -> NDArray[Any]:
    """View the images through a window at each position, without copying.

    x            (N, H, W, C), on any device
    kernel_size  K, height and width of the window in pixels
    returns      (N, H - K + 1, W - K + 1, K, K C), read-only: each row of a window is contiguous
    raises       ValueError if no window fits in an image
    """
    images, height, width, channels = x.shape
    flat = x.reshape(images, height, width * channels)
    fits = kernel_size <= min(height, width)
    if not (isinstance(x, np.ndarray) and flat.flags.c_contiguous and fits):
        windows = sliding_window_view(flat, (kernel_size, kernel_size * channels), axis=(1, 2))
        return windows[:, :, ::channels]
    # The same view at a tenth of the cost, which is a quarter of the time for a single image.
    image, row, value = flat.strides
    windows = np.ndarray(
        (
            images,
            height - kernel_size + 1,
            width - kernel_size + 1,
            kernel_size,
            kernel_size * channels,
        ),
        x.dtype,
        flat,
        strides=(image, row, channels * value, row, value),
    )
    windows.flags.writeable = False
    return windows
