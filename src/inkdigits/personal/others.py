"""What a personal model must not forget: features of other people's digits and of non-digits.

A person's computer has no data sets. What ships, for each model that ships, is what the layers
that are adapted are given for some images: rounded to 8 bits. benchmarks/others_features.py writes
the files.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Array, Labels, Pixels
from inkdigits.calibration import rejection_scores
from inkdigits.constants import CLASSES
from inkdigits.personal.head import Head
from inkdigits.recipes import NON_DIGIT
from inkdigits.storage.files import invalid_file
from inkdigits.storage.tensors import read_tensors, write_tensors

FOLDER = Path(__file__).parent / "others"
LEVELS = 255
DTYPES = frozenset({"float32", "uint8"})


@dataclass(frozen=True, eq=False)
class Others:
    """Features of other people's digits and of non-digits.

    digest      SHA-256 of the file of the model that computed them
    features    uint8 (N, D), rounded
    scale       float32 (D,), the step of each feature; the lowest value of each is 0
    labels      uint8 (N,), which digits they are; 10 for a non-digit
    is_checked  uint8 (N,), 1 for the digits that a personal model is checked with, and which it is
                not fitted to: those whose recognition is the least certain of ...
    digits      ... this many digits, of which the model recognizes ...
    recognized  ... this many
    """

    digest: str
    features: Pixels
    scale: Array
    labels: NDArray[np.uint8]
    is_checked: NDArray[np.uint8]
    digits: int
    recognized: int

    def protected(self) -> tuple[Array, Labels]:
        """Return the features that are fitted to, float32 (M, D), and their labels (M,)."""
        return self._select(self.is_checked == 0)

    def checked(self) -> tuple[Array, Labels]:
        """Return the features of the digits that are checked, float32 (K, D), and labels (K,)."""
        return self._select(self.is_checked == 1)

    def share_recognized(self, head: Head, vector: Array) -> float:
        """Estimate the share of other people's digits that a personal model recognizes.

        Only the digits whose recognition is the least certain are tried: the others are so far
        from any other answer that nothing changes.

        vector   float32 (Q,), the head's parameters
        """
        features, labels = self.checked()
        before = are_recognized(head, features, labels, head.vector).sum()
        after = are_recognized(head, features, labels, vector).sum()
        return float(self.recognized + int(after) - int(before)) / self.digits

    def _select(self, is_selected: NDArray[np.bool_]) -> tuple[Array, Labels]:
        return self.features[is_selected] * self.scale, self.labels[is_selected]


def are_recognized(head: Head, features: Array, labels: Labels, vector: Array) -> NDArray[np.bool_]:
    """Return whether each digit is accepted and right.

    features  float32 (N, D)
    labels    (N,), 0 to 9
    vector    float32 (Q,), the head's parameters
    returns   bool (N,)
    """
    logits = head.logits(features, vector)
    is_right: NDArray[np.bool_] = logits[:, :CLASSES].argmax(axis=1) == labels
    if logits.shape[1] == CLASSES:
        return is_right
    return is_right & (rejection_scores(logits.astype(np.float64)) <= head.threshold)


def path_for(digest: str, folder: Path = FOLDER) -> Path:
    """Return where the features of the model with a digest are."""
    return folder / f"{digest[:16]}.safetensors"


@lru_cache(maxsize=8)
def load_others(digest: str) -> Others | None:
    """Load the features of a model; None if none ship, as with all but shipped models.

    digest   of the model's file
    raises   FileError if the file is damaged
    """
    path = path_for(digest)
    if not digest or not path.is_file():
        return None
    others = read_others(path.resolve())
    return others if others.digest == digest else None


def write_others(path: Path, others: Others) -> None:
    """Write a file of features, atomically."""
    tensors: dict[str, NDArray[Any]] = {
        "features": others.features,
        "is_checked": others.is_checked,
        "labels": others.labels,
        "scale": others.scale,
    }
    document = {
        "digest": others.digest,
        "digits": others.digits,
        "recognized": others.recognized,
    }
    write_tensors(path, tensors, document, DTYPES)


def read_others(path: Path) -> Others:
    """Read a file of `write_others`; raise FileError if it is damaged."""
    tensors, document, _ = read_tensors(path, DTYPES)
    match document, tensors:
        case (
            {"digest": str() as digest, "digits": int() as digits, "recognized": int() as right},
            {
                "features": features,
                "is_checked": is_checked,
                "labels": labels,
                "scale": scale,
                **rest,
            },
        ) if not rest and _fits(features, is_checked, labels, scale) and 0 <= right <= digits:
            return Others(digest, features, scale, labels, is_checked, digits, right)
    raise invalid_file(path, "it does not hold features of other people's digits")


def _fits(
    features: NDArray[Any], is_checked: NDArray[Any], labels: NDArray[Any], scale: NDArray[Any]
) -> bool:
    """Return whether types, shapes and ranges fit together."""
    types = [array.dtype.name for array in (features, is_checked, labels, scale)]
    if types != ["uint8", "uint8", "uint8", "float32"] or features.ndim != 2:
        return False
    count, width = features.shape
    return (
        (is_checked.shape, labels.shape, scale.shape) == ((count,), (count,), (width,))
        and 0 < int(is_checked.sum()) < count
        and bool(is_checked.max() == 1 and labels.max() <= NON_DIGIT)
        and bool(labels[is_checked == 1].max() < CLASSES)
    )
