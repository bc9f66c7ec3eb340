"""Rejection: the share of real digits and of non-digits that a model rejects.

Every image passes through the Recognizer: as ink if it was recorded as the path of a pen, otherwise
as a file. Besides the rejection rates, the results have the AUROC of two scores, which does not
depend on the threshold: the network's rejection score, and 1 minus the largest softmax probability,
the usual baseline for out-of-distribution detection.

source   Hendrycks and Gimpel 2017, A Baseline for Detecting Misclassified and Out-of-Distribution
         Examples in Neural Networks
"""

import argparse
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from evaluation_data import MNIST, PENDIGITS, mnist_digits, trajectory_sets
from outlier_kinds import KINDS, SPLITS, Sources, Split, draw, load
from PIL import Image
from results_store import save_results
from rich.console import Console
from rich.table import Table
from scipy.stats import rankdata

from inkdigits import Recognizer
from inkdigits.arrays import Array, Pixels
from inkdigits.calibration import choose_candidates
from inkdigits.constants import IMAGE_SIDE
from inkdigits.imaging.decode import encode_png
from inkdigits.model_file import DEFAULT_MODEL
from inkdigits.recognizer import Prediction

MAX_REJECTED_DIGITS = 0.005  # the target for real digits of each source
# The targets for non-digits: what most kinds reach, and what none falls short of.
MIN_REJECTED_OUTLIERS, MIN_REJECTED_OF_ANY_KIND = 0.95, 0.85
EXAMPLES = 30  # per row of the picture


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's predictions for some images.

    predictions       one per image
    rejection_scores  float64 (N,), higher is less like a digit; infinite for a blank image
    """

    predictions: list[Prediction]
    rejection_scores: Array

    @property
    def rejected(self) -> float:
        """The share of the images that are rejected, including blank ones."""
        return float(np.mean([prediction.digit is None for prediction in self.predictions]))

    @property
    def uncertainties(self) -> Array:
        """1 minus the largest softmax probability, float64 (N,)."""
        return np.array([1 - prediction.confidence for prediction in self.predictions])

    @property
    def accepted_as(self) -> dict[str, int]:
        """How many images are accepted as each digit, most frequent first."""
        digits = (prediction.digit for prediction in self.predictions)
        counts = Counter(digit for digit in digits if digit is not None).most_common()
        return {str(digit): count for digit, count in counts}

    @property
    def most_digit_like(self) -> list[Pixels]:
        """The preprocessed images that are accepted, by increasing rejection score."""
        order = np.argsort(self.rejection_scores)
        predictions = (self.predictions[number] for number in order)
        return [prediction.seen for prediction in predictions if prediction.digit is not None]


def predict(recognizer: Recognizer, files: Iterable[bytes]) -> Predictions:
    """Run a model on image files."""
    return predict_candidates(recognizer, [recognizer.preprocess_image(file) for file in files])


def predict_candidates(recognizer: Recognizer, images: Sequence[Pixels]) -> Predictions:
    """Run a model on preprocessed images.

    images   for each image its candidates, uint8 (K, 28, 28), the likeliest first
    """
    predictions = recognizer.predict_candidates(images)
    scores = recognizer.predict_batch(np.concatenate(images)).rejection_scores
    _, rejection_scores = choose_candidates(scores, np.array([len(found) for found in images]))
    rejection_scores[[prediction.reason == "blank" for prediction in predictions]] = np.inf
    return Predictions(predictions, rejection_scores)


def auroc(digits: Array, outliers: Array) -> float:
    """Return how often a non-digit scores higher than a digit; ties count half."""
    ranks = rankdata(np.concatenate([digits, outliers]))[len(digits) :]
    pairs = len(digits) * len(outliers)
    return float((ranks.sum() - len(outliers) * (len(outliers) + 1) / 2) / pairs)


def measure(
    recognizer: Recognizer, split: Split, sources: Sources, count: int
) -> tuple[dict[str, Any], dict[str, Predictions]]:
    """Run a model on real digits and on `count` images of each kind of non-digit.

    returns  the figures, and the predictions by kind
    """
    real = predict(recognizer, map(encode_png, sources.digits.images))
    people = trajectory_sets(recognizer.model.preprocessing, copies=1)[PENDIGITS]
    pendigits = predict_candidates(recognizer, people.candidates)
    by_kind = {}
    for name in KINDS:
        by_kind[name] = predict(recognizer, draw(name, count, split, sources))
        print(f"{name}: {by_kind[name].rejected:.1%} rejected", flush=True)
    figures = {
        "rejected_digits": {
            f"{MNIST} {'test' if split == 'test' else 'validation'}": real.rejected,
            PENDIGITS: pendigits.rejected,
        },
        "kinds": {
            name: {
                "rejected": kind.rejected,
                "auroc_rejection_score": auroc(real.rejection_scores, kind.rejection_scores),
                "auroc_max_softmax": auroc(real.uncertainties, kind.uncertainties),
                "accepted_as": kind.accepted_as,
            }
            for name, kind in by_kind.items()
        },
    }
    return figures, by_kind


def show(figures: dict[str, Any]) -> None:
    """Print the figures as tables and mark those that miss their target."""
    console = Console()
    table = Table("real digits", "rejected", "at most")
    for name, rejected in figures["rejected_digits"].items():
        mark = " !" if rejected > MAX_REJECTED_DIGITS else ""
        table.add_row(name, f"{rejected:.2%}{mark}", f"{MAX_REJECTED_DIGITS:.2%}")
    console.print(table)
    table = Table(
        "non-digits", "rejected", "AUROC: rejection score", "max softmax", "mostly accepted as"
    )
    for name, kind in figures["kinds"].items():
        accepted_as = islice(kind["accepted_as"].items(), 3)
        table.add_row(
            name,
            f"{kind['rejected']:.1%}{_mark(kind['rejected'])}",
            f"{kind['auroc_rejection_score']:.4f}",
            f"{kind['auroc_max_softmax']:.4f}",
            ", ".join(f"{digit}: {count}" for digit, count in accepted_as),
        )
    rejected = [kind["rejected"] for kind in figures["kinds"].values()]
    reached = sum(share >= MIN_REJECTED_OUTLIERS for share in rejected)
    table.caption = (
        f"{reached} of {len(rejected)} kinds reach {MIN_REJECTED_OUTLIERS:.0%} (! is below it, "
        f"!! below {MIN_REJECTED_OF_ANY_KIND:.0%}); the lowest is {min(rejected):.1%}"
    )
    console.print(table)


def _mark(rejected: float) -> str:
    """Return what marks a share of non-digits that misses a target."""
    return (
        " !!" if rejected < MIN_REJECTED_OF_ANY_KIND else " !" * (rejected < MIN_REJECTED_OUTLIERS)
    )


def draw_accepted(by_kind: dict[str, Predictions], path: Path) -> None:
    """Write a picture with one row per kind: accepted images by increasing rejection score."""
    grid = np.zeros((len(by_kind), IMAGE_SIDE, EXAMPLES, IMAGE_SIDE), np.uint8)
    for row, kind in zip(grid, by_kind.values(), strict=True):
        for number, seen in enumerate(kind.most_digit_like[:EXAMPLES]):
            row[:, number] = seen
    Image.fromarray(grid.reshape(-1, EXAMPLES * IMAGE_SIDE)).save(path)


def main() -> None:
    """Evaluate every model; print and save the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", nargs="+", default=[DEFAULT_MODEL], metavar="NAME_OR_FILE")
    parser.add_argument("--split", choices=SPLITS, default="development")
    parser.add_argument("--count", type=int, default=2000, help="number of images of each kind")
    parser.add_argument(
        "--picture", type=Path, metavar="FILE", help="draw the images that the last model accepts"
    )
    arguments = parser.parse_args()
    recognizers = [Recognizer.load(model) for model in arguments.model]
    for recognizer in recognizers:
        if recognizer.rejection_threshold is None:
            parser.error(f"the model {recognizer.name} does not reject non-digits")
    digits = "test" if arguments.split == "test" else "validation"
    sources = load(arguments.split, mnist_digits(digits, recognizers[0]))
    records = []
    for recognizer in recognizers:
        print(f"\n{recognizer.name}")
        figures, by_kind = measure(recognizer, arguments.split, sources, arguments.count)
        show(figures)
        about = {
            "model": recognizer.name,
            "digest": recognizer.digest,
            "rejection_threshold": recognizer.rejection_threshold,
        }
        records.append(about | figures)
    if arguments.picture:
        draw_accepted(by_kind, arguments.picture)
    save_results(
        "rejection", {"split": arguments.split, "count": arguments.count, "models": records}
    )


if __name__ == "__main__":
    main()
