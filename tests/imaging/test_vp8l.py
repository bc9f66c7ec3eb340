"""Lossless WebP data is parsed as in a decoder, up to its prefix codes."""

import contextlib
import io
import struct

import numpy as np
import pytest
from hostile_images import webp_of_prefix_codes
from PIL import Image

from inkdigits.imaging import vp8l, webp
from inkdigits.imaging.decode import decode
from inkdigits.imaging.errors import DamagedImage, ImageError, ImageTooLarge

PREDICTOR, COLOR, SUBTRACT_GREEN, PALETTE = range(4)
LITERALS, LENGTHS = 256, 24


class Stream:
    """Writes lossless WebP data with random choices."""

    def __init__(self, rng):
        self.rng = rng
        self.bits = []

    def add(self, value, count):
        self.bits += [value >> place & 1 for place in range(count)]

    def chance(self):
        """Add a random bit, and return it."""
        value = int(self.rng.integers(2))
        self.add(value, 1)
        return value

    def add_code(self, symbols, most=None):
        """Add a prefix code for some symbols below `most`; return the bits of each."""
        most = most or symbols
        kind = self.rng.integers(4)
        if kind <= 1:
            count = int(kind) + 1
            chosen = self.rng.choice(min(most, 256), count, replace=False).tolist()
            self.add(1, 1)
            self.add(count - 1, 1)
            is_long = chosen[0] > 1 or self.rng.integers(2)
            self.add(is_long, 1)
            self.add(chosen[0], 8 if is_long else 1)
            if count == 2:
                self.add(chosen[1], 8)
            return canonical(dict.fromkeys(chosen, 1)) if count == 2 else {chosen[0]: ()}
        chosen = self.rng.choice(most, min(most, int(self.rng.integers(2, 17))), replace=False)
        if kind == 2:  # as many symbols as there are codes of one length
            length = len(chosen).bit_length() - 1
            lengths = dict.fromkeys(chosen[: 1 << length].tolist(), length)
        else:  # a code of each length, and two of the last
            longest = len(chosen) - 1
            lengths = {int(symbol): min(n + 1, longest) for n, symbol in enumerate(chosen)}
        self.add(0, 1)
        self.add(19 - 4, 4)
        for symbol in vp8l._LENGTH_ORDER:
            self.add(4 if symbol < 16 else 0, 3)
        self.add(0, 1)
        for symbol in range(symbols):
            length = lengths.get(symbol, 0)
            self.bits += [length >> place & 1 for place in (3, 2, 1, 0)]
        return canonical(lengths)

    def add_image(self, width, height):
        """Add the image of a transform: literals, runs and cached colors."""
        cache = 0
        if self.chance():
            cache_bits = int(self.rng.integers(1, 5))
            self.add(cache_bits, 4)
            cache = 1 << cache_bits
        start = len(self.bits)
        while True:
            green = self.add_code(LITERALS + LENGTHS + cache)
            if any(symbol < LITERALS for symbol in green):
                break
            del self.bits[start:]  # some pixel must be a literal
        others = [self.add_code(LITERALS) for _ in range(3)]
        distance = self.add_code(40, most=2)  # the pixel above, and the one before
        done = 0
        while done < width * height:
            symbol = int(self.rng.choice(list(green)))
            length = 1
            if LITERALS <= symbol < LITERALS + LENGTHS:
                prefix = symbol - LITERALS
                extra = max(0, (prefix - 2) >> 1)
                base = prefix + 1 if prefix < 4 else ((2 + (prefix & 1)) << extra) + 1
                more = int(self.rng.integers(1 << extra))
                length = base + more
                if done < width or length > width * height - done:
                    continue
            self.bits += green[symbol]
            if symbol < LITERALS:
                for code in others:
                    self.bits += code[self.rng.choice(list(code))]
            elif symbol < LITERALS + LENGTHS:
                self.add(more, extra)
                self.bits += distance[self.rng.choice(list(distance))]
            done += length

    def add_single_codes(self):
        for _ in range(5):
            self.add(1, 1)
            self.add(0, 3)


