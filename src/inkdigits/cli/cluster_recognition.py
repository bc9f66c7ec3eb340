"""Recognize pictures on a Ray cluster: the option --on of `predict`, `number` and `form read`."""

import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from inkdigits.cli.console import printable
from inkdigits.cli.recognition import exit_on_signal

if TYPE_CHECKING:
    from inkdigits.scale.recognition import Summary
    from inkdigits.scale.tasks import Task

PART_SIZE = 1024  # pictures whose results are one file, by default

on_option = click.option(
    "--on",
    metavar="ray|ray://HOST",
    help="Recognize on a Ray cluster: ray starts one on this machine, or takes the one that "
    "RAY_ADDRESS names. SOURCE may then also be a shard, a Parquet file or a URL.",
)
results_option = click.option(
    "-o",
    "--output",
    metavar="FOLDER",
    help="With --on: the folder or URL of the results, which the same command continues.",
)


def part_size_option(default: int) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Make the option --part-size."""
    return click.option(
        "--part-size",
        type=click.IntRange(min=1, max=1_000_000),
        help="With --on: the largest number of files whose results are one file.  "
        f"[default: {default:,}]",
    )


@dataclass(frozen=True)
class Place:
    """Where a command computes, and where it writes the results.

    on         the address of a cluster
    output     a folder or a URL
    part_size  the largest number of files whose results are one file
    """

    on: str
    output: str
    part_size: int


def cluster_place(
    on: str | None, output: str | None, part_size: int | None, default_size: int
) -> Place | None:
    """Return where to compute; None without --on.

    raises   UsageError if options are missing that --on needs, or that need it
    """
    if on is None:
        if part_size is not None:
            raise click.UsageError("--part-size divides the work of --on ray; add that.")
        return None
    if output is None:
        raise click.UsageError("--on writes its results to a folder: name it with -o.")
    return Place(on, output, part_size or default_size)


def check_one_output(
    on: str | None, output: str | None, csv_path: str | None, as_json: bool
) -> None:
    """Raise UsageError for outputs that another place of computing has."""
    if on is None and output is not None:
        raise click.UsageError("-o names a folder for the results of --on ray; add that.")
    if on is not None and (csv_path is not None or as_json):
        raise click.UsageError("--on writes a folder of Parquet files: leave out --csv and --json.")


def recognize_on_cluster(
    task: "Task", sources: Sequence[str], place: Place, recursive: bool, workers: int | None
) -> None:
    """Recognize the pictures of sources on a Ray cluster, and show the progress.

    Exits with status 1 if a picture cannot be recognized.

    raises   FileError; OSError; UsageError for standard input, which the workers do not have
    """
    if "-" in sources:
        raise click.UsageError("--on does not take standard input: name a file, folder or URL.")
    from inkdigits.scale.cluster import connected
    from inkdigits.scale.recognition import recognize
    from inkdigits.scale.results import Results
    from inkdigits.scale.sources import plan_parts

    size = place.part_size
    signal.signal(signal.SIGTERM, exit_on_signal)  # so that the workers end first
    parts = plan_parts(sources, recursive=recursive, suffixes=task.suffixes, part_size=size)
    results = Results(place.output)
    settings = {
        "sources": [printable(source) for source in sources],
        "recursive": recursive,
        "part_size": size,
    }
    with connected(place.on) as cluster, _progress() as on_progress:
        summary = recognize(
            cluster, task, parts, results, on_progress, settings=settings, workers=workers
        )
    click.echo(_describe(summary, place.output, task.kind), err=True)
    if summary.counts["failed"]:
        sys.exit(1)


def _describe(summary: "Summary", output: str, kind: str) -> str:
    counts = summary.counts
    doubtful = "to review" if kind == "forms" else "blank or rejected"
    rejected = f"{counts['rejected']:,} {doubtful}, " if counts["rejected"] else ""
    failed = f"{counts['failed']:,} could not be read, " if counts["failed"] else ""
    rate = summary.new_rows / max(summary.seconds, 1e-3)
    before = (
        f" {summary.before:,} of {summary.parts:,} parts were done before."
        if summary.before
        else ""
    )
    return (
        f"{printable(output)}: {counts['recognized']:,} of {counts.total():,} rows recognized, "
        f"{rejected}{failed}in {summary.seconds:.1f} s ({rate:,.0f} per second).{before}"
    )


@contextmanager
def _progress() -> Iterator[Callable[["Summary"], None]]:
    """Show how many rows are done, and how fast; how many there will be is not known."""
    if not sys.stderr.isatty():
        yield lambda summary: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        TextColumn("Recognizing"),
        BarColumn(),
        TextColumn("{task.completed:,} in {task.fields[parts]} parts"),
        TextColumn("{task.fields[rate]} per second"),
        TimeElapsedColumn(),
    )
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None, parts="0", rate="-")

        def on_progress(summary: "Summary") -> None:
            rate = summary.new_rows / max(summary.seconds, 1e-3)
            bar.update(
                task,
                completed=summary.counts.total(),
                parts=f"{summary.parts:,}",
                rate=f"{rate:,.0f}",
            )

        yield on_progress
