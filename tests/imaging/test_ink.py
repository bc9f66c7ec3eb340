"""Any drawing of one digit becomes (nearly) the same 28x28 picture."""

import tracemalloc

import numpy as np
import pytest
from scipy import ndimage

from inkdigits.imaging import ink

BLUE = (93, 212, 248)


def drawing(
    height=200, width=200, top=60, left=80, size=100, pen=12, ink_colour=(0, 0, 0), sheet=(255,) * 3
):
    """An L of a given height: a down-stroke and a foot of half its height."""
    rgba = np.empty((height, width, 4), np.uint8)
    rgba[:] = (*sheet, 255)
    rgba[top : top + size, left : left + pen, :3] = ink_colour
    rgba[top + size - pen : top + size, left : left + size // 2, :3] = ink_colour
    return rgba


def difference(one, other):
    """The mean difference of two pictures, as a share of their ink."""
    return np.abs(one.astype(int) - other).sum() / max(one.sum(), other.sum())


def box(picture):
    """Height and width of what is over a tenth of full ink."""
    rows, columns = np.nonzero(picture > 25)
    return np.ptp(rows) + 1, np.ptp(columns) + 1


def test_the_longer_side_is_20_px_and_the_aspect_is_kept():
    assert box(ink.clean(drawing())) == (20, 10)
    tall = drawing(height=400, width=100, top=10, left=30, size=380, pen=45)
    assert box(ink.clean(tall)) == (20, 4)


def test_the_centre_of_mass_is_in_the_middle():
    picture = ink.clean(drawing()).astype(float)
    rows, columns = np.mgrid[:28, :28]
    assert abs((picture * rows).sum() / picture.sum() - 14) <= 0.5
    assert abs((picture * columns).sum() / picture.sum() - 14) <= 0.5


@pytest.mark.parametrize(
    "changed",
    [
        {"top": 5, "left": 5},
        {"top": 95, "left": 140},
        {"height": 900, "width": 1600, "top": 300, "left": 700, "size": 500, "pen": 60},
        {"ink_colour": (255,) * 3, "sheet": (0,) * 3},
        {"ink_colour": (200, 30, 30), "sheet": (250, 245, 230)},
        {"ink_colour": (255, 220, 0)},
        {"sheet": BLUE},
        {"ink_colour": (150,) * 3, "sheet": (110,) * 3},
    ],
    ids=lambda changed: "-".join(changed),
)
def test_place_size_polarity_and_colours_make_no_difference(changed):
    assert difference(ink.clean(drawing()), ink.clean(drawing(**changed))) < 0.1


@pytest.mark.parametrize("colour", [0, 255, 128])
def test_ink_on_a_transparent_sheet(colour):
    rgba = drawing()
    is_ink = rgba[..., 0] == 0
    rgba[~is_ink] = 0  # a cleared canvas: transparent black
    rgba[is_ink, :3] = colour
    np.testing.assert_array_equal(ink.clean(rgba), ink.clean(drawing()))


def test_an_opaque_sheet_in_a_transparent_frame():
    framed = np.zeros((300, 300, 4), np.uint8)
    framed[50:250, 50:250] = drawing()
    np.testing.assert_array_equal(ink.clean(framed), ink.clean(drawing()))


def test_half_transparent_ink_is_paler_ink():
    rgba = drawing(sheet=(255,) * 3)
    rgba[rgba[..., 0] == 0] = (0, 0, 0, 128)
    np.testing.assert_array_equal(ink.clean(rgba), ink.clean(drawing()))


def test_a_thin_pen_is_raised_to_full_ink():
    assert ink.clean(drawing(height=800, width=800, size=600, pen=2)).max() == 255


@pytest.mark.parametrize("sheet_px", [200, 1000])
@pytest.mark.parametrize("pen", [0.01, 0.02, 0.04])
def test_a_fine_pen_is_brought_to_mnists(sheet_px, pen):
    """A hundredth of the digit's height is 0.2 px of the 20 that it gets."""
    size = sheet_px // 2
    place = {"height": sheet_px, "width": sheet_px, "top": size // 2, "left": size // 2}
    fine = ink.clean(drawing(**place, size=size, pen=max(1, round(pen * size))))
    usual = ink.clean(drawing(**place, size=size, pen=round(0.12 * size)))
    assert difference(fine, usual) < 0.25
    # The down-stroke, halfway: its ink in pixels is its width.
    assert fine[12].sum() / 255 == pytest.approx(2.4, abs=0.5)


def test_a_brush_is_brought_to_mnists():
    fat = ink.clean(drawing(height=400, width=400, size=200, pen=70))  # 7 px of 20
    assert fat[8].sum() / 255 == pytest.approx(4.2, abs=0.8)


def test_a_usual_pen_is_left_alone():
    for pen in (9, 12, 18):
        as_drawn = ink.clean(drawing(pen=pen))
        assert as_drawn[12].sum() / 255 == pytest.approx(pen / 5, abs=0.25)


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
@pytest.mark.parametrize("sheet", [(255,) * 3, (240, 225, 190)])
@pytest.mark.parametrize("shadow", SHADOWS)
def test_uneven_light_makes_little_difference(falloff, sheet, shadow):
    even = drawing(sheet=sheet, ink_colour=(20, 20, 40))
    assert difference(ink.clean(in_light(even, falloff, shadow)), ink.clean(even)) < 0.15


@pytest.mark.parametrize("pen", [4, 12, 24])
def test_light_ink_on_a_dark_sheet_in_uneven_light(pen):
    even = drawing(sheet=(90, 100, 110), ink_colour=(240, 230, 200), pen=pen)
    lit, usual = ink.clean(in_light(even, 0.4)), ink.clean(even)
    assert np.abs(np.subtract(box(lit), box(usual))).max() <= 1
    assert int(lit.sum()) == pytest.approx(int(usual.sum()), rel=0.2)


def test_uneven_light_with_ink_on_the_border():
    even = drawing(top=0, left=60, size=200, pen=24)
    assert difference(ink.clean(in_light(even, 0.4)), ink.clean(even)) < 0.15


def test_a_blank_sheet_in_uneven_light_is_blank():
    assert not ink.clean(in_light(np.full((90, 120, 4), 255, np.uint8), 0.5)).any()


def test_ink_on_much_of_an_even_border_is_no_uneven_light():
    cropped = drawing(height=100, width=100, top=0, left=0, size=100, pen=12)
    np.testing.assert_array_equal(ink.contrast(cropped) == 255, cropped[..., 0] == 0)


def on_noise(rgba, deviation):
    """The picture as a camera has it: with grey noise."""
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
    grained, usual = ink.clean(on_noise(strip, deviation)), ink.clean(strip)
    assert np.abs(np.subtract(box(grained), box(usual))).max() <= 1


def test_a_shadow_with_an_edge_makes_little_difference():
    even = drawing(sheet=(235, 230, 220), ink_colour=(20, 20, 60))
    rows, columns = np.mgrid[:200, :200]
    light = 1 - 0.4 / (1 + np.exp((rows + columns / 2 - 130) / 3))
    shaded = even.copy()
    shaded[..., :3] = np.rint(even[..., :3] * light[..., None])
    assert difference(ink.clean(shaded), ink.clean(even)) < 0.15


@pytest.mark.parametrize("deviation", [2, 6])
@pytest.mark.parametrize("pen", [4, 12, 24])
def test_noise_makes_little_difference(deviation, pen):
    even = drawing(height=400, width=400, pen=pen, sheet=(200,) * 3, ink_colour=(90,) * 3)
    assert difference(ink.clean(on_noise(even, deviation)), ink.clean(even)) < 0.2


@pytest.mark.parametrize("ink_grey", [90, 130])
def test_noise_in_each_colour_is_no_ink(ink_grey):
    """Of three colours the largest difference counts, so noise is seldom zero."""
    even = drawing(height=400, width=400, sheet=(200,) * 3, ink_colour=(ink_grey,) * 3)
    noise = np.random.default_rng(0).normal(0, 7, (400, 400, 3))
    noisy = even.copy()
    noisy[..., :3] = np.rint(even[..., :3] + noise)
    assert difference(ink.clean(noisy), ink.clean(even)) < 0.06


def test_specks_far_from_the_digit_are_no_part_of_it():
    rgba = drawing(height=400, width=400)
    for row, column in ((5, 5), (20, 390), (330, 30), (200, 240), (398, 398)):
        rgba[row - 2 : row + 2, column - 2 : column + 2, :3] = 0
    np.testing.assert_array_equal(ink.clean(rgba), ink.clean(drawing(height=400, width=400)))


def test_a_fine_pen_on_a_large_sheet_with_a_speck():
    rgba = drawing(height=1200, width=1200, top=301, left=302, size=602, pen=1)
    speck = rgba.copy()
    speck[101:104, 1001:1004, :3] = 0
    np.testing.assert_array_equal(ink.clean(speck), ink.clean(rgba))


@pytest.mark.parametrize("gap", [4, 15, 30])
def test_the_separate_bar_of_a_five_is_a_part_of_it(gap):
    """A bar of a third of the digit's height beside the top of the down-stroke."""
    rgba = drawing(height=400, width=400)
    with_bar = rgba.copy()
    left = 80 + 12 + gap
    with_bar[60:72, left : left + 33, :3] = 0
    assert box(ink.fit(ink.contrast(with_bar)))[0] == 20
    assert ink.clean(with_bar)[5:8, 12:].sum() > ink.clean(rgba)[5:8, 12:].sum() + 3 * 255


def test_a_broken_stroke_stays_whole():
    rgba = drawing(height=400, width=400, pen=4)
    broken = rgba.copy()
    broken[70:160:12] = 255  # a row in twelve: eight dashes of eleven pixels
    assert difference(ink.clean(broken), ink.clean(rgba)) < 0.15


@pytest.mark.parametrize("line_px", [1, 3])
@pytest.mark.parametrize("inset_px", [0, 10, 30])
def test_a_line_round_the_sheet_is_no_ink(line_px, inset_px):
    rgba = drawing(height=400, width=400)
    framed = rgba.copy()
    inner = slice(inset_px, 400 - inset_px)
    framed[inner, inner, :3] = 0
    inner = slice(inset_px + line_px, 400 - inset_px - line_px)
    framed[inner, inner] = rgba[inner, inner]
    np.testing.assert_array_equal(ink.clean(framed), ink.clean(rgba))


def test_a_pale_line_round_the_sheet_is_no_ink():
    rgba = drawing(height=400, width=400)
    framed = rgba.copy()
    framed[10:-10, 10:-10, :3] = 190
    framed[12:-12, 12:-12] = rgba[12:-12, 12:-12]
    np.testing.assert_array_equal(ink.clean(framed), ink.clean(rgba))


def test_a_bold_line_round_squared_paper_is_no_ink():
    rgba = drawing(height=400, width=400)
    lined = rgba.copy()
    lined[13::40, :, :3] = lined[:, 9::40, :3] = 200
    lined[5:-5, [5, 6, -7, -6], :3] = lined[[5, 6, -7, -6], 5:-5, :3] = 0
    lined[rgba[..., 0] == 0] = rgba[0, 0] * 0 + (0, 0, 0, 255)
    np.testing.assert_array_equal(ink.clean(lined), ink.clean(rgba))


def test_a_digit_between_the_first_lines_of_squared_paper_is_ink():
    """The outermost lines of the paper are no frame: what is beyond them counts."""
    rgba = drawing(height=400, width=400, top=4, left=4, size=30, pen=4)
    squared = rgba.copy()
    squared[39::40, :, :3] = squared[:, 39::40, :3] = 200
    np.testing.assert_array_equal(ink.clean(squared), ink.clean(rgba))


@pytest.mark.parametrize("table", [(70, 40, 20), (180, 120, 220), (0, 0, 0)])
def test_the_table_that_a_sheet_lies_on_is_no_ink(table):
    rgba = drawing(height=400, width=400, sheet=(245, 240, 230))
    laid = np.full((450, 430, 4), 255, np.uint8)
    laid[..., :3] = table
    laid[30:430, 12:412] = rgba
    np.testing.assert_array_equal(ink.clean(laid), ink.clean(rgba))


def test_the_edge_of_a_table_on_one_side_is_no_ink():
    rgba = drawing(height=400, width=400)
    with_edge = rgba.copy()
    with_edge[370:, :, :3] = (60, 40, 30)
    np.testing.assert_array_equal(ink.clean(with_edge), ink.clean(rgba))


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
    np.testing.assert_array_equal(ink.clean(ruled), ink.clean(rgba))


def ring(side, radius, pen):
    """A black ring on white, aliased."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    rgba = np.full((side, side, 4), 255, np.uint8)
    rgba[np.abs(np.hypot(rows, columns) - radius) <= pen / 2, :3] = 0
    return rgba


@pytest.mark.parametrize("pen", [25, 50, 70])
def test_a_brush_leaves_a_hole_open(pen):
    """The hole of a ring whose outer diameter is 200: of 150, 100 or 60 pixels."""
    picture = ink.clean(ring(300, 100 - pen / 2, pen))
    assert picture[13:15, 13:15].max() == 0
    assert picture[14, 5:9].max() > 200


def test_thinning_does_not_tear_apart_what_is_narrower_in_places():
    """Two blots with a neck between them, as an 8 is whose holes a brush has filled."""
    rows, columns = np.mgrid[:300, :300]
    blots = np.minimum(np.hypot(rows - 90, columns - 150), np.hypot(rows - 210, columns - 150)) < 58
    rgba = np.full((300, 300, 4), 255, np.uint8)
    rgba[blots | ((np.abs(columns - 150) < 25) & (np.abs(rows - 150) < 40)), :3] = 0
    _, pieces = ndimage.label(ink.clean(rgba) > 128)
    assert pieces == 1


@pytest.mark.parametrize("canvas", [(28, 28), (64, 64), (900, 1200)])
def test_a_tiny_digit_in_a_corner(canvas):
    height, width = canvas
    place = {"height": height, "width": width, "top": height - 20, "left": width - 12}
    tiny = ink.clean(drawing(**place, size=16, pen=1))
    usual = ink.clean(drawing(height=400, width=400, size=160, pen=20))
    assert np.abs(np.subtract(box(tiny), box(usual))).max() <= 1
    assert difference(tiny, usual) < 0.25


@pytest.mark.parametrize("size", [40, 100, 400])
def test_a_digit_that_is_cropped_to_its_ink(size):
    pen = size // 8
    cropped = drawing(size, size, top=0, left=0, size=size, pen=pen)
    whole = drawing(2 * size, 2 * size, top=size // 3, left=size // 3, size=size, pen=pen)
    assert difference(ink.clean(cropped), ink.clean(whole)) < 0.1


def test_a_cropped_digit_in_noise():
    cropped = drawing(160, 160, top=0, left=0, size=160, pen=20)
    noisy = on_noise(cropped, 6)
    assert difference(ink.clean(noisy), ink.clean(cropped)) < 0.15


@pytest.mark.parametrize("shape", [(1, 2_000_000), (2_000_000, 1), (300, 20_000)])
def test_a_picture_of_any_aspect_needs_little(shape):
    """In uneven light too, which is measured on a coarse picture."""
    rgba = np.full((*shape, 4), 255, np.uint8)
    rgba[..., :3] = np.linspace(60, 250, shape[1])[:, None]
    tracemalloc.start()
    ink.clean(rgba)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 10 * rgba.nbytes + 50e6


def test_a_cropped_seven_of_a_broad_brush_is_no_uneven_light():
    """Its bar and its foot end at the border, and are wider than any stroke on a whole sheet."""
    seven = np.full((100, 60, 4), 255, np.uint8)
    seven[:34, :, :3] = seven[34:, 10:40, :3] = 0
    np.testing.assert_array_equal(ink.contrast(seven) == 255, seven[..., 0] == 0)


def test_faint_noise_far_from_the_digit_does_not_widen_the_box():
    rgba = drawing()
    rgba[5, 5, :3] = 240
    np.testing.assert_array_equal(ink.clean(rgba), ink.clean(drawing()))


@pytest.mark.parametrize("shape", [(1, 1), (1, 50), (50, 1), (28, 28), (3, 2000)])
@pytest.mark.parametrize("alpha", [0, 255])
def test_b46_a_blank_sheet_has_no_ink(shape, alpha):
    rgba = np.full((*shape, 4), 180, np.uint8)
    rgba[..., 3] = alpha
    assert not ink.clean(rgba).any()


def test_a_sheet_with_the_least_of_noise_is_blank():
    noise = np.random.default_rng(0).integers(-5, 6, (100, 100, 1))
    rgba = np.full((100, 100, 4), 255, np.uint8)
    rgba[..., :3] = 230 + noise
    assert not ink.clean(rgba).any()


def test_b47_inverted_colours_give_the_same_picture(digits):
    for picture in digits.images[:50]:
        rgba = np.full((28, 28, 4), 255, np.uint8)
        rgba[..., :3] = picture[..., None]
        inverted = rgba.copy()
        inverted[..., :3] = 255 - rgba[..., :3]
        np.testing.assert_array_equal(ink.clean(rgba), ink.clean(inverted))


def test_mnist_digits_hardly_change(digits):
    cleaned = ink.clean_batch(digits.images[:2000])
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
    picture = ink.clean(rgba)
    assert (picture.shape, picture.dtype) == ((28, 28), np.uint8)
    assert picture.max() in (0, 255)
    assert picture.any() == (ink.contrast(rgba).max() >= ink.FAINTEST)


def test_batch_and_single_picture_agree(digits):
    rgba = np.full((100, 28, 28, 4), 255, np.uint8)
    rgba[..., :3] = digits.images[:100, ..., None]
    one_by_one = np.stack([ink.clean(picture) for picture in rgba])
    np.testing.assert_array_equal(one_by_one, ink.clean_batch(digits.images[:100]))


def test_an_empty_batch():
    assert ink.clean_batch(np.zeros((0, 28, 28), np.uint8)).shape == (0, 28, 28)


def test_the_input_is_left_alone():
    rgba = drawing()
    before = rgba.copy()
    ink.clean(rgba)
    np.testing.assert_array_equal(rgba, before)


def test_resampling_is_the_identity_where_the_size_stays():
    np.testing.assert_array_equal(ink._resampling(20, 20), np.eye(20, dtype=np.float32))


def test_resampling_averages_areas_and_interpolates():
    halved = ink._resampling(6, 3) @ np.array([0, 2, 4, 6, 8, 10], np.float32)
    np.testing.assert_allclose(halved, [1, 5, 9], atol=1e-6)
    thirds = ink._resampling(5, 2) @ np.array([1, 1, 1, 0, 0], np.float32)
    np.testing.assert_allclose(thirds, [1, 0.2], atol=1e-6)
    doubled = ink._resampling(2, 4) @ np.array([0, 4], np.float32)
    np.testing.assert_allclose(doubled, [0, 1, 3, 4], atol=1e-6)
