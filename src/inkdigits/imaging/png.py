"""Validate the chunks of a PNG file, strictly and within limits, before it is decoded."""

import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from inkdigits.imaging.errors import damaged

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 10_000  # libpng writes chunks of 8 KiB: 2,000 in a file of 16 MiB
# Of pixels, inflated. A screenshot of a 6K display has 6,016 x 3,384 pixels of 4 bytes. A decoder
# takes 6 ns for each byte with the slowest filter.
MAX_DATA_BYTES = 80 * 2**20
MAX_TEXT_BYTES = 2**20  # of all compressed texts and profiles of a file together, inflated

_GRAY, _COLOR, _PALETTE, _GRAY_ALPHA, _COLOR_ALPHA = 0, 2, 3, 4, 6
_SAMPLES = {_GRAY: 1, _COLOR: 3, _PALETTE: 1, _GRAY_ALPHA: 2, _COLOR_ALPHA: 4}  # per pixel
_BIT_DEPTHS = {
    _GRAY: (1, 2, 4, 8, 16),
    _COLOR: (8, 16),
    _PALETTE: (1, 2, 4, 8),
    _GRAY_ALPHA: (8, 16),
    _COLOR_ALPHA: (8, 16),
}
# Of each pass: x and y of its first pixel, and the steps to the next ones.
_SEQUENTIAL = ((0, 0, 1, 1),)
_ADAM7 = (
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)

