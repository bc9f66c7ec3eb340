"""Image files decode to their pixels, or raise an error that states the problem."""

import io
import re
import struct
import subprocess
import sys
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from inkdigits.imaging.decode import decode, encode_png
from inkdigits.imaging.errors import DamagedImage, ImageError, ImageTooLarge, UnsupportedImage
from inkdigits.imaging.formats import MAX_GIF_BLOCKS, MAX_GIF_SUB_BLOCKS, detect_format
from inkdigits.imaging.jpeg import MAX_SCANS
from inkdigits.imaging.limits import LARGE_FILES, Limits
from inkdigits.imaging.png import MAX_CHUNKS, MAX_DATA_BYTES, MAX_TEXT_BYTES, read_header

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")
EXIF_FORMATS = ("PNG", "JPEG", "WEBP")
GOLDEN = Path(__file__).parents[1] / "golden"
SIGNATURE = b"\x89PNG\r\n\x1a\n"
LAST_ROWS = ("77777777", "56565656", "77777777")
ADAM7 = ("16462646", *LAST_ROWS, "36463646", *LAST_ROWS)  # the pass of each pixel of 8 x 8
SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # per pixel, by the PNG's color type
KINDS_OF_PNG = [(0, bits) for bits in (1, 2, 4, 8, 16)]
KINDS_OF_PNG += [(3, bits) for bits in (1, 2, 4, 8)]
KINDS_OF_PNG += [(color_type, bits) for color_type in (2, 4, 6) for bits in (8, 16)]


def drawing(mode="RGB", size=(23, 17)):
    """A different color in every corner, so that any rotation or flip shows."""
    width, height = size
    rows, columns = np.mgrid[0:height, 0:width]
    channels = (255 * columns // width, 255 * rows // height, 255 * (rows > columns))
    image = Image.fromarray(np.stack(channels, axis=-1).astype(np.uint8))
    if mode == "RGBA":
        image.putalpha(Image.fromarray((rows * 7 + columns * 3).astype(np.uint8)))
    return image.convert(mode)


def file_of(image, name, **options):
    file = io.BytesIO()
    image.save(file, name, **options)
    return file.getvalue()


def decoded_by_pillow(data):
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def with_bytes(data, position, new):
    return data[:position] + new + data[position + len(new) :]


def chunk(name, body=b""):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def header(width=3, height=2, bits=8, color_type=0, compression=0, filtering=0, interlacing=0):
    fields = (width, height, bits, color_type, compression, filtering, interlacing)
    return chunk(b"IHDR", struct.pack(">IIBBBBB", *fields))


IMAGE_DATA = chunk(b"IDAT", zlib.compress(b"\0abc\0def"))  # of 3 x 2 gray pixels
END = chunk(b"IEND")
SMALL_PNG = SIGNATURE + header() + IMAGE_DATA + END


def packed(samples, bits):
    """A PNG's filter byte and samples of one row, from integers (width, samples per pixel)."""
    numbers = "".join(f"{int(sample):0{bits}b}" for sample in samples.flat)
    numbers += "0" * (-len(numbers) % 8)
    return b"\0" + int(numbers, 2).to_bytes(len(numbers) // 8)


def png_of(samples, bits, color_type, interlaced=False, chunks=b""):
    """A PNG file from integers (height, width, samples per pixel)."""
    height, width = samples.shape[:2]
    if interlaced:
        rows = b""
        for number in "1234567":
            for row in range(height):
                columns = [x for x in range(width) if ADAM7[row % 8][x % 8] == number]
                if columns:
                    rows += packed(samples[row, columns], bits)
    else:
        rows = b"".join(packed(row, bits) for row in samples)
    begin = SIGNATURE + header(width, height, bits, color_type, interlacing=int(interlaced))
    return begin + chunks + chunk(b"IDAT", zlib.compress(rows)) + END


def exif_block(orientation, order=">", kind=3):
    begin = {"<": b"II*\0", ">": b"MM\0*"}[order]
    entries = [(0x010F, 2, 2, 0), (0x0112, kind, 1, orientation)]
    block = begin + struct.pack(order + "IH", 8, len(entries))
    return block + b"".join(struct.pack(order + "HHIHxx", *entry) for entry in entries) + bytes(4)


def jpeg_segment(code, body):
    return struct.pack(">BBH", 0xFF, code, len(body) + 2) + body


def webp_chunk(name, body):
    return name + struct.pack("<I", len(body)) + body + bytes(len(body) % 2)


def webp_of(*chunks):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def bmp_of(rows, bits, palette, colors):
    """An uncompressed BMP whose header counts its colors; rows from the bottom up, padded to 4."""
    start = 14 + 40 + len(palette)
    fields = (40, 4, len(rows), 1, bits, 0, 0, 0, 0, colors, 0)
    data = b"BM" + struct.pack("<IHHI", start + 4 * len(rows), 0, 0, start)
    return data + struct.pack("<IiiHHIIiiII", *fields) + palette + b"".join(rows)


def declaring(name, width, height):
    """A real file with its declared size overwritten."""
    data = file_of(drawing(), name)
    if name == "PNG":
        return data[:8] + header(width, height, color_type=2) + data[33:]
    if name == "JPEG":
        return with_bytes(data, data.index(b"\xff\xc0") + 5, struct.pack(">HH", height, width))
    if name == "GIF":
        return with_bytes(data, 6, struct.pack("<HH", width, height))
    if name == "BMP":
        return with_bytes(data, 18, struct.pack("<ii", width, height))
    sizes = struct.pack("<I", (width - 1) % 2**24)[:3] + struct.pack("<I", (height - 1) % 2**24)[:3]
    return webp_of(webp_chunk(b"VP8X", bytes(4) + sizes), data[12:])


# ---- decoded -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "mode"),
    [(name, mode) for name in FORMATS for mode in ("1", "L", "RGB")]
    + [(name, mode) for name in FORMATS for mode in ("P", "RGBA") if name != "JPEG"],
)
def test_each_format_and_mode_decodes_to_the_saved_colors(name, mode):
    image = drawing(mode)
    data = file_of(image, name, **({"lossless": True, "exact": True} if name == "WEBP" else {}))
    pixels = decode(data)
    assert pixels.shape == (17, 23, 4)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, decoded_by_pillow(data))
    if name in ("PNG", "WEBP") or (name == "BMP" and mode != "RGBA"):
        np.testing.assert_array_equal(pixels, np.asarray(image.convert("RGBA")))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("size", [(11, 10), (3, 2), (1, 1), (1, 9)])
@pytest.mark.parametrize(("color_type", "bits"), KINDS_OF_PNG)
def test_every_png_color_type_and_bit_depth_is_decoded(color_type, bits, size, interlaced):
    width, height = size
    rng = np.random.default_rng(bits)
    samples = rng.integers(0, 2**bits, (height, width, SAMPLES[color_type]))
    samples[0, 0] |= 1 << bits - 1  # so that all bits are in use
    palette = rng.integers(0, 256, (2 ** min(bits, 8), 3), dtype=np.uint8)
    chunks = chunk(b"PLTE", palette.tobytes()) if color_type == 3 else b""
    if color_type == 3:
        expected = palette[samples[..., 0]]
    else:
        levels = samples >> 8 if bits == 16 else samples * 255 // (2**bits - 1)
        expected = levels[..., :3] if color_type in (2, 6) else levels[..., [0, 0, 0]]
    alpha = levels[..., -1] if color_type in (4, 6) else np.full((height, width), 255)
    pixels = decode(png_of(samples, bits, color_type, interlaced, chunks))
    np.testing.assert_array_equal(pixels[..., :3], expected)
    np.testing.assert_array_equal(pixels[..., 3], alpha)


