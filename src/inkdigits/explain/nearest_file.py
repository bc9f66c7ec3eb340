"""The training digits that ship with a model: their numbers in MNIST, and how it sees them.

MNIST's images are not ours to ship. What ships is, for some digits that the model was trained on,
the values in its last hidden layer: projected onto the directions in which they vary most, and
rounded to 8 bits. benchmarks/nearest_digits.py writes the files.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Pixels
from inkdigits.constants import CLASSES
from inkdigits.storage.files import invalid_file
from inkdigits.storage.tensors import read_tensors, write_tensors

FOLDER = Path(__file__).parent / "nearest"
MNIST_TRAIN = 60_000
LEVELS = 255
DTYPES = frozenset({"float32", "uint8", "uint16"})


@dataclass(frozen=True, eq=False)
class NearestDigits:
    """Training digits as a model sees them.

    digest      SHA-256 of the model's file
    images      SHA-256 of MNIST's file of training images, to which the numbers refer
    projection  float32 (H, D), onto D directions, from the H values of the last hidden layer
    low         float32 (D,), the projection that rounds to 0
    scale       one step of the 8 bits
    features    uint8 (N, D), projected and rounded
    numbers     uint16 (N,), indices of MNIST's training images
    labels      uint8 (N,), which digits they are
    """

    digest: str
    images: str
    projection: Array
    low: Array
    scale: float
    features: Pixels
    numbers: NDArray[np.uint16]
    labels: NDArray[np.uint8]

    def distances(self, hidden: Array) -> Array:
        """Compute the distance of each digit from values of the last hidden layer.

        hidden   float32 (H,)
        returns  float32 (N,); approximate, because of the projection and the rounding
        """
        query = (hidden.dot(self.projection) - self.low) / np.float32(self.scale)
        differences = self.features.astype(np.float32) - query
        return np.sqrt(np.einsum("nd,nd->n", differences, differences)) * np.float32(self.scale)


def path_for(digest: str, folder: Path = FOLDER) -> Path:
    """Return where the digits of the model with a digest are."""
    return folder / f"{digest[:16]}.safetensors"


@lru_cache(maxsize=8)
def load_nearest(digest: str) -> NearestDigits | None:
    """Load the training digits of a model; None if none ship, as with all but shipped models.

    digest   of the model's file
    raises   FileError if the file is damaged
    """
    path = path_for(digest)
    return read_nearest(path.resolve()) if digest and path.is_file() else None


def write_nearest(path: Path, digits: NearestDigits) -> None:
    """Write a file of training digits, atomically."""
    tensors: dict[str, NDArray[Any]] = {
        "features": digits.features,
        "labels": digits.labels,
        "low": digits.low,
        "numbers": digits.numbers,
        "projection": digits.projection,
        "scale": np.array([digits.scale], np.float32),
    }
    document = {"digest": digits.digest, "images": digits.images}
    write_tensors(path, tensors, document, DTYPES)


def read_nearest(path: Path) -> NearestDigits:
    """Read a file of `write_nearest`; raise FileError if it is damaged."""
    tensors, document, _ = read_tensors(path, DTYPES)
    match document, tensors:
        case (
            {"digest": str() as digest, "images": str() as images},
            {
                "features": features,
                "labels": labels,
                "low": low,
                "numbers": numbers,
                "projection": projection,
                "scale": scale,
            },
        ) if _fits(features, labels, low, numbers, projection, scale):
            return NearestDigits(
                digest, images, projection, low, float(scale[0]), features, numbers, labels
            )
    raise invalid_file(path, "it does not hold training digits as a model sees them")


def _fits(
    features: NDArray[Any],
    labels: NDArray[Any],
    low: NDArray[Any],
    numbers: NDArray[Any],
    projection: NDArray[Any],
    scale: NDArray[Any],
) -> bool:
    """Return whether types, shapes and ranges fit together."""
    if (features.ndim, projection.ndim) != (2, 2) or not len(features):
        return False
    count, directions = features.shape
    shapes = labels.shape, numbers.shape, low.shape, projection.shape[1:], scale.shape
    types = [array.dtype.name for array in (features, labels, numbers, low, projection, scale)]
    return (
        shapes == ((count,), (count,), (directions,), (directions,), (1,))
        and types == ["uint8", "uint8", "uint16", "float32", "float32", "float32"]
        and bool(labels.max() < CLASSES and numbers.max() < MNIST_TRAIN and scale[0] > 0)
    )
