"""The command `inkdigits evaluate`: accuracy on the test digits, and on unseen writers."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from inkdigits.arrays import Array, Labels, Pixels
from inkdigits.cli.class_tables import show_classes
from inkdigits.cli.console import printable
from inkdigits.cli.curves import records_of
from inkdigits.cli.options import data_dir_option, json_option, model_argument
from inkdigits.cli.own_data import (
    CLASSES_NEED_DATA,
    DataCommand,
    classes_option,
    data_option,
    load_images,
)
from inkdigits.cli.report import Mistake, render_report
from inkdigits.constants import DIGITS, IMAGE_SIDE
from inkdigits.data import mnist
from inkdigits.data.labeled import match_classes
from inkdigits.evaluation import WriterMetrics, evaluate_writers, measure_writers, predict_images
from inkdigits.metrics import Coverage, Metrics, measure, risk_coverage
from inkdigits.model_file import locate
from inkdigits.preprocessing_pool import choose_workers
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import write_atomically
from inkdigits.worker_pool import WorkerDied

MISTAKES_SHOWN = 4  # on the terminal
MISTAKES_REPORTED = 24  # in the report
NAME_WIDTH = 9  # characters of a class below an image
SHADES = " ░▒▓█"


@click.command("evaluate", cls=DataCommand)
@model_argument
@json_option
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Also write a self-contained HTML report to this file; needs the extra `plots`.",
)
@data_option
@classes_option
@data_dir_option
def evaluate_command(
    model: str,
    as_json: bool,
    report: Path | None,
    data: tuple[str, ...],
    classes: str | None,
    data_dir: Path | None,
) -> None:
    """Measure MODEL, a file or a shipped model's name, on MNIST's 10,000 test digits, or on --data.

    Without --data, if the files of Pendigits or UNIPEN are there, also on their writers that no
    recipe trains on.
    """
    if not data and classes is not None:
        raise click.UsageError(CLASSES_NEED_DATA)
    recognizer = Recognizer.load(model)
    records = [] if report is None else records_of(locate(model), recognizer.model)
    console = Console(highlight=False, soft_wrap=True, stderr=as_json)
    if not data:
        tested = _test_mnist(recognizer, data_dir, console)
    else:
        tested = _test_own(recognizer, data, classes, data_dir, console)
    metrics = measure(tested.probabilities, tested.labels)
    coverage = risk_coverage(tested.probabilities, tested.labels)
    rejected = int(tested.rejected.sum())
    mistakes = _most_confident_mistakes(tested)

    if as_json:
        about = {
            "model": recognizer.name,
            "recipe": recognizer.describe().recipe,
            "digest": recognizer.digest,
            "data": dict(tested.hashes),
            "classes": recognizer.model.classes,
            "rejected": rejected,
            "risk_coverage": [asdict(point) for point in coverage],
            "writers": {name: asdict(metrics) for name, metrics in tested.writers.items()},
        }
        click.echo(json.dumps(about | asdict(metrics)))
    else:
        _show(console, recognizer, metrics, tested, rejected, mistakes[:MISTAKES_SHOWN])
        _show_coverage(console, coverage, metrics.total)
        if tested.writers:
            _show_writers(console, tested)
    if report is not None:
        html = render_report(
            recognizer,
            metrics,
            mistakes[:MISTAKES_REPORTED],
            tested.name,
            rejected=rejected,
            coverage=coverage,
            writers=tested.writers,
            are_own=tested.are_own,
            records=records,
        )
        write_atomically(report, html.encode())
        console.print(f"Report: {report}", markup=False)


@dataclass(frozen=True, eq=False)
class Tested:
    """Images, and what the model predicts for them.

    name           of the images, in the plural
    images         uint8 (N, 28, 28)
    labels         int (N,)
    probabilities  float64 (N, C)
    rejected       bool (N,)
    hashes         file name -> SHA-256
    writers        metrics by source
    are_own        whether a person has brought the images
    """

    name: str
    images: Pixels
    labels: Labels
    probabilities: Array
    rejected: NDArray[np.bool_]
    hashes: Mapping[str, str]
    writers: Mapping[str, WriterMetrics]
    are_own: bool = False


def _test_mnist(recognizer: Recognizer, data_dir: Path | None, console: Console) -> Tested:
    if recognizer.model.classes != DIGITS:
        raise click.ClickException(
            f"The classes of {recognizer.name} are not the ten digits, so MNIST cannot measure it: "
            "name test data with --data."
        )
    digits = mnist.load("test", data_dir)
    with console.status(f"Evaluating {len(digits):,} digits"):
        batch = recognizer.predict_batch(recognizer.preprocess_mnist(digits.images))
    with console.status("Evaluating digits of other people"):
        writers = evaluate_writers(recognizer, data_dir)
    predicted = batch.probabilities, batch.rejected
    return Tested("test digits", digits.images, digits.labels, *predicted, digits.hashes, writers)


def _test_own(
    recognizer: Recognizer,
    sources: Sequence[str],
    names: str | None,
    data_dir: Path | None,
    console: Console,
) -> Tested:
    images = match_classes(load_images(sources, names, "test", data_dir), recognizer.model.classes)
    for note in images.notes:
        console.print(note, style="yellow", markup=False)
    workers = choose_workers(len(images))
    try:
        with console.status(f"Evaluating {len(images):,} images"):
            predictions, pictures = predict_images(recognizer, images, workers)
    except WorkerDied as error:
        raise click.ClickException(str(error)) from None
    writers = {}
    if images.writers is not None:
        writers[images.name] = measure_writers(predictions, images.labels, images.writers)
    return Tested(
        f"images of {images.name}",
        pictures,
        images.labels,
        predictions.probabilities,
        predictions.rejected,
        images.hashes,
        writers,
        are_own=True,
    )


def _most_confident_mistakes(tested: Tested) -> list[Mistake]:
    """Return the wrong predictions, the most confident first."""
    images, labels = tested.images, tested.labels
    predicted = tested.probabilities.argmax(axis=1)
    confidence = tested.probabilities.max(axis=1)
    wrong = np.flatnonzero(predicted != labels)
    return [
        Mistake(
            number=int(number),
            image=images[number],
            label=int(labels[number]),
            predicted=int(predicted[number]),
            confidence=float(confidence[number]),
        )
        for number in wrong[np.argsort(-confidence[wrong], kind="stable")]
    ]


def _show(
    console: Console,
    recognizer: Recognizer,
    metrics: Metrics,
    tested: Tested,
    rejected: int,
    mistakes: list[Mistake],
) -> None:
    classes = recognizer.model.classes
    low, high = metrics.interval
    console.print(
        f"[bold]{escape(recognizer.name)}[/]: accuracy [bold]{metrics.accuracy:.2%}[/] on "
        f"{metrics.total:,} {escape(tested.name)} ({metrics.correct:,} correct; "
        f"95% interval {low:.2%} to {high:.2%})"
    )
    console.print(
        f"log loss {metrics.log_loss:.4f}, Brier score {metrics.brier:.4f}, "
        f"expected calibration error {metrics.calibration_error:.2%}; "
        f"{rejected:,} rejected {'as not a digit' if classes == DIGITS else 'as blank'}\n"
    )
    show_classes(console, metrics, classes)
    if mistakes:
        console.print("\nMost confident mistakes:")
        drawn = [_drawn(mistake, classes) for mistake in mistakes]
        console.print(Columns(drawn, padding=(0, 3)))


def _show_coverage(console: Console, coverage: tuple[Coverage, ...], total: int) -> None:
    """Show how many predictions each confidence threshold accepts, and how many are wrong."""
    table = Table("confidence", "accepted", "coverage", "wrong", box=None, header_style="bold")
    for column in table.columns:
        column.justify = "right"
    for point in coverage:
        share = point.accepted / total
        table.add_row(
            f"{point.threshold:.1%}", f"{point.accepted:,}", f"{share:.2%}", f"{point.wrong}"
        )
    console.print("\nRisk and coverage, if only predictions above a confidence are accepted:")
    console.print(table)


def _show_writers(console: Console, tested: Tested) -> None:
    """Show the accuracy on the writers of each source, and who the worst ones are."""
    table = Table("source", box=None, pad_edge=False, header_style="bold")
    for heading in ("writers", "accuracy", "95% interval", "rejected", "answered"):
        table.add_column(heading, justify="right")
    for name, metrics in tested.writers.items():
        by_writer = metrics.by_writer
        low, high = by_writer.interval
        table.add_row(
            escape(name),
            f"{len(by_writer.writers)}",
            f"[bold]{by_writer.mean:.2%}[/]",
            f"{low:.1%}-{high:.1%}",
            f"{metrics.rejected / metrics.total:.2%}",
            f"{metrics.answered / metrics.total:.2%}",
        )
    people = "By writer" if tested.are_own else "People whose digits no recipe trains on"
    console.print(
        f"\n{people}: the accuracy is the mean over writers;\n"
        "answered digits are accepted and right:"
    )
    console.print(table)
    for name, metrics in tested.writers.items():
        worst = (
            f"{printable(str(writer.writer))} {writer.accuracy:.2%}"
            for writer in metrics.worst_writers
        )
        if metrics.worst_writers:
            console.print(f"Worst of {name}: {', '.join(worst)} answered", markup=False)


def _drawn(mistake: Mistake, classes: Sequence[str]) -> Text:
    """Draw an image in characters, two rows of pixels per line to look about square."""
    pairs = mistake.image.reshape(IMAGE_SIDE // 2, 2, IMAGE_SIDE).mean(axis=1)
    levels = np.rint(pairs / 255 * (len(SHADES) - 1)).astype(int)
    lines = ["".join(SHADES[level] for level in row) for row in levels]
    label, predicted = (classes[n][:NAME_WIDTH] for n in (mistake.label, mistake.predicted))
    caption = f"{label} as {predicted} ({mistake.confidence:.0%})"
    return Text("\n".join([*lines, f"{caption:^{IMAGE_SIDE}}"]), no_wrap=True)
