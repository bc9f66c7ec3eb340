"""Calibration and selective classification on MNIST, other people's digits and simulated drawings.

Log loss, Brier score and expected calibration error (ECE) are reported before calibration, at
temperature 1, and after it, at the temperature in the model file, which was fitted on digits of
writers who are not trained on. They include rejected images, with the probabilities that the
network predicts for them. The risk-coverage curve shows, for each confidence threshold, the share
of the images that are still accepted (coverage) and the error rate among them (risk).

Every image passes through the Recognizer: MNIST's digits and the drawings as files, other people's
as ink.
"""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from drawing_simulator import drawings
from evaluation_data import (
    DRAWINGS,
    MNIST,
    mean_over_writers,
    mnist_digits,
    model_parser,
    trajectory_sets,
)
from numpy.typing import NDArray
from results_store import save_results
from rich.console import Console
from rich.progress import track
from rich.table import Table

from inkdigits import Recognizer
from inkdigits.arrays import Array, Labels
from inkdigits.data.mnist import Digits
from inkdigits.imaging.decode import encode_png
from inkdigits.metrics import measure, measure_by_writer, risk_coverage
from inkdigits.recipes import CNN_SMALL, MLP
from inkdigits.recognizer import Prediction

SCORES = {"log_loss": "log loss", "brier": "Brier score", "calibration_error": "ECE"}
# Aims for the log loss after calibration: on MNIST, and over those of all other writers.
MAX_LOG_LOSS = {CNN_SMALL.name: 0.015, MLP.name: 0.03}
MAX_LOG_LOSS_OF_WRITERS = 0.05


class ImageFiles(NamedTuple):
    """Image files with their labels, and the writers of the digits, if known."""

    files: Iterable[bytes]
    labels: Labels
    writers: NDArray[Any] | None = None


def as_png(digits: Digits) -> ImageFiles:
    """Encode each digit as a PNG file."""
    return ImageFiles(map(encode_png, digits.images), digits.labels, digits.writers)


def as_drawings(digits: Digits, count: int) -> ImageFiles:
    """Simulate `count` drawings, cycling through the digits."""
    files = (drawing.file for drawing in drawings(digits, count))
    return ImageFiles(files, np.resize(digits.labels, count))


def predict(recognizers: list[Recognizer], files: Iterable[bytes]) -> list[list[Prediction]]:
    """Run every model on the same files; return one list of predictions per model."""
    predictions: list[list[Prediction]] = [[] for _ in recognizers]
    for file in files:
        for recognizer, by_model in zip(recognizers, predictions, strict=True):
            by_model.append(recognizer.recognize(file))
    return predictions


def uncalibrated(probabilities: Array, temperature: float) -> Array:
    """Return the probabilities at temperature 1: p^T, normalized, for p = softmax(z / T).

    probabilities  float64 (N, C), at temperature T
    temperature    T
    """
    powers = probabilities**temperature
    return powers / powers.sum(axis=1, keepdims=True)


def scores(
    predictions: list[Prediction], labels: Labels, writers: NDArray[Any] | None, temperature: float
) -> dict[str, Any]:
    """Score a model's predictions.

    temperature  at which the probabilities were computed
    """
    probabilities = np.array([prediction.probabilities for prediction in predictions])
    accepted = np.array([prediction.digit is not None for prediction in predictions])
    before = measure(uncalibrated(probabilities, temperature), labels)
    after = measure(probabilities, labels)
    return {
        "images": len(labels),
        "accuracy": after.accuracy,
        "interval": after.interval,
        "by_writer": None if writers is None else _by_writer(probabilities, labels, writers),
        "rejected": float(1 - accepted.mean()),
        "uncalibrated": {score: getattr(before, score) for score in SCORES},
        "calibrated": {score: getattr(after, score) for score in SCORES},
        "risk_coverage": [
            {
                "threshold": point.threshold,
                "coverage": point.accepted / len(labels),
                "risk": point.wrong / point.accepted if point.accepted else None,
            }
            for point in risk_coverage(probabilities[accepted], labels[accepted])
        ],
    }