@pytest.mark.parametrize(
    ("color_type", "bits"), [kind for kind in KINDS_OF_PNG if kind[0] in (0, 2)]
)
def test_transparent_color_of_a_png_becomes_alpha(color_type, bits):
    maximum = 2**bits - 1
    samples = np.zeros((2, 3, SAMPLES[color_type]), int)
    samples[0, 1] = maximum
    samples[1] = maximum // 2
    for key, opaque in ((maximum, [[255, 0, 255], [255] * 3]), (0, [[0, 255, 0], [255] * 3])):
        if bits == 1:
            opaque[1] = opaque[0][:1] * 3  # 1 // 2 is 0
        body = struct.pack(">H", key) * SAMPLES[color_type]
        pixels = decode(png_of(samples, bits, color_type, chunks=chunk(b"tRNS", body)))
        np.testing.assert_array_equal(pixels[..., 3], opaque)


def test_16_bit_transparent_color_is_compared_with_all_its_bits():
    samples = np.full((1, 2, 3), 5 << 8)
    pixels = decode(png_of(samples, 16, 2, chunks=chunk(b"tRNS", bytes([0, 5] * 3))))
    assert pixels[0].tolist() == [[5, 5, 5, 255]] * 2


def picture(bits, channels=1, noise=0.0, golden=4):
    """A digit in samples of some bits, (280, 280, channels); alpha is opaque."""
    image = Image.open(GOLDEN / f"{golden}.png").convert("L").resize((280, 280))
    gray = np.asarray(image)[..., np.newaxis] / 255
    gray = np.repeat(gray, channels, axis=-1) * [1, 0.9, 0.8, 0.9][:channels]
    gray = 0.9 * gray + 0.05 + np.random.default_rng(0).normal(0, noise, gray.shape)
    samples = np.round(np.clip(gray, 0, 1) * (2**bits - 1)).astype(int)
    if channels in (2, 4):
        samples[..., -1] = 2**bits - 1
    return samples


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("color_type", [0, 2, 4, 6])
@pytest.mark.parametrize("bits", [8, 10, 12, 14, 15])
def test_upper_bits_that_a_16_bit_png_does_not_use_are_dropped(bits, color_type, interlaced):
    samples = picture(bits, SAMPLES[color_type], noise=0.01)[::5, ::7]
    expected = decode(png_of(samples << 16 - bits, 16, color_type, interlaced))
    assert expected[..., :3].max() > 127
    np.testing.assert_array_equal(expected[..., 0], samples[..., 0] << 16 - bits >> 8)
    np.testing.assert_array_equal(decode(png_of(samples, 16, color_type, interlaced)), expected)
    if color_type in (4, 6):
        assert (expected[..., 3] == 2**bits - 1 >> max(0, bits - 8)).all()
        samples[..., -1] = 0xFFFF  # opaque, as programs add it that do not know the bits in use
        pixels = decode(png_of(samples, 16, color_type, interlaced))
        np.testing.assert_array_equal(pixels[..., :3], expected[..., :3])
        assert (pixels[..., 3] == 255).all()


def test_alpha_of_a_16_bit_png_may_use_fewer_bits_than_its_colors():
    samples = np.zeros((20, 20, 2), int)
    samples[5:15, 5:15, 1] = 4095
    samples[0, 0, 0] = 0xFFFF
    pixels = decode(png_of(samples, 16, 4))
    assert pixels[0, 0].tolist() == [255, 255, 255, 0]
    assert (pixels[5:15, 5:15] == (0, 0, 0, 255)).all()


@pytest.mark.parametrize("color_type", [0, 2, 6])
def test_large_16_bit_png_keeps_every_row(color_type):
    rows, columns = np.mgrid[0:1_100, 0:1_200]
    gray = rows * 2 + columns
    samples = np.stack([gray + color for color in range(SAMPLES[color_type])], axis=-1)
    samples[..., -1] += 1500 if color_type == 6 else 0
    cv2_order = samples if color_type == 0 else samples[..., [2, 1, 0, 3][: samples.shape[-1]]]
    file = cv2.imencode(".png", cv2_order.astype(np.uint16))[1].tobytes()
    pixels = decode(file)
    np.testing.assert_array_equal(pixels[..., 0], samples[..., 0] >> 4)
    if color_type:
        np.testing.assert_array_equal(pixels[..., 2], samples[..., 2] >> 4)
    if color_type == 6:
        np.testing.assert_array_equal(pixels[..., 3], samples[..., 3] >> 5)


@pytest.mark.parametrize("key", [0, 4095, 0xFFFF])
def test_transparent_color_of_a_16_bit_png_is_shifted_as_its_pixels(key):
    samples = np.zeros((20, 20, 1), int)
    samples[5:15] = 4095
    pixels = decode(png_of(samples, 16, 0, chunks=chunk(b"tRNS", struct.pack(">H", key))))
    assert (pixels[5:15, :, :3] == 255).all()
    np.testing.assert_array_equal(pixels[..., 3] == 0, samples[..., 0] == key)


@pytest.mark.parametrize("color_type", [0, 2])
@pytest.mark.parametrize("level", [1, 3, 10, 30, 100])
def test_noise_in_the_low_bits_of_a_dark_png_is_not_amplified(level, color_type):
    rng = np.random.default_rng(level)
    size = (120, 90, SAMPLES[color_type])
    hot = np.zeros(size)
    hot[::20, ::17] = 2_000
    for samples in (
        rng.normal(4 * level, level, size),
        np.abs(rng.normal(0, level, size)),
        rng.integers(0, 4 * level, size),
        rng.poisson(level, size),
        rng.normal(4 * level, level, size) + hot,
        np.full(size, 40 * level),
    ):
        dark = np.clip(samples, 0, 0xFFFF).astype(int)
        pixels = decode(png_of(dark, 16, color_type))
        np.testing.assert_array_equal(pixels[..., 0], dark[..., 0] >> 8)


def test_pixel_that_shares_one_sample_with_the_transparent_color_stays_opaque():
    samples = np.array([[[10, 20, 30], [10, 20, 31]]])
    body = struct.pack(">HHH", 10, 20, 30)
    pixels = decode(png_of(samples, 8, 2, chunks=chunk(b"tRNS", body)))
    assert pixels[0, :, 3].tolist() == [0, 255]


@pytest.mark.parametrize("alpha", [b"\x00", b"\xff\x00", b"\x10\x80\xf0", b"\xff\x00\xff\x00"])
def test_palette_with_transparency_becomes_alpha(alpha):
    chunks = chunk(b"PLTE", bytes(range(12))) + chunk(b"tRNS", alpha)
    pixels = decode(png_of(np.arange(4).reshape(1, 4, 1), 2, 3, chunks=chunks))
    assert pixels[0, :, :3].tobytes() == bytes(range(12))
    assert pixels[0, :, 3].tobytes() == alpha.ljust(4, b"\xff")


