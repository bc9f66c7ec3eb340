"""The data sets in MNIST's format that have a name here: Fashion-MNIST, Kuzushiji-MNIST, EMNIST."""

import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np

from inkdigits.constants import DIGITS
from inkdigits.data import folders, idx
from inkdigits.data.folders import DataError
from inkdigits.data.labeled import LabeledImages
from inkdigits.data.mnist import Source, Split, read_source

SYSTEM = Path("/usr/share/datasets")  # where Debian's packages of data sets put them
MERGED = "abdefghnqrt"  # letters whose small form EMNIST does not merge with the capital


@dataclass(frozen=True)
class NamedSet:
    """A data set of images of 28x28 in IDX files.

    title        its name for people
    classes      of its labels, in order; the first label is `first_label`
    origin       where to get it, and its license, as part of a sentence
    prefix       of its file names
    test         the word for the test split in its file names
    folder       the folder with its files, within one that is searched
    transposed   whether rows and columns of its images are swapped
    suited       the preprocessing that suits it, if not that of the recipe
    sources      file name -> size and SHA-256; empty if they are not known here, and the files are
                 checked for their form only
    mirrors      URLs of folders with its files as .gz
    """

    title: str
    classes: tuple[str, ...]
    origin: str
    prefix: str = ""
    test: str = "t10k"
    folder: str = ""
    first_label: int = 0
    transposed: bool = False
    suited: str | None = None
    sources: Mapping[str, Source] = field(default_factory=dict)
    mirrors: tuple[str, ...] = ()

    def files(self, split: Split) -> tuple[str, str]:
        """Return the names of the files with images and labels."""
        part = f"{self.prefix}{'train' if split == 'train' else self.test}"
        return f"{part}-images-idx3-ubyte", f"{part}-labels-idx1-ubyte"


_FASHION = {  # of the files in Debian's package dataset-fashion-mnist, decompressed
    "train-images-idx3-ubyte": (
        47040016,
        "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    ),
    "train-labels-idx1-ubyte": (
        60008,
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    ),
    "t10k-images-idx3-ubyte": (
        7840016,
        "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    ),
    "t10k-labels-idx1-ubyte": (
        10008,
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ),
}


def _emnist(part: str, classes: tuple[str, ...], first_label: int = 0) -> NamedSet:
    return NamedSet(
        title=f"EMNIST {part}",
        classes=classes,
        origin="gzip.zip of https://www.nist.gov/itl/products-and-services/emnist-dataset "
        "(EMNIST, Cohen, Afshar, Tapson and van Schaik 2017)",
        prefix=f"emnist-{part}-",
        test="test",
        folder="emnist",
        first_label=first_label,
        transposed=True,
    )


SETS: Mapping[str, NamedSet] = MappingProxyType(
    {
        "fashion-mnist": NamedSet(
            title="Fashion-MNIST",
            classes=(
                "T-shirt/top",
                "Trouser",
                "Pullover",
                "Dress",
                "Coat",
                "Sandal",
                "Shirt",
                "Sneaker",
                "Bag",
                "Ankle boot",
            ),
            origin="the folder data/fashion of https://github.com/zalandoresearch/fashion-mnist "
            "(Xiao, Rasul and Vollgraf 2017, MIT license), or Debian's package "
            "dataset-fashion-mnist",
            folder="fashion-mnist",
            suited="plain",
            sources={name: Source(name, *expected) for name, expected in _FASHION.items()},
            mirrors=(
                "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
                "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/"
                "fashion/",
            ),
        ),
        "kmnist": NamedSet(
            title="Kuzushiji-MNIST",
            classes=tuple("おきすつなはまやれを"),
            origin="the four files of http://codh.rois.ac.jp/kmnist (Clanuwat and others 2018, CC "
            "BY-SA 4.0)",
            folder="kmnist",
        ),
        "emnist-letters": _emnist("letters", tuple(string.ascii_uppercase), first_label=1),
        "emnist-balanced": _emnist("balanced", (*DIGITS, *string.ascii_uppercase, *MERGED)),
        "emnist-bymerge": _emnist("bymerge", (*DIGITS, *string.ascii_uppercase, *MERGED)),
        "emnist-byclass": _emnist(
            "byclass", (*DIGITS, *string.ascii_uppercase, *string.ascii_lowercase)
        ),
        "emnist-digits": _emnist("digits", DIGITS),
        "emnist-mnist": _emnist("mnist", DIGITS),
    }
)


def search_paths(name: str, directory: Path | None = None) -> list[Path]:
    """Return the folders in which the files of a set may be.

    directory  see folders.search_paths()
    """
    folder = SETS[name].folder
    found = []
    for path in folders.search_paths(directory):
        found += [path] if path.name == folder else [path / folder]
    if not folders.user_folders(directory):
        found.append(cache_folder(name))
    return [*found, SYSTEM / folder]


def cache_folder(name: str) -> Path:
    """Return the folder that `inkdigits data NAME` downloads to."""
    return folders.cache_folder().parent / SETS[name].folder


def is_installed(name: str, split: Split, directory: Path | None = None) -> bool:
    """Return whether the files of a set are there."""
    paths = search_paths(name, directory)
    return all(folders.find_file(paths, file) for file in SETS[name].files(split))


def load(name: str, split: Split, directory: Path | None = None) -> LabeledImages:
    """Load a set by its name.

    raises   DataError if a file is missing or damaged
    """
    named = SETS[name]
    paths = search_paths(name, directory)
    files = named.files(split)
    missing = [file for file in files if folders.find_file(paths, file) is None]
    if missing:
        downloads = f"run `inkdigits data {name}` to download it, or " if named.mirrors else ""
        raise DataError(
            f"{folders.missing_files_message(paths, missing)}: {downloads}get {named.origin} and "
            "copy the files there, compressed (.gz) or not."
        )
    for file in files if named.sources else ():
        read_source(paths, named.sources[file], "replace it, or get " + named.origin)
    images_path, labels_path = (folders.find_file(paths, file) for file in files)
    assert images_path is not None
    assert labels_path is not None
    images, images_sha256 = idx.read_images(images_path)
    labels, labels_sha256 = idx.read_labels(labels_path, len(images))
    if images.shape[1:] != (28, 28):
        raise DataError(f"{files[0]} has images of {images.shape[1:]} pixels, not 28x28.")
    last = named.first_label + len(named.classes) - 1
    if labels.min() < named.first_label or labels.max() > last:
        raise DataError(
            f"{files[1]} has labels from {labels.min()} to {labels.max()}, but those of "
            f"{named.title} are from {named.first_label} to {last}; replace it."
        )
    if named.transposed:
        images = np.ascontiguousarray(images.transpose(0, 2, 1))
    labels = labels - np.uint8(named.first_label)
    hashes = dict(zip(files, (images_sha256, labels_sha256), strict=True))
    return LabeledImages(
        images, labels, None, hashes, named.classes, named.title, suited=named.suited
    )
