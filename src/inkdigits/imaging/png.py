"""Reads the chunks of a PNG file, strictly and within bounds, before anything decodes it."""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MOST_CHUNKS = 10_000  # libpng writes 8 KiB of pixels a chunk: 2,000 chunks in a file of 16 MiB
# Of pixels, inflated: a screenshot of a 6K display has 6,016 x 3,384 pixels of 4 bytes. A decoder
# that has to undo the slowest filter takes 6 ns for each byte.
MOST_DATA_BYTES = 80 * 2**20
MOST_TEXT_BYTES = 2**20  # of all compressed texts and profiles of a file together, inflated

_GREY, _COLOR, _PALETTE, _GREY_ALPHA, _COLOR_ALPHA = 0, 2, 3, 4, 6
_SAMPLES = {_GREY: 1, _COLOR: 3, _PALETTE: 1, _GREY_ALPHA: 2, _COLOR_ALPHA: 4}  # of a pixel
_BIT_DEPTHS = {
    _GREY: (1, 2, 4, 8, 16),
    _COLOR: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _GREY_ALPHA: (8, 16),
    _COLOR_ALPHA: (8, 16),
}
_WHOLE = ((0, 0, 1, 1),)  # x, y of the first pixel, and the steps to the next ones
_INTERLACED = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)

_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"acTL", b"IEND")
# What precedes the compressed part: keyword and method; in iTXt also a flag and two more texts.
_BEFORE_TEXT = {
    b"zTXt": re.compile(rb"[^\0]*\x00\x00"),
    b"iCCP": re.compile(rb"[^\0]*\x00\x00"),
    b"iTXt": re.compile(rb"[^\0]*\x00\x01\x00[^\0]*\x00[^\0]*\x00"),
}
_PIECE = 2**16  # bytes that are inflated at a time


class DamagedPng(ValueError):
    """The file breaks the PNG specification, or a bound; the message is a clause that says how."""


