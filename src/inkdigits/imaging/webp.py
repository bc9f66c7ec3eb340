"""Validate the chunks of a WebP file, and limit the cost of its pixels, before it is decoded."""

import struct
from collections.abc import Iterator

from inkdigits.imaging import vp8l
from inkdigits.imaging.errors import ImageTooLarge, UnsupportedImage, damaged

# Pillow takes 16 bytes per pixel (two canvases, a copy and the result), so this is 200 MiB. Phones
# take 12.5 megapixels; larger photos are JPEGs.
MAX_PIXELS = 13_000_000
MAX_CHUNKS = 10_000  # real files have dozens

_PIXELS = (b"VP8 ", b"VP8L", b"ALPH")


def size(data: bytes) -> tuple[int, int]:
    """Return the width and height that the first chunk declares.

    raises  UnsupportedImage for other RIFF files, such as audio
    """
    if data[8:12] != b"WEBP":
        if len(data) < 12:
            raise damaged("it is truncated")
        raise UnsupportedImage("This RIFF file is not a WebP image; save it in another format.")
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width % 2**14, height % 2**14
    if kind == b"VP8L":
        return _lossless_size(data[20:25])
    if kind == b"VP8X":
        width, width_high, height, height_high = struct.unpack_from("<HBHB", data, 24)
        return (width_high << 16) + width + 1, (height_high << 16) + height + 1
    raise damaged("it does not declare its size")


def read(data: bytes, max_pixels: int = MAX_PIXELS) -> tuple[bytes, bytes, bool]:
    """Validate all chunks.

    returns  the file up to its end, the EXIF block (empty if there is none), and whether the image
             is animated
    raises   DamagedImage if the file violates the specification, ImageTooLarge if it would take
             more memory than allowed
    """
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise damaged("it is truncated")
    data = data[: length + 8]
    if length % 2:  # some encoders leave out the byte that pads the last chunk
        data = data[:4] + struct.pack("<I", length + 1) + data[8:] + b"\0"
    width, height = size(data)
    if width * height > max_pixels:
        raise ImageTooLarge(
            f"The image has {width:,} x {height:,} pixels, more than the {max_pixels:,} allowed in"
            " a WebP; scale it down, or save it as JPEG."
        )
    chunks: dict[bytes, memoryview] = {}
    for name, body in _chunks(data):
        if name in chunks and name in _PIXELS:
            raise damaged("it has two images")
        chunks.setdefault(name, body)
    if b"ANIM" in chunks or b"ANMF" in chunks:
        return data, b"", True
    if lossless := chunks.get(b"VP8L"):
        vp8l.check(bytes(lossless[5:]), *_lossless_size(lossless))
    # The alpha channel of a lossy image may be lossless as well: compression method 1.
    if (alpha := chunks.get(b"ALPH")) and alpha[0] % 4 == 1:
        vp8l.check(bytes(alpha[1:]), width, height)
    return data, bytes(chunks.get(b"EXIF", b"")), False


def _lossless_size(stream: bytes | memoryview) -> tuple[int, int]:
    (bits,) = struct.unpack_from("<I", stream, 1)
    return bits % 2**14 + 1, (bits >> 14) % 2**14 + 1


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(data)
    start = 12
    for _ in range(MAX_CHUNKS):
        if start == len(data):
            return
        name, length = struct.unpack_from("<4sI", data, start)
        yield name, view[start + 8 : start + 8 + length]
        start += 8 + length + length % 2
    raise damaged(f"it has more than {MAX_CHUNKS:,} chunks")
