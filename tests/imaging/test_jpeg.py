"""The cost of a JPEG's scans is limited before it is decoded."""

import io
import struct

import numpy as np
import pytest
from hostile_images import BASELINE, FIRST_DC, REFINED_DC, jpeg
from PIL import Image

from inkdigits.imaging.decode import decode
from inkdigits.imaging.errors import DamagedImage, ImageTooLarge
from inkdigits.imaging.jpeg import MAX_BLOCK_PASSES, MAX_FILL_BYTES, read
from inkdigits.imaging.limits import Limits

CHROMA_420 = [(2, 2), (1, 1), (1, 1)]  # sampling factors: chroma at half resolution
CHROMA_444 = [(1, 1)] * 3

# (component, first and last coefficient, high and low bit) of the scans of real encoders.
LIBJPEG_SCANS = [
    FIRST_DC,
    (0, 1, 5, 0, 2),
    (2, 1, 63, 0, 1),
    (1, 1, 63, 0, 1),
    (0, 6, 63, 0, 2),
    (0, 1, 63, 2, 1),
    REFINED_DC,
    (2, 1, 63, 1, 0),
    (1, 1, 63, 1, 0),
    (0, 1, 63, 1, 0),
]
MOZJPEG_SCANS = [
    (-1, 0, 0, 0, 0),
    (0, 1, 8, 0, 2),
    (1, 1, 8, 0, 0),
    (2, 1, 8, 0, 0),
    (0, 9, 63, 0, 2),
    (0, 1, 63, 2, 1),
    (0, 1, 63, 1, 0),
    (1, 9, 63, 0, 0),
    (2, 9, 63, 0, 0),
]


def coefficient_bytes(data):
    return read(data)[2]


@pytest.mark.parametrize(
    ("size", "sampling", "scans"),
    [
        ((9248, 6920), CHROMA_420, LIBJPEG_SCANS),
        ((6000, 4000), CHROMA_444, LIBJPEG_SCANS),
        ((6000, 4000), CHROMA_444, MOZJPEG_SCANS),
        ((8000, 8000), [(1, 1)], [scan for scan in LIBJPEG_SCANS if scan[0] <= 0]),
    ],
)
def test_scans_of_real_encoders_are_within_the_limits(size, sampling, scans):
    assert read(jpeg(*size, sampling, scans))[0].count(b"\xff\xda") == len(scans)


def test_scans_that_pass_over_too_many_blocks_are_too_large():
    blocks = 1000 * 1000
    most = MAX_BLOCK_PASSES // blocks
    read(jpeg(8000, 8000, [(1, 1)], [FIRST_DC] * most))
    with pytest.raises(ImageTooLarge, match="scans"):
        read(jpeg(8000, 8000, [(1, 1)], [FIRST_DC] * (most + 1)))


def test_scan_counts_the_blocks_of_its_components_only():
    color_blocks = 500 * 500
    most = MAX_BLOCK_PASSES // color_blocks
    read(jpeg(8000, 8000, CHROMA_420, [(1, 0, 0, 0, 0)] * most))
    with pytest.raises(ImageTooLarge, match="scans"):
        read(jpeg(8000, 8000, CHROMA_420, [(1, 0, 0, 0, 0)] * (most + 1)))


@pytest.mark.parametrize(
    ("sampling", "blocks"),
    [
        ([(1, 1)], 3 * 2),
        (CHROMA_444, 3 * (3 * 2)),
        # 17 x 9 pixels are two blocks of 16 x 16: 8 of 8 x 8 for luma, and 2 for each chroma.
        (CHROMA_420, 8 + 2 + 2),
        ([(2, 1), (1, 1), (1, 1)], 8 + 4 + 4),
        ([(1, 1), (4, 2), (1, 1), (2, 2)], 1 + 8 + 1 + 4),
    ],
)
def test_memory_of_coefficients_follows_the_sampling_factors(sampling, blocks):
    assert coefficient_bytes(jpeg(17, 9, sampling, [FIRST_DC])) == 128 * blocks
    assert coefficient_bytes(jpeg(17, 9, sampling, [BASELINE], progressive=False)) == 0


