"""A frame around the paper, or the table under it, is removed."""

import numpy as np
import pytest
from sample_images import difference, drawing, in_shadow, on_table

from inkdigits.preprocessing import ink, segmentation
from inkdigits.preprocessing.frame import find_frame

RULING = (150, 180, 230)


@pytest.mark.parametrize("line_px", [1, 3])
@pytest.mark.parametrize("inset_px", [0, 10, 30])
def test_frame_is_removed(line_px, inset_px):
    rgba = drawing(height=400, width=400)
    framed = rgba.copy()
    inner = slice(inset_px, 400 - inset_px)
    framed[inner, inner, :3] = 0
    inner = slice(inset_px + line_px, 400 - inset_px - line_px)
    framed[inner, inner] = rgba[inner, inner]
    np.testing.assert_array_equal(ink.from_image(framed), ink.from_image(rgba))


def test_pale_frame_is_removed():
    rgba = drawing(height=400, width=400)
    framed = rgba.copy()
    framed[10:-10, 10:-10, :3] = 190
    framed[12:-12, 12:-12] = rgba[12:-12, 12:-12]
    np.testing.assert_array_equal(ink.from_image(framed), ink.from_image(rgba))


def test_bold_frame_around_squared_paper_is_removed():
    rgba = drawing(height=400, width=400)
    lined = rgba.copy()
    lined[13::40, :, :3] = lined[:, 9::40, :3] = 200
    lined[5:-5, [5, 6, -7, -6], :3] = lined[[5, 6, -7, -6], 5:-5, :3] = 0
    lined[rgba[..., 0] == 0] = (0, 0, 0, 255)
    np.testing.assert_array_equal(ink.from_image(lined), ink.from_image(rgba))


def test_first_lines_of_squared_paper_are_not_a_frame():
    """A digit between the border and the first lines is kept."""
    rgba = drawing(height=400, width=400, top=4, left=4, size=30, pen=4)
    squared = rgba.copy()
    squared[39::40, :, :3] = squared[:, 39::40, :3] = 200
    assert difference(ink.from_image(squared), ink.from_image(rgba)) < 0.01


@pytest.mark.parametrize("color", [(70, 40, 20), (180, 120, 220), (0, 0, 0)])
def test_table_under_the_paper_is_removed(color):
    paper = drawing(height=400, width=400, paper=(245, 240, 230))
    np.testing.assert_array_equal(ink.from_image(on_table(paper, color)), ink.from_image(paper))


@pytest.mark.parametrize("color", [(70, 40, 20), (180, 120, 220)])
@pytest.mark.parametrize("squares", [False, True])
def test_ruled_lines_and_table_are_removed_together(color, squares):
    paper = drawing(height=400, width=400, paper=(245, 240, 230))
    ruled = paper.copy()
    lines = np.zeros((400, 400), bool)
    lines[17::40] = True
    if squares:
        lines[:, 19::40] = True
    ruled[lines & (paper[..., 0] == 245), :3] = RULING
    assert difference(ink.from_image(on_table(ruled, color)), ink.from_image(paper)) < 0.02


def test_frame_in_a_shadow_is_removed():
    rgba = drawing(height=400, width=400)
    framed = rgba.copy()
    framed[10:-10, 10:-10, :3] = 60
    framed[13:-13, 13:-13] = rgba[13:-13, 13:-13]
    framed[40::40, 13:-13, :3] = np.minimum(framed[40::40, 13:-13, :3], 190)
    assert max(segmentation.extract_ink(in_shadow(framed)).shape) <= 374


def test_image_of_mnists_size_has_no_frame():
    gray = np.full((28, 28), 255, np.uint8)
    gray[[1, -2]] = gray[:, [1, -2]] = 0
    assert find_frame([gray]) is None
    assert find_frame([gray.repeat(2, axis=0).repeat(2, axis=1)]) is not None


@pytest.mark.parametrize("shape", [(1, 29), (29, 1), (8, 100), (1, 5000), (29, 8)])
def test_narrow_image_has_no_frame(shape):
    assert find_frame([np.indices(shape).sum(axis=0).astype(np.uint8) % 2 * 255]) is None


def test_table_around_a_large_paper_with_a_small_digit_is_removed():
    paper = drawing(2400, 2400, top=30, left=40, size=90, pen=10)
    laid = on_table(paper, (70, 40, 20), top=150, left=100, margin=(300, 200))
    assert difference(ink.from_image(laid), ink.from_image(paper)) < 0.02
