"""Run the command line on a small MNIST.

python tests/small_mnist.py DIRECTORY ARGUMENTS...   once
python tests/small_mnist.py DIRECTORY --forks        many times: see forks.wait_for_job

The data includes digits of a few writers of the other data sets, and the recipe `mlp` is shortened.
"""

import gzip
import hashlib
import os
import sys
from dataclasses import replace
from pathlib import Path

import forks
import numpy as np
import small_pendigits
import small_semeion
import small_unipen

from inkdigits.data import mnist, pendigits, semeion, unipen
from inkdigits.data.mnist import Digits
from inkdigits.recipes import MLP, RECIPES

FORKS = "--forks"
TRAIN, TEST = 2000, 500
UNIPEN_CONTRIBUTORS = ("aga", "apb", *unipen.DEVELOPMENT_CONTRIBUTORS)  # two writers of each


# What is different in the recipe `mlp`.
BRIEF = {
    "epochs": 10,
    "batch_size": 64,
    "pendigits_images": 2,
    "unipen_images": 4,
    "semeion_copies": 2,
    "made_digits": 20,
    "outliers": 0.1,
    "ema_decay": 0.9,
}


def idx(array):
    """Return the bytes of an IDX file with a uint8 or int32 array."""
    code = {"uint8": 0x08, "int32": 0x0C}[array.dtype.name]
    sizes = np.array(array.shape, ">u4").tobytes()
    return (
        bytes([0, 0, code, array.ndim])
        + sizes
        + array.astype(array.dtype.newbyteorder(">")).tobytes()
    )


def qmnist_labels(labels, writers):
    """Return the eight columns of QMNIST's labels; inkdigits uses the first and the third."""
    columns = np.zeros((len(labels), 8), np.int32)
    columns[:, 0], columns[:, 2] = labels, writers
    return columns


def files_of(train: Digits, test: Digits):
    """Return name -> content of the five files for these digits."""
    return {
        "train-images-idx3-ubyte": idx(train.images),
        "train-labels-idx1-ubyte": idx(train.labels),
        "t10k-images-idx3-ubyte": idx(test.images),
        "t10k-labels-idx1-ubyte": idx(test.labels),
        "qmnist-train-labels-idx2-int": idx(qmnist_labels(train.labels, train.writers)),
    }


def write(directory: Path, digits: Digits):
    """Write 2,000 of the digits as training digits and the next 500 as test digits.

    The writers are invented: 20 digits each.
    """
    train, test = digits.take(slice(TRAIN)), digits.take(slice(TRAIN, TRAIN + TEST))
    train = replace(train, writers=np.arange(TRAIN, dtype=np.int32) // 20)
    for name, content in files_of(train, test).items():
        (directory / f"{name}.gz").write_bytes(gzip.compress(content, 1))
    (directory / f"{pendigits.NAME}.gz").write_bytes(gzip.compress(small_pendigits.unipen(), 1))
    small_unipen.write(directory, small_unipen.files(contributors=UNIPEN_CONTRIBUTORS))
    small_semeion.write(directory)


def install(directory: Path):
    """Make inkdigits accept the files of a folder as the real ones, and shorten `mlp`."""
    from inkdigits.cli import train

    for module, name, value in accepted(directory):
        setattr(module, name, value)
    os.environ["INKDIGITS_DATA"] = str(directory)
    train.RECIPES = RECIPES | {"mlp": replace(MLP, **BRIEF)}


def accepted(directory: Path):
    """Yield the module, name and value of what makes inkdigits accept the files of a folder."""
    traces = small_pendigits.unipen()
    yield mnist, "SOURCES", sources_of(directory)
    yield pendigits, "SIZE", len(traces)
    yield pendigits, "SHA256", hashlib.sha256(traces).hexdigest()
    yield unipen, "DIGITS_SHA256", small_unipen.sha256_of(directory / unipen.ARCHIVE)
    yield semeion, "DIGITS_SHA256", small_semeion.sha256_of()


def sources_of(directory: Path):
    """Return mnist.SOURCES with the sizes and hashes of the files in a folder."""
    paths = [directory / f"{name}.gz" for name in mnist.SOURCES]
    contents = {path.stem: gzip.decompress(path.read_bytes()) for path in paths if path.exists()}
    return mnist.SOURCES | {name: source_of(name, data) for name, data in contents.items()}


def source_of(name, content):
    """Return a file's entry in mnist.SOURCES for other content."""
    sha256 = hashlib.sha256(content).hexdigest()
    return replace(mnist.SOURCES[name], size=len(content), sha256=sha256)


if __name__ == "__main__":
    install(Path(sys.argv.pop(1)))

    from inkdigits.cli import main

    if sys.argv[1:] == [FORKS]:
        forks.wait_for_job()
    main(prog_name="inkdigits")
