"""Accuracy on simulated drawings: MNIST's digits, traced and rendered as on screens and paper.

Every drawing is a PNG or JPEG file and passes through the Recognizer. For comparison, the models
are also evaluated on MNIST's own images, on the same strokes drawn plainly, and on the 8x8 digits
that come with scikit-learn.

Drawings with straight lines and with dots are measured too, as levels of the factor "strokes". The
other figures are those of drawings with the strokes as they were traced.

With --misread, the misread drawings are drawn beside MNIST's images. Those of the validation digits
that a person misreads too are listed in results/unreadable_drawings.json, by number. They count as
errors; the accuracy without them is reported beside the accuracy.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from drawing_conditions import Conditions
from drawing_simulator import Style, drawings
from evaluation_data import DRAWINGS, accuracy_on, mnist_digits, model_parser, validation_split
from numpy.typing import NDArray
from picture_sheet import write_contact_sheet
from PIL import Image
from results_store import load_results, save_results
from rich.console import Console
from rich.progress import track
from rich.table import Table

from inkdigits import Recognizer
from inkdigits.arrays import Pixels
from inkdigits.data.mnist import Digits
from inkdigits.imaging.decode import encode_png

STYLES: tuple[Style, ...] = ("boxy", "dotted")  # beside "traced"

UNREADABLE = "unreadable_drawings"  # the file in results/ with those that a person misreads
REJECTED = -1

Answers: TypeAlias = NDArray[np.int64]  # (M, N), of model m for drawing n; REJECTED for no digit


def recognize_drawings(
    recognizers: list[Recognizer], digits: Digits, count: int, style: Style = "traced"
) -> tuple[list[Conditions], Answers, Answers]:
    """Run every model on the same drawings.

    returns  the conditions of each drawing, the answers of each model, and its answers for the same
             strokes drawn plainly
    """
    conditions = []
    answers: list[list[int]] = []
    answers_plain: list[list[int]] = []
    for drawing in track(drawings(digits, count, style), f"{style} drawings", total=count):
        conditions.append(drawing.conditions)
        for file, by_drawing in ((drawing.file, answers), (drawing.plain, answers_plain)):
            predicted = [recognizer.recognize(file).digit for recognizer in recognizers]
            by_drawing.append([REJECTED if digit is None else digit for digit in predicted])
    return conditions, np.transpose(answers), np.transpose(answers_plain)


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
    from sklearn.datasets import load_digits  # not installed for the tests

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


def unreadable_drawings(split: str, recognizer: Recognizer) -> list[int]:
    """Return the numbers of the drawings that a person misreads too, as far as they are known.

    split   "test" or "validation", whose drawings depend on which digits the model held out
    """
    listed = load_results(UNREADABLE)
    seed, fraction = validation_split(recognizer)
    if split != "validation" or listed["split"] != {"seed": seed, "fraction": fraction}:
        return []
    numbers: list[int] = listed["validation"]
    return numbers


def measure(
    recognizers: list[Recognizer], digits: Digits, count: int, unreadable: list[int]
) -> tuple[list[dict[str, Any]], dict[int, str]]:
    """Evaluate every model on all data sets.

    unreadable  numbers of the drawings that a person misreads too
    returns     one record per model, in order; and the answers for each drawing that one of the
                models misreads, by its number
    """
    labels = np.resize(digits.labels, count)
    conditions, answers, answers_plain = recognize_drawings(recognizers, digits, count)
    correct, correct_plain = answers == labels, answers_plain == labels
    readable = ~np.isin(np.arange(count), unreadable)
    styles = {"traced": correct}
    for style in STYLES:
        styled = recognize_drawings(recognizers, digits, max(1, count // 5), style)[1]
        styles[style] = styled == labels[: styled.shape[1]]
    by_style = [
        {
            style: {"drawings": outcomes.shape[1], "accuracy": float(outcomes[model].mean())}
            for style, outcomes in styles.items()
        }
        for model in range(len(recognizers))
    ]
    records = [
        {
            "model": recognizer.name,
            "digest": recognizer.digest,
            "accuracy": {
                DRAWINGS: float(correct[model].mean()),
                "plain drawings": float(correct_plain[model].mean()),
                "MNIST images": accuracy_on(recognizer, digits.take(slice(count))),
                **accuracy_on_8x8(recognizer),
            },
            "readable": {
                "drawings": int(readable.sum()),
                "accuracy": float(correct[model][readable].mean()),
            },
            "by_condition": by_condition(conditions, correct[model]) | {"strokes": by_style[model]},
        }
        for model, recognizer in enumerate(recognizers)
    ]
    misread = {
        int(number): ", ".join("-" if answer == REJECTED else str(answer) for answer in column)
        for number, column in enumerate(answers.T)
        if not correct[:, number].all()
    }
    return records, misread


def draw_misread(misread: dict[int, str], digits: Digits, path: Path) -> None:
    """Write a contact sheet of misread drawings, beside the digits and their plain drawings.

    misread  the answers, by the number of the drawing
    """
    tiles = []
    for number, drawing in enumerate(drawings(digits, max(misread, default=-1) + 1)):
        if number in misread:
            image = encode_png(255 - digits.images[number % len(digits)])
            tiles += [
                (f"{number}: {drawing.label}", image),
                (misread[number], drawing.plain),
                ("", drawing.file),
            ]
    write_contact_sheet({"digit and answers, drawn plainly, drawn": tiles}, path)


def show(records: list[dict[str, Any]]) -> None:
    """Print the records side by side."""
    console = Console()
    names = [record["model"] for record in records]
    table = Table("data set", *names)
    for name in records[0]["accuracy"]:
        table.add_row(name, *(f"{record['accuracy'][name]:.2%}" for record in records))
    readable = [f"{record['readable']['accuracy']:.2%}" for record in records]
    table.add_row("simulated drawings that a person can read", *readable)
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
    parser.add_argument(
        "--misread", type=Path, metavar="FILE", help="draw those that one of the models misreads"
    )
    arguments = parser.parse_args()
    recognizers = [Recognizer.load(model) for model in arguments.model]
    digits = mnist_digits(arguments.digits, recognizers[0])
    unreadable = unreadable_drawings(arguments.digits, recognizers[0])
    records, misread = measure(recognizers, digits, arguments.count, unreadable)
    show(records)
    if arguments.misread:
        draw_misread(misread, digits, arguments.misread)
    save_results(
        "drawings", {"digits": arguments.digits, "count": arguments.count, "models": records}
    )


if __name__ == "__main__":
    main()