def test_number_of_a_color_that_the_palette_lacks_is_opaque_black():
    chunks = chunk(b"PLTE", bytes([9, 8, 7])) + chunk(b"tRNS", b"\x10")
    data = png_of(np.arange(2).reshape(1, 2, 1), 8, 3, chunks=chunks)
    assert decode(data)[0].tolist() == [[9, 8, 7, 16], [0, 0, 0, 255]]
    np.testing.assert_array_equal(decode(data), decoded_by_pillow(data))


@pytest.mark.parametrize(
    "image", [drawing("P"), Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))]
)
def test_transparent_color_of_a_gif_becomes_alpha(image):
    data = file_of(image, "GIF", transparency=image.getpixel((0, 0)))
    pixels = decode(data)
    assert pixels[0, 0, 3] == 0
    assert pixels[-1, -1, 3] == 255
    np.testing.assert_array_equal(pixels, decoded_by_pillow(data))


def test_cmyk_jpeg_is_converted_to_rgb():
    for color in ((255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0)):
        data = file_of(Image.new("RGB", (16, 16), color).convert("CMYK"), "JPEG", quality=95)
        difference = decode(data).astype(int) - (*color, 255)
        assert np.abs(difference).max() <= 3


@pytest.mark.parametrize("bits", [1, 4, 8])
@pytest.mark.parametrize("palette", [b"\0\0\0\0\xff\xff\xff\0", b"\xff\xff\xff\0\0\0\0\0"])
def test_bmp_of_two_colors_is_decoded_at_any_bit_depth(bits, palette):
    rows = {
        1: (b"\x60\0\0\0", b"\x90\0\0\0"),
        4: (b"\x01\x10\0\0", b"\x10\x01\0\0"),
        8: (b"\0\1\1\0", b"\1\0\0\1"),
    }
    pixels = decode(bmp_of(rows[bits], bits, palette, colors=2))
    expected = np.array([[1, 0, 0, 1], [0, 1, 1, 0]])
    np.testing.assert_array_equal(pixels[..., 0], np.array([palette[0], palette[4]])[expected])


def test_top_down_bmp_is_not_flipped():
    upward = file_of(drawing(), "BMP")
    stride = 4 * ((3 * 23 + 3) // 4)
    rows = [upward[54 + row * stride :][:stride] for row in range(17)]
    downward = with_bytes(upward[:54], 22, struct.pack("<i", -17)) + b"".join(rows[::-1])
    np.testing.assert_array_equal(decode(downward), decode(upward))


@pytest.mark.parametrize("header_bytes", [108, 124])
def test_bmp_without_any_opaque_pixel_is_opaque(header_bytes):
    def bmp(alpha):
        colors = np.dstack([np.asarray(drawing()), alpha])[::-1]
        fields = struct.pack("<IiiHHIIiiII", header_bytes, 23, 17, 1, 32, 3, 0, 0, 0, 0, 0)
        fields += struct.pack("<4I", 0xFF, 0xFF00, 0xFF0000, 0xFF000000).ljust(header_bytes - 40)
        return b"BM" + struct.pack("<IHHI", 0, 0, 0, 14 + header_bytes) + fields + colors.tobytes()

    alpha = np.zeros((17, 23), np.uint8)
    pixels = decode(bmp(alpha))
    np.testing.assert_array_equal(pixels[..., :3], np.asarray(drawing()))
    assert (pixels[..., 3] == 255).all()
    alpha[3, 4] = 1
    np.testing.assert_array_equal(decode(bmp(alpha))[..., 3], alpha)


@pytest.mark.parametrize("name", ["PNG", "WEBP"])
def test_image_in_another_format_without_any_opaque_pixel_is_transparent(name):
    image = drawing("RGBA")
    image.putalpha(0)
    options = {"lossless": True, "exact": True} if name == "WEBP" else {}
    assert not decode(file_of(image, name, **options))[..., 3].any()


@pytest.mark.parametrize("tail", [b"", b"\0", b"\xff", b"\0\0\0"])
@pytest.mark.parametrize("name", [b"VP8 ", b"EXIF"])
def test_webp_whose_last_chunk_is_not_padded_is_decoded(name, tail):
    data = file_of(drawing(), "WEBP", **({"exif": exif_block(6)} if name == b"EXIF" else {}))
    place = data.rindex(name) + 4
    (length,) = struct.unpack_from("<I", data, place)
    if name == b"EXIF":
        data = with_bytes(data + b"\0", place, struct.pack("<I", length + 1))
    else:  # libwebp ends its data with a zero if it needs one to have an even number of bytes
        data = with_bytes(data[:-1], place, struct.pack("<I", length - 1))
    data = with_bytes(data, 4, struct.pack("<I", len(data) - 8))
    assert len(data) % 2 == 1
    padded = with_bytes(data + b"\0", 4, struct.pack("<I", len(data) - 7))
    np.testing.assert_array_equal(decode(data + tail), decode(padded))
    assert decode(padded).shape == ((23, 17, 4) if name == b"EXIF" else (17, 23, 4))
    with pytest.raises(DamagedImage):
        decode(data[:-1])
    with pytest.raises(DamagedImage):
        decode(padded[:-1])


@pytest.mark.parametrize("name", FORMATS)
def test_media_type_of_the_format_is_accepted_in_any_spelling(name):
    data = file_of(drawing(), name)
    media_type = "image/" + name.lower()
    for label in (None, "", "application/octet-stream", media_type, media_type.upper() + "; q=1"):
        assert decode(data, label).shape == (17, 23, 4)


def test_jpeg_is_downscaled_to_fit_the_limit():
    data = file_of(drawing(size=(161, 83)), "JPEG")
    whole = decode(data)
    for pixels, size in (
        (161 * 83, (83, 161)),
        (13_000, (42, 81)),
        (1_000, (21, 41)),
        (231, (11, 21)),
    ):
        small = decode(data, limits=Limits(pixels=pixels))
        assert small.shape == (*size, 4)
        reference = np.asarray(Image.fromarray(whole).resize(size[::-1], Image.Resampling.BOX))
        assert np.abs(small.astype(int) - reference).mean() < 8
    with pytest.raises(ImageTooLarge):
        decode(data, limits=Limits(pixels=230))
    with pytest.raises(ImageTooLarge):
        decode(data, limits=Limits(pixels=1_000, jpeg_pixels=13_000))


def test_photo_of_30_megapixels_is_downscaled_to_fit_25():
    data = file_of(Image.new("L", (6_000, 5_000), 200), "JPEG")
    pixels = decode(data)
    assert pixels.shape == (2_500, 3_000, 4)
    assert (pixels[::100, ::100] == (200, 200, 200, 255)).all()


@pytest.mark.parametrize(("name", "mode"), [("BMP", "RGB"), ("PNG", "L"), ("PNG", "RGB")])
def test_large_image_keeps_every_row(name, mode):
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (1_100, 2_000, 3), dtype=np.uint8)
    image = Image.fromarray(noise).convert(mode)
    np.testing.assert_array_equal(
        decode(file_of(image, name, compress_level=1)), np.asarray(image.convert("RGBA"))
    )


