"""Reads the segments of a JPEG file, and bounds what its scans cost, before anything decodes it."""

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from inkdigits.imaging.errors import ImageTooLarge, UnsupportedImage, damaged

MOST_SEGMENTS = 10_000  # real files have dozens
MOST_SCANS = 100  # real files have ten
# Blocks of 8 x 8 coefficients times the scans that pass over them: a decoder takes 20 ns for one of
# which nothing changes, however few bytes the scan has. The ten scans that libjpeg writes pass over
# 8 million blocks of 64 megapixels with half the resolution of color, MozJPEG's over 7 million of
# 24 megapixels with all of it.
MOST_BLOCK_PASSES = 10_000_000

# Bytes of 255 in a row: any number may stand before a marker, and hardly any encoder writes one.
# Pillow copies all that it has of them once more for each 64 KiB that it reads.
MOST_FILL_BYTES = 2**10

_FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PROGRESSIVE = 0xC2
_SCAN, _END = 0xDA, 0xD9
_JFIF, _EXIF, _ADOBE = 0xE0, 0xE1, 0xEE
_NOT_OF_PIXELS = {*range(0xE0, 0xF0), 0xFE} - {_JFIF, _ADOBE}  # which say what the colors mean
_MARKER = re.compile(rb"\xff++[\xc0-\xcf\xd9-\xfe]")  # of a segment; others have no length
_AFTER_SCAN = re.compile(rb"\xff[^\0\xff\xd0-\xd7]")

_BLOCK = 8  # pixels along a side
_BLOCK_BYTES = 2 * _BLOCK**2


@dataclass(frozen=True)
class Frame:
    """What a frame header declares of the components: their number, and their blocks.

    blocks  of each component by its name, the most if two have the same name
    """

    progressive: bool
    components: int
    all_blocks: int
    blocks: dict[int, int]


def segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield every segment before the end of the picture with its marker's code.

    A segment is its marker, length and payload, and for a scan also the pixels behind it.
    """
    start = 2
    for _ in range(MOST_SEGMENTS):
        marker = _MARKER.match(data, start)
        if marker is None:
            raise damaged(
                "it is cut off" if start >= len(data) else "it has bytes between its parts"
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
    raise damaged(f"it has more than {MOST_SEGMENTS:,} parts")


def size(data: bytes) -> tuple[int, int]:
    """Return the width and height that the frame header declares.

    raises  UnsupportedImage if the frame is of a kind that no camera and no web tool writes
    """
    for code, segment in segments(data):
        if code in _FRAME_HEADERS:
            bits, height, width, components = struct.unpack_from(">BHHB", segment, 4)
            if code > _PROGRESSIVE or bits != 8 or components not in (1, 3, 4):
                raise UnsupportedImage(
                    "This is a JPEG of a rare kind; save it as a baseline or progressive one."
                )
            return width, height
        if code == _SCAN:
            break
    raise damaged("it does not state its size")


def read(data: bytes) -> tuple[bytes, bytes, int]:
    """Check all segments, and leave out those that have nothing to do with pixels.

    returns  the file that is left, the EXIF block (empty if there is none), and the bytes of memory
             that a decoder takes beside the pixels
    raises   DamagedImage if a header is wrong or there are more segments or scans than real files
             have, ImageTooLarge if the scans are too much work
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
            if scans > MOST_SCANS:
                raise damaged(f"it has more than {MOST_SCANS} scans")
            scanned = _scanned_blocks(segment, frame)
            passes += sum(scanned)
            if passes > MOST_BLOCK_PASSES:
                raise ImageTooLarge(
                    "This JPEG has more scans than a picture of its size may have;"
                    " save it as a baseline JPEG, or scale it down."
                )
            # A decoder keeps all coefficients, at full size, unless the first scan has them all.
            if scans == 1 and (frame.progressive or len(scanned) < frame.components):
                coefficient_bytes = _BLOCK_BYTES * frame.all_blocks
        if code == _EXIF and segment.startswith(b"Exif\0\0", 4):
            exif = exif or segment[4:]
        if code not in _NOT_OF_PIXELS:
            parts.append(segment)
    file = b"".join([*parts, b"\xff\xd9"])
    if b"\xff" * (MOST_FILL_BYTES + 1) in file:
        raise damaged(f"it has more than {MOST_FILL_BYTES:,} fill bytes in a row")
    return file, exif, coefficient_bytes


def _frame(code: int, segment: bytes) -> Frame:
    """Read a frame header.

    source  ITU-T T.81, sections A.1.1 and B.2.2
    """
    height, width, count = struct.unpack_from(">HHB", segment, 5)
    components = [struct.unpack_from(">BB", segment, 10 + 3 * number) for number in range(count)]
    sampling = [(factors >> 4, factors % 16) for _, factors in components]
    if not all(1 <= factor <= 4 for pair in sampling for factor in pair):
        raise damaged("its sampling factors are wrong")
    across, down = (max(factors) for factors in zip(*sampling, strict=True))
    columns, rows = ceil(width / (_BLOCK * across)), ceil(height / (_BLOCK * down))
    blocks: dict[int, int] = {}
    for (name, _), (x, y) in zip(components, sampling, strict=True):
        blocks[name] = max(blocks.get(name, 0), columns * x * rows * y)
    all_blocks = sum(columns * x * rows * y for x, y in sampling)
    return Frame(code == _PROGRESSIVE, count, all_blocks, blocks)


def _scanned_blocks(segment: bytes, frame: Frame) -> list[int]:
    """Return how many blocks each component of a scan has.

    source  ITU-T T.81, section B.2.3
    """
    names = segment[5 : 5 + 2 * segment[4] : 2]
    if not frame.blocks.keys() >= set(names):
        raise damaged("a scan in it is of an unknown component")
    return [frame.blocks[name] for name in names]
