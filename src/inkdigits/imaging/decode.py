"""Turns the bytes of a picture into RGBA pixels, within limits; nothing else imports Pillow."""

import struct
from dataclasses import dataclass
from io import BytesIO
from math import ceil

import numpy as np
from PIL import (
    Image,
    WebPImagePlugin,  # noqa: F401 (without it Pillow would load all its plugins to find this one)
)

from inkdigits.arrays import Pixels
from inkdigits.imaging.errors import DamagedImage, ImageTooLarge, UnsupportedImage, damaged
from inkdigits.imaging.formats import Format, recognize
from inkdigits.imaging.png import DamagedPng

_STRIP_PIXELS = 2**20
_PIXEL_BYTES = 4
_REDUCTIONS = (1, 2, 4, 8)  # all that a JPEG decoder offers


@dataclass(frozen=True)
class Limits:
    """How large a picture may be.

    bytes        of the file
    pixels       declared by the file, and returned by decode
    jpeg_pixels  declared by a JPEG: over `pixels` it is decoded at a half, a quarter or an eighth
    side         width or height declared by the file, in pixels. No JPEG and no GIF can have more;
                 decoders work by rows, and need more memory or more time where there are few
                 rows, or many

    Formats have bounds of their own beside these, in the modules that read them.
    """

    bytes: int = 16 * 2**20
    pixels: int = 25_000_000
    jpeg_pixels: int = 64_000_000
    side: int = 65_535


def decode(data: bytes, media_type: str | None = None, limits: Limits = Limits()) -> Pixels:
    """Decode a PNG, JPEG, WebP, GIF or BMP file, turned upright as its EXIF orientation asks.

    Limits and structure are checked before any pixel is decoded. Bytes behind the end of a JPEG are
    ignored, since phones write them, and those behind a BMP; in the other formats they are damage.

    data        the file
    media_type  what its sender says it is; None or application/octet-stream says nothing
    returns     uint8 (H, W, 4) red, green, blue, alpha (255 is opaque); color profiles are ignored
    raises      UnsupportedImage, ImageTooLarge or DamagedImage
    """
    if not data:
        raise DamagedImage("The picture is empty; send a PNG, JPEG, WebP, GIF or BMP file.")
    if len(data) > limits.bytes:
        raise ImageTooLarge(
            f"The picture has {len(data):,} bytes, more than the {limits.bytes:,} that are allowed;"
            " send a smaller one."
        )
    file_format = recognize(data)
    _check_label(media_type, file_format)
    try:
        size = file_format.size(data)
        _check_size(size, file_format, limits)
        content = file_format.read(data)
    except DamagedPng as error:
        raise damaged(str(error)) from error
    except (IndexError, struct.error) as error:
        raise damaged("it is cut off") from error
    if content.animated:
        raise UnsupportedImage("The picture is animated; send a single frame of it.")
    reduction = _reduction(size, content.extra_bytes, limits)
    try:
        # The image is not given a name: turning the pixels upright needs its memory.
        pixels = _rgba(_load(content.file, file_format.name, size, reduction), content.transparent)
    # Pillow raises whatever a wrong field leads to (OSError, SyntaxError, ValueError, struct.error,
    # EOFError, its bomb error, ...), and no list of it has ever been complete.
    except Exception as error:
        raise damaged("its pixels cannot be read") from error
    return _upright(pixels, _orientation(content.exif))


def encode_png(pixels: Pixels) -> bytes:
    """Encode a gray picture as a PNG file.

    pixels  uint8 (H, W), 0 is black
    raises  ValueError if it is anything else
    """
    if pixels.ndim != 2 or pixels.dtype != np.uint8:
        raise ValueError(f"expected uint8 (H, W), not {pixels.dtype} {pixels.shape}")
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def _check_label(media_type: str | None, file_format: Format) -> None:
    label = (media_type or "").partition(";")[0].strip().lower()
    if label not in ("", "application/octet-stream", *file_format.media_types):
        raise UnsupportedImage(
            f"The picture is a {file_format.name} file, but labeled as something else;"
            f" label it {file_format.media_types[0]}."
        )


