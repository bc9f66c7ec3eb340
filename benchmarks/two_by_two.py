"""What the clean-up brings and what the network: the write-up's and ours, each with each.

Each network is trained here, by its recipe and with one seed, on pictures of the clean-up that it
then reads with. All learn from MNIST alone: redrawn digits, pen writers' and no digits, which the
recipe of our network adds, go through our clean-up only, and would favor it. No picture is
refused; the likeliest digit counts. A blank is wrong.

A third row is the write-up's clean-up as its server has it, with the networks of `classic`: the
picture in gray is resized to 28x28, and what is dark is ink, on whatever sheet. It shows what was
won already where `classic` tells ink from sheet.

It chooses nothing, so that it reads test digits: as MNIST has them, drawn plainly with a broad
black pen on a white sheet, and as the drawings of `drawing_simulator`.
"""

import argparse
from dataclasses import replace
from typing import Any

import numpy as np
from drawing_simulator import drawings
from measured import keep
from PIL import Image
from rich.console import Console
from rich.progress import track
from rich.table import Table

from inkdigits import Recognizer, training, training_data
from inkdigits.arrays import Array, Pixels
from inkdigits.data import mnist
from inkdigits.data.mnist import Digits
from inkdigits.model_file import Model
from inkdigits.preprocessing import PREPROCESSORS, classic
from inkdigits.recipes import CLASSIC, CNN_SMALL, RECIPES, Recipe

NETWORKS = {"the write-up's": CLASSIC, "ours": CNN_SMALL}
AS_SERVED = "classic as served"
ROWS = (AS_SERVED, "classic", "ink")  # clean-ups
DARK = 100  # of 255: what is darker, the write-up's server takes for ink


def as_served(rgba: Pixels) -> Pixels:
    """Clean a picture as the write-up's server does, which takes every sheet for white.

    It is centered as well: the write-up says so, and `classic` was trained so.

    rgba     uint8 (H, W, 4)
    returns  uint8 (28, 28) of 0, 128 and 255
    source   https://github.com/andyfief/MNIST-from-scratch, webapp/backend/app.py
    """
    picture = Image.fromarray(rgba)
    white = Image.new("RGBA", picture.size, "white")
    gray = Image.alpha_composite(white, picture).convert("L").resize((28, 28))
    ink = np.where(np.asarray(gray) < DARK, np.uint8(255), np.uint8(0))
    return classic.from_mnist(ink[None])[0]


def with_preprocessor(recipe: Recipe, preprocessing: str) -> Recipe:
    """The recipe with another clean-up and MNIST alone, known by a name of its own."""
    recipe = replace(
        recipe,
        name=f"{recipe.name} on {preprocessing}",
        preprocessing=preprocessing,
        restroked=0.0,
        pendigits_copies=0,
        outliers=0.0,
    )
    RECIPES[recipe.name] = recipe  # where a recognizer finds it
    return recipe


def trained(recipe: Recipe, seed: int, limit: int | None, console: Console) -> Array:
    """Train as the command line does; the parameters of the network that reads, float32 (P,)."""
    sources = training_data.load(recipe, None, limit)
    batches, _ = training_data.prepare(recipe, sources, seed, "cpu", console)
    state = training.init_state(recipe, seed)
    for record in training.fit(recipe, batches, state):
        console.print(f"{recipe.name}, epoch {record.epoch}: {record.accuracy:.2%}")
    return training.inference_params(recipe, batches, state)


def cells(
    networks: dict[str, Recipe], seed: int, limit: int | None, console: Console
) -> dict[tuple[str, str], Recognizer]:
    """Train each network with each clean-up: a recognizer for each clean-up and network."""
    recognizers = {}
    for network, recipe in networks.items():
        for preprocessing in ("classic", "ink"):
            crossed = with_preprocessor(recipe, preprocessing)
            vector = trained(crossed, seed, limit, console)
            recognizers[preprocessing, network] = Recognizer(Model(crossed.name, vector), network)
            if preprocessing == "classic":
                # MNIST's own pictures are cleaned alike: the same network reads.
                served = with_preprocessor(recipe, AS_SERVED)
                recognizers[AS_SERVED, network] = Recognizer(Model(served.name, vector), network)
    return recognizers


def measure(
    recognizers: dict[tuple[str, str], Recognizer], digits: Digits, count: int
) -> dict[str, dict[tuple[str, str], float]]:
    """The accuracy of each cell on what is read, by its name."""
    drawn: dict[tuple[str, str], list[bool]] = {cell: [] for cell in recognizers}
    plain: dict[tuple[str, str], list[bool]] = {cell: [] for cell in recognizers}
    for drawing in track(drawings(digits, count), "drawings", total=count):
        for cell, recognizer in recognizers.items():
            drawn[cell].append(recognizer.recognize(drawing.file).digit == drawing.label)
            plain[cell].append(recognizer.recognize(drawing.plain).digit == drawing.label)
    return {
        "as MNIST has them": {
            cell: float(np.mean(recognizer.read(digits.images).argmax(axis=1) == digits.labels))
            for cell, recognizer in recognizers.items()
        },
        "drawn plainly": {cell: float(np.mean(right)) for cell, right in plain.items()},
        "drawings": {cell: float(np.mean(right)) for cell, right in drawn.items()},
    }


def show(accuracies: dict[str, dict[tuple[str, str], float]], console: Console) -> None:
    """Print a table of each that is read."""
    for read, of_cells in accuracies.items():
        table = Table("clean-up", *NETWORKS, title=read)
        for preprocessing in ROWS:
            table.add_row(
                preprocessing, *(f"{of_cells[preprocessing, name]:.2%}" for name in NETWORKS)
            )
        console.print(table)


def main() -> None:
    """Train and measure every cell, and print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--epochs", type=int, help="of our network; without it the recipe's")
    parser.add_argument("--limit", type=int, help="train on the first so many digits only")
    parser.add_argument("--count", type=int, default=5000, help="of drawings")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    console = Console()
    PREPROCESSORS[AS_SERVED] = PREPROCESSORS["classic"]._replace(from_image=as_served)
    networks = dict(NETWORKS)
    if arguments.epochs:
        networks["ours"] = replace(networks["ours"], epochs=arguments.epochs)
    recognizers = cells(networks, arguments.seed, arguments.limit, console)
    accuracies = measure(recognizers, mnist.load("test"), arguments.count)
    show(accuracies, console)
    figures: dict[str, Any] = {
        "digits": "test",
        "count": arguments.count,
        "seed": arguments.seed,
        "limit": arguments.limit,
        "networks": {
            name: {"recipe": recipe.name, "epochs": recipe.epochs}
            for name, recipe in networks.items()
        },
        "accuracy": {
            read: {
                preprocessing: {name: of_cells[preprocessing, name] for name in NETWORKS}
                for preprocessing in ROWS
            }
            for read, of_cells in accuracies.items()
        },
    }
    keep("two_by_two", figures)


if __name__ == "__main__":
    main()
