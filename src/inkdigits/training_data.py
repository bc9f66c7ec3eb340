"""What a recipe trains on: MNIST, restroked digits, Pendigits writers and non-digits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from inkdigits.arrays import Array, Labels, Pixels, to_device
from inkdigits.data import folders, mnist, outliers, pendigits
from inkdigits.data.batches import Batches
from inkdigits.data.chunks import OnProgress, make_in_chunks
from inkdigits.data.mnist import Digits
from inkdigits.data.restroke import restroke
from inkdigits.data.split import split_at_random, split_by_writer
from inkdigits.data.traces import Traces, select_writers
from inkdigits.preprocessing import PREPROCESSORS, network_input
from inkdigits.recipes import NON_DIGIT, Recipe


@dataclass(frozen=True, eq=False)
class Sources:
    """The digits that training starts from, before they are split, rendered and preprocessed."""

    digits: Digits
    traces: Traces | None  # of the Pendigits training writers; None for MNIST alone

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of each file that was read, by its name."""
        of_traces: Mapping[str, str] = {} if self.traces is None else self.traces.hashes
        return {**self.digits.hashes, **of_traces}


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What `training.fit` takes.

    batches     the training images
    validation  preprocessed images of MNIST's validation writers, float32 (N, 28, 28) in [0, 1],
                and their labels; None if the recipe holds none out
    counts      how many images there are of each kind
    """

    batches: Batches
    validation: tuple[Array, Labels] | None
    counts: Mapping[str, int]


def has_pendigits(data_dir: Path | None = None) -> bool:
    """Return whether the Pendigits file is there."""
    return folders.find_file(folders.search_paths(data_dir), pendigits.NAME) is not None


def load(recipe: Recipe, data_dir: Path | None = None, limit: int | None = None) -> Sources:
    """Load what the recipe needs.

    data_dir  folder of the files; None for INKDIGITS_DATA, or else the cache
    limit     maximum number of MNIST's digits; the same share of the Pendigits is taken
    raises    DataError if a file is missing or damaged
    """
    digits = mnist.load("train", data_dir)
    total = len(digits)
    traces = None
    if recipe.pendigits_copies:
        traces = select_writers(pendigits.load(data_dir), pendigits.TRAINING_WRITERS)
        if limit is not None:
            # Every n-th digit, because the first ones are all by one writer.
            traces = traces.take(slice(None, None, max(1, total // limit)))
    return Sources(digits.take(slice(limit)), traces)


def prepare(
    recipe: Recipe,
    sources: Sources,
    seed: int,
    device: str = "cpu",
    workers: int = 1,
    on_progress: Callable[[str, int, int], None] = lambda step, total, done: None,
) -> TrainingData:
    """Split by writer, render, preprocess and batch.

    workers      processes to use; the images are the same for any number
    on_progress  called with the name of a step, its number of images and how many of them are done,
                 as the step begins and again and again
    returns      everything on the device
    raises       WorkerDied if a process ends unexpectedly
    """
    digits, held_out = _split(recipe, sources.digits, seed)
    # So fast that other processes would only delay it.
    preprocess = partial(_preprocess_chunk, preprocessing=recipe.preprocessing)

    def progress(step: str, total: int) -> OnProgress:
        return partial(on_progress, step, total)

    on_images = progress("Preprocessing the images", len(digits))
    images = [make_in_chunks(preprocess, digits.images, on_progress=on_images)]
    labels = [digits.labels]
    counts = {"MNIST digits": len(digits)}
    if recipe.restroked:
        order = np.random.default_rng(seed).permutation(len(digits))
        chosen = order[: round(recipe.restroked * len(digits))]
        on_restroked = progress("Restroking MNIST's digits", len(chosen))
        images.append(
            restroke(digits.images[chosen], seed, workers=workers, on_progress=on_restroked)
        )
        labels.append(digits.labels[chosen])
        counts["restroked"] = len(chosen)
    if sources.traces is not None:
        copies = recipe.pendigits_copies
        on_rendered = progress("Rendering the Pendigits", copies * len(sources.traces))
        rendered = pendigits.render(
            sources.traces, copies, seed, workers=workers, on_progress=on_rendered
        )
        images.append(rendered.images)
        labels.append(rendered.labels)
        counts["Pendigits"] = len(rendered)
    non_digits = round(recipe.outliers * sum(map(len, labels)))
    if non_digits:
        on_drawn = progress("Drawing non-digits", non_digits)
        digits_so_far = np.concatenate(images), np.concatenate(labels)
        images.append(outliers.make(non_digits, seed, *digits_so_far, workers, on_drawn))
        labels.append(np.full(non_digits, NON_DIGIT, np.uint8))
        counts["non-digits"] = non_digits

    batches = Batches(
        to_device(network_input(np.concatenate(images)), device),
        to_device(np.concatenate(labels), device),
        recipe.batch_size,
        seed,
        recipe.shuffle,
        recipe.augment,
    )
    if held_out is None:
        return TrainingData(batches, None, counts)
    counts["for validation"] = len(held_out)
    on_held_out = progress("Preprocessing the validation images", len(held_out))
    x = network_input(make_in_chunks(preprocess, held_out.images, on_progress=on_held_out))
    validation = to_device(x, device), to_device(held_out.labels, device)
    return TrainingData(batches, validation, counts)


def _preprocess_chunk(first: int, images: Pixels, preprocessing: str) -> Pixels:
    return PREPROCESSORS[preprocessing].from_mnist(images)


def _split(recipe: Recipe, digits: Digits, seed: int) -> tuple[Digits, Digits | None]:
    """Hold out the validation share, by writer if the writers are known."""
    if not recipe.validation:
        return digits, None
    split = split_at_random if digits.writers is None else split_by_writer
    return split(digits, recipe.validation, seed)
