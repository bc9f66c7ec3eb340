"""The commands `inkdigits form review`, `export` and `forget`: what becomes of a form's results."""

import getpass
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from inkdigits.cli.console import printable
from inkdigits.cli.local_page import open_option, port_option, serve_page
from inkdigits.forms.export import export, export_again, exporting
from inkdigits.forms.forget import forget
from inkdigits.forms.store import MAX_WHO, Store, database_path
from inkdigits.forms.training_digits import answered_digits, write_digits
from inkdigits.model_file import DEFAULT_MODEL

results_argument = click.argument("results", type=click.Path(path_type=Path))
threshold_option = click.option(
    "--review",
    "threshold",
    type=click.FloatRange(0, 1),
    help="Confidence below which a person should look at a field.  [default: as in `form read`]",
)


@click.command("review")
@results_argument
@threshold_option
@click.option("--answered", is_flag=True, help="Also show the fields that were answered before.")
@click.option("--who", help="Your name, which is kept with each answer.  [default: the last one]")
@click.option(
    "--profile",
    metavar="NAME",
    help="Add the digits that you answer to this profile, made by `inkdigits teach`, at the end.",
)
@open_option
@port_option
def review_command(
    results: Path,
    threshold: float | None,
    answered: bool,
    who: str | None,
    profile: str | None,
    opens: bool,
    port: int,
) -> None:
    """Check doubtful fields on a page in the browser, until Ctrl-C.

    RESULTS is the file that `inkdigits form read` wrote, such as results.csv. Answers are kept in
    results.sqlite, with who gave them and when, and written to the CSV file at once.
    """
    try:
        from inkdigits.forms.review import FILES, PAGE, create_routes
    except ModuleNotFoundError as error:
        package = str(error.name).partition(".")[0]
        raise click.ClickException(
            f"The package {package} is not installed; run pip install 'inkdigits[forms]'."
        ) from None
    path = database_path(results)
    learn = None if profile is None else _opened(profile)
    with Store.open(path) as store:
        if threshold is not None:
            store.threshold = threshold
            export_again(store)
        waiting, before = _count(store)
        answers = _answers(store)
        name = _clean(who) or store.last_person() or _clean(_user_name()) or "reviewer"
    if not waiting and not (answered and before):
        click.echo(
            f"Nothing to review: {_fields(before)} answered before, and no other is doubtful."
            f"{' --answered shows them again.' if before else ''}"
        )
        return
    with exporting(path) as update:
        serve_page(
            PAGE,
            FILES,
            create_routes(path, name, update, answered),
            port=port,
            opens=opens,
            texts=(
                f"{_fields(waiting)} to review, on a page that only this computer can open:",
                "Press Ctrl-C to stop; every answer is kept at once.",
            ),
        )
    with Store.open(path, verify=False) as store:
        left, now = _count(store)
        changed = {field for field, value in _answers(store).items() if answers.get(field) != value}
        digits, _ = answered_digits(store)
    click.echo(f"\nAnswered {_fields(now - before)}; {left:,} left to review.")
    if learn is not None:
        learn([(each.picture, each.digit) for each in digits if each.field in changed])


@click.command("export")
@results_argument
@threshold_option
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="Table to write: a name that ends in .csv, .json or .parquet.",
)
@click.option(
    "--digits",
    "folder",
    type=click.Path(path_type=Path),
    help="New folder to write the digits of confirmed and corrected fields to, as pictures that "
    "`inkdigits train --data` takes.",
)
def export_command(
    results: Path, threshold: float | None, output: Path | None, folder: Path | None
) -> None:
    """Write results, with the corrections, as a table or as digits to train on.

    RESULTS is the file that `inkdigits form read` wrote, such as results.csv.
    """
    if output is None and folder is None:
        raise click.UsageError("Name a table with -o, or a folder with --digits.")
    with Store.open(database_path(results)) as store:
        if threshold is not None:
            store.threshold = threshold
        if output is not None:
            export(store, output)
            click.echo(f"Wrote {printable(str(output))}.")
        if threshold is not None:
            export_again(store, output)
        if folder is not None:
            digits = write_digits(store, folder)
            total = sum(digits.counts.values())
            click.echo(f"Digits written to {printable(str(folder))}: {total:,}.")
            if digits.skipped:
                click.echo(
                    f"Left out: {_fields(digits.skipped)}, of which it is not known which box has "
                    "which digit."
                )
            if not total:
                click.echo("Only answered fields count: run `inkdigits form review` first.")


@click.command("forget")
@results_argument
@click.option(
    "--all", "everything", is_flag=True, help="Also delete the tables written from the results."
)
def forget_command(results: Path, everything: bool) -> None:
    """Overwrite and delete the pictures and the database of RESULTS; say what is left.

    RESULTS is the file that `inkdigits form read` wrote, such as results.csv.
    """
    path = database_path(results)
    left = forget(path, everything)
    click.echo(f"Deleted {printable(str(path))}, with all pictures of handwriting.")
    if left:
        names = ", ".join(printable(str(each)) for each in left)
        click.echo(f"Left, with the values: {names}. --all deletes such files too.")
    click.echo("The photos and scans, and copies of files, are not touched.")


def _opened(profile: str) -> Callable[[Sequence[tuple[bytes, int]]], None]:
    """Open a profile, and return what adds pictures of digits to it.

    raises   ClickException if it cannot be opened
    """
    from inkdigits.cli.teach_effect import load_base
    from inkdigits.cli.teach_samples import add_pictures
    from inkdigits.personal import Profile, ProfileError

    try:
        opened = Profile.open(profile)
    except ProfileError as error:
        raise click.ClickException(str(error)) from None

    def learn(pictures: Sequence[tuple[bytes, int]]) -> None:
        try:
            added = add_pictures(opened, load_base(DEFAULT_MODEL), pictures, "form")
        except ProfileError as error:
            raise click.ClickException(str(error)) from None
        if not added:
            click.echo("Nothing to add to the profile: no field with digits was answered.")

    return learn


def _answers(store: Store) -> dict[int, str]:
    """Return the value of each field that a person has answered."""
    return {field.id: field.value for field in store.fields() if field.who is not None}


def _count(store: Store) -> tuple[int, int]:
    """Return how many fields wait for a person, and how many were answered."""
    threshold, fields = store.threshold, store.fields()
    waiting = sum(field.needs_review(threshold) for field in fields)
    return waiting, sum(field.who is not None for field in fields)


def _fields(count: int) -> str:
    return f"{count:,} {'field' if count == 1 else 'fields'}"


def _clean(name: str | None) -> str:
    """Return a name as the page would send it."""
    name = " ".join((name or "").split())[:MAX_WHO]
    return name if name.isprintable() else ""


def _user_name() -> str | None:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a system without names of users
        return None
