"""What `inkdigits compare` compares: models of runs, on digits that none of them was trained on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import click

from inkdigits.arrays import Labels, Pixels
from inkdigits.cli.curves import records_of
from inkdigits.cli.own_data import load_images
from inkdigits.comparison import Answers, answer, from_probabilities
from inkdigits.constants import DIGITS
from inkdigits.data import mnist
from inkdigits.data.labeled import match_classes
from inkdigits.data.mnist import Digits
from inkdigits.escaping import shown
from inkdigits.evaluation import predict_images
from inkdigits.model_file import load_model, locate, models_in
from inkdigits.preprocessing_pool import choose_workers
from inkdigits.recipe_check import check_recipe
from inkdigits.recipe_files import recipe_from
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import FileError
from inkdigits.training import Record
from inkdigits.training_data import Sources, hold_out
from inkdigits.worker_pool import WorkerDied

LETTERS = "ABCDEFGH"  # that stand for the models; as many as the plot has colors

Part: TypeAlias = Literal["test", "validation"]


@dataclass(frozen=True, eq=False)
class Compared:
    """A model that is compared.

    name        as the user wrote it
    records     of its run; none if they are not known
    """

    name: str
    recognizer: Recognizer
    records: Sequence[Record]

    @property
    def training(self) -> Mapping[str, Any]:
        """How it was trained, as JSON values."""
        return self.recognizer.model.training


@dataclass(frozen=True, eq=False)
class Images:
    """The images that models are compared on.

    title    what they are, for people
    pixels   uint8 (N, 28, 28), for people: MNIST's, or own ones as the first model sees them
    labels   int (N,)
    hashes   SHA-256 of the files that they are from, by name
    answers  what each model predicts
    """

    title: str
    pixels: Pixels
    labels: Labels
    hashes: Mapping[str, str]
    answers: Sequence[Answers]


def load_compared(name: str) -> Compared:
    """Load a model, and what is known of its run.

    name     a run's folder, a model file, or the name of a shipped model
    raises   FileError
    """
    path = Path(name)
    path = _model_of_run(path) if path.is_dir() else locate(name)
    recognizer = Recognizer(load_model(path), path.stem)
    return Compared(name, recognizer, records_of(path, recognizer.model))


def _model_of_run(folder: Path) -> Path:
    """Find the only model in a run's folder."""
    models = models_in(folder)
    if not models:
        raise FileError(
            f"{folder} has no model: name the folder of a finished run, or continue the run "
            "with `inkdigits train --resume`."
        )
    if len(models) > 1:
        names = ", ".join(path.name for path in models[:4])
        raise FileError(f"{folder} has several models ({names}): name one of the files.")
    return models[0]


def check_classes(models: Sequence[Compared]) -> tuple[str, ...]:
    """Make sure that all models tell the same classes apart, and return these.

    raises   ClickException
    """
    first = models[0]
    for other in models[1:]:
        if other.recognizer.model.classes != first.recognizer.model.classes:
            raise click.ClickException(
                f"{first.name} and {other.name} do not have the same classes: compare models that "
                "were trained on the same kind of images."
            )
    return first.recognizer.model.classes


def predict_mnist(models: Sequence[Compared], part: Part, data_dir: Path | None) -> Images:
    """Predict MNIST's test digits, or the validation digits that all models have in common.

    raises   ClickException if the models know other classes, or have other validation digits;
             DataError if a file is missing or damaged
    """
    if check_classes(models) != DIGITS:
        raise click.ClickException(
            f"The classes of {models[0].name} are not the digits 0 to 9, which MNIST has: name "
            "images of them with --data."
        )
    if part == "test":
        digits = mnist.load("test", data_dir)
        title = f"MNIST's {len(digits):,} test digits"
    else:
        digits = _validation_digits(models, data_dir)
        title = f"{len(digits):,} validation digits of MNIST"
    answers = [answer(model.recognizer, digits.images) for model in models]
    return Images(title, digits.images, digits.labels, digits.hashes, answers)


def predict_own(
    models: Sequence[Compared], sources: Sequence[str], names: str | None, data_dir: Path | None
) -> Images:
    """Predict images that a person brings.

    sources  as `train --data` takes them
    names    of its labels, separated by commas, if they are numbers
    raises   ClickException if the models know other classes; DataError if the images cannot be
             used
    """
    images = match_classes(load_images(sources, names, "test", data_dir), check_classes(models))
    workers = choose_workers(len(images))
    try:
        predicted = [predict_images(model.recognizer, images, workers) for model in models]
    except WorkerDied as error:
        raise click.ClickException(str(error)) from None
    answers = [
        from_probabilities(predictions.probabilities, predictions.rejected)
        for predictions, _ in predicted
    ]
    title = f"{len(images):,} images of {images.name}"
    return Images(title, predicted[0][1], images.labels, images.hashes, answers)


def _validation_digits(models: Sequence[Compared], data_dir: Path | None) -> Digits:
    """Load the digits that all models have in common for validation.

    raises   ClickException if one was trained on digits that another one was validated on
    """
    use = "compare them on the test digits, without --on validation."
    splits = [_split_settings(model) for model in models]
    for model, split in zip(models, splits, strict=True):
        if split is None:
            raise click.ClickException(
                f"{model.name} does not say which digits were held out in its training: {use}"
            )
        for name, value in split.items():
            first = (splits[0] or {})[name]
            if value != first:
                raise click.ClickException(
                    f"{models[0].name} and {model.name} were validated on other digits "
                    f"({name} {shown(first)} and {shown(value)}): {use}"
                )
    training = models[0].training
    digits = mnist.load("train", data_dir)
    if any(training["data"].get(name) != sha256 for name, sha256 in digits.hashes.items()):
        raise click.ClickException(
            f"{models[0].name} was trained with other files of MNIST than the present ones: {use}"
        )
    recipe = check_recipe(recipe_from(training["recipe"]))
    sources = Sources(digits.take(slice(training["limit"])), {}, None, {})
    _, held_out = hold_out(recipe, sources, training["seed"])
    if held_out is None:
        raise click.ClickException(f"{models[0].name} was trained without validation digits: {use}")
    return held_out


def _split_settings(model: Compared) -> dict[str, Any] | None:
    """Return the settings that determine the validation digits; None if any is missing or wrong."""
    match model.training:
        case {
            "recipe": {"validation": share},
            "seed": int() as seed,
            "limit": int() | None as limit,
            "data": {**data},
        } if seed >= 0 and (limit is None or limit > 0):
            files = mnist.TRAIN_IMAGES, mnist.TRAIN_LABELS, mnist.TRAIN_WRITERS
            hashes = {f"data.{name}": data.get(name) for name in files}
            try:
                check_recipe(recipe_from(model.training["recipe"]))
            except ValueError:
                return None
            return {"recipe.validation": share, "seed": seed, "limit": limit} | hashes
    return None
