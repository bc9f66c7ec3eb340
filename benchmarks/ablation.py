"""Train the default recipe without one of its parts at a time and compare the accuracy.

Every variant is trained with the same code, seed and number of epochs, and evaluated on development
data: MNIST's validation digits, Pendigits writers 21 to 30, and simulated drawings of the
validation digits. Rejection is off: the most likely digit counts.
"""

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
from drawing_simulator import drawings
from evaluation_data import SEED, accuracy_on, is_correct, pendigits_digits
from results_store import save_results
from rich.console import Console
from rich.table import Table
from train_model import train_model

from inkdigits import Recognizer
from inkdigits.data import mnist
from inkdigits.data.augment import Augment
from inkdigits.data.mnist import Digits
from inkdigits.data.split import split_by_writer
from inkdigits.metrics import measure_by_writer
from inkdigits.nn.losses import LabelSmoothing
from inkdigits.recipes import CNN_SMALL

STRONGER = Augment(
    rotation_degrees=15.0,
    scale=0.15,
    aspect=0.15,
    shear=0.2,
    shift_px=2.0,
    elastic_px=1.2,
    elastic_length_scale_px=4.0,
    stroke=0.5,
    gap_share=0.1,
    noise=0.05,
    blur=0.5,
)
FULL = "full recipe"
VARIANTS: dict[str, dict[str, Any]] = {
    FULL: {},
    "no EMA of the weights": {"ema_decay": 0.0},
    "no label smoothing": {"targets": LabelSmoothing(0.0)},
    "no batch normalization": {"network": CNN_SMALL.network.inference_network},
    "no augmentation": {"augment": None},
    "much stronger augmentation": {"augment": STRONGER},
    "no restroked digits": {"restroked": 0.0},
    "no Pendigits": {"pendigits_copies": 0},
    "no outliers": {"outliers": 0.0},
}
COLUMNS = {  # of the printed table
    "validation": "MNIST validation",
    "writers_mean": "Pendigits: mean over writers",
    "writers_worst": "worst writer",
    "drawings": "simulated drawings",
}


def accuracies(
    recognizer: Recognizer, validation: Digits, pen_digits: Digits, count: int
) -> dict[str, float]:
    """Evaluate a network on all three data sets.

    count  how many drawings to simulate
    """
    assert pen_digits.writers is not None
    by_writer = measure_by_writer(is_correct(recognizer, pen_digits), pen_digits.writers)
    is_right = [
        np.argmax(recognizer.recognize(drawing.file).probabilities) == drawing.label
        for drawing in drawings(validation, count)
    ]
    return {
        "validation": accuracy_on(recognizer, validation),
        "writers_mean": by_writer.mean,
        "writers_worst": by_writer.worst,
        "drawings": float(np.mean(is_right)),
    }


def show(variants: dict[str, dict[str, float]]) -> None:
    """Print the accuracies and their differences from the first variant, in percentage points."""
    full, *_ = variants.values()
    table = Table("variant", *COLUMNS.values())
    for name, figures in variants.items():
        cells = (
            f"{figures[column]:.2%} ({100 * (figures[column] - full[column]):+.2f})"
            for column in COLUMNS
        )
        table.add_row(name, *cells)
    Console().print(table)


def main() -> None:
    """Train and evaluate every variant; print and save the accuracies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--epochs", type=int, default=CNN_SMALL.epochs)
    parser.add_argument("--limit", type=int, help="train on the first LIMIT digits of MNIST only")
    parser.add_argument("--count", type=int, default=2000, help="number of drawings")
    arguments = parser.parse_args()
    digits = mnist.load("train").take(slice(arguments.limit))
    validation = split_by_writer(digits, CNN_SMALL.validation, SEED)[1]
    pen_digits = pendigits_digits()
    variants: dict[str, dict[str, float]] = {}
    for name in arguments.variants:
        recipe = replace(CNN_SMALL, name=name, epochs=arguments.epochs, **VARIANTS[name])
        recognizer = Recognizer(train_model(recipe, SEED, arguments.limit), name)
        variants[name] = accuracies(recognizer, validation, pen_digits, arguments.count)
    show(variants)
    save_results(
        "ablation",
        {
            "recipe": CNN_SMALL.name,
            "seed": SEED,
            "epochs": arguments.epochs,
            "limit": arguments.limit,
            "validation_digits": len(validation),
            "drawings": arguments.count,
            "variants": variants,
        },
    )


if __name__ == "__main__":
    main()
