"""Files and training runs shared by the tests of several commands."""

import subprocess
import sys

import numpy as np
import pytest
import staged
from training_runs import (
    ENVIRONMENT,
    LIMIT,
    TINY,
    TINY_CHECKPOINTS,
    TinyRuns,
    checkpoints,
    require_strace,
    start_training,
    wait_for_success,
)

from inkdigits.imaging.decode import encode_png


@pytest.fixture
def blank_png(tmp_path):
    """A blank image."""
    path = tmp_path / "blank.png"
    path.write_bytes(encode_png(np.full((50, 50), 255, np.uint8)))
    return path


@pytest.fixture(scope="module")
def train(small_mnist):
    """Start `inkdigits train` in a process: see training_runs.start_training."""

    def start(*arguments, **options):
        return start_training(small_mnist, *arguments, **options)

    return start


@pytest.fixture(scope="session")
def trained(small_mnist, tmp_path_factory):
    """The bytes of the model file that an uninterrupted run of a recipe writes."""
    models = {}

    def bytes_of(recipe="mlp", limit=LIMIT):
        if recipe not in models:
            folder = tmp_path_factory.mktemp("uninterrupted")
            options = (recipe, "--limit", limit, "--run-dir", folder)
            wait_for_success(start_training(small_mnist, *options))
            models[recipe] = (folder / f"{recipe}.safetensors").read_bytes()
        return models[recipe]

    return bytes_of


@pytest.fixture(scope="session")
def tiny(small_mnist, tmp_path_factory):
    """Run a tiny training run to its end: see training_runs.TinyRuns."""
    command = [sys.executable, staged.__file__, str(small_mnist), TINY]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    ) as process:
        yield TinyRuns(process, tmp_path_factory.mktemp("scratch"))
        process.stdin.close()


@pytest.fixture(scope="session")
def tiny_model(tiny, tmp_path_factory):
    """The bytes of the model file of an uninterrupted tiny run."""
    folder = tmp_path_factory.mktemp("uninterrupted") / "run"
    assert tiny(folder).status == 0
    assert checkpoints(folder) == TINY_CHECKPOINTS
    return (folder / "mlp.safetensors").read_bytes()


@pytest.fixture(scope="session")
def strace():
    """Skip the test if strace is missing, but fail it in CI."""
    require_strace()
