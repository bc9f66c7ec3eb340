"""The command `inkdigits form read`: from photos and scans of sheets to a table."""

import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from inkdigits.cli.cluster_recognition import (
    cluster_place,
    on_option,
    part_size_option,
    recognize_on_cluster,
)
from inkdigits.cli.console import printable
from inkdigits.cli.image_files import find_images
from inkdigits.cli.options import model_option
from inkdigits.cli.profile_options import load_recognizer, profile_option
from inkdigits.cli.recognition import exit_on_signal
from inkdigits.constants import DIGITS
from inkdigits.forms.export import check_table, export, export_again
from inkdigits.forms.read_many import Page, choose_workers, read_many
from inkdigits.forms.results import StoredForm
from inkdigits.forms.scanned_form import ScannedForm, load_any_form
from inkdigits.forms.scanned_page import load_scan
from inkdigits.forms.sources import SOURCE_SUFFIXES, PageError
from inkdigits.forms.store import DEFAULT_THRESHOLD, Store, database_path
from inkdigits.worker_pool import WorkerDied, use_one_thread

PART_SIZE = 32  # files whose results are one file, with --on; a sheet takes a second or more


@click.command("read")
@click.argument("form", type=click.Path(path_type=Path))
@click.argument("sources", nargs=-1, required=True, metavar="SOURCE...")
@click.option(
    "-o",
    "--output",
    required=True,
    help="The table to write: a .csv, .json or .parquet file. With --on, a folder or URL.",
)
@click.option(
    "--review",
    "threshold",
    type=click.FloatRange(0, 1),
    default=DEFAULT_THRESHOLD,
    show_default=True,
    help="Confidence below which a person should look at a field.",
)
@click.option(
    "--photocopies",
    is_flag=True,
    help="Accept several sheets with the same number, such as photocopies of one print.",
)
@click.option("-r", "--recursive", is_flag=True, help="Also search the folders in folders.")
@model_option
@profile_option
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help="Number of processes that read sheets.  [default: one for each CPU, and at most one "
    "for each file if none has several pages]",
)
@on_option
@part_size_option(PART_SIZE)
def read_command(
    form: Path,
    sources: tuple[str, ...],
    output: str,
    threshold: float,
    photocopies: bool,
    recursive: bool,
    model: str,
    profile: str | None,
    workers: int | None,
    on: str | None,
    part_size: int | None,
) -> None:
    """Recognize the numbers on sheets of a form, and write them to a table.

    FORM is the TOML file that the sheets were printed from. SOURCE is a photo, scan or PDF file, or
    a folder of them. The results are kept in a file beside the table, sheet by sheet: if the
    command is stopped, it continues there when it is run again. With --on, there is no such file:
    the table is a folder with a row for each field, which the same command continues.
    """
    place = cluster_place(on, output, part_size, PART_SIZE)
    table = Path(output)
    if place is None:
        check_table(table)
    elif photocopies:
        raise click.UsageError("--on accepts photocopies of a sheet: leave out --photocopies.")
    described = load_any_form(form)
    if isinstance(described, ScannedForm):
        try:
            load_scan(described)
        except PageError as error:  # which would be told of every page
            raise click.ClickException(str(error)) from None
    recognizer = load_recognizer(model, profile)
    if recognizer.model.classes != DIGITS:
        raise click.UsageError(f"--model {model} does not recognize digits; name one that does.")
    if place is not None:
        from inkdigits.scale.form_task import FormTask

        task = FormTask.of(described, recognizer, threshold)
        recognize_on_cluster(task, sources, place, recursive, workers)
        return
    use_one_thread()
    signal.signal(signal.SIGTERM, exit_on_signal)  # so that the workers end first
    found = find_images(sources, recursive, SOURCE_SUFFIXES)
    for name, reason in found.errors:
        click.echo(f"Error: {printable(name)}: {reason}", err=True)
    if skipped := found.describe_skipped():
        click.echo(skipped, err=True)
    if not found.images:
        raise click.ClickException(
            f"{', '.join(map(printable, sources))} contains no sheets: name a folder of photos, "
            "scans or PDF files."
        )
    started = time.monotonic()
    failed: list[Page] = []
    counts: Counter[str] = Counter()
    stored = StoredForm(described.identity, described.title, described.fields)
    with Store.create(database_path(table), stored) as store:
        store.threshold = threshold
        if store.rules_changed:
            click.echo(
                "The form has other rules than before: sheets that were read before keep their "
                "values; write to another table to read them again.",
                err=True,
            )
        workers = workers or choose_workers(found.images)
        pages = read_many(found.images, described, recognizer, store, workers, photocopies)
        try:
            with _progress(len(found.images)) as advance:
                for page in pages:
                    counts[page.status] += 1
                    if page.problem is not None:
                        failed.append(page)
                    advance(page)
        except WorkerDied as error:
            raise click.ClickException(str(error)) from None
        finally:
            pages.close()
            # Also if it is stopped: the tables have what was read until then.
            export(store, table)
            export_again(store, table)
        fields = store.fields()
        counts["fields"] = len(fields)
        counts["doubtful"] = sum(field.needs_review(threshold) for field in fields)
    for page in failed:
        click.echo(f"Not read: {_place(page)}: {page.problem}", err=True)
    click.echo(_summary(counts, table, time.monotonic() - started), err=True)
    if failed or found.errors:
        sys.exit(1)


def _place(page: Page) -> str:
    return f"{printable(page.source)}{f', page {page.number}' if page.number > 1 else ''}"


def _summary(counts: Counter[str], output: Path, seconds: float) -> str:
    before = f", {counts['before']:,} read before" if counts["before"] else ""
    failed = f", {counts['failed']:,} not read" if counts["failed"] else ""
    sheets = f"{counts['read']:,} {'sheet' if counts['read'] == 1 else 'sheets'} read"
    rate = 60 * counts["read"] / max(seconds, 1e-3)
    return (
        f"{printable(str(output))}: {sheets}{failed}{before} in {seconds:.1f} s ({rate:,.0f} per "
        f"minute); {counts['doubtful']:,} of {counts['fields']:,} fields to review."
    )


@contextmanager
def _progress(files: int) -> Iterator[Callable[[Page], None]]:
    """Show how many files are done, and how long the rest takes.

    returns  a function to call with each page
    """
    if not sys.stderr.isatty():
        yield lambda page: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("Reading"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files, {task.fields[pages]} sheets"),
        TimeRemainingColumn(),
    )
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=files, pages=0)
        seen: set[str] = set()
        pages = 0

        def advance(page: Page) -> None:
            nonlocal pages
            pages += page.status == "read"
            seen.add(page.source)
            # A file is done when the next one has begun.
            bar.update(task, completed=len(seen) - 1, pages=f"{pages:,}")

        yield advance
