"""Ink is told from the sheet that it is on, whatever sheet that is."""

import tracemalloc

import numpy as np
import pytest
from scipy import ndimage
from test_ink import box, difference, drawing, ring

from inkdigits.preprocessing import background, ink


@pytest.mark.parametrize("ink_color", [(0, 255, 255), (255, 0, 255), (255, 255, 0), (255, 0, 0)])
def test_ink_that_differs_in_some_colors_alone(ink_color):
    np.testing.assert_array_equal(
        background.extract_ink(drawing(ink_color=ink_color)), background.extract_ink(drawing())
    )


@pytest.mark.parametrize("color", [0, 255, 128])
def test_ink_on_a_transparent_sheet(color):
    rgba = drawing()
    is_ink = rgba[..., 0] == 0
    rgba[~is_ink] = 0  # a cleared canvas: transparent black
    rgba[is_ink, :3] = color
    np.testing.assert_array_equal(ink.from_image(rgba), ink.from_image(drawing()))


def test_an_opaque_sheet_in_a_transparent_frame():
    framed = np.zeros((300, 300, 4), np.uint8)
    framed[50:250, 50:250] = drawing()
    np.testing.assert_array_equal(ink.from_image(framed), ink.from_image(drawing()))


def test_half_transparent_ink_is_paler_ink():
    rgba = drawing(sheet=(255,) * 3)
    rgba[rgba[..., 0] == 0] = (0, 0, 0, 128)
    np.testing.assert_array_equal(ink.from_image(rgba), ink.from_image(drawing()))


# How much darker it is than where it is brightest, from 0 to 1, by row and column from 0 to 1.
SHADOWS = {
    "from a side": lambda row, column: (row + column) / 2,
    "in two corners": lambda row, column: 2 * (row - 0.5) * (column - 0.5) + 0.5,
    "by a lamp above": lambda row, column: 2 * (row - 0.5) ** 2 + 2 * (column - 0.5) ** 2,
}


def in_light(rgba, falloff, shadow="from a side"):
    """The picture in uneven light: so much less of it where it is darkest."""
    rows, columns = np.mgrid[: len(rgba), : rgba.shape[1]] / max(rgba.shape)
    lit = rgba.copy()
    light = 1 - falloff * SHADOWS[shadow](rows, columns)
    lit[..., :3] = np.rint(rgba[..., :3] * light[..., None])
    return lit


@pytest.mark.parametrize("falloff", [0.1, 0.25, 0.4])
@pytest.mark.parametrize("color", [(255,) * 3, (240, 225, 190)])
@pytest.mark.parametrize("shadow", SHADOWS)
def test_uneven_light_makes_little_difference(falloff, color, shadow):
    even = drawing(sheet=color, ink_color=(20, 20, 40))
    assert difference(ink.from_image(in_light(even, falloff, shadow)), ink.from_image(even)) < 0.15


@pytest.mark.parametrize("pen", [4, 12, 24])
def test_light_ink_on_a_dark_sheet_in_uneven_light(pen):
    even = drawing(sheet=(90, 100, 110), ink_color=(240, 230, 200), pen=pen)
    lit, usual = ink.from_image(in_light(even, 0.4)), ink.from_image(even)
    assert np.abs(np.subtract(box(lit), box(usual))).max() <= 1
    assert int(lit.sum()) == pytest.approx(int(usual.sum()), rel=0.2)


def test_uneven_light_with_ink_on_the_border():
    even = drawing(top=0, left=60, size=200, pen=24)
    assert difference(ink.from_image(in_light(even, 0.4)), ink.from_image(even)) < 0.15


def test_a_blank_sheet_in_uneven_light_is_blank():
    assert not ink.from_image(in_light(np.full((90, 120, 4), 255, np.uint8), 0.5)).any()


def test_ink_on_much_of_an_even_border_is_no_uneven_light():
    cropped = drawing(height=100, width=100, top=0, left=0, size=100, pen=12)
    np.testing.assert_allclose(background.extract_ink(cropped), 255 - cropped[..., 0], atol=1)


def on_noise(rgba, deviation):
    """The picture as a camera has it: with gray noise."""
    noise = np.random.default_rng(0).normal(0, deviation, rgba.shape[:2])
    noisy = rgba.copy()
    noisy[..., :3] = np.clip(np.rint(rgba[..., :3] + noise[..., None]), 0, 255)
    return noisy


