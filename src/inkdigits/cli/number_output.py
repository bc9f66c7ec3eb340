"""Numbers as text, as JSON lines and as a CSV table."""

import json
import os
import re
from contextlib import AbstractContextManager

import click

from inkdigits.cli.console import printable
from inkdigits.cli.prediction_output import (
    BAR_WIDTH,
    BARS,
    MAX_CONFIDENCE_SHOWN,
    table_writer,
)
from inkdigits.cli.recognition import Outputs, Writer
from inkdigits.escaping import defused
from inkdigits.numbers import NumberPrediction

# A spreadsheet program takes -12.50 for a number, and -1-2 for a formula.
NUMBER = re.compile(r"-?[0-9]+([.,][0-9]+)*")
COLUMNS = ("text", "reason", "confidence")


def number_outputs(keep_separators: bool) -> Outputs[NumberPrediction]:
    """Return how numbers are written.

    keep_separators  whether their texts are as they are written, such as "$1,234.50"
    """

    def text_of(number: NumberPrediction) -> str | None:
        return number.text if number.text is None or not keep_separators else number.written

    def write_text(name: str, number: NumberPrediction | None) -> None:
        if number is not None:
            color = False if os.environ.get("NO_COLOR") else None  # None: only if it is a terminal
            click.echo("\n".join(_lines(printable(name), text_of(number), number)), color=color)

    def write_json(name: str, number: NumberPrediction | None) -> None:
        if number is not None:
            click.echo(json.dumps({"file": name, **_values(text_of(number), number)}))

    def cells(number: NumberPrediction) -> list[str]:
        text = text_of(number) or ""
        safe = text if NUMBER.fullmatch(text) else defused(text)
        return [safe, number.reason or "", f"{number.confidence:.6f}"]

    def table(path: str) -> AbstractContextManager[Writer[NumberPrediction]]:
        return table_writer(path, COLUMNS, cells)

    return Outputs(write_text, write_json, table, lambda number: number.text is None)


def _lines(name: str, text: str | None, number: NumberPrediction) -> list[str]:
    """Describe a number: its text, and a bar for each candidate."""
    if number.reason == "blank":
        return [f"{name}: blank"]
    if text is not None:
        lines = [f"{name}: {text} ({min(number.confidence, MAX_CONFIDENCE_SHOWN):.1%})"]
    elif number.candidates:
        lines = [f"{name}: not a number; if it is one, most likely:"]
    else:
        return [f"{name}: not a number"]
    width = max(len(candidate.text) for candidate in number.candidates)
    for candidate in number.candidates:
        shown, percentage = f"{candidate.text:>{width}}", f"{candidate.probability:7.2%}"
        if candidate.text == number.text:
            shown, percentage = click.style(shown, bold=True), click.style(percentage, bold=True)
        lines.append(f"  {shown} {BARS[round(candidate.probability * BAR_WIDTH)]} {percentage}")
    return lines


def _values(text: str | None, number: NumberPrediction) -> dict[str, object]:
    return {
        "text": text,
        "reason": number.reason,
        "confidence": number.confidence,
        "boxes": [digit.box for digit in number.digits],
        "separators": [
            {"symbol": sign.symbol, "box": sign.box, "position": sign.position}
            for sign in number.separators
        ],
        "candidates": [
            {"text": candidate.text, "probability": candidate.probability}
            for candidate in number.candidates
        ],
    }
