"""Choose the training digits that `inkdigits.explain` shows as neighbors, and write their files.

python benchmarks/nearest_digits.py [--data-dir FOLDER]   needs MNIST with QMNIST's writers

For each model that ships, and for each class: one digit by each of as many writers as there is room
for, of the digits that the model was trained on. Those in the middle of clusters of the last hidden
layer were hardly nearer to test digits.
"""

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits import Recognizer
from inkdigits.arrays import Array, Labels
from inkdigits.constants import CLASSES
from inkdigits.data import mnist
from inkdigits.data.mnist import Digits
from inkdigits.data.split import split_by_writer
from inkdigits.explain.nearest_file import FOLDER, LEVELS, NearestDigits, path_for, write_nearest
from inkdigits.inference import forward_batches
from inkdigits.model_file import shipped_models
from inkdigits.nn.network import Network
from inkdigits.preprocessing import network_input

COUNT = 3300  # digits of each model: together its files have less than 300 kB
DIRECTIONS = 24  # with fewer or more, for the same bytes, the neighbors that are found are farther
SEED = 0


def main() -> None:
    """Write the files of all models that ship, and say how good they are."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data-dir", type=Path, help="folder with MNIST")
    directory = parser.parse_args().data_dir
    digits, unseen = mnist.load("train", directory), mnist.load("test", directory).take(slice(2000))
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.safetensors"):
        old.unlink()
    for name in shipped_models():
        recognizer = Recognizer.load(name)
        trained_on = training_numbers(digits, recognizer.model.training)
        hidden = hidden_values(recognizer, digits.take(trained_on))
        nearest, chosen = choose(recognizer.digest, digits, trained_on, hidden)
        path = path_for(recognizer.digest)
        write_nearest(path, nearest)
        queries = hidden_values(recognizer, unseen)
        print(
            f"{name}: {path.name}, {path.stat().st_size:,} bytes, {len(chosen):,} digits of "
            f"{len(np.unique(writers_of(digits)[trained_on[chosen]]))} writers. For "
            f"{len(queries):,} test digits: {report(nearest, hidden, chosen, queries, unseen)}"
        )


def writers_of(digits: Digits) -> NDArray[Any]:
    """Return the writers; raise ValueError if QMNIST's file is missing."""
    if digits.writers is None:
        raise ValueError("the writers of MNIST's digits are needed: see `inkdigits data`")
    return digits.writers


def training_numbers(digits: Digits, training: dict[str, Any]) -> NDArray[np.intp]:
    """Return the numbers of the digits that a model was trained on, not validated on."""
    numbered = Digits(digits.images, np.arange(len(digits)), writers_of(digits))
    share, seed = training["recipe"]["validation"], training["seed"]
    kept = split_by_writer(numbered, share, seed)[0] if share else numbered
    return kept.labels.astype(np.intp)


def hidden_values(recognizer: Recognizer, digits: Digits) -> Array:
    """Compute the values of the last hidden layer, float32 (N, H)."""
    model = recognizer.model
    network = Network(model.network.layers[:-1])
    params = model.network.layer_params(model.vector)[:-1]
    x = network_input(recognizer.preprocess_mnist(digits.images))
    return forward_batches(network, params, x)


def choose(
    digest: str, digits: Digits, trained_on: NDArray[np.intp], hidden: Array
) -> tuple[NearestDigits, NDArray[np.intp]]:
    """Choose digits of each class and encode them; return also their places in `trained_on`."""
    directions = np.linalg.svd(hidden - hidden.mean(axis=0), full_matrices=False)[2]
    projection = np.ascontiguousarray(directions[:DIRECTIONS].T)
    projected = hidden.dot(projection)
    chosen = one_of_each_writer(digits.labels[trained_on], writers_of(digits)[trained_on])
    low = projected[chosen].min(axis=0)
    scale = float((projected[chosen] - low).max()) / LEVELS
    features = np.rint((projected[chosen] - low) / scale).astype(np.uint8)
    numbers = trained_on[chosen]
    nearest = NearestDigits(
        digest=digest,
        images=digits.hashes[mnist.TRAIN_IMAGES],
        projection=projection,
        low=low,
        scale=scale,
        features=features,
        numbers=numbers.astype(np.uint16),
        labels=digits.labels[numbers].astype(np.uint8),
    )
    return nearest, chosen


def one_of_each_writer(labels: Labels, writers: NDArray[Any]) -> NDArray[np.intp]:
    """Choose digits at random: of each class the same number, each by another writer.

    labels   (N,) 0 to 9
    writers  (N,)
    returns  sorted places
    """
    order = np.random.default_rng(SEED).permutation(len(labels))
    chosen = []
    for digit in range(CLASSES):
        members = order[labels[order] == digit]
        firsts = np.sort(np.unique(writers[members], return_index=True)[1])
        chosen.append(members[firsts[: COUNT // CLASSES]])
    return np.sort(np.concatenate(chosen))


def report(
    nearest: NearestDigits,
    hidden: Array,
    chosen: NDArray[np.intp],
    queries: Array,
    unseen: Digits,
) -> str:
    """Say how far the neighbors are, compared with the nearest of all training digits."""
    found, best, agreeing = [], [], 0
    squares = (hidden**2).sum(axis=1)
    for query, label in zip(queries, unseen.labels, strict=True):
        place = int(nearest.distances(query).argmin())
        found.append(float(np.linalg.norm(hidden[chosen[place]] - query)))
        best.append(float(np.sqrt(max(0, (squares - 2 * hidden.dot(query)).min() + query @ query))))
        agreeing += int(nearest.labels[place] == label)
    return (
        f"the nearest digit is at a distance of {np.mean(found):.2f}, of all training digits "
        f"{np.mean(best):.2f}; it is the same digit for {agreeing / len(queries):.1%}"
    )


if __name__ == "__main__":
    main()
