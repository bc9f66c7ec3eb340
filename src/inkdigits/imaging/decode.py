"""Decode an image file to RGBA pixels, within limits. Only this module imports Pillow."""

import ctypes
import struct
from base64 import b64encode
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from math import ceil
from typing import TypeAlias

import cv2
import numpy as np
from PIL import (  # without the plugins, Pillow would load all of them to find these
    AvifImagePlugin,
    Image,
    TiffImagePlugin,  # noqa: F401
    WebPImagePlugin,  # noqa: F401
    _imaging,
    features,
)

from inkdigits.arrays import Pixels
from inkdigits.imaging import bit_depth
from inkdigits.imaging.errors import DamagedImage, ImageTooLarge, UnsupportedImage, damaged
from inkdigits.imaging.formats import FORMAT_NAMES, Content, Format, detect_format
from inkdigits.imaging.limits import DEFAULT_LIMITS, Limits, check_size, jpeg_reduction, reduction
from inkdigits.imaging.orientation import ORIENTATION_TAG, apply_orientation, read_orientation
from inkdigits.imaging.png import COLOR, COLOR_ALPHA, GRAY, GRAY_ALPHA, PALETTE, Header

PillowImage: TypeAlias = Image.Image
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
# Of a damaged TIFF, libtiff would write to standard error what Pillow raises as well. On Windows,
# its functions cannot be found.
with suppress(AttributeError, OSError):
    ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler(None)

_STRIP_PIXELS = 2**20
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


def decode(data: bytes, media_type: str | None = None, limits: Limits = DEFAULT_LIMITS) -> Pixels:
    """Decode an image file, of one of `FORMAT_NAMES`, and turn it upright.

    Limits and structure are checked before any pixel is decoded. Data after the end of the image,
    as phones and screenshot tools leave it, is dropped without being parsed, and so are all but the
    first page of a TIFF.

    data        the file
    media_type  as declared by the sender; None and application/octet-stream mean unknown
    returns     uint8 (H, W, 4) red, green, blue, alpha (255 is opaque); color profiles are ignored.
                Of 16-bit samples, the 8 upper bits of those in use
    raises      UnsupportedImage, ImageTooLarge or DamagedImage
    """
    if not data:
        raise DamagedImage(f"The image is empty; send a {FORMAT_NAMES} file.")
    if len(data) > limits.bytes:
        raise ImageTooLarge(
            f"The image has {len(data):,} bytes, more than the {limits.bytes:,} allowed;"
            " send a smaller one."
        )
    try:
        file_format = detect_format(data)
        _check_media_type(media_type, file_format)
        size = file_format.size(data)
        check_size(size, limits, is_jpeg=file_format.name == "JPEG")
        content = file_format.read(data, limits)
    except (IndexError, struct.error) as error:
        raise damaged("it is truncated") from error
    if content.animated:
        raise UnsupportedImage("The image is animated; send a single frame.")
    is_jpeg = file_format.name == "JPEG"
    jpeg_factor = jpeg_reduction(size, content.extra_bytes, limits) if is_jpeg else 1
    exif, transparent = content.exif, content.transparent
    try:
        image, low = _load(content, file_format.name, size, jpeg_factor)
        # Large images: no more than two copies of the pixels may be in memory at a time.
        del content
        exif = exif or image.info.get("exif", b"")
        pixels = _rgba(image, low, transparent, reduction(image.size, limits))
        del image, low
        if file_format.name == "BMP" and not pixels[..., 3].any():
            pixels[..., 3] = 255  # programs that do not know alpha leave it 0
    except UnsupportedImage:
        raise
    # Depending on the field that is wrong, Pillow raises OSError, SyntaxError, ValueError,
    # struct.error, EOFError, DecompressionBombError, ...: any list would be incomplete.
    except Exception as error:
        raise damaged("its pixels cannot be decoded") from error
    return apply_orientation(pixels, read_orientation(exif))


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
        orientation = image.getexif().get(ORIENTATION_TAG, 1)
        if image.mode.startswith("I;16"):
            image = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        pixels = np.array(image.convert("RGBA"))
    except Exception as error:  # as in `decode`
        raise damaged("its pixels cannot be decoded") from error
    return apply_orientation(pixels, orientation)


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


def png_data_url(pixels: Pixels) -> str:
    """Encode a grayscale image, as `encode_png` takes it, as a PNG file in a data URL."""
    return "data:image/png;base64," + b64encode(encode_png(pixels)).decode()


