"""What a recipe trains on and is validated on: MNIST's digits, pen writers', and no digits."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from inkdigits.arrays import Array, Labels, Pixels, to_device
from inkdigits.data import folders, mnist, outliers, pendigits
from inkdigits.data.batches import Batches
from inkdigits.data.mnist import Digits
from inkdigits.data.pendigits import Traces
from inkdigits.data.restroke import restroke
from inkdigits.data.split import split_at_random, split_by_writer
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recipes import NON_DIGIT, Recipe


@dataclass(frozen=True, eq=False)
class Sources:
    """The digits that a training begins with, before they are split, drawn and cleaned."""

    digits: Digits
    traces: Traces | None  # of the training pen writers; None for MNIST alone

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of each file that something was read from, by its name."""
        of_traces: Mapping[str, str] = {} if self.traces is None else self.traces.hashes
        return {**self.digits.hashes, **of_traces}


def has_pens(data_dir: Path | None, console: Console) -> bool:
    """Look whether the pen writers' file is there, and say what is lost without it."""
    if folders.find_file(folders.search_paths(data_dir), pendigits.NAME):
        return True
    console.print(
        f"The pen writers' file, {pendigits.NAME}, is missing: the model learns from MNIST's Americans "
        "alone, and reads other hands worse. `inkdigits data` says where to get it.",
        style="yellow",
    )
    return False


def load(recipe: Recipe, data_dir: Path | None, limit: int | None) -> Sources:
    """Load what the recipe asks for.

    limit    on MNIST's digits; of the pen writers' the same share is taken
    raises   DataError if a file is missing or damaged
    """
    digits = mnist.load("train", data_dir)
    whole = len(digits)
    traces = None
    if recipe.pendigits_copies:
        traces = pendigits.select_writers(pendigits.load(data_dir), pendigits.TRAINING_WRITERS)
        if limit is not None:
            # Not the first ones, which are all of one writer.
            traces = traces.take(slice(None, None, max(1, whole // limit)))
    return Sources(digits.take(slice(limit)), traces)


def prepare(
    recipe: Recipe, sources: Sources, seed: int, device: str, console: Console
) -> tuple[Batches, tuple[Array, Labels] | None]:
    """Split by writer, draw, clean, and deal out.

    returns  the batches to train on, and cleaned pictures (N, 28, 28) in [0, 1] of MNIST's
             validation writers with their labels, if there are any; all on the device
    """
    digits, kept_out = _split(recipe, sources.digits, seed, console)
    preprocessor = PREPROCESSORS[recipe.preprocessing]
    with console.status("Cleaning the pictures"):
        pictures, labels = [preprocessor.from_mnist(digits.images)], [digits.labels]
        validation = None if kept_out is None else preprocessor.from_mnist(kept_out.images)
    if recipe.restroked:
        with console.status("Drawing MNIST's digits again"):
            order = np.random.default_rng(seed).permutation(len(digits))
            again = order[: round(recipe.restroked * len(digits))]
            pictures.append(restroke(digits.images[again], seed))
            labels.append(digits.labels[again])
    if sources.traces is not None:
        with console.status("Drawing the pen writers' digits"):
            drawn = pendigits.render(sources.traces, recipe.pendigits_copies, seed)
            pictures.append(drawn.images)
            labels.append(drawn.labels)
    known = sum(map(len, labels))
    unknown = round(recipe.outliers * known)
    if unknown:
        with console.status("Drawing what is no digit"):
            digits_of_all = np.concatenate(pictures), np.concatenate(labels)
            pictures.append(outliers.make(unknown, seed, *digits_of_all))
            labels.append(np.full(unknown, NON_DIGIT, np.uint8))

    counts = [f"{len(digits):,} digits of MNIST to train on"]
    if recipe.restroked:
        counts.append(f"{len(again):,} of them drawn again")
    if sources.traces is not None:
        counts.append(f"{len(drawn):,} of pen writers")
    if unknown:
        counts.append(f"{unknown:,} pictures of no digit")
    if kept_out is not None:
        counts.append(f"{len(kept_out):,} of MNIST to validate on")
    console.print(f"{', '.join(counts)}; clean-up: {recipe.preprocessing}")

    batches = Batches(
        to_device(_scaled(np.concatenate(pictures)), device),
        to_device(np.concatenate(labels), device),
        recipe.batch_size,
        seed,
        recipe.shuffle,
        recipe.augment,
    )
    if kept_out is None or validation is None:
        return batches, None
    return batches, (to_device(_scaled(validation), device), to_device(kept_out.labels, device))


def _split(
    recipe: Recipe, digits: Digits, seed: int, console: Console
) -> tuple[Digits, Digits | None]:
    """Keep out the share that validates, by writer if the writers are known."""
    if not recipe.validation:
        return digits, None
    if digits.writers is not None:
        return split_by_writer(digits, recipe.validation, seed)
    console.print(
        "The file of the writers, qmnist-train-labels-idx2-int, is missing: the validation digits "
        "are drawn at random, and their accuracy flatters, for the same hands are trained on. "
        "`inkdigits data` gets the file.",
        style="yellow",
    )
    return split_at_random(digits, recipe.validation, seed)


def _scaled(pictures: Pixels) -> Array:
    return pictures / np.float32(255)
