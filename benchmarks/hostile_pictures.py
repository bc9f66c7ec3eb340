"""Pictures that cost far more to decode than to send, made by code; each is one kind of attack.

Run as a program, it sends each through the recognizer in a process of its own, and prints the
seconds of processor time and the memory that it took, from the bytes to the prediction.
"""

import argparse
import io
import os
import resource
import struct
import sys
import time
import zlib
from collections.abc import Callable, Iterable, Sequence

import numpy as np
from PIL import Image

from inkdigits.arrays import Pixels
from inkdigits.imaging.png import Header
from inkdigits.recognizer import ImageError, Recognizer

# (component, first coefficient, last coefficient, high bit, low bit) of each scan of a JPEG; a
# component of -1 is all of them in one scan.
Scan = tuple[int, int, int, int, int]

FIRST_DC: Scan = (-1, 0, 0, 0, 1)
REFINED_DC: Scan = (-1, 0, 0, 1, 0)
LONGEST_SEGMENT = 65_533


def hostile_pictures() -> dict[str, bytes]:
    """Make every hostile picture, by a name that says what it attacks."""
    return {name: make() for name, make in MAKERS.items()}


# ---- JPEG --------------------------------------------------------------------------------------


def jpeg(
    width: int,
    height: int,
    sampling: Sequence[tuple[int, int]],
    scans: Iterable[Scan],
    progressive: bool = True,
    scan_data: bytes = b"",
    extra: bytes = b"",
) -> bytes:
    """Make a JPEG of these scans.

    sampling   horizontal and vertical sampling factor of each component
    scan_data  entropy-coded data of each scan; a decoder reads zeros where it is missing
    extra      segments before the frame header
    """
    count = len(sampling)
    components = b"".join(
        bytes([number + 1, 16 * across + down, 0]) for number, (across, down) in enumerate(sampling)
    )
    frame = struct.pack(">BHHB", 8, height, width, count) + components
    parts = [b"\xff\xd8", extra, _segment(0xDB, bytes([0]) + bytes([1]) * 64)]
    parts.append(_segment(0xC2 if progressive else 0xC0, frame))
    codes = bytes([1, 1, 1]) + bytes(13) + b"\x00\x01\x02"  # 0, 10 and 110
    parts += [_segment(0xC4, bytes([table]) + codes) for table in (0x00, 0x10)]  # DC, AC
    for component, first, last, high, low in scans:
        chosen = range(count) if component < 0 else (component,)
        body = bytes([len(chosen)]) + b"".join(bytes([number + 1, 0]) for number in chosen)
        parts.append(_segment(0xDA, body + bytes([first, last, 16 * high + low])))
        parts.append(scan_data)
    return b"".join(parts) + b"\xff\xd9"


def _segment(code: int, body: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, code, len(body) + 2) + body


def _refinement_scans(side: int, scans: int) -> bytes:
    return jpeg(side, side, [(1, 1)] * 4, [FIRST_DC, *[REFINED_DC] * scans])


def _descending_scans(side: int) -> bytes:
    """Refine every coefficient by one bit at a time, as often as the format allows it."""
    lows = range(13, -1, -1)
    dc: list[Scan] = [(-1, 0, 0, 0 if low == 13 else low + 1, low) for low in lows]
    ac: list[Scan] = [
        (component, 1, 63, 0 if low == 13 else low + 1, low) for low in lows for component in (0, 1)
    ]
    return jpeg(side, side, [(1, 1)] * 3, dc + ac)


def _one_scan_for_each_coefficient(side: int) -> bytes:
    scans: list[Scan] = [FIRST_DC, *((0, place, place, 0, 0) for place in range(1, 64))]
    return jpeg(side, side, [(1, 1)] * 3, scans)


def _restarts() -> bytes:
    """A restart marker after each block, which is empty."""
    markers = b"".join(bytes([0xFF, 0xD0 + number % 8]) for number in range(8)) * 100_000
    interval = _segment(0xDD, b"\0\1")
    scan: Scan = (-1, 0, 63, 0, 0)
    return jpeg(8000, 8000, [(1, 1)], [scan], progressive=False, scan_data=markers, extra=interval)


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
        piece = min(left, 2**20)
        parts.append(deflater.compress(bytes(piece)))
        left -= piece
    return png(width, height, bits, color_type, interlaced, b"".join([*parts, deflater.flush()]))