def canonical(lengths):
    """Return the bits of each symbol's code, in the order of the stream."""
    codes, code, before = {}, 0, 0
    for length, symbol in sorted((length, symbol) for symbol, length in lengths.items()):
        code <<= length - before
        codes[symbol] = [code >> place & 1 for place in range(length - 1, -1, -1)]
        code, before = code + 1, length
    return codes


def random_webp(seed):
    """Make a random lossless WebP; return it, its size, and its number of prefix-coded blocks."""
    rng = np.random.default_rng(seed)
    stream = Stream(rng)
    width, height = (int(side) for side in rng.integers(1, 70, 2))
    stream.add(0x2F, 8)
    stream.add(width - 1, 14)
    stream.add(height - 1, 14)
    stream.add(0, 4)
    columns = width
    for kind in rng.permutation(4)[: rng.integers(5)].tolist():
        stream.add(1, 1)
        stream.add(kind, 2)
        if kind == PALETTE:
            colors = int(rng.choice([1, 2, 3, 4, 5, 16, 17, 256]))
            stream.add(colors - 1, 8)
            stream.add_image(colors, 1)
            packed = 8 if colors <= 2 else 4 if colors <= 4 else 2 if colors <= 16 else 1
            columns = -(-columns // packed)
        elif kind != SUBTRACT_GREEN:
            size = int(rng.integers(8))
            stream.add(size, 3)
            side = 4 << size
            stream.add_image(-(-columns // side), -(-height // side))
    stream.add(0, 1)
    if stream.chance():
        stream.add(int(rng.integers(1, 12)), 4)
    stream.add(1, 1)
    size = int(rng.integers(8))
    stream.add(size, 3)
    side = 4 << size
    stream.add(0, 1)
    stream.add_single_codes()  # of the entropy image, which assigns group 0 to all blocks
    stream.add_single_codes()  # of that group
    body = np.packbits(np.array(stream.bits, np.uint8), bitorder="little").tobytes()
    body += bytes(len(body) % 2)
    chunk = b"VP8L" + struct.pack("<I", len(body)) + body
    data = b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
    return data, (width, height), -(-columns // side) * -(-height // side)


@pytest.mark.parametrize("seed", range(200))
def test_blocks_with_prefix_codes_are_counted(seed, monkeypatch):
    data, (width, height), blocks = random_webp(seed)
    assert decode(data).shape == (height, width, 4)
    monkeypatch.setattr(vp8l, "MAX_BLOCKS", blocks)
    webp.read(data)
    monkeypatch.setattr(vp8l, "MAX_BLOCKS", blocks - 1)
    with pytest.raises(ImageTooLarge, match="WebP"):
        webp.read(data)


@pytest.mark.parametrize("seed", range(0, 200, 20))
def test_truncated_or_damaged_lossless_data_is_an_image_error(seed):
    data, size, _ = random_webp(seed)
    body = data[25:]
    rng = np.random.default_rng(seed)
    # The last bytes hold the prefix codes of the image itself, which only the decoder parses.
    for length in range(0, len(body) - 8, 7):
        with pytest.raises(ImageError):
            vp8l.check(body[:length], *size)
        mutated = bytearray(body)
        mutated[int(rng.integers(len(body)))] ^= 1 << int(rng.integers(8))
        with contextlib.suppress(ImageError):
            vp8l.check(bytes(mutated), *size)


def real_images():
    rng = np.random.default_rng(0)
    rows, columns = np.mgrid[0:300, 0:400]
    smooth = np.stack([rows * 255 // 299, columns * 255 // 399, (rows + columns) % 256], axis=-1)
    yield "smooth", smooth.astype(np.uint8)
    yield "noise", rng.integers(0, 256, (300, 400, 4), dtype=np.uint8)
    yield (
        "two colors",
        np.repeat(255 * rng.integers(0, 2, (300, 400, 1), dtype=np.uint8), 3, axis=2),
    )
    yield (
        "few colors",
        np.repeat(20 * rng.integers(0, 12, (300, 400, 1), dtype=np.uint8), 3, axis=2),
    )
    parts = np.concatenate([smooth[:150], rng.integers(0, 256, (150, 400, 3))])
    yield "two kinds", parts.astype(np.uint8)


@pytest.mark.parametrize("method", [0, 3, 6])
@pytest.mark.parametrize("name", [name for name, _ in real_images()])
def test_lossless_files_of_libwebp_are_within_the_limits(name, method):
    pixels = dict(real_images())[name]
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", lossless=True, exact=True, method=method)
    decoded = decode(file.getvalue())
    np.testing.assert_array_equal(decoded[..., : pixels.shape[2]], pixels)


def test_lossless_alpha_channel_is_checked_too(monkeypatch):
    rng = np.random.default_rng(0)
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[:32, :, 3] = rng.integers(0, 256, (32, 64))
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "WEBP", quality=50)
    data = file.getvalue()
    alpha = data.index(b"ALPH") + 8
    assert data[alpha] % 4 == 1
    assert decode(data).shape == (64, 64, 4)
    seen = []
    monkeypatch.setattr(vp8l, "check", lambda *arguments: seen.append(arguments))
    webp.read(data)
    (length,) = struct.unpack_from("<I", data, alpha - 4)
    assert seen == [(data[alpha + 1 : alpha + length], 64, 64)]


def test_prefix_codes_for_too_many_blocks_are_too_large():
    assert decode(webp_of_prefix_codes(100, 216)).shape == (216, 216, 4)
    assert (216 / 4) ** 2 < vp8l.MAX_BLOCKS < (220 / 4) ** 2
    with pytest.raises(ImageTooLarge, match="WebP"):
        decode(webp_of_prefix_codes(100, 220))


def test_transform_of_too_many_pixels_is_too_large(monkeypatch):
    data = next(data for data, _, _ in map(random_webp, range(200)) if len(data) > 1000)
    monkeypatch.setattr(vp8l, "MAX_TRANSFORM_CODES", 20)
    with pytest.raises(ImageTooLarge, match="WebP"):
        webp.read(data)


def code_lengths(lengths):
    """A normal prefix code that encodes each length in 4 bits."""
    stream = Stream(None)
    stream.add(0, 1)
    stream.add(19 - 4, 4)
    for symbol in vp8l._LENGTH_ORDER:
        stream.add(4 if symbol < 16 else 0, 3)
    stream.add(0, 1)
    for length in lengths:
        stream.bits += [length >> place & 1 for place in (3, 2, 1, 0)]
    return stream.bits


@pytest.mark.parametrize(
    "lengths", [[0] * 280, [1] * 280, [1, 1, 1] + [0] * 277, [2, 2, 1, 15] + [0] * 276, [15] * 280]
)
def test_oversubscribed_or_incomplete_prefix_code_is_rejected(lengths):
    stream = Stream(None)
    stream.add(1, 1)
    stream.add(PREDICTOR, 2)
    stream.add(0, 3)
    stream.add(0, 1)
    stream.bits += code_lengths(lengths)
    body = np.packbits(np.array(stream.bits, np.uint8), bitorder="little").tobytes()
    with pytest.raises(DamagedImage, match="prefix code"):
        vp8l.check(body + bytes(100), 10, 10)


def test_repeated_transform_is_rejected():
    stream = Stream(None)
    for _ in range(2):
        stream.add(1, 1)
        stream.add(SUBTRACT_GREEN, 2)
    body = np.packbits(np.array(stream.bits, np.uint8), bitorder="little").tobytes()
    with pytest.raises(DamagedImage, match="repeated"):
        vp8l.check(body, 10, 10)


@pytest.mark.parametrize("name", [b"VP8L", b"ALPH"])
def test_webp_with_two_images_is_damaged(name):
    data, _, _ = random_webp(0)
    chunks = data[12:] + (name + struct.pack("<I", 2) + b"\0\0") * (1 if name == b"VP8L" else 2)
    with pytest.raises(DamagedImage, match="two images"):
        decode(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks)
