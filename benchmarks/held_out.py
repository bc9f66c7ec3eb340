"""Digits that a model has not learned from: test digits, those kept out, and other pen writers'."""

import argparse

from inkdigits import Recognizer
from inkdigits.data import mnist, pendigits
from inkdigits.data.mnist import Digits
from inkdigits.data.split import split_by_writer
from inkdigits.model_file import DEFAULT_MODEL
from inkdigits.recipes import RECIPES

SEED = 0  # of the pictures that are drawn, and of a model whose file tells none


def digits_of(name: str, recognizer: Recognizer) -> Digits:
    """Load MNIST's test digits, to report, or the model's validation digits, to choose by.

    name   "test" or "validation"
    """
    if name == "test":
        return mnist.load("test")
    seed, validation = split_of(recognizer)
    return split_by_writer(mnist.load("train"), validation, seed)[1]


def split_of(recognizer: Recognizer) -> tuple[int, float]:
    """By which seed the model's training kept which share of the digits out."""
    seed = recognizer.model.training.get("seed", SEED)
    return seed, RECIPES[recognizer.model.recipe].validation


def model_options(description: str | None) -> argparse.ArgumentParser:
    """Make the command line of a benchmark that lets several models read the same digits."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", nargs="+", default=[DEFAULT_MODEL], metavar="NAME_OR_FILE")
    parser.add_argument("--digits", choices=("validation", "test"), default="validation")
    return parser


def pen_digits() -> Digits:
    """Draw the digits of the pen writers that no recipe trains on, as they wrote them."""
    traces = pendigits.select_writers(pendigits.load(), pendigits.DEVELOPMENT_WRITERS)
    return pendigits.render(traces, copies=1, seed=SEED, distort=False)