@pytest.mark.parametrize("name", ["PNG", "GIF", "BMP", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("size", [(300, 200), (301, 199), (3000, 20), (7, 8571)])
def test_image_over_the_limit_of_pixels_is_scaled_down(name, size):
    """A thick bar, and a thin one below it, stay where they are."""
    image = Image.new("L", size, 255)
    width, height = size
    image.paste(0, (0, 0, width, height // 2))
    limits = Limits(pixels=10_000, declared_pixels=60_000)
    pixels = decode(file_of(image, name), limits=limits)
    factor = height / pixels.shape[0]
    assert 5_000 < pixels.shape[0] * pixels.shape[1] <= 10_000
    assert width / pixels.shape[1] == pytest.approx(factor, rel=0.5)
    middle = pixels.shape[0] // 2
    assert (pixels[: middle - 1, :, :3] < 40).all()
    assert (pixels[middle + 1 :, :, :3] > 215).all()
    assert (pixels[..., 3] == 255).all()
    with pytest.raises(ImageTooLarge):
        decode(file_of(image, name), limits=Limits(pixels=10_000, declared_pixels=59_000))


def test_16_bit_png_is_scaled_down_by_its_bits_in_use():
    samples = np.full((200, 300, 1), 100)
    samples[:, 150:] = 4000
    limits = Limits(pixels=20_000, declared_pixels=60_000)
    pixels = decode(png_of(samples, 16, 0), limits=limits)
    assert pixels.shape == (100, 150, 4)
    assert (pixels[:, :74, 0] == 100 >> 4).all()
    assert (pixels[:, 76:, 0] == 4000 >> 4).all()


def test_files_of_any_size_that_the_page_opens_are_decoded_within_the_larger_limits():
    rng = np.random.default_rng(0)
    noise = Image.fromarray(rng.integers(0, 256, (2_400, 2_400, 3), np.uint8))
    data = file_of(noise, "PNG", compress_level=0)
    assert len(data) > 17_000_000
    with pytest.raises(ImageTooLarge):
        decode(data)
    assert decode(data, limits=LARGE_FILES).shape == (2_400, 2_400, 4)
    wide = file_of(Image.new("1", (10_000, 9_000)), "PNG")
    assert decode(wide, limits=LARGE_FILES).shape == (4_500, 5_000, 4)


def test_first_of_two_images_in_an_mpo_file_is_decoded():
    first, second = drawing(), Image.new("RGB", (23, 17), "white")
    data = file_of(first, "MPO", save_all=True, append_images=[second])
    np.testing.assert_array_equal(decode(data, "image/jpeg"), decode(file_of(first, "JPEG")))


def test_only_the_needed_plugins_of_pillow_are_loaded():
    files = [file_of(drawing(), name, exif=b"Exif\0\0" + exif_block(6)) for name in FORMATS[:3]]
    program = (
        "import sys; from inkdigits.imaging.decode import decode\n"
        f"for data in {files!r}: decode(data)\n"
        "print(*(name for name in sys.modules if name.startswith('PIL.')))"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    plugins = set(re.findall(r"PIL\.(\w+)ImagePlugin", run.stdout))
    assert plugins <= {"Avif", "Bmp", "Gif", "Jpeg", "Png", "Ppm", "Tiff", "WebP"}


def test_encoded_png_decodes_to_the_same_pixels_and_has_no_metadata():
    gray = np.arange(6 * 5, dtype=np.uint8).reshape(6, 5)
    data = encode_png(gray)
    pixels = decode(data, "image/png")
    np.testing.assert_array_equal(pixels[..., :3], np.repeat(gray[..., np.newaxis], 3, axis=2))
    assert (pixels[..., 3] == 255).all()
    assert not re.search(b"tEXt|zTXt|iTXt|eXIf|tIME", data)


@pytest.mark.parametrize("pixels", [np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2))])
def test_encode_png_accepts_grayscale_uint8_only(pixels):
    with pytest.raises(ValueError, match="expected uint8"):
        encode_png(pixels)


# ---- rejected ------------------------------------------------------------------------------------


def test_empty_file_is_damaged():
    with pytest.raises(DamagedImage, match="empty"):
        decode(b"")


def test_file_over_the_byte_limit_is_too_large():
    limits = Limits(bytes=len(SMALL_PNG))
    assert decode(SMALL_PNG, limits=limits).shape == (2, 3, 4)
    with pytest.raises(ImageTooLarge, match="bytes"):
        decode(SMALL_PNG + b"x", limits=limits)


@pytest.mark.parametrize(
    "text",
    [
        "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "<?xml version='1.0'?><!DOCTYPE s [<!ENTITY x SYSTEM 'file:///etc/hosts'>]><svg>&x;</svg>",
    ],
)
def test_svg_is_unsupported(text):
    for media_type in (None, "image/svg+xml", "image/png"):
        with pytest.raises(UnsupportedImage, match=r"SVG file.*; export it as a PNG"):
            decode(text.encode(), media_type)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"%PDF-1.7\n%\xe2\xe3", "PDF file; export its page as a PNG"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "EPS file; export its page as a PNG"),
        (b"8BPS\0\1", "Photoshop file; export the image as a PNG"),
        (b"\xef\xbb\xbf\n<SVG></SVG>", "SVG file, which is not made of pixels"),
        (b"<!-- drawn by hand -->\n<svg/>", "SVG file"),
        (b"II+\0\10\0\0\0", "BigTIFF file; export the image as a PNG"),
        (b"PK\3\4", "not a PNG, JPEG, WebP, GIF, BMP, TIFF, HEIC or AVIF file; save the image in"),
    ],
)
def test_what_to_do_with_another_file_is_told(data, what):
    with pytest.raises(UnsupportedImage, match=f"^This is .*{what}"):
        decode(data)


def test_html_is_unsupported():
    for media_type in (None, "text/html", "image/png"):
        with pytest.raises(UnsupportedImage):
            decode(b"<!DOCTYPE html><html><img src='digit.png'></html>", media_type)


@pytest.mark.parametrize("name", ["PDF", "EPS", "ICO", "PPM", "TGA", "JPEG2000", "FITS"])
def test_other_formats_are_unsupported(name):
    if name == "FITS":
        cards = ("SIMPLE  = T", "BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 1", "NAXIS2  = 1", "END")
        data = "".join(card.ljust(80) for card in cards).ljust(2880).encode() + bytes(2880)
        assert Image.open(io.BytesIO(data)).format == "FITS"
    else:
        data = file_of(drawing(), name)
    with pytest.raises(UnsupportedImage):
        decode(data)


def test_other_riff_files_are_unsupported():
    with pytest.raises(UnsupportedImage):
        decode(b"RIFF\x04\0\0\0AVI LIST")


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("label", [*FORMATS, "svg+xml"])
def test_file_labeled_as_another_format_is_unsupported(name, label):
    data = file_of(drawing(), name)
    media_type = f"image/{label.lower()}"
    if name == label:
        assert decode(data, media_type).shape == (17, 23, 4)
    else:
        with pytest.raises(UnsupportedImage, match="label"):
            decode(data, media_type)


