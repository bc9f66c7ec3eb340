"""What the five file formats look like: their parts are checked here before a decoder sees them."""

import re
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from inkdigits.imaging import png

MOST_PARTS = 10_000  # segments of a JPEG, blocks of a GIF, chunks of a WebP; real ones have dozens
MOST_SCANS = 100  # each passes over the whole JPEG, however few its bytes; real ones have ten

_JUNK = "it has bytes between its parts"


class ImageError(ValueError):
    """The picture cannot be read; the message says why, and what to do."""


class UnsupportedImage(ImageError):
    """The file is no still PNG, JPEG, WebP, GIF or BMP, or another kind than its label says."""


class ImageTooLarge(ImageError):
    """The file has more bytes, or declares more pixels, than the limits allow."""


class DamagedImage(ImageError):
    """The file is empty, cut off, or breaks the rules of its format."""


@dataclass(frozen=True)
class Content:
    """What a file of sound structure holds.

    file         without whatever bears no pixels, so that Pillow never reads texts or profiles
    exif         its EXIF block, empty if there is none
    transparent  the RGB colour that stands for transparency, if the format has such a one
    """

    file: bytes
    exif: bytes = b""
    animated: bool = False
    transparent: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Format:
    """One format: its name in Pillow, how its files begin, its labels, and how to look through it.

    `size` and `read` raise DamagedImage, UnsupportedImage, DamagedPng, or at a missing byte
    IndexError or struct.error.
    """

    name: str
    signatures: tuple[bytes, ...]
    media_types: tuple[str, ...]
    size: Callable[[bytes], tuple[int, int]]
    read: Callable[[bytes], Content]


def damaged(reason: str) -> DamagedImage:
    """Make the error of a file whose damage a clause on "it" describes."""
    return DamagedImage(f"The picture is damaged: {reason}; save it anew and send that.")


def recognise(data: bytes) -> Format:
    """Find the format by how the file begins.

    raises   UnsupportedImage if it is none of the five
    """
    for file_format in FORMATS:
        for signature in file_format.signatures:
            # The second half: a file that is cut off within its signature.
            if data.startswith(signature) or signature.startswith(data):
                return file_format
    raise UnsupportedImage(
        "This is no PNG, JPEG, WebP, GIF or BMP file; save the picture as one of these."
    )


def _png_size(data: bytes) -> tuple[int, int]:
    header = png.read_header(data)
    return header.width, header.height


