"""Train on images that a person brings, in place of MNIST: adapt the recipe, and check the data."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from inkdigits import training_data
from inkdigits.constants import DIGITS
from inkdigits.data.chunks import OnProgress, no_progress
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import LabeledImages, match_classes, preprocess
from inkdigits.escaping import shown
from inkdigits.model_limits import check_class_names
from inkdigits.nn.layers import Dense
from inkdigits.recipes import Recipe
from inkdigits.training_data import Sources

MNIST_DIGITS = 60_000
MAX_SHARE = 0.5  # of the images that can be held out for validation


def adapt(recipe: Recipe, classes: tuple[str, ...], preprocessing: str | None = None) -> Recipe:
    """Adapt a recipe to other classes, and to another preprocessing.

    The ten digits, preprocessed as "ink", are learned with all that the recipe adds to MNIST. For
    anything else the other data sets, made digits and non-digits are left out, and the network's
    last layer gets an output for each class. Pictures preprocessed as "plain" are not augmented.

    preprocessing  None for the recipe's
    raises         DataError if the names of the classes are not valid, or the network does not end
                   in a dense layer
    """
    try:
        classes = check_class_names(classes)
    except ValueError as error:
        raise DataError(
            f"The labels cannot be classes, because {error}; change the labels."
        ) from None
    recipe = replace(recipe, classes=classes, preprocessing=preprocessing or recipe.preprocessing)
    if classes == DIGITS and recipe.preprocessing == "ink":
        return recipe
    # Distortions imitate pens and hands; on other pictures they cost accuracy.
    augment = None if recipe.preprocessing == "plain" else recipe.augment
    return images_alone(replace(recipe, augment=augment))


def images_alone(recipe: Recipe) -> Recipe:
    """Leave out all that a recipe adds to the images: other data sets, made digits, non-digits.

    The network's last layer gets an output for each class, and none for non-digits.

    raises   DataError if the network does not end in a dense layer
    """
    *layers, last = recipe.network.layers
    if not isinstance(last, Dense):
        raise DataError(
            f"The network of {recipe.name} ends in {type(last).__name__}, not in a dense layer, so "
            "it cannot get other classes; use another recipe."
        )
    outputs = len(recipe.classes)
    network = replace(recipe.network, layers=(*layers, replace(last, outputs=outputs)))
    return replace(
        training_data.only_mnist(recipe),
        network=network,
        restroked=0.0,
        made_digits=0,
        outliers=0.0,
    )


def load(
    recipe: Recipe,
    data: LabeledImages,
    validation: LabeledImages | None = None,
    limit: int | None = None,
    data_dir: Path | None = None,
    workers: int = 1,
    on_progress: OnProgress = no_progress,
) -> Sources:
    """Check the images, and load the other sources that an adapted recipe uses.

    Picture files are decoded and preprocessed, so that a damaged one is found before training.

    validation  images to validate on; None to hold out the recipe's share, by writer if the writers
                are known
    limit       maximum number of the images
    data_dir    folder of the other sources' files
    workers, on_progress  as of labeled.preprocess
    raises      DataError if the images cannot be split, a file cannot be decoded, or those of the
                validation have a class that the others lack; WorkerDied
    """
    if validation is not None:
        validation = match_classes(validation, recipe.classes)
    if limit is not None and limit < len(data):
        # Evenly over all images, because they may be sorted by class.
        data = data.take(np.linspace(0, len(data) - 1, limit).astype(int))
    if recipe.validation and validation is None:
        _check_split(data, recipe.validation)
    if data.are_files:
        data = preprocess(data, recipe.preprocessing, workers, on_progress)
    if validation is not None and validation.are_files:
        validation = preprocess(validation, recipe.preprocessing, workers, on_progress)
    step = max(1, MNIST_DIGITS // len(data))
    return training_data.with_other_sources(recipe, data, step, data_dir, validation)


def _check_split(data: LabeledImages, share: float) -> None:
    """Raise DataError unless a share can be held out."""
    if share > MAX_SHARE:
        raise DataError(
            f"The recipe holds out a share of {share:g} for validation; at most {MAX_SHARE:g} is "
            "possible, which --validation can set."
        )
    if data.writers is not None:
        if len(np.unique(data.writers)) < 2:
            raise DataError(
                f"All images of {data.name} have the same writer, so none can be held out for "
                "validation: add other writers, name other data with --validation, or use "
                "--validation 0."
            )
        return
    numbers, counts = np.unique(data.labels, return_counts=True)
    if counts.min() < 2:
        name = shown(data.classes[numbers[counts.argmin()]])
        raise DataError(
            f"The class {name} of {data.name} has only one image, and one is held out for "
            "validation: add more images, or use --validation 0."
        )
    if share * len(data) < 1:
        raise DataError(
            f"{data.name} has {len(data)} images, and a share of {share:g} of them is less than "
            "one: add more images, or give a larger share with --validation."
        )
