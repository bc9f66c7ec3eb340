"""Where more than one segmentation is plausible, each is offered, the likeliest first."""

from itertools import islice

import cv2
import numpy as np
import pytest
from sample_images import (
    as_rgba,
    difference,
    drawing,
    on_table,
    ring,
    rough_difference,
    under_light,
    with_noise,
)

from inkdigits.preprocessing import ink
from inkdigits.preprocessing.segmentation import extract_ink, segmentations

PLAIN = drawing(height=300, width=400)


def count(rgba):
    return len(list(segmentations(rgba)))


@pytest.mark.parametrize(
    "rgba",
    [
        PLAIN,
        with_noise(drawing(height=300, width=400, paper=(200,) * 3), 4),
        drawing(100, 100, top=0, left=0, size=100),
        on_table(PLAIN, (70, 40, 20)),
        as_rgba(np.full((40, 40), 255, np.uint8)),
        drawing(2500, 2500, top=300, left=1500),
    ],
    ids=["plain", "noise", "cropped", "table", "blank", "large"],
)
def test_ink_on_evenly_lit_paper_is_segmented_in_one_way(rgba):
    assert count(rgba) == 1
    np.testing.assert_array_equal(next(segmentations(rgba)), extract_ink(rgba))


@pytest.mark.parametrize("shadow", ["gradient", "two corners", "vignette"])
@pytest.mark.parametrize("falloff", [0.4, 0.7])
def test_a_candidate_is_right_in_uneven_light(shadow, falloff):
    rgba = under_light(drawing(height=300, width=300), falloff, shadow)
    candidates = ink.candidates(rgba)
    assert 1 < len(candidates) <= ink.MAX_CANDIDATES
    plain = ink.from_image(drawing(height=300, width=300))
    assert min(difference(each, plain) for each in candidates) < 0.15


def test_corner_in_the_dark_is_offered_as_light():
    """It touches the digit, and most of the border is evenly lit."""
    plain = drawing(height=300, width=400, top=120, left=40)
    rows, columns = np.mgrid[:300, :400]
    dark = plain.copy()
    light = 1 - 0.7 * np.exp(-(((300 - rows) ** 2 + columns**2) / 90**2))
    dark[..., :3] = np.rint(plain[..., :3] * light[..., None])
    first, second = ink.candidates(dark)
    assert rough_difference(first, ink.from_image(plain)) > 0.1
    assert rough_difference(second, ink.from_image(plain)) < 0.02


@pytest.mark.parametrize("shadow", ["gradient", "vignette"])
def test_likeliest_candidate_is_right_in_an_unevenly_lit_photo_of_28x28(shadow):
    large = drawing(280, 280, top=60, left=90, size=160, pen=24, paper=(220,) * 3)
    small = cv2.resize(under_light(large, 0.5, shadow), (28, 28), interpolation=cv2.INTER_AREA)
    assert rough_difference(ink.candidates(small)[0], ink.from_image(large)) < 0.05


def test_broad_stroke_with_corners_is_offered_as_ink_too():
    """A 0 cropped to its ink may be a turned sheet with a spot on it, and the other way around."""
    rows, columns = np.mgrid[:300, :300] - 149.5
    sheet = np.abs(0.96 * rows + 0.28 * columns) < 122
    sheet &= np.abs(0.96 * columns - 0.28 * rows) < 122
    sheet &= np.hypot(rows, columns) > 40
    first, second = islice(segmentations(as_rgba(np.where(sheet, np.uint8(255), 0))), 2)
    assert first[150, 150] > 200
    assert first[150, 80] == 0
    assert second[150, 150] == 0
    assert second[150, 80] > 200


def test_transparent_image_is_segmented_on_white_or_on_black():
    for level in (0, 255):
        rgba = ring(100, 30, 8)
        rgba[..., 3] = 255 - rgba[..., 0]
        rgba[..., :3] = level
        np.testing.assert_array_equal(extract_ink(rgba), rgba[..., 3])


def test_there_are_three_candidates_at_most():
    rgba = under_light(drawing(height=300, width=300), 0.4, "vignette")
    rgba[290:, 100:200, :3] = 0
    rgba[100:130, :10, :3] = 0
    rgba[180:184, 60:180, :3] = 20
    assert len(ink.candidates(rgba)) == ink.MAX_CANDIDATES
