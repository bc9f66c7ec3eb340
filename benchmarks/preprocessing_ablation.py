"""Separate the effect of the preprocessing from that of the network by measuring every pair.

The networks are those of the recipes `classic` (the write-up's) and `cnn-small` (the default). Each
is trained with its recipe and one seed, on images preprocessed as in the evaluation. All are
trained on MNIST alone: the other digits and the outliers that `cnn-small` adds are always
preprocessed with `ink` and would favor it. Rejection is off: the most likely digit counts,
and a blank image is an error.

The third preprocessing is that of the write-up's server, with the networks trained on `classic`:
the image is converted to gray and resized to 28x28, and dark pixels are ink, whatever the
background. It shows how much of the gain is due to segmenting the ink from the background, which
`classic` does.

The benchmark is not used for model selection, so it evaluates on test digits: MNIST's own images,
plain drawings with a broad black pen on white, and the drawings of `drawing_simulator`.
"""

import argparse
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np
from drawing_simulator import drawings
from evaluation_data import DRAWINGS, accuracy_on
from PIL import Image
from results_store import save_results
from rich.console import Console
from rich.progress import track
from rich.table import Table
from train_model import train_model

from inkdigits import Recognizer
from inkdigits.arrays import Pixels
from inkdigits.constants import IMAGE_SIDE
from inkdigits.data import mnist
from inkdigits.data.mnist import Digits
from inkdigits.imaging.decode import decode
from inkdigits.preprocessing import classic
from inkdigits.recipes import CLASSIC, CNN_SMALL, Recipe
from inkdigits.training_data import only_mnist

NETWORKS = (CLASSIC, CNN_SMALL)
WRITE_UP_SERVER = "write-up's server"
PREPROCESSING = (WRITE_UP_SERVER, "classic", "ink")
DARK = 100  # of 255: the write-up's server takes darker pixels for ink

Pair: TypeAlias = tuple[str, str]  # preprocessing, name of the network's recipe


def write_up_server(rgba: Pixels) -> Pixels:
    """Preprocess an image as the write-up's server does, which assumes a white background.

    The digit is also centered, as the write-up says and as in the training of `classic`.

    rgba     uint8 (H, W, 4)
    returns  uint8 (28, 28) of 0, 128 and 255
    source   https://github.com/andyfief/MNIST-from-scratch, webapp/backend/app.py
    """
    image = Image.fromarray(rgba)
    white = Image.new("RGBA", image.size, "white")
    gray = Image.alpha_composite(white, image).convert("L").resize((IMAGE_SIDE, IMAGE_SIDE))
    ink = np.where(np.asarray(gray) < DARK, np.uint8(255), np.uint8(0))
    return classic.from_mnist(ink[None])[0]


def on_mnist_only(recipe: Recipe, preprocessing: str) -> Recipe:
    """Return the recipe with another preprocessing and without any data but MNIST."""
    return replace(
        only_mnist(recipe), preprocessing=preprocessing, restroked=0.0, made_digits=0, outliers=0.0
    )


def train_pairs(
    recipes: tuple[Recipe, ...], seed: int, limit: int | None
) -> dict[Pair, Recognizer]:
    """Train each network with each preprocessing.

    MNIST's images are the same after the preprocessing of the write-up's server and after
    `classic`, so these two share a trained network.
    """
    recognizers = {}
    for recipe in recipes:
        for preprocessing in ("classic", "ink"):
            model = train_model(on_mnist_only(recipe, preprocessing), seed, limit)
            recognizers[preprocessing, recipe.name] = Recognizer(model, recipe.name)
        recognizers[WRITE_UP_SERVER, recipe.name] = recognizers["classic", recipe.name]
    return recognizers


def predict(recognizer: Recognizer, preprocessing: str, file: bytes) -> int | None:
    """Predict the digit in an image file, None if the image is blank."""
    if preprocessing != WRITE_UP_SERVER:
        return recognizer.recognize(file).digit
    batch = recognizer.predict_batch(write_up_server(decode(file))[None])
    return None if batch.rejected[0] else int(batch.probabilities[0].argmax())


def measure(
    recognizers: dict[Pair, Recognizer], digits: Digits, count: int
) -> dict[str, dict[Pair, float]]:
    """Return the accuracy of each pair on each data set, by the data set's name."""
    simulated: dict[Pair, list[bool]] = {pair: [] for pair in recognizers}
    plain: dict[Pair, list[bool]] = {pair: [] for pair in recognizers}
    for drawing in track(drawings(digits, count), "drawings", total=count):
        for pair, recognizer in recognizers.items():
            for file, is_right in ((drawing.file, simulated), (drawing.plain, plain)):
                is_right[pair].append(predict(recognizer, pair[0], file) == drawing.label)
    return {
        "MNIST images": {
            pair: accuracy_on(recognizer, digits) for pair, recognizer in recognizers.items()
        },
        "plain drawings": {pair: float(np.mean(is_right)) for pair, is_right in plain.items()},
        DRAWINGS: {pair: float(np.mean(is_right)) for pair, is_right in simulated.items()},
    }


def show(accuracies: dict[str, dict[Pair, float]]) -> None:
    """Print one table per data set."""
    console = Console()
    for name, by_pair in accuracies.items():
        networks = [recipe.name for recipe in NETWORKS]
        table = Table("preprocessing", *(f"network of {name}" for name in networks), title=name)
        for preprocessing in PREPROCESSING:
            cells = (f"{by_pair[preprocessing, network]:.2%}" for network in networks)
            table.add_row(preprocessing, *cells)
        console.print(table)


def main() -> None:
    """Train and evaluate every pair; print and save the accuracies."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, help="of cnn-small (default: the recipe's)")
    parser.add_argument("--limit", type=int, help="train on the first LIMIT digits of MNIST only")
    parser.add_argument("--count", type=int, default=5000, help="number of drawings")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    cnn_small = replace(CNN_SMALL, epochs=arguments.epochs or CNN_SMALL.epochs)
    recipes = (CLASSIC, cnn_small)
    recognizers = train_pairs(recipes, arguments.seed, arguments.limit)
    accuracies = measure(recognizers, mnist.load("test"), arguments.count)
    show(accuracies)
    figures: dict[str, Any] = {
        "digits": "test",
        "count": arguments.count,
        "seed": arguments.seed,
        "limit": arguments.limit,
        "networks": {recipe.name: {"epochs": recipe.epochs} for recipe in recipes},
        "accuracy": {
            name: {
                preprocessing: {
                    recipe.name: by_pair[preprocessing, recipe.name] for recipe in recipes
                }
                for preprocessing in PREPROCESSING
            }
            for name, by_pair in accuracies.items()
        },
    }
    save_results("preprocessing_ablation", figures)


if __name__ == "__main__":
    main()
