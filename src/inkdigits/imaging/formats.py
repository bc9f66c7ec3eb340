"""What the five file formats look like: their parts are checked here before a decoder sees them."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from inkdigits.imaging import jpeg, png, webp
from inkdigits.imaging.errors import ImageTooLarge, UnsupportedImage, damaged

MOST_GIF_PARTS = 10_000  # extensions; real files have a few
# Of a GIF, in all its parts; each takes 50 ns to pass over. Of 255 bytes, which encoders fill, a
# file of 16 MiB has 66,000, and of 127 bytes, which encoders without compression fill, 133,000.
MOST_GIF_BLOCKS = 200_000


@dataclass(frozen=True)
class Content:
    """What a file of sound structure holds.

    file         without whatever bears no pixels, so that Pillow never reads texts or profiles
    exif         its EXIF block, empty if there is none
    extra_bytes  of memory that its decoder takes beside the pixels
    transparent  the RGB color that stands for transparency, if the format has such a one
    """

    file: bytes
    exif: bytes = b""
    extra_bytes: int = 0
    animated: bool = False
    transparent: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Format:
    """One format: its name in Pillow, how its files begin, its labels, and how to look through it.

    `size` and `read` raise DamagedImage, UnsupportedImage, ImageTooLarge, DamagedPng, or at a
    missing byte IndexError or struct.error.
    """

    name: str
    signatures: tuple[bytes, ...]
    media_types: tuple[str, ...]
    size: Callable[[bytes], tuple[int, int]]
    read: Callable[[bytes], Content]


def recognize(data: bytes) -> Format:
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
    data_bytes = png.read_header(data).data_bytes
    if data_bytes > png.MOST_DATA_BYTES:
        raise ImageTooLarge(
            f"The picture has {data_bytes:,} bytes when it is unpacked, more than the"
            f" {png.MOST_DATA_BYTES:,} that are allowed; save it with 8 bits for each color, or"
            " scale it down."
        )
    chunks = png.read(data)
    transparent = png.transparent_color(chunks)
    kept = [b"IHDR", b"PLTE", b"tRNS", b"IDAT", b"IEND"]
    if transparent is not None:
        kept.remove(b"tRNS")  # Pillow misses the color if a sample has 2, 4 or 16 bits
    return Content(
        png.write({name: chunks[name] for name in kept if name in chunks}),
        exif=chunks.get(b"eXIf", b""),
        animated=b"acTL" in chunks,
        transparent=transparent,
    )


def _read_jpeg(data: bytes) -> Content:
    return Content(*jpeg.read(data))


def _gif_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _read_gif(data: bytes) -> Content:
    width, height = _gif_size(data)
    start = 13 + _palette_bytes(data[10])
    screen, control, frame = data[:start], b"", b""
    blocks = MOST_GIF_BLOCKS
    for _ in range(MOST_GIF_PARTS):
        introducer = data[start]
        if introducer == 0x3B:  # the end
            if start + 1 != len(data):
                raise damaged("it has bytes behind its end")
            return Content(screen + control + frame + b";")
        if introducer == 0x21:  # an extension
            end, blocks = _after_blocks(data, start + 2, blocks)
            if data[start + 1] == 0xF9 and not frame:  # it states the transparent color
                control = data[start:end]
        elif introducer == 0x2C:  # a frame
            if frame:
                return Content(data, animated=True)
            left, top, columns, rows, flags = struct.unpack_from("<HHHHB", data, start + 1)
            if not (0 < columns <= width - left and 0 < rows <= height - top):
                raise damaged("its frame does not lie on its sheet")
            end, blocks = _after_blocks(data, start + 11 + _palette_bytes(flags), blocks)
            frame = data[start:end]
        else:
            raise damaged("it has bytes between its parts")
        start = end
    raise damaged(f"it has more than {MOST_GIF_PARTS:,} parts")


def _palette_bytes(flags: int) -> int:
    return 3 * 2 ** (flags % 8 + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, start: int, most: int) -> tuple[int, int]:
    """Pass over blocks of a GIF, each of which begins with its length, until one of length 0.

    returns  where the file goes on, and how many of at most `most` blocks are left
    """
    for left in range(most, 0, -1):
        length = data[start]
        start += 1 + length
        if length == 0:
            return start, left
    raise damaged(f"it has more than {MOST_GIF_BLOCKS:,} blocks")


def _read_webp(data: bytes) -> Content:
    exif, animated = webp.read(data)
    return Content(data, exif, animated=animated)


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
        # Pillow takes two colors, black and white, for one bit a pixel; it is told of three.
        data = data[:46] + b"\3" + data[47:]
    return Content(data)


FORMATS = (
    Format("PNG", (png.SIGNATURE,), ("image/png",), _png_size, _read_png),
    Format(
        "JPEG",
        (b"\xff\xd8\xff",),
        ("image/jpeg", "image/jpg", "image/pjpeg"),
        jpeg.size,
        _read_jpeg,
    ),
    Format("WEBP", (b"RIFF",), ("image/webp",), webp.size, _read_webp),
    Format("GIF", (b"GIF87a", b"GIF89a"), ("image/gif",), _gif_size, _read_gif),
    Format("BMP", (b"BM",), ("image/bmp", "image/x-ms-bmp"), _bmp_size, _read_bmp),
)
