"""Accuracy of models on digits that are spoiled in fifteen ways.

Every model reads the same spoiled pictures, as files, by the only path of inference. By the
validation digits, models may be chosen; the test digits are for what is chosen already. The
validation digits are those that the first model's training kept out; of a model whose file does not
say that its own kept out the same, the figures flatter, and are marked.

The likeliest digit counts, whether the model refuses the picture or not; what it refuses is
counted beside.
"""

import statistics
from pathlib import Path
from typing import Any

import numpy as np
from corruptions import CORRUPTIONS
from held_out import SEED, digits_of, model_options, split_of
from measured import keep
from PIL import Image
from rich.console import Console
from rich.table import Table

from inkdigits.arrays import Pixels
from inkdigits.data.mnist import Digits
from inkdigits.imaging.decode import encode_png
from inkdigits.recognizer import Recognizer

EXAMPLES = 16  # in a row of the picture
MEANS = ("covered", "others", "all")


def spoiled(name: str, pictures: Pixels) -> Pixels:
    """Spoil pictures by a corruption of this name, always in the same way."""
    seed = [SEED, list(CORRUPTIONS).index(name)]
    return CORRUPTIONS[name].function(pictures, np.random.default_rng(seed))


def read(recognizer: Recognizer, pictures: Pixels, digits: Digits) -> tuple[float, float]:
    """The share of the digits whose likeliest answer is right, and the share that is refused."""
    predictions = [recognizer.recognize(encode_png(picture)) for picture in pictures]
    answers = np.argmax([prediction.probabilities for prediction in predictions], axis=1)
    refused = np.mean([prediction.digit is None for prediction in predictions])
    return float(np.mean(answers == digits.labels)), float(refused)


def means(accuracies: dict[str, float]) -> dict[str, float]:
    """The mean over the corruptions that augmentation covers, over the others, and over all.

    accuracies  of each corruption, by its name
    """
    covered = [accuracies[name] for name, kind in CORRUPTIONS.items() if kind.covered]
    others = [accuracies[name] for name, kind in CORRUPTIONS.items() if not kind.covered]
    return dict(zip(MEANS, map(statistics.mean, (covered, others, covered + others)), strict=True))


def kept_out(recognizer: Recognizer, digits: str, first: Recognizer) -> bool:
    """Whether the model's own file says that it has not learned from these digits."""
    training = recognizer.model.training
    split = training.get("seed"), training.get("validation")
    return digits == "test" or split == split_of(first)


def measure(recognizers: list[Recognizer], digits: Digits) -> list[dict[str, Any]]:
    """Let every model read clean and spoiled pictures; one record a model, in their order."""
    clean = [read(recognizer, digits.images, digits) for recognizer in recognizers]
    by_corruption: list[dict[str, float]] = [{} for _ in recognizers]
    refused_by_corruption: list[dict[str, float]] = [{} for _ in recognizers]
    for name in CORRUPTIONS:
        pictures = spoiled(name, digits.images)
        for recognizer, accuracies, refused in zip(
            recognizers, by_corruption, refused_by_corruption, strict=True
        ):
            accuracies[name], refused[name] = read(recognizer, pictures, digits)
            print(f"{name}: {recognizer.name} {accuracies[name]:.2%}", flush=True)
    return [
        {
            "model": recognizer.name,
            "digest": recognizer.digest,
            "clean": accuracy_clean,
            "clean_refused": refused_clean,
            "corruptions": accuracies,
            "refused": refused,
            "mean": means(accuracies),
        }
        for recognizer, (accuracy_clean, refused_clean), accuracies, refused in zip(
            recognizers, clean, by_corruption, refused_by_corruption, strict=True
        )
    ]


def show(records: list[dict[str, Any]]) -> None:
    """Print the records side by side."""
    names = [record["model"] + ("" if record["kept_out"] else " *") for record in records]
    table = Table("digits", *names, header_style="bold")
    for column in table.columns[1:]:
        column.justify = "right"

    def add(heading: str, figures: list[float]) -> None:
        table.add_row(heading, *(f"{figure:.2%}" for figure in figures))

    add("clean", [record["clean"] for record in records])
    table.add_section()
    for name, corruption in CORRUPTIONS.items():
        heading = f"{name} (covered)" if corruption.covered else name
        add(heading, [record["corruptions"][name] for record in records])
    table.add_section()
    for mean in MEANS:
        add(f"mean of {mean}", [record["mean"][mean] for record in records])
    if not all(record["kept_out"] for record in records):
        table.caption = "* may have learned from these digits"
    Console().print(table)


def draw_examples(pictures: Pixels, path: Path) -> None:
    """Write a picture with a row of clean digits and one of each corruption, twice as large."""
    rows = [pictures, *(spoiled(name, pictures) for name in CORRUPTIONS)]
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows])
    Image.fromarray(sheet.repeat(2, axis=0).repeat(2, axis=1)).save(path)


def main() -> None:
    """Measure every model, and print and keep the figures; or only draw examples."""
    parser = model_options(__doc__)
    parser.add_argument("--picture", type=Path, metavar="FILE", help="only draw examples of each")
    arguments = parser.parse_args()
    recognizers = [Recognizer.load(model) for model in arguments.model]
    digits = digits_of(arguments.digits, recognizers[0])
    if arguments.picture:
        draw_examples(digits.images[:EXAMPLES], arguments.picture)
        return
    records = measure(recognizers, digits)
    for recognizer, record in zip(recognizers, records, strict=True):
        record["kept_out"] = kept_out(recognizer, arguments.digits, recognizers[0])
    show(records)
    keep("robustness", {"digits": arguments.digits, "count": len(digits), "models": records})


if __name__ == "__main__":
    main()
