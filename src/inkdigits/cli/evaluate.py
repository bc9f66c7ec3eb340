"""The command `inkdigits evaluate`: how well a model reads test digits, and people it never saw."""

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
from inkdigits.data import folders, mnist, pendigits
from inkdigits.metrics import (
    ByWriter,
    Coverage,
    Metrics,
    measure,
    measure_by_writer,
    risk_coverage,
)
from inkdigits.model_file import write_atomically
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
    """Measure MODEL, a file or a shipped model's name, on MNIST's 10,000 test digits.

    Where the pen writers' file is, the digits of the ten that no recipe trains on are read as well.
    """
    recognizer = Recognizer.load(model)
    digits = mnist.load("test", data_dir)
    console = Console(highlight=False, soft_wrap=True, stderr=as_json)
    with console.status(f"Reading {len(digits):,} digits"):
        cleaned = recognizer.preprocess_mnist(digits.images)
        probabilities = recognizer.probabilities(cleaned)
        refused = recognizer.refused(cleaned)
    metrics = measure(probabilities, digits.labels)
    coverage = risk_coverage(probabilities, digits.labels)
    worst = _worst_mistakes(probabilities, digits.labels, digits.images)
    with console.status("Reading the pen writers' digits"):
        people = _read_people(recognizer, data_dir)

    if as_json:
        about = {
            "model": recognizer.name,
            "recipe": recognizer.model.recipe,
            "digest": recognizer.digest,
            "data": dict(digits.hashes),
            "refused": int(refused.sum()),
            "coverage": [asdict(row) for row in coverage],
            "pen_writers": None if people is None else asdict(people),
        }
        click.echo(json.dumps(about | asdict(metrics)))
    else:
        _show(console, recognizer, metrics, int(refused.sum()), worst[:WORST_SHOWN])
        _show_coverage(console, coverage, metrics.total)
        if people is not None:
            _show_people(console, people)
    if report is not None:
        html = render_report(recognizer, metrics, worst[:WORST_REPORTED])
        write_atomically(report, html.encode())
        console.print(f"Report: {report}", markup=False)


@dataclass(frozen=True)
class People:
    """How the development pen writers' digits were read."""

    total: int
    refused: int
    log_loss: float
    brier: float
    by_writer: ByWriter


def _read_people(recognizer: Recognizer, data_dir: Path | None) -> People | None:
    """Read the digits of the pen writers that no recipe trains on, if their file is there."""
    if folders.find_file(folders.search_paths(data_dir), pendigits.NAME) is None:
        return None
    traces = pendigits.select_writers(pendigits.load(data_dir), pendigits.DEVELOPMENT_WRITERS)
    drawn = pendigits.render(
        traces, copies=1, seed=0, preprocess=recognizer.preprocess_ink, distort=False
    )
    probabilities = recognizer.probabilities(drawn.images)
    metrics = measure(probabilities, drawn.labels)
    right = probabilities.argmax(axis=1) == drawn.labels
    return People(
        total=len(drawn),
        refused=int(recognizer.refused(drawn.images).sum()),
        log_loss=metrics.log_loss,
        brier=metrics.brier,
        by_writer=measure_by_writer(right, np.asarray(drawn.writers)),
    )


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


def _show(
    console: Console, recognizer: Recognizer, metrics: Metrics, refused: int, worst: list[Mistake]
) -> None:
    low, high = metrics.interval
    name = escape(recognizer.name)
    console.print(
        f"[bold]{name}[/] reads {metrics.correct:,} of {metrics.total:,} test digits: "
        f"[bold]{metrics.accuracy:.2%}[/] (95% interval {low:.2%} to {high:.2%})"
    )
    console.print(
        f"log loss {metrics.log_loss:.4f}, Brier score {metrics.brier:.4f}, "
        f"calibration error {metrics.calibration_error:.2%}; "
        f"{refused:,} refused as no digit\n"
    )
    console.print("How each digit was read:")
    console.print(_table(metrics))
    if worst:
        console.print("\nThe surest mistakes:")
        console.print(Columns([_drawn(mistake) for mistake in worst], padding=(0, 3)))


def _show_coverage(console: Console, coverage: tuple[Coverage, ...], total: int) -> None:
    """What a user gains, and loses, who takes no answer below a confidence."""
    table = Table("confidence", "answered", "of all", "wrong", box=None, header_style="bold")
    for column in table.columns:
        column.justify = "right"
    for row in coverage:
        share = row.answered / total
        table.add_row(f"{row.threshold:.1%}", f"{row.answered:,}", f"{share:.2%}", f"{row.wrong}")
    console.print("\nWith only answers of at least some confidence taken:")
    console.print(table)


def _show_people(console: Console, people: People) -> None:
    low, high = people.by_writer.interval
    console.print(
        f"\nOf {len(people.by_writer.writers)} pen writers that it never saw, it reads "
        f"[bold]{people.by_writer.mean:.2%}[/] of a writer's digits in the mean "
        f"(95% interval {low:.2%} to {high:.2%}), and {people.by_writer.worst:.2%} of the worst's; "
        f"{people.refused:,} of {people.total:,} refused as no digit."
    )
    for writer, accuracy in sorted(people.by_writer.writers.items(), key=lambda item: item[1]):
        console.print(f"  writer {writer}  {accuracy:.2%}")


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
