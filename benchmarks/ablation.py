"""What each part of the default's recipe brings: it is trained without that part, and measured.

Every variant is trained by the same code with the same seed, for as many epochs, and read by the
only path of inference, on what decides nothing of what is reported: MNIST's validation writers, the
development pen writers, and drawings of validation digits. No picture is refused here; the
likeliest digit counts.
"""

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
from drawing_simulator import drawings
from held_out import SEED, pen_digits
from measured import keep
from rich.console import Console
from rich.table import Table
from two_by_two import trained

from inkdigits import Recognizer
from inkdigits.data import mnist
from inkdigits.data.augment import Augment
from inkdigits.data.mnist import Digits
from inkdigits.data.split import split_by_writer
from inkdigits.metrics import measure_by_writer
from inkdigits.model_file import Model
from inkdigits.nn.losses import one_hot
from inkdigits.recipes import CNN_SMALL, RECIPES, Recipe

STRONG = Augment(
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

VARIANTS: dict[str, dict[str, Any]] = {
    "the whole recipe": {},
    "weights not averaged": {"ema_decay": 0.0},
    "no label smoothing": {"targets": one_hot(len(CNN_SMALL.targets))},
    "no batch normalization": {"network": CNN_SMALL.network.inference_network},
    "no augmentation": {"augment": None},
    "augmentation far stronger": {"augment": STRONG},
    "no digits drawn again": {"restroked": 0.0},
    "no pen writers": {"pendigits_copies": 0},
    "no pictures of no digit": {"outliers": 0.0},
}


def variant_of(name: str, epochs: int) -> Recipe:
    """The recipe as a variant changes it, known by a name of its own."""
    recipe = replace(CNN_SMALL, name=name, epochs=epochs, **VARIANTS[name])
    RECIPES[name] = recipe  # where a recognizer finds it
    return recipe


def figures_of(
    recognizer: Recognizer, validation: Digits, pens: Digits, count: int
) -> dict[str, float]:
    """Measure a network on all three.

    count  of drawings
    """
    right, right_pens = (
        recognizer.read(read.images).argmax(axis=1) == read.labels for read in (validation, pens)
    )
    assert pens.writers is not None
    by_writer = measure_by_writer(right_pens, pens.writers)
    return {
        "validation": float(right.mean()),
        "pen writers, mean": by_writer.mean,
        "pen writers, worst": by_writer.worst,
        "drawings": float(
            np.mean(
                [
                    np.argmax(recognizer.recognize(drawing.file).probabilities) == drawing.label
                    for drawing in drawings(validation, count)
                ]
            )
        ),
    }


def show(figures: dict[str, dict[str, float]]) -> None:
    """Print the figures, and how far each is from that of the first variant, in points."""
    whole, *_ = figures.values()
    table = Table("variant", *whole)
    for name, of_variant in figures.items():
        cells = (
            f"{share:.2%} ({100 * (share - whole[read]):+.2f})"
            for read, share in of_variant.items()
        )
        table.add_row(name, *cells)
    Console().print(table)


def main() -> None:
    """Train and measure every variant, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--variants", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--epochs", type=int, default=CNN_SMALL.epochs)
    parser.add_argument("--limit", type=int, help="train on the first so many digits only")
    parser.add_argument("--count", type=int, default=2000, help="of drawings")
    arguments = parser.parse_args()
    digits = mnist.load("train").take(slice(arguments.limit))
    validation = split_by_writer(digits, CNN_SMALL.validation, SEED)[1]
    pens = pen_digits()
    figures: dict[str, dict[str, float]] = {}
    for name in arguments.variants:
        recipe = variant_of(name, arguments.epochs)
        vector = trained(recipe, SEED, arguments.limit, Console())
        recognizer = Recognizer(Model(name, vector), name)
        figures[name] = figures_of(recognizer, validation, pens, arguments.count)
    show(figures)
    keep(
        "ablation",
        {
            "recipe": CNN_SMALL.name,
            "seed": SEED,
            "epochs": arguments.epochs,
            "limit": arguments.limit,
            "validation digits": len(validation),
            "drawings": arguments.count,
            "variants": figures,
        },
    )


if __name__ == "__main__":
    main()
