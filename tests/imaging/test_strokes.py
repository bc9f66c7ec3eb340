"""Strokes are drawn with a round pen: where the ink is, how much, and which input is rejected."""

from itertools import pairwise

import numpy as np
import pytest

from inkdigits.imaging.strokes import draw

LEVEL = np.array([[5.0, 10.0], [25.0, 10.0]])
SAMPLES = 8  # per pixel in each direction, in the reference that coverage is compared with


def zigzag(rng, points=6, size=30):
    return rng.uniform(-5, size + 5, (points, 2))


def inked(strokes, pens, shape, samples):
    """Mark the points of a fine grid under a pen that stops every 0.01 px along a stroke."""
    height, width = shape
    y, x = np.mgrid[: height * samples, : width * samples]
    grid = (np.stack([x, y], axis=-1) + 0.5) / samples
    ink = np.zeros(grid.shape[:2], bool)
    for stroke, pen in zip(strokes, pens, strict=True):
        for start, end in pairwise(stroke):
            stops = 2 + int(100 * np.hypot(*(end - start)))
            # The nearest stop is one of the two beside the foot of the perpendicular.
            along = end - start
            nearest = np.clip(((grid - start) @ along) / (along @ along), 0, 1) * (stops - 1)
            for stop in (np.floor(nearest), np.ceil(nearest)):
                place = start + (stop / (stops - 1))[..., None] * along
                ink |= np.hypot(*np.moveaxis(grid - place, -1, 0)) <= pen / 2
    return ink


def test_top_left_corner_is_the_origin():
    """The center of the first pixel is at (0.5, 0.5); x goes right and y down."""
    canvas = draw([np.array([[2.5, 1.5]])], 1, (4, 5))
    assert (canvas.shape, canvas.dtype) == ((4, 5), np.uint8)
    assert canvas[1, 2] == canvas.sum() == 255


@pytest.mark.parametrize("seed", range(4))
def test_ink_covers_what_the_pen_passes_over(seed):
    rng = np.random.default_rng(seed)
    strokes, pens = [zigzag(rng, 3), zigzag(rng, 2)], [5.0, 2.0]
    fine = inked(strokes, pens, (24, 30), SAMPLES)
    covered = fine.reshape(24, SAMPLES, 30, SAMPLES).mean(axis=(1, 3))
    assert 0.1 < covered.mean() < 0.9
    error = draw(strokes, pens, (24, 30)) / 255 - covered
    # Coverage is inexact at corners, and where two strokes overlap.
    assert np.abs(error).max() < 0.4
    assert np.abs(error).mean() < 0.01


@pytest.mark.parametrize("seed", range(4))
def test_without_antialiasing_a_pixel_is_inked_if_its_center_is(seed):
    rng = np.random.default_rng(seed)
    strokes, pens = [zigzag(rng, 3), zigzag(rng, 2)], [5.0, 2.0]
    canvas = draw(strokes, pens, (24, 30), antialiased=False)
    assert set(np.unique(canvas)) == {0, 255}
    assert np.mean((canvas == 255) != inked(strokes, pens, (24, 30), 1)) < 0.002


@pytest.mark.parametrize("pen", [1.0, 1.7, 4.0, 9.5])
@pytest.mark.parametrize("offset", [0.0, 0.25, 0.5, 0.9])
def test_line_is_as_wide_as_the_pen(pen, offset):
    canvas = draw([LEVEL + offset], pen, (24, 30)) / 255
    assert canvas[:, 15].sum() == pytest.approx(pen, abs=0.02)
    assert canvas[:, 15] @ (np.arange(24) + 0.5) / pen == pytest.approx(10 + offset, abs=0.04)
    # Round ends: half a disc at each.
    assert canvas.sum() == pytest.approx(20 * pen + np.pi * pen**2 / 4, abs=0.15 * pen + 0.4)


def test_one_point_is_a_dot():
    canvas = draw([np.array([[10.3, 7.8]])], 8, (16, 20)) / 255
    assert canvas.sum() == pytest.approx(np.pi * 16, rel=0.01)
    assert canvas.sum(axis=0) @ (np.arange(20) + 0.5) / canvas.sum() == pytest.approx(
        10.3, abs=0.02
    )
    assert canvas.sum(axis=1) @ (np.arange(16) + 0.5) / canvas.sum() == pytest.approx(7.8, abs=0.02)


@pytest.mark.parametrize("strokes", [[], [np.zeros((0, 2))]])
def test_no_points_draw_nothing(strokes):
    assert not draw(strokes, 3, (4, 5)).any()


def test_repeated_point_makes_no_difference():
    twice = np.repeat(LEVEL, 2, axis=0)
    np.testing.assert_array_equal(draw([twice], 3, (20, 30)), draw([LEVEL], 3, (20, 30)))