@pytest.mark.parametrize("deviation", [6, 8])
@pytest.mark.parametrize("width", [30, 34, 50])
def test_the_grain_of_paper_round_a_narrow_digit_is_no_uneven_light(width, deviation):
    """A straight stroke, as a one is, on a strip of paper not much wider."""
    strip = np.full((160, width, 4), 255, np.uint8)
    strip[..., :3] = 200
    strip[8:-8, width // 2 - 9 : width // 2 + 9, :3] = 60
    grained, usual = ink.from_image(on_noise(strip, deviation)), ink.from_image(strip)
    assert np.abs(np.subtract(box(grained), box(usual))).max() <= 1


def in_shadow(rgba, where=0.65):
    """The picture with a shadow on its upper left, down to `where` on its left side, 0 to 1."""
    rows, columns = np.mgrid[: len(rgba), : rgba.shape[1]] / len(rgba)
    light = 1 - 0.4 / (1 + np.exp((rows + columns / 2 - where) * 67))
    shaded = rgba.copy()
    shaded[..., :3] = np.rint(rgba[..., :3] * light[..., None])
    return shaded


def test_a_shadow_with_an_edge_makes_little_difference():
    even = drawing(sheet=(235, 230, 220), ink_color=(20, 20, 60))
    assert difference(ink.from_image(in_shadow(even)), ink.from_image(even)) < 0.15


@pytest.mark.parametrize(
    ("sheet_color", "ink_color"),
    [((130,) * 3, (30,) * 3), ((110,) * 3, (240,) * 3), ((170, 20, 220), (240, 200, 160))],
)
def test_ink_in_a_shadow_is_as_strong_as_beside_it(sheet_color, ink_color):
    even = drawing(sheet=sheet_color, ink_color=ink_color)
    strength = background.extract_ink(in_shadow(even))
    is_ink = (even[..., :3] == ink_color).all(axis=2)
    assert strength[:50][~is_ink[:50]].max() < 0.15 * strength.max()
    in_shade, in_light = strength[60:70, 82:90], strength[120:140, 82:90]
    assert np.median(in_shade) == pytest.approx(np.median(in_light), rel=0.15)


def test_a_shadow_beside_ink_that_ends_at_the_border_is_no_ink():
    """Of three colors each would tell something else, by itself."""
    rgba = drawing(
        400, 400, top=0, left=220, size=250, pen=40, sheet=(120, 50, 240), ink_color=(80, 255, 90)
    )
    is_ink = rgba[::-1, :, 1] == 255
    shown = background.isolate_digit(background.extract_ink(in_shadow(rgba[::-1], 0.8))) > 0
    assert np.count_nonzero(shown != is_ink) < 0.05 * np.count_nonzero(is_ink)


@pytest.mark.parametrize("pen", [8, 24, 40])
def test_a_hill_of_light_is_no_ink(pen):
    colors = {"sheet": (230, 220, 200), "ink_color": (150,) * 3}
    even = drawing(400, 400, top=100, left=150, size=200, pen=pen, **colors)
    lit = in_light(even, 0.6, "by a lamp above")
    assert difference(ink.from_image(lit), ink.from_image(even)) < 0.15


def test_a_digit_that_is_cropped_in_uneven_light():
    """There is more ink than sheet at the ends of a one, but in their corners there is sheet."""
    cropped = np.full((180, 70, 4), 255, np.uint8)
    cropped[..., :3] = 230
    cropped[:, 10:60, :3] = 90
    assert difference(ink.from_image(in_light(cropped, 0.4)), ink.from_image(cropped)) < 0.5


@pytest.mark.parametrize("deviation", [2, 6])
@pytest.mark.parametrize("pen", [4, 12, 24])
def test_noise_makes_little_difference(deviation, pen):
    even = drawing(height=400, width=400, pen=pen, sheet=(200,) * 3, ink_color=(90,) * 3)
    assert difference(ink.from_image(on_noise(even, deviation)), ink.from_image(even)) < 0.2


@pytest.mark.parametrize("ink_gray", [90, 130])
def test_noise_in_each_color_is_no_ink(ink_gray):
    """Of three colors the largest difference counts, so noise is seldom zero."""
    even = drawing(height=400, width=400, sheet=(200,) * 3, ink_color=(ink_gray,) * 3)
    noise = np.random.default_rng(0).normal(0, 7, (400, 400, 3))
    noisy = even.copy()
    noisy[..., :3] = np.rint(even[..., :3] + noise)
    assert difference(ink.from_image(noisy), ink.from_image(even)) < 0.06


def test_specks_far_from_the_digit_are_no_part_of_it():
    rgba = drawing(height=400, width=400)
    for row, column in ((5, 5), (20, 390), (330, 30), (200, 240), (398, 398)):
        rgba[row - 2 : row + 2, column - 2 : column + 2, :3] = 0
    np.testing.assert_array_equal(
        ink.from_image(rgba), ink.from_image(drawing(height=400, width=400))
    )


def test_a_fine_pen_on_a_large_sheet_with_a_speck():
    rgba = drawing(height=1200, width=1200, top=301, left=302, size=602, pen=1)
    speck = rgba.copy()
    speck[101:104, 1001:1004, :3] = 0
    np.testing.assert_array_equal(ink.from_image(speck), ink.from_image(rgba))


@pytest.mark.parametrize("gap", [4, 15, 30])
def test_the_separate_bar_of_a_five_is_a_part_of_it(gap):
    """A bar of a third of the digit's height beside the top of the down-stroke."""
    rgba = drawing(height=400, width=400)
    with_bar = rgba.copy()
    left = 80 + 12 + gap
    with_bar[60:72, left : left + 33, :3] = 0
    assert box(ink.from_ink(background.extract_ink(with_bar)))[0] == 20
    assert ink.from_image(with_bar)[5:8, 12:].sum() > ink.from_image(rgba)[5:8, 12:].sum() + 3 * 255


def test_a_broken_stroke_stays_whole():
    rgba = drawing(height=400, width=400, pen=4)
    broken = rgba.copy()
    broken[70:160:12] = 255  # a row in twelve: eight dashes of eleven pixels
    assert difference(ink.from_image(broken), ink.from_image(rgba)) < 0.15


@pytest.mark.parametrize("line_px", [1, 3])
@pytest.mark.parametrize("inset_px", [0, 10, 30])
def test_a_line_round_the_sheet_is_no_ink(line_px, inset_px):
    rgba = drawing(height=400, width=400)
    framed = rgba.copy()
    inner = slice(inset_px, 400 - inset_px)
    framed[inner, inner, :3] = 0
    inner = slice(inset_px + line_px, 400 - inset_px - line_px)
    framed[inner, inner] = rgba[inner, inner]
    np.testing.assert_array_equal(ink.from_image(framed), ink.from_image(rgba))


def test_a_pale_line_round_the_sheet_is_no_ink():
    rgba = drawing(height=400, width=400)
    framed = rgba.copy()
    framed[10:-10, 10:-10, :3] = 190
    framed[12:-12, 12:-12] = rgba[12:-12, 12:-12]
    np.testing.assert_array_equal(ink.from_image(framed), ink.from_image(rgba))


def test_a_bold_line_round_squared_paper_is_no_ink():
    rgba = drawing(height=400, width=400)
    lined = rgba.copy()
    lined[13::40, :, :3] = lined[:, 9::40, :3] = 200
    lined[5:-5, [5, 6, -7, -6], :3] = lined[[5, 6, -7, -6], 5:-5, :3] = 0
    lined[rgba[..., 0] == 0] = rgba[0, 0] * 0 + (0, 0, 0, 255)
    np.testing.assert_array_equal(ink.from_image(lined), ink.from_image(rgba))


def test_a_digit_between_the_first_lines_of_squared_paper_is_ink():
    """The outermost lines of the paper are no frame: what is beyond them counts."""
    rgba = drawing(height=400, width=400, top=4, left=4, size=30, pen=4)
    squared = rgba.copy()
    squared[39::40, :, :3] = squared[:, 39::40, :3] = 200
    assert difference(ink.from_image(squared), ink.from_image(rgba)) < 0.01


@pytest.mark.parametrize("table", [(70, 40, 20), (180, 120, 220), (0, 0, 0)])
def test_the_table_that_a_sheet_lies_on_is_no_ink(table):
    rgba = drawing(height=400, width=400, sheet=(245, 240, 230))
    laid = np.full((450, 430, 4), 255, np.uint8)
    laid[..., :3] = table
    laid[30:430, 12:412] = rgba
    np.testing.assert_array_equal(ink.from_image(laid), ink.from_image(rgba))


def test_a_line_round_a_sheet_in_a_shadow_is_no_ink():
    rgba = drawing(height=400, width=400)
    framed = rgba.copy()
    framed[10:-10, 10:-10, :3] = 60
    framed[13:-13, 13:-13] = rgba[13:-13, 13:-13]
    framed[40::40, 13:-13, :3] = np.minimum(framed[40::40, 13:-13, :3], 190)
    assert max(background.extract_ink(in_shadow(framed)).shape) <= 374


def test_three_sides_of_a_frame_are_no_ink():
    digit = 255 - drawing(400, 400)[..., 0]
    framed = digit.copy()
    framed[15:-15, [15, -16]] = framed[-16, 15:-15] = 200
    np.testing.assert_array_equal(background.isolate_digit(framed), digit)


def test_a_stroke_across_the_picture_is_no_frame():
    strength = np.zeros((100, 100), np.uint8)
    strength[5:95, 40:48] = strength[50:58, 60:80] = 255
    np.testing.assert_array_equal(background.isolate_digit(strength), strength)


def test_a_broad_pale_stroke_is_no_line_of_ruled_paper():
    strength = np.zeros((100, 100), np.uint8)
    strength[40:70, 10:58] = 130
    strength[50:54, 58:64] = 130  # a few rows of it are longer, and more than half of all
    strength[20:70, 10:30] = 255
    np.testing.assert_array_equal(background.isolate_digit(strength), strength)


def test_the_edge_of_a_table_on_one_side_is_no_ink():
    rgba = drawing(height=400, width=400)
    with_edge = rgba.copy()
    with_edge[370:, :, :3] = (60, 40, 30)
    np.testing.assert_array_equal(ink.from_image(with_edge), ink.from_image(rgba))


@pytest.mark.parametrize("squares", [False, True])
def test_lines_of_ruled_paper_are_no_ink(squares):
    rgba = drawing(height=400, width=400, top=55)
    ruled = rgba.copy()
    on_sheet = rgba[..., 0] == 255
    lines = np.zeros((400, 400), bool)
    lines[17::40] = lines[18::40] = True
    if squares:
        lines[:, 21::40] = True
    ruled[lines & on_sheet, :3] = (150, 180, 230)
    np.testing.assert_array_equal(ink.from_image(ruled), ink.from_image(rgba))


def test_lines_on_a_black_sheet_are_no_ink():
    """The lowest makes the border uneven, but what light there is nobody can tell of black."""
    rgba = drawing(400, 400, pen=24, sheet=(2,) * 3, ink_color=(255,) * 3)
    ruled = rgba.copy()
    lines = np.zeros((400, 400), bool)
    lines[[97, 98, 197, 198, 297, 298, 397, 398, 399]] = True
    ruled[lines & (rgba[..., 0] == 2), :3] = 120
    assert difference(ink.from_image(ruled), ink.from_image(rgba)) < 0.1


@pytest.mark.parametrize("size", [40, 100, 400])
def test_a_digit_that_is_cropped_to_its_ink(size):
    pen = size // 8
    cropped = drawing(size, size, top=0, left=0, size=size, pen=pen)
    whole = drawing(2 * size, 2 * size, top=size // 3, left=size // 3, size=size, pen=pen)
    assert difference(ink.from_image(cropped), ink.from_image(whole)) < 0.1


def test_a_cropped_digit_in_noise():
    cropped = drawing(160, 160, top=0, left=0, size=160, pen=20)
    noisy = on_noise(cropped, 6)
    assert difference(ink.from_image(noisy), ink.from_image(cropped)) < 0.15


@pytest.mark.parametrize("shape", [(1, 2_000_000), (2_000_000, 1), (300, 20_000)])
def test_a_picture_of_any_aspect_needs_little(shape):
    """In uneven light too, which is measured on a coarse picture."""
    rgba = np.full((*shape, 4), 255, np.uint8)
    rgba[..., :3] = np.linspace(60, 250, shape[1])[:, None]
    tracemalloc.start()
    ink.from_image(rgba)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * rgba.nbytes + 50e6


@pytest.mark.parametrize(("paper", "color"), [(255, 0), (0, 255)], ids=["dark ink", "light ink"])
def test_a_cropped_seven_of_a_broad_brush_is_no_uneven_light(paper, color):
    """Its bar and its foot end at the border, and are wider than any stroke on a whole sheet."""
    seven = np.full((100, 60, 4), (paper, paper, paper, 255), np.uint8)
    seven[:31, :, :3] = seven[31:, 10:40, :3] = color
    np.testing.assert_array_equal(background.extract_ink(seven) == 255, seven[..., 0] == color)


@pytest.mark.parametrize("side", [16, 100, 400])
@pytest.mark.parametrize("is_light", [False, True], ids=["dark ink", "light ink"])
def test_the_corners_of_a_cropped_zero_are_sheet(side, is_light):
    """A broad pen, whose ink is on more than half of the border."""
    zero = ring(side, 0.42 * side, 0.3 * side)
    is_ink = zero[..., 0] == 0
    if is_light:
        zero[..., :3] = 255 - zero[..., :3]
    np.testing.assert_array_equal(background.extract_ink(zero) == 255, is_ink)


@pytest.mark.parametrize("row", [0, -1])
@pytest.mark.parametrize("column", [0, -1])
def test_three_corners_of_a_cropped_zero_are_enough(row, column):
    zero = ring(100, 42, 30)
    zero[row, column, :3] = 0
    np.testing.assert_array_equal(background.extract_ink(zero) == 255, zero[..., 0] == 0)


def test_faint_noise_far_from_the_digit_does_not_widen_the_box():
    rgba = drawing()
    rgba[5, 5, :3] = 240
    np.testing.assert_array_equal(ink.from_image(rgba), ink.from_image(drawing()))


def test_a_sheet_with_the_least_of_noise_is_blank():
    noise = np.random.default_rng(0).integers(-5, 6, (100, 100, 1))
    rgba = np.full((100, 100, 4), 255, np.uint8)
    rgba[..., :3] = 230 + noise
    assert not ink.from_image(rgba).any()


def test_a_shadow_over_a_corner_is_no_ink():
    """At the border, too, where a corner in the dark is no wider than a stroke might be."""
    even = drawing(top=90, left=100, sheet=(190, 175, 150), ink_color=(20, 40, 110))
    rows, columns = np.mgrid[:200, :200]
    shaded = even.copy()
    shaded[rows + columns / 2 < 60, :3] = np.rint(0.6 * even[rows + columns / 2 < 60, :3])
    assert difference(ink.from_image(shaded), ink.from_image(even)) < 0.05


def test_a_soft_digit_that_is_cropped_to_its_ink_is_no_uneven_light():
    soft = ring(80, 35, 14)
    soft[..., :3] = ndimage.gaussian_filter(soft[..., :3].astype(float), (3, 3, 0))
    assert difference(ink.from_image(soft), ink.from_image(ring(80, 35, 14))) < 0.2


@pytest.mark.parametrize("table", [(70, 40, 20), (180, 120, 220)])
@pytest.mark.parametrize("squares", [False, True])
def test_ruled_paper_on_a_table(table, squares):
    paper = drawing(height=400, width=400, sheet=(245, 240, 230))
    laid = np.full((450, 430, 4), 255, np.uint8)
    laid[..., :3] = table
    laid[30:430, 12:412] = paper
    lines = np.zeros((450, 430), bool)
    lines[47:430:40, 12:412] = True
    if squares:
        lines[30:430, 31:412:40] = True
    on_sheet = (laid[..., :3] == (245, 240, 230)).all(axis=-1)
    laid[lines & on_sheet, :3] = (150, 180, 230)
    assert difference(ink.from_image(laid), ink.from_image(paper)) < 0.02


def test_lines_of_ruled_paper_may_be_soft():
    rgba = drawing(height=400, width=400, top=55)
    ruled = rgba.copy()
    blurred = np.full((400, 400), 255.0)
    blurred[17::40] = 90
    blurred = ndimage.gaussian_filter1d(blurred, 1, axis=0)
    ruled[..., :3] = np.minimum(rgba[..., :3], np.rint(blurred)[..., None])
    assert difference(ink.from_image(ruled), ink.from_image(rgba)) < 0.05


def test_a_broad_stroke_in_the_shade_is_no_ruling():
    strength = np.zeros((200, 200), np.uint8)
    strength[20:180, 30:90] = 255
    strength[110:180, 30:150] = 130
    assert (background.isolate_digit(strength) > 0).sum() == (strength > 0).sum()


@pytest.mark.parametrize("side", [1200, 4000])
@pytest.mark.parametrize("ink_color", [(0, 0, 0), (90, 130, 200)])
def test_a_small_digit_on_a_large_sheet_is_seen_as_sharp_as_it_is(side, ink_color):
    small = drawing(side, side, top=700, left=1000, size=60, pen=7, ink_color=ink_color)
    strength = background.extract_ink(small)
    assert np.ptp(np.nonzero(strength.max(axis=1))[0]) == 59
    usual = drawing(height=180, width=150, size=60, pen=7, ink_color=ink_color)
    np.testing.assert_array_equal(ink.from_image(small), ink.from_image(usual))


def test_a_small_digit_beside_the_table_that_a_large_sheet_lies_on():
    paper = drawing(2400, 2400, top=30, left=40, size=90, pen=10)
    laid = np.full((2700, 2600, 4), 255, np.uint8)
    laid[..., :3] = (70, 40, 20)
    laid[150:2550, 100:2500] = paper
    assert difference(ink.from_image(laid), ink.from_image(paper)) < 0.02


def test_a_large_digit_needs_no_large_picture():
    rgba = drawing(3000, 4001, top=500, left=900, size=2000, pen=240)
    assert max(background.extract_ink(rgba).shape) <= background.FAR
    assert difference(ink.from_image(rgba), ink.from_image(drawing(height=300, width=400))) < 0.05


@pytest.mark.parametrize("shadow", SHADOWS)
def test_uneven_light_on_a_large_sheet(shadow):
    even = drawing(1500, 1500, top=400, left=500, size=800, pen=96)
    assert difference(ink.from_image(in_light(even, 0.4, shadow)), ink.from_image(even)) < 0.15


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (3, 2), (2 * background.STRIP + 1, 9)])
def test_halving_averages_each_byte_on_its_own(shape):
    rgba = np.random.default_rng(0).integers(0, 256, (*shape, 4), np.uint8)
    height, width = (max(side, 2) // 2 for side in shape)
    # Where there is one row, or one column, it is its own mean.
    pairs = np.broadcast_to(rgba, (max(shape[0], 2), max(shape[1], 2), 4))
    whole = pairs[: 2 * height, : 2 * width].reshape(height, 2, width, 2, 4)
    halved = background._halved(rgba)
    assert halved.shape == (height, width, 4)
    error = whole.mean(axis=(1, 3)) - halved  # rounded down once for rows, once for columns
    assert error.min() >= 0
    assert error.max() <= 1


@pytest.mark.parametrize(("scale", "most"), [(1, 0.5), (3, 0.3)])
def test_a_digit_in_impulse_noise(digits, scale, most):
    """A sixth of the pixels black or white."""
    chance = np.random.default_rng(0).random((20, 28 * scale, 28 * scale))
    differences = []
    for picture, drawn in zip(digits.images[:20], chance, strict=True):
        large = picture.repeat(scale, axis=0).repeat(scale, axis=1)
        rgba = np.full((*large.shape, 4), 255, np.uint8)
        noisy = np.where(drawn < 1 / 6, np.where(drawn < 1 / 12, 0, 255), large)
        rgba[..., :3] = noisy[..., None]
        differences.append(difference(ink.from_image(rgba), ink.from_ink(large)))
    assert np.mean(differences) < most


def test_mnists_digits_hold_no_noise(digits):
    assert all(background._without_specks(picture) is picture for picture in digits.images[::10])


def test_specks_alone_are_left():
    specks = np.zeros((28, 28), np.uint8)
    specks[3::6, 3::6] = 255
    assert background._without_specks(specks) is specks


def test_resampling_is_the_identity_where_the_size_stays():
    np.testing.assert_array_equal(background.resampling(20, 20), np.eye(20, dtype=np.float32))


def test_resampling_averages_areas_and_interpolates():
    halved = background.resampling(6, 3) @ np.array([0, 2, 4, 6, 8, 10], np.float32)
    np.testing.assert_allclose(halved, [1, 5, 9], atol=1e-6)
    thirds = background.resampling(5, 2) @ np.array([1, 1, 1, 0, 0], np.float32)
    np.testing.assert_allclose(thirds, [1, 0.2], atol=1e-6)
    doubled = background.resampling(2, 4) @ np.array([0, 4], np.float32)
    np.testing.assert_allclose(doubled, [0, 1, 3, 4], atol=1e-6)
