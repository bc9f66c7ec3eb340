"""The command `inkdigits evaluate`: how well a model reads the 10,000 test digits."""

import json
from dataclasses import asdict
from pathlib import Path

import click
import numpy as np
from rich.columns import Columns
from rich.console import Console
from rich.table import Table
from rich.text import Text

from inkdigits.arrays import Array, Labels, Pixels
from inkdigits.artifacts import write_atomically
from inkdigits.cli.options import data_dir_option, model_argument
from inkdigits.cli.report import Mistake, render_report
from inkdigits.data import mnist
from inkdigits.metrics import Metrics, measure
from inkdigits.recognizer import Recognizer

WORST_SHOWN = 4  # on the terminal
WORST_REPORTED = 24  # in the report
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
    """Measure MODEL, a file or a shipped model's name, on MNIST's 10,000 test digits."""
    recognizer = Recognizer.load(model)
    digits = mnist.load("test", data_dir)
    console = Console(highlight=False, soft_wrap=True, stderr=as_json)
    with console.status(f"Reading {len(digits):,} digits"):
        probabilities = recognizer.read(digits.images)
    metrics = measure(probabilities, digits.labels)
    worst = _worst_mistakes(probabilities, digits.labels, digits.images)

    if as_json:
        about = {
            "model": recognizer.name,
            "recipe": recognizer.model.recipe,
            "digest": recognizer.digest,
            "data": dict(digits.hashes),
        }
        click.echo(json.dumps(about | asdict(metrics)))
    else:
        _show(console, recognizer, metrics, worst[:WORST_SHOWN])
    if report is not None:
        html = render_report(recognizer, metrics, worst[:WORST_REPORTED])
        write_atomically(report, html.encode())
        console.print(f"Report: {report}", markup=False)


def _worst_mistakes(probabilities: Array, labels: Labels, pictures: Pixels) -> list[Mistake]:
    """The wrong answers, the surest first."""
    answers = probabilities.argmax(axis=1)
    confidence = probabilities.max(axis=1)
    wrong = np.flatnonzero(answers != labels)
    return [
        Mistake(
            number=int(number),
            picture=pictures[number],
            label=int(labels[number]),
            answer=int(answers[number]),
            confidence=float(confidence[number]),
        )
        for number in wrong[np.argsort(-confidence[wrong], kind="stable")]
    ]


def _show(console: Console, recognizer: Recognizer, metrics: Metrics, worst: list[Mistake]) -> None:
    low, high = metrics.interval
    console.print(
        f"[bold]{recognizer.name}[/] reads {metrics.correct:,} of {metrics.total:,} test digits: "
        f"[bold]{metrics.accuracy:.2%}[/] (95% interval {low:.2%} to {high:.2%})"
    )
    console.print(
        f"log loss {metrics.log_loss:.4f}, Brier score {metrics.brier:.4f}, "
        f"calibration error {metrics.calibration_error:.2%}\n"
    )
    console.print("How each digit was read:")
    console.print(_table(metrics))
    if worst:
        console.print("\nThe surest mistakes:")
        console.print(Columns([_drawn(mistake) for mistake in worst], padding=(0, 3)))


def _table(metrics: Metrics) -> Table:
    """Precision and recall of each digit beside the confusion matrix."""
    table = Table(box=None, padding=(0, 1), header_style="bold")
    for heading in ("digit", "precision", "recall", *map(str, range(10))):
        table.add_column(heading, justify="right", no_wrap=True)
    for digit, row in enumerate(metrics.confusion):
        cells = [
            f"[green]{count}[/]" if answer == digit else f"[red]{count}[/]" if count else "·"
            for answer, count in enumerate(row)
        ]
        table.add_row(
            f"[bold]{digit}[/]",
            f"{metrics.precision[digit]:.2%}",
            f"{metrics.recall[digit]:.2%}",
            *cells,
        )
    return table


def _drawn(mistake: Mistake) -> Text:
    """A picture in characters, two rows of pixels a line, which a terminal shows about square."""
    pairs = mistake.picture.reshape(14, 2, 28).mean(axis=1)
    levels = np.rint(pairs / 255 * (len(SHADES) - 1)).astype(int)
    lines = ["".join(SHADES[level] for level in row) for row in levels]
    caption = f"{mistake.label} read as {mistake.answer} ({mistake.confidence:.0%})"
    return Text("\n".join([*lines, f"{caption:^28}"]), no_wrap=True)
