"""What depends on the kind of array: parts of a batch, and views of sliding windows."""

import numpy as np
import pytest
from foreign import ForeignArray
from numpy.lib.stride_tricks import sliding_window_view

from inkdigits import arrays
from inkdigits.arrays import batch_parts, sliding_windows

# Parts of a batch


@pytest.mark.parametrize("count", [0, 1, 2, 7, 100])
@pytest.mark.parametrize("bytes_each", [1, 10, 33, 100, 1000])
def test_parts_cover_the_batch_and_fit_in_the_cache(count, bytes_each, monkeypatch):
    monkeypatch.setattr(arrays, "PART_BYTES", 100)
    x = np.arange(count)
    parts = [x[part] for part in batch_parts(x, bytes_each)]
    np.testing.assert_array_equal(np.concatenate([x[:0], *parts]), x)
    sizes = [len(part) for part in parts]
    assert all(size * bytes_each <= 100 or size == 1 for size in sizes)
    assert len(set(sizes[:-1])) <= 1
    assert sizes[-1:] <= sizes[:1]


def test_batch_on_a_gpu_is_one_part():
    x = ForeignArray(np.arange(100))
    assert [x[part].get().tolist() for part in batch_parts(x, 10**9)] == [list(range(100))]


# Sliding windows


def plain_windows(x, side):
    """Return NumPy's own view of the windows, in the order that `sliding_windows` promises."""
    windows = sliding_window_view(x, (side, side), axis=(1, 2)).transpose(0, 1, 2, 4, 5, 3)
    return windows.reshape(*windows.shape[:4], side * x.shape[3])


def crop(x):
    """Return images that are not contiguous in memory."""
    return np.pad(x, ((0, 0), (1, 1), (2, 1), (0, 0)))[:, 1:-1, 2:-1]


@pytest.mark.parametrize("side", [1, 2, 3])
@pytest.mark.parametrize("shape", [(1, 3, 3, 1), (2, 5, 4, 3), (0, 3, 4, 2), (3, 3, 7, 2)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_windows_match_those_of_numpy(side, shape, dtype):
    x = np.random.default_rng(0).random(shape).astype(dtype)
    expected = plain_windows(x, side)
    for view in (sliding_windows(x, side), sliding_windows(crop(x), side)):
        np.testing.assert_array_equal(view, expected)
        assert view.dtype == dtype
        assert not view.flags.writeable
    np.testing.assert_array_equal(sliding_windows(ForeignArray(x), side).get(), expected)


def test_windows_are_not_copied():
    x = np.zeros((2, 5, 5, 3), np.float32)
    assert np.shares_memory(sliding_windows(x, 3), x)


@pytest.mark.parametrize("array", [np.asarray, crop, ForeignArray])
@pytest.mark.parametrize("shape", [(2, 2, 5, 1), (2, 5, 2, 1)])
def test_window_larger_than_the_images_is_rejected(array, shape):
    with pytest.raises(ValueError, match="window shape"):
        sliding_windows(array(np.zeros(shape, np.float32)), 3)
