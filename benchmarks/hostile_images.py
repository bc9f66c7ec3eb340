"""Generate images that cost far more to decode than to send, one for each attack.

`hostile_image_cost.py` measures what they cost.
"""

import io
import struct
import zlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from PIL import Image

from inkdigits.arrays import Pixels
from inkdigits.imaging.png import Header

MAX_WEBP_SIDE = 3605  # pixels, of a square

# A scan of a JPEG: component, first coefficient, last coefficient, high bit, low bit. Component -1
# means all components.
Scan = tuple[int, int, int, int, int]

FIRST_DC: Scan = (-1, 0, 0, 0, 1)
REFINED_DC: Scan = (-1, 0, 0, 1, 0)
BASELINE: Scan = (-1, 0, 63, 0, 0)

# Huffman tables of a JPEG.
CODES = bytes([1, 1, 1]) + bytes(13) + bytes([0x00, 0x01, 0x02])
END_OF_16384_BLOCKS = bytes([1]) + bytes(15) + bytes([0xE0])  # plus the value of 14 more bits
ONE_OR_END = bytes([1, 1]) + bytes(14) + bytes([0x01, 0x00])


def hostile_images() -> dict[str, bytes]:
    """Make every hostile image; the name of each says what it attacks."""
    return {name: make() for name, make in MAKERS.items()}


# ---- JPEG --------------------------------------------------------------------------------------


def jpeg(
    width: int,
    height: int,
    sampling: Sequence[tuple[int, int]],
    scans: Iterable[Scan],
    progressive: bool = True,
    scan_data: bytes | Callable[[Scan], bytes] = b"",
    extra: bytes = b"",
    dc_codes: bytes = CODES,
    ac_codes: bytes = CODES,
) -> bytes:
    """Make a JPEG with these scans.

    sampling   horizontal and vertical sampling factor of each component
    scan_data  entropy-coded data of each scan; decoders tolerate missing data
    extra      segments before the frame header
    dc_codes   Huffman table of the first coefficients: the number of codes of 1, 2, ..., 16 bits,
               and their symbols
    ac_codes   Huffman table of the other coefficients
    """
    count = len(sampling)
    components = b"".join(
        bytes([number + 1, 16 * across + down, 0]) for number, (across, down) in enumerate(sampling)
    )
    frame = struct.pack(">BHHB", 8, height, width, count) + components
    parts = [b"\xff\xd8", extra, _segment(0xDB, bytes([0]) + bytes([1]) * 64)]
    parts.append(_segment(0xC2 if progressive else 0xC0, frame))
    parts += [_segment(0xC4, b"\x00" + dc_codes), _segment(0xC4, b"\x10" + ac_codes)]
    for scan in scans:
        component, first, last, high, low = scan
        chosen = range(count) if component < 0 else (component,)
        body = bytes([len(chosen)]) + b"".join(bytes([number + 1, 0]) for number in chosen)
        parts.append(_segment(0xDA, body + bytes([first, last, 16 * high + low])))
        data = scan_data if isinstance(scan_data, bytes) else scan_data(scan)
        parts.append(data.replace(b"\xff", b"\xff\0"))
    return b"".join(parts) + b"\xff\xd9"


def _segment(code: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(body) + 2) + body


def _restarts() -> bytes:
    """Put a restart marker after each block."""
    interval = _segment(0xDD, b"\0\1")
    file = jpeg(8000, 8000, [(1, 1)], [BASELINE], False, extra=interval)
    blocks = b"".join(bytes([0x20, 0xFF, 0xD0 + number % 8]) for number in range(8)) * 125_000
    return file[:-2] + blocks + file[-2:]


def _refined_zeros(side: int, components: int, scans: int) -> bytes:
    """Refine coefficients that are all 0, again and again."""
    blocks = (side + 7) // 8 * ((side + 7) // 8)
    firsts: list[Scan] = [(number, 1, 63, 0, 13) for number in range(components)]
    refined: list[Scan] = [(number % components, 1, 63, 1, 0) for number in range(scans)]
    return jpeg(
        side,
        side,
        [(1, 1)] * components,
        [FIRST_DC, *firsts, *refined],
        scan_data=lambda scan: bytes(
            blocks * 15 // (8 * 16_384) + 2 if scan[1] else components * blocks // 8 + 1
        ),
        ac_codes=END_OF_16384_BLOCKS,
    )


