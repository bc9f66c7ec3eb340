"""Pen trajectories: digits are selected by index or by writer, whatever the writers are called."""

import numpy as np
import pytest

from inkdigits.data.traces import Traces, select_writers

STROKES = [
    [[(250, 100), (250, 410)]],
    [[(150, 100), (350, 100), (250, 400)], [(200, 250), (300, 250)]],
    [[(250, 250)]],
]


def traces_by(writers):
    strokes = [[np.array(stroke, np.float32) for stroke in digit] for digit in STROKES]
    return Traces(strokes, np.array([1, 7, 0], np.uint8), np.array(writers), {"file": "hash"})


def assert_digits(traces, expected):
    """Check that the traces are those of the digits with these indices."""
    assert len(traces) == len(traces.strokes) == len(expected)
    for digit, index in zip(traces.strokes, expected, strict=True):
        for stroke, points in zip(digit, STROKES[index], strict=True):
            np.testing.assert_array_equal(stroke, np.array(points, np.float32), strict=True)
    assert traces.labels.tolist() == [[1, 7, 0][index] for index in expected]
    assert traces.hashes == {"file": "hash"}


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (np.array([2, 1]), [2, 1]),
        (np.array([True, True, False]), [0, 1]),
        (slice(None, None, 2), [0, 2]),
        (slice(0), []),
    ],
)
def test_digits_are_taken_by_index_mask_and_slice(selection, expected):
    part = traces_by([12, 3, 12]).take(selection)
    assert_digits(part, expected)
    np.testing.assert_array_equal(part.writers, np.array([12, 3, 12])[expected])


@pytest.mark.parametrize(
    ("writers", "some", "expected"),
    [
        ([12, 3, 12], range(10, 20), [0, 2]),
        ([12, 3, 12], [3], [1]),
        ([12, 3, 12], [], []),
        (["ced/aa", "ced/a", "val/aa"], ["ced/aa", "val/aa"], [0, 2]),
        (["ced/aa", "ced/a", "val/aa"], ["ced"], []),
        (["ced/aa", "ced/a", "val/aa"], [], []),
    ],
)
def test_selects_the_digits_of_some_writers(writers, some, expected):
    traces = traces_by(writers)
    assert_digits(select_writers(traces, some), expected)
