"""Uneven lighting is not ink: gradients, vignettes and shadows with an edge."""

import numpy as np
import pytest
from sample_images import (
    SHADOWS,
    difference,
    drawing,
    extent,
    in_shadow,
    isolated,
    under_light,
)

from inkdigits.preprocessing import ink, segmentation


@pytest.mark.parametrize("falloff", [0.1, 0.25, 0.4])
@pytest.mark.parametrize("color", [(255,) * 3, (240, 225, 190)])
@pytest.mark.parametrize("shadow", SHADOWS)
def test_uneven_light_makes_little_difference(falloff, color, shadow):
    even = drawing(paper=color, ink_color=(20, 20, 40))
    uneven = under_light(even, falloff, shadow)
    assert difference(ink.from_image(uneven), ink.from_image(even)) < 0.15


@pytest.mark.parametrize("pen", [4, 12, 24])
def test_uneven_light_on_dark_paper_makes_little_difference(pen):
    even = drawing(paper=(90, 100, 110), ink_color=(240, 230, 200), pen=pen)
    lit, usual = ink.from_image(under_light(even, 0.4)), ink.from_image(even)
    assert np.abs(np.subtract(extent(lit), extent(usual))).max() <= 1
    assert int(lit.sum()) == pytest.approx(int(usual.sum()), rel=0.2)


def test_uneven_light_with_ink_on_the_border_makes_little_difference():
    even = drawing(top=0, left=60, size=200, pen=24)
    assert difference(ink.from_image(under_light(even, 0.4)), ink.from_image(even)) < 0.15


def test_blank_paper_in_uneven_light_is_blank():
    assert not ink.from_image(under_light(np.full((90, 120, 4), 255, np.uint8), 0.5)).any()


@pytest.mark.parametrize("pen", [8, 24, 40])
def test_strong_vignette_is_not_ink(pen):
    colors = {"paper": (230, 220, 200), "ink_color": (150,) * 3}
    even = drawing(400, 400, top=100, left=150, size=200, pen=pen, **colors)
    lit = under_light(even, 0.6, "vignette")
    assert difference(ink.from_image(lit), ink.from_image(even)) < 0.15


def test_uneven_light_on_a_cropped_digit_makes_a_limited_difference():
    """At the ends of a cropped 1 the border has more ink than paper, but the corners are paper."""
    cropped = np.full((180, 70, 4), 255, np.uint8)
    cropped[..., :3] = 230
    cropped[:, 10:60, :3] = 90
    assert difference(ink.from_image(under_light(cropped, 0.4)), ink.from_image(cropped)) < 0.5


def test_shadow_with_an_edge_makes_little_difference():
    even = drawing(paper=(235, 230, 220), ink_color=(20, 20, 60))
    assert difference(ink.from_image(in_shadow(even)), ink.from_image(even)) < 0.15


@pytest.mark.parametrize(
    ("paper", "ink_color"),
    [((130,) * 3, (30,) * 3), ((110,) * 3, (240,) * 3), ((170, 20, 220), (240, 200, 160))],
)
def test_ink_in_a_shadow_is_as_strong_as_outside_it(paper, ink_color):
    even = drawing(paper=paper, ink_color=ink_color)
    extracted = segmentation.extract_ink(in_shadow(even))
    is_ink = (even[..., :3] == ink_color).all(axis=2)
    assert extracted[:50][~is_ink[:50]].max() < 0.15 * extracted.max()
    inside, outside = extracted[60:70, 82:90], extracted[120:140, 82:90]
    assert np.median(inside) == pytest.approx(np.median(outside), rel=0.15)


def test_shadow_beside_ink_that_reaches_the_border_is_not_ink():
    """Each of the three colors alone would give another result."""
    rgba = drawing(
        400, 400, top=0, left=220, size=250, pen=40, paper=(120, 50, 240), ink_color=(80, 255, 90)
    )
    is_ink = rgba[::-1, :, 1] == 255
    kept = isolated(segmentation.extract_ink(in_shadow(rgba[::-1], 0.8))) > 0
    assert np.count_nonzero(kept != is_ink) < 0.05 * np.count_nonzero(is_ink)


def test_shadow_over_a_corner_is_not_ink():
    """Not even on the border, where a dark corner is no wider than a stroke could be."""
    even = drawing(top=90, left=100, paper=(190, 175, 150), ink_color=(20, 40, 110))
    rows, columns = np.mgrid[:200, :200]
    shaded = even.copy()
    shaded[rows + columns / 2 < 60, :3] = np.rint(0.6 * even[rows + columns / 2 < 60, :3])
    assert difference(ink.from_image(shaded), ink.from_image(even)) < 0.05


@pytest.mark.parametrize("shadow", SHADOWS)
def test_uneven_light_on_a_large_image_makes_little_difference(shadow):
    even = drawing(1500, 1500, top=400, left=500, size=800, pen=96)
    assert difference(ink.from_image(under_light(even, 0.4, shadow)), ink.from_image(even)) < 0.15