def _check_media_type(media_type: str | None, file_format: Format) -> None:
    declared = (media_type or "").partition(";")[0].strip().lower()
    if declared not in ("", "application/octet-stream", *file_format.media_types):
        raise UnsupportedImage(
            f"The image is a {file_format.name} file but labeled as another format;"
            f" label it {file_format.media_types[0]}."
        )


def _load(
    content: Content, name: str, size: tuple[int, int], jpeg_factor: int
) -> tuple[Image.Image, Image.Image | None]:
    """Decode the pixels of a file.

    returns  the image; and of one whose samples have 16 bits but do not use them all, the low
             bytes; the image has the high bytes
    """
    if content.png_header is not None:
        image = _load_png(content.file, content.png_header)
        if content.palette is not None:
            image.putpalette(content.palette, "RGBA")
        if content.low_bytes is None or not any(_upper_zeros(image)):
            return image, None
        return image, _load_png(content.low_bytes, content.png_header)
    if name == "HEIC":
        return _load_heic(content.file, size), None
    if name == "AVIF" and not features.check("avif"):
        raise UnsupportedImage(
            "The installed version of Pillow cannot read AVIF; export the image as a PNG or JPEG."
        )
    image = Image.open(BytesIO(content.file), formats=[name])
    if image.size != size:
        raise ValueError(f"Pillow sees {image.size} where {size} was checked")
    if jpeg_factor > 1:
        image.draft(None, (size[0] // jpeg_factor, size[1] // jpeg_factor))
    image.load()
    if image.mode.startswith("I;16"):  # of a TIFF
        samples = np.asarray(image)
        high = Image.fromarray((samples >> 8).astype(np.uint8))
        if any(_upper_zeros(high)):
            return high, Image.fromarray((samples & 0xFF).astype(np.uint8))
        return high, None
    return image, None


def _load_heic(file: bytes, size: tuple[int, int]) -> Image.Image:
    """Decode a HEIC file; it is cropped and turned as it declares."""
    try:
        import pi_heif
    except ModuleNotFoundError:
        raise UnsupportedImage(
            "A HEIC file needs the package pi-heif: run pip install 'inkdigits[heif]', or export "
            "the image as a JPEG."
        ) from None
    pi_heif.options.DECODE_THREADS = 1
    pi_heif.options.THUMBNAILS = pi_heif.options.DEPTH_IMAGES = pi_heif.options.AUX_IMAGES = False
    image = pi_heif.open_heif(BytesIO(file))
    if image.size[0] * image.size[1] > size[0] * size[1]:
        raise ValueError(f"libheif sees {image.size} where {size} was checked")
    return Image.frombytes(image.mode, image.size, image.data, "raw", image.mode, image.stride)


def _load_png(stream: bytes, header: Header) -> Image.Image:
    """Decode the pixels of a PNG. Opening the file with Pillow takes longer than 28x28 pixels."""
    mode, raw_mode = _PNG_MODES[header.color_type, min(header.bit_depth, 8)]
    size = header.width, header.height
    return Image.frombytes(mode, size, stream, "zip", raw_mode, header.interlaced)


def _rgba(
    image: Image.Image,
    low: Image.Image | None,
    transparent: tuple[int, int, int] | None,
    factor: int,
) -> Pixels:
    """Convert an image to RGBA, and scale it down.

    low          the low bytes of 16-bit samples, of which the image has the high bytes
    transparent  the color that becomes transparent, in 16 bits per sample
    factor       by which to scale down
    """
    width, height = image.size
    pixels = np.empty((ceil(height / factor), ceil(width / factor), 4), np.uint8)
    unused = np.zeros(4, np.uint8) if low is None else _unused_bits(image, low)
    levels = [(sample << int(unused[0])) >> 8 for sample in transparent or ()]
    # In strips: Pillow converts by copying the whole image, 100 MB for each copy of 25 megapixels.
    rows = max(1, _STRIP_PIXELS // width // factor) * factor
    for top in range(0, height, rows):
        place = pixels[top // factor : (top + rows) // factor]
        strip = place
        if factor > 1:
            strip = np.empty((min(rows, height - top), width, 4), np.uint8)
        _copy_rows(image, top, strip)
        if low is not None:
            low_bytes = np.empty_like(strip)
            _copy_rows(low, top, low_bytes)
            strip[:] = bit_depth.reduce(strip, low_bytes, unused)
        if levels and max(levels) <= 255:
            _make_transparent(strip, levels)
        if factor > 1:
            cv2.resize(strip, place.shape[1::-1], place, interpolation=cv2.INTER_AREA)
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
