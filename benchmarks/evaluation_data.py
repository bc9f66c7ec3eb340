"""Digits that a model was not trained on: MNIST's test or validation digits, and other writers'."""

import argparse
import pickle
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache as memoized
from functools import cached_property
from pathlib import Path
from typing import Any

import made_digits
import numpy as np
from numpy.typing import NDArray
from results_store import fingerprint

from inkdigits import Recognizer
from inkdigits.arrays import Labels, Pixels
from inkdigits.data import development, mnist, pendigits
from inkdigits.data.mnist import Digits
from inkdigits.data.split import split_by_writer
from inkdigits.data.traces import select_writers
from inkdigits.imaging.decode import decode
from inkdigits.model_file import DEFAULT_MODEL
from inkdigits.preprocessing import PREPROCESSORS
from inkdigits.recipes import CNN_SMALL

SEED = 0  # of everything random, and of a model whose file does not record its seed
MADE_COUNT = 400  # made digits of each kind
COPIES = 2  # images of each digit that is recorded as a pen trajectory
DRAWN_BY = (  # what the images depend on, besides the package
    "evaluation_data.py", "made_digits.py", "pens.py", "picture_parts.py", "stroke_styles.py",
    "tracing.py",
)  # fmt: skip
# The names of the data sets in results and tables.
MNIST = "MNIST"
PENDIGITS = development.PENDIGITS
UNIPEN = development.UNIPEN  # by contributor
WRITERS = development.SOURCES
MADE = tuple(made_digits.KINDS)
MADE_DIGITS = "made digits"  # of all kinds
DRAWINGS = "simulated drawings"


@dataclass(frozen=True, eq=False)
class DevelopmentSet:
    """Preprocessed images of digits that no recipe trains on.

    candidates  of each of N images everything that preprocessing takes for the digit, uint8
                (K, 28, 28), the likeliest first
    labels      uint8 (N,)
    writers     int or str (N,), who wrote each digit; None if nobody knows, or no person did
    copies      number of images of each digit
    """

    candidates: Sequence[Pixels]
    labels: Labels
    writers: NDArray[Any] | None
    copies: int = 1

    @cached_property
    def images(self) -> Pixels:
        """The likeliest candidates, uint8 (N, 28, 28)."""
        return np.stack([candidates[0] for candidates in self.candidates])


def development_sets(
    preprocessing: str = CNN_SMALL.preprocessing,
    seed: int = SEED,
    validation: float = CNN_SMALL.validation,
    cache: Path | None = None,
) -> dict[str, DevelopmentSet]:
    """Load, render and preprocess all development data; the images are always the same.

    preprocessing     "classic" or "ink"
    seed, validation  seed and fraction with which MNIST's validation digits are held out; a model
                      has been trained on most of those that another seed holds out
    cache             folder to keep what takes long to draw
    returns           the sets by the name of their source: those of people first
    """
    held_out = split_by_writer(mnist.load("train"), validation, seed)[1]
    return _with_mnist(f"{MNIST} validation", held_out, preprocessing, cache)


def evaluation_sets(
    recognizer: Recognizer, split: str, cache: Path | None = None
) -> dict[str, DevelopmentSet]:
    """Load the development data for a model, or the same with MNIST's test digits.

    split    "validation" or "test"
    cache    folder to keep what takes long to draw
    returns  the sets by the name of their source, preprocessed for the model
    """
    digits = mnist_digits(split, recognizer)
    return _with_mnist(f"{MNIST} {split}", digits, recognizer.model.preprocessing, cache)


def _with_mnist(
    name: str, digits: Digits, preprocessing: str, cache: Path | None
) -> dict[str, DevelopmentSet]:
    """Put MNIST's digits after the other people's, and before those that nobody wrote."""
    images = PREPROCESSORS[preprocessing].from_mnist(digits.images)
    return {
        **_cached(trajectory_sets, preprocessing, cache),
        name: DevelopmentSet(list(images[:, None]), digits.labels, digits.writers),
        **_cached(made_sets, preprocessing, cache),
    }


def _cached(
    draw: Callable[[str], dict[str, DevelopmentSet]], preprocessing: str, folder: Path | None
) -> dict[str, DevelopmentSet]:
    """Return what `draw` returns, from a file if the same code has drawn it before."""
    if folder is None:
        return draw(preprocessing)
    code = "".join((Path(__file__).parent / name).read_text("utf-8") for name in DRAWN_BY)
    key = fingerprint("data", "preprocessing", "imaging", settings=code)
    path = folder / f"{draw.__name__}-{preprocessing}-{key}.pickle"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(pickle.dumps(draw(preprocessing)))
    sets: dict[str, DevelopmentSet] = pickle.loads(path.read_bytes())
    return sets


@memoized
def trajectory_sets(
    preprocessing: str = CNN_SMALL.preprocessing, copies: int = COPIES
) -> dict[str, DevelopmentSet]:
    """Render and preprocess the digits of the people whose pen trajectories are known, as written.

    copies   images of each digit, drawn with different pens
    """
    candidates_from_ink = PREPROCESSORS[preprocessing].candidates_from_ink
    sets = {}
    for name, traces in development.load().items():
        digits, candidates = development.render_candidates(traces, candidates_from_ink, copies)
        sets[name] = DevelopmentSet(candidates, digits.labels, digits.writers, copies)
    return sets


@memoized
def made_sets(
    preprocessing: str = CNN_SMALL.preprocessing, count: int = MADE_COUNT
) -> dict[str, DevelopmentSet]:
    """Make and preprocess digits of shapes that are rare in the data sets, by kind.

    count    of each kind
    """
    held_out = split_by_writer(mnist.load("train"), CNN_SMALL.validation, SEED)[1]
    sources = made_digits.Sources(held_out, made_digits.load_sevens())
    preprocess = PREPROCESSORS[preprocessing].candidates
    sets = {}
    for name in MADE:
        made = list(made_digits.made_digits(name, sources, count))
        candidates = [preprocess(decode(file)) for _, file in made]
        labels = np.array([label for label, _ in made], np.uint8)
        sets[name] = DevelopmentSet(candidates, labels, None)
    return sets


def mean_over_writers(values: Mapping[str, float], images: Mapping[str, int]) -> float | None:
    """Average a score over all digits of people who are neither MNIST's nor trained on.

    values, images   the score and the number of images, by source
    returns          None if none of these sources is among them
    """
    names = [name for name in WRITERS if name in values]
    if not names:
        return None
    weights = [images[name] for name in names]
    return float(np.average([values[name] for name in names], weights=weights))


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
    """Render the digits of the ten Pendigits writers whom no recipe trains on like MNIST's."""
    traces = select_writers(pendigits.load(), pendigits.DEVELOPMENT_WRITERS)
    return development.render(traces)


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