@dataclass(frozen=True)
class Header:
    """What a PNG file declares about its pixels."""

    width: int
    height: int
    bit_depth: int
    color_type: int
    interlaced: bool

    @property
    def data_bytes(self) -> int:
        """Bytes that the pixels inflate to: for each row of each pass a filter byte and samples."""
        bits = _SAMPLES[self.color_type] * self.bit_depth
        total = 0
        for x, y, step_x, step_y in _INTERLACED if self.interlaced else _WHOLE:
            columns = (self.width - x + step_x - 1) // step_x
            rows = (self.height - y + step_y - 1) // step_y
            if columns > 0 and rows > 0:
                total += rows * (1 + (columns * bits + 7) // 8)
        return total


def read_header(data: bytes) -> Header:
    """Return what the first chunk declares; nothing behind it is looked at.

    raises  DamagedPng if there is no such chunk, or it declares what the specification lacks
    """
    if len(data) < 33:
        raise DamagedPng("it is cut off")
    length, name = struct.unpack_from(">I4s", data, 8)
    if not data.startswith(SIGNATURE) or (length, name) != (13, b"IHDR"):
        raise DamagedPng("it does not begin with its header")
    width, height, bit_depth, color_type, compression, filtering, interlacing = struct.unpack_from(
        ">IIBBBBB", data, 16
    )
    if (
        bit_depth not in _BIT_DEPTHS.get(color_type, ())
        or (compression, filtering) != (0, 0)
        or interlacing > 1
    ):
        raise DamagedPng("its header declares an unknown kind of pixels")
    return Header(width, height, bit_depth, color_type, interlacing == 1)


def read(data: bytes) -> dict[bytes, bytes]:
    """Return the chunks that matter for the picture by name, with the pixels joined into one IDAT.

    All chunks are checked; texts, profiles and dates are left out. An animation shows by its acTL.

    raises  DamagedPng if a length, a checksum, the first or the last chunk is wrong, if the pixels
            do not inflate to exactly the declared size, if there are more than MOST_CHUNKS chunks,
            or if texts and profiles inflate past MOST_TEXT_BYTES
    source  https://www.w3.org/TR/png-3/
    """
    header = read_header(data)
    chunks: dict[bytes, bytes] = {}
    pixels: list[memoryview] = []
    text_bytes = 0
    for name, body in _chunks(data):
        if name == b"IDAT":
            pixels.append(body)
        elif name in _KEPT:
            if name in chunks:
                raise DamagedPng("it has a chunk twice that may stand in it only once")
            chunks[name] = bytes(body)
        elif name in _BEFORE_TEXT:
            if before := _BEFORE_TEXT[name].match(body):
                text_bytes += _inflated_bytes(body[before.end() :], MOST_TEXT_BYTES - text_bytes)
        elif not name[:1].islower():  # what starts with a small letter may be passed over
            raise DamagedPng("it has a chunk of an unknown kind")
    chunks[b"IDAT"] = b"".join(pixels)
    if _inflated_bytes(memoryview(chunks[b"IDAT"]), header.data_bytes) != header.data_bytes:
        raise DamagedPng("it has fewer pixels than it declares")
    colors, odd = divmod(len(chunks.get(b"PLTE", b"")), 3)
    if odd or not (header.color_type == _PALETTE) <= colors <= 256:
        raise DamagedPng("its palette has no right size")
    return chunks


def transparent_color(chunks: dict[bytes, bytes]) -> tuple[int, int, int] | None:
    """Return the one color, in 8-bit RGB, that a PNG without a palette declares transparent.

    returns  None if it declares none
    raises   DamagedPng if the declaration has another length than the specification says
    """
    bit_depth, color_type = chunks[b"IHDR"][8:10]
    if b"tRNS" not in chunks or color_type not in (_GREY, _COLOR):
        return None
    if len(chunks[b"tRNS"]) != 2 * _SAMPLES[color_type]:
        raise DamagedPng("its transparent color has no right length")
    samples = struct.unpack(f">{_SAMPLES[color_type]}H", chunks[b"tRNS"])
    if bit_depth == 16:
        levels = [sample >> 8 for sample in samples]
    else:
        most = 2**bit_depth - 1
        levels = [(sample & most) * 255 // most for sample in samples]
    red, green, blue = levels if len(levels) == 3 else levels * 3
    return red, green, blue


def write(chunks: dict[bytes, bytes]) -> bytes:
    """Return the PNG file that has these chunks, in this order."""
    parts = [SIGNATURE]
    for name, body in chunks.items():
        checksum = zlib.crc32(body, zlib.crc32(name))
        parts += [struct.pack(">I", len(body)), name, body, struct.pack(">I", checksum)]
    return b"".join(parts)


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(data)
    start = len(SIGNATURE)
    for _ in range(MOST_CHUNKS):
        if start + 12 > len(data):
            raise DamagedPng("it is cut off")
        length, name = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if end > len(data):
            raise DamagedPng("it is cut off")
        if zlib.crc32(view[start + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
            raise DamagedPng("a checksum in it is wrong")
        yield name, view[start + 8 : end - 4]
        if name == b"IEND":
            if end != len(data):
                raise DamagedPng("it has bytes behind its end")
            return
        start = end
    raise DamagedPng(f"it has more than {MOST_CHUNKS:,} chunks")


def _inflated_bytes(stream: memoryview, limit: int) -> int:
    """Return how many bytes a zlib stream inflates to, never holding more than a piece of them."""
    inflater = zlib.decompressobj()
    total = 0
    try:
        for start in range(0, len(stream), _PIECE):
            waiting: bytes | memoryview = stream[start : start + _PIECE]
            while waiting:
                total += len(inflater.decompress(waiting, _PIECE))
                if total > limit:
                    raise DamagedPng("it inflates past the size that it may have")
                waiting = inflater.unconsumed_tail
            if inflater.eof:
                if inflater.unused_data or start + _PIECE < len(stream):
                    raise DamagedPng("it has bytes behind its compressed data")
                return total
    except zlib.error as error:
        raise DamagedPng("its compressed data is wrong") from error
    raise DamagedPng("its compressed data is cut off")
