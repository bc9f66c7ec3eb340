"""Pen trajectories: digits are selected by index or by writer, whatever the writers are called."""

import numpy as np
import pytest

from inkdigits.data.traces import Traces, copies_by_writer, select_writers

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


# copies_by_writer


def images_by(copies, writers):
    """Return how many images each writer gets."""
    return {
        writer: int(copies[np.array(writers) == writer].sum()) for writer in dict.fromkeys(writers)
    }


def test_all_writers_give_the_same_number_of_images():
    writers = ["a"] * 10 + ["b"] * 3 + ["a"] * 5 + ["c"] * 40
    copies = copies_by_writer(np.array(writers), 20, max_copies=8)
    assert images_by(copies, writers) == {"a": 20, "b": 20, "c": 20}
    for writer in "abc":
        # Each digit of a writer is used about as often as the others.
        assert np.ptp(copies[np.array(writers) == writer]) <= 1


def test_no_digit_has_more_than_the_maximum_number_of_copies():
    writers = np.array([7] * 2 + [3] * 30)
    copies = copies_by_writer(writers, 30, max_copies=4)
    assert copies.tolist() == [4] * 2 + [1] * 30


def test_digits_that_get_a_copy_more_are_spread_over_the_writers_digits():
    copies = copies_by_writer(np.zeros(100, int), 110, max_copies=2)
    more = np.flatnonzero(copies == 2)
    assert len(more) == 10
    assert set(np.diff(more)) == {10}


@pytest.mark.parametrize(("images", "expected"), [(0, [0, 0, 0]), (1, [1, 0, 0])])
def test_fewer_images_than_digits_leave_some_out(images, expected):
    assert copies_by_writer(np.array(["a"] * 3), images, 8).tolist() == expected


def test_no_digits_have_no_copies():
    copies = copies_by_writer(np.array([], str), 5, 8)
    assert (copies.shape, copies.dtype.kind) == ((0,), "i")
