"""What is refused as no digit: real digits, which must not be, and what is none of them.

Every picture is a file and goes through the only path of inference. Beside the shares that are
refused stands how well two measures tell each kind from real digits, whatever the threshold: the
network's doubt, and how far its probability of the likeliest digit is from 1.
"""

import argparse
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from held_out import digits_of, pen_digits
from measured import keep
from outlier_kinds import KINDS, PARTS, Part, Sources, draw, load
from PIL import Image
from rich.console import Console
from rich.table import Table
from scipy.stats import rankdata

from inkdigits import Recognizer
from inkdigits.arrays import Array, Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.imaging.decode import encode_png
from inkdigits.model_file import DEFAULT_MODEL
from inkdigits.recognizer import Prediction

MOST_DIGITS_REFUSED = 0.003  # of real digits
LEAST_REFUSED = 0.95  # of each kind that is no digit
EXAMPLES = 30  # in a row of the picture


@dataclass(frozen=True, eq=False)
class Readings:
    """What a model made of some pictures.

    predictions  one for each
    rejection_scores       float64 (N,), higher is less a digit; infinite if the sheet is blank
    """

    predictions: list[Prediction]
    rejection_scores: Array

    @property
    def refused(self) -> float:
        """The share in which the model saw no digit."""
        return float(np.mean([prediction.digit is None for prediction in self.predictions]))

    @property
    def uncertainties(self) -> Array:
        """How far the probability of the likeliest digit is from 1; float64 (N,)."""
        return np.array([1 - prediction.confidence for prediction in self.predictions])

    @property
    def taken_for(self) -> dict[str, int]:
        """How many were taken for which digit, most frequent first."""
        digits = (prediction.digit for prediction in self.predictions)
        counts = Counter(digit for digit in digits if digit is not None).most_common()
        return {str(digit): count for digit, count in counts}

    @property
    def most_digit_like(self) -> list[Pixels]:
        """What the network saw of those that were not refused, least doubted first."""
        order = np.argsort(self.rejection_scores)
        predictions = (self.predictions[number] for number in order)
        return [prediction.seen for prediction in predictions if prediction.digit is not None]


def read(recognizer: Recognizer, files: Iterable[bytes]) -> Readings:
    """Let a model read picture files."""
    predictions = [recognizer.recognize(file) for file in files]
    rejection_scores = recognizer.rejection_scores(
        np.stack([prediction.seen for prediction in predictions])
    )
    rejection_scores[[prediction.reason == "blank" for prediction in predictions]] = np.inf
    return Readings(predictions, rejection_scores)


def auroc(digits: Array, others: Array) -> float:
    """How often a picture of no digit has the higher measure than a digit; ties count half."""
    ranks = rankdata(np.concatenate([digits, others]))[len(digits) :]
    pairs = len(digits) * len(others)
    return float((ranks.sum() - len(others) * (len(others) + 1) / 2) / pairs)


def measure(
    recognizer: Recognizer, part: Part, sources: Sources, count: int
) -> tuple[dict[str, Any], dict[str, Readings]]:
    """Let a model read real digits, and `count` pictures of each kind that is none.

    returns  the figures; and what was made of each kind
    """
    real = read(recognizer, map(encode_png, sources.digits.images))
    drawn = read(recognizer, map(encode_png, pen_digits().images))
    readings = {}
    for name in KINDS:
        readings[name] = read(recognizer, draw(name, count, part, sources))
        print(f"{name}: {readings[name].refused:.1%} refused", flush=True)
    figures = {
        "digits refused": {
            f"MNIST, {'test' if part == 'report' else 'validation'}": real.refused,
            "pen writers for development": drawn.refused,
        },
        "kinds": {
            name: {
                "refused": kind.refused,
                "auroc_doubt": auroc(real.rejection_scores, kind.rejection_scores),
                "auroc_uncertainty": auroc(real.uncertainties, kind.uncertainties),
                "taken for": kind.taken_for,
            }
            for name, kind in readings.items()
        },
    }
    return figures, readings


def show(figures: dict[str, Any]) -> None:
    """Print the figures as tables, and mark what misses its mark."""
    console = Console()
    table = Table("real digits", "refused", "at most")
    for name, refused in figures["digits refused"].items():
        mark = " !" if refused > MOST_DIGITS_REFUSED else ""
        table.add_row(name, f"{refused:.2%}{mark}", f"{MOST_DIGITS_REFUSED:.2%}")
    console.print(table)
    table = Table("no digits", "refused", "AUROC: doubt", "1 - likeliest", "most taken for")
    for name, kind in figures["kinds"].items():
        table.add_row(
            name,
            f"{kind['refused']:.1%}" + (" !" if kind["refused"] < LEAST_REFUSED else ""),
            f"{kind['auroc_doubt']:.4f}",
            f"{kind['auroc_uncertainty']:.4f}",
            ", ".join(f"{digit}: {count}" for digit, count in islice(kind["taken for"].items(), 3)),
        )
    table.caption = f"! is less than {LEAST_REFUSED:.0%}"
    console.print(table)


def draw_accepted(readings: dict[str, Readings], path: Path) -> None:
    """Write a picture with a row of each kind: what was taken for digits, least doubted first."""
    sheet = np.zeros((len(readings), IMAGE_SIDE, EXAMPLES, IMAGE_SIDE), np.uint8)
    for row, kind in zip(sheet, readings.values(), strict=True):
        for number, seen in enumerate(kind.most_digit_like[:EXAMPLES]):
            row[:, number] = seen
    Image.fromarray(sheet.reshape(-1, EXAMPLES * IMAGE_SIDE)).save(path)


def main() -> None:
    """Measure every model, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", nargs="+", default=[DEFAULT_MODEL], metavar="NAME_OR_FILE")
    parser.add_argument("--part", choices=PARTS, default="development")
    parser.add_argument("--count", type=int, default=2000, help="of pictures of each kind")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="draw what the last model did not refuse"
    )
    arguments = parser.parse_args()
    recognizers = [Recognizer.load(model) for model in arguments.model]
    for recognizer in recognizers:
        if recognizer.rejection_threshold is None:
            parser.error(f"the model {recognizer.name} refuses nothing")
    split = "test" if arguments.part == "report" else "validation"
    sources = load(arguments.part, digits_of(split, recognizers[0]))
    records = []
    for recognizer in recognizers:
        print(f"\n{recognizer.name}")
        figures, readings = measure(recognizer, arguments.part, sources, arguments.count)
        show(figures)
        about = {
            "model": recognizer.name,
            "digest": recognizer.digest,
            "threshold": recognizer.rejection_threshold,
        }
        records.append(about | figures)
    if arguments.picture:
        draw_accepted(readings, arguments.picture)
    keep("refusal", {"part": arguments.part, "count": arguments.count, "models": records})


if __name__ == "__main__":
    main()
