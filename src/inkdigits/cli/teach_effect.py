"""Say what a change of a profile does: how many of the person's own samples are recognized."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

import click
import numpy as np

from inkdigits.cli.console import printable
from inkdigits.constants import DIGITS
from inkdigits.data.samples import Sample
from inkdigits.personal import Profile
from inkdigits.personal.adaptation import PersonalModel
from inkdigits.personal.sampling import prepare
from inkdigits.recognizer import Recognizer

T = TypeVar("T")


def load_base(model: str) -> Recognizer:
    """Load a model of digits; raise ClickException for another one."""
    base = Recognizer.load(model)
    if base.model.classes != DIGITS:
        raise click.ClickException(
            f"The classes of the model {printable(base.name)} are not the digits; choose another "
            "one."
        )
    return base


def show_effect(profile: Profile, base: Recognizer) -> None:
    """Print how many samples are recognized before and now, and whether the change was weakened.

    base     the model that is adapted
    """
    with waiting("Learning"):
        samples = prepare(base, profile.samples())
        personal = profile.personal_model(base)
        before = count_right(base, samples)
        now = count_right(profile.recognizer(base), samples)
    if not samples:
        click.echo("The profile has no samples, so predictions are those of the model itself.")
        return
    click.echo(
        f"Recognized of {counted(len(samples), 'sample')}: {before} by the model "
        f"{printable(base.name)}, {now} with the profile."
    )
    text = weakened(personal)
    if text:
        click.echo(text)


def weakened(personal: PersonalModel) -> str | None:
    """Say if the change was weakened, or could not be checked; None if neither."""
    if personal.tensors and personal.others_before is None:
        return (
            "It was not checked what the change does to other people's digits, because none ship "
            "for this model."
        )
    if personal.strength >= 1:
        return None
    if personal.strength <= 0:
        return (
            "The model was left as it was: any change would cost too many of other people's digits."
        )
    return (
        f"The change was weakened to {personal.strength:.0%} for the sake of other people's "
        f"digits: {personal.others_before:.2%} of those were recognized before, and "
        f"{personal.others_after:.2%} are now."
    )


def count_right(recognizer: Recognizer, samples: Sequence[Sample]) -> int:
    """Count the samples that are accepted as what they are."""
    if not samples:
        return 0
    batch = recognizer.predict_batch(np.stack([sample.seen for sample in samples]))
    labels = [sample.label for sample in samples]
    return int(((batch.probabilities.argmax(axis=1) == labels) & ~batch.rejected).sum())


def counted(count: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@contextmanager
def waiting(text: str) -> Iterator[None]:
    """Show on a terminal that something takes a while."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(text):
        yield


def with_progress(items: Iterable[T], total: int, text: str) -> Iterable[T]:
    """Show on a terminal how many items of all are done."""
    if not sys.stderr.isatty() or total < 2:
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, text, total, console=Console(stderr=True), transient=True)
