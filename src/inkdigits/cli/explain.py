"""The command `inkdigits explain`: how does the model come to its prediction?"""

import json
import os
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from inkdigits.arrays import Pixels
from inkdigits.cli.console import printable
from inkdigits.cli.explanation_report import render_explanation
from inkdigits.cli.options import data_dir_option, model_option
from inkdigits.cli.profile_options import load_recognizer, profile_option
from inkdigits.explain import PARTS, Unit, explain
from inkdigits.explain.as_json import explanation_json
from inkdigits.explain.limits import ExplanationError, check_choice
from inkdigits.imaging.formats import SUFFIXES
from inkdigits.imaging.inputs import to_rgba
from inkdigits.imaging.limits import LARGE_FILES
from inkdigits.storage.files import write_atomically

SHEET = "explanation.html"


@click.command("explain")
@click.argument("file")
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help=f"The HTML sheet to write, or with --json the JSON.  [default: {SHEET}, or with --json "
    "standard output]",
)
@model_option
@profile_option
@click.option("--target", help="Name of the class to explain.  [default: the most likely one]")
@click.option(
    "--unit",
    "unit_text",
    metavar="LAYER:INDEX",
    help="The unit whose value is written out, such as 1:5,12,3 or 14:7, all counted from 0. "
    "[default: the output of the class]",
)
@click.option(
    "--no-preprocessing",
    is_flag=True,
    help="Only scale the image to 28x28, to see what the preprocessing is for.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of a sheet.")
@data_dir_option
def explain_command(
    file: str,
    output: Path | None,
    model: str,
    profile: str | None,
    target: str | None,
    unit_text: str | None,
    no_preprocessing: bool,
    as_json: bool,
    data_dir: Path | None,
) -> None:
    """Explain what a model predicts for the image FILE, or - for standard input.

    Writes a self-contained HTML sheet; it needs the extra `plots`.
    """
    if output is not None and output.suffix.lower() in SUFFIXES:
        raise click.UsageError(f"--output {output} would be an image; name a .html or .json file.")
    unit = None if unit_text is None else _parse_unit(unit_text)
    recognizer = load_recognizer(model, profile)
    try:
        check_choice(recognizer, target, unit)
    except ExplanationError as error:
        raise click.UsageError(str(error)) from None
    rgba = _read(file)
    options: dict[str, Any] = {"target": target, "preprocess": not no_preprocessing}
    explanation = explain(rgba, recognizer, parts=PARTS, unit=unit, data_dir=data_dir, **options)
    if as_json:
        text = json.dumps(explanation_json(explanation), allow_nan=False)
        if output is None:
            click.echo(text)
            return
        write_atomically(output, text.encode())
        return
    if unit is None:
        last = Unit(len(recognizer.model.network.layers) - 1, (explanation.target,))
        again = explain(rgba, recognizer, parts=(), unit=last, **options)
        explanation = replace(explanation, unit=again.unit)
    name = "Standard input" if file == "-" else os.path.basename(file)
    sheet = output or Path(SHEET)
    write_atomically(sheet, render_explanation(explanation, printable(name)).encode())
    click.echo(f"Explanation: {printable(str(sheet))}")


def _parse_unit(text: str) -> Unit:
    """Parse LAYER:INDEX; raises UsageError."""
    match = re.fullmatch(r"([0-9]{1,4}):([0-9]{1,6}(?:,[0-9]{1,6}){0,2})", text)
    if match is None:
        raise click.UsageError(
            "--unit is not LAYER:INDEX; write the number of a layer, a colon, and the place in its "
            "output, such as 1:5,12,3 or 14:7."
        )
    return Unit(int(match[1]), tuple(map(int, match[2].split(","))))


def _read(file: str) -> Pixels:
    """Read and decode an image; raises ImageError, and ClickException if it cannot be read."""
    try:
        content = sys.stdin.buffer.read(LARGE_FILES.bytes + 1) if file == "-" else file
        return to_rgba(content, limits=LARGE_FILES)
    except OSError as error:
        raise click.ClickException(
            f"{printable(file)} cannot be read ({error.strerror or error}); check the name."
        ) from None
