"""Load the Semeion data set: scanned digits of about 80 people, from Italy.

Each person wrote every digit twice: carefully, and as fast as possible. The file does not say who
wrote which.
"""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.constants import CLASSES
from inkdigits.data import folders
from inkdigits.data.folders import DataError
from inkdigits.data.mnist import Digits
from inkdigits.preprocessing import ink

NAME = "semeion.data"
MAX_SIZE = 4_000_000  # bytes
# Of the pixels and labels: there are copies that write 0 and 1 instead of 0.0000 and 1.0000.
DIGITS_SHA256 = "8e0ce9435c3005eed03c83867f1426977adfa0e73a6c1d2faf83a0a37e19516c"
ORIGIN = (  # where to get it, as part of a sentence
    f"{NAME} from the UCI repository (https://archive.ics.uci.edu/dataset/178, "
    '"Semeion Handwritten Digit", license CC BY 4.0)'
)

SCAN_SIDE = 16


def load(
    directory: Path | None = None, preprocess: Callable[[Pixels], Pixels] = ink.from_ink
) -> Digits:
    """Load the 1,593 digits, in file order: 20 of one class at a time.

    directory   where the file is; see folders.search_paths()
    preprocess  maps ink, uint8 (16, 16), either 0 or 255, to uint8 (28, 28)
    returns     Digits without writers
    raises      DataError if the file is missing, or its digits are not those that were published
    source      M. Buscema, "MetaNet: The Theory of Independent Judges", Substance Use and Misuse
                33(2), 1998
    """
    paths = folders.search_paths(directory)
    path = folders.find_file(paths, NAME)
    if path is None:
        raise DataError(missing_message(paths))
    scans, labels = read_scans(folders.read_up_to(path, MAX_SIZE), path.name)
    if digits_sha256(scans, labels) != DIGITS_SHA256:
        raise DataError(
            f"{path} is damaged or is a different file (the SHA-256 of its digits should be "
            f"{DIGITS_SHA256}): get {ORIGIN} and replace the file."
        )
    images = np.stack([preprocess(scan) for scan in scans])
    return Digits(images, labels, None, {NAME: DIGITS_SHA256})


def missing_message(paths: Sequence[Path]) -> str:
    """Return a sentence saying that the file is missing, where to get it and where to put it."""
    return (
        f"{folders.missing_files_message(paths, [NAME])}: get {ORIGIN} and copy it there (a .gz is "
        "accepted too)."
    )


def read_scans(data: bytes, name: str) -> tuple[Pixels, NDArray[np.uint8]]:
    """Parse scans and labels, strictly.

    data     a line for each digit: 256 pixels, 0.0000 or 1.0000 (ink), and ten times 0 or 1, where
             the 1 marks the label
    name     of the file, for error messages
    returns  uint8 (N, 16, 16), 0 or 255, and uint8 (N,)
    raises   DataError if a line is wrong
    """
    columns = SCAN_SIDE**2 + CLASSES
    try:
        table = np.array([line.split() for line in data.splitlines()], np.float32)
    except ValueError:
        table = np.empty((0, 0), np.float32)
    if table.shape[1:] != (columns,) or not np.isin(table, (0, 1)).all():
        raise DataError(f"{name} does not have {columns} columns of 0 and 1.")
    is_ink, is_label = np.split(table.astype(np.uint8), [SCAN_SIDE**2], axis=1)
    if (is_label.sum(axis=1) != 1).any():
        raise DataError(f"{name} has a digit without a label, or with several.")
    scans = 255 * is_ink.reshape(-1, SCAN_SIDE, SCAN_SIDE)
    return scans, is_label.argmax(axis=1).astype(np.uint8)


def digits_sha256(scans: Pixels, labels: NDArray[np.uint8]) -> str:
    """Return the SHA-256 of scans and labels, which does not depend on how a file writes them."""
    return hashlib.sha256(scans.tobytes() + labels.tobytes()).hexdigest()
