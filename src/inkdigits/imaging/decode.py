"""Decode an image file to RGBA pixels, within limits. Only this module imports Pillow."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from math import ceil
from typing import TypeAlias

import cv2
import numpy as np
from PIL import (
    Image,
    WebPImagePlugin,  # noqa: F401 (otherwise Pillow loads all its plugins to find this one)
)

from inkdigits.arrays import Pixels
from inkdigits.imaging import bit_depth
from inkdigits.imaging.errors import DamagedImage, ImageTooLarge, UnsupportedImage, damaged
from inkdigits.imaging.formats import Content, Format, detect_format
from inkdigits.imaging.png import COLOR, COLOR_ALPHA, GRAY, GRAY_ALPHA, PALETTE, Header

PillowImage: TypeAlias = Image.Image

_STRIP_PIXELS = 2**20
_PIXEL_BYTES = 4
_ORIENTATION_TAG = 0x0112  # of EXIF
_REDUCTIONS = (1, 2, 4, 8)  # the scales at which libjpeg decodes
# Pillow's mode for each color type and bit depth of a PNG, and its name for how the file stores it.
# 16 bits are decoded as twice 8. RGBX has the memory layout of RGBA, with 255 for alpha.
_PNG_MODES = {
    (GRAY, 1): ("1", "1"),
    (GRAY, 2): ("L", "L;2"),
    (GRAY, 4): ("L", "L;4"),
    (GRAY, 8): ("L", "L"),
    (PALETTE, 1): ("P", "P;1"),
    (PALETTE, 2): ("P", "P;2"),
    (PALETTE, 4): ("P", "P;4"),
    (PALETTE, 8): ("P", "P"),
    (COLOR, 8): ("RGBX", "RGB"),
    (GRAY_ALPHA, 8): ("RGBA", "LA"),
    (COLOR_ALPHA, 8): ("RGBA", "RGBA"),
}


@dataclass(frozen=True)
class Limits:
    """The maximum size of an image.

    bytes        of the file
    pixels       declared by the file, and returned by `decode`
    jpeg_pixels  declared by a JPEG; over `pixels`, it is decoded at half, a quarter or an eighth
                 of its resolution
    side         width or height declared by the file, in pixels. JPEG and GIF cannot exceed the
                 default. Decoders work by rows: very few or very many rows take more memory or
                 time

    Some formats have further limits, in the modules that parse them.
    """

    bytes: int = 16 * 2**20
    pixels: int = 25_000_000
    jpeg_pixels: int = 64_000_000
    side: int = 65_535


def decode(data: bytes, media_type: str | None = None, limits: Limits = Limits()) -> Pixels:
    """Decode a PNG, JPEG, WebP, GIF or BMP file, and apply its EXIF orientation.

    Limits and structure are checked before any pixel is decoded. Data after the end of the image,
    as phones and screenshot tools leave it, is dropped without being parsed.

    data        the file
    media_type  as declared by the sender; None and application/octet-stream mean unknown
    returns     uint8 (H, W, 4) red, green, blue, alpha (255 is opaque); color profiles are ignored.
                Of a 16-bit PNG, the 8 upper bits of those in use
    raises      UnsupportedImage, ImageTooLarge or DamagedImage
    """
    if not data:
        raise DamagedImage("The image is empty; send a PNG, JPEG, WebP, GIF or BMP file.")
    if len(data) > limits.bytes:
        raise ImageTooLarge(
            f"The image has {len(data):,} bytes, more than the {limits.bytes:,} allowed;"
            " send a smaller one."
        )
    file_format = detect_format(data)
    _check_media_type(media_type, file_format)
    try:
        size = file_format.size(data)
        check_size(size, limits, is_jpeg=file_format.name == "JPEG")
        content = file_format.read(data)
    except (IndexError, struct.error) as error:
        raise damaged("it is truncated") from error
    if content.animated:
        raise UnsupportedImage("The image is animated; send a single frame.")
    reduction = _reduction(size, content.extra_bytes, limits)
    exif, transparent = content.exif, content.transparent
    try:
        image, low = _load(content, file_format.name, size, reduction)
        # Large images: no more than two copies of the pixels may be in memory at a time.
        del content
        pixels = _rgba(image, low, transparent)
        del image, low
        if file_format.name == "BMP" and not pixels[..., 3].any():
            pixels[..., 3] = 255  # programs that do not know alpha leave it 0
    # Depending on the field that is wrong, Pillow raises OSError, SyntaxError, ValueError,
    # struct.error, EOFError, DecompressionBombError, ...: any list would be incomplete.
    except Exception as error:
        raise damaged("its pixels cannot be decoded") from error
    return _apply_orientation(pixels, _orientation(exif))


def convert(image: PillowImage) -> Pixels:
    """Convert a Pillow image to RGBA, and apply its EXIF orientation.

    image    of an animation, the current frame counts
    returns  uint8 (H, W, 4)
    raises   UnsupportedImage, ImageTooLarge or DamagedImage
    """
    check_size(image.size)
    if image.mode in ("I", "F"):
        raise UnsupportedImage(
            f"The Pillow image has the mode {image.mode}, whose range is not clear; convert it to "
            "L, from 0 to 255."
        )
    try:
        orientation = image.getexif().get(_ORIENTATION_TAG, 1)
        if image.mode.startswith("I;16"):
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        pixels = np.array(image.convert("RGBA"))
    except Exception as error:  # as in `decode`
        raise damaged("its pixels cannot be decoded") from error
    return _apply_orientation(pixels, orientation)


def encode_png(pixels: Pixels) -> bytes:
    """Encode a grayscale image as a PNG file.

    pixels  uint8 (H, W), 0 is black
    raises  ValueError for any other shape or dtype
    """
    if pixels.ndim != 2 or pixels.dtype != np.uint8:
        raise ValueError(f"expected uint8 (H, W), not {pixels.dtype} {pixels.shape}")
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _check_media_type(media_type: str | None, file_format: Format) -> None:
    declared = (media_type or "").partition(";")[0].strip().lower()
    if declared not in ("", "application/octet-stream", *file_format.media_types):
        raise UnsupportedImage(
            f"The image is a {file_format.name} file but labeled as another format;"
            f" label it {file_format.media_types[0]}."
        )


def check_size(size: tuple[int, int], limits: Limits = Limits(), is_jpeg: bool = False) -> None:
    """Check the size of an image before anything is allocated for it.

    size     width and height
    is_jpeg  whether the image is a JPEG file, which can be decoded at a lower resolution
    raises   DamagedImage if there are no pixels, ImageTooLarge if there are too many
    """
    width, height = size
    if width <= 0 or height <= 0:
        raise damaged("it has no pixels")
    limit = limits.jpeg_pixels if is_jpeg else limits.pixels
    reduction = _REDUCTIONS[-1] if is_jpeg else 1
    if width * height > limit or _pixels(size, reduction) > limits.pixels:
        raise ImageTooLarge(
            f"The image has {width:,} x {height:,} pixels, more than the {limit:,} allowed;"
            " scale it down."
        )
    if max(size) > limits.side:
        raise ImageTooLarge(
            f"The image has {width:,} x {height:,} pixels, more than the {limits.side:,} allowed on"
            " one side; crop it to the digit, or scale it down."
        )


def _pixels(size: tuple[int, int], reduction: int) -> int:
    return ceil(size[0] / reduction) * ceil(size[1] / reduction)


def _reduction(size: tuple[int, int], extra_bytes: int, limits: Limits) -> int:
    """Return the factor by which to downscale the image while decoding: 1, or up to 8 for a JPEG.

    extra_bytes  memory that the decoder takes besides the pixels, whatever the factor
    """
    max_bytes = 2 * _PIXEL_BYTES * limits.pixels  # the largest image, in Pillow's memory and ours
    for reduction in _REDUCTIONS:
        pixels = _pixels(size, reduction)
        if pixels <= limits.pixels and extra_bytes + _PIXEL_BYTES * pixels <= max_bytes:
            return reduction
    raise ImageTooLarge(
        f"Decoding this JPEG would take {extra_bytes:,} bytes of memory, more than the"
        f" {max_bytes:,} allowed; save it as a baseline JPEG, or scale it down."
    )


def _load(
    content: Content, name: str, size: tuple[int, int], reduction: int
) -> tuple[Image.Image, Image.Image | None]:
    """Decode the pixels of a file.

    returns  the image; and of a PNG whose samples have 16 bits but do not use them all, the low
             bytes; the image has the high bytes
    """
    if content.png_header is not None:
        image = _load_png(content.file, content.png_header)
        if content.palette is not None:
            image.putpalette(content.palette, "RGBA")
        if content.low_bytes is None or not any(_upper_zeros(image)):
            return image, None
        return image, _load_png(content.low_bytes, content.png_header)
    image = Image.open(BytesIO(content.file), formats=[name])
    if image.size != size:
        raise ValueError(f"Pillow sees {image.size} where {size} was checked")
    if reduction > 1:
        image.draft(None, (size[0] // reduction, size[1] // reduction))
    image.load()
    return image, None


def _load_png(stream: bytes, header: Header) -> Image.Image:
    """Decode the pixels of a PNG. Opening the file with Pillow takes longer than 28x28 pixels."""
    mode, raw_mode = _PNG_MODES[header.color_type, min(header.bit_depth, 8)]
    size = header.width, header.height
    return Image.frombytes(mode, size, stream, "zip", raw_mode, header.interlaced)


def _rgba(
    image: Image.Image, low: Image.Image | None, transparent: tuple[int, int, int] | None
) -> Pixels:
    """Convert an image to RGBA.

    low          the low bytes of 16-bit samples, of which the image has the high bytes
    transparent  the color that becomes transparent, in 16 bits per sample
    """
    width, height = image.size
    pixels = np.empty((height, width, 4), np.uint8)
    unused = np.zeros(4, np.uint8) if low is None else _unused_bits(image, low)
    levels = [(sample << int(unused[0])) >> 8 for sample in transparent or ()]
    # In strips: Pillow converts by copying the whole image, 100 MB for each copy of 25 megapixels.
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        strip = pixels[top : top + rows]
        _copy_rows(image, top, strip)
        if low is not None:
            low_bytes = np.empty_like(strip)
            _copy_rows(low, top, low_bytes)
            strip[:] = bit_depth.reduce(strip, low_bytes, unused)
        if levels and max(levels) <= 255:
            _make_transparent(strip, levels)
    return pixels


def _unused_bits(high: Image.Image, low: Image.Image) -> Pixels:
    """Return how many of the upper bits of red, green, blue and alpha are unused, uint8 (4,).

    high, low  the high and the low bytes of 16-bit samples
    """
    unused, unused_alpha = _upper_zeros(high)
    if unused and all(
        bit_depth.is_noise(bit_depth.reduce(_band(high, color), _band(low, color), unused))
        for color in _colors(high)
    ):
        unused = 0
    return np.array([unused, unused, unused, unused_alpha], np.uint8)


def _upper_zeros(high: Image.Image) -> tuple[int, int]:
    """Return how many of the upper bits are 0 in all samples of the colors, and of alpha."""
    colors = min(bit_depth.unused_bits(_band(high, color)) for color in _colors(high))
    return colors, 0 if high.mode == "L" else bit_depth.unused_bits(_band(high, 3))


def _colors(image: Image.Image) -> range:
    return range(1 if image.mode == "L" else 3)


def _band(image: Image.Image, number: int) -> Pixels:
    return np.asarray(image.getchannel(number))


def _copy_rows(image: Image.Image, top: int, pixels: Pixels) -> None:
    """Convert the rows of an image from `top` on to RGBA, as many as there are pixels for."""
    height, width = pixels.shape[:2]
    rows = image if height == image.height else image.crop((0, top, width, top + height))
    if rows.mode == "L" and "transparency" not in rows.info:
        cv2.cvtColor(np.asarray(rows), cv2.COLOR_GRAY2RGBA, pixels)
    else:
        has_layout = rows.mode in ("RGBA", "RGBX")
        pixels[:] = np.asarray(rows if has_layout else rows.convert("RGBA"))


def _make_transparent(pixels: Pixels, color: Sequence[int]) -> None:
    """Make all pixels of one color transparent, in place."""
    opaque, clear = np.array([[*color, 255], [*color, 0]], np.uint8).view(np.uint32)
    packed = pixels.view(np.uint32)  # comparing a pixel as one number is ten times as fast
    packed[packed == opaque] = clear


def _apply_orientation(pixels: Pixels, orientation: int) -> Pixels:
    packed = pixels.view(np.uint32)[..., 0]  # copying a pixel as one number is much faster
    if orientation in (5, 6, 7, 8):
        packed = packed.T
    if orientation in (3, 4, 7, 8):
        packed = packed[::-1]
    if orientation in (2, 3, 6, 7):
        packed = packed[:, ::-1]
    return np.ascontiguousarray(packed)[..., None].view(np.uint8)


def _orientation(exif: bytes) -> int:
    """Return the orientation that an EXIF block declares, 1 to 8; 1 (upright) by default.

    source  EXIF 2.32, 4.6.4 (tag 0x0112) and TIFF 6.0, section 2
    """
    exif = exif.removeprefix(b"Exif\0\0")
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        (start,) = struct.unpack_from(order + "I", exif, 4)
        (entries,) = struct.unpack_from(order + "H", exif, start)
        for entry in range(entries):
            tag, kind, _, value = struct.unpack_from(order + "HHIH", exif, start + 2 + 12 * entry)
            if (tag, kind) == (_ORIENTATION_TAG, 3):
                return value if 1 <= value <= 8 else 1
    except struct.error:  # a damaged EXIF block does not make the pixels unusable
        pass
    return 1
