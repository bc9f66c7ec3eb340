"""Digits that a model was not trained on: MNIST's test or validation digits, and Pendigits."""

import argparse

import numpy as np
from numpy.typing import NDArray

from inkdigits import Recognizer
from inkdigits.data import mnist, pendigits
from inkdigits.data.mnist import Digits
from inkdigits.data.split import split_by_writer
from inkdigits.data.traces import select_writers
from inkdigits.model_file import DEFAULT_MODEL
from inkdigits.recipes import CNN_SMALL

SEED = 0  # of everything random, and of a model whose file does not record its seed
# The names of the data sets in results and tables.
MNIST = "MNIST"
PENDIGITS = "Pendigits writers 21 to 30"
DRAWINGS = "simulated drawings"


def mnist_digits(split: str, recognizer: Recognizer) -> Digits:
    """Load MNIST's test digits, for reporting, or the validation digits, for model selection.

    split    "test" or "validation"
    """
    if split == "test":
        return mnist.load("test")
    seed, fraction = validation_split(recognizer)
    return split_by_writer(mnist.load("train"), fraction, seed)[1]


def validation_split(recognizer: Recognizer) -> tuple[int, float]:
    """Return the seed and the fraction with which the model's validation digits were held out."""
    training = recognizer.describe().training
    validation = training.get("recipe", {}).get("validation", CNN_SMALL.validation)
    return training.get("seed", SEED), validation


def pendigits_digits() -> Digits:
    """Render the digits of the ten Pendigits writers that no recipe trains on, as written."""
    traces = select_writers(pendigits.load(), pendigits.DEVELOPMENT_WRITERS)
    return pendigits.render(traces, copies=1, seed=SEED, distort=False)


def accuracy_on(recognizer: Recognizer, digits: Digits) -> float:
    """Return the accuracy on MNIST-like images; the most likely digit counts, even if rejected."""
    return float(np.mean(is_correct(recognizer, digits)))


def is_correct(recognizer: Recognizer, digits: Digits) -> NDArray[np.bool_]:
    """Return whether the most likely digit is correct for each MNIST-like image, bool (N,)."""
    batch = recognizer.predict_batch(recognizer.preprocess_mnist(digits.images))
    return batch.probabilities.argmax(axis=1) == digits.labels


def model_parser(description: str | None) -> argparse.ArgumentParser:
    """Make the argument parser of a benchmark that evaluates several models on the same digits."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--model", nargs="+", default=[DEFAULT_MODEL], metavar="NAME_OR_FILE")
    parser.add_argument("--digits", choices=("validation", "test"), default="validation")
    return parser
