"""Robustness of models to 15 corruptions of MNIST's digits.

Every model is evaluated on the same corrupted images, which pass through the Recognizer as files.
Validation digits are for model selection; test digits are for models that are already selected. The
validation digits are those that the first model's training held out. Another model is marked if its
file does not say that it held out the same ones, because its figures may then be optimistic.

The most likely digit counts, even if the image is rejected; the rejection rate is reported
separately.
"""

import statistics
from pathlib import Path
from typing import Any

import numpy as np
from corruptions import CORRUPTIONS
from evaluation_data import SEED, mnist_digits, model_parser, validation_split
from PIL import Image
from results_store import save_results
from rich.console import Console
from rich.table import Table

from inkdigits.arrays import Pixels
from inkdigits.data.mnist import Digits
from inkdigits.imaging.decode import encode_png
from inkdigits.recognizer import Recognizer

EXAMPLES = 16  # per row of the picture
MEANS = {
    "covered": "mean: covered by augmentation",
    "not_covered": "mean: not covered",
    "all": "mean of all",
}


def corrupt(name: str, images: Pixels) -> Pixels:
    """Apply the corruption with this name, always in the same way."""
    seed = [SEED, list(CORRUPTIONS).index(name)]
    return CORRUPTIONS[name].function(images, np.random.default_rng(seed))


def evaluate(recognizer: Recognizer, images: Pixels, digits: Digits) -> tuple[float, float]:
    """Return the accuracy of the most likely digit, and the share of rejected images."""
    predictions = [recognizer.recognize(encode_png(image)) for image in images]
    answers = np.argmax([prediction.probabilities for prediction in predictions], axis=1)
    rejected = np.mean([prediction.digit is None for prediction in predictions])
    return float(np.mean(answers == digits.labels)), float(rejected)


def means(accuracies: dict[str, float]) -> dict[str, float]:
    """Return the mean over corruptions that augmentation covers, over the others, and over all.

    accuracies  of each corruption, by its name
    """
    covered = [accuracies[name] for name, kind in CORRUPTIONS.items() if kind.covered]
    others = [accuracies[name] for name, kind in CORRUPTIONS.items() if not kind.covered]
    return dict(zip(MEANS, map(statistics.mean, (covered, others, covered + others)), strict=True))


def held_out(recognizer: Recognizer, digits: str, first: Recognizer) -> bool:
    """Return whether the model's file says that it was not trained on these digits."""
    if digits == "test":
        return True
    has_seed = "seed" in recognizer.describe().training
    return has_seed and validation_split(recognizer) == validation_split(first)


def measure(recognizers: list[Recognizer], digits: Digits) -> list[dict[str, Any]]:
    """Evaluate every model on clean and corrupted images; return one record per model, in order."""
    clean = [evaluate(recognizer, digits.images, digits) for recognizer in recognizers]
    accuracies_by_model: list[dict[str, float]] = [{} for _ in recognizers]
    rejected_by_model: list[dict[str, float]] = [{} for _ in recognizers]
    for name in CORRUPTIONS:
        images = corrupt(name, digits.images)
        for recognizer, accuracies, rejected in zip(
            recognizers, accuracies_by_model, rejected_by_model, strict=True
        ):
            accuracies[name], rejected[name] = evaluate(recognizer, images, digits)
            print(f"{name}: {recognizer.name} {accuracies[name]:.2%}", flush=True)
    return [
        {
            "model": recognizer.name,
            "digest": recognizer.digest,
            "clean_accuracy": clean_accuracy,
            "clean_rejected": clean_rejected,
            "accuracy": accuracies,
            "rejected": rejected,
            "mean_accuracy": means(accuracies),
        }
        for recognizer, (clean_accuracy, clean_rejected), accuracies, rejected in zip(
            recognizers, clean, accuracies_by_model, rejected_by_model, strict=True
        )
    ]


def show(records: list[dict[str, Any]]) -> None:
    """Print the records side by side."""
    names = [record["model"] + ("" if record["held_out"] else " *") for record in records]
    table = Table("digits", *names, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"

    def add(heading: str, accuracies: list[float]) -> None:
        table.add_row(heading, *(f"{accuracy:.2%}" for accuracy in accuracies))

    add("clean", [record["clean_accuracy"] for record in records])
    table.add_section()
    for name, corruption in CORRUPTIONS.items():
        heading = f"{name} (covered)" if corruption.covered else name
        add(heading, [record["accuracy"][name] for record in records])
    table.add_section()
    for mean, heading in MEANS.items():
        add(heading, [record["mean_accuracy"][mean] for record in records])
    if not all(record["held_out"] for record in records):
        table.caption = "* may have been trained on these digits"
    Console().print(table)


def draw_examples(images: Pixels, path: Path) -> None:
    """Write a picture with a row of clean digits and one row per corruption, at twice the size."""
    rows = [images, *(corrupt(name, images) for name in CORRUPTIONS)]
    grid = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    Image.fromarray(grid.repeat(2, axis=0).repeat(2, axis=1)).save(path)


def main() -> None:
    """Evaluate every model and print and save the figures, or only draw examples."""
    parser = model_parser(__doc__)
    parser.add_argument("--picture", type=Path, metavar="FILE", help="only draw examples")
    arguments = parser.parse_args()
    recognizers = [Recognizer.load(model) for model in arguments.model]
    digits = mnist_digits(arguments.digits, recognizers[0])
    if arguments.picture:
        draw_examples(digits.images[:EXAMPLES], arguments.picture)
        return
    records = measure(recognizers, digits)
    for recognizer, record in zip(recognizers, records, strict=True):
        record["held_out"] = held_out(recognizer, arguments.digits, recognizers[0])
    show(records)
    save_results(
        "robustness", {"digits": arguments.digits, "count": len(digits), "models": records}
    )


if __name__ == "__main__":
    main()
