"""Any drawing of one digit becomes (nearly) the same 28x28 picture."""

import numpy as np
import pytest
from scipy import ndimage

from inkdigits.preprocessing import ink
from inkdigits.preprocessing.background import FAINTEST, extract_ink

BLUE = (93, 212, 248)


def drawing(
    height=200, width=200, top=60, left=80, size=100, pen=12, ink_color=(0, 0, 0), sheet=(255,) * 3
):
    """An L of a given height: a down-stroke and a foot of half its height."""
    rgba = np.empty((height, width, 4), np.uint8)
    rgba[:] = (*sheet, 255)
    rgba[top : top + size, left : left + pen, :3] = ink_color
    rgba[top + size - pen : top + size, left : left + size // 2, :3] = ink_color
    return rgba


def difference(one, other):
    """The mean difference of two pictures, as a share of their ink."""
    return np.abs(one.astype(int) - other).sum() / max(one.sum(), other.sum())


def box(picture):
    """Height and width of what is over a tenth of full ink."""
    rows, columns = np.nonzero(picture > 25)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def test_the_longer_side_is_20_px_and_the_aspect_is_kept():
    assert box(ink.from_image(drawing())) == (20, 10)
    tall = drawing(height=400, width=100, top=10, left=30, size=380, pen=45)
    assert box(ink.from_image(tall)) == (20, 4)


def test_the_center_of_mass_is_in_the_middle():
    picture = ink.from_image(drawing()).astype(float)
    rows, columns = np.mgrid[:28, :28]
    assert abs((picture * rows).sum() / picture.sum() - 14) <= 0.5
    assert abs((picture * columns).sum() / picture.sum() - 14) <= 0.5


@pytest.mark.parametrize(
    "changed",
    [
        {"top": 5, "left": 5},
        {"top": 95, "left": 140},
        {"height": 900, "width": 1600, "top": 300, "left": 700, "size": 500, "pen": 60},
        {"ink_color": (255,) * 3, "sheet": (0,) * 3},
        {"ink_color": (200, 30, 30), "sheet": (250, 245, 230)},
        {"ink_color": (255, 220, 0)},
        {"sheet": BLUE},
        {"ink_color": (150,) * 3, "sheet": (110,) * 3},
    ],
    ids=lambda changed: "-".join(changed),
)
def test_place_size_polarity_and_colors_make_no_difference(changed):
    assert difference(ink.from_image(drawing()), ink.from_image(drawing(**changed))) < 0.1


def test_a_thin_pen_is_raised_to_full_ink():
    assert ink.from_image(drawing(height=800, width=800, size=600, pen=2)).max() == 255


@pytest.mark.parametrize("sheet_px", [200, 1000])
@pytest.mark.parametrize("pen", [0.01, 0.02, 0.04])
def test_a_fine_pen_is_brought_to_mnists(sheet_px, pen):
    """A hundredth of the digit's height is 0.2 px of the 20 that it gets."""
    size = sheet_px // 2
    place = {"height": sheet_px, "width": sheet_px, "top": size // 2, "left": size // 2}
    fine = ink.from_image(drawing(**place, size=size, pen=max(1, round(pen * size))))
    usual = ink.from_image(drawing(**place, size=size, pen=round(0.12 * size)))
    assert difference(fine, usual) < 0.25
    # The down-stroke, halfway: its ink in pixels is its width.
    assert fine[12].sum() / 255 == pytest.approx(2.4, abs=0.5)


def test_a_brush_is_brought_to_mnists():
    fat = ink.from_image(drawing(height=400, width=400, size=200, pen=70))  # 7 px of 20
    assert fat[8].sum() / 255 == pytest.approx(4.2, abs=0.8)


def test_a_usual_pen_is_left_alone():
    for pen in (9, 12, 18):
        as_drawn = ink.from_image(drawing(pen=pen))
        assert as_drawn[12].sum() / 255 == pytest.approx(pen / 5, abs=0.25)


def ring(side, radius, pen):
    """A black ring on white, aliased."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    rgba = np.full((side, side, 4), 255, np.uint8)
    rgba[np.abs(np.hypot(rows, columns) - radius) <= pen / 2, :3] = 0
    return rgba


@pytest.mark.parametrize("pen", [25, 50, 70])
def test_a_brush_leaves_a_hole_open(pen):
    """The hole of a ring whose outer diameter is 200: of 150, 100 or 60 pixels."""
    picture = ink.from_image(ring(300, 100 - pen / 2, pen))
    assert picture[13:15, 13:15].max() == 0
    assert picture[14, 5:9].max() > 200


def test_thinning_does_not_tear_apart_what_is_narrower_in_places():
    """Two blots with a neck between them, as an 8 is whose holes a brush has filled."""
    rows, columns = np.mgrid[:300, :300]
    blots = np.minimum(np.hypot(rows - 90, columns - 150), np.hypot(rows - 210, columns - 150)) < 58
    rgba = np.full((300, 300, 4), 255, np.uint8)
    rgba[blots | ((np.abs(columns - 150) < 25) & (np.abs(rows - 150) < 40)), :3] = 0
    _, pieces = ndimage.label(ink.from_image(rgba) > 128)
    assert pieces == 1


@pytest.mark.parametrize("canvas", [(28, 28), (64, 64), (900, 1200)])
def test_a_tiny_digit_in_a_corner(canvas):
    height, width = canvas
    place = {"height": height, "width": width, "top": height - 20, "left": width - 12}
    tiny = ink.from_image(drawing(**place, size=16, pen=1))
    usual = ink.from_image(drawing(height=400, width=400, size=160, pen=20))
    assert np.abs(np.subtract(box(tiny), box(usual))).max() <= 1
    assert difference(tiny, usual) < 0.25


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (28, 28), (3, 2000)])
@pytest.mark.parametrize("alpha", [0, 255])
def test_b46_a_blank_sheet_has_no_ink(shape, alpha):
    rgba = np.full((*shape, 4), 180, np.uint8)
    rgba[..., 3] = alpha
    assert not ink.from_image(rgba).any()


def test_b47_inverted_colors_give_the_same_picture(digits):
    for picture in digits.images[:50]:
        rgba = np.full((28, 28, 4), 255, np.uint8)
        rgba[..., :3] = picture[..., None]
        inverted = rgba.copy()
        inverted[..., :3] = 255 - rgba[..., :3]
        np.testing.assert_array_equal(ink.from_image(rgba), ink.from_image(inverted))


def test_mnist_digits_hardly_change(digits):
    cleaned = ink.from_mnist(digits.images[:2000])
    change = np.abs(cleaned.astype(int) - digits.images[:2000]).max(axis=(1, 2))
    assert (change <= 1).mean() > 0.95


@pytest.mark.parametrize("seed", range(200))
def test_whatever_is_on_the_sheet_becomes_a_picture(seed):
    """Specks, blocks and noise of any density and size, none of them a digit."""
    rng = np.random.default_rng(seed)
    height, width = rng.integers(1, 120, 2)
    sheet = rng.integers(0, 256, (height, width)) * (
        rng.random((height, width)) < rng.random() ** 3
    )
    top, left = rng.integers(0, height), rng.integers(0, width)
    sheet[top : top + rng.integers(60), left : left + rng.integers(60)] = rng.integers(256)
    rgba = np.full((height, width, 4), 255, np.uint8)
    rgba[..., :3] = sheet[..., None]
    picture = ink.from_image(rgba)
    assert (picture.shape, picture.dtype) == ((28, 28), np.uint8)
    assert picture.max() in (0, 255)
    assert picture.any() == (extract_ink(rgba).max() >= FAINTEST)


def test_batch_and_single_picture_agree(digits):
    rgba = np.full((100, 28, 28, 4), 255, np.uint8)
    rgba[..., :3] = digits.images[:100, ..., None]
    one_by_one = np.stack([ink.from_image(picture) for picture in rgba])
    np.testing.assert_array_equal(one_by_one, ink.from_mnist(digits.images[:100]))


def test_an_empty_batch():
    assert ink.from_mnist(np.zeros((0, 28, 28), np.uint8)).shape == (0, 28, 28)


def test_the_input_is_left_alone():
    rgba = drawing()
    before = rgba.copy()
    ink.from_image(rgba)
    np.testing.assert_array_equal(rgba, before)