def _by_writer(probabilities: Array, labels: Labels, writers: NDArray[Any]) -> dict[str, Any]:
    return asdict(measure_by_writer(probabilities.argmax(axis=1) == labels, writers))


def show(records: list[dict[str, Any]]) -> None:
    """Print two tables per model: the scores, and the risk-coverage curves."""
    console = Console()
    for record in records:
        datasets = record["datasets"]
        headings = ("data set", "accuracy", "rejected", "temperature", *SCORES.values())
        table = Table(*headings, title=record["model"], box=None, header_style="bold")
        for name, figures in datasets.items():
            cells = [name, f"{figures['accuracy']:.2%}", f"{figures['rejected']:.2%}"]
            for temperature, when in (
                (1.0, "uncalibrated"),
                (record["temperature"], "calibrated"),
            ):
                values = (f"{figures[when][score]:.4f}" for score in SCORES)
                table.add_row(*cells, f"{temperature:.3f}", *values)
                cells = [""] * len(cells)
        table.caption = _aims(record)
        console.print(table)
        table = Table("confidence threshold", *datasets, title="coverage; risk")
        curves = (figures["risk_coverage"] for figures in datasets.values())
        for points in zip(*curves, strict=True):
            table.add_row(f"{points[0]['threshold']:.1%}", *map(_coverage_and_risk, points))
        console.print(table)


def _aims(record: dict[str, Any]) -> str:
    """Name the log losses for which there are aims."""
    on_mnist = record["datasets"][MNIST]["calibrated"]["log_loss"]
    aim = MAX_LOG_LOSS.get(record["recipe"], MAX_LOG_LOSS[CNN_SMALL.name])
    text = f"log loss on {MNIST} {on_mnist:.4f}, at most {aim}"
    if record["log_loss_of_writers"] is not None:
        text += (
            f"; of the other writers {record['log_loss_of_writers']:.4f}, "
            f"at most {MAX_LOG_LOSS_OF_WRITERS}"
        )
    return text


def _coverage_and_risk(point: dict[str, Any]) -> str:
    risk = "-" if point["risk"] is None else f"{point['risk']:.2%}"
    return f"{point['coverage']:.2%}; {risk}"


def main() -> None:
    """Evaluate every model; print and save the scores."""
    parser = model_parser(__doc__)
    parser.add_argument("--count", type=int, default=5000, help="number of drawings")
    arguments = parser.parse_args()
    recognizers = [Recognizer.load(model) for model in arguments.model]
    digits = mnist_digits(arguments.digits, recognizers[0])
    datasets = {MNIST: as_png(digits), DRAWINGS: as_drawings(digits, arguments.count)}
    records: list[dict[str, Any]] = [
        {
            "model": recognizer.name,
            "recipe": recognizer.model.recipe,
            "digest": recognizer.digest,
            "temperature": recognizer.temperature,
            "datasets": {},
        }
        for recognizer in recognizers
    ]
    for name, (files, labels, writers) in datasets.items():
        by_model = predict(recognizers, track(files, name, len(labels)))
        for record, predictions in zip(records, by_model, strict=True):
            temperature = record["temperature"]
            record["datasets"][name] = scores(predictions, labels, writers, temperature)
    for record, recognizer in zip(records, recognizers, strict=True):
        figures = record["datasets"]
        for name, people in trajectory_sets(recognizer.model.preprocessing, copies=1).items():
            predictions = recognizer.predict_candidates(people.candidates)
            figures[name] = scores(
                predictions, people.labels, people.writers, recognizer.temperature
            )
        record["log_loss_of_writers"] = mean_over_writers(
            {name: figures[name]["calibrated"]["log_loss"] for name in figures},
            {name: figures[name]["images"] for name in figures},
        )
    show(records)
    save_results("calibration", {"digits": arguments.digits, "models": records})


if __name__ == "__main__":
    main()
