"""Reads the chunks of a WebP file, and bounds what its pixels cost, before anything decodes it."""

import struct
from collections.abc import Iterator

from inkdigits.imaging import vp8l
from inkdigits.imaging.errors import ImageTooLarge, UnsupportedImage, damaged

# Pillow's decoder holds 16 bytes for a pixel: two canvases, a copy, and what becomes of it. So this
# is 200 MiB. Phones take 12.5 megapixels or, as JPEG alone, more.
MOST_PIXELS = 13_000_000
MOST_CHUNKS = 10_000  # real files have dozens

_PIXELS = (b"VP8 ", b"VP8L", b"ALPH")


def size(data: bytes) -> tuple[int, int]:
    """Return the width and height that the first chunk declares.

    raises  UnsupportedImage if it is another RIFF file, such as sound
    """
    if data[8:12] != b"WEBP":
        if len(data) < 12:
            raise damaged("it is cut off")
        raise UnsupportedImage("This RIFF file is no WebP picture; save it as PNG.")
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width % 2**14, height % 2**14
    if kind == b"VP8L":
        return _lossless_size(data[20:25])
    if kind == b"VP8X":
        width, width_high, height, height_high = struct.unpack_from("<HBHB", data, 24)
        return (width_high << 16) + width + 1, (height_high << 16) + height + 1
    raise damaged("it does not state its size")


def read(data: bytes) -> tuple[bytes, bool]:
    """Check all chunks.

    returns  the EXIF block, empty if there is none, and whether the picture is animated
    raises   DamagedImage if the file breaks the format's rules, ImageTooLarge if it would take more
             memory than a bound allows
    """
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise damaged("it is cut off")
    if length + 8 < len(data):
        raise damaged("it has bytes behind its end")
    width, height = size(data)
    if width * height > MOST_PIXELS:
        raise ImageTooLarge(
            f"The picture has {width:,} x {height:,} pixels, more than the {MOST_PIXELS:,} that are"
            " allowed in a WebP; scale it down, or save it as JPEG."
        )
    chunks: dict[bytes, memoryview] = {}
    for name, body in _chunks(data):
        if name in chunks and name in _PIXELS:
            raise damaged("it has two pictures")
        chunks.setdefault(name, body)
    if b"ANIM" in chunks or b"ANMF" in chunks:
        return b"", True
    if lossless := chunks.get(b"VP8L"):
        vp8l.check(bytes(lossless[5:]), *_lossless_size(lossless))
    # What the transparency of a picture with loss is compressed with: 1 is lossless as well.
    if (alpha := chunks.get(b"ALPH")) and alpha[0] % 4 == 1:
        vp8l.check(bytes(alpha[1:]), width, height)
    return bytes(chunks.get(b"EXIF", b"")), False


def _lossless_size(stream: bytes | memoryview) -> tuple[int, int]:
    (bits,) = struct.unpack_from("<I", stream, 1)
    return bits % 2**14 + 1, (bits >> 14) % 2**14 + 1


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(data)
    start = 12
    for _ in range(MOST_CHUNKS):
        if start == len(data):
            return
        name, length = struct.unpack_from("<4sI", data, start)
        yield name, view[start + 8 : start + 8 + length]
        start += 8 + length + length % 2
    raise damaged(f"it has more than {MOST_CHUNKS:,} parts")
