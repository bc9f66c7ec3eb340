"""The command `inkdigits compare`: settings, accuracy and predictions of several models."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from inkdigits.cli.compared import (
    LETTERS,
    Compared,
    Images,
    Part,
    load_compared,
    predict_mnist,
    predict_own,
)
from inkdigits.cli.comparison_report import render_comparison
from inkdigits.cli.console import printable
from inkdigits.cli.options import data_dir_option, json_option
from inkdigits.cli.own_data import CLASSES_NEED_DATA, DataCommand, classes_option, data_option
from inkdigits.comparison import (
    Pair,
    Score,
    brief,
    compare_pairs,
    differing_images,
    differing_settings,
    score,
)
from inkdigits.storage.files import write_atomically

MAX_RUNS = len(LETTERS)
SETTINGS_SHOWN = 40  # on the terminal
SETTING_LENGTH = 200  # characters, there


@click.command("compare", cls=DataCommand)
@click.argument("runs", metavar="RUN RUN...", nargs=-1, required=True)
@click.option(
    "--on",
    "part",
    type=click.Choice(["test", "validation"]),
    default="test",
    show_default=True,
    help="Compare on MNIST's test digits, or on the validation digits that the runs share.",
)
@data_option
@classes_option
@json_option
@click.option(
    "--report",
    type=click.Path(path_type=Path),
    help="Also write a self-contained HTML page to this file; needs the extra `plots`.",
)
@data_dir_option
def compare_command(
    runs: tuple[str, ...],
    part: Part,
    data: tuple[str, ...],
    classes: str | None,
    as_json: bool,
    report: Path | None,
    data_dir: Path | None,
) -> None:
    """Compare models: the settings that differ, accuracy, learning curves, predictions.

    RUN is the folder of a run, a model file, or a shipped model's name; give 2 to 8.
    """
    if not 2 <= len(runs) <= MAX_RUNS:
        raise click.UsageError(f"{len(runs)} given: name 2 to {MAX_RUNS} runs or models.")
    if not data and classes is not None:
        raise click.UsageError(CLASSES_NEED_DATA)
    if data and part == "validation":
        raise click.UsageError("--on validation does not fit --data: leave one of them out.")
    if len(set(runs)) < len(runs):
        raise click.UsageError("A run is named twice: name each once.")
    models = [load_compared(name) for name in runs]
    console = Console(highlight=False, soft_wrap=True, stderr=as_json)
    with console.status("Predicting", spinner="line"):
        if data:
            images = predict_own(models, data, classes, data_dir)
        else:
            images = predict_mnist(models, part, data_dir)
    answers = images.answers
    scores = [score(model_answers, images.labels) for model_answers in answers]
    settings = differing_settings([model.training for model in models])
    pairs = compare_pairs(answers, images.labels)
    numbers = differing_images(answers, images.labels).tolist()
    if as_json:
        content = _to_json(models, images, scores, settings, pairs, numbers)
        click.echo(json.dumps(content))
    else:
        _show(console, models, images, scores, settings, pairs, len(numbers))
    if report is not None:
        html = render_comparison(models, images, scores, settings, pairs, numbers)
        write_atomically(report, html.encode())
        console.print(f"Report: {report}", markup=False)


def _to_json(
    models: Sequence[Compared],
    images: Images,
    scores: Sequence[Score],
    settings: dict[str, tuple[Any, ...]],
    pairs: Sequence[Pair],
    numbers: Sequence[int],
) -> dict[str, Any]:
    classes = models[0].recognizer.model.classes
    return {
        "images": images.title,
        "data": dict(images.hashes),
        "runs": [
            {
                "name": model.name,
                "recipe": model.recognizer.model.recipe,
                "digest": model.recognizer.digest,
                "parameters": int(model.recognizer.model.vector.size),
                **asdict(model_score),
                "epochs": [asdict(record) for record in model.records],
            }
            for model, model_score in zip(models, scores, strict=True)
        ],
        "settings": settings,
        "pairs": [
            {
                "first": models[pair.first].name,
                "second": models[pair.second].name,
                **asdict(pair.test),
            }
            for pair in pairs
        ],
        "differences": [
            {
                "number": number,
                "label": classes[images.labels[number]],
                "predictions": [
                    {
                        "label": classes[model_answers.predicted[number]],
                        "confidence": float(model_answers.confidence[number]),
                        "rejected": bool(model_answers.rejected[number]),
                    }
                    for model_answers in images.answers
                ],
            }
            for number in numbers
        ],
    }


def _show(
    console: Console,
    models: Sequence[Compared],
    images: Images,
    scores: Sequence[Score],
    settings: dict[str, tuple[Any, ...]],
    pairs: Sequence[Pair],
    differing: int,
) -> None:
    """Print everything but the images and the curves."""
    table = Table("", "run", box=None, pad_edge=False, header_style="bold")
    for heading in ("accuracy", "95% interval", "wrong", "rejected", "epochs", "parameters"):
        table.add_column(heading, justify="right")
    for letter, model, result in zip(LETTERS, models, scores, strict=False):
        low, high = result.interval
        table.add_row(
            f"[bold]{letter}[/]",
            Text(printable(model.name)),
            f"[bold]{result.accuracy:.2%}[/]",
            f"{low:.2%}-{high:.2%}",
            f"{result.total - result.correct:,}",
            f"{result.rejected:,}",
            f"{len(model.records) or ''}",
            f"{model.recognizer.model.vector.size:,}",
        )
    console.print(f"On {images.title}:", markup=False)
    console.print(table)

    console.print("\nMcNemar's test, exact: on how many images only one of two is right")
    table = Table("", "only the first", "only the second", "p-value", box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    for pair in pairs:
        table.add_row(
            f"[bold]{LETTERS[pair.first]}[/] and [bold]{LETTERS[pair.second]}[/]",
            f"{pair.test.only_first:,}",
            f"{pair.test.only_second:,}",
            f"{pair.test.p_value:.3g}",
        )
    console.print(table)
    noun = "image" if differing == 1 else "images"
    console.print(f"They predict different classes for {differing:,} {noun}.")

    if not settings:
        console.print("\nNo recorded setting differs.")
        return
    console.print("\nSettings that differ:")
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for letter in LETTERS[: len(models)]:
        table.add_column(letter, overflow="fold")
    for name, values in list(settings.items())[:SETTINGS_SHOWN]:
        table.add_row(Text(_short(name)), *(Text(_short(value)) for value in values))
    console.print(table)
    if len(settings) > SETTINGS_SHOWN:
        console.print(f"... and {len(settings) - SETTINGS_SHOWN:,} more; --json has all.")


def _short(value: Any) -> str:
    text = printable(brief(value))
    return text if len(text) <= SETTING_LENGTH else f"{text[:SETTING_LENGTH]}..."
