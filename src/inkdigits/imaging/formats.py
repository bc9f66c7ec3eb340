"""The file formats: detect them, and validate a file's structure before it is decoded."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from inkdigits.imaging import heif, jpeg, png, tiff, webp
from inkdigits.imaging.errors import ImageTooLarge, UnsupportedImage, damaged
from inkdigits.imaging.limits import Limits, check_size

MAX_GIF_BLOCKS = 10_000  # extensions and frames; real files have a few
# Data sub-blocks in a GIF; skipping one takes 50 ns. A file of 16 MiB has 66,000 of the usual 255
# bytes, or 133,000 of the 127 bytes that encoders without compression write.
MAX_GIF_SUB_BLOCKS = 200_000

FORMAT_NAMES = "PNG, JPEG, WebP, GIF, BMP, TIFF, HEIC or AVIF"
SUFFIXES = frozenset(  # of files, in lower case
    (
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp", ".dib"),
        *(".tif", ".tiff", ".heic", ".heif", ".hif", ".avif"),
    )
)
# What other files are, which people take for pictures, and what to do with them.
_OTHERS = {
    b"%PDF-": "This is a PDF file; export its page as a PNG.",
    b"%!PS": "This is an EPS file; export its page as a PNG.",
    b"8BPS": "This is a Photoshop file; export the image as a PNG.",
    b"<svg": "This is an SVG file, which is not made of pixels; export it as a PNG.",
}
_UNSUPPORTED_BMP = "This BMP variant is not supported; save the image as PNG."


@dataclass(frozen=True)
class Content:
    """What a valid file contains.

    file         the file up to its end, without the texts and profiles that Pillow would parse; of
                 a PNG only the zlib stream of its pixels
    exif         its EXIF block, empty if there is none
    extra_bytes  memory that its decoder takes besides the pixels
    animated     whether it has more than one frame
    transparent  the RGB color declared transparent, if any, in 16 bits per sample
    low_bytes    of a PNG with 16 bits per sample, the zlib stream of the low bytes; `file` has the
                 high bytes
    png_header   of a PNG, how its pixels are stored
    palette      of a PNG with a palette, the red, green, blue and alpha of its 256 colors
    """

    file: bytes
    exif: bytes = b""
    extra_bytes: int = 0
    animated: bool = False
    transparent: tuple[int, int, int] | None = None
    low_bytes: bytes | None = None
    png_header: png.Header | None = None
    palette: bytes | None = None


@dataclass(frozen=True)
class Format:
    """One file format.

    name         as Pillow calls it
    signatures   how its files start
    media_types  the preferred one first
    size         returns the declared width and height
    read         validates the file's structure, within limits, and returns its content

    `size` and `read` raise DamagedImage, UnsupportedImage or ImageTooLarge, and IndexError or
    struct.error at a missing byte.
    """

    name: str
    signatures: tuple[bytes, ...]
    media_types: tuple[str, ...]
    size: Callable[[bytes], tuple[int, int]]
    read: Callable[[bytes, Limits], Content]


def detect_format(data: bytes) -> Format:
    """Detect a file's format by how it starts.

    raises  UnsupportedImage if it is none of them; and of HEIC and AVIF, what `size` raises
    """
    for file_format in FORMATS:
        for signature in file_format.signatures:
            # The second condition holds for a file truncated within its signature.
            if data.startswith(signature) or signature.startswith(data):
                return file_format
    if heif.is_heif(data):
        return HEIF_FORMATS[heif.read(data).codec]
    raise UnsupportedImage(_what_it_is(data))


def _what_it_is(data: bytes) -> str:
    start = data[:1024].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if start.startswith((b"<?xml", b"<!--", b"<!doctype svg")) and b"<svg" in start:
        start = b"<svg"
    for signature, message in _OTHERS.items():
        if start.startswith(signature.lower()):
            return message
    if data.startswith(tiff.BIG_SIGNATURES):
        return "This is a BigTIFF file; export the image as a PNG."
    return f"This is not a {FORMAT_NAMES} file; save the image in one of these formats."


def _png_size(data: bytes) -> tuple[int, int]:
    header = png.read_header(data)
    return header.width, header.height


def _read_png(data: bytes, limits: Limits) -> Content:
    header = png.read_header(data)
    _check_data_bytes(header.data_bytes, limits)
    chunks, streams = png.read(data, header)
    return Content(
        streams[0],
        low_bytes=streams[1] if len(streams) > 1 else None,
        exif=chunks.get(b"eXIf", b""),
        animated=b"fdAT" in chunks,
        transparent=png.transparent_color(chunks),
        png_header=header,
        palette=png.palette(chunks),
    )


def _check_data_bytes(data_bytes: int, limits: Limits) -> None:
    if data_bytes > limits.data_bytes:
        raise ImageTooLarge(
            f"The image has {data_bytes:,} bytes when decompressed, more than the"
            f" {limits.data_bytes:,} allowed; save it with 8 bits per color, or scale it down."
        )


def _read_jpeg(data: bytes, limits: Limits) -> Content:
    return Content(*jpeg.read(data))


def _gif_size(data: bytes) -> tuple[int, int]:
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _read_gif(data: bytes, limits: Limits) -> Content:
    width, height = _gif_size(data)
    start = 13 + _palette_bytes(data[10])
    screen, control, frame = data[:start], b"", b""
    sub_blocks = MAX_GIF_SUB_BLOCKS
    for _ in range(MAX_GIF_BLOCKS):
        introducer = data[start]
        if introducer == 0x3B:  # the trailer
            return Content(screen + control + frame + b";")
        if introducer == 0x21:  # an extension
            end, sub_blocks = _skip_sub_blocks(data, start + 2, sub_blocks)
            if data[start + 1] == 0xF9 and not frame:  # it declares the transparent color
                control = data[start:end]
        elif introducer == 0x2C:  # a frame
            if frame:
                return Content(data, animated=True)
            left, top, columns, rows, flags = struct.unpack_from("<HHHHB", data, start + 1)
            if not (0 < columns <= width - left and 0 < rows <= height - top):
                raise damaged("its frame extends past its canvas")
            pixels = start + 11 + _palette_bytes(flags)
            end, sub_blocks = _skip_sub_blocks(data, pixels, sub_blocks)
            frame = data[start:end]
        else:
            raise damaged("it has data between its blocks")
        start = end
    raise damaged(f"it has more than {MAX_GIF_BLOCKS:,} blocks")


def _palette_bytes(flags: int) -> int:
    return 3 * 2 ** (flags % 8 + 1) if flags & 0x80 else 0


def _skip_sub_blocks(data: bytes, start: int, budget: int) -> tuple[int, int]:
    """Skip the data sub-blocks of a GIF, each of which starts with its length, up to an empty one.

    budget   how many there may be
    returns  where the next block starts, and what is left of the budget
    """
    for left in range(budget, 0, -1):
        length = data[start]
        start += 1 + length
        if length == 0:
            return start, left
    raise damaged(f"it has more than {MAX_GIF_SUB_BLOCKS:,} sub-blocks")


def _read_webp(data: bytes, limits: Limits) -> Content:
    file, exif, animated = webp.read(data, limits.webp_pixels)
    return Content(file, exif, animated=animated)


def _bmp_header(data: bytes) -> tuple[int, int, int, int]:
    """Return width, height (negative: top row first), bits per pixel, compression method."""
    (header_bytes,) = struct.unpack_from("<I", data, 14)
    if header_bytes == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
        return width, height, bits, 0
    if header_bytes in (40, 52, 56, 64, 108, 124):
        width, height, _, bits, compression = struct.unpack_from("<iiHHI", data, 18)
        return width, height, bits, compression
    raise UnsupportedImage(_UNSUPPORTED_BMP)


def _bmp_size(data: bytes) -> tuple[int, int]:
    width, height, _, _ = _bmp_header(data)
    return width, abs(height)


def _read_bmp(data: bytes, limits: Limits) -> Content:
    width, height, bits, compression = _bmp_header(data)
    # No run-length encoding: Pillow decodes it in Python, seconds for 20 KB, and rejects some
    # valid files.
    if bits not in (1, 4, 8, 16, 24, 32) or compression not in (0, 3):
        raise UnsupportedImage(_UNSUPPORTED_BMP)
    (start,) = struct.unpack_from("<I", data, 10)
    end = start + (width * bits + 31) // 32 * 4 * abs(height)
    if end > len(data):
        raise damaged("it is truncated")
    data = data[:end]
    if bits in (4, 8) and data[14] >= 40 and data[46:50] == b"\2\0\0\0":
        # With two colors, black and white, Pillow assumes 1 bit per pixel; so declare three.
        data = data[:46] + b"\3" + data[47:]
    return Content(data)


def _read_tiff(data: bytes, limits: Limits) -> Content:
    _check_data_bytes(tiff.read_page(data).data_bytes, limits)
    # A TIFF file declares its orientation as an EXIF block does, which has the same form.
    return Content(tiff.read(data), exif=data)


def _heif_size(data: bytes) -> tuple[int, int]:
    return heif.read(data).size


def _read_heif(data: bytes, limits: Limits) -> Content:
    container = heif.read(data)
    for size in container.sizes:
        check_size(size, limits)
    if container.tiled > 2 * limits.decoded_pixels:
        raise ImageTooLarge("The tiles of the image have too many pixels; scale it down.")
    width, height = container.size
    if container.codec == "AVIF" and width * height > limits.webp_pixels:
        raise ImageTooLarge(
            f"The image has {width:,} x {height:,} pixels, more than the {limits.webp_pixels:,} "
            "allowed in an AVIF; scale it down, or save it as JPEG."
        )
    # 8 bits with chroma at half resolution take 1.5 bytes for each pixel.
    if container.bytes > 2 * limits.decoded_pixels:
        raise ImageTooLarge(
            f"Decoding this HEIC would take {container.bytes:,} bytes of memory, more than the "
            f"{2 * limits.decoded_pixels:,} allowed; scale it down, or save it as JPEG."
        )
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
    Format("TIFF", tiff.SIGNATURES, ("image/tiff",), tiff.size, _read_tiff),
)
HEIF_FORMATS = {  # which have no signature at their beginning
    "HEIC": Format("HEIC", (), ("image/heic", "image/heif"), _heif_size, _read_heif),
    "AVIF": Format("AVIF", (), ("image/avif",), _heif_size, _read_heif),
}