@pytest.mark.parametrize("antialiased", [True, False])
def test_order_direction_and_repetition_make_no_difference(antialiased):
    rng = np.random.default_rng(0)
    one, other = zigzag(rng), zigzag(rng)
    canvas = draw([one, other], [3, 5], (30, 30), antialiased)
    again = draw([other[::-1], one, one], [5, 3, 3], (30, 30), antialiased)
    np.testing.assert_allclose(again.astype(int), canvas, atol=1)


def test_strokes_are_clipped_to_the_canvas():
    rng = np.random.default_rng(1)
    strokes = [zigzag(rng), zigzag(rng)]
    large = draw([stroke + 40 for stroke in strokes], 4, (110, 110))
    assert large[:40].any()
    np.testing.assert_array_equal(draw(strokes, 4, (30, 28)), large[40:70, 40:68])


def test_each_stroke_has_its_own_width():
    strokes = [LEVEL, LEVEL + np.array([0, 10])]
    canvas = draw(strokes, [2, 6], (30, 30)) / 255
    assert canvas[:15, 15].sum() == pytest.approx(2, abs=0.02)
    assert canvas[15:, 15].sum() == pytest.approx(6, abs=0.02)
    np.testing.assert_array_equal(draw(strokes, 4, (30, 30)), draw(strokes, [4, 4], (30, 30)))


@pytest.mark.parametrize("pen", [1e-9, 0.1, 0.5, 0.99])
@pytest.mark.parametrize("place", [(3.0, 3.0), (3.5, 3.5), (3.0, 3.5), (3.2, 3.9)])
@pytest.mark.parametrize("antialiased", [True, False])
def test_pen_narrower_than_a_pixel_leaves_ink(pen, place, antialiased):
    """Antialiased, the ink is paler; preprocessing treats levels from 24 of 255 as ink."""
    for stroke in (np.array([place]), np.array([place, (3.3, 6.1)])):
        peak = draw([stroke], pen, (8, 8), antialiased).max()
        if antialiased:
            assert peak > 24
            assert peak < draw([stroke], 1, (8, 8)).max() or pen > 0.9
        else:
            assert peak == 255


def test_ink_of_a_fine_line_is_proportional_to_the_pen_width():
    assert draw([LEVEL], 0.6, (20, 30))[:, 15].sum() == pytest.approx(0.6 * 255, abs=2)


@pytest.mark.parametrize("far", [1e3, 1e9, 1e300])
def test_points_far_outside_are_clipped(far):
    across = np.array([[-far, 2.5], [far, 2.5]])
    beside = np.array([[far, far], [2 * far, far], [far, -far]])
    for antialiased in (True, False):
        canvas = draw([across, beside], 1, (5, 6), antialiased)
        assert (canvas[2] == 255).all()
        assert canvas[2].sum() == canvas.sum()


@pytest.mark.parametrize("antialiased", [True, False])
def test_very_wide_pen_covers_the_canvas(antialiased):
    assert (draw([LEVEL], 1e300, (20, 30), antialiased) == 255).all()


def test_strokes_are_not_modified():
    stroke = LEVEL.copy()
    draw([stroke], 3, (20, 30))
    np.testing.assert_array_equal(stroke, LEVEL)


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_any_numeric_dtype_is_accepted(dtype):
    np.testing.assert_array_equal(
        draw([LEVEL.astype(dtype)], 3, (20, 30)), draw([LEVEL], 3, (20, 30))
    )


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
def test_coordinate_that_is_not_finite_is_an_error(wrong):
    with pytest.raises(ValueError, match="a coordinate that is not finite"):
        draw([LEVEL, np.array([[1, 2], [wrong, 4]])], 3, (20, 30))


@pytest.mark.parametrize("shape", [(2,), (4, 3), (1, 2, 2)])
def test_stroke_of_another_shape_is_an_error(shape):
    with pytest.raises(ValueError, match="expected a stroke of shape"):
        draw([np.zeros(shape)], 3, (20, 30))


@pytest.mark.parametrize("pen", [0, -1, np.nan, np.inf])
def test_pen_width_that_is_not_positive_and_finite_is_an_error(pen):
    with pytest.raises(ValueError, match="positive, finite pen width"):
        draw([LEVEL], pen, (20, 30))


@pytest.mark.parametrize("pens", [[], [3], [3, 3, 3]])
def test_different_numbers_of_strokes_and_pens_are_an_error(pens):
    with pytest.raises(ValueError, match=f"2 strokes but {len(pens)} pens"):
        draw([LEVEL, LEVEL], pens, (20, 30))
