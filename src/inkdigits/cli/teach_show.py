"""The command `inkdigits teach show`: what a profile has, and what it brings."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np

from inkdigits.cli.console import printable
from inkdigits.cli.options import json_option
from inkdigits.cli.profile_options import database_option, effect_model_option, name_argument
from inkdigits.cli.teach_effect import counted, load_base, waiting, weakened, with_progress
from inkdigits.cli.teach_sheet import is_page, render_page, render_picture
from inkdigits.constants import DIGITS
from inkdigits.data.samples import Sample
from inkdigits.personal import Profile, Version
from inkdigits.personal.adaptation import each_left_out
from inkdigits.personal.sampling import prepare
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import write_atomically

VERSIONS_SHOWN = 10
ID_SHOWN = 8  # characters


@dataclass(frozen=True)
class DigitRow:
    """Of one digit: how many samples there are, and how many are recognized.

    before  by the model
    now     by a personal model that was not fitted to the sample
    """

    digit: str
    samples: int
    before: int
    now: int


@click.command("show")
@name_argument
@click.option("--samples", "list_samples", is_flag=True, help="Also list all samples.")
@click.option(
    "--pictures",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Also write all samples to this .png or .html file.",
)
@json_option
@effect_model_option
@database_option
def show_command(
    name: str,
    list_samples: bool,
    pictures: Path | None,
    as_json: bool,
    model: str,
    database: str | None,
) -> None:
    """Show the samples of the profile NAME, its versions, and what it brings.

    For that, samples are left out in turn, and recognized by a model that was fitted to the others.
    """
    if pictures is not None and pictures.suffix.lower() not in (".png", ".html", ".htm"):
        raise click.UsageError(f"--pictures {pictures}: name a file that ends in .png or .html.")
    profile = Profile.open(name, database)
    base = load_base(model)
    samples, versions = profile.samples(), profile.versions()
    prepared = prepare(base, samples)
    rows = _measure(base, prepared)
    note = None
    if samples:
        with waiting("Learning"):
            note = weakened(profile.personal_model(base))
    if as_json:
        described = _describe(profile, versions, rows, base)
        if list_samples:
            described["sample_list"] = [_describe_sample(sample) for sample in samples]
        click.echo(json.dumps(described))
    else:
        _print(profile, versions, rows, base)
        if note:
            click.echo(note)
        if list_samples:
            _print_samples(samples, prepared, base)
    if pictures is not None:
        page = is_page(pictures)
        data = render_page(profile.name, samples).encode() if page else render_picture(samples)
        write_atomically(pictures, data)
        click.echo(f"Samples: {printable(str(pictures))}", err=as_json)


def _measure(base: Recognizer, samples: Sequence[Sample]) -> list[DigitRow]:
    """Count how many samples of each digit are recognized, before and now."""
    if not samples:
        return []
    batch = base.predict_batch(np.stack([sample.seen for sample in samples]))
    labels = np.array([sample.label for sample in samples])
    before = (batch.probabilities.argmax(axis=1) == labels) & ~batch.rejected
    now = np.zeros(len(samples), bool)
    left_out = each_left_out(base, samples)
    for number, digit in with_progress(left_out, len(samples), "Leaving out samples"):
        now[number] = digit == labels[number]
    return [
        DigitRow(
            digit,
            int((labels == int(digit)).sum()),
            int(before[labels == int(digit)].sum()),
            int(now[labels == int(digit)].sum()),
        )
        for digit in DIGITS
    ]


def _describe(
    profile: Profile, versions: Sequence[Version], rows: Sequence[DigitRow], base: Recognizer
) -> dict[str, Any]:
    return {
        "id": profile.id,
        "name": profile.name,
        "created": profile.created.isoformat(),
        "consent": {
            "version": profile.consent.version,
            "time": profile.consent.time.isoformat(),
        },
        "model": base.name,
        "samples": sum(row.samples for row in rows),
        "right_before": sum(row.before for row in rows),
        "right_now": sum(row.now for row in rows),
        "by_digit": [asdict(row) for row in rows],
        "versions": [asdict(version) | {"time": version.time.isoformat()} for version in versions],
    }


def _describe_sample(sample: Sample) -> dict[str, Any]:
    return {
        "id": sample.id,
        "label": sample.label,
        "source": sample.source,
        "time": sample.time.isoformat(),
        "drawn": sample.strokes is not None,
    }


def _print(
    profile: Profile, versions: Sequence[Version], rows: Sequence[DigitRow], base: Recognizer
) -> None:
    total = DigitRow("all", *(sum(vars(row)[key] for row in rows) for key in _COUNTS))
    click.echo(
        f"{printable(profile.name)}: {counted(total.samples, 'sample')}; made on "
        f"{profile.created.astimezone():%Y-%m-%d}, agreed on "
        f"{profile.consent.time.astimezone():%Y-%m-%d}"
    )
    if not rows:
        click.echo("Add samples: inkdigits teach add NAME FILE... --digit 4")
        return
    click.echo(
        f"\nRecognized by the model {printable(base.name)}, and by the personal model if the "
        "sample is left out:"
    )
    click.echo("digit  samples  model  personal")
    for row in [*rows, total]:
        if row.samples:
            click.echo(f"{row.digit:>5}  {row.samples:>7}  {row.before:>5}  {row.now:>8}")
    missing = [row.digit for row in rows if not row.samples]
    if missing:
        click.echo(f"No samples yet of: {', '.join(missing)}")
    click.echo("\nversion  changed           what     samples")
    for version in versions[-VERSIONS_SHOWN:]:
        change = f"+{version.added}" if not version.removed else f"-{version.removed}"
        when = f"{version.time.astimezone():%Y-%m-%d %H:%M}"
        click.echo(
            f"{version.number:>7}  {when}  {version.action:<7}  {version.samples:>7} ({change})"
        )
    if len(versions) > VERSIONS_SHOWN:
        click.echo(f"{counted(len(versions) - VERSIONS_SHOWN, 'version')} before")


_COUNTS = ("samples", "before", "now")


def _print_samples(samples: Sequence[Sample], prepared: Sequence[Sample], base: Recognizer) -> None:
    """List the samples, with what the model says of each."""
    if not samples:
        return
    predictions = base.predict_candidates([sample.seen[None] for sample in prepared])
    shortest = _shortest(samples)
    click.echo(f"\n{'ID':<{shortest}}  digit  model  source      added")
    for sample, prediction in zip(samples, predictions, strict=True):
        predicted = "?" if prediction.label is None else prediction.label
        click.echo(
            f"{sample.id[:shortest]:<{shortest}}  {sample.label:>5}  {predicted:>5}  "
            f"{sample.source:<10}  {sample.time.astimezone():%Y-%m-%d %H:%M}"
        )


def _shortest(samples: Sequence[Sample]) -> int:
    """Return how many characters of the IDs tell them apart, at least ID_SHOWN."""
    length = ID_SHOWN
    longest = max(len(sample.id) for sample in samples)
    while length < longest and max(Counter(s.id[:length] for s in samples).values()) > 1:
        length += 1
    return length
