"""Validate the first page of a TIFF file, and drop all else before it is decoded.

source  TIFF 6.0; Adobe's technical notes 1 and 2 for tiles, JPEG and predictors
"""

import struct
from dataclasses import dataclass, field
from math import ceil

from inkdigits.imaging.errors import ImageError, UnsupportedImage, damaged

SIGNATURES = (b"II*\0", b"MM\0*")
BIG_SIGNATURES = (b"II+\0", b"MM\0+")  # of BigTIFF
MAX_FIELDS = 1_000  # of a page; real ones have a few dozen
MAX_VALUES = 100_000  # of a field: strips, tiles, and colors of a palette
MAX_TILE_PIXELS = 2**22

WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
STRIP_OFFSETS, SAMPLES, STRIP_ROWS, STRIP_BYTES = 273, 277, 278, 279
PLANAR, PALETTE = 284, 320
TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES = 322, 323, 324, 325
SAMPLE_FORMAT = 339
# The others that say how the pixels are stored: fill order, the two options of fax, predictor, the
# meaning of further samples, the tables of JPEG, and four about its colors.
_OTHERS = {266, 292, 293, 317, 338, 347, 529, 530, 531, 532}
_KEPT = _OTHERS | {
    WIDTH, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC, STRIP_OFFSETS, SAMPLES, STRIP_ROWS, STRIP_BYTES,
    PLANAR, PALETTE, TILE_WIDTH, TILE_HEIGHT, TILE_OFFSETS, TILE_BYTES, SAMPLE_FORMAT,
}  # fmt: skip

_TYPE_BYTES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8}
_INTEGERS = {1: "B", 3: "H", 4: "I"}  # the types of unsigned integers
# None, three kinds of fax, LZW, JPEG, two names of deflate, PackBits. Not the old kind of JPEG,
# which was never well defined, and none that needs a decoder which hardly any program has.
_COMPRESSIONS = (1, 2, 3, 4, 5, 7, 8, 32946, 32773)
_COLORS = (0, 1, 2, 3, 5, 6)  # gray with white or black as 0, RGB, palette, CMYK, YCbCr
_MAX_SAMPLES = 5  # CMYK and alpha

_UNSUPPORTED = "This TIFF variant is not supported; export the image as a PNG."


@dataclass(frozen=True)
class Page:
    """What the first page of a file declares.

    fields      each field that says how pixels are stored, as it is in the file, by tag
    values      the values of those that are unsigned integers
    data_bytes  of its pixels, decompressed
    """

    order: str
    width: int
    height: int
    fields: dict[int, bytes]
    values: dict[int, tuple[int, ...]] = field(repr=False)
    data_bytes: int = 0


def size(data: bytes) -> tuple[int, int]:
    """Return the width and height that the first page declares.

    raises  DamagedImage, UnsupportedImage, or struct.error at a missing byte
    """
    page = read_page(data)
    return page.width, page.height


def read_page(data: bytes) -> Page:
    """Parse the first page.

    raises  DamagedImage, UnsupportedImage, or struct.error at a missing byte
    """
    order = "<" if data[:1] == b"I" else ">"
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    if count > MAX_FIELDS:
        raise damaged(f"it has more than {MAX_FIELDS:,} fields")
    fields: dict[int, bytes] = {}
    values: dict[int, tuple[int, ...]] = {}
    for place in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, number = struct.unpack_from(order + "HHI", data, place)
        if tag not in _KEPT:
            continue
        if tag in fields or number > MAX_VALUES or kind not in _TYPE_BYTES:
            raise damaged("a field of its first page is invalid")
        bytes_ = number * _TYPE_BYTES[kind]
        at = place + 8 if bytes_ <= 4 else struct.unpack_from(order + "I", data, place + 8)[0]
        if at + bytes_ > len(data):
            raise damaged("it is truncated")
        fields[tag] = data[place : place + 12]
        if kind in _INTEGERS:
            values[tag] = struct.unpack_from(f"{order}{number}{_INTEGERS[kind]}", data, at)
    try:
        (width,), (height,) = values[WIDTH], values[HEIGHT]
        bits, samples = values.get(BITS, (1,)), _one(values, SAMPLES, 1)
    except (KeyError, ValueError):
        raise damaged("it does not declare its size") from None
    row_bytes = ceil(width * samples * max(bits, default=1) / 8)
    return Page(order, width, height, fields, values, row_bytes * height)


def read(data: bytes) -> bytes:
    """Validate the first page, and return a file of its pixels and nothing else.

    The fields that say how the pixels are stored are copied to the end of the file, where no
    other page, text, profile or thumbnail follows, and none is referred to.

    raises  DamagedImage, UnsupportedImage, or struct.error at a missing byte
    """
    page = read_page(data)
    try:
        _check(page, len(data))
    except ImageError:  # which is a ValueError
        raise
    except (KeyError, ValueError):
        raise damaged("a field of its first page is missing or invalid") from None
    start = len(data) + len(data) % 2
    entries = b"".join(page.fields[tag] for tag in sorted(page.fields))
    directory = struct.pack(page.order + "H", len(page.fields)) + entries + bytes(4)
    header = data[:4] + struct.pack(page.order + "I", start)
    return header + data[8:] + bytes(len(data) % 2) + directory


def _check(page: Page, file_bytes: int) -> None:
    """Check how the pixels are stored.

    raises  DamagedImage, UnsupportedImage, KeyError for a missing field, ValueError for one that
            has not one value
    """
    values = page.values
    bits, samples = values.get(BITS, (1,)), _one(values, SAMPLES, 1)
    if (
        len(set(bits)) != 1
        or bits[0] not in (1, 2, 4, 8, 16)
        or not 1 <= samples <= _MAX_SAMPLES
        or _one(values, COMPRESSION, 1) not in _COMPRESSIONS
        or _one(values, PHOTOMETRIC, None) not in _COLORS
        or _one(values, PLANAR, 1) not in (1, 2)
        or set(values.get(SAMPLE_FORMAT, (1,))) != {1}  # signed, floating-point, complex
    ):
        raise UnsupportedImage(_UNSUPPORTED)
    if TILE_OFFSETS in values:
        width, height = _one(values, TILE_WIDTH, None), _one(values, TILE_HEIGHT, None)
        if width < 1 or height < 1 or width * height > MAX_TILE_PIXELS:
            raise damaged("the size of its tiles is invalid")
        parts = ceil(page.width / width) * ceil(page.height / height)
        offsets, lengths = values[TILE_OFFSETS], values[TILE_BYTES]
    else:
        rows = min(_one(values, STRIP_ROWS, page.height), page.height)
        if rows < 1:
            raise damaged("the size of its strips is invalid")
        parts = ceil(page.height / rows)
        offsets, lengths = values[STRIP_OFFSETS], values[STRIP_BYTES]
    if _one(values, PLANAR, 1) == 2:
        parts *= samples
    # The parts do not overlap, so that decompressing them takes no longer than the file is large.
    if len(offsets) != len(lengths) or len(offsets) != parts or sum(lengths) > file_bytes:
        raise damaged("its strips or tiles do not fit its size")
    if any(offset + length > file_bytes for offset, length in zip(offsets, lengths, strict=True)):
        raise damaged("it is truncated")


def _one(values: dict[int, tuple[int, ...]], tag: int, default: int | None) -> int:
    """Return the only value of a field; raise KeyError or ValueError if there is not one."""
    if tag not in values and default is not None:
        return default
    (value,) = values[tag]
    return value
