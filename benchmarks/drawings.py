"""Accuracy on drawings: MNIST's digits traced and drawn anew, as people do on screens and on paper.

Every drawing is a PNG or a JPEG and goes through the only path of inference. Beside it: the same
digits as MNIST has them, the same drawn plainly, and the 8x8 digits that scikit-learn carries.
"""

import argparse
from collections import defaultdict
from typing import Any

import numpy as np
from drawing_simulator import Conditions, draw, draw_conditions, trace
from held_out import digits_of
from measured import keep
from numpy.typing import NDArray
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sklearn.datasets import load_digits

from inkdigits import Recognizer
from inkdigits.artifacts import DEFAULT_MODEL
from inkdigits.data.mnist import Digits
from inkdigits.imaging.decode import encode_png

SEED = 0
PLAIN = Conditions(
    canvas=(280, 280, 1),
    place="on the sheet",
    size_px=200,
    pen_px=24,
    antialiased=True,
    polarity="dark on light",
    colour="black and white",
    file="PNG",
)


def read_drawings(
    recognizer: Recognizer, digits: Digits, count: int
) -> tuple[dict[str, Any], dict[str, dict[str, dict[str, Any]]]]:
    """Draw each digit in turn until there are `count` drawings, and have them read.

    returns  accuracies; and the count and the accuracy of each level of each factor
    """
    results: dict[tuple[str, str], list[bool]] = defaultdict(list)
    right, right_plain = [], []
    for number in track(range(count), "drawings"):
        # A generator for each, so that a drawing depends on its number alone.
        rng = np.random.default_rng((SEED, number))
        strokes = trace(digits.images[number % len(digits)])
        label = int(digits.labels[number % len(digits)])
        conditions = draw_conditions(rng)
        right.append(recognizer.recognize(draw(strokes, conditions, rng)).digit == label)
        right_plain.append(recognizer.recognize(draw(strokes, PLAIN, rng)).digit == label)
        for level in conditions.levels.items():
            results[level].append(right[-1])
    by_factor: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
    for (factor, name), answers in results.items():
        by_factor[factor][name] = {"drawings": len(answers), "accuracy": float(np.mean(answers))}
    overall = {"drawings": float(np.mean(right)), "drawn plainly": float(np.mean(right_plain))}
    return overall, by_factor


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


def show(overall: dict[str, float], by_factor: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Print the figures as tables."""
    console = Console()
    table = Table("read", "accuracy")
    for name, accuracy in overall.items():
        table.add_row(name, f"{accuracy:.2%}")
    console.print(table)
    table = Table("factor", "level", "drawings", "accuracy")
    for factor, levels in by_factor.items():
        table.add_section()
        for name, figures in sorted(levels.items()):
            table.add_row(factor, name, f"{figures['drawings']:,}", f"{figures['accuracy']:.2%}")
    console.print(table)


def main() -> None:
    """Measure, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a file, or a shipped model")
    parser.add_argument("--count", type=int, default=5000, help="of drawings")
    parser.add_argument("--digits", choices=("validation", "test"), default="validation")
    arguments = parser.parse_args()
    recognizer = Recognizer.load(arguments.model)
    digits = digits_of(arguments.digits, recognizer)
    overall, by_factor = read_drawings(recognizer, digits, arguments.count)
    overall["as MNIST has them"] = as_mnist_has_them(
        recognizer, digits.take(slice(arguments.count))
    )
    overall |= small_digits(recognizer)
    show(overall, by_factor)
    keep(
        "drawings",
        {
            "model": recognizer.name,
            "digest": recognizer.digest,
            "digits": arguments.digits,
            "count": arguments.count,
            "accuracy": overall,
            "by factor": by_factor,
        },
    )


if __name__ == "__main__":
    main()
