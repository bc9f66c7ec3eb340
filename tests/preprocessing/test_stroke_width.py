"""Fine and broad strokes are adjusted to the width of MNIST's; others keep their width."""

import cv2
import numpy as np
import pytest
from sample_images import difference, drawing, ring

from inkdigits.preprocessing import ink
from inkdigits.preprocessing.stroke_width import stroke_width


@pytest.mark.parametrize(("width", "length"), [(1, 30), (4, 4), (4, 40), (9, 20)])
def test_width_of_a_straight_stroke_is_measured(width, length):
    """The perimeter cuts corners, which makes the result slightly inexact."""
    assert stroke_width(np.ones((length, width), np.float32)) == pytest.approx(width, rel=0.08)


def test_thin_pen_is_brightened_to_full_ink():
    assert ink.from_image(drawing(height=800, width=800, size=600, pen=2)).max() == 255


@pytest.mark.parametrize("paper_px", [200, 1000])
@pytest.mark.parametrize("pen", [0.01, 0.02, 0.04])
def test_fine_pen_is_thickened(paper_px, pen):
    """A hundredth of the digit's height is 0.2 px after scaling it to 20 px."""
    size = paper_px // 2
    place = {"height": paper_px, "width": paper_px, "top": size // 2, "left": size // 2}
    fine = ink.from_image(drawing(**place, size=size, pen=max(1, round(pen * size))))
    usual = ink.from_image(drawing(**place, size=size, pen=round(0.12 * size)))
    assert difference(fine, usual) < 0.25
    # Halfway down the downstroke, the ink in a row, in pixels, is the width.
    assert fine[12].sum() / 255 == pytest.approx(2.4, abs=0.5)


def test_brush_is_thinned():
    fat = ink.from_image(drawing(height=400, width=400, size=200, pen=70))  # 7 px of 20
    assert fat[8].sum() / 255 == pytest.approx(4.2, abs=0.8)


def test_ordinary_pen_keeps_its_width():
    for pen in (9, 12, 18):
        as_drawn = ink.from_image(drawing(pen=pen))
        assert as_drawn[12].sum() / 255 == pytest.approx(pen / 5, abs=0.25)


@pytest.mark.parametrize("pen", [25, 50, 70])
def test_hole_stays_open(pen):
    """The hole of a ring whose outer diameter is 200: 150, 100 or 60 pixels."""
    result = ink.from_image(ring(300, 100 - pen / 2, pen))
    assert result[13:15, 13:15].max() == 0
    assert result[14, 5:9].max() > 200


def test_thinning_does_not_break_a_narrow_part():
    """Two blots with a neck in between, like an 8 whose holes a brush has filled."""
    rows, columns = np.mgrid[:300, :300]
    blots = np.minimum(np.hypot(rows - 90, columns - 150), np.hypot(rows - 210, columns - 150)) < 58
    rgba = np.full((300, 300, 4), 255, np.uint8)
    rgba[blots | ((np.abs(columns - 150) < 25) & (np.abs(rows - 150) < 40)), :3] = 0
    labels, _ = cv2.connectedComponents((ink.from_image(rgba) > 128).astype(np.uint8), None, 4)
    assert labels == 2  # of the background and of one component
