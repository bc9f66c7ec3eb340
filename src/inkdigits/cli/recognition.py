"""Recognize what many image files show, and write the results: for `predict` and `number`."""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Generic, TypeAlias, TypeVar

import click

from inkdigits.cli.console import printable
from inkdigits.cli.image_files import find_images
from inkdigits.imaging.errors import ImageError
from inkdigits.imaging.formats import SUFFIXES
from inkdigits.imaging.limits import LARGE_FILES
from inkdigits.worker_pool import WorkerDied, use_one_thread

T = TypeVar("T")
Writer: TypeAlias = Callable[[str, T | None], None]  # the name of a file, and its result if any
Show: TypeAlias = Callable[[str], None]
Contents: TypeAlias = Iterable[str | bytes | OSError]

json_lines_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object per image, one per line."
)
csv_option = click.option(
    "--csv",
    "csv_path",
    metavar="FILE",
    help="Write a table with a row for each image to this file, or to standard output if it is -.",
)
recursive_option = click.option(
    "-r", "--recursive", is_flag=True, help="Also search the folders in folders."
)


@dataclass(frozen=True)
class Outputs(Generic[T]):
    """How results are written.

    text         prints one
    json         prints one as JSON
    table        opens a table for the path of --csv, and returns what writes a row
    is_rejected  whether nothing was recognized
    """

    text: Writer[T]
    json: Writer[T]
    table: Callable[[str], AbstractContextManager[Writer[T]]]
    is_rejected: Callable[[T], bool]


def workers_option(images: int) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Make the option --workers; its default is one for every so many images."""
    return click.option(
        "--workers",
        type=click.IntRange(min=1),
        help=f"Number of processes that read images.  [default: one for every {images} images, at "
        "least one, and at most one for each CPU]",
    )


def check_outputs(csv_path: str | None, as_json: bool) -> None:
    """Raise UsageError if the outputs contradict each other, or one is an image."""
    if csv_path == "-" and as_json:
        raise click.UsageError("--json and --csv - both write to standard output; choose one.")
    if csv_path and os.path.splitext(csv_path)[1].lower() in SUFFIXES:
        raise click.UsageError(
            f"--csv {csv_path} would overwrite an image; name a file that ends in .csv."
        )


def recognize_files(
    files: Sequence[str],
    recursive: bool,
    csv_path: str | None,
    as_json: bool,
    recognize: Callable[[Contents, int, Callable[[int], None]], Iterator[T | ImageError | OSError]],
    outputs: Outputs[T],
) -> None:
    """Recognize the images among files and folders, write the results, and show the progress.

    Exits with status 1 if an image or a folder cannot be read.

    recognize  takes the names of the images, or what one contains or why it cannot be read; how
               many there are; and a function to call with the number that are done
    raises     ClickException
    """
    use_one_thread()
    signal.signal(signal.SIGTERM, exit_on_signal)  # so that the workers end first
    found = find_images(files, recursive)
    for name, reason in found.errors:
        click.echo(f"Error: {printable(name)}: {reason}", err=True)
    skipped = found.describe_skipped()
    if skipped:
        click.echo(skipped, err=True)
    if not found.images:
        names = ", ".join(map(printable, files))
        raise click.ClickException(
            f"{names} contains no images: name a folder of {', '.join(sorted(SUFFIXES))} files."
        )
    started = time.monotonic()
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        writers: list[Writer[T]] = []
        if csv_path:
            writers.append(stack.enter_context(outputs.table(csv_path)))
        if as_json:
            writers.append(outputs.json)
        elif not csv_path:
            writers.append(outputs.text)
        # A progress bar would disturb results that are printed to the same terminal.
        prints = as_json or csv_path in (None, "-")
        quiet = not sys.stderr.isatty() or (prints and sys.stdout.isatty())
        report, progress = stack.enter_context(_progress(len(found.images), quiet))
        results = recognize(_contents(found.images), len(found.images), progress)
        try:
            for name, result in zip(found.images, results, strict=True):
                failure = result if isinstance(result, (ImageError, OSError)) else None
                recognized = None if isinstance(result, (ImageError, OSError)) else result
                for write in writers:
                    write(name, recognized)
                if recognized is not None:
                    counts["rejected" if outputs.is_rejected(recognized) else "recognized"] += 1
                else:
                    # The other images are still processed; the exit status reports the failure.
                    why = getattr(failure, "strerror", None) or str(failure)
                    if isinstance(failure, FileNotFoundError):
                        why += "; check the name."
                    report(f"Error: {printable(name)}: {why}")
                    counts["failed"] += 1
        except WorkerDied as error:
            raise click.ClickException(str(error)) from None
    if len(found.images) > 1:
        click.echo(_summary(counts, time.monotonic() - started), err=True)
    if counts["failed"] or found.errors:
        sys.exit(1)


def _summary(counts: Counter[str], seconds: float) -> str:
    total = counts.total()
    rejected = f"{counts['rejected']:,} blank or rejected, " if counts["rejected"] else ""
    failed = f"{counts['failed']:,} could not be read, " if counts["failed"] else ""
    return (
        f"{counts['recognized']:,} of {total:,} images recognized, {rejected}{failed}"
        f"in {seconds:.1f} s ({total / max(seconds, 1e-3):,.0f} per second)."
    )


@contextmanager
def _progress(total: int, quiet: bool) -> Iterator[tuple[Show, Callable[[int], None]]]:
    """Show how many images are done, how fast, and how long the rest takes.

    quiet    show nothing
    returns  a function that shows a line of text, and one to call with the number of images
    """
    if quiet:
        yield lambda line: click.echo(line, err=True), lambda done: None
        return
    # Imported here: it takes longer than recognizing an image.
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns = (
        TextColumn("Recognizing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]} per second"),
        TimeRemainingColumn(),
    )
    started = time.monotonic()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=total, rate="-")

        def progress(done: int) -> None:
            rate = done / max(time.monotonic() - started, 1e-3)
            bar.update(task, completed=done, rate=f"{rate:,.0f}")

        yield lambda line: console.print(line, markup=False), progress


def exit_on_signal(number: int, frame: FrameType | None) -> None:
    """Exit with the status that shells expect; for `signal.signal`."""
    sys.exit(128 + number)


def _contents(names: Sequence[str]) -> Iterator[str | bytes | OSError]:
    """Return each file's name, but what standard input contains, or why it cannot be read."""
    for name in names:
        if name != "-":
            yield name
            continue
        try:
            yield sys.stdin.buffer.read(LARGE_FILES.bytes + 1)
        except OSError as error:
            yield error
