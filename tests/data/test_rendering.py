"""Pen traces are rendered as images like MNIST's: with any pen, at any place, and distorted."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from inkdigits.data import rendering
from inkdigits.data.rendering import DISTORTION, RENDERING, render
from inkdigits.data.traces import Traces, select_writers
from inkdigits.data.variation import Variation

ANGLES = np.linspace(0, 2 * np.pi, 30)
RING = 250 + 150 * np.stack([np.sin(ANGLES), np.cos(ANGLES)], axis=1)
ZIGZAG = np.array([(100, 100), (300, 100), (120, 300), (330, 330), (200, 420)])
VERTICAL = np.stack([np.full(31, 250), np.linspace(100, 500, 31)], axis=1)
# Images are still distorted, but no feature comes or goes.
DISTORTED_ONLY = Variation(upstroke=0, slash=0, loop=0, tail=0, trim=0, gap=0, straight=0)


def traces_of(*strokes, labels=None):
    """Make one-stroke digits, labeled 0, 1, ... or as given, by the writers 7, 8, ..."""
    count = len(strokes)
    return Traces(
        [[np.array(stroke, np.float32)] for stroke in strokes],
        np.array(range(count) if labels is None else labels, np.uint8),
        np.arange(7, 7 + count, dtype=np.int32),
        {"file": "hash"},
    )


def without_dots(monkeypatch):
    monkeypatch.setattr(rendering, "RENDERING", replace(RENDERING, dotted_share=0))


# Number and reproducibility


def test_each_digit_is_rendered_in_several_ways():
    rendered = render(traces_of(RING, ZIGZAG), copies=3, seed=0, variation=None)
    assert (rendered.images.shape, rendered.images.dtype) == ((6, 28, 28), np.uint8)
    np.testing.assert_array_equal(rendered.labels, np.uint8([0, 0, 0, 1, 1, 1]), strict=True)
    np.testing.assert_array_equal(rendered.writers, np.int32([7, 7, 7, 8, 8, 8]), strict=True)
    assert rendered.hashes == {"file": "hash"}
    assert len(np.unique(rendered.images, axis=0)) == 6
    # Whatever the pen, the middle of a ring is empty.
    middles = rendered.images[:, 11:17, 11:17].mean(axis=(1, 2))
    assert (middles[:3] < 10).all()
    assert (middles[3:] > 30).all()


def test_each_digit_has_its_own_number_of_copies():
    traces = traces_of(RING, ZIGZAG, RING)
    rendered = render(traces, np.array([2, 0, 1]), seed=0)
    assert rendered.labels.tolist() == [0, 0, 2]
    assert rendered.writers.tolist() == [7, 7, 9]
    same = render(traces, 2, seed=0).images
    np.testing.assert_array_equal(rendered.images, same[[0, 1, 4]])


@pytest.mark.parametrize("variation", [None, Variation()])
def test_images_depend_on_the_seed(variation):
    traces = traces_of(RING, ZIGZAG)
    images = render(traces, 2, seed=1, variation=variation).images
    same, other = (render(traces, 2, seed, variation=variation).images for seed in (1, 2))
    np.testing.assert_array_equal(same, images)
    assert not np.array_equal(other, images)


def test_images_of_a_digit_do_not_depend_on_the_number_of_digits():
    few = render(traces_of(RING, ZIGZAG), 2, seed=0).images
    many = render(traces_of(RING, ZIGZAG, RING, RING), 3, seed=0).images
    np.testing.assert_array_equal(many.reshape(4, 3, 28, 28)[:2, :2].reshape(4, 28, 28), few)
    # The same trace at another index, or as another copy, is rendered differently.
    assert len(np.unique(many.reshape(4, 3, 28, 28)[[0, 2, 3]].reshape(9, -1), axis=0)) == 9


def test_no_traces_or_no_copies_give_no_images():
    assert render(traces_of(), 4, 0).images.shape == (0, 28, 28)
    assert render(traces_of(RING), 0, 0).images.shape == (0, 28, 28)


def test_traces_are_not_modified():
    traces = traces_of(RING)
    render(traces, 20, 0, variation=Variation(slash=1, tail=1, trim=1, gap=1, straight=1))
    np.testing.assert_array_equal(traces.strokes[0][0], RING.astype(np.float32))


@pytest.mark.parametrize("stroke", [[(250, 250)], [(3, 3)] * 5, [(0, 7), (400, 7)]])
def test_dot_and_a_horizontal_line_are_rendered(stroke):
    images = render(traces_of(stroke), 20, 0).images
    assert (images.max(axis=(1, 2)) == 255).all()


# Canvas, position and pen


def canvases_of(stroke, count, label=0, variation=None):
    """Render a digit several times and return the images before preprocessing."""
    canvases = []

    def record(canvas):
        canvases.append(canvas)
        return np.zeros((28, 28), np.uint8)

    render(traces_of(stroke, labels=[label]), count, 0, preprocess=record, variation=variation)
    return canvases


@pytest.fixture(scope="module")
def canvases():
    return canvases_of(RING, 300)


def extent(canvas):
    """Return the bounding box of the ink: top, bottom, left, right."""
    rows, columns = (np.flatnonzero(canvas.any(axis=axis)) for axis in (1, 0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def test_canvases_have_all_sizes(canvases):
    sides = np.array([canvas.shape for canvas in canvases])
    assert 28 <= sides.min() < 32
    assert 350 < sides.max() <= 420
    assert (sides[:, 0] > sides[:, 1]).mean() == pytest.approx(0.5, abs=0.1)
    assert all(canvas.dtype == np.uint8 for canvas in canvases)


def test_digit_is_complete_and_at_any_position_on_the_canvas(canvases):
    positions = []
    for canvas in canvases:
        top, bottom, left, right = extent(canvas)
        height, width = canvas.shape
        size = max(bottom - top, right - left)
        assert 15 <= size <= 0.85 * min(height, width) + 2
        assert size >= 0.35 * min(height, width) - 2
        # The share of the free space that is above, and to the left.
        positions.append((top / (height - (bottom - top)), left / (width - (right - left))))
    np.testing.assert_allclose(np.quantile(positions, [0.1, 0.5, 0.9]), [0.1, 0.5, 0.9], atol=0.08)


def test_pens_have_all_widths_and_some_have_hard_edges(canvases):
    # Solve for the width of the pen, given the area and the diameter of the ring.
    widths = []
    for canvas in canvases:
        top, bottom, left, right = extent(canvas)
        size = (bottom - top + right - left) / 2
        area = canvas.sum() / 255
        half = (np.pi * size - np.sqrt((np.pi * size) ** 2 - 4 * np.pi * area)) / (2 * np.pi)
        widths.append(half / max(bottom - top, right - left))
    assert np.min(widths) < 0.01
    assert 0.2 < np.max(widths) < 0.3
    # Widths follow the square of a uniform variable; if they were log-uniform, this would be .18.
    large = [min(canvas.shape) > 100 for canvas in canvases]
    assert np.mean(np.array(widths)[large] > RENDERING.max_pen_share / 2) == pytest.approx(
        1 - 0.5**0.5, abs=0.07
    )
    hard = np.mean([set(np.unique(canvas)) == {0, 255} for canvas in canvases])
    assert hard == pytest.approx(RENDERING.aliased_share, abs=0.08)


@pytest.mark.parametrize("variation", [None, DISTORTED_ONLY])
def test_dot_is_not_clipped(variation):
    for canvas in canvases_of([(250, 250)], 300, variation=variation):
        top, bottom, left, right = extent(canvas)
        assert abs((bottom - top) - (right - left)) <= 1


# Distortion


def deviations_from_a_line(canvas):
    """Fit a line to nearly vertical ink; return its slope and the standard deviation from it.

    The deviation is a fraction of the height, or None where pixels are too coarse to tell.
    """
    top, bottom, _, _ = extent(canvas)
    rows = np.arange(top + (bottom - top) // 6, bottom - (bottom - top) // 6)
    columns = canvas[rows] @ np.arange(canvas.shape[1]) / canvas[rows].sum(axis=1)
    slope, offset = np.polyfit(rows, columns, 1)
    height = bottom - top
    return slope, np.std(columns - slope * rows - offset) / height if height > 100 else None


def test_distortion_rotates_and_shears_the_digit(monkeypatch):
    without_dots(monkeypatch)
    canvases = canvases_of(VERTICAL, 200, label=1, variation=DISTORTED_ONLY)
    slopes = [deviations_from_a_line(canvas)[0] for canvas in canvases]
    assert np.abs(np.mean(slopes)) < 0.05
    uniform = np.hypot(DISTORTION.shear, np.tan(DISTORTION.rotation)) / 3**0.5
    assert uniform < np.std(slopes) < uniform + 0.05  # the waves add some
    assert np.abs(slopes).max() < DISTORTION.shear + np.tan(DISTORTION.rotation) + 0.3


@pytest.mark.parametrize("part", ["wave", "jitter"])
def test_distortion_bends_the_strokes_in_two_ways(part, monkeypatch):
    without_dots(monkeypatch)
    alone = {"wave": 0.0, "jitter": 0.0} | {part: getattr(DISTORTION, part)}
    monkeypatch.setattr(rendering, "DISTORTION", replace(DISTORTION, **alone))
    canvases = canvases_of(VERTICAL, 200, label=1, variation=DISTORTED_ONLY)
    deviations = [deviations_from_a_line(canvas)[1] for canvas in canvases]
    mean = np.mean([deviation for deviation in deviations if deviation is not None])
    assert 0.25 < mean / getattr(DISTORTION, part) < 1.5


def test_distortion_changes_the_aspect(monkeypatch):
    without_dots(monkeypatch)
    canvases = canvases_of(RING, 300, label=1, variation=DISTORTED_ONLY)
    extents = np.array([extent(canvas) for canvas in canvases if min(canvas.shape) > 60])
    ratios = (extents[:, 3] - extents[:, 2]) / (extents[:, 1] - extents[:, 0])
    assert 0.92 < ratios.max() / DISTORTION.aspect < 1.2
    assert 0.8 < ratios.min() * DISTORTION.aspect < 1.08


@pytest.mark.parametrize("label", range(10))
def test_strong_distortion_is_not_for_digits_that_would_become_others(label, monkeypatch):
    """Sheared strongly, a 7 would be a 1 with an upstroke, and the other way round."""
    traces = traces_of(ZIGZAG, labels=[label])
    images = []
    for share in (0, 1):
        monkeypatch.setattr(rendering, "DISTORTION", replace(DISTORTION, strong_share=share))
        images.append(render(traces, 5, 0, variation=DISTORTED_ONLY).images)
    assert np.array_equal(*images) == (label in (1, 7))


def test_strong_distortion_changes_the_aspect_more(monkeypatch):
    without_dots(monkeypatch)
    monkeypatch.setattr(rendering, "DISTORTION", replace(DISTORTION, strong_share=1))
    canvases = canvases_of(RING, 200, variation=DISTORTED_ONLY)
    extents = np.array([extent(canvas) for canvas in canvases if min(canvas.shape) > 60])
    ratios = (extents[:, 3] - extents[:, 2]) / (extents[:, 1] - extents[:, 0])
    assert DISTORTION.aspect * 1.2 < ratios.max() < DISTORTION.strong_aspect * 1.3
    assert ratios.min() < 1 / (DISTORTION.aspect * 1.2)


def test_without_variation_the_shape_is_unchanged(monkeypatch):
    monkeypatch.setattr(rendering, "RENDERING", replace(RENDERING, dotted_share=1))
    for canvas in canvases_of([(0, 0), (400, 400)], 50, label=1):
        top, bottom, left, right = extent(canvas)
        assert abs((bottom - top) - (right - left)) <= 1
        assert len(dots_of(canvas)) == 1


def test_variation_changes_the_trace():
    """A slash crosses the middle of the ring."""
    slashed = canvases_of(RING, 20, variation=replace(DISTORTED_ONLY, slash=1))
    for canvas, is_crossed in [(canvas, True) for canvas in slashed] + [
        (canvas, False) for canvas in canvases_of(RING, 20, variation=DISTORTED_ONLY)
    ]:
        top, bottom, left, right = extent(canvas)
        inside = canvas[
            (3 * top + 2 * bottom) // 5 : (2 * top + 3 * bottom) // 5,
            (3 * left + 2 * right) // 5 : (2 * left + 3 * right) // 5,
        ]
        assert inside.any() == is_crossed


def test_variation_is_that_of_the_label():
    """A 1 of any shape is not slashed."""
    same = [
        canvases_of(RING, 5, label=1, variation=replace(DISTORTED_ONLY, slash=share))
        for share in (0, 1)
    ]
    for plain, varied in zip(*same, strict=True):
        assert np.array_equal(plain, varied)


# Dotted strokes


def dots_of(canvas):
    """Return the centers of the parts of the ink that do not touch, from top to bottom."""
    return parts_of(canvas)[0]


def parts_of(canvas):
    """Return the centers and the areas of the parts of the ink."""
    _, _, stats, centers = cv2.connectedComponentsWithStats((canvas > 0).astype(np.uint8))
    return centers[1:], stats[1:, cv2.CC_STAT_AREA]


def test_some_strokes_are_rows_of_dots(monkeypatch):
    for share in (0, 1):
        monkeypatch.setattr(rendering, "RENDERING", replace(RENDERING, dotted_share=share))
        canvases = canvases_of(VERTICAL, 200, label=1, variation=DISTORTED_ONLY)
        counts = [len(dots_of(canvas)) for canvas in canvases]
        assert (max(counts) > 5) == (share == 1)
    assert np.mean(np.array(counts) > 1) > 0.3  # the dots of a wide pen may touch


def test_dots_are_at_equal_distances_within_the_limits(monkeypatch):
    monkeypatch.setattr(rendering, "RENDERING", replace(RENDERING, dotted_share=1))
    closest, farthest = RENDERING.dot_limits
    shares = []
    for canvas in canvases_of(VERTICAL, 300, label=1, variation=DISTORTED_ONLY):
        top, bottom, _, _ = extent(canvas)
        dots, areas = parts_of(canvas)
        touching = areas.max() > 1.5 * areas.min()
        if bottom - top < 100 or len(dots) < 4 or touching:
            continue
        distances = np.linalg.norm(np.diff(dots, axis=0), axis=1)
        assert np.ptp(distances) < 0.1 * distances.mean() + 2
        shares.append(distances.mean() / (bottom - top))
    assert len(shares) > 20
    assert closest * 0.85 < min(shares)
    assert max(shares) < farthest * 1.25


@pytest.mark.data
def test_images_are_like_mnists(pen_traces, mnist_splits):
    """Images of a development writer: upright, in the 20x20 box, centered by mass."""
    digits, _ = mnist_splits
    rendered = render(select_writers(pen_traces, [21]), 1, 0, variation=DISTORTED_ONLY)
    assert len(rendered) == 250
    assert (rendered.images.max(axis=(1, 2)) == 255).all()
    positions = np.arange(28)
    for image in rendered.images:
        top, bottom, left, right = extent(image)
        assert max(bottom - top, right - left) == 20
        assert image.sum(axis=1) @ positions / image.sum() == pytest.approx(14, abs=1)
        assert image.sum(axis=0) @ positions / image.sum() == pytest.approx(14, abs=1)
    assert rendered.images.mean() == pytest.approx(digits.images.mean(), rel=0.15)
    # Most are closest to the mean image of their own digit in MNIST, but not if flipped.
    means = np.stack([digits.images[digits.labels == digit].mean(axis=0) for digit in range(10)])
    flat = means.reshape(10, -1) / np.linalg.norm(means.reshape(10, -1), axis=1, keepdims=True)
    nearest = (rendered.images.reshape(250, -1) @ flat.T).argmax(axis=1)
    assert np.mean(nearest == rendered.labels) > 0.5
    flipped = (rendered.images[:, ::-1].reshape(250, -1) @ flat.T).argmax(axis=1)
    assert np.mean(flipped == rendered.labels) < np.mean(nearest == rendered.labels) - 0.1
