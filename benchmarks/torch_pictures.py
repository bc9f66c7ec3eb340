"""A data set of PyTorch that reads shards of pictures and preprocesses them as inkdigits does."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
from sharded_pictures import read_shard
from torch.utils.data import IterableDataset, get_worker_info

from inkdigits.arrays import Array
from inkdigits.imaging.inputs import to_rgba
from inkdigits.preprocessing import ink, network_input
from inkdigits.worker_pool import use_one_thread


class ShardedPictures(IterableDataset):  # type: ignore[misc]
    """Batches of keys and float32 (N, 28, 28); the workers take turns at the shards."""

    def __init__(self, shards: Sequence[Path], batch_size: int) -> None:
        self._shards, self._batch_size = shards, batch_size

    def __iter__(self) -> Iterator[tuple[list[str], Array]]:
        """Read this worker's shards."""
        use_one_thread()
        worker = get_worker_info()
        for shard in self._shards[worker.id :: worker.num_workers]:
            keys, files = read_shard(shard)
            for first in range(0, len(keys), self._batch_size):
                batch = slice(first, first + self._batch_size)
                seen = np.stack([ink.from_image(to_rgba(file)) for file in files[batch]])
                yield keys[batch], network_input(seen)


def whole_batch(batch: tuple[list[str], Array]) -> tuple[list[str], Array]:
    """Return a batch unchanged: the default collate function would make tensors of it."""
    return batch
