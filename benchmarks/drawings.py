"""Accuracy on simulated drawings: MNIST's digits, traced and rendered as on screens and paper.

Every drawing is a PNG or JPEG file and passes through the Recognizer. For comparison, the models
are also evaluated on MNIST's own images, on the same strokes drawn plainly, and on the 8x8 digits
that come with scikit-learn.
"""

from collections import defaultdict
from typing import Any, TypeAlias

import numpy as np
from drawing_conditions import Conditions
from drawing_simulator import drawings
from evaluation_data import DRAWINGS, accuracy_on, mnist_digits, model_parser
from numpy.typing import NDArray
from PIL import Image
from results_store import save_results
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.datasets import load_digits

from inkdigits import Recognizer
from inkdigits.arrays import Pixels
from inkdigits.data.mnist import Digits
from inkdigits.imaging.decode import encode_png

Correct: TypeAlias = NDArray[np.bool_]  # (M, N), whether model m is correct for drawing n


def recognize_drawings(
    recognizers: list[Recognizer], digits: Digits, count: int
) -> tuple[list[Conditions], Correct, Correct]:
    """Run every model on the same drawings.

    returns  the conditions of each drawing, whether each model is correct, and whether it is
             correct for the same strokes drawn plainly
    """
    conditions = []
    correct: list[list[bool]] = []
    correct_plain: list[list[bool]] = []
    for drawing in track(drawings(digits, count), "drawings", total=count):
        conditions.append(drawing.conditions)
        for file, by_drawing in ((drawing.file, correct), (drawing.plain, correct_plain)):
            predicted = [recognizer.recognize(file).digit for recognizer in recognizers]
            by_drawing.append([digit == drawing.label for digit in predicted])
    return conditions, np.transpose(correct), np.transpose(correct_plain)


def by_condition(
    conditions: list[Conditions], correct: NDArray[np.bool_]
) -> dict[str, dict[str, dict[str, Any]]]:
    """Return one model's accuracy, and the number of drawings, at each level of each factor.

    correct  bool (N,)
    """
    results: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for condition, is_correct in zip(conditions, correct.tolist(), strict=True):
        for factor, level in condition.levels.items():
            results[factor][level].append(is_correct)
    return {
        factor: {
            level: {"drawings": len(outcomes), "accuracy": float(np.mean(outcomes))}
            for level, outcomes in sorted(levels.items())
        }
        for factor, levels in results.items()
    }


def accuracy_on_8x8(recognizer: Recognizer) -> dict[str, float]:
    """Evaluate on scikit-learn's 1,797 digits of 8x8 pixels, enlarged to 64x64 in two ways."""
    images, labels = load_digits(return_X_y=True)
    small = np.rint(images.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)

    def accuracy(resampling: Image.Resampling) -> float:
        predicted = [
            recognizer.recognize(encode_png(_enlarged(image, resampling))).digit for image in small
        ]
        return float(np.mean(np.array(predicted) == labels))

    return {
        "8x8, nearest neighbor": accuracy(Image.Resampling.NEAREST),
        "8x8, bicubic": accuracy(Image.Resampling.BICUBIC),
    }


def _enlarged(image: Pixels, resampling: Image.Resampling) -> Pixels:
    return np.asarray(Image.fromarray(image).resize((64, 64), resampling))


def measure(recognizers: list[Recognizer], digits: Digits, count: int) -> list[dict[str, Any]]:
    """Evaluate every model on all data sets; return one record per model, in order."""
    conditions, correct, correct_plain = recognize_drawings(recognizers, digits, count)
    return [
        {
            "model": recognizer.name,
            "digest": recognizer.digest,
            "accuracy": {
                DRAWINGS: float(by_drawing.mean()),
                "plain drawings": float(by_plain_drawing.mean()),
                "MNIST images": accuracy_on(recognizer, digits.take(slice(count))),
                **accuracy_on_8x8(recognizer),
            },
            "by_condition": by_condition(conditions, by_drawing),
        }
        for recognizer, by_drawing, by_plain_drawing in zip(
            recognizers, correct, correct_plain, strict=True
        )
    ]


def show(records: list[dict[str, Any]]) -> None:
    """Print the records side by side."""
    console = Console()
    names = [record["model"] for record in records]
    table = Table("data set", *names)
    for name in records[0]["accuracy"]:
        table.add_row(name, *(f"{record['accuracy'][name]:.2%}" for record in records))
    console.print(table)
    table = Table("condition", "level", "drawings", *names)
    for factor, levels in records[0]["by_condition"].items():
        table.add_section()
        for level, first in levels.items():
            figures = [record["by_condition"][factor][level] for record in records]
            accuracies = [f"{figure['accuracy']:.2%}" for figure in figures]
            table.add_row(factor, level, f"{first['drawings']:,}", *accuracies)
    console.print(table)


def main() -> None:
    """Evaluate every model; print and save the accuracies."""
    parser = model_parser(__doc__)
    parser.add_argument("--count", type=int, default=5000, help="number of drawings")
    arguments = parser.parse_args()
    recognizers = [Recognizer.load(model) for model in arguments.model]
    digits = mnist_digits(arguments.digits, recognizers[0])
    records = measure(recognizers, digits, arguments.count)
    show(records)
    save_results(
        "drawings", {"digits": arguments.digits, "count": arguments.count, "models": records}
    )


if __name__ == "__main__":
    main()
