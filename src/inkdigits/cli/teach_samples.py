"""The commands of `inkdigits teach` that add samples to a profile, or take them away."""

import hashlib
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from inkdigits.arrays import Pixels
from inkdigits.cli.console import printable
from inkdigits.cli.image_files import find_images
from inkdigits.cli.profile_options import database_option, effect_model_option, name_argument
from inkdigits.cli.teach_effect import (
    counted,
    load_base,
    show_effect,
    waiting,
    with_progress,
)
from inkdigits.constants import DIGITS
from inkdigits.data.samples import Sample, Source
from inkdigits.escaping import shown
from inkdigits.imaging.errors import ImageError
from inkdigits.imaging.inputs import ImageInput, to_rgba
from inkdigits.imaging.limits import LARGE_FILES
from inkdigits.numbers import NumberError, cut_digits
from inkdigits.personal import Profile, Version, sample, sample_from_ink
from inkdigits.personal.errors import InvalidSample
from inkdigits.recognizer import Recognizer

MIN_ID = 4  # characters by which a sample can be named


@click.command("add")
@name_argument
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--digit", type=click.IntRange(0, 9), help="Which digit all the files show.")
@effect_model_option
@database_option
def add_command(
    name: str, files: tuple[str, ...], digit: int | None, model: str, database: str | None
) -> None:
    """Add pictures of your digits to the profile NAME.

    FILE is an image of one digit, or a folder of them, all of the same --digit. Without --digit, it
    is a folder with folders that are named 0 to 9. Adding the same picture again changes nothing.
    """
    profile = Profile.open(name, database)
    base = load_base(model)
    labeled = [found for file in files for found in _labeled_files(file, digit)]
    samples, failed = [], 0
    for path, label in with_progress(labeled, len(labeled), "Reading"):
        try:
            samples.append(_of_picture(base, to_rgba(path, limits=LARGE_FILES), label, "image"))
        except (ImageError, InvalidSample, OSError) as error:
            cause = getattr(error, "strerror", None) or str(error)
            click.echo(f"Error: {printable(path)}: {cause}", err=True)
            failed += 1
    if not samples:
        raise click.ClickException("Nothing was added: name pictures of one digit each.")
    _add(profile, base, samples)
    if failed:
        sys.exit(1)


@click.command("correct")
@name_argument
@click.argument("image")
@click.option("--digit", type=click.IntRange(0, 9), help="Which digit the image shows.")
@click.option("--number", metavar="DIGITS", help="Which number the image shows, such as 1947.")
@effect_model_option
@database_option
def correct_command(
    name: str, image: str, digit: int | None, number: str | None, model: str, database: str | None
) -> None:
    """Tell the profile NAME what IMAGE shows, which was not recognized.

    The picture of a number is cut into its digits, each of which becomes a sample.
    """
    if (digit is None) == (number is None):
        raise click.UsageError("Say what the image shows, with either --digit or --number.")
    profile = Profile.open(name, database)
    base = load_base(model)
    try:
        rgba = to_rgba(image, limits=LARGE_FILES)
    except OSError as error:
        raise click.ClickException(
            f"{printable(image)} cannot be read ({error.strerror or error}); check the name."
        ) from None
    if digit is not None:
        samples = [_of_picture(base, rgba, digit, "correction")]
    else:
        samples = _of_number(base, rgba, str(number))
    before = _predicted(profile.recognizer(base), samples)
    _add(profile, base, samples)
    now = _predicted(profile.recognizer(base), samples)
    click.echo(f"{printable(os.path.basename(image))}: before {before}, now {now}.")


@click.command("form")
@name_argument
@click.argument("results", type=click.Path(path_type=Path))
@click.option(
    "--sheet",
    "sheets",
    type=int,
    multiple=True,
    help="Number of a sheet that you filled in; give it once for each.  [default: all sheets]",
)
@effect_model_option
@database_option
def form_command(
    name: str, results: Path, sheets: tuple[int, ...], model: str, database: str | None
) -> None:
    """Add the digits that were confirmed or corrected in RESULTS of a form.

    RESULTS is the file that `inkdigits form read` wrote, such as results.csv. Name the sheets with
    --sheet if other people filled in some of them.
    """
    from inkdigits.forms.store import Store, database_path
    from inkdigits.forms.training_digits import answered_digits

    profile = Profile.open(name, database)
    base = load_base(model)
    with Store.open(database_path(results)) as store:
        digits, skipped = answered_digits(store, sheets)
    if skipped:
        click.echo(
            f"Left out: {counted(skipped, 'field')}, of which it is not known which box has which "
            "digit.",
            err=True,
        )
    if not add_pictures(profile, base, [(each.picture, each.digit) for each in digits], "form"):
        raise click.ClickException(
            f"{printable(str(results))} has no digits of answered fields"
            f"{' on these sheets' if sheets else ''}: run `inkdigits form review` first."
        )


