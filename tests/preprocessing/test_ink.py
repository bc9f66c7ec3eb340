"""Any drawing of one digit becomes (nearly) the same 28x28 image."""

import itertools
import tracemalloc

import numpy as np
import pytest
from sample_images import as_rgba, difference, drawing, extent

from inkdigits.preprocessing import ink, segmentation
from inkdigits.preprocessing.background import MIN_CONTRAST

BLUE = (93, 212, 248)


def test_longer_side_is_20_px_and_the_aspect_is_kept():
    assert extent(ink.from_image(drawing())) == (20, 10)
    tall = drawing(height=400, width=100, top=10, left=30, size=380, pen=45)
    assert extent(ink.from_image(tall)) == (20, 4)


@pytest.mark.parametrize("pen", [1, 3, 10, 20, 33, 50])
def test_symmetric_digit_is_in_the_same_place_whatever_the_rounding(pen):
    """A bar's center of mass lies between two rows."""
    bar = ink.from_ink(np.full((100, pen), 255, np.uint8))
    assert extent(bar)[0] == 20
    assert np.flatnonzero(bar.any(axis=1))[0] == 4


def test_center_of_mass_is_in_the_middle():
    result = ink.from_image(drawing()).astype(float)
    rows, columns = np.mgrid[:28, :28]
    assert abs((result * rows).sum() / result.sum() - 14) <= 0.5
    assert abs((result * columns).sum() / result.sum() - 14) <= 0.5


@pytest.mark.parametrize(
    "changed",
    [
        {"top": 5, "left": 5},
        {"top": 95, "left": 140},
        {"height": 900, "width": 1600, "top": 300, "left": 700, "size": 500, "pen": 60},
        {"ink_color": (255,) * 3, "paper": (0,) * 3},
        {"ink_color": (200, 30, 30), "paper": (250, 245, 230)},
        {"ink_color": (255, 220, 0)},
        {"paper": BLUE},
        {"ink_color": (150,) * 3, "paper": (110,) * 3},
    ],
    ids=lambda changed: "-".join(changed),
)
def test_position_size_polarity_and_colors_make_no_difference(changed):
    assert difference(ink.from_image(drawing()), ink.from_image(drawing(**changed))) < 0.1


@pytest.mark.parametrize("canvas", [(28, 28), (64, 64), (900, 1200)])
def test_tiny_digit_in_a_corner_is_enlarged(canvas):
    height, width = canvas
    place = {"height": height, "width": width, "top": height - 20, "left": width - 12}
    tiny = ink.from_image(drawing(**place, size=16, pen=1))
    usual = ink.from_image(drawing(height=400, width=400, size=160, pen=20))
    assert np.abs(np.subtract(extent(tiny), extent(usual))).max() <= 1
    assert difference(tiny, usual) < 0.25


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (28, 28), (3, 2000)])
@pytest.mark.parametrize("alpha", [0, 255])
def test_blank_image_has_no_ink(shape, alpha):
    rgba = np.full((*shape, 4), 180, np.uint8)
    rgba[..., 3] = alpha
    assert not ink.from_image(rgba).any()


def test_inverted_colors_give_the_same_result(digits):
    for image in digits.images[:50]:
        np.testing.assert_array_equal(
            ink.from_image(as_rgba(image)), ink.from_image(as_rgba(255 - image))
        )


def test_mnist_digits_hardly_change(digits):
    results = ink.from_mnist(digits.images[:2000])
    change = np.abs(results.astype(int) - digits.images[:2000]).max(axis=(1, 2))
    assert (change <= 1).mean() > 0.95


