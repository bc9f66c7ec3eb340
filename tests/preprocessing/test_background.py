"""Ink is segmented from its background, whatever the colors, the transparency and the crop."""

import cv2
import numpy as np
import pytest
from sample_images import difference, drawing, extent, ring, with_noise

from inkdigits.preprocessing import ink, segmentation
from inkdigits.preprocessing.background import (
    BACKGROUND,
    _smooth,
    composite,
    difference_from_background,
    split_colors,
)


@pytest.mark.parametrize("ink_color", [(0, 255, 255), (255, 0, 255), (255, 255, 0), (255, 0, 0)])
def test_ink_may_differ_in_some_colors_only(ink_color):
    np.testing.assert_array_equal(
        segmentation.extract_ink(drawing(ink_color=ink_color)), segmentation.extract_ink(drawing())
    )


@pytest.mark.parametrize("white", [False, True])
def test_compositing_rounds_to_the_nearest_level(white):
    channel, alpha = np.mgrid[:256, :256].astype(np.uint8)
    exact = (channel.astype(float) * alpha + 255 * white * (255.0 - alpha)) / 255
    np.testing.assert_array_equal(composite(channel, alpha, white=white), np.rint(exact))


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (4, 4), (1, 700_000), (700, 800)])
@pytest.mark.parametrize("is_gray", [False, True])
@pytest.mark.parametrize("is_opaque", [False, True])
def test_image_is_split_into_its_colors_and_its_transparency(shape, is_gray, is_opaque):
    """Even if only the last pixel is colored, or transparent."""
    rgba = np.full((*shape, 4), 255, np.uint8)
    rgba[..., :3] = np.random.default_rng(0).integers(0, 255, (*shape, 1))
    rgba[-1, -1, 2] += not is_gray
    rgba[-1, -1, 3] -= not is_opaque
    channels, alpha = split_colors(rgba)
    assert len(channels) == (1 if is_gray and is_opaque else 3)
    for color, channel in enumerate(channels):
        np.testing.assert_array_equal(channel, rgba[..., color])
    if is_opaque:
        assert alpha is None
    else:
        np.testing.assert_array_equal(alpha, rgba[..., 3])


@pytest.mark.parametrize("shape", [(1, 1), (1, 4), (4, 1), (4, 4), (1, 2), (3, 1), (40, 30)])
def test_ink_is_the_largest_difference_from_the_background(shape):
    rng = np.random.default_rng(0)
    channels = [rng.integers(100, 103, shape).astype(np.uint8) for _ in range(3)]
    for channel in channels:
        channel[1:-1, 1:-1] = rng.integers(0, 256, channel[1:-1, 1:-1].shape)
    difference, is_even = difference_from_background(channels)
    assert is_even
    off = [np.abs(channel.astype(int) - 101) for channel in channels]
    np.testing.assert_allclose(difference, np.max(off, axis=0), atol=1)


