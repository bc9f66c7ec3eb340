"""The training digits that look most similar to the network: nearest in its last hidden layer."""

from functools import lru_cache
from pathlib import Path

import numpy as np

from inkdigits.arrays import Array, Pixels
from inkdigits.data import folders, mnist
from inkdigits.data.folders import DataError
from inkdigits.explain.explanation import Neighbor
from inkdigits.explain.nearest_file import NearestDigits, load_nearest
from inkdigits.explain.passes import Pass
from inkdigits.explain.subject import Subject
from inkdigits.nn.layers import Dense

SHOWN = 8


def last_hidden(forward: Pass) -> Array | None:
    """Return the values of the last hidden layer, which the last Dense layer takes; None without.

    returns  float32 (H,)
    """
    *others, last = forward.network.layers
    if not isinstance(last, Dense) or not any(layer.param_shapes() for layer in others):
        return None
    return forward.arrays[-2][0]


def find_neighbors(
    subject: Subject, data_dir: Path | None
) -> tuple[tuple[Neighbor, ...] | None, str | None]:
    """Find the nearest of the training digits that ship with a model.

    data_dir  where MNIST is installed; None as in `inkdigits.data.folders.search_paths`
    returns   the nearest first, or None, with the reason
    """
    recognizer = subject.recognizer
    if subject.prediction.reason == "blank":
        return None, "The image is blank, so no digit is similar to it."
    nearest, hidden = load_nearest(recognizer.digest), last_hidden(subject.forward)
    if nearest is None or hidden is None:
        return None, f"No training digits ship with the model {recognizer.name}."
    distances = nearest.distances(hidden)
    places = np.argsort(distances, kind="stable")[:SHOWN].tolist()
    pictures = _installed_pictures(nearest, data_dir)
    found = tuple(
        Neighbor(
            number=int(nearest.numbers[place]),
            label=str(nearest.labels[place]),
            distance=float(distances[place]),
            picture=None if pictures is None else pictures[place],
        )
        for place in places
    )
    return found, None


def _installed_pictures(nearest: NearestDigits, data_dir: Path | None) -> Pixels | None:
    """Return MNIST's images of all the digits; None if the very same MNIST is not installed."""
    paths = tuple(folders.search_paths(data_dir))
    is_same = nearest.images == mnist.SOURCES[mnist.TRAIN_IMAGES].sha256
    if not is_same or folders.find_file(paths, mnist.TRAIN_IMAGES) is None:
        return None
    try:
        return _read_pictures(nearest, paths)
    except DataError:
        return None  # a damaged file is as good as none; `inkdigits data` says what to do


@lru_cache(maxsize=4)
def _read_pictures(nearest: NearestDigits, paths: tuple[Path, ...]) -> Pixels:
    """Read the digits' images from MNIST's file; 2 MB are kept, of 47."""
    name = mnist.TRAIN_IMAGES
    images: Pixels = mnist.read_idx(mnist.read_file(paths, name), name)[nearest.numbers]
    return images