@pytest.mark.parametrize("seed", range(200))
def test_any_image_becomes_a_valid_result(seed):
    """Specks, blocks and noise of any density and size, none of them a digit."""
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 120, 2)
    image = rng.integers(0, 256, (height, width)) * (
        rng.random((height, width)) < rng.random() ** 3
    )
    top, left = rng.integers(0, height), rng.integers(0, width)
    image[top : top + rng.integers(60), left : left + rng.integers(60)] = rng.integers(256)
    rgba = as_rgba(image)
    result = ink.from_image(rgba)
    assert (result.shape, result.dtype) == ((28, 28), np.uint8)
    has_ink = segmentation.extract_ink(rgba).max() >= MIN_CONTRAST
    assert result.max() == (255 if has_ink else 0)


SHAPES = [*itertools.product((1, 2, 3, 4, 5, 9, 28, 29, 100), repeat=2)]
LONG_SHAPES = [(1, 65_535), (65_535, 1), (2, 8193), (40_000, 4), (4100, 2050)]


@pytest.mark.parametrize("shape", [*SHAPES, *LONG_SHAPES], ids=str)
def test_image_of_any_shape_becomes_a_valid_result(shape):
    """OpenCV has limits, and takes some small arrays for colors or lists of points."""
    height, width = shape
    rng = np.random.default_rng(0)
    noise = rng.integers(0, 256, (*shape, 4), np.uint8)
    blots = as_rgba(np.where(rng.random(shape) < 0.7, 255, 0).astype(np.uint8))
    shaded = as_rgba(np.linspace(40, 250, height * width).reshape(shape).astype(np.uint8))
    middle = slice(height // 3, 1 + height // 2), slice(width // 3, 1 + width // 2)
    shaded[(*middle, slice(3))] = 0
    transparent = np.zeros((*shape, 4), np.uint8)
    transparent[middle] = (20, 30, 40, 200)
    for rgba in (noise, blots, shaded, transparent):
        result = ink.from_image(rgba)
        assert (result.shape, result.dtype) == ((28, 28), np.uint8)
        assert result.max() in (0, 255)


@pytest.mark.parametrize("side", [1200, 4000])
@pytest.mark.parametrize("ink_color", [(0, 0, 0), (90, 130, 200)])
def test_small_digit_in_a_large_image_keeps_its_resolution(side, ink_color):
    small = drawing(side, side, top=700, left=1000, size=60, pen=7, ink_color=ink_color)
    extracted = segmentation.extract_ink(small)
    assert np.ptp(np.nonzero(extracted.max(axis=1))[0]) == 59
    usual = drawing(height=180, width=150, size=60, pen=7, ink_color=ink_color)
    np.testing.assert_array_equal(ink.from_image(small), ink.from_image(usual))


def test_large_digit_is_extracted_at_the_resolution_of_the_overview():
    rgba = drawing(3000, 4001, top=500, left=900, size=2000, pen=240)
    assert max(segmentation.extract_ink(rgba).shape) <= segmentation.OVERVIEW_PX
    assert difference(ink.from_image(rgba), ink.from_image(drawing(height=300, width=400))) < 0.05


@pytest.mark.parametrize("shape", [(1, 2_000_000), (2_000_000, 1), (300, 20_000)])
def test_image_of_any_aspect_takes_little_memory(shape):
    """Even with uneven lighting, which is estimated on a coarse image."""
    rgba = np.full((*shape, 4), 255, np.uint8)
    rgba[..., :3] = np.linspace(60, 250, shape[1])[:, None]
    tracemalloc.start()
    ink.from_image(rgba)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * rgba.nbytes + 50e6


def test_batch_and_single_image_agree(digits):
    one_by_one = np.stack([ink.from_image(as_rgba(image)) for image in digits.images[:100]])
    np.testing.assert_array_equal(one_by_one, ink.from_mnist(digits.images[:100]))


def test_empty_batch_stays_empty():
    assert ink.from_mnist(np.zeros((0, 28, 28), np.uint8)).shape == (0, 28, 28)


def test_input_is_not_modified():
    rgba = drawing()
    before = rgba.copy()
    ink.from_image(rgba)
    np.testing.assert_array_equal(rgba, before)