@pytest.mark.parametrize("size", [10, 64, 127, 128, 192, 200, 256, 320, 500, 1200])
def test_border_is_smoothed_by_medians(size):
    """In a window of even size, OpenCV does not always find the upper median, only nearly."""
    border = np.random.default_rng(0).integers(0, 256, size, np.uint8)
    window = max(1, size // BACKGROUND.windows)
    around = np.arange(size)[:, None] + np.arange(window) - window // 2
    ordered = np.sort(border[around % size], axis=1)
    smooth, upper = _smooth(border), ordered[:, window // 2]
    if window % 2:
        np.testing.assert_array_equal(smooth, upper)
    else:
        assert (smooth == upper).mean() > 0.7
        assert (smooth <= upper).all()
        assert (smooth >= ordered[:, window // 2 - 1]).all()


@pytest.mark.parametrize("color", [0, 255, 128])
def test_ink_on_a_transparent_background_is_found(color):
    rgba = drawing()
    is_ink = rgba[..., 0] == 0
    rgba[~is_ink] = 0  # a cleared canvas: transparent black
    rgba[is_ink, :3] = color
    np.testing.assert_array_equal(ink.from_image(rgba), ink.from_image(drawing()))


def test_transparent_frame_around_opaque_paper_is_ignored():
    framed = np.zeros((300, 300, 4), np.uint8)
    framed[50:250, 50:250] = drawing()
    np.testing.assert_array_equal(ink.from_image(framed), ink.from_image(drawing()))


def test_half_transparent_ink_is_paler_ink():
    rgba = drawing()
    rgba[rgba[..., 0] == 0] = (0, 0, 0, 128)
    np.testing.assert_array_equal(ink.from_image(rgba), ink.from_image(drawing()))


def test_image_with_slight_noise_only_is_blank():
    noise = np.random.default_rng(0).integers(-5, 6, (100, 100, 1))
    rgba = np.full((100, 100, 4), 255, np.uint8)
    rgba[..., :3] = 230 + noise
    assert not ink.from_image(rgba).any()


@pytest.mark.parametrize("deviation", [6, 8])
@pytest.mark.parametrize("width", [30, 34, 50])
def test_paper_grain_around_a_narrow_digit_is_not_uneven_light(width, deviation):
    """A straight stroke, such as a 1, on a strip of paper not much wider."""
    strip = np.full((160, width, 4), 255, np.uint8)
    strip[..., :3] = 200
    strip[8:-8, width // 2 - 9 : width // 2 + 9, :3] = 60
    grained, usual = ink.from_image(with_noise(strip, deviation)), ink.from_image(strip)
    assert np.abs(np.subtract(extent(grained), extent(usual))).max() <= 1


def test_ink_on_much_of_an_even_border_is_not_uneven_light():
    cropped = drawing(height=100, width=100, top=0, left=0, size=100, pen=12)
    np.testing.assert_allclose(segmentation.extract_ink(cropped), 255 - cropped[..., 0], atol=1)


@pytest.mark.parametrize("size", [40, 100, 400])
def test_digit_cropped_to_its_ink_gives_the_same_result(size):
    pen = size // 8
    cropped = drawing(size, size, top=0, left=0, size=size, pen=pen)
    whole = drawing(2 * size, 2 * size, top=size // 3, left=size // 3, size=size, pen=pen)
    assert difference(ink.from_image(cropped), ink.from_image(whole)) < 0.1


def test_noise_in_a_cropped_digit_makes_little_difference():
    cropped = drawing(160, 160, top=0, left=0, size=160, pen=20)
    noisy = with_noise(cropped, 6)
    assert difference(ink.from_image(noisy), ink.from_image(cropped)) < 0.15


def test_blurred_digit_cropped_to_its_ink_is_not_uneven_light():
    soft = ring(80, 35, 14)
    soft[..., :3] = cv2.GaussianBlur(soft[..., :3], None, 3)
    assert difference(ink.from_image(soft), ink.from_image(ring(80, 35, 14))) < 0.2


@pytest.mark.parametrize(("paper", "color"), [(255, 0), (0, 255)], ids=["dark ink", "light ink"])
def test_cropped_7_drawn_with_a_brush_is_not_uneven_light(paper, color):
    """Its bar and its foot reach the border, and are wider than any stroke on uncropped paper."""
    seven = np.full((100, 60, 4), (paper, paper, paper, 255), np.uint8)
    seven[:31, :, :3] = seven[31:, 10:40, :3] = color
    np.testing.assert_array_equal(segmentation.extract_ink(seven) == 255, seven[..., 0] == color)


@pytest.mark.parametrize("side", [16, 100, 400])
@pytest.mark.parametrize("is_light", [False, True], ids=["dark ink", "light ink"])
def test_corners_of_a_cropped_0_are_background(side, is_light):
    """The pen is wide and covers more than half of the border."""
    zero = ring(side, 0.42 * side, 0.3 * side)
    is_ink = zero[..., 0] == 0
    if is_light:
        zero[..., :3] = 255 - zero[..., :3]
    np.testing.assert_array_equal(segmentation.extract_ink(zero) == 255, is_ink)


@pytest.mark.parametrize("row", [0, -1])
@pytest.mark.parametrize("column", [0, -1])
def test_three_corners_determine_the_background_of_a_cropped_0(row, column):
    zero = ring(100, 42, 30)
    zero[row, column, :3] = 0
    np.testing.assert_array_equal(segmentation.extract_ink(zero) == 255, zero[..., 0] == 0)
