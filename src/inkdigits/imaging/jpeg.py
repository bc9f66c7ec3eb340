"""Validate the segments of a JPEG file, and limit the cost of its scans, before it is decoded."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from inkdigits.imaging.errors import ImageTooLarge, UnsupportedImage, damaged

MAX_SEGMENTS = 10_000  # real files have dozens
MAX_SCANS = 100  # real files have ten
# Sum over all scans of their blocks of 8 x 8 coefficients. A decoder takes 20 ns for a block even
# if nothing in it changes, however few bytes the scan has. libjpeg's ten scans sum to 8 million for
# 64 megapixels with chroma at half resolution, MozJPEG's to 7 million for 24 megapixels with chroma
# at full resolution.
MAX_BLOCK_PASSES = 10_000_000

# 0xFF bytes in a row. Any number may precede a marker, and hardly any encoder writes one. Pillow
# copies those that it has buffered again for each 64 KiB that it reads.
MAX_FILL_BYTES = 2**10

_FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = 0xC2
_SCAN, _END = 0xDA, 0xD9
_JFIF, _EXIF, _ADOBE = 0xE0, 0xE1, 0xEE
_METADATA = {*range(0xE0, 0xF0), 0xFE} - {_JFIF, _ADOBE}  # these two define the color space
_MARKER = re.compile(rb"\xff++[\xc0-\xcf\xd9-\xfe]")  # of segments; other markers have no length
_AFTER_SCAN = re.compile(rb"\xff[^\0\xff\xd0-\xd7]")

_BLOCK = 8  # pixels along a side
_BLOCK_BYTES = 2 * _BLOCK**2


@dataclass(frozen=True)
class Frame:
    """What a frame header declares.

    components  their number
    all_blocks  of all components
    blocks      of each component, by its identifier; the larger number if two share one
    """

    progressive: bool
    components: int
    all_blocks: int
    blocks: dict[int, int]


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the code of the marker, and the bytes, of each segment up to the end of the image.

    A segment is its marker, length and payload; a scan's segment includes its entropy-coded data.
    """
    start = 2
    for _ in range(MAX_SEGMENTS):
        marker = _MARKER.match(data, start)
        if marker is None:
            raise damaged(
                "it is truncated" if start >= len(data) else "it has data between its segments"
            )
        code = data[marker.end() - 1]
        if code == _END:
            return
        (length,) = struct.unpack_from(">H", data, marker.end())
        end = marker.end() + length
        if code == _SCAN:
            following = _AFTER_SCAN.search(data, end)
            end = following.start() if following else len(data)
        yield code, data[marker.end() - 2 : end]
        start = end
    raise damaged(f"it has more than {MAX_SEGMENTS:,} segments")


def size(data: bytes) -> tuple[int, int]:
    """Return the width and height that the frame header declares.

    raises  UnsupportedImage for a kind of frame that cameras and web tools do not write
    """
    for code, segment in segments(data):
        if code in _FRAME_HEADERS:
            bits, height, width, components = struct.unpack_from(">BHHB", segment, 4)
            if code > _PROGRESSIVE or bits != 8 or components not in (1, 3, 4):
                raise UnsupportedImage(
                    "This JPEG variant is not supported; save it as a baseline or progressive JPEG."
                )
            return width, height
        if code == _SCAN:
            break
    raise damaged("it does not declare its size")


def read(data: bytes) -> tuple[bytes, bytes, int]:
    """Validate all segments, and drop those that hold metadata.

    returns  the file without metadata, the EXIF block (empty if there is none), and the bytes of
             memory that a decoder takes besides the pixels
    raises   DamagedImage if a header is invalid or there are more segments or scans than in real
             files, ImageTooLarge if the scans take too much work
    """
    parts = [data[:2]]
    exif = b""
    frame: Frame | None = None
    scans = passes = coefficient_bytes = 0
    for code, segment in segments(data):
        if code in _FRAME_HEADERS and frame is None:
            frame = _frame(code, segment)
        if code == _SCAN and frame is not None:
            scans += 1
            if scans > MAX_SCANS:
                raise damaged(f"it has more than {MAX_SCANS} scans")
            scanned = _scanned_blocks(segment, frame)
            passes += sum(scanned)
            if passes > MAX_BLOCK_PASSES:
                raise ImageTooLarge(
                    "This JPEG has more scans than an image of its size may have;"
                    " save it as a baseline JPEG, or scale it down."
                )
            # Unless the first scan holds all coefficients, a decoder keeps them, at full size.
            if scans == 1 and (frame.progressive or len(scanned) < frame.components):
                coefficient_bytes = _BLOCK_BYTES * frame.all_blocks
        if code == _EXIF and segment.startswith(b"Exif\0\0", 4):
            exif = exif or segment[4:]
        if code not in _METADATA:
            parts.append(segment)
    file = b"".join([*parts, b"\xff\xd9"])
    if b"\xff" * (MAX_FILL_BYTES + 1) in file:
        raise damaged(f"it has more than {MAX_FILL_BYTES:,} fill bytes in a row")
    return file, exif, coefficient_bytes


def _frame(code: int, segment: bytes) -> Frame:
    """Parse a frame header.

    source  ITU-T T.81, sections A.1.1 and B.2.2
    """
    height, width, count = struct.unpack_from(">HHB", segment, 5)
    components = [struct.unpack_from(">BB", segment, 10 + 3 * number) for number in range(count)]
    sampling = [(factors >> 4, factors % 16) for _, factors in components]
    if not all(1 <= factor <= 4 for pair in sampling for factor in pair):
        raise damaged("its sampling factors are invalid")
    across, down = (max(factors) for factors in zip(*sampling, strict=True))
    columns, rows = ceil(width / (_BLOCK * across)), ceil(height / (_BLOCK * down))
    blocks: dict[int, int] = {}
    for (name, _), (x, y) in zip(components, sampling, strict=True):
        blocks[name] = max(blocks.get(name, 0), columns * x * rows * y)
    all_blocks = sum(columns * x * rows * y for x, y in sampling)
    return Frame(code == _PROGRESSIVE, count, all_blocks, blocks)


def _scanned_blocks(segment: bytes, frame: Frame) -> list[int]:
    """Return the number of blocks of each component of a scan.

    source  ITU-T T.81, section B.2.3
    """
    names = segment[5 : 5 + 2 * segment[4] : 2]
    if not frame.blocks.keys() >= set(names):
        raise damaged("a scan refers to an unknown component")
    return [frame.blocks[name] for name in names]
