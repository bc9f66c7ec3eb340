"""Boxy and dotted strokes keep the shape of the digit."""

import numpy as np
import pytest
from stroke_styles import TOLERANCE, boxy, dotted
from tracing import trace

RING = np.stack([f(np.linspace(0, 2 * np.pi, 80)) for f in (np.sin, np.cos)], axis=1) / 2 + 0.5
RING[-1] = RING[0]


def distance_to(stroke, point):
    """Distance of a point to a polyline."""
    start, step = stroke[:-1], np.diff(stroke, axis=0)
    along = np.clip(((point - start) * step).sum(1) / np.maximum((step**2).sum(1), 1e-12), 0, 1)
    return np.hypot(*(point - start - along[:, None] * step).T).min()


def test_boxy_strokes_have_few_points_near_the_original(digits):
    for number, image in enumerate(digits.images[:40]):
        strokes = trace(image)
        simple = boxy(strokes, np.random.default_rng(number))
        assert sum(map(len, simple)) < 0.4 * sum(map(len, strokes)) + 2 * len(strokes)
        for before, after in zip(strokes, simple, strict=True):
            np.testing.assert_array_equal(after[[0, -1]], before[[0, -1]])
            if len(after) > 1:
                assert max(distance_to(after, point) for point in before) <= TOLERANCE[1] + 1e-9


def test_straight_line_becomes_its_ends():
    line = np.linspace([0, 0], [1, 0.3], 30)
    (simple,) = boxy([line], np.random.default_rng(0))
    np.testing.assert_array_equal(simple, line[[0, -1]])


@pytest.mark.parametrize("size", [0.1, 0.5, 1])
def test_ring_stays_open(size):
    for seed in range(20):
        (simple,) = boxy([RING * size], np.random.default_rng(seed))
        np.testing.assert_array_equal(simple[0], simple[-1])
        x, y = simple.T
        area = abs(x[:-1] @ y[1:] - x[1:] @ y[:-1]) / 2
        assert area > 0.4 * np.pi / 4 * size**2


def test_dots_lie_on_the_strokes_and_are_apart():
    for seed in range(10):
        dots = dotted([RING], 0.1, np.random.default_rng(seed))
        assert {len(dot) for dot in dots} == {1}
        places = np.concatenate(dots)
        assert max(distance_to(RING, place) for place in places) < 1e-9
        steps = np.hypot(*np.diff(places, axis=0).T)
        assert steps.min() > 0.06
        assert steps.max() < 0.3
        assert steps.mean() > 0.1  # so that there are gaps
        np.testing.assert_allclose(places[[0, -1]], RING[[0, -1]])
