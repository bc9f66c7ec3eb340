"""Make training images in chunks, on several processes."""

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np

from inkdigits.arrays import Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.worker_pool import map_in_processes

CHUNK = 128  # images that a process makes at a time, in about 50 ms
MIN_CHUNKS = 16  # for each process; fewer take less time than starting it, 0.5 s

Item = TypeVar("Item")
OnProgress: TypeAlias = Callable[[int], None]  # called with the number of images that are done


def no_progress(done: int) -> None:
    """Report nothing."""


def make_in_chunks(
    make: Callable[[int, Any], Pixels],
    items: Sequence[Item] | Pixels,
    workers: int = 1,
    on_progress: OnProgress = no_progress,
) -> Pixels:
    """Make an image from each item.

    make         maps the index of the first item, and some items, to uint8 (n, 28, 28); what it
                 makes of an item depends only on the item and its index
    workers      processes to use, fewer if there is little to do; more than one need a `make` that
                 can be pickled
    on_progress  called at the beginning, with 0, and after each chunk
    returns      uint8 (N, 28, 28)
    raises       what `make` raises; WorkerDied if a process ends unexpectedly
    """
    calls = [(first, items[first : first + CHUNK]) for first in range(0, len(items), CHUNK)]
    images = np.empty((len(items), IMAGE_SIDE, IMAGE_SIDE), np.uint8)
    workers = max(1, min(workers, len(calls) // MIN_CHUNKS))
    done = 0
    on_progress(done)
    for chunk in map_in_processes(make, calls, workers):
        images[done : done + len(chunk)] = chunk
        done += len(chunk)
        on_progress(done)
    return images
