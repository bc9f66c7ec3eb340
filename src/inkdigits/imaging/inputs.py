"""Take an image in any form in which Python programs have one: a file, a Pillow image, an array."""

import io
import os
from typing import Any, BinaryIO, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.imaging.decode import PillowImage, convert, decode
from inkdigits.imaging.errors import UnsupportedImage
from inkdigits.imaging.limits import DEFAULT_LIMITS, Limits, check_size

ImageInput: TypeAlias = (
    str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO | PillowImage | NDArray[Any]
)


def to_rgba(
    image: ImageInput, media_type: str | None = None, limits: Limits = DEFAULT_LIMITS
) -> Pixels:
    """Convert an image to RGBA, within limits.

    image       a path; the content of an image file, as bytes or as a file that is open in binary
                mode; a Pillow image; or a NumPy array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4) of
                values as `to_gray_levels` takes them
    media_type  of a file, as declared by its sender, if at all
    limits      of a file; arrays and Pillow images have the default ones
    returns     uint8 (H, W, 4) red, green, blue, alpha
    raises      UnsupportedImage, ImageTooLarge or DamagedImage; OSError if a file cannot be read
    """
    if isinstance(image, (bytes, bytearray, memoryview)):
        return decode(bytes(image), media_type, limits)
    if isinstance(image, np.ndarray):
        return _from_array(image)
    if isinstance(image, PillowImage):
        return convert(image)
    if isinstance(image, (str, os.PathLike)):
        with open(image, "rb") as file:
            return decode(file.read(limits.bytes + 1), media_type, limits)
    if not hasattr(image, "read"):
        raise UnsupportedImage(
            "An image must be a path, bytes, a file, a Pillow image or a NumPy array, not "
            f"{type(image).__name__}."
        )
    # Reading a text file would fail before its content could be looked at.
    content = "" if isinstance(image, io.TextIOBase) else image.read(limits.bytes + 1)
    if not isinstance(content, bytes):
        raise UnsupportedImage('The file is open as text; open it in binary mode, "rb".')
    return decode(content, media_type, limits)


def to_gray_levels(array: NDArray[Any]) -> Pixels:
    """Convert the values of an array to 8 bits.

    array    uint8; uint16 from 0 to 65,535; bool; or float from 0 to 1
    returns  uint8 of the same shape
    raises   UnsupportedImage for other types or values
    """
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return (array >> 8).astype(np.uint8)
    if array.dtype.kind != "f":
        raise UnsupportedImage(
            f"The array has the type {array.dtype}, whose range is not clear; convert it to uint8 "
            "from 0 to 255, or to float from 0 to 1."
        )
    if array.size and not (array.min() >= 0 and array.max() <= 1):
        raise UnsupportedImage(
            "The array is of floating-point numbers outside of 0 to 1; divide them by 255, or by "
            "whatever white is."
        )
    return np.rint(255 * array).astype(np.uint8)


def to_ink(ink: NDArray[Any]) -> Pixels:
    """Convert ink that is already segmented from its background to 8 bits.

    ink      (H, W), 0 is background; values as `to_gray_levels` takes them
    returns  uint8 (H, W), 255 is full ink
    raises   UnsupportedImage for anything else
    """
    if not isinstance(ink, np.ndarray):
        raise UnsupportedImage(f"The ink must be a NumPy array (H, W), not {type(ink).__name__}.")
    if ink.ndim != 2 or not ink.size:
        raise UnsupportedImage(f"The ink has the shape {ink.shape}; it must be (H, W), not empty.")
    return to_gray_levels(ink)


def _from_array(array: NDArray[Any]) -> Pixels:
    channels = array.shape[2] if array.ndim == 3 else 1
    if array.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise UnsupportedImage(
            f"The array has the shape {array.shape}; an image has (H, W), (H, W, 3) or (H, W, 4)."
        )
    check_size((array.shape[1], array.shape[0]))
    levels = to_gray_levels(array)
    if array.ndim == 2:
        levels = levels[:, :, None]
    rgba = np.full((*array.shape[:2], 4), 255, np.uint8)
    rgba[..., : max(3, channels)] = levels
    return rgba