def test_baseline_jpeg_with_several_scans_keeps_its_coefficients_too():
    scans = [(number, 0, 63, 0, 0) for number in range(3)]
    assert coefficient_bytes(jpeg(17, 9, CHROMA_444, scans, progressive=False)) == 128 * 18


def test_components_that_share_an_identifier_all_count():
    data = bytearray(jpeg(17, 9, CHROMA_420, [FIRST_DC]))
    frame, scan = data.index(b"\xff\xc2"), data.index(b"\xff\xda")
    data[frame + 10 : frame + 19 : 3] = data[scan + 5 : scan + 11 : 2] = b"\1\1\1"
    assert coefficient_bytes(bytes(data)) == 128 * 12


def test_progressive_jpeg_is_downscaled_to_fit_the_memory():
    def shape(width, height, sampling):
        # The limit is 800,000 bytes: 8 for each of 100,000 pixels.
        limits = Limits(pixels=100_000, jpeg_pixels=400_000)
        return decode(jpeg(width, height, sampling, [FIRST_DC]), limits=limits).shape[:2]

    assert shape(320, 200, CHROMA_420) == (200, 320)  # 192,000 + 256,000
    assert shape(320, 300, CHROMA_444) == (150, 160)  # 576,000 + 384,000, or + 96,000
    assert shape(640, 400, CHROMA_420) == (50, 80)  # 768,000 + 64,000, or + 16,000
    with pytest.raises(ImageTooLarge, match="baseline"):
        shape(640, 400, CHROMA_444)
    assert decode(
        jpeg(640, 400, CHROMA_444, [BASELINE], progressive=False),
        limits=Limits(pixels=100_000, jpeg_pixels=400_000),
    ).shape[:2] == (200, 320)


def test_repeated_scans_of_a_baseline_jpeg_are_limited_too():
    scans = [(number % 3, 0, 63, 0, 0) for number in range(33)]
    with pytest.raises(ImageTooLarge, match="scans"):
        read(jpeg(8000, 8000, CHROMA_444, scans, progressive=False))


@pytest.mark.parametrize("factors", [0x00, 0x10, 0x01, 0x51, 0x15])
def test_sampling_factors_outside_1_to_4_are_rejected(factors):
    data = bytearray(jpeg(17, 9, CHROMA_444, [FIRST_DC]))
    data[data.index(b"\xff\xc2") + 11] = factors
    with pytest.raises(DamagedImage, match="sampling"):
        decode(bytes(data))


def test_scan_of_an_undeclared_component_is_rejected():
    data = bytearray(jpeg(17, 9, CHROMA_444, [FIRST_DC]))
    data[data.index(b"\xff\xda") + 5] = 9
    with pytest.raises(DamagedImage, match="unknown component"):
        decode(bytes(data))


def test_frame_header_without_its_components_is_truncated():
    segment = struct.pack(">BBHBHHB", 0xFF, 0xC0, 8, 8, 9, 17, 3)
    with pytest.raises(DamagedImage, match="truncated"):
        decode(b"\xff\xd8" + segment + b"\xff\xd9")


def test_fill_bytes_before_a_marker_are_limited():
    file = io.BytesIO()
    image = np.arange(64, dtype=np.uint8).reshape(8, 8) * 3
    Image.fromarray(image).save(file, "JPEG")
    data = file.getvalue()
    expected = decode(data)

    def filled(count, place):
        return data[:place] + b"\xff" * count + data[place:]

    end = len(data) - 2
    # The marker's own first byte counts as one.
    np.testing.assert_array_equal(decode(filled(MAX_FILL_BYTES - 1, end)), expected)
    with pytest.raises(DamagedImage, match="fill bytes"):
        decode(filled(MAX_FILL_BYTES, end))
    # Between segments they are dropped before the limit is checked.
    np.testing.assert_array_equal(decode(filled(100_000, data.index(b"\xff\xdb"))), expected)
