"""The command `inkdigits predict`: which digit do these pictures show?"""

import json
import sys
from pathlib import Path

import click
from rich.console import Console

from inkdigits.cli.options import model_option
from inkdigits.recognizer import ImageError, Prediction, Recognizer

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"}
BAR_WIDTH = 32  # characters
SUREST = 0.999  # no answer is said to be surer: none is certain


@click.command("predict")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@model_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object a picture, a line each."
)
def predict_command(files: tuple[str, ...], model: str, as_json: bool) -> None:
    """Say which digit each FILE shows.

    FILE is a PNG, JPEG, WebP, GIF or BMP picture, a folder of them, or - for standard input.
    """
    recognizer = Recognizer.load(model)
    console = Console(highlight=False, soft_wrap=True)
    failures = 0
    for name in _expanded(files):
        try:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            prediction = recognizer.recognize(data)
        except (ImageError, OSError) as error:
            # The other pictures are still read; the exit status tells.
            reason = error.strerror if isinstance(error, OSError) else error
            click.echo(f"Error: {name}: {reason}", err=True)
            failures += 1
        else:
            if as_json:
                click.echo(json.dumps(_as_json(name, prediction)))
            else:
                _show(console, name, prediction)
    if failures:
        sys.exit(1)


def _expanded(files: tuple[str, ...]) -> list[str]:
    """Put the pictures of a folder in its place, sorted by name."""
    names: list[str] = []
    for name in files:
        if name == "-" or not Path(name).is_dir():
            names.append(name)
            continue
        pictures = sorted(p for p in Path(name).iterdir() if p.suffix.lower() in SUFFIXES)
        if not pictures:
            raise click.ClickException(
                f"{name} holds no pictures: name a folder with {', '.join(sorted(SUFFIXES))} files."
            )
        names.extend(map(str, pictures))
    return names


def _as_json(name: str, prediction: Prediction) -> dict[str, object]:
    return {
        "file": name,
        "digit": prediction.digit,
        "reason": prediction.reason,
        "confidence": prediction.confidence,
        "probabilities": prediction.probabilities,
    }


def _show(console: Console, name: str, prediction: Prediction) -> None:
    """Print the answer and a bar a digit."""
    if prediction.reason == "blank":
        console.print(f"{name}: no digit, the sheet is blank", markup=False)
        return
    if prediction.reason:
        console.print(f"{name}: not a digit; the nearest would be", markup=False)
    else:
        sure = f"{min(prediction.confidence, SUREST):.1%} sure"
        console.print(f"{name}: {prediction.digit} ({sure})", markup=False)
    for digit, probability in enumerate(prediction.probabilities):
        length = round(probability * BAR_WIDTH)
        bar = f"[cyan]{'█' * length}[/][bright_black]{'·' * (BAR_WIDTH - length)}[/]"
        style = "bold" if digit == prediction.digit else "default"
        console.print(f"  [{style}]{digit}[/] {bar} [{style}]{probability:7.2%}[/]")
