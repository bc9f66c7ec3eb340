"""The command `inkdigits evaluate`: accuracy on the test digits, and on unseen writers."""

import json
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from inkdigits.arrays import Array, Labels, Pixels
from inkdigits.cli.curves import records_of
from inkdigits.cli.options import data_dir_option, model_argument
from inkdigits.cli.report import Mistake, render_report
from inkdigits.constants import CLASSES, IMAGE_SIDE
from inkdigits.data import mnist
from inkdigits.evaluation import WriterMetrics, evaluate_writers
from inkdigits.metrics import Coverage, Metrics, measure, risk_coverage
from inkdigits.model_file import locate
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import write_atomically

MISTAKES_SHOWN = 4  # on the terminal
MISTAKES_REPORTED = 24  # in the report
SHADES = " ░▒▓█"


@click.command("evaluate")
@model_argument
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Also write a self-contained HTML report to this file; needs the extra `plots`.",
)
@data_dir_option
def evaluate_command(model: str, as_json: bool, report: Path | None, data_dir: Path | None) -> None:
    """Measure MODEL, a file or a shipped model's name, on MNIST's 10,000 test digits.

    If the files of Pendigits or UNIPEN are there, also on their writers that no recipe trains on.
    """
    recognizer = Recognizer.load(model)
    records = [] if report is None else records_of(locate(model), recognizer.model)
    digits = mnist.load("test", data_dir)
    console = Console(highlight=False, soft_wrap=True, stderr=as_json)
    with console.status(f"Evaluating {len(digits):,} digits"):
        batch = recognizer.predict_batch(recognizer.preprocess_mnist(digits.images))
    metrics = measure(batch.probabilities, digits.labels)
    coverage = risk_coverage(batch.probabilities, digits.labels)
    rejected = int(batch.rejected.sum())
    mistakes = _most_confident_mistakes(batch.probabilities, digits.labels, digits.images)
    with console.status("Evaluating digits of other people"):
        sources = evaluate_writers(recognizer, data_dir)

    if as_json:
        about = {
            "model": recognizer.name,
            "recipe": recognizer.describe().recipe,
            "digest": recognizer.digest,
            "data": dict(digits.hashes),
            "rejected": rejected,
            "risk_coverage": [asdict(point) for point in coverage],
            "writers": {name: asdict(metrics) for name, metrics in sources.items()},
        }
        click.echo(json.dumps(about | asdict(metrics)))
    else:
        _show(console, recognizer, metrics, rejected, mistakes[:MISTAKES_SHOWN])
        _show_coverage(console, coverage, metrics.total)
        if sources:
            _show_writers(console, sources)
    if report is not None:
        html = render_report(
            recognizer,
            metrics,
            mistakes[:MISTAKES_REPORTED],
            rejected=rejected,
            coverage=coverage,
            writers=sources,
            records=records,
        )
        write_atomically(report, html.encode())
        console.print(f"Report: {report}", markup=False)


def _most_confident_mistakes(probabilities: Array, labels: Labels, images: Pixels) -> list[Mistake]:
    """Return the wrong predictions, the most confident first."""
    predicted = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
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
    rejected: int,
    mistakes: list[Mistake],
) -> None:
    low, high = metrics.interval
    console.print(
        f"[bold]{escape(recognizer.name)}[/]: accuracy [bold]{metrics.accuracy:.2%}[/] on "
        f"{metrics.total:,} test digits ({metrics.correct:,} correct; "
        f"95% interval {low:.2%} to {high:.2%})"
    )
    console.print(
        f"log loss {metrics.log_loss:.4f}, Brier score {metrics.brier:.4f}, "
        f"expected calibration error {metrics.calibration_error:.2%}; "
        f"{rejected:,} rejected as not a digit\n"
    )
    console.print("Confusion matrix (rows: label, columns: prediction):")
    console.print(_table(metrics))
    if mistakes:
        console.print("\nMost confident mistakes:")
        console.print(Columns([_drawn(mistake) for mistake in mistakes], padding=(0, 3)))


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


def _show_writers(console: Console, sources: dict[str, WriterMetrics]) -> None:
    """Show the accuracy on the writers of each source, and who the worst ones are."""
    table = Table("source", box=None, pad_edge=False, header_style="bold")
    for heading in ("writers", "accuracy", "95% interval", "rejected", "answered"):
        table.add_column(heading, justify="right")
    for name, metrics in sources.items():
        by_writer = metrics.by_writer
        low, high = by_writer.interval
        table.add_row(
            name,
            f"{len(by_writer.writers)}",
            f"[bold]{by_writer.mean:.2%}[/]",
            f"{low:.1%}-{high:.1%}",
            f"{metrics.rejected / metrics.total:.2%}",
            f"{metrics.answered / metrics.total:.2%}",
        )
    console.print(
        "\nPeople whose digits no recipe trains on: the accuracy is the mean over writers;\n"
        "answered digits are accepted and right:"
    )
    console.print(table)
    for name, metrics in sources.items():
        worst = (f"{writer.writer} {writer.accuracy:.2%}" for writer in metrics.worst_writers)
        if metrics.worst_writers:
            console.print(f"Worst of {name}: {', '.join(worst)} answered", markup=False)


def _table(metrics: Metrics) -> Table:
    """Lay out each digit's precision and recall beside the confusion matrix."""
    table = Table(box=None, padding=(0, 1), pad_edge=False, header_style="bold")
    for heading in ("digit", "precision", "recall", *map(str, range(CLASSES))):
        table.add_column(heading, justify="right", no_wrap=True)
    for digit, row in enumerate(metrics.confusion):
        cells = [
            f"[green]{count}[/]" if predicted == digit else f"[red]{count}[/]" if count else "·"
            for predicted, count in enumerate(row)
        ]
        table.add_row(
            f"[bold]{digit}[/]",
            f"{metrics.precision[digit]:.2%}",
            f"{metrics.recall[digit]:.2%}",
            *cells,
        )
    return table


def _drawn(mistake: Mistake) -> Text:
    """Draw an image in characters, two rows of pixels per line to look about square."""
    pairs = mistake.image.reshape(IMAGE_SIDE // 2, 2, IMAGE_SIDE).mean(axis=1)
    levels = np.rint(pairs / 255 * (len(SHADES) - 1)).astype(int)
    lines = ["".join(SHADES[level] for level in row) for row in levels]
    caption = f"{mistake.label} as {mistake.predicted} ({mistake.confidence:.0%})"
    return Text("\n".join([*lines, f"{caption:^{IMAGE_SIDE}}"]), no_wrap=True)