def _check_size(size: tuple[int, int], file_format: Format, limits: Limits) -> None:
    width, height = size
    if width <= 0 or height <= 0:
        raise damaged("it has no pixels")
    is_jpeg = file_format.name == "JPEG"
    limit = limits.jpeg_pixels if is_jpeg else limits.pixels
    reduction = _REDUCTIONS[-1] if is_jpeg else 1
    if width * height > limit or _pixels(size, reduction) > limits.pixels:
        raise ImageTooLarge(
            f"The picture has {width:,} x {height:,} pixels, more than the {limit:,} that are"
            " allowed; scale it down."
        )
    if max(size) > limits.side:
        raise ImageTooLarge(
            f"The picture has {width:,} x {height:,} pixels, and more than the {limits.side:,} that"
            " a side may have; cut it to its digit, or scale it down."
        )


def _pixels(size: tuple[int, int], reduction: int) -> int:
    return ceil(size[0] / reduction) * ceil(size[1] / reduction)


def _reduction(size: tuple[int, int], extra_bytes: int, limits: Limits) -> int:
    """Return by how much to scale the picture down while decoding it: 1, or for a JPEG up to 8.

    extra_bytes  of memory that the decoder takes beside the pixels, whatever the reduction
    """
    most_bytes = 2 * _PIXEL_BYTES * limits.pixels  # of the largest picture: Pillow's pixels, ours
    for reduction in _REDUCTIONS:
        pixels = _pixels(size, reduction)
        if pixels <= limits.pixels and extra_bytes + _PIXEL_BYTES * pixels <= most_bytes:
            return reduction
    raise ImageTooLarge(
        f"Decoding this JPEG would take {extra_bytes:,} bytes of memory, more than the"
        f" {most_bytes:,} that are allowed; save it as a baseline JPEG, or scale it down."
    )


def _load(file: bytes, name: str, size: tuple[int, int], reduction: int) -> Image.Image:
    image = Image.open(BytesIO(file), formats=[name])
    if image.size != size:
        raise ValueError(f"Pillow sees {image.size} where {size} was checked")
    if reduction > 1:
        image.draft(None, (size[0] // reduction, size[1] // reduction))
    image.load()
    return image


def _rgba(image: Image.Image, transparent: tuple[int, int, int] | None) -> Pixels:
    width, height = image.size
    pixels = np.empty((height, width, 4), np.uint8)
    # By strips: Pillow converts by way of whole copies, of 100 MB each for 25 megapixels.
    rows = max(1, _STRIP_PIXELS // width)
    for top in range(0, height, rows):
        last = min(top + rows, height)
        strip = image if last - top == height else image.crop((0, top, width, last))
        if strip.mode == "I;16":  # which Pillow would clip at 255
            strip = Image.fromarray((np.asarray(strip) >> 8).astype(np.uint8))
        pixels[top:last] = np.asarray(strip.convert("RGBA"))
        if transparent is not None:
            _make_transparent(pixels[top:last], transparent)
    return pixels


def _make_transparent(pixels: Pixels, color: tuple[int, int, int]) -> None:
    """Take away the pixels of one color, in place."""
    opaque, clear = np.array([[*color, 255], [*color, 0]], np.uint8).view(np.uint32)
    numbers = pixels.view(np.uint32)  # a pixel as one number compares ten times as fast
    numbers[numbers == opaque] = clear


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    whole = pixels.view(np.uint32)[..., 0]  # a pixel as one number: it is copied much faster
    if orientation in (5, 6, 7, 8):
        whole = whole.T
    if orientation in (3, 4, 7, 8):
        whole = whole[::-1]
    if orientation in (2, 3, 6, 7):
        whole = whole[:, ::-1]
    return np.ascontiguousarray(whole)[..., None].view(np.uint8)


def _orientation(exif: bytes) -> int:
    """Return the orientation that an EXIF block states, 1 to 8; 1 (upright) if it states none.

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
            if (tag, kind) == (0x0112, 3):
                return value if 1 <= value <= 8 else 1
    except struct.error:  # a damaged EXIF block is no reason to refuse the pixels
        pass
    return 1