@pytest.mark.parametrize("name", ["GIF", "PNG", "WEBP"])
def test_animation_is_unsupported(name):
    frames = [drawing(), drawing().transpose(Image.Transpose.ROTATE_180)]
    data = file_of(frames[0], name, save_all=True, append_images=frames[1:])
    with pytest.raises(UnsupportedImage, match="animated"):
        decode(data)


def test_png_animation_of_a_single_frame_is_a_still_image():
    control = struct.pack(">IIIIIHHBB", 0, 3, 2, 0, 0, 1, 10, 0, 0)
    one = chunk(b"acTL", struct.pack(">II", 1, 0)) + chunk(b"fcTL", control)
    data = SIGNATURE + header() + one + IMAGE_DATA + END
    np.testing.assert_array_equal(decode(data), decode(SMALL_PNG))
    second = chunk(b"fcTL", control) + chunk(b"fdAT", bytes(4) + zlib.compress(b"\0abc\0def"))
    with pytest.raises(UnsupportedImage, match="animated"):
        decode(data.removesuffix(END) + second + END)


@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF", "BMP"])
@pytest.mark.parametrize("size", [(0, 0), (0, 5), (5, 0)])
def test_file_without_pixels_is_damaged(name, size):
    with pytest.raises(DamagedImage, match="no pixels"):
        decode(declaring(name, *size))


def test_webp_without_pixels_is_damaged():
    data = bytearray(file_of(drawing(), "WEBP"))
    assert data[12:16] == b"VP8 "
    data[26:30] = bytes(4)
    with pytest.raises(DamagedImage, match="no pixels"):
        decode(bytes(data))


def test_tiny_file_of_178_megapixels_is_too_large():
    data = SIGNATURE + header(1, 178_000_000, bits=1) + chunk(b"IDAT", zlib.compress(b"")) + END
    assert len(data) < 70
    tracemalloc.start()
    try:
        with pytest.raises(ImageTooLarge, match="178,000,000"):
            decode(data)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("name", FORMATS)
def test_20_000_by_20_000_pixels_are_too_large(name):
    with pytest.raises(ImageTooLarge, match="20,000 x 20,000"):
        decode(declaring(name, 20_000, 20_000))


@pytest.mark.parametrize("name", FORMATS)
def test_one_pixel_over_the_limit_is_too_large(name):
    data = file_of(drawing(), name)
    assert decode(data, limits=Limits(pixels=23 * 17, jpeg_pixels=23 * 17)).shape == (17, 23, 4)
    with pytest.raises(ImageTooLarge):
        decode(data, limits=Limits(pixels=23 * 17 - 1, jpeg_pixels=23 * 17 - 1))


@pytest.mark.parametrize("name", ["PNG", "JPEG", "GIF", "BMP"])
def test_side_over_the_limit_is_too_large(name):
    data = file_of(Image.new("1", (300, 2)), name)
    assert decode(data, limits=Limits(side=300)).shape == (2, 300, 4)
    with pytest.raises(ImageTooLarge, match="side"):
        decode(data, limits=Limits(side=299))
    turned = file_of(Image.new("1", (2, 300)), name)
    with pytest.raises(ImageTooLarge, match="side"):
        decode(turned, limits=Limits(side=299))


@pytest.mark.parametrize("size", [(25_000_000, 1), (1, 25_000_000), (3, 8_000_000), (65_536, 1)])
def test_png_with_a_side_over_the_limit_is_never_inflated(size):
    data = SIGNATURE + header(*size, bits=16, color_type=6) + chunk(b"IDAT") + END
    with pytest.raises(ImageTooLarge, match="side"):
        decode(data)


@pytest.mark.parametrize(
    ("side", "bits", "color_type", "is_allowed"),
    [
        (5_000, 8, 2, True),
        (5_000, 16, 0, True),
        (4_576, 8, 6, True),
        (4_580, 8, 6, False),
        (3_236, 16, 6, True),
        (3_240, 16, 6, False),
        (5_000, 16, 2, False),
    ],
)
@pytest.mark.parametrize("interlacing", [0, 1])
def test_inflated_size_of_a_png_is_limited(side, bits, color_type, is_allowed, interlacing):
    begin = header(side, side, bits, color_type, interlacing=interlacing)
    error, problem = (DamagedImage, "truncated") if is_allowed else (ImageTooLarge, "decompressed")
    with pytest.raises(error, match=problem):
        decode(SIGNATURE + begin + chunk(b"IDAT") + END)


def test_png_screenshot_of_a_6k_display_is_within_the_limit():
    begin = header(6_016, 3_384, 8, 6)
    assert read_header(SIGNATURE + begin).data_bytes <= MAX_DATA_BYTES


def test_pixels_of_a_webp_are_limited():
    for size, error in (((4_080, 3_072), DamagedImage), ((4_000, 3_251), ImageTooLarge)):
        with pytest.raises(error, match="WebP" if error is ImageTooLarge else "damaged"):
            decode(declaring("WEBP", *size))


def test_gif_with_200_000_sub_blocks_is_damaged():
    data = file_of(drawing(), "GIF")
    place = 13 + 3 * 256

    def with_sub_blocks(count):
        return data[:place] + b"!\xfe" + b"\1a" * count + b"\0" + data[place:]

    np.testing.assert_array_equal(decode(with_sub_blocks(100_000)), decode(data))
    for many in (
        with_sub_blocks(MAX_GIF_SUB_BLOCKS),
        data[:-2] + b"\1a" * MAX_GIF_SUB_BLOCKS + b"\0;",
    ):
        with pytest.raises(DamagedImage, match="200,000 sub-blocks"):
            decode(many)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("options", [{}, {"exif": b"Exif\0\0" + exif_block(6)}, {"lossless": True}])
def test_truncated_file_is_damaged(name, options):
    data = file_of(drawing(), name, **options)
    for length in range(1, len(data)):
        with pytest.raises(DamagedImage):
            decode(data[:length])


@pytest.mark.parametrize("name", ["PNG", "GIF", "JPEG"])
def test_file_with_too_few_pixels_is_damaged(name):
    data = file_of(drawing(size=(64, 64)), name)
    if name == "PNG":
        half = chunk(b"IDAT", zlib.compress(bytes(193 * 32)))
        data = SIGNATURE + header(64, 64, color_type=2) + half + END
    elif name == "GIF":
        frame = data.index(b",\0\0\0\0\x40\0\x40\0") + 11  # where its pixels begin
        data = data[: frame + 1 + data[frame]] + b"\0;"
    else:
        data = data[: data.index(b"\xff\xda") + 4]
    with pytest.raises(DamagedImage):
        decode(data)


def test_png_with_a_wrong_checksum_in_any_chunk_is_damaged():
    data = SIGNATURE + header() + chunk(b"tEXt", b"a\0b") + IMAGE_DATA + END
    position = len(SIGNATURE)
    assert decode(data).shape == (2, 3, 4)
    while position < len(data):
        (length,) = struct.unpack_from(">I", data, position)
        position += 12 + length
        with pytest.raises(DamagedImage, match="checksum"):
            decode(with_bytes(data, position - 1, bytes([data[position - 1] ^ 1])))