def _noisy_png(side: int, bits: int, filter_type: int) -> bytes:
    """Repeat rows of noise: the file is small, but no row is easy to unfilter."""
    rng = np.random.default_rng(0)
    row = bytes([filter_type]) + rng.bytes(side * bits // 2)
    deflater = zlib.compressobj(6)
    parts = [deflater.compress(row) for _ in range(side)]
    return png(side, side, bits, 6, False, b"".join([*parts, deflater.flush()]))


def _short_matches_png(side: int) -> bytes:
    """Fill a PNG with a zlib stream of nothing but the shortest matches, of three bytes.

    source  RFC 1951, section 3.2.7
    """
    count = side * (1 + 4 * side)
    bits = _Bits()
    # The last block, with codes of its own: 258 of literals and lengths, 1 of distances.
    for value, width in ((1, 1), (2, 2), (258 - 257, 5), (0, 5), (18 - 4, 4)):
        bits.add(value, width)
    for symbol in (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1):
        bits.add(2 if symbol in (18, 0, 1, 2) else 0, 3)
    one, two, zeros = "01", "10", "11"  # lengths of 1 and 2 bits, and a run of length 0
    run = zeros + f"{138 - 11:07b}"[::-1] + zeros + f"{255 - 138 - 11:07b}"[::-1]
    # The literal 0 has the code 10, the end 11, the length 3 has 0, and so has the distance 1.
    head = bits.text() + two + run + two + one + one
    matches, rest = divmod(count - 1, 3)
    body = "10" + "00" * matches + "10" * rest + "11"
    checksum = (count % 65521) << 16 | 1  # Adler-32 of zeros
    stream = b"\x78\x01" + _packed(head + body) + struct.pack(">I", checksum)
    return png(side, side, 8, 6, False, stream)


class _Bits:
    """Bits of a stream in which the lowest of a byte comes first."""

    def __init__(self) -> None:
        self.values: list[tuple[int, int]] = []

    def add(self, value: int, count: int) -> None:
        self.values.append((value, count))

    def text(self) -> str:
        """Return them as a string of 0 and 1."""
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
    """Make a lossless WebP in which each block of 4 x 4 pixels names a prefix code group.

    Each group takes 20 bits of the file, and 5 KB of a decoder's memory.
    """
    bits = _Bits()
    bits.add(0x2F, 8)
    bits.add(side - 1, 14)
    bits.add(side - 1, 14)
    bits.add(0, 4)  # no alpha, version 0
    bits.add(0, 1)  # no transform
    bits.add(0, 1)  # no color cache
    bits.add(1, 1)  # more than one group: an image that names them follows
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
        # Canonical codes of 8 bits are the symbols themselves, and the first bit of a code is the
        # first of the stream.
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
    """A code of one symbol, 0, which takes no bits."""
    bits.add(1, 1)
    bits.add(0, 3)


def _add_code(bits: _Bits, lengths: list[int]) -> None:
    """A code of symbols with lengths 0 and 8, whose lengths are themselves coded with 1 bit."""
    order = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8]
    bits.add(0, 1)
    bits.add(len(order) - 4, 4)
    for symbol in order:
        bits.add(int(symbol in (0, 8)), 3)
    bits.add(0, 1)  # of all symbols
    for length in lengths:
        bits.add(int(length == 8), 1)


# ---- pixels ------------------------------------------------------------------------------------


def saved(pixels: Pixels, name: str, **options: object) -> bytes:
    """Encode pixels, uint8 (H, W) or (H, W, C), by Pillow."""
    return _file_of(Image.fromarray(pixels), name, **options)


