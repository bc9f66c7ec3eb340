"""What a recipe trains on: MNIST, restroked digits, Pendigits writers and non-digits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from inkdigits.arrays import Array, Labels, to_device
from inkdigits.data import folders, mnist, outliers, pendigits
from inkdigits.data.batches import Batches
from inkdigits.data.mnist import Digits
from inkdigits.data.pendigits import Traces
from inkdigits.data.restroke import restroke
from inkdigits.data.split import split_at_random, split_by_writer
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
        traces = pendigits.select_writers(pendigits.load(data_dir), pendigits.TRAINING_WRITERS)
        if limit is not None:
            # Every n-th digit, because the first ones are all by one writer.
            traces = traces.take(slice(None, None, max(1, total // limit)))
    return Sources(digits.take(slice(limit)), traces)


def prepare(
    recipe: Recipe,
    sources: Sources,
    seed: int,
    device: str = "cpu",
    on_progress: Callable[[str], None] = lambda step: None,
) -> TrainingData:
    """Split by writer, render, preprocess and batch.

    on_progress  called with the name of each step as it begins
    returns      everything on the device
    """
    digits, held_out = _split(recipe, sources.digits, seed)
    preprocessor = PREPROCESSORS[recipe.preprocessing]
    on_progress("Preprocessing the images")
    images, labels = [preprocessor.from_mnist(digits.images)], [digits.labels]
    counts = {"MNIST digits": len(digits)}
    if recipe.restroked:
        on_progress("Restroking MNIST's digits")
        order = np.random.default_rng(seed).permutation(len(digits))
        chosen = order[: round(recipe.restroked * len(digits))]
        images.append(restroke(digits.images[chosen], seed))
        labels.append(digits.labels[chosen])
        counts["restroked"] = len(chosen)
    if sources.traces is not None:
        on_progress("Rendering the Pendigits")
        rendered = pendigits.render(sources.traces, recipe.pendigits_copies, seed)
        images.append(rendered.images)
        labels.append(rendered.labels)
        counts["Pendigits"] = len(rendered)
    non_digits = round(recipe.outliers * sum(map(len, labels)))
    if non_digits:
        on_progress("Drawing non-digits")
        digits_so_far = np.concatenate(images), np.concatenate(labels)
        images.append(outliers.make(non_digits, seed, *digits_so_far))
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
    x = network_input(preprocessor.from_mnist(held_out.images))
    validation = to_device(x, device), to_device(held_out.labels, device)
    return TrainingData(batches, validation, counts)


def _split(recipe: Recipe, digits: Digits, seed: int) -> tuple[Digits, Digits | None]:
    """Hold out the validation share, by writer if the writers are known."""
    if not recipe.validation:
        return digits, None
    split = split_at_random if digits.writers is None else split_by_writer
    return split(digits, recipe.validation, seed)
