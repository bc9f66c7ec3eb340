"""Accuracy on drawings: MNIST's digits traced and drawn anew, as people do on screens and on paper.

Every drawing is a PNG or a JPEG and goes through the only path of inference. Beside it: the same
digits as MNIST has them, the same drawn plainly, and the 8x8 digits that scikit-learn carries.
"""

from collections import defaultdict
from typing import Any, TypeAlias

import numpy as np
from drawing_simulator import Conditions, drawings
from held_out import digits_of, model_options
from measured import keep
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.datasets import load_digits

from inkdigits import Recognizer
from inkdigits.data.mnist import Digits
from inkdigits.imaging.decode import encode_png

Right: TypeAlias = NDArray[np.bool_]  # (M, N), whether each model's answer to each drawing is right


def read_drawings(
    recognizers: list[Recognizer], digits: Digits, count: int
) -> tuple[list[Conditions], Right, Right]:
    """Let every model read the same drawings.

    returns  how each was drawn; the answers to the drawings; and to the same drawn plainly
    """
    conditions = []
    right: list[list[bool]] = []
    right_plain: list[list[bool]] = []
    for drawing in track(drawings(digits, count), "drawings", total=count):
        conditions.append(drawing.conditions)
        for file, answers in ((drawing.file, right), (drawing.plain, right_plain)):
            read = [recognizer.recognize(file).digit for recognizer in recognizers]
            answers.append([digit == drawing.label for digit in read])
    return conditions, np.transpose(right), np.transpose(right_plain)


def by_factor(
    conditions: list[Conditions], right: NDArray[np.bool_]
) -> dict[str, dict[str, dict[str, Any]]]:
    """The count and one model's accuracy of each level of each factor.

    right  bool (N,)
    """
    results: dict[str, dict[str, list[bool]]] = defaultdict(lambda: defaultdict(list))
    for drawn, is_right in zip(conditions, right.tolist(), strict=True):
        for factor, level in drawn.levels.items():
            results[factor][level].append(is_right)
    return {
        factor: {
            level: {"drawings": len(answers), "accuracy": float(np.mean(answers))}
            for level, answers in sorted(levels.items())
        }
        for factor, levels in results.items()
    }


def as_mnist_has_them(recognizer: Recognizer, digits: Digits) -> float:
    """Have MNIST's pictures read as they are."""
    return float(np.mean(recognizer.read(digits.images).argmax(axis=1) == digits.labels))


def small_digits(recognizer: Recognizer) -> dict[str, float]:
    """Have scikit-learn's 1,797 digits of 8x8 pixels read, each enlarged 8 times."""
    images, labels = load_digits(return_X_y=True)
    pictures = np.rint(images.reshape(-1, 8, 8) * 255 / 16).astype(np.uint8)

    def accuracy(resampling: Image.Resampling) -> float:
        read = [
            recognizer.recognize(encode_png(_enlarged(picture, resampling))).digit
            for picture in pictures
        ]
        return float(np.mean(np.array(read) == labels))

    return {
        "8x8 in blocks": accuracy(Image.Resampling.NEAREST),
        "8x8, smooth": accuracy(Image.Resampling.BICUBIC),
    }


def _enlarged(picture: NDArray[np.uint8], resampling: Image.Resampling) -> NDArray[np.uint8]:
    return np.asarray(Image.fromarray(picture).resize((64, 64), resampling))


def measure(recognizers: list[Recognizer], digits: Digits, count: int) -> list[dict[str, Any]]:
    """Let every model read all; one record a model, in their order."""
    conditions, right, right_plain = read_drawings(recognizers, digits, count)
    return [
        {
            "model": recognizer.name,
            "digest": recognizer.digest,
            "accuracy": {
                "drawings": float(of_model.mean()),
                "drawn plainly": float(of_model_plain.mean()),
                "as MNIST has them": as_mnist_has_them(recognizer, digits.take(slice(count))),
                **small_digits(recognizer),
            },
            "by factor": by_factor(conditions, of_model),
        }
        for recognizer, of_model, of_model_plain in zip(
            recognizers, right, right_plain, strict=True
        )
    ]


def show(records: list[dict[str, Any]]) -> None:
    """Print the records side by side."""
    console = Console()
    names = [record["model"] for record in records]
    table = Table("read", *names)
    for name in records[0]["accuracy"]:
        table.add_row(name, *(f"{record['accuracy'][name]:.2%}" for record in records))
    console.print(table)
    table = Table("factor", "level", "drawings", *names)
    for factor, levels in records[0]["by factor"].items():
        table.add_section()
        for level, first in levels.items():
            figures = [record["by factor"][factor][level] for record in records]
            accuracies = [f"{figure['accuracy']:.2%}" for figure in figures]
            table.add_row(factor, level, f"{first['drawings']:,}", *accuracies)
    console.print(table)


def main() -> None:
    """Measure every model, and print and keep the figures."""
    parser = model_options(__doc__)
    parser.add_argument("--count", type=int, default=5000, help="of drawings")
    arguments = parser.parse_args()
    recognizers = [Recognizer.load(model) for model in arguments.model]
    digits = digits_of(arguments.digits, recognizers[0])
    records = measure(recognizers, digits, arguments.count)
    show(records)
    keep("drawings", {"digits": arguments.digits, "count": arguments.count, "models": records})


if __name__ == "__main__":
    main()
