"""A lab on images in a folder of one's own, whose runs train in the test's process."""

import shutil

import numpy as np
import pytest
from lab_runs import IMAGES, events_of

from inkdigits.lab import Lab, LabLimits, commands, process, trainer
from inkdigits.lab.files import Status


@pytest.fixture(scope="session")
def own_data(packaged_splits, tmp_path_factory):
    """A folder with 300 of MNIST's digits in an .npz."""
    folder = tmp_path_factory.mktemp("own-data")
    digits = packaged_splits[0].take(slice(IMAGES))
    np.savez(folder / "digits.npz", x=digits.images, y=digits.labels)
    return folder


@pytest.fixture
def limits(own_data):
    return LabLimits(own_data=own_data, workers=1, free_bytes=0, checkpoints=8)


@pytest.fixture
def lab(tmp_path, limits):
    """A lab whose processes do nothing: `train` does their work in this process."""
    return Lab(tmp_path / "runs", None, limits, command=(shutil.which("true"),))


@pytest.fixture
def train(lab, monkeypatch):
    """Train a run in this process, with commands that are each sent when the run is paused."""
    monkeypatch.setattr(trainer, "POLL_SECONDS", 0.0)

    def train(name, *sent, stop_at=None, limits=lab.limits):
        """Train until the run is over; end its process when all commands are obeyed and it is
        paused, or after a number of steps; return its status."""
        folder, waiting = lab.folder / name, list(sent)

        def is_asked():
            if Status.read(folder).state == "paused" and not list(folder.glob("commands/*.json")):
                if not waiting:
                    return True
                commands.send(folder, waiting.pop(0))
            done = [event["step"] for event in events_of(lab, name)]
            return stop_at is not None and max(done, default=0) >= stop_at

        assert process.train_run(folder, None, limits, is_asked) == 0
        assert not waiting
        return Status.read(folder)

    return train
