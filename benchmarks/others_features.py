"""Choose the features of other people's digits that ship for personal models; write their files.

python benchmarks/others_features.py [--data-dir FOLDER]   needs MNIST with writers, and pen traces

For each model that ships: digits that a personal model is fitted to, of writers that the model was
trained on, and non-digits; and digits to check it with. Those are the least certain of the digits
of other writers: half of MNIST's validation writers, and half of the other writers of each source.
"""

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits import Recognizer
from inkdigits.arrays import Array, Labels, Pixels
from inkdigits.calibration import rejection_scores
from inkdigits.constants import CLASSES
from inkdigits.data import development, mnist, outliers, pendigits, unipen
from inkdigits.data.mnist import Digits
from inkdigits.data.split import split_by_writer
from inkdigits.data.traces import Traces, select_writers
from inkdigits.model_file import shipped_models
from inkdigits.personal.head import Head
from inkdigits.personal.others import (
    FOLDER,
    LEVELS,
    Others,
    are_recognized,
    path_for,
    write_others,
)
from inkdigits.recipes import MLP, NON_DIGIT

PROTECTED = 400  # digits that are fitted to
PROTECTED_NON_DIGITS = 200
LEAST_CERTAIN = 0.25  # share of both that are the least certain; the rest are drawn at random
CHECKED = 300
MNIST_DIGITS = 12_000  # of the writers that are trained on
NON_DIGITS = 6_000  # of which the non-digits are chosen
SEED = 0


@dataclass(frozen=True)
class Sources:
    """Preprocessed images to choose from.

    protected   digits of some writers
    checked     digits of other writers
    non_digits  uint8 (N, 28, 28)
    """

    protected: Digits
    checked: Digits
    non_digits: Pixels


def validation_writers(directory: Path | None = None) -> tuple[list[int], list[int]]:
    """Split MNIST's validation writers: those that are checked with, and those left to measure."""
    held_out = split_by_writer(mnist.load("train", directory), MLP.validation, SEED)[1]
    writers = np.unique(np.asarray(held_out.writers)).tolist()
    return writers[::2], writers[1::2]


def load(recognizer: Recognizer, directory: Path | None) -> Sources:
    """Load, draw and preprocess all images for one model."""
    training, held_out = split_by_writer(mnist.load("train", directory), MLP.validation, SEED)
    checked_writers, _ = validation_writers(directory)
    protected = [_preprocessed(recognizer, training.take(slice(MNIST_DIGITS)))]
    is_checked = np.isin(np.asarray(held_out.writers), checked_writers)
    checked = [_preprocessed(recognizer, held_out.take(is_checked))]
    for traces in _pen_traces(recognizer.model.training["recipe"], directory):
        drawn = development.render(traces, recognizer.preprocess_ink)
        writers = np.unique(traces.writers)
        is_checked = np.isin(drawn.writers, writers[::2])
        protected.append(drawn.take(~is_checked))
        checked.append(drawn.take(is_checked))
    first = protected[0]
    non_digits = outliers.make(NON_DIGITS, SEED, first.images, first.labels, 1)
    return Sources(_joined(protected), _joined(checked), non_digits)


def _pen_traces(recipe: dict[str, Any], directory: Path | None) -> Iterator[Traces]:
    """Load the pen traces that a recipe trains on."""
    if recipe["pendigits_images"]:
        yield select_writers(pendigits.load(directory), pendigits.TRAINING_WRITERS)
    if recipe["unipen_images"]:
        everyone = unipen.load(directory)
        yield unipen.select_contributors(everyone, unipen.TRAINING_CONTRIBUTORS)


def _preprocessed(recognizer: Recognizer, digits: Digits) -> Digits:
    return Digits(recognizer.preprocess_mnist(digits.images), digits.labels, digits.writers)


def _joined(parts: list[Digits]) -> Digits:
    return Digits(
        np.concatenate([part.images for part in parts]),
        np.concatenate([part.labels for part in parts]),
        np.concatenate([np.asarray(part.writers).astype(str) for part in parts]),
    )


def choose(recognizer: Recognizer, sources: Sources) -> Others:
    """Choose the images whose features ship, and round them."""
    head, rng = Head.of(recognizer), np.random.default_rng(SEED)
    digits = head.features_of(sources.protected.images)
    margins = margin(head, digits, sources.protected.labels)
    fitted = pick(margins, PROTECTED, rng)
    parts, labels = [digits[fitted]], [sources.protected.labels[fitted]]
    if recognizer.rejection_threshold is not None:
        features = head.features_of(sources.non_digits)
        margins = -margin(head, features, np.full(len(features), NON_DIGIT))
        chosen = pick(margins, PROTECTED_NON_DIGITS, rng)
        parts.append(features[chosen])
        labels.append(np.full(len(chosen), NON_DIGIT))
    features, checked_labels = head.features_of(sources.checked.images), sources.checked.labels
    certainty = np.abs(margin(head, features, checked_labels))
    checked = np.argsort(certainty, kind="stable")[:CHECKED]
    parts.append(features[checked])
    labels.append(checked_labels[checked])
    everything = np.concatenate(parts)
    scale = np.maximum(everything.max(axis=0), np.float32(1e-6)) / np.float32(LEVELS)
    is_recognized = are_recognized(head, features, checked_labels, head.vector)
    return Others(
        digest=recognizer.digest,
        features=np.rint(everything / scale).astype(np.uint8),
        scale=scale,
        labels=np.concatenate(labels).astype(np.uint8),
        is_checked=np.repeat([0, 1], [len(everything) - CHECKED, CHECKED]).astype(np.uint8),
        digits=len(checked_labels),
        recognized=int(is_recognized.sum()),
    )


def margin(head: Head, features: Array, labels: Labels) -> Array:
    """Return how far each digit is from being taken for anything else; below 0, it is.

    labels   (N,); for non-digits, the rejection score less the threshold is returned, negated
    returns  float64 (N,), in logits
    """
    logits = head.logits(features, head.vector).astype(np.float64)
    scores = np.full(len(logits), -np.inf)
    if logits.shape[1] > CLASSES:
        scores = rejection_scores(logits)
    if labels[0] == NON_DIGIT:
        return head.threshold - scores
    digits = logits[:, :CLASSES].copy()
    rows = np.arange(len(digits))
    right = digits[rows, labels]
    digits[rows, labels] = -np.inf
    return np.minimum(right - digits.max(axis=1), head.threshold - scores)


def pick(margins: Array, count: int, rng: np.random.Generator) -> NDArray[np.intp]:
    """Choose among images that the model is right about: the least certain, and others."""
    right = np.flatnonzero(margins > 0)
    by_certainty = right[np.argsort(margins[right], kind="stable")]
    least_certain = by_certainty[: round(LEAST_CERTAIN * count)]
    rest = rng.permutation(by_certainty[len(least_certain) :])
    return np.concatenate([least_certain, rest[: count - len(least_certain)]])


def main() -> None:
    """Write the files of all models that ship."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="folder with the data sets")
    parser.add_argument("--model", nargs="*", default=list(shipped_models()), help="model files")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for the files")
    arguments = parser.parse_args()
    arguments.out.mkdir(exist_ok=True)
    for name in arguments.model:
        recognizer = Recognizer.load(name)
        others = choose(recognizer, load(recognizer, arguments.data_dir))
        path = path_for(recognizer.digest, arguments.out)
        write_others(path, others)
        print(
            f"{recognizer.name}: {path.name}, {path.stat().st_size:,} bytes, "
            f"{others.recognized:,} of {others.digits:,} digits are recognized"
        )


if __name__ == "__main__":
    main()
