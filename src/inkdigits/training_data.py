"""What a recipe trains on: digits of several sources, and non-digits; and what is held out."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from inkdigits.arrays import Array, Labels, Pixels, to_device
from inkdigits.calibration import HeldOut
from inkdigits.data import (
    development,
    folders,
    labeled,
    made_digits,
    mnist,
    outliers,
    pendigits,
    semeion,
    unipen,
)
from inkdigits.data.batches import Batches
from inkdigits.data.chunks import make_in_chunks
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import LabeledImages
from inkdigits.data.mnist import Digits
from inkdigits.data.rendering import render
from inkdigits.data.restroke import restroke
from inkdigits.data.split import split_at_random, split_by_writer, split_evenly
from inkdigits.data.traces import Traces, copies_by_writer, select_writers
from inkdigits.data.variation import AS_MADE
from inkdigits.escaping import shown
from inkdigits.preprocessing import PREPROCESSORS, ink, network_input
from inkdigits.recipes import NON_DIGIT, Recipe

MNIST, PENDIGITS, UNIPEN, SEMEION = "MNIST", "Pendigits", "UNIPEN", "Semeion"
VALIDATION = "MNIST validation"  # the name of the source of MNIST's validation writers
OWN_VALIDATION = "validation"  # the same of images in their place
MAX_COPIES = 8  # of one trace

# Called with the name of a step, its number of images and how many of them are done.
OnStep: TypeAlias = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class Sources:
    """The digits that training starts from, before they are split, rendered and preprocessed.

    digits       MNIST's, or LabeledImages in their place
    traces       of the training writers, by the name of the data set
    scans        Semeion's digits, preprocessed, or None
    development  traces of writers who are never trained on, by the name of their source
    share        of each data set that was loaded; as large a share of the digits is made
    validation   images to validate on; None to hold out a share of `digits`
    """

    digits: Digits
    traces: Mapping[str, Traces]
    scans: Digits | None
    development: Mapping[str, Traces]
    share: float = 1.0
    validation: LabeledImages | None = None

    @property
    def are_own(self) -> bool:
        """Whether a person has brought the images that take the place of MNIST's digits."""
        return isinstance(self.digits, LabeledImages)

    @property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of what was read of each data set, by the name of its file."""
        traces = *self.traces.values(), *self.development.values()
        parts: list[Digits | Traces] = [self.digits, *traces]
        if self.scans:
            parts.append(self.scans)
        hashes = {name: sha256 for part in parts for name, sha256 in part.hashes.items()}
        held_out = self.validation.hashes if self.validation else {}
        return hashes | {f"validation: {name}": sha256 for name, sha256 in held_out.items()}


@dataclass(frozen=True, eq=False)
class TrainingData:
    """What `training.fit` and `calibration.calibrate` take.

    batches   the training images
    held_out  preprocessed digits of writers who are not trained on, by the name of their source:
              MNIST's validation writers, or images that take their place, first, if any are held
              out
    counts    how many images there are of each kind
    """

    batches: Batches
    held_out: Mapping[str, HeldOut]
    counts: Mapping[str, int]

    @property
    def validation(self) -> tuple[Array, Labels] | None:
        """The validation images, float32 (N, 28, 28) in [0, 1], and their labels."""
        held_out = next(iter(self.held_out.values()), None)
        return held_out and (held_out.x, held_out.labels)


def without_missing(recipe: Recipe, data_dir: Path | None = None) -> tuple[Recipe, list[str]]:
    """Leave out the sources whose files are missing; MNIST alone is always needed.

    returns  the recipe, and a sentence about each source that it would use
    """
    paths = folders.search_paths(data_dir)
    changes: dict[str, Any] = {}
    messages = []
    if recipe.pendigits_images and not folders.find_file(paths, pendigits.NAME):
        changes["pendigits_images"] = 0
        messages.append(pendigits.missing_message(paths))
    if recipe.unipen_images and not unipen.find(paths):
        changes["unipen_images"] = 0
        messages.append(unipen.missing_message(paths))
    if recipe.semeion_copies and not folders.find_file(paths, semeion.NAME):
        changes["semeion_copies"] = 0
        messages.append(semeion.missing_message(paths))
    return replace(recipe, **changes), messages


def only_mnist(recipe: Recipe) -> Recipe:
    """Leave out all data sets but MNIST; digits that are made need none."""
    return replace(recipe, pendigits_images=0, unipen_images=0, semeion_copies=0)


def load(recipe: Recipe, data_dir: Path | None = None, limit: int | None = None) -> Sources:
    """Load what the recipe needs.

    data_dir  folder of the files; None for INKDIGITS_DATA, or else the cache
    limit     maximum number of MNIST's digits; the same share of the other sources is taken
    raises    DataError if a file is missing or damaged; ValueError if MNIST's images would be
              preprocessed in another way than all others
    """
    digits = mnist.load("train", data_dir)
    # Every n-th digit, because the first ones are all by one writer.
    step = 1 if limit is None else max(1, len(digits) // limit)
    return with_other_sources(recipe, digits.take(slice(limit)), step, data_dir)


def with_other_sources(
    recipe: Recipe,
    digits: Digits,
    step: int,
    data_dir: Path | None = None,
    validation: LabeledImages | None = None,
) -> Sources:
    """Load the other sources that the recipe needs.

    step     every n-th digit of them is used
    raises   as `load`
    """
    if recipe.preprocessing != "ink" and _uses_more_than_mnist(recipe):
        raise ValueError(
            f'MNIST is preprocessed as "{recipe.preprocessing}", but all other images as "ink"'
        )
    thinned = slice(None, None, step)
    traces, others = {}, {}
    if recipe.pendigits_images:
        everyone = pendigits.load(data_dir)
        traces[PENDIGITS] = select_writers(everyone, pendigits.TRAINING_WRITERS).take(thinned)
    if recipe.unipen_images:
        everyone = unipen.load(data_dir)
        training = unipen.select_contributors(everyone, unipen.TRAINING_CONTRIBUTORS)
        traces[UNIPEN] = training.take(thinned)
    if traces:
        others = {name: part.take(thinned) for name, part in development.load(data_dir).items()}
    scans = semeion.load(data_dir).take(thinned) if recipe.semeion_copies else None
    return Sources(digits, traces, scans, others, 1 / step, validation)


def _uses_more_than_mnist(recipe: Recipe) -> bool:
    return bool(
        recipe.restroked
        or recipe.pendigits_images
        or recipe.unipen_images
        or recipe.semeion_copies
        or recipe.made_digits
        or recipe.outliers
    )


def prepare(
    recipe: Recipe,
    sources: Sources,
    seed: int,
    device: str = "cpu",
    workers: int = 1,
    on_progress: OnStep = lambda step, total, done: None,
) -> TrainingData:
    """Split by writer, render, preprocess and batch.

    workers      processes to use; the images are the same for any number
    on_progress  called with the name of a step, its number of images and how many of them are done,
                 as the step begins and again and again
    returns      everything on the device
    raises       WorkerDied if a process ends unexpectedly; DataError if images that a person has
                 brought cannot be used
    """
    digits, held_out = hold_out(recipe, sources, seed)
    parts = _digit_images(recipe, sources, digits, seed, workers, on_progress)
    counts = {name: len(part) for name, part in parts.items()}
    images = np.concatenate([part.images for part in parts.values()])
    labels = np.concatenate([part.labels for part in parts.values()])
    non_digits = round(recipe.outliers * len(labels))
    if non_digits:
        on_drawn = partial(on_progress, "Drawing non-digits", non_digits)
        drawn = outliers.make(non_digits, seed, images, labels, workers, on_drawn)
        images = np.concatenate([images, drawn])
        labels = np.concatenate([labels, np.full(non_digits, NON_DIGIT, np.uint8)])
        counts["non-digits"] = non_digits
    held_out_parts = _held_out(recipe, sources, held_out, device, workers, on_progress)
    if held_out_parts:
        counts["held out"] = sum(len(part.labels) for part in held_out_parts.values())
    x, y = to_device(network_input(images), device), to_device(labels, device)
    batches = Batches(x, y, recipe.batch_size, seed, recipe.shuffle, recipe.augment)
    return TrainingData(batches, held_out_parts, counts)


def _digit_images(
    recipe: Recipe,
    sources: Sources,
    digits: Digits,
    seed: int,
    workers: int,
    on_progress: OnStep,
) -> dict[str, Digits]:
    """Make the preprocessed training images of digits, by the name of their source.

    digits   MNIST's training digits, or images in their place, without those that are held out
    """

    def restroked(source: Digits, name: str) -> Digits:
        on_restroked = partial(on_progress, f"Restroking {name}'s digits", len(source))
        images = restroke(source.images, seed, workers=workers, on_progress=on_restroked)
        return replace(source, images=images)

    name = f"{digits.name} images" if isinstance(digits, LabeledImages) else f"{MNIST} digits"
    parts = {name: _preprocessed(recipe, digits, "training", workers, on_progress)}
    if recipe.restroked:
        order = np.random.default_rng(seed).permutation(len(digits))
        # MNIST's own digits, but others only in MNIST's form.
        originals = parts[name] if sources.are_own else digits
        chosen = originals.take(order[: round(recipe.restroked * len(digits))])
        parts["restroked"] = restroked(chosen, MNIST)
    per_writer = {PENDIGITS: recipe.pendigits_images, UNIPEN: recipe.unipen_images}
    for name, traces in sources.traces.items():
        images = max(1, round(sources.share * per_writer[name]))
        copies = copies_by_writer(traces.writers, images, MAX_COPIES)
        on_rendered = partial(on_progress, f"Rendering {name}", int(copies.sum()))
        parts[name] = render(traces, copies, seed, workers=workers, on_progress=on_rendered)
    if sources.scans is not None:
        parts[SEMEION] = sources.scans
    if sources.scans is not None and recipe.semeion_copies > 1:
        copies = np.repeat(np.arange(len(sources.scans)), recipe.semeion_copies - 1)
        parts[f"{SEMEION}, restroked"] = restroked(sources.scans.take(copies), SEMEION)
    if recipe.made_digits:
        made = made_digits.make(round(sources.share * recipe.made_digits), seed)
        on_rendered = partial(on_progress, "Rendering made digits", len(made))
        parts["made"] = render(
            made, 1, seed, variation=AS_MADE, workers=workers, on_progress=on_rendered
        )
    return parts


def _held_out(
    recipe: Recipe,
    sources: Sources,
    digits: Digits | None,
    device: str,
    workers: int,
    on_progress: OnStep,
) -> dict[str, HeldOut]:
    """Make the preprocessed images of writers who are not trained on, by the name of their source.

    The images of development writers are the same for any seed.

    digits   MNIST's validation digits, or images in their place
    """
    if digits is None:
        return {}

    def placed(images: Pixels) -> Array:
        return to_device(network_input(images), device)

    part = _preprocessed(recipe, digits, "validation", workers, on_progress)
    labels = to_device(part.labels, device)
    name = OWN_VALIDATION if sources.are_own else VALIDATION
    parts = {name: HeldOut(placed(part.images), labels, part.writers)}
    for name, traces in sources.development.items():
        on_rendered = partial(on_progress, f"Rendering {name}, held out", len(traces))
        rendered, candidates = development.render_candidates(
            traces, ink.candidates_from_ink, on_progress=on_rendered
        )
        labels = to_device(rendered.labels, device)
        counts = np.array([len(found) for found in candidates])
        parts[name] = HeldOut(placed(np.concatenate(candidates)), labels, rendered.writers, counts)
    return parts


def _preprocessed(
    recipe: Recipe, digits: Digits, split: str, workers: int, on_progress: OnStep
) -> Digits:
    """Preprocess MNIST's digits, or images in their place."""
    if isinstance(digits, LabeledImages):
        on_images = partial(on_progress, f"Preprocessing the {split} images", len(digits))
        return labeled.preprocess(digits, recipe.preprocessing, workers, on_images)
    # In this process: other processes would only delay it.
    preprocess = partial(_preprocess_chunk, preprocessing=recipe.preprocessing)
    on_images = partial(on_progress, f"Preprocessing {MNIST}'s {split} digits", len(digits))
    images = make_in_chunks(preprocess, digits.images, on_progress=on_images)
    return replace(digits, images=images)


def _preprocess_chunk(first: int, images: Pixels, preprocessing: str) -> Pixels:
    return PREPROCESSORS[preprocessing].from_mnist(images)


def hold_out(recipe: Recipe, sources: Sources, seed: int) -> tuple[Digits, Digits | None]:
    """Hold out the validation share, by writer if the writers are known."""
    digits = sources.digits
    if sources.validation is not None:
        return digits, sources.validation
    if not recipe.validation:
        return digits, None
    if digits.writers is not None:
        parts = split_by_writer(digits, recipe.validation, seed)
    elif sources.are_own:
        parts = split_evenly(digits, recipe.validation, seed)
    else:
        parts = split_at_random(digits, recipe.validation, seed)
    if sources.are_own:
        _check_classes(digits, parts[0])
    return parts


def _check_classes(digits: Digits, training: Digits) -> None:
    """Raise DataError if a class is left without a training image."""
    lost = np.setdiff1d(digits.labels, training.labels)
    if len(lost) and isinstance(digits, LabeledImages):
        name = shown(digits.classes[lost[0]])
        raise DataError(
            f"All images of the class {name} are of the writers that were drawn for validation: "
            "try another --seed, or name other data with --validation."
        )
