"""Load MNIST and, where available, the writers of its training digits (QMNIST)."""

import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Labels, Pixels
from inkdigits.constants import CLASSES, IMAGE_SIDE
from inkdigits.data import folders
from inkdigits.data.folders import DataError

Split: TypeAlias = Literal["train", "test"]


@dataclass(frozen=True)
class Source:
    """A file of the data set, uncompressed: its name, its size in bytes, and its SHA-256."""

    name: str
    size: int
    sha256: str


@dataclass(frozen=True, eq=False)
class Digits:
    """Images of handwritten digits with their labels and writers."""

    images: Pixels  # uint8 (N, 28, 28), 0 is background and 255 is full ink
    labels: Labels  # (N,) 0 to 9
    writers: NDArray[Any] | None  # (N,) integers or strings; None if unknown
    hashes: Mapping[str, str] = field(default_factory=dict)  # file name -> SHA-256 of its content

    def __len__(self) -> int:
        return len(self.labels)

    def take(self, selection: Any) -> Self:
        """Return the digits selected by an index array, a boolean mask (N,) or a slice."""
        return replace(
            self,
            images=self.images[selection],
            labels=self.labels[selection],
            writers=None if self.writers is None else self.writers[selection],
        )


TRAIN_IMAGES = "train-images-idx3-ubyte"
TRAIN_LABELS = "train-labels-idx1-ubyte"
TEST_IMAGES = "t10k-images-idx3-ubyte"
TEST_LABELS = "t10k-labels-idx1-ubyte"
TRAIN_WRITERS = "qmnist-train-labels-idx2-int"  # QMNIST, C. Yadav and L. Bottou, BSD license

