"""The command `inkdigits predict`: which digit do these images show?"""

import json
import sys
from pathlib import Path

import click
from rich.console import Console

from inkdigits.cli.options import model_option
from inkdigits.imaging.errors import ImageError
from inkdigits.recognizer import Prediction, Recognizer

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"}
BAR_WIDTH = 32  # characters
MAX_CONFIDENCE_SHOWN = 0.999  # no prediction is certain


@click.command("predict")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@model_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object per image, one per line."
)
def predict_command(files: tuple[str, ...], model: str, as_json: bool) -> None:
    """Recognize the digit in each FILE.

    FILE is a PNG, JPEG, WebP, GIF or BMP image, a folder of them, or - for standard input.
    """
    recognizer = Recognizer.load(model)
    console = Console(highlight=False, soft_wrap=True)
    failures = 0
    for name in _expanded(files):
        try:
            data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
            prediction = recognizer.recognize(data)
        except (ImageError, OSError) as error:
            # The other images are still processed; the exit status reports the failure.
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
    """Replace each folder by its images, sorted by name."""
    names: list[str] = []
    for name in files:
        if name == "-" or not Path(name).is_dir():
            names.append(name)
            continue
        images = sorted(path for path in Path(name).iterdir() if path.suffix.lower() in SUFFIXES)
        if not images:
            raise click.ClickException(
                f"{name} contains no images: name a folder of {', '.join(sorted(SUFFIXES))} files."
            )
        names.extend(map(str, images))
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
    """Print the prediction and a bar for each digit."""
    if prediction.reason == "blank":
        console.print(f"{name}: blank", markup=False)
        return
    if prediction.reason:
        console.print(f"{name}: not a digit; if it is one, most likely:", markup=False)
    else:
        confidence = min(prediction.confidence, MAX_CONFIDENCE_SHOWN)
        console.print(f"{name}: {prediction.digit} ({confidence:.1%})", markup=False)
    for digit, probability in enumerate(prediction.probabilities):
        length = round(probability * BAR_WIDTH)
        bar = f"[cyan]{'█' * length}[/][bright_black]{'·' * (BAR_WIDTH - length)}[/]"
        style = "bold" if digit == prediction.digit else "default"
        console.print(f"  [{style}]{digit}[/] {bar} [{style}]{probability:7.2%}[/]")
