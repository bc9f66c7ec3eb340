"""`inkdigits train --on ray`: a run over workers, stopped and resumed, and wrong options."""

import json
import os
import signal
from contextlib import contextmanager

import numpy as np
import pytest
import small_mnist as small
from click.testing import CliRunner

from inkdigits.cli import main, training_progress
from inkdigits.data import mnist
from inkdigits.model_file import load_model
from inkdigits.scale import cluster, training
from inkdigits.scale.errors import ScaleError
from inkdigits.storage.tensors import read_tensors

# The write-up's network, in batches: it needs no other data than MNIST's.
RECIPE = ("classic", "--batch-size", "64", "--learning-rate", "0.5", "--limit", "640")


@pytest.fixture
def train(small_mnist, ray_cluster, monkeypatch):
    """Run `inkdigits train` in this process, which is connected to a cluster already."""

    @contextmanager
    def connected(address):
        assert address == "ray"
        yield ray_cluster

    monkeypatch.setattr(cluster, "connected", connected)
    monkeypatch.setattr(training, "CALL_SECONDS", 1e-4)
    monkeypatch.setattr(mnist, "SOURCES", small.sources_of(small_mnist))
    monkeypatch.setenv("INKDIGITS_DATA", str(small_mnist))

    def run(*arguments):
        return CliRunner().invoke(main, ["train", *RECIPE, *map(str, arguments)])

    return run


def params_of(folder, step):
    return read_tensors(folder / f"checkpoint-{step:08}.safetensors")[0]["params"]


@pytest.mark.ray
def test_run_is_stopped_and_resumed_with_another_number_of_workers(train, tmp_path, monkeypatch):
    over, alone = tmp_path / "over", tmp_path / "alone"
    reached = training_progress.WatchedBatches.reached

    def stopping(self, epoch, step):
        if (epoch, step) >= (1, 3):
            os.kill(os.getpid(), signal.SIGTERM)
        reached(self, epoch, step)

    monkeypatch.setattr(training_progress.WatchedBatches, "reached", stopping)
    options = ("--epochs", 2, "--run-dir")
    stopped = train(*options, over, "--on", "ray", "--workers", 2)
    assert stopped.exit_code == 128 + signal.SIGTERM, stopped.output
    assert "continue with --resume.\nStopped by SIGTERM.\n" in stopped.output
    settings = json.loads((over / "settings.json").read_text())
    assert settings["machine"]["workers"] == 2

    monkeypatch.setattr(training_progress.WatchedBatches, "reached", reached)
    resumed = train(*options, over, "--on", "ray", "--workers", 1, "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert "Resumed at step 1" in resumed.output
    assert train(*options, alone).exit_code == 0
    np.testing.assert_allclose(params_of(over, 20), params_of(alone, 20), rtol=0, atol=1e-4)
    model = load_model(over / "classic-custom.safetensors")
    assert model.training["recipe"]["epochs"] == 2


@pytest.mark.ray
def test_cluster_that_fails_leaves_a_checkpoint(train, tmp_path, monkeypatch):
    def fail(self, steps):
        raise ScaleError("The cluster is gone: start it again.")

    monkeypatch.setattr(training.Workers, "advance", fail)
    done = train("--epochs", 1, "--run-dir", tmp_path, "--on", "ray", "--workers", 1)
    assert done.exit_code == 1
    assert "Step 0 is saved" in done.output
    assert done.output.endswith("Error: The cluster is gone: start it again.\n")


@pytest.mark.ray
def test_more_workers_than_cpus_are_refused(train, tmp_path, ray_cluster):
    done = train("--run-dir", tmp_path, "--on", "ray", "--workers", ray_cluster.cpus + 1)
    assert done.exit_code == 1
    assert f"The cluster has CPUs for {ray_cluster.cpus} workers, not for" in done.output
    assert not list(tmp_path.iterdir())


def test_gpu_is_refused_over_workers():
    done = CliRunner().invoke(main, ["train", "mlp", "--on", "ray", "--device", "cuda"])
    assert done.exit_code == 2
    assert "--on trains on CPUs: leave out --device." in done.output