def test_png_whose_pixels_were_renamed_is_damaged():
    begin = SIGNATURE + header(color_type=3) + PALETTE
    for name in (b"IDAT", b"PLTE"):
        data = begin + IMAGE_DATA + END
        place = data.index(name)
        with pytest.raises(DamagedImage):
            decode(with_bytes(data, place, name[:1].lower()))


def test_png_with_a_wrong_checksum_of_its_compressed_pixels_is_damaged():
    stream = bytearray(zlib.compress(b"\0abc\0def"))
    stream[-1] ^= 1
    with pytest.raises(DamagedImage, match="compressed data"):
        decode(SIGNATURE + header() + chunk(b"IDAT", bytes(stream)) + END)


def test_file_without_its_end_is_damaged():
    block = exif_block(6)
    for data, end in (
        (SMALL_PNG, END),
        (file_of(drawing(), "WEBP", exif=block), webp_chunk(b"EXIF", block)),
        (file_of(drawing(), "JPEG"), b"\xff\xd9"),
        (file_of(drawing(), "GIF"), b";"),
    ):
        assert data.endswith(end)
        with pytest.raises(DamagedImage, match="truncated"):
            decode(data.removesuffix(end))


def zip_file():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("hidden.txt", "hidden")
    return file.getvalue()


def tails_of(name):
    """What programs and attackers leave after the end of an image, by kind."""
    other = file_of(Image.new("RGB", (40, 30), "red"), name, exif=b"Exif\0\0" + exif_block(6))
    frames = [drawing(), drawing().transpose(Image.Transpose.ROTATE_180)]
    animation = file_of(frames[0], "GIF", save_all=True, append_images=frames[1:])
    yield "one byte", b"\0"
    yield "newline", b"\n"
    yield "zip", zip_file()
    yield "zeros", bytes(10_000_000)
    yield "another image", other
    yield "the rest of a longer file", other[len(other) // 3 :]
    yield "a truncated image", other[:-20]
    yield "an animation", animation
    yield "the frames of an animation", animation[13:]
    if name == "PNG":
        damaged = with_bytes(IMAGE_DATA, len(IMAGE_DATA) - 1, b"\0")
        yield "chunks of a longer PNG", IMAGE_DATA * 3 + END
        yield "too many chunks", chunk(b"tEXt", b"a\0b") * MAX_CHUNKS
        yield "damaged chunks", damaged + chunk(b"ABCD")
        yield "orientation", chunk(b"eXIf", exif_block(6)) + END
        yield "animation control", chunk(b"acTL", bytes(8)) + END
        yield "bomb", chunk(b"IDAT", zlib.compress(bytes(10_000_000))) + END
    if name == "WEBP":
        yield "orientation", webp_chunk(b"EXIF", exif_block(6))
        yield "animation chunks", webp_chunk(b"ANIM", bytes(6)) + webp_chunk(b"ANMF", bytes(16))
    if name == "GIF":
        yield "too many blocks", b"!\xfe\1a\0" * MAX_GIF_BLOCKS
        yield "another transparent color", b"!\xf9\4\1\0\0\0\0;"
    if name == "JPEG":
        yield "segments", jpeg_segment(0xE1, b"Exif\0\0" + exif_block(6)) + b"\xff\xd9"
        yield "fill bytes", b"\xff" * 100_000


@pytest.mark.parametrize("name", FORMATS)
def test_what_follows_the_end_of_an_image_is_never_parsed(name):
    variants = [{}, {"exif": b"Exif\0\0" + exif_block(3)}] if name in EXIF_FORMATS else [{}]
    for options in variants:
        data = file_of(drawing(), name, **options)
        alone = detect_format(data).read(data, Limits())
        pixels = decode(data)
        for kind, tail in tails_of(name):
            assert detect_format(data).read(data + tail, Limits()) == alone, kind
            np.testing.assert_array_equal(decode(data + tail), pixels, kind)


@pytest.mark.parametrize("name", FORMATS)
def test_what_follows_the_end_of_an_image_counts_as_bytes_of_the_file(name):
    data = file_of(drawing(), name)
    limits = Limits(bytes=len(data) + 1_000)
    assert decode(data + bytes(1_000), limits=limits).shape == (17, 23, 4)
    with pytest.raises(ImageTooLarge, match="bytes"):
        decode(data + bytes(1_001), limits=limits)


@pytest.mark.parametrize(("name", "end"), [("PNG", END), ("JPEG", b"\xff\xd9"), ("GIF", b";")])
@pytest.mark.parametrize("tail", [b"\n", bytes(100), zip_file()])
def test_file_without_its_end_is_damaged_whatever_follows(name, end, tail):
    with pytest.raises(DamagedImage):
        decode(file_of(drawing(), name).removesuffix(end) + tail)


def test_webp_that_declares_too_short_a_length_is_damaged():
    data = file_of(drawing(), "WEBP")
    for length in (0, 4, 12, 20, len(data) - 10):
        with pytest.raises(DamagedImage):
            decode(with_bytes(data, 4, struct.pack("<I", length)))


@pytest.mark.parametrize("interlaced", [False, True])
def test_png_with_more_or_fewer_pixels_than_declared_is_damaged(interlaced):
    rows = b"\0abc\0def" if not interlaced else b"\0a\0b\0c\0def"
    begin = SIGNATURE + header(interlacing=int(interlaced))
    for change, problem in ((rows + b"x", "past"), (rows[:-1], "fewer"), (rows, None)):
        data = begin + chunk(b"IDAT", zlib.compress(change)) + END
        if problem:
            with pytest.raises(DamagedImage, match=problem):
                decode(data)
        else:
            assert decode(data).shape == (2, 3, 4)


def test_decompression_bomb_is_inflated_up_to_the_declared_size_only():
    bomb = chunk(b"IDAT", zlib.compress(bytes(100_000_000)))
    assert len(bomb) < 100_000
    data = SIGNATURE + header(700, 700) + bomb + END
    tracemalloc.start()
    try:
        with pytest.raises(DamagedImage, match="past"):
            decode(data)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def text_chunk(name, size):
    before = {
        b"zTXt": b"Comment\0\0",
        b"iTXt": b"Comment\0\1\0en\0Comment\0",
        b"iCCP": b"profile\0\0",
    }
    return chunk(name, before[name] + zlib.compress(bytes(size)))


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt", b"iCCP"])
def test_text_or_profile_that_inflates_to_megabytes_is_rejected(name):
    def with_text(*sizes):
        texts = b"".join(text_chunk(name, size) for size in sizes)
        return SIGNATURE + header() + texts + IMAGE_DATA + END

    for sizes in ((MAX_TEXT_BYTES,), (MAX_TEXT_BYTES // 4,) * 4):
        assert decode(with_text(*sizes)).shape == (2, 3, 4)
    for sizes in ((MAX_TEXT_BYTES + 1,), (5_000_000,), (MAX_TEXT_BYTES // 4,) * 5):
        with pytest.raises(DamagedImage, match="inflates"):
            decode(with_text(*sizes))


def test_uncompressed_text_chunk_may_be_long():
    text = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + b" " * 2_000_000)
    assert decode(SIGNATURE + header() + text + IMAGE_DATA + END).shape == (2, 3, 4)


def test_png_with_100_000_text_chunks_is_damaged():
    text = chunk(b"tEXt", b"a\0b")
    with pytest.raises(DamagedImage, match="10,000 chunks"):
        decode(SIGNATURE + header() + text * 100_000 + IMAGE_DATA + END)
    most = text * (MAX_CHUNKS - 3)
    assert decode(SIGNATURE + header() + most + IMAGE_DATA + END).shape == (2, 3, 4)


@pytest.mark.parametrize("name", ["JPEG", "GIF", "WEBP"])
def test_file_with_10_000_segments_blocks_or_chunks_is_damaged(name):
    data = file_of(drawing(), name)
    part, position, reason = {
        "JPEG": (jpeg_segment(0xFE, b"a"), 2, "10,000 segments"),
        "GIF": (b"!\xfe\1a\0", 13 + 3 * 256, "10,000 blocks"),
        "WEBP": (webp_chunk(b"abcd", b""), len(data), "10,000 chunks"),
    }[name]

    def with_parts(count):
        mixed = data[:position] + part * count + data[position:]
        return webp_of(mixed[12:]) if name == "WEBP" else mixed

    with pytest.raises(DamagedImage, match=reason):
        decode(with_parts(MAX_GIF_BLOCKS))
    if name != "WEBP":  # whose simple form allows no other chunks
        np.testing.assert_array_equal(decode(with_parts(100)), decode(data))


def test_jpeg_with_thousands_of_scans_is_damaged():
    data = file_of(drawing(), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    few = data.count(b"\xff\xda")
    most = data[:-2] + last * (MAX_SCANS - few) + data[-2:]
    assert decode(most).shape == (17, 23, 4)
    with pytest.raises(DamagedImage, match="scans"):
        decode(most[:-2] + last + most[-2:])


def test_scans_cannot_be_hidden_after_a_marker_without_a_length():
    data = file_of(drawing(), "JPEG", progressive=True)
    for code in (0x01, 0xD0, 0xD8):
        hidden = data[:-2] + jpeg_segment(code, data[data.rindex(b"\xff\xda") : -2]) + data[-2:]
        if code == 0xD0:  # in a scan this is a restart marker, and the scan goes on after it
            assert decode(hidden).shape == (17, 23, 4)
        else:
            with pytest.raises(DamagedImage, match="between"):
                decode(hidden)
    start = data.index(b"\xff\xdb")
    with pytest.raises(DamagedImage, match="between"):
        decode(data[:start] + jpeg_segment(0xD0, b"") + data[start:])


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("name", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_applied(name, orientation, order):
    data = file_of(drawing(), name, exif=b"Exif\0\0" + exif_block(orientation, order))
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    pixels = decode(data)
    assert type(pixels) is np.ndarray  # without metadata
    assert pixels.shape[:2] == ((17, 23) if orientation < 5 else (23, 17))
    np.testing.assert_array_equal(pixels, np.asarray(upright.convert("RGBA")))


def test_orientation_of_a_downscaled_photo_is_applied():
    data = file_of(drawing(size=(64, 32)), "JPEG", exif=b"Exif\0\0" + exif_block(6))
    assert decode(data, limits=Limits(pixels=1_000)).shape == (32, 16, 4)


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"MM\0*",
        b"XX\0*" + bytes(20),
        b"MM\0*\xff\xff\xff\xff",
        b"MM\0*\0\0\0\x08\xff\xff",
        exif_block(0),
        exif_block(9),
        exif_block(6, kind=2),
        exif_block(6)[:-10],
    ],
)
@pytest.mark.parametrize("name", ["JPEG", "PNG"])
def test_invalid_exif_block_is_ignored(name, block):
    plain = file_of(drawing(), name)
    if name == "JPEG":
        data = plain[:2] + jpeg_segment(0xE1, b"Exif\0\0" + block) + plain[2:]
    else:
        data = plain[:33] + chunk(b"eXIf", block) + plain[33:]
    np.testing.assert_array_equal(decode(data), decode(plain))


PALETTE = chunk(b"PLTE", bytes(6))
BROKEN_PNGS = [
    ("not start with a header", chunk(b"tEXt", b"a\0b") + header() + IMAGE_DATA),
    ("not start with a header", chunk(b"IHDR", header()[8:-4] + b"\0") + IMAGE_DATA),
    ("is repeated", header() + header() + IMAGE_DATA),
    ("is repeated", header(color_type=3) + PALETTE + PALETTE + IMAGE_DATA),
    ("invalid pixel format", header(bits=3) + IMAGE_DATA),
    ("invalid pixel format", header(bits=4, color_type=2) + IMAGE_DATA),
    ("invalid pixel format", header(color_type=1) + IMAGE_DATA),
    ("invalid pixel format", header(compression=1) + IMAGE_DATA),
    ("invalid pixel format", header(filtering=1) + IMAGE_DATA),
    ("invalid pixel format", header(interlacing=2) + IMAGE_DATA),
    ("unknown critical chunk", header() + chunk(b"ABCD") + IMAGE_DATA),
    ("compressed data is truncated", header()),
    ("after its compressed stream", header() + IMAGE_DATA + chunk(b"IDAT", b"hidden")),
    ("palette", header(color_type=3) + IMAGE_DATA),
    ("palette", header(color_type=3) + chunk(b"PLTE") + IMAGE_DATA),
    ("palette", header(color_type=3) + chunk(b"PLTE", bytes(4)) + IMAGE_DATA),
    ("palette", header(color_type=3) + chunk(b"PLTE", bytes(3 * 257)) + IMAGE_DATA),
    ("transparent color", header() + chunk(b"tRNS", b"\0") + IMAGE_DATA),
    (
        "transparent colors",
        header(color_type=3) + PALETTE + chunk(b"tRNS", bytes(257)) + IMAGE_DATA,
    ),
    # Found by Pillow: a row with an unknown filter.
    ("cannot be decoded", header() + chunk(b"IDAT", zlib.compress(b"\x09abc\0def"))),
]


@pytest.mark.parametrize(("reason", "body"), BROKEN_PNGS)
def test_png_that_violates_the_specification_is_damaged(reason, body):
    with pytest.raises(DamagedImage, match=reason):
        decode(SIGNATURE + body + END)


def test_text_chunks_cannot_override_image_properties():
    # Pillow keeps texts and properties in one dictionary.
    keys = ("interlace", "transparency", "bbox", "exif", "icc_profile", "gamma")
    texts = b"".join(chunk(b"tEXt", key.encode() + b"\0value") for key in keys)
    data = SIGNATURE + header() + texts + chunk(b"abCd", b"private") + IMAGE_DATA + END
    np.testing.assert_array_equal(decode(data), decode(SMALL_PNG))


def test_pixels_may_be_split_into_any_number_of_chunks():
    stream = zlib.compress(b"\0abc\0def")
    pieces = b"".join(chunk(b"IDAT", stream[i : i + 1]) for i in range(len(stream)))
    data = SIGNATURE + header() + chunk(b"IDAT") + pieces + END
    np.testing.assert_array_equal(decode(data), decode(SMALL_PNG))


def test_jpeg_that_declares_two_sizes_is_not_decoded():
    data = file_of(drawing(), "JPEG")
    start, end = data.index(b"\xff\xc0"), data.index(b"\xff\xc4")
    frame = with_bytes(data[start:end], 5, struct.pack(">HH", 5_000, 5_000))
    with pytest.raises(DamagedImage) as caught:
        decode(data[:end] + frame + data[end:])
    assert "(23, 17) was checked" in str(caught.value.__cause__)


def test_rare_variants_of_jpeg_and_bmp_are_unsupported():
    jpeg, bmp = file_of(drawing(), "JPEG"), file_of(drawing(), "BMP")
    frame = jpeg.index(b"\xff\xc0")
    for data in (
        with_bytes(jpeg, frame + 1, b"\xc3"),  # lossless
        with_bytes(jpeg, frame + 1, b"\xc9"),  # arithmetic coding
        with_bytes(jpeg, frame + 4, b"\x0c"),  # 12 bits
        with_bytes(jpeg, frame + 9, b"\x02"),  # two components
        with_bytes(bmp, 14, b"\x10"),  # a header of 16 bytes
        with_bytes(bmp, 28, b"\x02"),  # 2 bits
        with_bytes(bmp, 30, b"\x01"),  # run lengths
    ):
        with pytest.raises(UnsupportedImage):
            decode(data)


def test_gif_whose_frame_extends_past_its_canvas_is_damaged():
    data = file_of(drawing(), "GIF")
    frame = data.index(struct.pack("<cHHHH", b",", 0, 0, 23, 17))
    for fields in ((1, 0, 23, 17), (0, 1, 23, 17), (0, 0, 24, 17), (0, 0, 23, 0)):
        with pytest.raises(DamagedImage, match="canvas"):
            decode(with_bytes(data, frame + 1, struct.pack("<HHHH", *fields)))


def test_message_states_the_cause_and_the_remedy_but_no_internals():
    for data, media_type in (
        (b"", None),
        (b"<html>", None),
        (SMALL_PNG, "text/html\r\nforged"),
        (SMALL_PNG[:-1], None),
        (SIGNATURE + header() + chunk(b"IDAT", zlib.compress(b"\x09abc\0def")) + END, None),
        (declaring("PNG", 20_000, 20_000), None),
    ):
        with pytest.raises(ImageError) as caught:
            decode(data, media_type)
        message = str(caught.value)
        assert re.fullmatch(r"(The|This) [^\n;.]*; [^\n]*\.", message)
        assert "forged" not in message
        assert "Pillow" not in message


# ---- fuzzing -------------------------------------------------------------------------------------


def real_files():
    turned = b"Exif\0\0" + exif_block(6)
    for mode in ("1", "L", "LA", "P", "RGB", "RGBA"):
        yield file_of(drawing(mode), "PNG")
    yield file_of(drawing(), "PNG", exif=turned)
    for color_type, bits in KINDS_OF_PNG:
        samples = np.arange(77 * SAMPLES[color_type]).reshape(7, 11, -1) % 2**bits
        palette = chunk(b"PLTE", bytes(range(48))) + chunk(b"tRNS", b"\0\x80\xff")
        chunks = palette if color_type == 3 else chunk(b"zTXt", b"a\0\0" + zlib.compress(b"text"))
        yield png_of(samples, bits, color_type, interlaced=True, chunks=chunks)
    for mode in ("L", "RGB", "CMYK"):
        yield file_of(drawing(mode), "JPEG", exif=turned)
        yield file_of(drawing(mode), "JPEG", progressive=True, restart_marker_blocks=1)
    for mode in ("RGB", "RGBA"):
        yield file_of(drawing(mode), "WEBP")
        yield file_of(drawing(mode), "WEBP", lossless=True, exif=turned)
    for mode in ("1", "L", "P"):
        yield file_of(drawing(mode), "GIF", transparency=0, comment=b"comment")
        yield file_of(drawing(mode), "GIF", interlace=True)
    for mode in ("1", "L", "P", "RGB", "RGBA"):
        yield file_of(drawing(mode), "BMP")
    for name in FORMATS:
        data = file_of(drawing(), name)
        yield data + data[len(data) // 2 :]


def repaired(data):
    """Return the file with valid lengths and checksums, so that the damage passes those checks."""
    if data.startswith(b"RIFF"):
        return with_bytes(data, 4, struct.pack("<I", max(0, len(data) - 8)))
    if not data.startswith(SIGNATURE):
        return data
    position, parts = len(SIGNATURE), [SIGNATURE]
    while position + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, position)
        name, body = data[position + 4 : position + 8], data[position + 8 : position + 8 + length]
        parts.append(chunk(name, body))
        position += 12 + length
    return b"".join(parts)


def mutated(rng, files, in_place=False):
    """Return a damaged file.

    in_place  keep the length and the place of everything, as lengths and offsets in files demand
    """
    data = bytearray(files[rng.integers(len(files))])
    for _ in range(rng.integers(1, 4)):
        # Half of the damage is near the beginning, where the header fields are.
        place = int(rng.integers(min(len(data), 64) if rng.random() < 0.5 else len(data)))
        length = int(rng.integers(1, 9))
        match rng.integers(3 if in_place else 7):
            case 0:
                data[place] ^= 1 << int(rng.integers(8))
            case 1:
                data[place] = int(rng.choice([0, 1, 0x7F, 0x80, 0xFE, 0xFF]))
            case 2:
                length = min(length, len(data) - place)
                data[place : place + length] = rng.bytes(length)
            case 3:
                del data[place : place + length]
            case 4:
                data[place:place] = rng.bytes(length)
            case 5:
                data[place:place] = data[place : place + 10 * length]
            case _:
                other = files[rng.integers(len(files))]
                data[place:] = other[int(rng.integers(len(other))) :]
        data = data or bytearray(b"x")
    return repaired(bytes(data)) if rng.random() < 0.7 else bytes(data)


def count_decoded(seed, files, limits, mutations, in_place_share=0.0):
    """Decode damaged files, which must give pixels or raise an ImageError; count the former."""
    rng = np.random.default_rng(seed)
    decoded = 0
    for _ in range(mutations):
        data = mutated(rng, files, in_place=rng.random() < in_place_share)
        try:
            pixels = decode(data, limits=limits)
        except ImageError:
            continue
        assert pixels.dtype == np.uint8
        assert pixels.ndim == 3
        assert pixels.shape[2] == 4
        assert 0 < pixels.size <= 4 * limits.pixels
        decoded += 1
    return decoded


@pytest.mark.parametrize("seed", range(4))
def test_any_bytes_decode_or_raise_an_image_error(seed):
    limits = Limits(pixels=10_000, jpeg_pixels=40_000)
    decoded = count_decoded(seed, list(real_files()), limits, mutations=1_000)
    assert 100 < decoded < 900  # otherwise the damage is too small or too large to test anything
