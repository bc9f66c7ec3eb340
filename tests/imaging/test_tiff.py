"""TIFF: the first page is decoded, and nothing else of the file reaches the decoder."""

import io
import struct
import subprocess
import sys
from contextlib import suppress

import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from test_decode import count_decoded, decoded_by_pillow, drawing, file_of

from inkdigits.imaging import tiff
from inkdigits.imaging.decode import decode
from inkdigits.imaging.errors import DamagedImage, ImageTooLarge, UnsupportedImage
from inkdigits.imaging.limits import Limits
from inkdigits.imaging.orientation import ORIENTATION_TAG

COMPRESSIONS = (None, "tiff_lzw", "tiff_adobe_deflate", "tiff_deflate", "packbits")
FAX = ("tiff_ccitt", "group3", "group4")


def tiff_of(*fields, order="<", pixels=bytes(6), rest=b""):
    """A TIFF of 3 x 2 gray pixels, with further or other fields: tag, type, and values.

    order  < or > for the order of bytes
    """
    entries = {
        tiff.WIDTH: (3, [3]),
        tiff.HEIGHT: (3, [2]),
        tiff.BITS: (3, [8]),
        tiff.COMPRESSION: (3, [1]),
        tiff.PHOTOMETRIC: (3, [1]),
        tiff.STRIP_OFFSETS: (4, [8]),
        tiff.STRIP_ROWS: (3, [2]),
        tiff.STRIP_BYTES: (4, [len(pixels)]),
    }
    entries |= {tag: (kind, values) for tag, kind, values in fields}
    entries = {tag: entry for tag, entry in entries.items() if entry[1] is not None}
    start = 8 + len(pixels)
    directory = struct.pack(order + "H", len(entries))
    more = b""
    after = start + 2 + 12 * len(entries) + 4
    for tag, (kind, values) in sorted(entries.items()):
        form = {1: "B", 3: "H", 4: "I"}[kind]
        packed = struct.pack(f"{order}{len(values)}{form}", *values)
        if len(packed) > 4:
            packed, more = struct.pack(order + "I", after + len(more)), more + packed
        directory += struct.pack(order + "HHI", tag, kind, len(values)) + packed.ljust(4, b"\0")
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "I", start)
    return head + pixels + directory + bytes(4) + more + rest


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK"])
def test_each_mode_and_compression_decodes_to_the_saved_colors(mode, compression):
    image = drawing("RGBA").convert("LA") if mode == "LA" else drawing(mode)
    data = file_of(image, "TIFF", compression=compression)
    np.testing.assert_array_equal(decode(data, "image/tiff"), np.asarray(image.convert("RGBA")))


@pytest.mark.parametrize("compression", FAX)
def test_fax_is_decoded(compression):
    image = drawing("1")
    data = file_of(image, "TIFF", compression=compression)
    np.testing.assert_array_equal(decode(data), np.asarray(image.convert("RGBA")))


@pytest.mark.parametrize("mode", ["L", "RGB", "YCbCr"])
def test_jpeg_in_tiff_is_decoded(mode):
    image = Image.new("RGB", (40, 30), (200, 40, 90)).convert(mode)
    data = file_of(image, "TIFF", compression="jpeg")
    np.testing.assert_array_equal(decode(data), decoded_by_pillow(data))


@pytest.mark.parametrize("order", ["<", ">"])
def test_gray_pixels_in_both_byte_orders(order):
    pixels = decode(tiff_of(order=order, pixels=bytes(range(0, 60, 10))))
    np.testing.assert_array_equal(pixels[..., 0], [[0, 10, 20], [30, 40, 50]])


def test_white_may_be_0():
    pixels = decode(tiff_of((tiff.PHOTOMETRIC, 3, [0]), pixels=bytes([0, 255] * 3)))
    assert pixels[0, :, 0].tolist() == [255, 0, 255]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("bits", [12, 16])
def test_bits_in_use_of_16_bit_samples_are_kept(bits, order):
    samples = np.arange(600) * (2**bits - 1) // 599
    pixels = struct.pack(f"{order}600H", *samples)
    size = (tiff.WIDTH, 3, [30]), (tiff.HEIGHT, 3, [20]), (tiff.STRIP_ROWS, 3, [20])
    data = tiff_of((tiff.BITS, 3, [16]), *size, order=order, pixels=pixels)
    np.testing.assert_array_equal(decode(data)[..., 0].ravel(), samples >> bits - 8)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_is_applied_once(orientation):
    fields = ImageFileDirectory_v2()
    fields[ORIENTATION_TAG] = orientation
    data = file_of(drawing(), "TIFF", tiffinfo=fields)
    np.testing.assert_array_equal(decode(data), decoded_by_pillow(data))


