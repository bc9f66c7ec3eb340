"""The command `inkdigits predict`: which digit do these images show?"""

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import FrameType

import click

from inkdigits.cli.console import printable
from inkdigits.cli.image_files import find_images
from inkdigits.cli.options import model_option
from inkdigits.cli.prediction_output import Writer, csv_writer, text_writer, write_json
from inkdigits.imaging.formats import SUFFIXES
from inkdigits.imaging.limits import LARGE_FILES
from inkdigits.preprocessing_pool import IMAGES_PER_WORKER, choose_workers
from inkdigits.recognizer import Prediction, Recognizer
from inkdigits.worker_pool import WorkerDied, use_one_thread

Show = Callable[[str], None]


@click.command("predict")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@model_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object per image, one per line."
)
@click.option(
    "--csv",
    "csv_path",
    metavar="FILE",
    help="Write a table with a row for each image to this file, or to standard output if it is -.",
)
@click.option("-r", "--recursive", is_flag=True, help="Also search the folders in folders.")
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help=f"Number of processes that read images.  [default: one for every {IMAGES_PER_WORKER} "
    "images, at least one, and at most one for each CPU]",
)
def predict_command(
    files: tuple[str, ...],
    model: str,
    as_json: bool,
    csv_path: str | None,
    recursive: bool,
    workers: int | None,
) -> None:
    """Recognize the digit in each FILE.

    FILE is a PNG, JPEG, WebP, GIF, BMP, TIFF, HEIC or AVIF image, a folder of them, or - for
    standard input.
    """
    if csv_path == "-" and as_json:
        raise click.UsageError("--json and --csv - both write to standard output; choose one.")
    if csv_path and os.path.splitext(csv_path)[1].lower() in SUFFIXES:
        raise click.UsageError(
            f"--csv {csv_path} would overwrite an image; name a file that ends in .csv."
        )
    recognizer = Recognizer.load(model)
    use_one_thread()
    signal.signal(signal.SIGTERM, _exit_on_signal)  # so that the workers end first
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
    classes = recognizer.model.classes
    started = time.monotonic()
    counts: Counter[str] = Counter()
    with ExitStack() as stack:
        writers: list[Writer] = []
        if csv_path:
            writers.append(stack.enter_context(csv_writer(csv_path, classes)))
        if as_json:
            writers.append(write_json)
        elif not csv_path:
            writers.append(text_writer(classes))
        # A progress bar would disturb results that are printed to the same terminal.
        prints = as_json or csv_path in (None, "-")
        quiet = not sys.stderr.isatty() or (prints and sys.stdout.isatty())
        report, progress = stack.enter_context(_progress(len(found.images), quiet))
        results = recognizer.recognize_many(
            _contents(found.images),
            workers or choose_workers(len(found.images)),
            progress,
            LARGE_FILES,
        )
        try:
            for name, result in zip(found.images, results, strict=True):
                prediction = result if isinstance(result, Prediction) else None
                for write in writers:
                    write(name, prediction)
                if isinstance(result, Prediction):
                    counts["rejected" if result.label is None else "recognized"] += 1
                else:
                    # The other images are still processed; the exit status reports the failure.
                    why = getattr(result, "strerror", None) or str(result)
                    if isinstance(result, FileNotFoundError):
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


def _exit_on_signal(number: int, frame: FrameType | None) -> None:
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
