"""Corners of a turned picture are painted with the color of the paper; a stroke's are not."""

import cv2
import numpy as np
import pytest
from sample_images import (
    as_rgba,
    difference,
    drawing,
    extent,
    in_shadow,
    ring,
    rough_difference,
    with_noise,
)

from inkdigits.imaging.strokes import draw
from inkdigits.preprocessing import ink
from inkdigits.preprocessing.corners import paint_corners
from inkdigits.preprocessing.resample import bounding_box


def turned(rgba, degrees, corner=0, expand=True):
    """The image turned, as Pillow and OpenCV turn it: what lies beyond its edges is one gray."""
    height, width = rgba.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    if expand:
        cosine, sine = np.abs(turn[0, :2])
        size = round(width * cosine + height * sine), round(width * sine + height * cosine)
        turn[:, 2] += (np.array(size) - (width, height)) / 2
    else:
        size = width, height
    return cv2.warpAffine(rgba, turn, size, borderValue=(corner, corner, corner, 255))


@pytest.mark.parametrize("degrees", [-25, -9, 3, 14])
@pytest.mark.parametrize("expand", [True, False])
@pytest.mark.parametrize(
    ("paper", "ink_gray", "corner"), [(255, 0, 0), (200, 70, 20), (90, 20, 255)]
)
def test_corners_of_a_turned_picture_are_paper(degrees, expand, paper, ink_gray, corner):
    rgba = drawing(height=300, width=240, top=100, paper=(paper,) * 3, ink_color=(ink_gray,) * 3)
    with_corners = turned(rgba, degrees, corner, expand)
    without = turned(rgba, degrees, paper, expand)
    assert difference(ink.from_image(with_corners), ink.from_image(without)) < 0.02


@pytest.mark.parametrize("side", [60, 2500])
def test_corners_of_small_and_large_pictures_are_paper(side):
    rgba = drawing(200, 200, top=50)
    enlarged = cv2.resize(rgba, (side, side), interpolation=cv2.INTER_AREA)
    with_corners, without = (turned(enlarged, 12, corner) for corner in (0, 255))
    assert difference(ink.from_image(with_corners), ink.from_image(without)) < 0.05


def test_noise_and_blur_do_not_hide_corners():
    rgba = turned(drawing(300, 300, top=90, paper=(190,) * 3, ink_color=(60,) * 3), 10)
    rgba[..., :3] = cv2.GaussianBlur(rgba[..., :3], None, 1)
    usual = drawing(300, 300, top=90, paper=(190,) * 3, ink_color=(60,) * 3)
    painted = ink.from_image(with_noise(rgba, 4))
    assert difference(painted, ink.from_image(turned(usual, 10, 190))) < 0.15


def test_corner_of_the_table_is_paper():
    rgba = drawing(height=300, width=400, paper=(225, 220, 210))
    with_corner = rgba.copy()
    rows, columns = np.mgrid[:300, :400]
    with_corner[rows + columns / 2 > 420, :3] = (70, 50, 40)
    np.testing.assert_array_equal(ink.from_image(with_corner), ink.from_image(rgba))


def test_strip_along_a_whole_side_is_paper():
    """The paper's edge, a bit slanted: there is another sheet beyond it."""
    rgba = drawing(height=300, width=300, paper=(180,) * 3)
    (channel,) = paint_corners([_with_strip(rgba)])
    np.testing.assert_array_equal(channel, rgba[..., 0])


def _with_strip(rgba):
    rows, columns = np.mgrid[: len(rgba), : rgba.shape[1]]
    return np.where(rows < 20 + columns / 20, np.uint8(250), rgba[..., 0])


@pytest.mark.parametrize(
    "rgba",
    [
        drawing(),
        ring(100, 42, 30),
        ring(60, 26, 8),
        in_shadow(drawing(height=400, width=400)),
        as_rgba(np.full((20, 30), 90, np.uint8)),
        as_rgba(np.full((1, 1), 90, np.uint8)),
    ],
    ids=["paper", "cropped 0", "fine cropped 0", "shadow", "blank", "pixel"],
)
def test_other_pictures_stay_as_they_are(rgba):
    channels = [rgba[..., 0]]
    assert paint_corners(channels) is channels


FOUR = [[[60, 10], [10, 75], [90, 75]], [[65, 50], [65, 120]]]
SEVEN = [[[10, 10], [90, 10], [45, 120]]]
SIX = [[[70, 10], [20, 60], [15, 90], [40, 115], [75, 100], [75, 75], [45, 65], [20, 80]]]
DIAMOND = [[[50, 10], [90, 60], [50, 110], [10, 60], [50, 10]]]


@pytest.mark.parametrize("pen", [15, 25, 35, 45])
@pytest.mark.parametrize("strokes", [FOUR, SEVEN, SIX, DIAMOND], ids=["4", "7", "6", "0"])
def test_digit_cropped_to_its_ink_has_no_corners_of_paper(strokes, pen):
    inked = draw([np.array(stroke, float) for stroke in strokes], pen, (130, 100))
    channels = [inked[bounding_box(inked)]]
    assert paint_corners(channels) is channels


def test_edges_of_one_sheet_meet_at_right_angles():
    """A broad 0 of straight lines, cropped to its ink, leaves corners that are not a sheet's."""
    outline = [[40, 0], [60, 0], [99, 20], [99, 60], [60, 119], [40, 119], [0, 100], [0, 25]]
    zero = cv2.fillPoly(np.zeros((120, 100), np.uint8), [np.array(outline, np.int32)], 255)
    zero[50:70, 40:60] = 0
    channels = [zero]
    assert paint_corners(channels) is channels


def test_compression_does_not_hide_corners():
    rgba = turned(drawing(72, 72, top=20, left=28, size=36, pen=5, paper=(175,) * 3), -6, 0)
    _, file = cv2.imencode(".jpg", rgba[..., :3], [cv2.IMWRITE_JPEG_QUALITY, 30])
    compressed = as_rgba(cv2.imdecode(file, cv2.IMREAD_GRAYSCALE))
    plain = turned(drawing(72, 72, top=20, left=28, size=36, pen=5), -6, 255)
    assert rough_difference(ink.from_image(compressed), ink.from_image(plain)) < 0.05


def test_corner_in_a_shadow_with_a_soft_edge_stays():
    rows, columns = np.mgrid[:300, :300]
    light = 1 - 0.45 / (1 + np.exp((rows + columns - 200) / 6))
    shaded = np.rint(drawing(300, 300, top=150)[..., 0] * light).astype(np.uint8)
    assert paint_corners([shaded])[0] is shaded


def test_broad_stroke_from_corner_to_corner_is_ink():
    """It leaves two corners, but there is nothing on it."""
    rows, columns = np.mgrid[:200, :120]
    stroke = np.abs(rows + columns * 200 / 120 - 200) < 60
    channels = [np.where(stroke, np.uint8(0), np.uint8(255))]
    assert paint_corners(channels) is channels
    assert extent(ink.from_image(as_rgba(channels[0])))[0] == 20


def test_input_is_not_changed():
    rgba = turned(drawing(), 15)
    before = rgba.copy()
    channels = [np.ascontiguousarray(rgba[..., 0])]
    assert paint_corners(channels) is not channels
    np.testing.assert_array_equal(channels[0], before[..., 0])
