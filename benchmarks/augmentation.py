"""Augmenting a batch as the recipes do, against the same operations in PyTorch.

For the same random numbers both give the same pictures: that is checked first, to 1e-3. Each then
draws its own.
"""

from collections.abc import Callable
from itertools import count
from typing import Any

import numpy as np
from interleaved import Comparison, Contender, run

from inkdigits.arrays import Array
from inkdigits.data import mnist
from inkdigits.data.augment import Augment
from inkdigits.recipes import RECIPES

BATCH = 128


def batch() -> Array:
    """Return training digits, float32 (128, 28, 28)."""
    return mnist.load("train").images[:BATCH].astype(np.float32) / 255


def _augment(recipe: str) -> Augment:
    augment = RECIPES[recipe].augment
    assert augment
    return augment


def ours(recipe: str) -> Callable[[], Array]:
    """Prepare our augmentation of one batch; each call draws other numbers."""
    augment, x, seeds = _augment(recipe), batch(), count()
    return lambda: augment(x, np.random.default_rng((0, 0, next(seeds))))


def in_torch(recipe: str, threads: int) -> Callable[[], Any]:
    """Prepare PyTorch's. The first call has the random numbers of our first one."""
    import torch
    from torch_augment import TorchAugment, draw, draw_as_ours

    torch.set_num_threads(threads)
    settings, x = _augment(recipe), torch.from_numpy(batch())
    augment, generator = TorchAugment(settings), torch.Generator().manual_seed(0)
    first = [draw_as_ours(BATCH, settings, np.random.default_rng((0, 0, 0)))]
    return lambda: augment(x, first.pop() if first else draw(BATCH, settings, generator))


def comparisons() -> list[Comparison]:
    """Return the rows."""
    return [
        Comparison(
            work=f"augmenting {BATCH} pictures as `{recipe}` does",
            contenders={
                "inkdigits": Contender("augmentation:ours", {"recipe": recipe}, threads),
                "PyTorch": Contender(
                    "augmentation:in_torch", {"recipe": recipe, "threads": threads}, threads
                ),
            },
            tolerance=1e-3,
        )
        for recipe in ("mlp", "cnn-small")
        for threads in (1, 2)
    ]


if __name__ == "__main__":
    run("augmentation", comparisons(), __doc__)