def test_tiles_are_decoded():
    """Two tiles of 16 x 16, the second of which has a single column of the picture."""
    tiles = bytes([10]) * 256 + bytes([200]) * 256
    data = tiff_of(
        (tiff.WIDTH, 3, [17]),
        (tiff.HEIGHT, 3, [5]),
        (tiff.TILE_WIDTH, 3, [16]),
        (tiff.TILE_HEIGHT, 3, [16]),
        (tiff.TILE_OFFSETS, 4, [8, 8 + 256]),
        (tiff.TILE_BYTES, 4, [256, 256]),
        *((tag, 4, None) for tag in (tiff.STRIP_OFFSETS, tiff.STRIP_BYTES, tiff.STRIP_ROWS)),
        pixels=tiles,
    )
    pixels = decode(data)
    assert pixels.shape == (5, 17, 4)
    assert (pixels[:, :16, 0] == 10).all()
    assert (pixels[:, 16, 0] == 200).all()


def test_first_of_many_pages_is_decoded():
    pages = [Image.new("L", (23, 17), "white") for _ in range(500)]
    data = file_of(drawing(), "TIFF", save_all=True, append_images=pages)
    np.testing.assert_array_equal(decode(data), np.asarray(drawing().convert("RGBA")))


def test_pages_that_refer_to_each_other_are_not_followed():
    data = tiff_of(pixels=bytes(range(6)))
    count = 8
    end = 8 + 6 + 2 + 12 * count
    looping = data[:end] + struct.pack("<I", 8 + 6) + data[end + 4 :]
    np.testing.assert_array_equal(decode(looping), decode(data))


def test_nothing_but_the_pixels_reaches_the_decoder():
    fields = ImageFileDirectory_v2()
    fields[270] = "a description" * 100
    fields[34675] = b"a profile"
    fields[700] = b"<xml/>"
    data = file_of(drawing(), "TIFF", tiffinfo=fields, exif=Image.Exif())
    with Image.open(io.BytesIO(tiff.read(data))) as image:
        assert set(image.tag_v2) <= tiff._KEPT
        assert image.n_frames == 1
    np.testing.assert_array_equal(decode(data), np.asarray(drawing().convert("RGBA")))


@pytest.mark.parametrize(
    ("fields", "error"),
    [
        ([(tiff.WIDTH, 4, [178_000_000])], ImageTooLarge),
        ([(tiff.WIDTH, 4, [20_000]), (tiff.HEIGHT, 4, [20_000])], ImageTooLarge),
        ([(tiff.HEIGHT, 4, [2**32 - 1])], ImageTooLarge),
        ([(tiff.WIDTH, 4, [65_536])], ImageTooLarge),
        ([(tiff.SAMPLES, 3, [4]), (tiff.BITS, 3, [16] * 4), (tiff.HEIGHT, 3, [5_000]),
          (tiff.WIDTH, 3, [5_000])], ImageTooLarge),
        ([(tiff.WIDTH, 3, [0])], DamagedImage),
        ([(tiff.WIDTH, 3, None)], DamagedImage),
        ([(tiff.WIDTH, 3, [3, 3])], DamagedImage),
        ([(tiff.STRIP_OFFSETS, 4, None)], DamagedImage),
        ([(tiff.STRIP_OFFSETS, 4, [4_000_000_000])], DamagedImage),
        ([(tiff.STRIP_BYTES, 4, [4_000_000_000])], DamagedImage),
        ([(tiff.STRIP_BYTES, 4, [6, 6])], DamagedImage),
        ([(tiff.STRIP_ROWS, 3, [1])], DamagedImage),
        ([(tiff.STRIP_ROWS, 3, [0])], DamagedImage),
        ([(tiff.STRIP_OFFSETS, 4, [8] * 1000), (tiff.STRIP_BYTES, 4, [6] * 1000),
          (tiff.STRIP_ROWS, 3, [1]), (tiff.HEIGHT, 3, [1000])], DamagedImage),
        ([(tiff.TILE_OFFSETS, 4, [8]), (tiff.TILE_BYTES, 4, [6]), (tiff.TILE_WIDTH, 4, [65_520]),
          (tiff.TILE_HEIGHT, 4, [65_520])], DamagedImage),
        ([(tiff.TILE_OFFSETS, 4, [8]), (tiff.TILE_BYTES, 4, [6]), (tiff.TILE_WIDTH, 4, [0]),
          (tiff.TILE_HEIGHT, 4, [16])], DamagedImage),
        ([(tiff.PALETTE, 3, [0] * 100_001)], DamagedImage),
        ([(tiff.BITS, 3, [32])], UnsupportedImage),
        ([(tiff.BITS, 3, [8, 16]), (tiff.SAMPLES, 3, [2])], UnsupportedImage),
        ([(tiff.SAMPLES, 3, [6]), (tiff.BITS, 3, [8] * 6)], UnsupportedImage),
        ([(tiff.SAMPLE_FORMAT, 3, [3])], UnsupportedImage),
        ([(tiff.PLANAR, 3, [3])], UnsupportedImage),
        ([(tiff.PHOTOMETRIC, 3, [8])], UnsupportedImage),
        *(([(tiff.COMPRESSION, 3, [kind])], UnsupportedImage)
          for kind in (0, 6, 9, 32809, 34661, 34712, 34887, 34925, 50000, 50001, 52546, 65535)),
    ],
)  # fmt: skip
def test_hostile_field_is_refused_before_anything_is_decoded(monkeypatch, fields, error):
    monkeypatch.setattr(Image, "open", None)
    with pytest.raises(error):
        decode(tiff_of(*fields))


