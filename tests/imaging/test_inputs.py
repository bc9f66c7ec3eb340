"""An image may be a path, bytes, a file, a Pillow image or an array; anything else is refused."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from inkdigits.imaging.decode import decode
from inkdigits.imaging.errors import DamagedImage, ImageTooLarge, UnsupportedImage
from inkdigits.imaging.inputs import to_gray_levels, to_rgba
from inkdigits.imaging.limits import Limits

FILE = Path(__file__).parents[1] / "golden" / "drawings" / "6-colored.png"
EXPECTED = decode(FILE.read_bytes())
GRAY = np.random.default_rng(0).integers(0, 256, (5, 7), np.uint8)
OPAQUE_GRAY = np.dstack([GRAY, GRAY, GRAY, np.full_like(GRAY, 255)])


@pytest.mark.parametrize(
    "image",
    [
        FILE,
        str(FILE),
        FILE.read_bytes(),
        bytearray(FILE.read_bytes()),
        memoryview(FILE.read_bytes()),
        io.BytesIO(FILE.read_bytes()),
        Image.open(FILE),
        EXPECTED,
        EXPECTED[..., :3],
    ],
    ids=lambda image: type(image).__name__,
)
def test_every_form_of_an_image_gives_the_same_pixels(image):
    np.testing.assert_array_equal(to_rgba(image), EXPECTED, strict=True)


@pytest.mark.parametrize(
    "array",
    [
        GRAY,
        GRAY[:, :, None],
        GRAY.astype(np.uint16) * 257,
        GRAY / 255,
        (GRAY / 255).astype(np.float32),
        np.asfortranarray(GRAY),
        GRAY[::-1][::-1],
    ],
)
def test_range_of_an_array_is_that_of_its_type(array):
    np.testing.assert_array_equal(to_rgba(array), OPAQUE_GRAY, strict=True)


def test_true_is_white():
    np.testing.assert_array_equal(to_gray_levels(np.array([True, False])), [255, 0])


def test_array_is_not_modified():
    array = GRAY.copy()
    to_rgba(array)[:] = 1
    np.testing.assert_array_equal(array, GRAY)


@pytest.mark.parametrize("dtype", [np.int64, np.int8, np.uint32, np.complex64, object, "U1"])
def test_types_without_a_clear_range_are_refused(dtype):
    with pytest.raises(UnsupportedImage, match=r"range is not clear; convert it to uint8"):
        to_rgba(np.zeros((5, 5), dtype))


@pytest.mark.parametrize("value", [-0.01, 1.01, 255.0, np.nan, np.inf, -np.inf])
def test_floats_outside_of_0_to_1_are_refused(value):
    array = np.zeros((5, 5))
    array[2, 3] = value
    with pytest.raises(UnsupportedImage, match=r"outside of 0 to 1; divide them by 255"):
        to_rgba(array)


@pytest.mark.parametrize("shape", [(), (5,), (5, 5, 2), (5, 5, 5), (3, 5, 5), (1, 5, 5, 3)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(UnsupportedImage, match=r"an image has \(H, W\), \(H, W, 3\) or"):
        to_rgba(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (0, 0, 3)])
def test_empty_array_is_damaged(shape):
    with pytest.raises(DamagedImage, match="no pixels"):
        to_rgba(np.zeros(shape, np.uint8))


@pytest.mark.parametrize("shape", [(5001, 5000), (1, Limits.side + 1)])
def test_large_arrays_and_pillow_images_are_refused(shape):
    array = np.broadcast_to(np.uint8(0), shape)
    with pytest.raises(ImageTooLarge):
        to_rgba(array)
    with pytest.raises(ImageTooLarge):
        to_rgba(Image.new("1", shape))


@pytest.mark.parametrize("image", [None, 7, [[0, 1]], {"a": 1}, Image])
def test_other_objects_are_refused(image):
    with pytest.raises(UnsupportedImage, match=f"array, not {type(image).__name__}.$"):
        to_rgba(image)


def test_file_that_is_open_as_text_is_refused():
    with FILE.open() as file, pytest.raises(UnsupportedImage, match="open it in binary mode"):
        to_rgba(file)


def test_text_is_refused():
    with pytest.raises(UnsupportedImage, match="open it in binary mode"):
        to_rgba(io.StringIO("text"))


def test_file_is_read_from_where_it_is_and_no_further_than_the_limit():
    class Endless(io.RawIOBase):
        def read(self, size=-1):
            assert 0 < size <= Limits.bytes + 1
            return bytes(size)

    with pytest.raises(ImageTooLarge):
        to_rgba(Endless())
    file = io.BytesIO(b"junk" + FILE.read_bytes())
    file.seek(4)
    np.testing.assert_array_equal(to_rgba(file), EXPECTED)


def test_missing_file_is_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        to_rgba(tmp_path / "missing.png")


@pytest.mark.parametrize(
    "mode", ["1", "L", "LA", "P", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "HSV"]
)
def test_pillow_image_of_any_color_mode_is_converted(mode):
    image = Image.fromarray(EXPECTED[..., :3]).convert(mode)
    np.testing.assert_array_equal(to_rgba(image), np.asarray(image.convert("RGBA")), strict=True)


def test_pillow_image_of_16_bits_has_its_upper_8():
    image = Image.fromarray(GRAY.astype(np.uint16) * 256 + 77)
    assert image.mode == "I;16"
    np.testing.assert_array_equal(to_rgba(image), OPAQUE_GRAY)


@pytest.mark.parametrize("mode", ["I", "F"])
def test_pillow_image_without_a_clear_range_is_refused(mode):
    with pytest.raises(UnsupportedImage, match=f"the mode {mode}, .* convert it to L"):
        to_rgba(Image.new(mode, (5, 5)))


def test_pillow_image_is_turned_upright():
    image = Image.fromarray(GRAY)
    image.getexif()[0x0112] = 6  # to be turned clockwise
    file = io.BytesIO()
    image.save(file, "PNG", exif=image.getexif())
    expected = np.rot90(OPAQUE_GRAY, -1)
    np.testing.assert_array_equal(to_rgba(Image.open(file)), expected)
    np.testing.assert_array_equal(decode(file.getvalue()), expected)


def test_truncated_pillow_image_is_damaged():
    image = Image.open(io.BytesIO(FILE.read_bytes()[:200]))
    with pytest.raises(DamagedImage, match="pixels cannot be decoded"):
        to_rgba(image)
