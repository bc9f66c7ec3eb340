"""The command `inkdigits evaluate`: accuracy on the test digits, and on unseen writers."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np
from rich.columns import Columns
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from inkdigits.arrays import Array, Labels, Pixels
from inkdigits.cli.options import data_dir_option, model_argument
from inkdigits.cli.report import Mistake, render_report
from inkdigits.constants import CLASSES, IMAGE_SIDE
from inkdigits.data import mnist, pendigits
from inkdigits.data.traces import select_writers
from inkdigits.metrics import (
    ByWriter,
    Coverage,
    Metrics,
    measure,
    measure_by_writer,
    risk_coverage,
)
from inkdigits.recognizer import Recognizer
from inkdigits.storage.files import write_atomically
from inkdigits.training_data import has_pendigits

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

    If the Pendigits file is there, also on the ten writers that no recipe trains on.
    """
    recognizer = Recognizer.load(model)
    digits = mnist.load("test", data_dir)
    console = Console(highlight=False, soft_wrap=True, stderr=as_json)
    with console.status(f"Evaluating {len(digits):,} digits"):
        batch = recognizer.predict_batch(recognizer.preprocess_mnist(digits.images))
    metrics = measure(batch.probabilities, digits.labels)
    coverage = risk_coverage(batch.probabilities, digits.labels)
    rejected = int(batch.rejected.sum())
    mistakes = _most_confident_mistakes(batch.probabilities, digits.labels, digits.images)
    with console.status("Evaluating the Pendigits writers"):
        writers = _evaluate_writers(recognizer, data_dir)

    if as_json:
        about = {
            "model": recognizer.name,
            "recipe": recognizer.describe().recipe,
            "digest": recognizer.digest,
            "data": dict(digits.hashes),
            "rejected": rejected,
            "risk_coverage": [asdict(point) for point in coverage],
            "pendigits_writers": None if writers is None else asdict(writers),
        }
        click.echo(json.dumps(about | asdict(metrics)))
    else:
        _show(console, recognizer, metrics, rejected, mistakes[:MISTAKES_SHOWN])
        _show_coverage(console, coverage, metrics.total)
        if writers is not None:
            _show_writers(console, writers)
    if report is not None:
        html = render_report(recognizer, metrics, mistakes[:MISTAKES_REPORTED])
        write_atomically(report, html.encode())
        console.print(f"Report: {report}", markup=False)


@dataclass(frozen=True)
class WriterMetrics:
    """Metrics on the Pendigits development writers."""

    total: int
    rejected: int
    log_loss: float
    brier: float
    by_writer: ByWriter


def _evaluate_writers(recognizer: Recognizer, data_dir: Path | None) -> WriterMetrics | None:
    """Evaluate the Pendigits writers that no recipe trains on, if their file is there."""
    if not has_pendigits(data_dir):
        return None
    traces = select_writers(pendigits.load(data_dir), pendigits.DEVELOPMENT_WRITERS)
    rendered = pendigits.render(
        traces, copies=1, seed=0, preprocess=recognizer.preprocess_ink, distort=False
    )
    batch = recognizer.predict_batch(rendered.images)
    metrics = measure(batch.probabilities, rendered.labels)
    right = batch.probabilities.argmax(axis=1) == rendered.labels
    return WriterMetrics(
        total=len(rendered),
        rejected=int(batch.rejected.sum()),
        log_loss=metrics.log_loss,
        brier=metrics.brier,
        by_writer=measure_by_writer(right, np.asarray(rendered.writers)),
    )


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


def _show_writers(console: Console, writers: WriterMetrics) -> None:
    by_writer = writers.by_writer
    low, high = by_writer.interval
    console.print(
        f"\nMean accuracy on {len(by_writer.writers)} Pendigits writers not seen in training: "
        f"[bold]{by_writer.mean:.2%}[/] (95% interval {low:.2%} to {high:.2%}), worst writer "
        f"{by_writer.worst:.2%}; {writers.rejected:,} of {writers.total:,} rejected as not a digit."
    )
    for writer, accuracy in sorted(by_writer.writers.items(), key=lambda item: item[1]):
        console.print(f"  writer {writer}  {accuracy:.2%}")


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