def test_missing_photometric_interpretation_is_damaged():
    with pytest.raises(DamagedImage):
        decode(tiff_of((tiff.PHOTOMETRIC, 3, None)))


def test_file_with_many_fields_is_damaged():
    data = struct.pack("<4sIH", b"II*\0", 8, tiff.MAX_FIELDS + 1) + bytes(12 * 2_000)
    with pytest.raises(DamagedImage, match="1,000 fields"):
        decode(data)


def test_duplicate_field_is_damaged():
    data = bytearray(tiff_of())
    place = 8 + 6 + 2
    data[place : place + 12] = data[place + 12 : place + 24]
    with pytest.raises(DamagedImage):
        decode(bytes(data))


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_truncated_file_is_damaged(compression):
    data = file_of(drawing(), "TIFF", compression=compression)
    for length in range(1, len(data) - 1, max(1, len(data) // 60)):
        with pytest.raises(DamagedImage):
            decode(data[:length])


@pytest.mark.parametrize("compression", [8, 5, 32773])
def test_compressed_pixels_are_inflated_up_to_the_declared_size_only(compression):
    """A strip of 3 x 2 pixels that goes on for megabytes."""
    image = Image.new("L", (2_000, 2_000))
    names = {8: "tiff_adobe_deflate", 5: "tiff_lzw", 32773: "packbits"}
    large = file_of(image, "TIFF", compression=names[compression])
    with Image.open(io.BytesIO(large)) as opened:
        (start, *_), (length, *_) = opened.tag_v2[273], opened.tag_v2[279]
    strip = large[start : start + length]
    data = tiff_of((tiff.COMPRESSION, 3, [compression]), pixels=strip)
    with suppress(DamagedImage):
        assert decode(data).shape == (2, 3, 4)


def test_strips_that_overlap_are_damaged():
    """Each would be decompressed anew: a small file could take minutes."""
    rows = (tiff.STRIP_ROWS, 3, [1])
    apart = tiff_of(rows, (tiff.STRIP_OFFSETS, 4, [8, 11]), (tiff.STRIP_BYTES, 4, [3, 3]))
    assert decode(apart).shape == (2, 3, 4)
    whole = len(apart) - 8
    overlapping = tiff_of(rows, (tiff.STRIP_OFFSETS, 4, [8, 8]), (tiff.STRIP_BYTES, 4, [whole] * 2))
    with pytest.raises(DamagedImage, match="do not fit its size"):
        decode(overlapping)


def test_decoder_writes_nothing_to_standard_error(tmp_path):
    """libtiff would, for each damaged file."""
    data = file_of(drawing(), "TIFF", compression="tiff_adobe_deflate")
    with Image.open(io.BytesIO(data)) as opened:
        (start, *_) = opened.tag_v2[273]
    (tmp_path / "damaged.tif").write_bytes(data[:start] + b"\xff" * 8 + data[start + 8 :])
    program = (
        "import sys; from inkdigits.imaging.decode import decode\n"
        "try: decode(open(sys.argv[1], 'rb').read())\n"
        "except ValueError as error: print(error)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program, tmp_path / "damaged.tif"], capture_output=True, text=True
    )
    assert run.stdout == (
        "The image is damaged: its pixels cannot be decoded; save it again and send the new file.\n"
    )
    assert run.stderr == ""


def real_files():
    for compression in COMPRESSIONS:
        for mode in ("1", "L", "P", "RGB", "RGBA", "CMYK"):
            yield file_of(drawing(mode), "TIFF", compression=compression)
    for compression in FAX:
        yield file_of(drawing("1"), "TIFF", compression=compression)
    for mode in ("L", "RGB", "YCbCr"):
        yield file_of(drawing(mode), "TIFF", compression="jpeg")
    yield file_of(drawing(), "TIFF", save_all=True, append_images=[drawing("L")])
    yield tiff_of((tiff.BITS, 3, [16]), order=">", pixels=bytes(range(12)))


@pytest.mark.parametrize("seed", range(3))
def test_any_bytes_decode_or_raise_an_image_error(seed):
    limits = Limits(pixels=10_000)
    decoded = count_decoded(seed, list(real_files()), limits, mutations=1_200, in_place_share=0.6)
    assert 100 < decoded < 1_100
