"""Train the default recipe without one of its parts at a time and compare the accuracy.

Every variant is trained with the same code, seed and number of epochs, and evaluated on development
data: MNIST's validation digits, other people's digits by source, digits that are made, and
simulated drawings of the validation digits. Rejection is off: the most likely digit counts.
"""

import argparse
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from drawing_simulator import drawings
from evaluation_data import (
    DRAWINGS,
    MADE,
    MADE_DIGITS,
    MNIST,
    PENDIGITS,
    SEED,
    UNIPEN,
    DevelopmentSet,
    accuracy_on,
    development_sets,
)
from results_store import fingerprint, load_results, save_results
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
WIDTH = 200  # of the printed table
FULL = "full recipe"
SOURCES: dict[str, dict[str, Any]] = {  # what each source of digits brings
    FULL: {},
    "no UNIPEN": {"unipen_images": 0},
    "no Pendigits": {"pendigits_images": 0},
    "no Semeion": {"semeion_copies": 0},
    "no made digits": {"made_digits": 0},
    "no restroked digits": {"restroked": 0.0},
    "no outliers": {"outliers": 0.0},
    "MNIST alone": {
        "unipen_images": 0,
        "pendigits_images": 0,
        "semeion_copies": 0,
        "made_digits": 0,
        "restroked": 0.0,
    },
}
METHODS: dict[str, dict[str, Any]] = {
    "no EMA of the weights": {"ema_decay": 0.0},
    "no label smoothing": {"targets": LabelSmoothing(0.0)},
    "no batch normalization": {"network": CNN_SMALL.network.inference_network},
    "no augmentation": {"augment": None},
    "much stronger augmentation": {"augment": STRONGER},
}
VARIANTS = SOURCES | METHODS
WORST_WRITER = f"{PENDIGITS}: worst"
# Parts of the package that decide what a variant learns and how it is evaluated.
CODE = ("nn", "data", "preprocessing", "imaging/strokes", "training", "training_data", "recipes")


def accuracies(
    recognizer: Recognizer,
    validation: Digits,
    sets: Mapping[str, DevelopmentSet],
    count: int,
) -> dict[str, float]:
    """Evaluate a network on all data.

    validation   MNIST's validation digits
    sets         other digits by source, preprocessed
    count        how many drawings to simulate
    returns      the accuracy by source
    """
    right = {
        name: recognizer.predict_batch(digits.images).probabilities.argmax(axis=1) == digits.labels
        for name, digits in sets.items()
    }
    pen_writers = np.asarray(sets[PENDIGITS].writers)
    is_right = [
        np.argmax(recognizer.recognize(drawing.file).probabilities) == drawing.label
        for drawing in drawings(validation, count)
    ]
    return {
        f"{MNIST} validation": accuracy_on(recognizer, validation),
        PENDIGITS: float(right[PENDIGITS].mean()),
        WORST_WRITER: measure_by_writer(right[PENDIGITS], pen_writers).worst,
        **{name: float(right[name].mean()) for name in UNIPEN.values()},
        MADE_DIGITS: float(np.mean([right[name].mean() for name in MADE])),
        DRAWINGS: float(np.mean(is_right)),
    }


def show(variants: dict[str, dict[str, float]]) -> None:
    """Print the accuracies, and their differences from the full recipe in percentage points."""
    full = variants.get(FULL, {})
    columns = next(iter(variants.values()))
    table = Table("variant", *columns)
    for name, figures in variants.items():
        cells = [f"{accuracy:.2%}" for accuracy in figures.values()]
        if full:
            differences = (100 * (figures[column] - full[column]) for column in columns)
            cells = [f"{cell} ({d:+.2f})" for cell, d in zip(cells, differences, strict=True)]
        table.add_row(name, *cells)
    Console(width=WIDTH).print(table)


def main() -> None:
    """Train and evaluate every variant; print the accuracies, and save them after each variant.

    Those that were already measured with the same code and settings are kept.
    """
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument(
        "--sources", action="store_true", help="only the variants without a source of digits"
    )
    parser.add_argument("--epochs", type=int, default=CNN_SMALL.epochs)
    parser.add_argument("--limit", type=int, help="train on the first LIMIT digits of MNIST only")
    parser.add_argument("--count", type=int, default=2000, help="number of drawings")
    parser.add_argument(
        "--cache", type=Path, metavar="FOLDER", help="keep the other images there for the next time"
    )
    arguments = parser.parse_args()
    digits = mnist.load("train").take(slice(arguments.limit))
    validation = split_by_writer(digits, CNN_SMALL.validation, SEED)[1]
    sets = development_sets(cache=arguments.cache)
    del sets[f"{MNIST} validation"]  # not of the limited digits
    settings = {
        "recipe": CNN_SMALL.name,
        "seed": SEED,
        "epochs": arguments.epochs,
        "limit": arguments.limit,
        "code": fingerprint(*CODE),
        "validation_digits": len(validation),
        "images": {name: len(part.labels) for name, part in sets.items()},
        "drawings": arguments.count,
    }
    saved = load_results("ablation")
    is_same = all(saved.get(name) == value for name, value in settings.items())
    variants: dict[str, dict[str, float]] = saved["variants"] if is_same else {}
    for name in SOURCES if arguments.sources else arguments.variants:
        recipe = replace(CNN_SMALL, name=name, epochs=arguments.epochs, **VARIANTS[name])
        recognizer = Recognizer(train_model(recipe, SEED, arguments.limit), name)
        variants[name] = accuracies(recognizer, validation, sets, arguments.count)
        ordered = {name: variants[name] for name in VARIANTS if name in variants}
        save_results("ablation", settings | {"variants": ordered})
    show(variants)


if __name__ == "__main__":
    main()
