"""Noise, specks, ruled lines and everything else that is not part of the digit are removed."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from sample_images import as_rgba, difference, drawing, extent, isolated, with_noise

from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing import ink
from inkdigits.preprocessing.clutter import remove_specks

RULING = (150, 180, 230)


@pytest.mark.parametrize("deviation", [2, 6])
@pytest.mark.parametrize("pen", [4, 12, 24])
def test_noise_makes_little_difference(deviation, pen):
    even = drawing(height=400, width=400, pen=pen, paper=(200,) * 3, ink_color=(90,) * 3)
    assert difference(ink.from_image(with_noise(even, deviation)), ink.from_image(even)) < 0.2


@pytest.mark.parametrize("ink_gray", [90, 130])
def test_independent_noise_in_each_color_is_not_ink(ink_gray):
    """The largest of the differences in three colors counts, so noise is rarely zero."""
    even = drawing(height=400, width=400, paper=(200,) * 3, ink_color=(ink_gray,) * 3)
    noise = np.random.default_rng(0).normal(0, 7, (400, 400, 3))
    noisy = even.copy()
    noisy[..., :3] = np.rint(even[..., :3] + noise)
    assert difference(ink.from_image(noisy), ink.from_image(even)) < 0.06


def test_faint_pixel_far_from_the_digit_does_not_widen_the_crop():
    rgba = drawing()
    rgba[5, 5, :3] = 240
    np.testing.assert_array_equal(ink.from_image(rgba), ink.from_image(drawing()))


# ---- connected components ------------------------------------------------------------------------


def test_specks_far_from_the_digit_are_removed():
    rgba = drawing(height=400, width=400)
    for row, column in ((5, 5), (20, 390), (330, 30), (200, 240), (398, 398)):
        rgba[row - 2 : row + 2, column - 2 : column + 2, :3] = 0
    np.testing.assert_array_equal(
        ink.from_image(rgba), ink.from_image(drawing(height=400, width=400))
    )


def test_speck_far_from_a_finely_drawn_digit_is_removed():
    rgba = drawing(height=1200, width=1200, top=301, left=302, size=602, pen=1)
    speck = rgba.copy()
    speck[101:104, 1001:1004, :3] = 0
    np.testing.assert_array_equal(ink.from_image(speck), ink.from_image(rgba))


@pytest.mark.parametrize("gap", [4, 15, 30])
def test_separate_bar_of_a_5_is_kept(gap):
    """A bar a third as long as the digit, beside the top of its downstroke."""
    rgba = drawing(height=400, width=400)
    with_bar = rgba.copy()
    left = 80 + 12 + gap
    with_bar[60:72, left : left + 33, :3] = 0
    assert extent(ink.from_image(with_bar))[0] == 20
    assert ink.from_image(with_bar)[5:8, 12:].sum() > ink.from_image(rgba)[5:8, 12:].sum() + 3 * 255


def test_dot_of_a_mark_is_kept():
    """An exclamation mark is not a 1."""
    mark = np.zeros((280, 280), np.uint8)
    mark[46:175, 135:146] = mark[219:231, 135:146] = 255
    np.testing.assert_array_equal(isolated(mark), mark)


def test_speck_finer_than_the_pen_is_removed():
    stroke = np.zeros((280, 280), np.uint8)
    stroke[46:175, 135:146] = 255
    speck = stroke.copy()
    speck[187:191, 138:142] = 255
    np.testing.assert_array_equal(isolated(speck), stroke)


def test_broken_stroke_stays_whole():
    rgba = drawing(height=400, width=400, pen=4)
    broken = rgba.copy()
    broken[70:160:12] = 255  # every twelfth row: eight dashes of eleven pixels
    assert difference(ink.from_image(broken), ink.from_image(rgba)) < 0.15


@pytest.mark.parametrize("distance", [1.3, 1.8, 2.2])
def test_dotted_stroke_stays_whole(distance):
    """Some dots touch, as where a mouse was slow; others are farther apart than they are wide."""
    pen, radius, middle = 12, 80, 140
    angles = np.arange(0, 2 * np.pi - 0.1, distance * pen / radius)
    angles = np.concatenate([angles, np.arange(0, 1, 0.8 * pen / radius)])
    dots = middle + radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    canvas = draw([dot[None] for dot in dots], pen, (280, 280))
    assert np.count_nonzero(isolated(canvas)) > 0.95 * np.count_nonzero(canvas)


@pytest.mark.parametrize("pen", [3, 5, 8])
@pytest.mark.parametrize("distance", [1.5, 1.9, 2.3])
@pytest.mark.parametrize("slope", [0.2, 0.6, 1])
def test_dots_along_a_diagonal_are_one_stroke(slope, distance, pen):
    """A 7 of separate dots."""
    ends = np.array([(60, 60), (200, 60), (200 - 160 * slope, 220)])
    dots = [
        start + (end - start) * share
        for start, end in pairwise(ends)
        for share in np.arange(0, 1, distance * pen / np.linalg.norm(end - start))
    ]
    canvas = draw([dot[None] for dot in dots], pen, (280, 280))
    np.testing.assert_array_equal(isolated(canvas), np.where(canvas > 0.12 * 255, canvas, 0))


def test_dust_is_not_the_dots_of_a_stroke():
    stem = np.array([(140, 60), (140, 220)])
    dust = [np.array([point]) for point in ((40, 40), (50, 120), (230, 60), (220, 150), (60, 230))]
    canvas = draw([stem, *dust], [14, *[8] * 5], (280, 280))
    np.testing.assert_array_equal(isolated(canvas), isolated(draw([stem], 14, (280, 280))))


def test_three_sides_of_a_frame_are_removed():
    digit = 255 - drawing(400, 400)[..., 0]
    framed = digit.copy()
    framed[15:-15, [15, -16]] = framed[-16, 15:-15] = 200
    np.testing.assert_array_equal(isolated(framed), digit)


def test_stroke_across_the_image_is_not_a_frame():
    strokes = np.zeros((100, 100), np.uint8)
    strokes[5:95, 40:48] = strokes[50:58, 60:80] = 255
    np.testing.assert_array_equal(isolated(strokes), strokes)


def test_edge_of_a_table_on_one_side_is_removed():
    rgba = drawing(height=400, width=400)
    with_edge = rgba.copy()
    with_edge[370:, :, :3] = (60, 40, 30)
    np.testing.assert_array_equal(ink.from_image(with_edge), ink.from_image(rgba))


# ---- ruled lines ---------------------------------------------------------------------------------


@pytest.mark.parametrize("squares", [False, True])
def test_ruled_lines_are_removed(squares):
    rgba = drawing(height=400, width=400, top=55)
    ruled = rgba.copy()
    lines = np.zeros((400, 400), bool)
    lines[17::40] = lines[18::40] = True
    if squares:
        lines[:, 21::40] = True
    ruled[lines & (rgba[..., 0] == 255), :3] = RULING
    np.testing.assert_array_equal(ink.from_image(ruled), ink.from_image(rgba))


@pytest.mark.parametrize("width", [0.55, 0.75, 0.9])
@pytest.mark.parametrize("side", [40, 64, 160])
def test_own_bar_of_a_thin_digit_is_kept(side, width):
    """The bar of a 7 is half on each of two rows, and as pale and long as a ruled line."""
    left, right = round((1 - width) / 2 * side), round((1 + width) / 2 * side)
    inked = draw([np.array([[right, side // 5], [side // 2, 0.9 * side]])], 1, (side, side))
    without_bar = inked.copy()
    inked[side // 5 - 1 : side // 5 + 1, left:right] = 128
    kept = isolated(inked)
    np.testing.assert_array_equal(kept[side // 5 - 1, left:right] > 0, True)
    assert difference(kept, without_bar) > 0.2


def test_ruled_line_that_is_not_quite_level_is_removed():
    rgba = drawing(height=400, width=400, top=55)
    ruled = rgba.copy()
    ruled[120, :230, :3] = ruled[121, 200:, :3] = RULING
    ruled[rgba[..., 0] == 0, :3] = 0
    np.testing.assert_array_equal(ink.from_image(ruled), ink.from_image(rgba))


def test_blurred_ruled_lines_are_removed():
    rgba = drawing(height=400, width=400, top=55)
    ruled = rgba.copy()
    blurred = np.full((400, 400), 255.0)
    blurred[17::40] = 90
    blurred = cv2.GaussianBlur(blurred, None, 1)
    ruled[..., :3] = np.minimum(rgba[..., :3], np.rint(blurred)[..., None])
    assert difference(ink.from_image(ruled), ink.from_image(rgba)) < 0.05


def test_lines_on_black_paper_are_removed():
    """The lowest line makes the border uneven, but black paper does not reveal uneven lighting."""
    rgba = drawing(400, 400, pen=24, paper=(2,) * 3, ink_color=(255,) * 3)
    ruled = rgba.copy()
    lines = np.zeros((400, 400), bool)
    lines[[97, 98, 197, 198, 297, 298, 397, 398, 399]] = True
    ruled[lines & (rgba[..., 0] == 2), :3] = 120
    assert difference(ink.from_image(ruled), ink.from_image(rgba)) < 0.1


def test_broad_pale_stroke_is_not_a_ruled_line():
    strokes = np.zeros((100, 100), np.uint8)
    strokes[40:70, 10:58] = 130
    strokes[50:54, 58:64] = 130  # some of its rows are longer, more than half of the width
    strokes[20:70, 10:30] = 255
    np.testing.assert_array_equal(isolated(strokes), strokes)


def test_broad_stroke_in_a_shadow_is_not_a_ruled_line():
    strokes = np.zeros((200, 200), np.uint8)
    strokes[20:180, 30:90] = 255
    strokes[110:180, 30:150] = 130
    assert (isolated(strokes) > 0).sum() == (strokes > 0).sum()


# ---- salt-and-pepper noise -----------------------------------------------------------------------


@pytest.mark.parametrize(("scale", "most"), [(1, 0.5), (3, 0.3)])
def test_salt_and_pepper_noise_makes_little_difference(digits, scale, most):
    """A sixth of the pixels are black or white."""
    chance = np.random.default_rng(0).random((20, 28 * scale, 28 * scale))
    differences = []
    for image, drawn in zip(digits.images[:20], chance, strict=True):
        large = image.repeat(scale, axis=0).repeat(scale, axis=1)
        noisy = np.where(drawn < 1 / 6, np.where(drawn < 1 / 12, 0, 255), large)
        differences.append(difference(ink.from_image(as_rgba(noisy)), ink.from_ink(large)))
    assert np.mean(differences) < most


def test_mnists_digits_have_no_specks(digits):
    assert all(remove_specks(image) is image for image in digits.images[::10])


def test_specks_without_anything_else_are_kept():
    specks = np.zeros((28, 28), np.uint8)
    specks[3::6, 3::6] = 255
    assert remove_specks(specks) is specks
