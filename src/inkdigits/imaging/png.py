"""Validate the chunks of a PNG file and inflate its pixels, strictly and within limits."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from zlib_ng import zlib_ng as zlib  # which inflates a drawing up to 17 times as fast as zlib

from inkdigits.imaging.errors import damaged

SIGNATURE = b"\x89PNG\r\n\x1a\n"
MAX_CHUNKS = 10_000  # libpng writes chunks of 8 KiB: 2,000 in a file of 16 MiB
# Of pixels, inflated. A screenshot of a 6K display has 6,016 x 3,384 pixels of 4 bytes. A decoder
# takes 6 ns for each byte with the slowest filter.
MAX_DATA_BYTES = 80 * 2**20
MAX_TEXT_BYTES = 2**20  # of all compressed texts and profiles of a file together, inflated

MAX_COLORS = 256  # of a palette

GRAY, COLOR, PALETTE, GRAY_ALPHA, COLOR_ALPHA = 0, 2, 3, 4, 6  # color types
_SAMPLES = {GRAY: 1, COLOR: 3, PALETTE: 1, GRAY_ALPHA: 2, COLOR_ALPHA: 4}  # per pixel
_BIT_DEPTHS = {
    GRAY: (1, 2, 4, 8, 16),
    COLOR: (8, 16),
    PALETTE: (1, 2, 4, 8),
    GRAY_ALPHA: (8, 16),
    COLOR_ALPHA: (8, 16),
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

_ONCE = (b"IHDR", b"PLTE", b"tRNS", b"eXIf", b"IEND")
_FRAME = b"fdAT"  # the pixels of an animation's other frames
# What precedes compressed text: keyword and method; in iTXt also a flag and two more texts.
_TEXT_PREFIXES = {
    b"zTXt": re.compile(rb"[^\0]*\x00\x00"),
    b"iCCP": re.compile(rb"[^\0]*\x00\x00"),
    b"iTXt": re.compile(rb"[^\0]*\x00\x01\x00[^\0]*\x00[^\0]*\x00"),
}
_INFLATE_BYTES = 2**16  # at a time
# A zlib stream without compression: how it starts (RFC 1950, section 2.2), the header of each block
# (whether it is the last, the length, its complement), and the longest block (RFC 1951, 3.2.4).
_STORED = b"\x78\x01"
_STORED_BLOCK = struct.Struct("<BHH")
_STORED_BYTES = 2**16 - 1
_STRIP_BYTES = 2**20  # of the rows that are split at a time


@dataclass(frozen=True)
class Header:
    """What a PNG file declares about its pixels."""

    width: int
    height: int
    bit_depth: int
    color_type: int
    interlaced: bool

    @property
    def passes(self) -> list[tuple[int, int]]:
        """Of each pass, the number of its rows, and their bytes: a filter byte and samples."""
        bits = _SAMPLES[self.color_type] * self.bit_depth
        passes = []
        for x, y, step_x, step_y in _ADAM7 if self.interlaced else _SEQUENTIAL:
            columns = (self.width - x + step_x - 1) // step_x
            rows = (self.height - y + step_y - 1) // step_y
            if columns > 0 and rows > 0:
                passes.append((rows, 1 + (columns * bits + 7) // 8))
        return passes

    @property
    def data_bytes(self) -> int:
        """The inflated size of the pixels."""
        return sum(rows * row_bytes for rows, row_bytes in self.passes)


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


def read(data: bytes, header: Header) -> tuple[dict[bytes, bytes], list[bytes]]:
    """Validate all chunks, and return those that affect the image, and its pixels.

    Inflating takes half of a decoder's time, so it is done once, here: the pixels that are returned
    are a zlib stream without compression. Texts, profiles and dates are dropped. An animation has
    an fdAT chunk.

    returns  the other chunks by name, and the stream of the pixels; of 16 bits per sample, a stream
             of the high bytes and one of the low bytes, each as in a PNG of 8 bits per sample
    raises   DamagedImage if a length, a checksum, the first or the last chunk is invalid, if the
             pixels do not inflate to exactly the declared size, if there are more than MAX_CHUNKS
             chunks, or if texts and profiles inflate past MAX_TEXT_BYTES
    source   https://www.w3.org/TR/png-3/
    """
    chunks: dict[bytes, bytes] = {}
    pixels: list[memoryview] = []
    text_bytes = 0
    for name, body in _chunks(data):
        if name == b"IDAT":
            pixels.append(body)
        elif name == _FRAME:
            chunks[name] = b""
        elif name in _ONCE:
            if name in chunks:
                raise damaged("a chunk that may occur only once is repeated")
            chunks[name] = bytes(body)
        elif name in _TEXT_PREFIXES:
            if prefix := _TEXT_PREFIXES[name].match(body):
                text_bytes += _inflated_bytes(body[prefix.end() :], MAX_TEXT_BYTES - text_bytes)
        elif not name[:1].islower():  # ancillary chunks start with a lowercase letter
            raise damaged("it has an unknown critical chunk")
    stream = b"".join(pixels)
    is_16_bit = header.bit_depth == 16
    streams = _split(stream, header) if is_16_bit else _without_compression(stream, header)
    colors, odd = divmod(len(chunks.get(b"PLTE", b"")), 3)
    if odd or not (header.color_type == PALETTE) <= colors <= MAX_COLORS:
        raise damaged("its palette has an invalid size")
    return chunks, streams


def palette(chunks: dict[bytes, bytes]) -> bytes | None:
    """Return the palette of a PNG that has one: red, green, blue and alpha of 256 colors.

    returns  None if its pixels are not numbers of colors; colors that it does not define are black
    raises   DamagedImage if it defines the transparency of more than 256 colors
    """
    if chunks[b"IHDR"][9] != PALETTE:
        return None
    alpha = chunks.get(b"tRNS", b"")
    if len(alpha) > MAX_COLORS:
        raise damaged("it has more transparent colors than a palette may have")
    colors = bytearray(4 * MAX_COLORS)
    samples = chunks[b"PLTE"].ljust(3 * MAX_COLORS, b"\0")
    for channel in range(3):
        colors[channel::4] = samples[channel::3]
    colors[3::4] = alpha.ljust(MAX_COLORS, b"\xff")
    return bytes(colors)


def transparent_color(chunks: dict[bytes, bytes]) -> tuple[int, int, int] | None:
    """Return the color that a PNG without a palette declares transparent.

    returns  red, green and blue, in 16 bits per sample; None if it declares none
    raises   DamagedImage if the declaration has an invalid length
    """
    bit_depth, color_type = chunks[b"IHDR"][8:10]
    if b"tRNS" not in chunks or color_type not in (GRAY, COLOR):
        return None
    if len(chunks[b"tRNS"]) != 2 * _SAMPLES[color_type]:
        raise damaged("its transparent color has an invalid length")
    samples = struct.unpack(f">{_SAMPLES[color_type]}H", chunks[b"tRNS"])
    if bit_depth < 16:
        maximum = 2**bit_depth - 1
        samples = tuple((sample & maximum) * 0xFFFF // maximum for sample in samples)
    red, green, blue = samples if len(samples) == 3 else samples * 3
    return red, green, blue


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
            return
        start = end
    raise damaged(f"it has more than {MAX_CHUNKS:,} chunks")


def _without_compression(stream: bytes, header: Header) -> list[bytes]:
    """Return a zlib stream that inflates to the same pixels."""
    parts, left = [_STORED], header.data_bytes
    for piece in _inflated_pixels(stream, header):
        left -= len(piece)
        parts += [_STORED_BLOCK.pack(left == 0, len(piece), len(piece) ^ 0xFFFF), piece]
    parts.append(stream[-4:])  # the checksum of what it inflates to
    return [b"".join(parts)]


def _split(stream: bytes, header: Header) -> list[bytes]:
    """Return zlib streams of the high and of the low bytes of 16-bit samples, without compression.

    Filters predict a byte from the bytes at the same place in other samples, so each stream can be
    unfiltered by itself.

    source  https://www.w3.org/TR/png-3/, section 9.2
    """
    pixels = bytearray()
    for piece in _inflated_pixels(stream, header):
        pixels += piece
    streams = BytesIO(), BytesIO()
    deflaters = zlib.compressobj(0), zlib.compressobj(0)
    start = 0
    for rows, row_bytes in header.passes:
        strip_rows = max(1, _STRIP_BYTES // row_bytes)
        for top in range(0, rows, strip_rows):
            count = min(strip_rows, rows - top)
            strip = np.frombuffer(pixels, np.uint8, count * row_bytes, start)
            strip = strip.reshape(count, row_bytes)
            start += strip.size
            halves = np.hstack((strip[:, :1], strip[:, 1::2])), np.ascontiguousarray(strip[:, ::2])
            for file, deflater, half in zip(streams, deflaters, halves, strict=True):
                file.write(deflater.compress(half))
    for file, deflater in zip(streams, deflaters, strict=True):
        file.write(deflater.flush())
    return [file.getvalue() for file in streams]


def _inflated_pixels(stream: bytes, header: Header) -> Iterator[bytes]:
    """Inflate the pixels in pieces, exactly as many bytes as the header declares."""
    left = header.data_bytes
    for piece in _inflated(memoryview(stream), left):
        left -= len(piece)
        yield piece
    if left:
        raise damaged("it has fewer pixels than its header declares")


def _inflated_bytes(stream: memoryview, limit: int) -> int:
    """Return how many bytes a zlib stream inflates to, in constant memory."""
    return sum(map(len, _inflated(stream, limit)))


def _inflated(stream: memoryview, limit: int) -> Iterator[bytes]:
    """Inflate a zlib stream in pieces, none of them empty or longer than _STORED_BYTES.

    raises  DamagedImage if it is truncated or invalid, or inflates past the limit
    """
    inflater = zlib.decompressobj()
    total = 0
    try:
        for start in range(0, len(stream), _INFLATE_BYTES):
            pending: bytes | memoryview = stream[start : start + _INFLATE_BYTES]
            while pending:
                piece = inflater.decompress(pending, _STORED_BYTES)
                pending = inflater.unconsumed_tail
                total += len(piece)
                if total > limit:
                    raise damaged("its data inflates past the allowed size")
                if piece:
                    yield piece
            if inflater.eof:
                if inflater.unused_data or start + _INFLATE_BYTES < len(stream):
                    raise damaged("it has data after its compressed stream")
                return
    except zlib.error as error:  # type: ignore[misc] # declared as an instance
        raise damaged("its compressed data is invalid") from error
    raise damaged("its compressed data is truncated")
