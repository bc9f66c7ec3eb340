"""Training images are made in chunks: the same in any number of processes, with progress."""

import multiprocessing

import numpy as np
import pytest

from inkdigits.data.chunks import CHUNK, MIN_CHUNKS, make_in_chunks


def first_and_item(first, items):
    """Make an image that shows the index of the chunk's first item and the item."""
    images = np.zeros((len(items), 28, 28), np.uint8)
    images[:, 0, 0], images[:, 0, 1] = first // CHUNK, items
    return images


@pytest.mark.parametrize("count", [0, 1, CHUNK, 2 * CHUNK + 3])
def test_each_item_becomes_an_image_in_order(count):
    items, done = np.arange(count) % 251, []
    images = make_in_chunks(first_and_item, items, on_progress=done.append)
    np.testing.assert_array_equal(images[:, 0, 1], items)
    np.testing.assert_array_equal(images[:, 0, 0], np.arange(count) // CHUNK)
    assert done == [*range(0, count, CHUNK), count]


@pytest.mark.parametrize(("chunks", "processes"), [(2 * MIN_CHUNKS - 1, 0), (2 * MIN_CHUNKS, 2)])
def test_little_work_starts_no_process(chunks, processes):
    started = []
    make_in_chunks(
        first_and_item,
        np.zeros(CHUNK * chunks, np.uint8),
        workers=3,
        on_progress=lambda done: started.append(len(multiprocessing.active_children())),
    )
    assert max(started) == processes
