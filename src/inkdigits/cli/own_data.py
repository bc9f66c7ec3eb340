"""The options of `inkdigits train` for images that a person brings in place of MNIST."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any

import click
import numpy as np
from rich.console import Console

from inkdigits import own_data
from inkdigits.cli.options import split_names
from inkdigits.constants import DIGITS
from inkdigits.data import sources
from inkdigits.data.labeled import LabeledImages, with_class_names
from inkdigits.data.mnist import Split
from inkdigits.data.profile_files import SUFFIX
from inkdigits.own_data import MAX_SHARE
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recipes import Recipe
from inkdigits.training_data import Sources
from inkdigits.worker_pool import WorkerDied

PICTURES_LOOKED_AT = 1000
BACKGROUND = 32  # of 255; a pixel of at most this level is background
MAX_INK = 0.4  # share of the other pixels; MNIST's have 0.16, Fashion-MNIST's 0.47

data_option = click.option(
    "--data",
    multiple=True,
    metavar="SOURCE",
    help="Images to use in place of MNIST: a CSV or Parquet file, an .npz, an IDX file, a folder "
    "with a folder for each class, the name of a data set, such as fashion-mnist, or an exported "
    "profile, or several of them.",
)
classes_option = click.option(
    "--classes",
    metavar="NAMES",
    help="Names of the labels 0, 1, ... of the data, separated by commas.",
)
CLASSES_NEED_DATA = "--classes needs --data: name the images, or leave it out."


class DataCommand(click.Command):
    """A command whose option --data takes several exported profiles: --data *.profile.json."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the arguments, as if --data were before each profile."""
        given: list[str] = []
        for arg in args:
            is_next = given[-2:-1] == ["--data"] and arg.endswith(SUFFIX)
            given += ["--data", arg] if is_next and not arg.startswith("-") else [arg]
        return super().parse_args(ctx, given)


@dataclass(frozen=True)
class OwnData:
    """Images that a person brings, and the recipe, adapted to their classes."""

    recipe: Recipe
    images: LabeledImages
    validation: LabeledImages | None
    workers: int
    console: Console

    def sources(self, recipe: Recipe, data_dir: Path | None, limit: int | None) -> Sources:
        """Return what the recipe is trained on, which may have been changed since.

        raises   DataError; ClickException if a worker process dies
        """
        try:
            with self.console.status("Preprocessing") as status:

                def on_progress(done: int) -> None:
                    status.update(f"Preprocessing: {done:,} pictures")

                return own_data.load(
                    *(recipe, self.images, self.validation, limit, data_dir),
                    workers=self.workers,
                    on_progress=on_progress,
                )
        except WorkerDied as error:
            raise click.ClickException(str(error)) from None


@dataclass(frozen=True)
class OwnDataOptions:
    """The values of the options, as given."""

    data: tuple[str, ...]
    classes: str | None
    validation: str | None
    preprocessing: str | None

    @property
    def run_name(self) -> str:
        """The part of a run folder's name that stands for the data; "" without them."""
        if not self.data:
            return ""
        stem = Path(self.data[0]).name.partition(".")[0]
        others = f"-and-{len(self.data) - 1}-more" if len(self.data) > 1 else ""
        name = "".join(c if c.isalnum() and c.isascii() else "-" for c in stem).strip("-")
        return f"{name}{others}-"

    def load(
        self, recipe: Recipe, data_dir: Path | None, workers: int, console: Console
    ) -> OwnData | None:
        """Load the images, and adapt the recipe to them; None if there are none.

        workers  processes that will preprocess them
        raises   DataError; UsageError for an option that needs --data, or has a wrong value
        """
        if not self.data:
            self._check_unused()
            return None
        images = load_images(self.data, self.classes, "train", data_dir)
        for note in images.notes:
            console.print(note, style="yellow")
        preprocessing = self.preprocessing or images.suited
        adapted = own_data.adapt(recipe, images.classes, preprocessing)
        share = self._share()
        validation = None
        if share is not None:
            adapted = replace(adapted, validation=share)
        elif self.validation is not None:
            validation = load_images([self.validation], self.classes, "test", data_dir)
            # None are held out, and these are validated on.
            adapted = replace(adapted, validation=0.0)
        _describe(adapted, images, console)
        return OwnData(adapted, images, validation, workers, console)

    def _check_unused(self) -> None:
        for name, value in vars(self).items():
            if value not in (None, ()):
                raise click.UsageError(f"--{name} needs --data: name the images, or leave it out.")

    def _share(self) -> float | None:
        """Return the share to hold out; None if the option is not a number."""
        try:
            share = float(self.validation or "")
        except ValueError:
            return None
        if not 0 <= share <= MAX_SHARE:
            raise click.BadParameter(
                f"{share:g} is not a share from 0 to {MAX_SHARE:g}.", param_hint="--validation"
            )
        return share


def own_data_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options to a command, which gets them as `own`, an OwnDataOptions."""

    @data_option
    @classes_option
    @click.option(
        "--validation",
        metavar="SHARE|SOURCE",
        help="Share of the data to hold out for validation, up to 0.5, or other data.  [default: "
        "the recipe's share]",
    )
    @click.option(
        "--preprocessing",
        type=click.Choice(list(PREPROCESSORS)),
        help="How the data become 28x28: ink and classic for ink on paper, plain for anything "
        "else.  [default: the recipe's, or plain for fashion-mnist]",
    )
    @wraps(function)
    def with_own(
        data: tuple[str, ...],
        classes: str | None,
        validation: str | None,
        preprocessing: str | None,
        **others: Any,
    ) -> None:
        function(own=OwnDataOptions(data, classes, validation, preprocessing), **others)

    return with_own


def load_images(
    names: Sequence[str], classes: str | None, split: Split, data_dir: Path | None
) -> LabeledImages:
    """Load images, and name their classes if names are given, separated by commas.

    names    of one source, or of several exported profiles

    raises   DataError
    """
    images = sources.load_all(names, split, data_dir)
    if classes is None:
        return images
    return with_class_names(images, split_names(classes))


def _describe(recipe: Recipe, images: LabeledImages, console: Console) -> None:
    """Tell how the data are understood, and what of the recipe does not apply."""
    classes = images.classes
    shown = ", ".join(classes[:12]) + (", ..." if len(classes) > 12 else "")
    number = f"{len(images):,} images of {len(classes)} classes"
    if images.writers is not None:
        writers = len(set(images.writers))
        number += f" by {writers} writer{'' if writers == 1 else 's'}"
    console.print(f"{images.name}: {number}: {shown}")
    if classes != DIGITS:
        console.print(
            "The classes are not the ten digits: other data sets of digits, made digits and "
            "non-digits are not used, and the model does not reject anything."
        )
    elif recipe.preprocessing != "ink":
        console.print(
            "The preprocessing is not ink: other data sets of digits, made digits and non-digits "
            "are not used, and the model does not reject anything."
        )
    if recipe.preprocessing != "plain" and not images.are_files:
        some = images.images[:: max(1, len(images) // PICTURES_LOOKED_AT)]
        ink = float(np.mean(some > BACKGROUND))
        if ink > MAX_INK:
            console.print(
                f"{ink:.0%} of the pixels are not background, which is more than ink on paper has: "
                "if the images are not light ink on black, use --preprocessing plain.",
                style="yellow",
            )