_SIZES_AND_HASHES = {
    TRAIN_IMAGES: (47040016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"),
    TRAIN_LABELS: (60008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"),
    TEST_IMAGES: (7840016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"),
    TEST_LABELS: (10008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"),
    TRAIN_WRITERS: (1920012, "bb1b6e1ec7b04fd5696f1ed50b5f58f8ef195118edd5c93c81783df9740b8ac5"),
}

SOURCES = {name: Source(name, *expected) for name, expected in _SIZES_AND_HASHES.items()}


def load(split: Split, directory: Path | None = None) -> Digits:
    """Load the 60,000 training or the 10,000 test digits, in file order.

    directory  where the files are; see folders.search_paths()
    returns    Digits, read-only; writers only for "train", and only if their file is present
    raises     DataError if a file is missing, has the wrong hash, or contradicts another
    """
    paths = find_folders(directory)
    if split == "test":
        images_name, labels_name, writers_name = TEST_IMAGES, TEST_LABELS, None
    else:
        images_name, labels_name, writers_name = TRAIN_IMAGES, TRAIN_LABELS, TRAIN_WRITERS
    images = read_idx(read_file(paths, images_name), images_name)
    labels = read_idx(read_file(paths, labels_name), labels_name)
    _check_digits(images, images_name, labels, labels_name)
    names = [images_name, labels_name]
    writers = None
    if writers_name and folders.find_file(paths, writers_name):
        writers = _writers(read_idx(read_file(paths, writers_name), writers_name), labels)
        names.append(writers_name)
    return Digits(images, labels, writers, {name: SOURCES[name].sha256 for name in names})


def find_folders(directory: Path | None = None) -> list[Path]:
    """Return the folders to search, after checking that together they have MNIST's four files.

    directory  see folders.search_paths()
    raises     DataError if one of the four is missing; the fifth, with the writers, is optional
    """
    paths = folders.search_paths(directory)
    missing = [
        name for name in SOURCES if name != TRAIN_WRITERS and not folders.find_file(paths, name)
    ]
    if missing and folders.user_folders(directory):
        raise DataError(
            f"{folders.missing_files_message(paths, missing)}: "
            "copy the missing files there, compressed (.gz) or not, or name another folder."
        )
    if missing:
        raise DataError(
            "MNIST is not in the cache: run `inkdigits data` to download it, "
            "or name a folder that has it with --data-dir or INKDIGITS_DATA."
        )
    return paths


def read_file(paths: Sequence[Path], name: str) -> bytes:
    """Return the content of one of SOURCES, verified by its hash.

    raises  DataError if none of the folders has the file, or its content is wrong
    """
    remedy = "replace it, or delete it and run `inkdigits data`"
    return read_source(paths, SOURCES[name], remedy)


def read_source(paths: Sequence[Path], source: Source, remedy: str) -> bytes:
    """Return the content of a file, verified by its hash.

    remedy  what to do if the content is wrong, as the end of a sentence
    raises  DataError if none of the folders has the file, or its content is wrong
    """
    path = folders.find_file(paths, source.name)
    if path is None:
        raise DataError(
            f"{folders.missing_files_message(paths, [source.name])}: "
            "copy it there, compressed (.gz) or not."
        )
    return folders.read_verified(path, source.size, source.sha256, remedy)


def read_idx(data: bytes, name: str) -> NDArray[Any]:
    """Parse an array in the IDX format, strictly.

    data     two zero bytes, a type (8 is uint8, 12 is big-endian int32), the number of dimensions,
             each dimension as a big-endian uint32, then the elements, and nothing after them
    name     of the file, for error messages
    returns  uint8 or int32, read-only
    raises   DataError if a byte is wrong, missing, or left over
    source   Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of handwritten digits"
    """
    dtypes: dict[bytes, np.dtype[Any]] = {
        b"\0\0\x08": np.dtype(np.uint8),
        b"\0\0\x0c": np.dtype(">i4"),
    }
    dtype = dtypes.get(data[:3])
    if dtype is None:
        raise DataError(
            f"{name} is not an IDX file of uint8 or int32: it begins with {data[:3].hex(' ')}."
        )
    start = 4 + 4 * int.from_bytes(data[3:4])
    if len(data) < max(start, 4):
        raise DataError(f"{name} ends in the middle of its header.")
    shape = struct.unpack(f">{data[3]}I", data[4:start])
    expected = start + math.prod(shape) * dtype.itemsize
    if len(data) != expected:
        raise DataError(f"{name} has {len(data)} bytes, but its header declares {expected}.")
    array = np.frombuffer(data, dtype, offset=start).reshape(shape)
    native: NDArray[Any] = array.astype(dtype.newbyteorder("="), copy=False)
    native.flags.writeable = False
    return native


def _check_digits(
    images: NDArray[Any], images_name: str, labels: NDArray[Any], labels_name: str
) -> None:
    if images.dtype != np.uint8 or images.shape[1:] != (IMAGE_SIDE, IMAGE_SIDE):
        raise DataError(f"{images_name} has {images.dtype} {images.shape}, not 28x28 images.")
    if labels.dtype != np.uint8 or labels.ndim != 1:
        raise DataError(f"{labels_name} has {labels.dtype} {labels.shape}, not a list of labels.")
    if len(images) != len(labels):
        raise DataError(
            f"{images_name} has {len(images)} images, but {labels_name} has {len(labels)} labels."
        )
    if (labels >= CLASSES).any():
        raise DataError(f"{labels_name} has the label {labels.max()}, which is not a digit.")


def _writers(table: NDArray[Any], labels: NDArray[Any]) -> NDArray[np.int32]:
    """Return the writer of each digit, the third of QMNIST's eight columns."""
    if table.dtype != np.int32 or table.shape != (len(labels), 8):
        raise DataError(
            f"{TRAIN_WRITERS} has {table.dtype} {table.shape}, "
            f"not int32 with 8 columns for {len(labels)} digits."
        )
    if (table[:, 0] != labels).any():
        raise DataError(f"{TRAIN_WRITERS} and {TRAIN_LABELS} disagree on the labels.")
    return table[:, 2]
