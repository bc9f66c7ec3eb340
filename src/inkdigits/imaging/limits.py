"""How large an image may be, and by how much a large one is scaled down."""

from dataclasses import dataclass
from math import ceil

from inkdigits.imaging.errors import ImageTooLarge, damaged
from inkdigits.imaging.png import MAX_DATA_BYTES
from inkdigits.imaging.webp import MAX_PIXELS as MAX_WEBP_PIXELS

_PIXEL_BYTES = 4
_JPEG_REDUCTIONS = (1, 2, 4, 8)  # the scales at which libjpeg decodes


@dataclass(frozen=True)
class Limits:
    """The maximum size of an image.

    bytes            of the file
    pixels           returned by `decode`, which scales down what has more
    declared_pixels  by a file of any format but JPEG: all of them are decoded. None is `pixels`
    jpeg_pixels      declared by a JPEG; over `pixels`, it is decoded at half, a quarter or an
                     eighth of its resolution
    webp_pixels      declared by a WebP or AVIF, whose decoders take up to 20 bytes for each
    data_bytes       of the pixels of a PNG or TIFF as they are stored, inflated
    side             width or height declared by the file, in pixels. JPEG and GIF cannot exceed the
                     default. Decoders work by rows: very few or very many rows take more memory or
                     time

    Some formats have further limits, in the modules that parse them.
    """

    bytes: int = 16 * 2**20
    pixels: int = 25_000_000
    declared_pixels: int | None = None
    jpeg_pixels: int = 64_000_000
    webp_pixels: int = MAX_WEBP_PIXELS
    data_bytes: int = MAX_DATA_BYTES
    side: int = 65_535

    @property
    def max_bytes(self) -> int:
        """The memory of the largest image, in the decoder and as the result."""
        return 2 * _PIXEL_BYTES * self.decoded_pixels

    @property
    def decoded_pixels(self) -> int:
        """The largest number of pixels that are decoded at once."""
        return self.declared_pixels or self.pixels


DEFAULT_LIMITS = Limits()
# For files that are read one after the other on their owner's computer, such as scans and photos of
# the largest cameras: decoding one takes 1.3 GB at most.
LARGE_FILES = Limits(
    bytes=128 * 2**20,
    declared_pixels=100_000_000,
    jpeg_pixels=400_000_000,
    webp_pixels=64_000_000,
    data_bytes=400 * 2**20,
)


def check_size(
    size: tuple[int, int], limits: Limits = DEFAULT_LIMITS, is_jpeg: bool = False
) -> None:
    """Check the size of an image before anything is allocated for it.

    size     width and height
    is_jpeg  whether the image is a JPEG file, which can be decoded at a lower resolution
    raises   DamagedImage if there are no pixels, ImageTooLarge if there are too many
    """
    width, height = size
    if width <= 0 or height <= 0:
        raise damaged("it has no pixels")
    limit = limits.jpeg_pixels if is_jpeg else limits.decoded_pixels
    smallest = _pixels(size, _JPEG_REDUCTIONS[-1]) if is_jpeg else 1
    if width * height > limit or smallest > limits.pixels:
        raise ImageTooLarge(
            f"The image has {width:,} x {height:,} pixels, more than the {limit:,} allowed;"
            " scale it down."
        )
    if max(size) > limits.side:
        raise ImageTooLarge(
            f"The image has {width:,} x {height:,} pixels, more than the {limits.side:,} allowed on"
            " one side; crop it to the digit, or scale it down."
        )


def jpeg_reduction(size: tuple[int, int], extra_bytes: int, limits: Limits) -> int:
    """Return the factor by which to scale a JPEG down while decoding it: 1, 2, 4 or 8.

    extra_bytes  memory that the decoder takes besides the pixels, whatever the factor
    raises       ImageTooLarge if that is too much
    """
    for reduction in _JPEG_REDUCTIONS:
        pixels = _pixels(size, reduction)
        if pixels <= limits.pixels and extra_bytes + _PIXEL_BYTES * pixels <= limits.max_bytes:
            return reduction
    raise ImageTooLarge(
        f"Decoding this JPEG would take {extra_bytes:,} bytes of memory, more than the"
        f" {limits.max_bytes:,} allowed; save it as a baseline JPEG, or scale it down."
    )


def reduction(size: tuple[int, int], limits: Limits) -> int:
    """Return the factor by which to scale down an image that is decoded."""
    factor = 1
    while _pixels(size, factor) > limits.pixels:
        factor += 1
    return factor


def _pixels(size: tuple[int, int], factor: int) -> int:
    return ceil(size[0] / factor) * ceil(size[1] / factor)