def _read_png(data: bytes) -> Content:
    chunks = png.read(data)
    transparent = png.transparent_color(chunks)
    kept = [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
    if transparent is not None:
        kept.remove(b"tRNS")  # Pillow misses the colour if a sample has 2, 4 or 16 bits
    return Content(
        png.write({name: chunks[name] for name in kept if name in chunks}),
        exif=chunks.get(b"eXIf", b""),
        animated=b"acTL" in chunks,
        transparent=transparent,
    )


_FRAME_HEADERS = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_SCAN, _END = 0xDA, 0xD9
_JFIF, _EXIF, _ADOBE = 0xE0, 0xE1, 0xEE
_NOT_OF_PIXELS = {*range(0xE0, 0xF0), 0xFE} - {_JFIF, _ADOBE}  # which say what the colours mean
_MARKER = re.compile(rb"\xff++[\xc0-\xcf\xd9-\xfe]")  # of a segment; others have no length
_AFTER_SCAN = re.compile(rb"\xff[^\0\xff\xd0-\xd7]")


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield every segment before the end of the picture with its marker's code.

    A segment is its marker, length and payload, and for a scan also the pixels behind it.
    """
    start = 2
    for _ in range(MOST_PARTS):
        marker = _MARKER.match(data, start)
        if marker is None:
            raise damaged("it is cut off" if start >= len(data) else _JUNK)
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
    raise damaged(f"it has more than {MOST_PARTS:,} parts")


def _jpeg_size(data: bytes) -> tuple[int, int]:
    for code, segment in _jpeg_segments(data):
        if code in _FRAME_HEADERS:
            bits, height, width, components = struct.unpack_from(">BHHB", segment, 4)
            if code > 0xC2 or bits != 8 or components not in (1, 3, 4):
                raise UnsupportedImage(
                    "This is a JPEG of a rare kind; save it as a baseline or progressive one."
                )
            return width, height
        if code == _SCAN:
            break
    raise damaged("it does not state its size")


def _read_jpeg(data: bytes) -> Content:
    parts = [data[:2]]
    exif = b""
    scans = 0
    for code, segment in _jpeg_segments(data):
        scans += code == _SCAN
        if scans > MOST_SCANS:
            raise damaged(f"it has more than {MOST_SCANS} scans")
        if code == _EXIF and segment.startswith(b"Exif\0\0", 4):
            exif = exif or segment[4:]
        if code not in _NOT_OF_PIXELS:
            parts.append(segment)
    return Content(b"".join([*parts, b"\xff\xd9"]), exif)


def _gif_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _read_gif(data: bytes) -> Content:
    width, height = _gif_size(data)
    start = 13 + _palette_bytes(data[10])
    screen, control, frame = data[:start], b"", b""
    for _ in range(MOST_PARTS):
        introducer = data[start]
        if introducer == 0x3B:  # the end
            if start + 1 != len(data):
                raise damaged("it has bytes behind its end")
            return Content(screen + control + frame + b";")
        if introducer == 0x21:  # an extension
            end = _after_blocks(data, start + 2)
            if data[start + 1] == 0xF9 and not frame:  # it states the transparent colour
                control = data[start:end]
        elif introducer == 0x2C:  # a frame
            if frame:
                return Content(data, animated=True)
            left, top, columns, rows, flags = struct.unpack_from("<HHHHB", data, start + 1)
            if not (0 < columns <= width - left and 0 < rows <= height - top):
                raise damaged("its frame does not lie on its sheet")
            end = _after_blocks(data, start + 11 + _palette_bytes(flags))
            frame = data[start:end]
        else:
            raise damaged(_JUNK)
        start = end
    raise damaged(f"it has more than {MOST_PARTS:,} parts")


def _palette_bytes(flags: int) -> int:
    return 3 * 2 ** (flags % 8 + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, start: int) -> int:
    """Return where a GIF goes on behind blocks, each of which begins with its length, until 0."""
    while length := data[start]:
        start += 1 + length
    return start + 1


def _webp_size(data: bytes) -> tuple[int, int]:
    if data[8:12] != b"WEBP":
        if len(data) < 12:
            raise damaged("it is cut off")
        raise UnsupportedImage("This RIFF file is no WebP picture; save it as PNG.")
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width % 2**14, height % 2**14
    if kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return bits % 2**14 + 1, (bits >> 14) % 2**14 + 1
    if kind == b"VP8X":
        width, width_high, height, height_high = struct.unpack_from("<HBHB", data, 24)
        return (width_high << 16) + width + 1, (height_high << 16) + height + 1
    raise damaged("it does not state its size")


def _read_webp(data: bytes) -> Content:
    (length,) = struct.unpack_from("<I", data, 4)
    if length + 8 > len(data):
        raise damaged("it is cut off")
    if length + 8 < len(data):
        raise damaged("it has bytes behind its end")
    exif, animated = b"", False
    start = 12
    for _ in range(MOST_PARTS):
        if start == len(data):
            return Content(data, exif, animated)
        name, length = struct.unpack_from("<4sI", data, start)
        if name == b"EXIF":
            exif = exif or data[start + 8 : start + 8 + length]
        animated = animated or name in (b"ANIM", b"ANMF")
        start += 8 + length + length % 2
    raise damaged(f"it has more than {MOST_PARTS:,} parts")


def _bmp_header(data: bytes) -> tuple[int, int, int, int]:
    """Return width, height (negative: first row on top), bits of a pixel, kind of compression."""
    (header_bytes,) = struct.unpack_from("<I", data, 14)
    if header_bytes == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        return width, height, bits, 0
    if header_bytes in (40, 52, 56, 64, 108, 124):
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
        return width, height, bits, compression
    raise UnsupportedImage("This is no BMP file of a known kind; save the picture as PNG.")


def _bmp_size(data: bytes) -> tuple[int, int]:
    width, height, _, _ = _bmp_header(data)
    return width, abs(height)


def _read_bmp(data: bytes) -> Content:
    width, height, bits, compression = _bmp_header(data)
    # No run lengths: Pillow decodes them in Python, seconds for 20 KB, and refuses some valid ones.
    if bits not in (1, 4, 8, 16, 24, 32) or compression not in (0, 3):
        raise UnsupportedImage("This is a BMP of a rare kind; save the picture as PNG.")
    (start,) = struct.unpack_from("<I", data, 10)
    row_bytes = (width * bits + 31) // 32 * 4
    if start + row_bytes * abs(height) > len(data):
        raise damaged("it is cut off")
    if bits in (4, 8) and data[14] >= 40 and data[46:50] == b"\2\0\0\0":
        # Pillow takes two colours, black and white, for one bit a pixel; it is told of three.
        data = data[:46] + b"\3" + data[47:]
    return Content(data)


FORMATS = (
    Format("PNG", (png.SIGNATURE,), ("image/png",), _png_size, _read_png),
    Format(
        "JPEG",
        (b"\xff\xd8\xff",),
        ("image/jpeg", "image/jpg", "image/pjpeg"),
        _jpeg_size,
        _read_jpeg,
    ),
    Format("WEBP", (b"RIFF",), ("image/webp",), _webp_size, _read_webp),
    Format("GIF", (b"GIF87a", b"GIF89a"), ("image/gif",), _gif_size, _read_gif),
    Format("BMP", (b"BM",), ("image/bmp", "image/x-ms-bmp"), _bmp_size, _read_bmp),
)