_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"acTL", b"IEND")
# What precedes compressed text: keyword and method; in iTXt also a flag and two more texts.
_TEXT_PREFIXES = {
    b"zTXt": re.compile(rb"[^\0]*\x00\x00"),
    b"iCCP": re.compile(rb"[^\0]*\x00\x00"),
    b"iTXt": re.compile(rb"[^\0]*\x00\x01\x00[^\0]*\x00[^\0]*\x00"),
}
_INFLATE_BYTES = 2**16  # at a time


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
        """The inflated size of the pixels: a filter byte and samples for each row of each pass."""
        bits = _SAMPLES[self.color_type] * self.bit_depth
        total = 0
        for x, y, step_x, step_y in _ADAM7 if self.interlaced else _SEQUENTIAL:
            columns = (self.width - x + step_x - 1) // step_x
            rows = (self.height - y + step_y - 1) // step_y
            if columns > 0 and rows > 0:
                total += rows * (1 + (columns * bits + 7) // 8)
        return total


def read_header(data: bytes) -> Header:
    """Parse the header chunk, and nothing after it.

    raises  DamagedImage if it is missing, or declares what the specification does not allow
    """
    if len(data) < 33:
        raise damaged("it is truncated")
    length, name = struct.unpack_from(">I4s", data, 8)
    if not data.startswith(SIGNATURE) or (length, name) != (13, b"IHDR"):
        raise damaged("it does not start with a header chunk")
    width, height, bit_depth, color_type, compression, filtering, interlacing = struct.unpack_from(
        ">IIBBBBB", data, 16
    )
    if (
        bit_depth not in _BIT_DEPTHS.get(color_type, ())
        or (compression, filtering) != (0, 0)
        or interlacing > 1
    ):
        raise damaged("its header declares an invalid pixel format")
    return Header(width, height, bit_depth, color_type, interlacing == 1)


def read(data: bytes) -> dict[bytes, bytes]:
    """Validate all chunks, and return those that affect the image, its pixels joined into one IDAT.

    Texts, profiles and dates are dropped. An animation has an acTL chunk.

    returns  the chunks by name
    raises   DamagedImage if a length, a checksum, the first or the last chunk is invalid, if the
             pixels do not inflate to exactly the declared size, if there are more than MAX_CHUNKS
             chunks, or if texts and profiles inflate past MAX_TEXT_BYTES
    source   https://www.w3.org/TR/png-3/
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
                raise damaged("a chunk that may occur only once is repeated")
            chunks[name] = bytes(body)
        elif name in _TEXT_PREFIXES:
            if prefix := _TEXT_PREFIXES[name].match(body):
                text_bytes += _inflated_bytes(body[prefix.end() :], MAX_TEXT_BYTES - text_bytes)
        elif not name[:1].islower():  # ancillary chunks start with a lowercase letter
            raise damaged("it has an unknown critical chunk")
    chunks[b"IDAT"] = b"".join(pixels)
    if _inflated_bytes(memoryview(chunks[b"IDAT"]), header.data_bytes) != header.data_bytes:
        raise damaged("it has fewer pixels than its header declares")
    colors, odd = divmod(len(chunks.get(b"PLTE", b"")), 3)
    if odd or not (header.color_type == _PALETTE) <= colors <= 256:
        raise damaged("its palette has an invalid size")
    return chunks


def transparent_color(chunks: dict[bytes, bytes]) -> tuple[int, int, int] | None:
    """Return the color, in 8-bit RGB, that a PNG without a palette declares transparent.

    returns  None if it declares none
    raises   DamagedImage if the declaration has an invalid length
    """
    bit_depth, color_type = chunks[b"IHDR"][8:10]
    if b"tRNS" not in chunks or color_type not in (_GRAY, _COLOR):
        return None
    if len(chunks[b"tRNS"]) != 2 * _SAMPLES[color_type]:
        raise damaged("its transparent color has an invalid length")
    samples = struct.unpack(f">{_SAMPLES[color_type]}H", chunks[b"tRNS"])
    if bit_depth == 16:
        levels = [sample >> 8 for sample in samples]
    else:
        maximum = 2**bit_depth - 1
        levels = [(sample & maximum) * 255 // maximum for sample in samples]
    red, green, blue = levels if len(levels) == 3 else levels * 3
    return red, green, blue


def write(chunks: dict[bytes, bytes]) -> bytes:
    """Assemble a PNG file from its chunks, in their order."""
    parts = [SIGNATURE]
    for name, body in chunks.items():
        checksum = zlib.crc32(body, zlib.crc32(name))
        parts += [struct.pack(">I", len(body)), name, body, struct.pack(">I", checksum)]
    return b"".join(parts)


def _chunks(data: bytes) -> Iterator[tuple[bytes, memoryview]]:
    view = memoryview(data)
    start = len(SIGNATURE)
    for _ in range(MAX_CHUNKS):
        if start + 12 > len(data):
            raise damaged("it is truncated")
        length, name = struct.unpack_from(">I4s", data, start)
        end = start + 12 + length
        if end > len(data):
            raise damaged("it is truncated")
        if zlib.crc32(view[start + 4 : end - 4]) != int.from_bytes(view[end - 4 : end]):
            raise damaged("a checksum does not match")
        yield name, view[start + 8 : end - 4]
        if name == b"IEND":
            if end != len(data):
                raise damaged("it has data after its end")
            return
        start = end
    raise damaged(f"it has more than {MAX_CHUNKS:,} chunks")


def _inflated_bytes(stream: memoryview, limit: int) -> int:
    """Return how many bytes a zlib stream inflates to, in constant memory."""
    inflater = zlib.decompressobj()
    total = 0
    try:
        for start in range(0, len(stream), _INFLATE_BYTES):
            pending: bytes | memoryview = stream[start : start + _INFLATE_BYTES]
            while pending:
                total += len(inflater.decompress(pending, _INFLATE_BYTES))
                if total > limit:
                    raise damaged("its data inflates past the allowed size")
                pending = inflater.unconsumed_tail
            if inflater.eof:
                if inflater.unused_data or start + _INFLATE_BYTES < len(stream):
                    raise damaged("it has data after its compressed stream")
                return total
    except zlib.error as error:
        raise damaged("its compressed data is invalid") from error
    raise damaged("its compressed data is truncated")
