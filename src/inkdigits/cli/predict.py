"""The command `inkdigits predict`: which digit do these images show?"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType

import click

from inkdigits.cli.options import model_option
from inkdigits.recognizer import Prediction, Recognizer
from inkdigits.threads import available_cpus
from inkdigits.worker_pool import WorkerDied, use_one_thread

SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"}
BAR_WIDTH = 32  # characters
BARS = tuple(  # by length
    click.style("█" * length, fg="cyan")
    + click.style("·" * (BAR_WIDTH - length), fg="bright_black")
    for length in range(BAR_WIDTH + 1)
)
MAX_CONFIDENCE_SHOWN = 0.999  # no prediction is certain
# By default, images for each worker: it takes as long to start as to read a few hundred small ones,
# or a few large ones.
IMAGES_PER_WORKER = 64


@click.command("predict")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@model_option
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object per image, one per line."
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    help=f"Number of processes that read images.  [default: one for every {IMAGES_PER_WORKER} "
    "images, at least one, and at most one for each CPU]",
)
def predict_command(files: tuple[str, ...], model: str, as_json: bool, workers: int | None) -> None:
    """Recognize the digit in each FILE.

    FILE is a PNG, JPEG, WebP, GIF or BMP image, a folder of them, or - for standard input.
    """
    recognizer = Recognizer.load(model)
    use_one_thread()
    signal.signal(signal.SIGTERM, _exit_on_signal)  # so that the workers end first
    show = _json if as_json else _text
    names = _expanded(files)
    if workers is None:
        workers = max(1, min(available_cpus(), len(names) // IMAGES_PER_WORKER))
    color = False if os.environ.get("NO_COLOR") else None  # None: only if it is a terminal
    failures = 0
    try:
        results = recognizer.recognize_many(_contents(names), workers)
        for name, result in zip(names, results, strict=True):
            if isinstance(result, Prediction):
                click.echo(show(name, result), color=color)
            else:
                # The other images are still processed; the exit status reports the failure.
                reason = result.strerror if isinstance(result, OSError) else result
                click.echo(f"Error: {name}: {reason}", err=True)
                failures += 1
    except WorkerDied as error:
        raise click.ClickException(str(error)) from None
    if failures:
        sys.exit(1)


def _exit_on_signal(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


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


def _contents(names: list[str]) -> Iterator[str | bytes | OSError]:
    """Return each file's name, but what standard input contains, or why it cannot be read."""
    for name in names:
        if name != "-":
            yield name
            continue
        try:
            yield sys.stdin.buffer.read()
        except OSError as error:
            yield error


def _json(name: str, prediction: Prediction) -> str:
    return json.dumps(
        {
            "file": name,
            "digit": prediction.digit,
            "reason": prediction.reason,
            "confidence": prediction.confidence,
            "probabilities": prediction.probabilities,
        }
    )


def _text(name: str, prediction: Prediction) -> str:
    """Describe the prediction, with a bar for each digit, in colors."""
    if prediction.reason == "blank":
        return f"{name}: blank"
    if prediction.reason:
        lines = [f"{name}: not a digit; if it is one, most likely:"]
    else:
        confidence = min(prediction.confidence, MAX_CONFIDENCE_SHOWN)
        lines = [f"{name}: {prediction.digit} ({confidence:.1%})"]
    for digit, probability in enumerate(prediction.probabilities):
        number, percentage = str(digit), f"{probability:7.2%}"
        if digit == prediction.digit:
            number, percentage = click.style(number, bold=True), click.style(percentage, bold=True)
        lines.append(f"  {number} {BARS[round(probability * BAR_WIDTH)]} {percentage}")
    return "\n".join(lines)
