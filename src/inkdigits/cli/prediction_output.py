"""Predictions as text, as JSON lines and as a CSV table."""

import csv
import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import TextIO, TypeVar

import click

from inkdigits.cli.console import printable
from inkdigits.cli.recognition import Writer
from inkdigits.constants import DIGITS
from inkdigits.escaping import defused
from inkdigits.recognizer import Prediction

BAR_WIDTH = 32  # characters
BARS = tuple(  # by length
    click.style("█" * length, fg="cyan")
    + click.style("·" * (BAR_WIDTH - length), fg="bright_black")
    for length in range(BAR_WIDTH + 1)
)
MAX_CONFIDENCE_SHOWN = 0.999  # no prediction is certain
MAX_NAME_SHOWN = 24  # characters of a class
MAX_CLASSES_SHOWN = 10  # of more classes, the most likely ones are shown

T = TypeVar("T")


def text_writer(classes: Sequence[str]) -> Writer[Prediction]:
    """Return a function that prints a prediction with a bar for each class, in colors.

    Of more than ten classes, the ten most likely have one, the most likely first.
    """
    color = False if os.environ.get("NO_COLOR") else None  # None: only if it is a terminal
    names = [printable(name)[:MAX_NAME_SHOWN] for name in classes]
    width = max(map(len, names))
    kind = "a digit" if tuple(classes) == DIGITS else "one of the classes"

    def write(name: str, prediction: Prediction | None) -> None:
        if prediction is None:
            return
        name = printable(name)
        if prediction.reason == "blank":
            click.echo(f"{name}: blank", color=color)
            return
        if prediction.label is None:
            lines = [f"{name}: not {kind}; if it is one, most likely:"]
        else:
            confidence = min(prediction.confidence, MAX_CONFIDENCE_SHOWN)
            lines = [f"{name}: {printable(prediction.label)} ({confidence:.1%})"]
        bars = list(zip(classes, names, prediction.probabilities, strict=True))
        if len(bars) > MAX_CLASSES_SHOWN:
            bars = sorted(bars, key=lambda bar: -bar[2])[:MAX_CLASSES_SHOWN]
        for own, shown, probability in bars:
            shown, percentage = f"{shown:>{width}}", f"{probability:7.2%}"
            if own == prediction.label:
                shown = click.style(shown, bold=True)
                percentage = click.style(percentage, bold=True)
            lines.append(f"  {shown} {BARS[round(probability * BAR_WIDTH)]} {percentage}")
        if len(bars) < len(classes):
            lines.append(f"  and {len(classes) - len(bars):,} less likely classes")
        click.echo("\n".join(lines), color=color)

    return write


def write_json(name: str, prediction: Prediction | None) -> None:
    """Print a prediction as one JSON object on a line."""
    if prediction is not None:
        values = {
            "file": name,
            "digit": prediction.digit,
            "label": prediction.label,
            "reason": prediction.reason,
            "confidence": prediction.confidence,
            "probabilities": prediction.probabilities,
        }
        click.echo(json.dumps(values))


def csv_writer(path: str, classes: Sequence[str]) -> AbstractContextManager[Writer[Prediction]]:
    """Open a table, and return a function that writes a row for each image.

    path    of the file to write, in UTF-8; - for standard output
    raises  OSError if it cannot be written
    """

    def cells(prediction: Prediction) -> list[str]:
        return [
            defused(prediction.label or ""),
            prediction.reason or "",
            f"{prediction.confidence:.6f}",
            *(f"{number:.6f}" for number in prediction.probabilities),
        ]

    columns = ["label", "reason", "confidence", *(f"probability of {name}" for name in classes)]
    return table_writer(path, columns, cells)


@contextmanager
def table_writer(
    path: str, columns: Sequence[str], cells: Callable[[T], Sequence[str]]
) -> Iterator[Writer[T]]:
    """Open a table with the columns "file" and others, the second of which is "reason".

    cells   makes a row's other cells of a result
    """
    with _open_table(path) as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["file", *columns])

        def write(name: str, result: T | None) -> None:
            row = (
                ["", "unreadable", *[""] * (len(columns) - 2)] if result is None else cells(result)
            )
            rows.writerow([defused(name), *row])
            if path == "-":  # whoever reads it should not have to wait
                file.flush()

        yield write


@contextmanager
def _open_table(path: str) -> Iterator[TextIO]:
    # A name that is not valid UTF-8 is escaped, as on a terminal.
    if path != "-":
        with open(path, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
            yield file
        return
    # It is data for a program: UTF-8 even if the terminal's encoding is another.
    descriptor = os.dup(sys.stdout.fileno())
    with open(descriptor, "w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        yield file
