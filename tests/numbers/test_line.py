"""A line is level, 32 pixels high, its digits 20, its strokes neither fine nor broad."""

import cv2
import numpy as np
import pytest
from written import number

from inkdigits.numbers.line import DIGIT_PX, HEIGHT, LINE, MARGIN, normalize_line
from inkdigits.preprocessing.stroke_width import stroke_width


def ink_rows(line):
    return np.flatnonzero((line.pixels > 128).any(axis=1))


@pytest.mark.parametrize("height", [16, 40, 90])
def test_digits_of_any_size_are_20_pixels_high_in_the_middle(height):
    ink = number(height, pen=0.12 * height, shape=(3 * height, 6 * height), at=(height / 2, height))
    line = normalize_line(ink)
    assert line.pixels.shape[0] == HEIGHT
    rows = ink_rows(line)
    assert abs(len(rows) - DIGIT_PX) <= 2
    assert abs((rows[0] + rows[-1]) / 2 - (HEIGHT - 1) / 2) <= 1.5
    assert not line.pixels[:, : MARGIN - 1].any()
    assert line.pixels.max() == 255


@pytest.mark.parametrize("slope", [-0.3, -0.1, 0.2])
def test_line_that_rises_or_falls_becomes_level(slope):
    line = normalize_line(number(slope=slope, at=(60, 120)))
    level = normalize_line(number(at=(60, 120)))
    assert abs(len(ink_rows(line)) - len(ink_rows(level))) <= 2
    assert abs(line.pixels.shape[1] - level.pixels.shape[1]) <= 2


@pytest.mark.parametrize("pen", [1, 2, 15])
def test_fine_and_broad_strokes_become_like_most(pen):
    line = normalize_line(number(pen=pen))
    assert 1.6 <= stroke_width(line.pixels / np.float32(255)) <= 4.7


@pytest.mark.parametrize("slope", [0.0, 0.2])
def test_places_in_the_line_are_mapped_back_to_the_ink(slope):
    ink = number(slope=slope)
    line = normalize_line(ink)
    (columns, rows) = np.meshgrid(np.arange(line.pixels.shape[1]), np.arange(HEIGHT))
    inked = line.pixels > 200
    places = np.stack([columns[inked] + 0.5, rows[inked] + 0.5, np.ones(inked.sum())])
    x, y = np.floor(line.to_ink @ places).astype(int)
    near = cv2.dilate(ink, np.ones((7, 7), np.uint8))
    assert (near[y, x] > 100).mean() > 0.99


def test_noise_is_no_line():
    assert normalize_line(np.zeros((40, 90), np.uint8)) is None
    assert normalize_line(np.full((40, 90), 5, np.uint8)) is None


@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (400, 1), (3, 3), (900, 5)])
def test_ink_of_any_shape_makes_a_line(shape):
    line = normalize_line(np.full(shape, 255, np.uint8))
    assert line.pixels.shape[0] == HEIGHT
    assert line.pixels.shape[1] <= 700 + 2 * MARGIN


def test_a_very_long_line_is_squeezed():
    ink = np.zeros((40, 8000), np.uint8)
    ink[10:30, 10:7990:30] = 255
    assert normalize_line(ink).pixels.shape[1] == 700 + 2 * MARGIN


def test_dots_of_a_large_texture_are_not_enlarged():
    dots = np.zeros((1500, 1500), np.uint8)
    dots[::8, ::8] = 255  # as digits of one pixel, each side would have 30,000
    line = normalize_line(dots)
    assert line.pixels.shape == (HEIGHT, LINE.max_width_px + 2 * MARGIN)
    # Nothing is left near the middle of two far ones.
    dots[1:-1] = 0
    dots[-1, ::8] = 255
    assert not normalize_line(dots).pixels.any()