def _file_of(image: Image.Image, name: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def _grey_noise(height: int, width: int, levels: int = 256) -> Pixels:
    rng = np.random.default_rng(0)
    return rng.integers(0, levels, (height, width), dtype=np.uint8)


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
    """Light that changes over the sheet, in every color, with alpha."""
    ramp = np.linspace(0, 255, side).astype(np.uint8)
    pixels = np.empty((side, side, 4), np.uint8)
    pixels[..., 0] = ramp
    pixels[..., 1] = ramp[:, None]
    pixels[..., 2] = ramp[::-1]
    pixels[..., 3] = np.maximum(ramp, 128)
    return pixels


MAKERS: dict[str, Callable[[], bytes]] = {
    "JPEG, 100 DC refinement scans of 64 megapixels": lambda: _refinement_scans(8000, 98),
    "JPEG, 9 DC refinement scans of 25 megapixels": lambda: _refinement_scans(5000, 9),
    "JPEG, all bits one by one, 9 megapixels": lambda: _descending_scans(3000),
    "JPEG, all coefficients one by one, 64 megapixels": lambda: _one_scan_for_each_coefficient(
        8000
    ),
    "JPEG, progressive CMYK": lambda: jpeg(8000, 8000, [(1, 1)] * 4, [FIRST_DC, REFINED_DC]),
    "JPEG, baseline in three scans, 64 megapixels": lambda: jpeg(
        8000, 8000, [(1, 1)] * 3, [(number, 0, 63, 0, 0) for number in range(3)], progressive=False
    ),
    "JPEG, sampling factors 4x2 and 1x1": lambda: jpeg(
        8000, 8000, [(4, 2), (1, 1), (1, 1)], [(-1, 0, 63, 0, 0)], progressive=False
    ),
    "JPEG, a restart after each block": _restarts,
    "JPEG, 65,500 x 976": lambda: jpeg(
        65_500, 976, [(1, 1)] * 3, [(-1, 0, 63, 0, 0)], progressive=False
    ),
    "JPEG, 9,000 segments": lambda: jpeg(
        8, 8, [(1, 1)], [(-1, 0, 63, 0, 0)], False, extra=_segment(0xE1, b"Exif\0\0") * 9_000
    ),
    "PNG, 25,000,000 x 1, 16-bit RGBA": lambda: _empty_png(25_000_000, 1, bits=16),
    "PNG, 1 x 25,000,000, interlaced": lambda: _empty_png(1, 25_000_000, interlaced=True),
    "PNG, 3 x 8,000,000": lambda: _empty_png(3, 8_000_000),
    "PNG, 5000 x 5000, 16-bit RGBA": lambda: _empty_png(5000, 5000, bits=16),
    "PNG, 5000 x 5000, 16-bit RGBA, interlaced": lambda: _empty_png(
        5000, 5000, bits=16, interlaced=True
    ),
    "PNG, 5000 x 5000, noise with Paeth's filter": lambda: _noisy_png(5000, 8, 4),
    "PNG, 5000 x 5000, the shortest matches": lambda: _short_matches_png(5000),
    "PNG, 9,990 empty chunks": _many_chunks,
    "WebP, 65,536 prefix code groups": lambda: webp_of_prefix_codes(65_536, 1024),
    "WebP, 16,383 x 1,525, lossless noise with alpha": lambda: saved(
        np.dstack([np.tile(_grey_noise(1525, 128, 16), (1, 128))[:, :16_383]] * 4),
        "WEBP",
        lossless=True,
        method=0,
        quality=0,
    ),
    "WebP, 16,383 x 1,525, lossy with alpha": lambda: saved(
        np.dstack([np.tile(_grey_noise(1525, 128, 64), (1, 128))[:, :16_383]] * 4),
        "WEBP",
        method=0,
        quality=50,
    ),
    "GIF, 5000 x 5000, noise of 4 colors": lambda: saved(_grey_noise(5000, 5000, 4), "GIF"),
    "GIF, 65,535 x 380": lambda: saved(_grey_noise(380, 65_535, 2), "GIF"),
    "BMP, 1 bit, 5000 x 5000": lambda: _file_of(
        Image.fromarray(255 * _grey_noise(5000, 5000, 2)).convert("1"), "BMP"
    ),
    "BMP, 8 bits, 4,000 x 4,000": lambda: saved(_grey_noise(4000, 4000), "BMP"),
    "PNG, 5000 x 5000, noise of 2 levels": lambda: saved(
        255 * _grey_noise(5000, 5000, 2), "PNG", compress_level=1
    ),
    "PNG, 2048 x 2048, noise": lambda: saved(_grey_noise(2048, 2048), "PNG", compress_level=1),
    "PNG, 2048 x 2048, dots": lambda: saved(_dots(2048, 8), "PNG"),
    "PNG, 2048 x 2048, dense dots": lambda: saved(_dots(2048, 2), "PNG"),
    "PNG, 2048 x 2048, lines and a frame": lambda: saved(_ruled(2048), "PNG"),
    "PNG, 2048 x 2048, uneven light": lambda: saved(_colored_gradient(2048), "PNG"),
    "PNG, 5000 x 5000, uneven light": lambda: saved(
        _colored_gradient(5000), "PNG", compress_level=1
    ),
}


# ---- measuring ---------------------------------------------------------------------------------


def measure(recognizer: Recognizer, data: bytes) -> tuple[float, float, str]:
    """Recognize a picture in a child process.

    returns  seconds of processor time, MiB at most above what the process held before, and the
             outcome: the digit, or the error's class
    """

    def work() -> bytes:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        since = time.process_time()
        try:
            outcome = str(recognizer.recognize(data).digit)
        except ImageError as error:
            outcome = type(error).__name__
        seconds = time.process_time() - since
        more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        return f"{seconds} {more / 2**10} {outcome}".encode()

    seconds, memory, outcome = _in_child(work).decode().split(" ", 2)
    return float(seconds), float(memory), outcome


def _in_child(work: Callable[[], bytes]) -> bytes:
    """Do some work in a child process, so that this one's memory stays as it is."""
    read_end, write_end = os.pipe()
    child = os.fork()
    if not child:
        try:
            with os.fdopen(write_end, "wb") as pipe:
                pipe.write(work())
        finally:
            os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end, "rb") as pipe:
        result = pipe.read()
    os.waitpid(child, 0)
    return result


def main() -> None:
    """Measure every picture, and print the worst last."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="", help="measure those whose name has this in it")
    arguments = parser.parse_args()
    recognizer = Recognizer.load()
    recognizer.recognize(saved(_dots(100, 30), "PNG"))
    worst_seconds = worst_memory = 0.0
    print(f"{'picture':52} {'bytes':>10} {'s':>6} {'MiB':>6}  outcome")
    for name, make in MAKERS.items():
        if arguments.only not in name:
            continue
        data = _in_child(make)
        seconds, memory, outcome = measure(recognizer, data)
        worst_seconds, worst_memory = max(worst_seconds, seconds), max(worst_memory, memory)
        print(f"{name:52} {len(data):10,} {seconds:6.2f} {memory:6.0f}  {outcome}", flush=True)
    print(f"worst: {worst_seconds:.2f} s, {worst_memory:.0f} MiB")
    sys.exit(worst_seconds > 1 or worst_memory > 250)


if __name__ == "__main__":
    main()
