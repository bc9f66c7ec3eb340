"""Limit the cost of the lossless data of a WebP file before it is decoded.

A lossless image may have a group of prefix codes for each block of 4 x 4 pixels. A group takes 20
bits of the file but at least 5 KB of the decoder's memory: 300 KB of file, 350 MB of memory. The
size of the entropy image, which assigns groups to blocks, bounds their number. It follows the
images of the transforms, whose prefix codes must be decoded to find it; their pixels are not kept.

source  RFC 9649, sections 3.4 to 3.8
"""

from inkdigits.imaging.errors import ImageTooLarge, damaged

# Pixels of the entropy image: blocks with prefix codes of their own, each up to 20 KB of memory.
# libwebp writes 2,600 at most (MAX_HUFF_IMAGE_SIZE).
MAX_BLOCKS = 3_000
# Pixels, or runs of them, in the images of the transforms; each takes up to 3 microseconds here.
# libwebp writes a pixel for 16 x 16 or more of the image, in each of two transforms.
MAX_TRANSFORM_CODES = 110_000

_SUBTRACT_GREEN, _PALETTE = 2, 3  # transforms without an image of their own, and with a palette
_LENGTH_ORDER = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
_LITERALS, _LENGTHS, _DISTANCES = 256, 24, 40

# A prefix code: the length of its longest code, and for each value of that many bits ahead in the
# stream, the symbol and the length of its code.
Table = tuple[int, list[tuple[int, int]]]


def check(stream: bytes, width: int, height: int) -> None:
    """Validate the lossless data of a WebP up to the size of its entropy image.

    stream   the data from the first transform on
    raises   DamagedImage if that part violates the specification, ImageTooLarge if a decoder would
             take more memory, or this function more time, than allowed
    """
    bits = _Bits(stream)
    codes_left = MAX_TRANSFORM_CODES
    seen = set()
    while bits.read(1):
        kind = bits.read(2)
        if kind in seen:
            raise damaged("a transform is repeated")
        seen.add(kind)
        if kind == _SUBTRACT_GREEN:
            continue
        if kind == _PALETTE:
            colors = bits.read(8) + 1
            codes_left -= _skip_image(bits, colors, codes_left)
            packing = 3 if colors <= 2 else 2 if colors <= 4 else 1 if colors <= 16 else 0
            width = _blocks(width, packing)  # 2 ** packing pixels of few colors are stored as one
        else:
            size = bits.read(3) + 2
            pixels = _blocks(width, size) * _blocks(height, size)
            codes_left -= _skip_image(bits, pixels, codes_left)
    _read_cache_bits(bits)
    if bits.read(1):
        size = bits.read(3) + 2
        if _blocks(width, size) * _blocks(height, size) > MAX_BLOCKS:
            raise _too_complex()


def _blocks(side: int, bits: int) -> int:
    return (side + (1 << bits) - 1) >> bits


def _too_complex() -> ImageTooLarge:
    return ImageTooLarge("This WebP would take too much work to decode; save it as PNG.")


class _Bits:
    """A stream of bits, least significant first, padded with zeros as far as `peek` looks ahead."""

    def __init__(self, stream: bytes) -> None:
        self.stream = stream
        self.position = 0  # in bits

    def peek(self, count: int) -> int:
        first, shift = divmod(self.position, 8)
        return int.from_bytes(self.stream[first : first + 4], "little") >> shift & (1 << count) - 1

    def read(self, count: int) -> int:
        value = self.peek(count)
        self.skip(count)
        return value

    def skip(self, count: int) -> None:
        self.position += count
        if self.position > 8 * len(self.stream):
            raise damaged("it is truncated")

    def symbol(self, table: Table) -> int:
        longest, entries = table
        symbol, length = entries[self.peek(longest)]
        self.skip(length)
        return symbol


def _read_cache_bits(bits: _Bits) -> int:
    count = bits.read(4) if bits.read(1) else 0
    if count > 11:
        raise damaged("its color cache is too large")
    return count


def _skip_image(bits: _Bits, pixels: int, max_codes: int) -> int:
    """Skip the image of a transform.

    returns  its number of codes, each of which stands for a pixel or a run of them
    raises   ImageTooLarge if there are more than `max_codes`
    """
    cache_bits = _read_cache_bits(bits)
    cache = 1 << cache_bits if cache_bits else 0
    green = _read_code(bits, _LITERALS + _LENGTHS + cache)
    others = [_read_code(bits, _LITERALS) for _ in range(3)]
    distance = _read_code(bits, _DISTANCES)
    coded = [table for table in others if table[0]]  # a single symbol takes no bits
    codes = 0
    while pixels > 0:
        codes += 1
        if codes > max_codes:
            raise _too_complex()
        symbol = bits.symbol(green)
        if symbol < _LITERALS:
            for table in coded:
                bits.symbol(table)
        elif symbol < _LITERALS + _LENGTHS:
            pixels -= _read_number(bits, symbol - _LITERALS) - 1
            _read_number(bits, bits.symbol(distance))
        pixels -= 1
    if pixels < 0:
        raise damaged("a run of pixels is too long")
    return codes


def _read_number(bits: _Bits, prefix: int) -> int:
    """Read a length or a distance, whose prefix determines how many more bits it has."""
    if prefix < 4:
        return prefix + 1
    extra = (prefix - 2) >> 1
    return ((2 + (prefix & 1)) << extra) + bits.read(extra) + 1


def _read_code(bits: _Bits, symbols: int) -> Table:
    """Read a prefix code for a given number of symbols."""
    lengths = [0] * symbols
    if bits.read(1):  # a simple code of one or two symbols
        count = bits.read(1) + 1
        first = bits.read(8 if bits.read(1) else 1)
        lengths[first] = 1
        if count == 2:
            lengths[bits.read(8)] = 1
        return _table(lengths)
    length_lengths = [0] * len(_LENGTH_ORDER)
    for symbol in _LENGTH_ORDER[: 4 + bits.read(4)]:
        length_lengths[symbol] = bits.read(3)
    table = _table(length_lengths)
    left = symbols
    if bits.read(1):
        left = 2 + bits.read(2 + 2 * bits.read(3))
        if left > symbols:
            raise damaged("a prefix code is invalid")
    position, previous = 0, 8
    while position < symbols and left > 0:
        left -= 1
        length = bits.symbol(table)
        repeats = 1
        if length < 16:
            previous = length or previous
        else:
            repeats = bits.read((2, 3, 7)[length - 16]) + (3, 3, 11)[length - 16]
            length = previous if length == 16 else 0
        if position + repeats > symbols:
            raise damaged("a prefix code is invalid")
        lengths[position : position + repeats] = [length] * repeats
        position += repeats
    return _table(lengths)


def _table(lengths: list[int]) -> Table:
    """Build the lookup table of a canonical prefix code.

    lengths  of each symbol's code, 0 if it has none
    raises   DamagedImage if the code is oversubscribed or incomplete
    """
    used = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
    if len(used) == 1:
        return 0, [(used[0][1], 0)]
    longest = used[-1][0] if used else 0
    if sum(1 << (longest - length) for length, _ in used) != 1 << longest:
        raise damaged("a prefix code is invalid")
    entries = [(0, 0)] * (1 << longest)
    code = 0  # the next one, padded to the longest length
    for length, symbol in used:
        # The first bit of a code is the least significant of the bits ahead.
        first = int(f"{code:0{longest}b}"[::-1], 2)
        entries[first :: 1 << length] = [(symbol, length)] * (1 << (longest - length))
        code += 1 << (longest - length)
    return longest, entries