def add_pictures(
    profile: Profile,
    base: Recognizer,
    pictures: Sequence[tuple[bytes, int]],
    source: Source,
) -> bool:
    """Add pictures of digits that a person has confirmed or corrected, and print the effect.

    pictures  image files, with their digits; blank ones are left out
    returns   whether there were any
    """
    samples = []
    for picture, digit in with_progress(pictures, len(pictures), "Reading"):
        try:
            samples.append(_of_picture(base, picture, digit, source))
        except InvalidSample:
            continue
    if samples:
        _add(profile, base, samples)
    return bool(samples)


@click.command("undo")
@name_argument
@effect_model_option
@database_option
def undo_command(name: str, model: str, database: str | None) -> None:
    """Remove for good what was added last to the profile NAME."""
    profile = Profile.open(name, database)
    base = load_base(model)
    _say(profile, profile.undo())
    show_effect(profile, base)


@click.command("remove")
@name_argument
@click.argument("ids", nargs=-1, required=True, metavar="ID...")
@effect_model_option
@database_option
def remove_command(name: str, ids: tuple[str, ...], model: str, database: str | None) -> None:
    """Remove samples of the profile NAME for good.

    ID is how `inkdigits teach show NAME --samples` names a sample, or its beginning.
    """
    profile = Profile.open(name, database)
    base = load_base(model)
    known = [sample.id for sample in profile.samples()]
    _say(profile, profile.remove([_complete(id, known) for id in ids]))
    show_effect(profile, base)


def _labeled_files(file: str, digit: int | None) -> list[tuple[str, int]]:
    """List images with what they show, of a file or a folder.

    raises   ClickException if it is not known what they show, or there are none
    """
    if digit is not None:
        found = find_images([file], recursive=False)
        if not found.images:
            raise click.ClickException(
                f"{printable(file)} contains no images: name another folder."
            )
        return [(path, digit) for path in found.images]
    folders = [(os.path.join(file, name), int(name)) for name in DIGITS]
    folders = [(folder, label) for folder, label in folders if os.path.isdir(folder)]
    if not folders:
        raise click.ClickException(
            f"{printable(file)} is not a folder with folders 0 to 9, so it is not known what it "
            "shows: say it with --digit."
        )
    return [
        (path, label)
        for folder, label in folders
        for path in find_images([folder], recursive=False).images
    ]


def _of_picture(base: Recognizer, image: ImageInput, label: int, source: Source) -> Sample:
    return _with_id(sample(base, image, label, source))


def _of_number(base: Recognizer, rgba: Pixels, text: str) -> list[Sample]:
    """Make a sample of each digit of a number; raise ClickException if it cannot be cut."""
    try:
        pieces = cut_digits(base, rgba, text)
    except NumberError as error:
        raise click.ClickException(str(error)) from None
    return [
        _with_id(sample_from_ink(base, piece, int(digit), "number"))
        for piece, digit in zip(pieces, text, strict=True)
    ]


def _with_id(sample: Sample) -> Sample:
    """Give a sample the ID of its content, so that the same one is not added twice."""
    content = sample.seen.tobytes() + bytes([sample.label])
    return replace(sample, id=hashlib.sha256(content).hexdigest()[:32])


def _predicted(recognizer: Recognizer, samples: Sequence[Sample]) -> str:
    """Write what is recognized of samples: the digits, "?" for one that is rejected."""
    predictions = recognizer.predict_candidates([sample.seen[None] for sample in samples])
    return "".join("?" if p.label is None else p.label for p in predictions)


def _add(profile: Profile, base: Recognizer, samples: Sequence[Sample]) -> None:
    """Add samples, and print the effect."""
    before = profile.version()
    with waiting("Adding"):
        version = profile.add(samples)
    if version.number == before:
        click.echo("The profile has these samples already, so nothing has changed.")
    else:
        _say(profile, version)
    show_effect(profile, base)


def _say(profile: Profile, version: Version) -> None:
    """Print what a version has changed."""
    action = f"Added {counted(version.added, 'sample')}"
    if version.removed:
        action = f"Removed {counted(version.removed, 'sample')} for good"
    click.echo(
        f"{action}; {printable(profile.name)} has {counted(version.samples, 'sample')} now, in "
        f"version {version.number}."
    )


def _complete(beginning: str, known: Sequence[str]) -> str:
    """Return the ID with a beginning; raise ClickException if there is not exactly one."""
    if beginning in known:
        return beginning
    matching = [id for id in known if id.startswith(beginning)]
    if len(beginning) < MIN_ID:
        cause = f"has fewer than {MIN_ID} characters"
    elif not matching:
        cause = "is not the ID of a sample"
    elif len(matching) > 1:
        cause = "is the beginning of several IDs"
    else:
        return matching[0]
    raise click.ClickException(
        f"{shown(beginning)} {cause}; `inkdigits teach show NAME --samples` lists them."
    )
