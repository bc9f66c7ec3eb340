"""How far a model's confidence can be relied on: on MNIST, on pen writers, and on drawings.

Log loss, Brier score and calibration error stand before calibration, at temperature 1, and after
it, at the temperature of the model's file, which was found on MNIST's validation digits. Refused
pictures count there with the probabilities that the network has for them. Beside them: how many
answers are left if none of less than some confidence is taken, and how many of those are wrong.

Every picture is a file and goes through the only path of inference.
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from drawing_simulator import drawings
from held_out import digits_of, model_options, pen_digits
from measured import keep
from rich.console import Console
from rich.progress import track
from rich.table import Table

from inkdigits import Recognizer
from inkdigits.arrays import Array, Labels
from inkdigits.data.mnist import Digits
from inkdigits.imaging.decode import encode_png
from inkdigits.metrics import measure, measure_by_writer, risk_coverage
from inkdigits.recognizer import Prediction

SCORES = {"log_loss": "log loss", "brier": "Brier", "calibration_error": "calibration error"}


class Pictures(NamedTuple):
    """What is read: files, as many as there are labels, and who wrote the digits, if known."""

    files: Iterable[bytes]
    labels: Labels
    writers: Labels | None = None


def as_files(digits: Digits) -> Pictures:
    """Each digit as a PNG file."""
    return Pictures(map(encode_png, digits.images), digits.labels, digits.writers)


def as_drawings(digits: Digits, count: int) -> Pictures:
    """So many drawings of the digits, in turn."""
    files = (drawing.file for drawing in drawings(digits, count))
    return Pictures(files, np.resize(digits.labels, count))


def read(recognizers: list[Recognizer], files: Iterable[bytes]) -> list[list[Prediction]]:
    """Let every model read the same files; what each made of them."""
    predictions: list[list[Prediction]] = [[] for _ in recognizers]
    for file in files:
        for recognizer, of_model in zip(recognizers, predictions, strict=True):
            of_model.append(recognizer.recognize(file))
    return predictions


def uncalibrated(probabilities: Array, temperature: float) -> Array:
    """Give the probabilities at temperature 1: of p = softmax(z / T) the power p^T, made sum 1.

    probabilities  float64 (N, C), at the temperature
    """
    powers = probabilities**temperature
    return powers / powers.sum(axis=1, keepdims=True)


def figures_of(
    predictions: list[Prediction], labels: Labels, writers: Labels | None, temperature: float
) -> dict[str, Any]:
    """Measure what a model made of some pictures.

    temperature  that its probabilities were computed at
    """
    probabilities = np.array([prediction.probabilities for prediction in predictions])
    answered = np.array([prediction.digit is not None for prediction in predictions])
    before = measure(uncalibrated(probabilities, temperature), labels)
    after = measure(probabilities, labels)
    return {
        "pictures": len(labels),
        "accuracy": after.accuracy,
        "interval": after.interval,
        "by writer": None if writers is None else _by_writer(probabilities, labels, writers),
        "refused": float(1 - answered.mean()),
        "before": {score: getattr(before, score) for score in SCORES},
        "after": {score: getattr(after, score) for score in SCORES},
        "coverage": [
            {
                "confidence": row.threshold,
                "left": row.answered / len(labels),
                "wrong of them": row.wrong / row.answered if row.answered else None,
            }
            for row in risk_coverage(probabilities[answered], labels[answered])
        ],
    }


def _by_writer(probabilities: Array, labels: Labels, writers: Labels) -> dict[str, Any]:
    return asdict(measure_by_writer(probabilities.argmax(axis=1) == labels, writers))


def show(records: list[dict[str, Any]]) -> None:
    """Print the records, one under the other."""
    console = Console()
    for record in records:
        headings = ("read", "accuracy", "refused", "temperature", *SCORES.values())
        table = Table(*headings, title=record["model"], box=None, header_style="bold")
        for name, figures in record["read"].items():
            about = [name, f"{figures['accuracy']:.2%}", f"{figures['refused']:.2%}"]
            for temperature, when in ((1.0, "before"), (record["temperature"], "after")):
                scores = (f"{figures[when][score]:.4f}" for score in SCORES)
                table.add_row(*about, f"{temperature:.3f}", *scores)
                about = [""] * len(about)
        console.print(table)
        table = Table("confidence", *record["read"], title="answers left; and wrong of them")
        for rows in zip(*(figures["coverage"] for figures in record["read"].values()), strict=True):
            table.add_row(f"{rows[0]['confidence']:.1%}", *map(_left_and_wrong, rows))
        console.print(table)


def _left_and_wrong(row: dict[str, Any]) -> str:
    wrong = row["wrong of them"]
    return f"{row['left']:.2%}; " + ("-" if wrong is None else f"{wrong:.2%}")


def main() -> None:
    """Measure every model, and print and keep the figures."""
    parser = model_options(__doc__)
    parser.add_argument("--count", type=int, default=5000, help="of drawings")
    arguments = parser.parse_args()
    recognizers = [Recognizer.load(model) for model in arguments.model]
    digits = digits_of(arguments.digits, recognizers[0])
    pictures = {
        "MNIST": as_files(digits),
        "pen writers": as_files(pen_digits()),
        "drawings": as_drawings(digits, arguments.count),
    }
    records: list[dict[str, Any]] = [
        {
            "model": recognizer.name,
            "digest": recognizer.digest,
            "temperature": recognizer.temperature,
            "read": {},
        }
        for recognizer in recognizers
    ]
    for name, (files, labels, writers) in pictures.items():
        read_by_each = read(recognizers, track(files, name, len(labels)))
        for record, predictions in zip(records, read_by_each, strict=True):
            temperature = record["temperature"]
            record["read"][name] = figures_of(predictions, labels, writers, temperature)
    show(records)
    keep("calibration", {"digits": arguments.digits, "models": records})


if __name__ == "__main__":
    main()
