"""Turn an image upright, as its EXIF orientation says."""

import struct

import numpy as np

from inkdigits.arrays import Pixels

ORIENTATION_TAG = 0x0112  # of EXIF, and of TIFF
_SHORT = 3  # the type of the field


def apply_orientation(pixels: Pixels, orientation: int) -> Pixels:
    """Turn and mirror an image.

    pixels       uint8 (H, W, 4)
    orientation  1 to 8; any other number is 1, upright
    returns      uint8 (H, W, 4) or (W, H, 4), contiguous
    """
    packed = pixels.view(np.uint32)[..., 0]  # copying a pixel as one number is much faster
    if orientation in (5, 6, 7, 8):
        packed = packed.T
    if orientation in (3, 4, 7, 8):
        packed = packed[::-1]
    if orientation in (2, 3, 6, 7):
        packed = packed[:, ::-1]
    return np.ascontiguousarray(packed)[..., None].view(np.uint8)


def read_orientation(exif: bytes) -> int:
    """Return the orientation that an EXIF block, or a TIFF file, declares: 1 to 8, 1 by default.

    source  EXIF 2.32, 4.6.4 (tag 0x0112) and TIFF 6.0, section 2
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(entries):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, start + 2 + 12 * entry)
            if (tag, kind) == (ORIENTATION_TAG, _SHORT):
                return value if 1 <= value <= 8 else 1
    except struct.error:  # a damaged EXIF block does not make the pixels unusable
        pass
    return 1
