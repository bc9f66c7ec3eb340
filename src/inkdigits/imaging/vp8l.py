"""Bounds what a decoder must do for the lossless data of a WebP file, before one sees it.

A lossless picture may have a set of prefix codes for each block of 4 x 4 pixels. A set takes 20
bits of the file but at least 5 KB of the decoder's memory: 300 KB of file, 350 MB of memory. How
many sets there may be is known from the size of the picture that tells which block uses which; it
stands behind the pictures of the transforms, whose prefix codes have to be followed to find it.
Their pixels are not kept.

source  RFC 9649, sections 3.4 to 3.8
"""

from inkdigits.imaging.errors import ImageTooLarge, damaged

# Blocks that may each have prefix codes of their own; each takes up to 20 KB of memory. libwebp
# writes 2,600 at most (MAX_HUFF_IMAGE_SIZE).
MOST_BLOCKS = 3_000
# Pixels, or runs of them, in the pictures of the transforms; each takes up to 3 microseconds here.
# libwebp writes a pixel for 16 x 16 of the picture or more, in each of two transforms.
MOST_TRANSFORM_CODES = 110_000

_SUBTRACT_GREEN, _PALETTE = 2, 3  # the transforms without a picture, and with another
_LENGTH_ORDER = (17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15)
_LITERALS, _LENGTHS, _DISTANCES = 256, 24, 40

# A prefix code as a table: for the next bits of the stream, as many as its longest code has, the
# symbol and the bits that its code takes.
Table = tuple[int, list[tuple[int, int]]]


def check(stream: bytes, width: int, height: int) -> None:
    """Follow the lossless data of a WebP up to the picture of its prefix codes.

    stream   the data from the first transform on
    raises   DamagedImage if it breaks the format's rules there, ImageTooLarge if it would take a
             decoder more memory, or this function more time, than a bound allows
    """
    bits = _Bits(stream)
    codes_left = MOST_TRANSFORM_CODES
    seen = set()
    while bits.read(1):
        kind = bits.read(2)
        if kind in seen:
            raise damaged("it has a transform twice")
        seen.add(kind)
        if kind == _SUBTRACT_GREEN:
            continue
        if kind == _PALETTE:
            colors = bits.read(8) + 1
            codes_left -= _skip_picture(bits, colors, codes_left)
            width = _blocks(width, 3 if colors <= 2 else 2 if colors <= 4 else colors <= 16)
        else:
            size = bits.read(3) + 2
            pixels = _blocks(width, size) * _blocks(height, size)
            codes_left -= _skip_picture(bits, pixels, codes_left)
    _read_cache_bits(bits)
    if bits.read(1):
        size = bits.read(3) + 2
        if _blocks(width, size) * _blocks(height, size) > MOST_BLOCKS:
            raise _too_complex()


def _blocks(side: int, bits: int) -> int:
    return (side + (1 << bits) - 1) >> bits


def _too_complex() -> ImageTooLarge:
    return ImageTooLarge("The picture is a WebP of a rare, costly kind; save it as PNG.")


class _Bits:
    """A stream of bits, the lowest of each byte first; zeros follow its end, as few as matter."""

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
            raise damaged("it is cut off")

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


def _skip_picture(bits: _Bits, pixels: int, most: int) -> int:
    """Pass over a picture that a transform uses.

    returns  how many codes it has, each of which gives a pixel or a run of them
    raises   ImageTooLarge if they are more than `most`
    """
    cache_bits = _read_cache_bits(bits)
    cache = 1 << cache_bits if cache_bits else 0
    green = _read_code(bits, _LITERALS + _LENGTHS + cache)
    others = [_read_code(bits, _LITERALS) for _ in range(3)]
    distance = _read_code(bits, _DISTANCES)
    read = [table for table in others if table[0]]  # a single symbol takes no bits
    codes = 0
    while pixels > 0:
        codes += 1
        if codes > most:
            raise _too_complex()
        symbol = bits.symbol(green)
        if symbol < _LITERALS:
            for table in read:
                bits.symbol(table)
        elif symbol < _LITERALS + _LENGTHS:
            pixels -= _read_number(bits, symbol - _LITERALS) - 1
            _read_number(bits, bits.symbol(distance))
        pixels -= 1
    if pixels < 0:
        raise damaged("a run in it is too long")
    return codes


def _read_number(bits: _Bits, prefix: int) -> int:
    """Read a length or a distance, whose prefix says how many more bits it has."""
    if prefix < 4:
        return prefix + 1
    extra = (prefix - 2) >> 1
    return ((2 + (prefix & 1)) << extra) + bits.read(extra) + 1


def _read_code(bits: _Bits, symbols: int) -> Table:
    """Read a prefix code of so many symbols."""
    lengths = [0] * symbols
    if bits.read(1):  # of one or two symbols
        count = bits.read(1) + 1
        first = bits.read(8 if bits.read(1) else 1)
        lengths[first] = 1
        if count == 2:
            lengths[bits.read(8)] = 1
        return _table(lengths)
    of_lengths = [0] * len(_LENGTH_ORDER)
    for symbol in _LENGTH_ORDER[: 4 + bits.read(4)]:
        of_lengths[symbol] = bits.read(3)
    table = _table(of_lengths)
    left = symbols
    if bits.read(1):
        left = 2 + bits.read(2 + 2 * bits.read(3))
        if left > symbols:
            raise damaged("a prefix code in it is wrong")
    place, previous = 0, 8
    while place < symbols and left > 0:
        left -= 1
        length = bits.symbol(table)
        repeats = 1
        if length < 16:
            previous = length or previous
        else:
            repeats = bits.read((2, 3, 7)[length - 16]) + (3, 3, 11)[length - 16]
            length = previous if length == 16 else 0
        if place + repeats > symbols:
            raise damaged("a prefix code in it is wrong")
        lengths[place : place + repeats] = [length] * repeats
        place += repeats
    return _table(lengths)


def _table(lengths: list[int]) -> Table:
    """Make the table of a canonical prefix code.

    lengths  of each symbol's code, 0 if it has none
    raises   DamagedImage if the codes are too many, or leave some bits without a symbol
    """
    used = sorted((length, symbol) for symbol, length in enumerate(lengths) if length)
    if len(used) == 1:
        return 0, [(used[0][1], 0)]
    longest = used[-1][0] if used else 0
    if sum(1 << (longest - length) for length, _ in used) != 1 << longest:
        raise damaged("a prefix code in it is wrong")
    entries = [(0, 0)] * (1 << longest)
    code = 0  # the next one, as if all were of the longest length
    for length, symbol in used:
        # The first bit of a code is the lowest of those that lie ahead.
        first = int(f"{code:0{longest}b}"[::-1], 2)
        entries[first :: 1 << length] = [(symbol, length)] * (1 << (longest - length))
        code += 1 << (longest - length)
    return longest, entries
