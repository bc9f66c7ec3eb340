"""Find the size that a video codec declares for a picture, before a decoder makes room for it.

The container of a HEIC or AVIF file declares one too, but decoders go by the codec's.
"""

from dataclasses import dataclass

from inkdigits.imaging.errors import UnsupportedImage, damaged

_HEADER_BYTES = 256  # what is parsed of a parameter set, at most
_SEQUENCE_PARAMETERS = 33  # the type of the NAL unit
_SEQUENCE_HEADER = 1  # the type of the OBU
_MAX_UNITS = 10_000  # of a picture; real ones have a few

Size = tuple[int, int]


class _Bits:
    """Reads numbers of any number of bits."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data), 8 * len(data)

    def read(self, bits: int) -> int:
        self._left -= bits
        if self._left < 0:
            raise damaged("the header of its pixels is truncated")
        return self._value >> self._left & ((1 << bits) - 1)

    def read_exp_golomb(self) -> int:
        """Read an unsigned exponential-Golomb code."""
        zeros = 0
        while not self.read(1):
            zeros += 1
            if zeros > 32:
                raise damaged("the header of its pixels is invalid")
        return (1 << zeros) - 1 + self.read(zeros)


@dataclass(frozen=True)
class HevcParameters:
    """What a sequence parameter set of HEVC declares.

    color  chroma format (0 is gray), bits of luma and of chroma above 8
    """

    size: Size
    color: tuple[int, int, int]

    @property
    def plane_bytes(self) -> int:
        """The memory that the decoded picture takes."""
        chroma, *more_bits = self.color
        samples = {0: 2, 1: 3, 2: 4}.get(chroma, 6)  # of two pixels
        return self.size[0] * self.size[1] * samples * (2 if any(more_bits) else 1) // 2


def hevc_parameters(units: list[bytes]) -> list[HevcParameters]:
    """Parse each sequence parameter set among NAL units of HEVC.

    source  ITU-T H.265, sections 7.3.1.2, 7.3.2.2.1 and 7.3.3
    """
    return [
        _hevc_parameters(unit)
        for unit in units
        if len(unit) > 2 and unit[0] >> 1 & 0x3F == _SEQUENCE_PARAMETERS
    ]


def nal_units(data: bytes, length_bytes: int) -> list[bytes]:
    """Split a picture in HEVC into its NAL units, each of which follows its length."""
    units: list[bytes] = []
    place = 0
    while place < len(data):
        length = int.from_bytes(data[place : place + length_bytes])
        place += length_bytes + length
        if place > len(data) or len(units) == _MAX_UNITS:
            raise damaged("its compressed pixels are truncated")
        units.append(data[place - length : place])
    return units


def _hevc_parameters(unit: bytes) -> HevcParameters:
    # A 3 that follows two zeros was inserted, and is no part of the data.
    bits = _Bits(unit[2:_HEADER_BYTES].replace(b"\0\0\3", b"\0\0"))
    bits.read(4)
    layers = bits.read(3)  # below the highest temporal one
    bits.read(1 + 88 + 8)
    present = [(bits.read(1), bits.read(1)) for _ in range(layers)]
    if layers:
        bits.read(2 * (8 - layers))
    for profile, level in present:
        bits.read(88 * profile + 8 * level)
    bits.read_exp_golomb()
    chroma = bits.read_exp_golomb()
    if chroma == 3:
        bits.read(1)
    size = bits.read_exp_golomb(), bits.read_exp_golomb()
    if bits.read(1):  # a part of it is cropped
        for _ in range(4):
            bits.read_exp_golomb()
    return HevcParameters(size, (chroma, bits.read_exp_golomb(), bits.read_exp_golomb()))


def av1_sizes(data: bytes) -> list[Size]:
    """Return the maximum width and height in each sequence header of a picture in AV1.

    raises  UnsupportedImage for a header that only videos have, and for one whose pictures may be
            more than twice as wide or high as it says
    source  AV1 Bitstream & Decoding Process Specification, sections 5.3, 5.5 and 4.10.5
    """
    sizes: list[Size] = []
    place = 0
    for _ in range(_MAX_UNITS):
        if place >= len(data):
            return sizes
        header = data[place]
        place += 1 + (header >> 2 & 1)
        length = len(data) - place
        if header >> 1 & 1:
            length, place = _leb128(data, place)
        if length < 0 or place + length > len(data):
            raise damaged("its compressed pixels are truncated")
        if header >> 3 & 0xF == _SEQUENCE_HEADER:
            sizes.append(_av1_size(data[place : place + min(length, _HEADER_BYTES)]))
        place += length
    raise damaged("its compressed pixels have too many parts")


def _leb128(data: bytes, place: int) -> tuple[int, int]:
    """Read a number in LEB128; return it, and where it ends."""
    value = 0
    for number, byte in enumerate(data[place : place + 8]):
        value |= (byte & 0x7F) << 7 * number
        if byte < 0x80:
            return value, place + number + 1
    raise damaged("its compressed pixels are truncated")


def _av1_size(header: bytes) -> Size:
    bits = _Bits(header)
    bits.read(4)
    reduced = bits.read(1)
    if reduced:
        bits.read(5)
    else:
        if bits.read(1):  # times, of a video
            raise UnsupportedImage("This AVIF variant is not supported; export it as a PNG.")
        delays = bits.read(1)
        for _ in range(bits.read(5) + 1):
            bits.read(12)
            if bits.read(5) > 7:
                bits.read(1)
            if delays and bits.read(1):
                bits.read(4)
    width_bits, height_bits = bits.read(4) + 1, bits.read(4) + 1
    width, height = bits.read(width_bits) + 1, bits.read(height_bits) + 1
    # The header of a frame may give another size of as many bits.
    if not reduced and (1 << width_bits >= 4 * width or 1 << height_bits >= 4 * height):
        raise UnsupportedImage("This AVIF variant is not supported; export it as a PNG.")
    return width, height
