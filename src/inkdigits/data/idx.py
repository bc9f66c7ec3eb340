"""Read labeled images from a pair of IDX files, the format of MNIST: images, and their labels."""

import hashlib
import re
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from inkdigits.arrays import Pixels
from inkdigits.data import folders, labeled
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import MAX_IMAGES, MAX_PIXELS, ClassNames, LabeledImages
from inkdigits.data.mnist import Split, read_idx
from inkdigits.escaping import printable

MAX_HEADER_BYTES = 4 + 4 * 3
# "emnist-letters-test-images-idx3-ubyte.gz", "t10k-images.idx3-ubyte"
IMAGES_NAME = re.compile(r"(?P<set>.*?)(?P<split>train|test|t10k)-images[-.]idx3-ubyte(\.gz)?")
SPLITS = {"train": ("train",), "test": ("t10k", "test")}


def has_idx_files(folder: Path) -> bool:
    """Return whether a folder has images in this format."""
    return any(IMAGES_NAME.fullmatch(path.name) for path in folder.iterdir())


def read_folder(folder: Path, split: Split) -> LabeledImages:
    """Read the pair of a split: train-... for "train", t10k-... or test-... for "test".

    raises   DataError, also if there are several pairs
    """
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):  # a file comes before its .gz
        match = IMAGES_NAME.fullmatch(path.name)
        if match and match["split"] in SPLITS[split]:
            found.setdefault(path.name.removesuffix(".gz"), path)
    if len(found) != 1:
        some = ", ".join(map(labeled.file_name, found.values())) or "none"
        raise DataError(
            f"{printable(folder)} must have one file of {split} images, such as "
            f"{SPLITS[split][0]}-images-idx3-ubyte, but there is {some}; name the file itself."
        )
    return read_file(next(iter(found.values())))


def read_file(images_path: Path) -> LabeledImages:
    """Read a file of images, and its labels: the file with "labels" and "idx1" in its name.

    raises   DataError
    """
    name = labeled.file_name(images_path)
    stem = images_path.name.removesuffix(".gz")
    wanted = stem.replace("images", "labels").replace("idx3", "idx1")
    labels_path = folders.find_file([images_path.parent], wanted)
    if wanted == stem or labels_path is None:
        raise DataError(
            f"The labels of {name} are missing: they must be in a file beside it that is named as "
            "it is, but with labels-idx1 in place of images-idx3."
        )
    images, images_sha256 = read_images(images_path)
    labels, labels_sha256 = read_labels(labels_path, len(images))
    classes = ClassNames(name)
    numbers, names = classes.sort([classes.number(str(label)) for label in labels.tolist()])
    hashes = {name: images_sha256, labeled.file_name(labels_path): labels_sha256}
    return LabeledImages(images, numbers, None, hashes, names, name)


def read_images(path: Path) -> tuple[Pixels, str]:
    """Read images, uint8 (N, H, W), and the SHA-256 of the content."""
    name = labeled.file_name(path)
    content = _content(path, MAX_PIXELS + MAX_HEADER_BYTES, name)
    images = read_idx(content, name)
    if images.dtype != np.uint8:
        raise DataError(f"{name} has values of {images.dtype}, not gray levels of one byte.")
    return labeled.check_images(images, name), hashlib.sha256(content).hexdigest()


def read_labels(path: Path, images: int) -> tuple[NDArray[np.uint8], str]:
    """Read the labels of a number of images, uint8 (N,), and the SHA-256 of the content."""
    name = labeled.file_name(path)
    content = _content(path, MAX_IMAGES + MAX_HEADER_BYTES, name)
    labels = read_idx(content, name)
    if labels.dtype != np.uint8 or labels.shape != (images,):
        raise DataError(
            f"{name} has {labels.dtype} {labels.shape}, not one label for each of the {images:,} "
            "images; the two files do not belong together."
        )
    return labels, hashlib.sha256(content).hexdigest()


def _content(path: Path, most: int, name: str) -> bytes:
    content = folders.read_up_to(path, most + 1)
    if len(content) > most:
        raise DataError(f"{name} has more than {most:,} bytes; use fewer images.")
    return content