def _refined_ones(side: int) -> bytes:
    """Refine every coefficient of every block three times, with one bit each."""
    rng = np.random.default_rng(0)
    blocks = (side + 7) // 8 * ((side + 7) // 8)
    scans: list[Scan] = [(0, 0, 0, 0, 0), (0, 1, 63, 0, 13)]
    scans += [(0, 1, 63, low + 1, low) for low in (12, 11, 10)]

    def data(scan: Scan) -> bytes:
        if scan[1] == 0:
            return bytes(blocks // 8 + 1)
        if scan[3] == 0:  # for each coefficient, the code 0 of a one, and its sign
            bits = rng.integers(0, 2, (blocks, 2 * 63), dtype=np.uint8)
            bits[:, ::2] = 0
        else:  # the end of the block, 10, and a bit for each coefficient, now nonzero
            bits = rng.integers(0, 2, (blocks, 2 + 63), dtype=np.uint8)
            bits[:, :2] = 1, 0
        return np.packbits(bits).tobytes()

    return jpeg(side, side, [(1, 1)], scans, scan_data=data, ac_codes=ONE_OR_END)


def _dense(side: int, components: int, share: float) -> bytes:
    """Fill a share of the blocks of a baseline JPEG with coefficients; leave the others empty."""
    rng = np.random.default_rng(0)
    blocks = components * ((side + 7) // 8 * ((side + 7) // 8))
    # The code of a 1-bit coefficient, and the bit; the end of the block is 10.
    full = rng.integers(0, 2, (round(share * blocks), 1, 64, 2), dtype=np.uint8)
    full[..., 0] = 0
    empty = np.tile(np.array([0, 0, 1, 0], np.uint8), blocks - len(full))
    data = np.packbits(np.concatenate([full.ravel(), empty])).tobytes()
    sampling = [(1, 1)] * components
    tables = {"dc_codes": ONE_OR_END, "ac_codes": ONE_OR_END}
    return jpeg(side, side, sampling, [BASELINE], False, scan_data=data, **tables)


def _rotated(file: bytes) -> bytes:
    """Add the Exif orientation that rotates a JPEG by 90 degrees."""
    entry = struct.pack(">HHIHxx", 0x0112, 3, 1, 6)
    block = b"Exif\0\0MM\0*" + struct.pack(">IH", 8, 1) + entry + bytes(4)
    return file[:2] + _segment(0xE1, block) + file[2:]


# ---- PNG ---------------------------------------------------------------------------------------


def png(
    width: int, height: int, bits: int, color_type: int, interlaced: bool, stream: bytes
) -> bytes:
    """Make a PNG with this zlib stream."""
    header = struct.pack(">IIBBBBB", width, height, bits, color_type, 0, 0, interlaced)
    chunks = [_chunk(b"IHDR", header), _chunk(b"IDAT", stream), _chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _empty_png(
    width: int, height: int, bits: int = 8, color_type: int = 6, interlaced: bool = False
) -> bytes:
    """Make a PNG whose pixels are all 0."""
    left = Header(width, height, bits, color_type, interlaced).data_bytes
    deflater = zlib.compressobj(1)
    parts = []
    while left:
        size = min(left, 2**20)
        parts.append(deflater.compress(bytes(size)))
        left -= size
    return png(width, height, bits, color_type, interlaced, b"".join([*parts, deflater.flush()]))


def _noisy_png(
    side: int, bits: int, color_type: int, filter_type: int = 4, interlaced: bool = False
) -> bytes:
    """Repeat one row of noise: the file is small, but each row is slow to unfilter (4 is Paeth)."""
    rng = np.random.default_rng(0)
    left = Header(side, side, bits, color_type, interlaced).data_bytes
    row_bytes = Header(side, 1, bits, color_type, False).data_bytes
    row = bytes([filter_type]) + rng.bytes(row_bytes - 1)
    if interlaced:  # rows differ in length, so any byte may be the first of a row
        row = bytes([filter_type]) * row_bytes
    deflater = zlib.compressobj(6)
    parts = []
    while left:
        parts.append(deflater.compress(row[:left]))
        left -= min(left, row_bytes)
    stream = b"".join([*parts, deflater.flush()])
    return png(side, side, bits, color_type, interlaced, stream)


def _dark_png(side: int, color_type: int) -> bytes:
    """Use 8 of 16 bits, without noise, and filter with Paeth: all bytes are unfiltered."""
    row_bytes = Header(side, 1, 16, color_type, False).data_bytes
    row = bytearray(row_bytes)
    row[0] = 4
    row[2 :: row_bytes // 250 * 2] = b"\1" * len(row[2 :: row_bytes // 250 * 2])
    rows = bytes(row) + (b"\4" + bytes(row_bytes - 1)) * (side - 1)
    return png(side, side, 16, color_type, False, zlib.compress(rows, 1))


def _paeth_png(pixels: Pixels) -> bytes:
    """Encode RGBA pixels with the Paeth filter in every row.

    source  https://www.w3.org/TR/png-3/, section 9.4
    """
    padded = np.pad(pixels.astype(np.int16), ((1, 0), (1, 0), (0, 0)))
    left, above, corner = padded[1:, :-1], padded[:-1, 1:], padded[:-1, :-1]
    to_left, to_above = np.abs(above - corner), np.abs(left - corner)
    to_corner = np.abs(left + above - 2 * corner)
    predicted = np.where(to_above <= to_corner, above, corner)
    predicted = np.where((to_left <= to_above) & (to_left <= to_corner), left, predicted)
    rows = (padded[1:, 1:] - predicted).astype(np.uint8).reshape(len(pixels), -1)
    filtered = np.insert(rows, 0, 4, axis=1)
    height, width = pixels.shape[:2]
    return png(width, height, 8, 6, False, zlib.compress(filtered.tobytes(), 1))


def _short_matches_png(side: int) -> bytes:
    """Fill a PNG with a zlib stream that consists of the shortest matches, of three bytes.

    source  RFC 1951, section 3.2.7
    """
    count = side * (1 + 4 * side)
    bits = _Bits()
    # The last block, with its own codes: 258 of literals and lengths, 1 of distances.
    for value, width in ((1, 1), (2, 2), (258 - 257, 5), (0, 5), (18 - 4, 4)):
        bits.add(value, width)
    for symbol in (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1):
        bits.add(2 if symbol in (18, 0, 1, 2) else 0, 3)
    one, two, zeros = "01", "10", "11"  # lengths of 1 and 2 bits, and a run of length 0
    run = zeros + f"{138 - 11:07b}"[::-1] + zeros + f"{255 - 138 - 11:07b}"[::-1]
    # The codes: 10 for the literal 0, 11 for the end, 0 for length 3, and 0 for distance 1.
    head = bits.text() + two + run + two + one + one
    matches, rest = divmod(count - 1, 3)
    body = "10" + "00" * matches + "10" * rest + "11"
    checksum = (count % 65521) << 16 | 1  # Adler-32 of zeros
    stream = b"\x78\x01" + _packed(head + body) + struct.pack(">I", checksum)
    return png(side, side, 8, 6, False, stream)


class _Bits:
    """A bit stream that starts with the lowest bit of each byte."""

    def __init__(self) -> None:
        self.values: list[tuple[int, int]] = []

    def add(self, value: int, count: int) -> None:
        self.values.append((value, count))

    def text(self) -> str:
        """Return the bits as a string of 0 and 1."""
        return "".join(f"{value:0{count}b}"[::-1] for value, count in self.values)


def _packed(text: str) -> bytes:
    """Pack a string of 0 and 1 into bytes, the first into the lowest bit."""
    numbers = np.frombuffer(text.encode(), np.uint8) - ord("0")
    return np.packbits(numbers, bitorder="little").tobytes()


def _many_chunks() -> bytes:
    stream = zlib.compress(b"\0" * 101 * 25)
    chunks = _chunk(b"IDAT", b"") * 9_990 + _chunk(b"IDAT", stream)
    header = struct.pack(">IIBBBBB", 25, 25, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + chunks + _chunk(b"IEND", b"")


# ---- WebP --------------------------------------------------------------------------------------


def webp_of_prefix_codes(groups: int, side: int) -> bytes:
    """Make a lossless WebP in which each block of 4 x 4 pixels refers to a prefix code group.

    Each group takes 20 bits in the file and 5 KB of a decoder's memory.
    """
    bits = _Bits()
    bits.add(0x2F, 8)
    bits.add(side - 1, 14)
    bits.add(side - 1, 14)
    bits.add(0, 4)  # no alpha, version 0
    bits.add(0, 1)  # no transform
    bits.add(0, 1)  # no color cache
    bits.add(1, 1)  # several groups: an image with their numbers follows
    bits.add(0, 3)  # blocks of 4 x 4
    bits.add(0, 1)  # that image has no color cache
    flat = [8] * 256
    _add_code(bits, flat + [0] * 24)  # green, and lengths
    _add_code(bits, flat)  # red
    for _ in range(3):
        _add_single(bits)
    blocks = ((side + 3) // 4) ** 2
    text = [bits.text()]
    for block in range(blocks):
        number = min(block, groups - 1)
        # A canonical 8-bit code is the symbol itself, with its first bit first in the stream.
        text.append(f"{number % 256:08b}{number // 256:08b}")
    single = _Bits()
    for _ in range(5):
        _add_single(single)
    text.append(single.text() * groups)
    body = _packed("".join(text))
    body += bytes(len(body) % 2)
    chunk = b"VP8L" + struct.pack("<I", len(body)) + body
    return b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk


def _add_single(bits: _Bits) -> None:
    """Add a code with one symbol, 0, which takes no bits."""
    bits.add(1, 1)
    bits.add(0, 3)


def _add_code(bits: _Bits, lengths: list[int]) -> None:
    """Add a code whose symbols have lengths 0 or 8, which take 1 bit each in the file."""
    order = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8]
    bits.add(0, 1)
    bits.add(len(order) - 4, 4)
    for symbol in order:
        bits.add(int(symbol in (0, 8)), 3)
    bits.add(0, 1)  # for all symbols
    for length in lengths:
        bits.add(int(length == 8), 1)


# ---- pixels ------------------------------------------------------------------------------------


def saved(pixels: Pixels, name: str, **options: object) -> bytes:
    """Encode pixels, uint8 (H, W) or (H, W, C), with Pillow."""
    return _file_of(Image.fromarray(pixels), name, **options)


def _file_of(image: Image.Image, name: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def _gray_noise(height: int, width: int, levels: int = 256) -> Pixels:
    rng = np.random.default_rng(0)
    return rng.integers(0, levels, (height, width), dtype=np.uint8)


def _gif_of_small_blocks(count: int) -> bytes:
    """Put each byte of a GIF's pixel data into a separate block."""
    screen = b"GIF89a" + struct.pack("<HHBBB", 100, 100, 0x80, 0, 0) + bytes(6)
    return (
        screen + b"," + struct.pack("<HHHHB", 0, 0, 100, 100, 0) + b"\2" + b"\1\0" * count + b"\0;"
    )


def _dots(side: int, step: int) -> Pixels:
    """Draw one-pixel dots on white."""
    pixels = np.full((side, side), 255, np.uint8)
    pixels[::step, ::step] = 0
    return pixels


def _ruled(side: int) -> Pixels:
    """Draw many pale lines in both directions, and a frame."""
    pixels = np.full((side, side), 255, np.uint8)
    pixels[:: side // 60] = 180
    pixels[:, :: side // 60] = 180
    pixels[side // 50 : side // 40] = 0
    pixels[:, side // 50 : side // 40] = 0
    return pixels


def _colored_gradient(side: int) -> Pixels:
    """Vary the brightness across the image, differently in each color, with alpha."""
    ramp = np.linspace(0, 255, side).astype(np.uint8)
    pixels = np.empty((side, side, 4), np.uint8)
    pixels[..., 0] = ramp
    pixels[..., 1] = ramp[:, None]
    pixels[..., 2] = ramp[::-1]
    pixels[..., 3] = np.maximum(ramp, 128)
    return pixels


def _webp(levels: int, quality: int | None) -> bytes:
    """Encode noise with noisy transparency, as large as a WebP may be.

    levels   number of levels of the noise
    quality  of lossy compression; None for lossless
    """
    gray = _gray_noise(MAX_WEBP_SIDE, MAX_WEBP_SIDE, levels)
    if quality is None:
        return saved(np.dstack([gray] * 4), "WEBP", lossless=True, method=0, quality=0)
    alpha = _gray_noise(MAX_WEBP_SIDE, MAX_WEBP_SIDE, 8)
    return saved(np.dstack([gray] * 3 + [30 * alpha]), "WEBP", method=0, quality=quality)


def _colors(width: int, height: int, alpha: bool = False) -> Image.Image:
    """Large blocks of random colors."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (40, 40, 4 if alpha else 3), np.uint8)
    return Image.fromarray(blocks).resize((width, height), Image.Resampling.NEAREST)


MAKERS: dict[str, Callable[[], bytes]] = {
    # Rejected, because they would take too much time or memory.
    "JPEG, 100 DC refinement scans of 64 megapixels": lambda: jpeg(
        8000, 8000, [(1, 1)] * 4, [FIRST_DC, *[REFINED_DC] * 98]
    ),
    "JPEG, 64 scans, 25 megapixels": lambda: _refined_zeros(5000, 1, 62),
    "JPEG, progressive CMYK, 64 megapixels": lambda: jpeg(8000, 8000, [(1, 1)] * 4, [FIRST_DC]),
    "JPEG, baseline in three scans, 64 megapixels": lambda: jpeg(
        8000, 8000, [(1, 1)] * 3, [(number, 0, 63, 0, 0) for number in range(3)], False
    ),
    "JPEG, fill bytes": lambda: (
        jpeg(8, 8, [(1, 1)], [BASELINE], False)[:-2] + b"\xff" * 16_000_000 + b"\xd9"
    ),
    "PNG, 25,000,000 x 1, 16-bit RGBA": lambda: _empty_png(25_000_000, 1, bits=16),
    "PNG, 1 x 25,000,000, interlaced": lambda: _empty_png(1, 25_000_000, interlaced=True),
    "PNG, 3 x 8,000,000": lambda: _empty_png(3, 8_000_000),
    "PNG, 5000 x 5000, 16-bit RGBA": lambda: _empty_png(5000, 5000, bits=16),
    "WebP, 65,536 prefix code groups": lambda: webp_of_prefix_codes(65_536, 1024),
    "WebP, 25 megapixels": lambda: saved(np.zeros((5000, 5000, 3), np.uint8), "WEBP", method=0),
    "GIF, one-byte blocks": lambda: _gif_of_small_blocks(3_000_000),
    # Decoded, and close to the limits.
    "JPEG, refined zeros, 64 megapixels": lambda: _refined_zeros(8000, 1, 7),
    "JPEG, refined zeros, 25 megapixels": lambda: _refined_zeros(5000, 1, 22),
    "JPEG, refined zeros, CMYK, 24 megapixels": lambda: _refined_zeros(4900, 4, 10),
    "JPEG, refined ones, 25 megapixels": lambda: _refined_ones(5000),
    "JPEG, dense, 25 megapixels": lambda: _dense(5000, 3, 0.8),
    "JPEG, dense, 64 megapixels": lambda: _dense(8000, 4, 0.2),
    "JPEG, dense, rotated by Exif": lambda: _rotated(_dense(5000, 3, 0.8)),
    "JPEG, sampling factors 4x2 and 1x1": lambda: jpeg(
        8000, 8000, [(4, 2), (1, 1), (1, 1)], [BASELINE], False
    ),
    "JPEG, a restart marker after each block": _restarts,
    "JPEG, 9,000 segments": lambda: jpeg(
        8, 8, [(1, 1)], [BASELINE], False, extra=_segment(0xE1, b"Exif\0\0") * 9_000
    ),
    "PNG, RGBA, noise with the Paeth filter": lambda: _noisy_png(4576, 8, 6),
    "PNG, RGB, interlaced, Paeth filter": lambda: _noisy_png(5000, 8, 2, interlaced=True),
    "PNG, 16-bit RGBA, noise with the Paeth filter": lambda: _noisy_png(3235, 16, 6),
    "PNG, 16-bit RGBA, 8 bits used": lambda: _dark_png(3235, 6),
    "PNG, 16-bit gray, 8 bits used": lambda: _dark_png(5000, 0),
    "PNG, the shortest matches": lambda: _short_matches_png(4576),
    "PNG, 9,990 empty chunks": _many_chunks,
    "WebP, 3,000 prefix code groups": lambda: webp_of_prefix_codes(3_000, 216),
    "WebP, lossless noise": lambda: _webp(8, None),
    "WebP, lossy noise with transparency": lambda: _webp(256, 80),
    "GIF, noise": lambda: saved(_gray_noise(3300, 3300), "GIF"),
    "GIF, 5000 x 5000": lambda: saved(_gray_noise(5000, 5000, 2), "GIF"),
    "BMP, 1 bit, 5000 x 5000": lambda: _file_of(
        Image.fromarray(255 * _gray_noise(5000, 5000, 2)).convert("1"), "BMP"
    ),
    "BMP, 8 bits, 4,000 x 4,000": lambda: saved(_gray_noise(4000, 4000), "BMP"),
    "TIFF, RGB in LZW, 25 megapixels": lambda: _file_of(
        _colors(5000, 5000), "TIFF", compression="tiff_lzw"
    ),
    "TIFF, RGB in JPEG, 25 megapixels": lambda: _file_of(
        _colors(5000, 5000), "TIFF", compression="jpeg"
    ),
    "TIFF, noise in deflate": lambda: _file_of(
        Image.fromarray(_gray_noise(3900, 3900)), "TIFF", compression="tiff_adobe_deflate"
    ),
    "TIFF, 16-bit gray, 25 megapixels": lambda: _file_of(
        Image.fromarray(_gray_noise(5000, 5000, 4).astype(np.uint16)),
        "TIFF",
        compression="tiff_adobe_deflate",
    ),
    "TIFF, fax of noise, 25 megapixels": lambda: _file_of(
        Image.fromarray(255 * _gray_noise(5000, 5000, 2)).convert("1"), "TIFF", compression="group4"
    ),
    "AVIF, RGBA, full chroma, 13 megapixels": lambda: _file_of(
        _colors(3600, 3600, alpha=True), "AVIF", quality=50, speed=10, subsampling="4:4:4"
    ),
    "AVIF, noise": lambda: _file_of(
        Image.fromarray(_gray_noise(3600, 3600)), "AVIF", quality=70, speed=10
    ),
    # The slowest to preprocess.
    "noise, 25 megapixels": lambda: saved(255 * _gray_noise(5000, 5000, 2), "PNG"),
    "noise, 2048 x 2048": lambda: saved(_gray_noise(2048, 2048), "PNG"),
    "dots, 2048 x 2048": lambda: saved(_dots(2048, 8), "PNG"),
    "dense dots, 2048 x 2048": lambda: saved(_dots(2048, 2), "PNG"),
    "lines and a frame, 2048 x 2048": lambda: saved(_ruled(2048), "PNG"),
    "uneven light, 2048 x 2048": lambda: saved(_colored_gradient(2048), "PNG"),
    "uneven light with the Paeth filter": lambda: _paeth_png(_colored_gradient(4096)),
}
