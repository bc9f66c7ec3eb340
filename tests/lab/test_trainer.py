"""A run from its start to its end: steered, changed, rewound, repeated, stopped, failed."""

import errno
import shutil
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest
from lab_runs import OPTIONS, STEPS, events_of

from inkdigits.lab import Command, LabOptions, process
from inkdigits.lab.files import Status
from inkdigits.model_file import load_model
from inkdigits.recognizer import Recognizer
from inkdigits.runs import Run


def vector_of(lab, name):
    return load_model(lab.model_path(name)).vector.tobytes()


def states(lab, name):
    return [event["state"] for event in events_of(lab, name, "state")]


def test_run_is_trained_to_its_end_and_leaves_a_model(lab, train):
    name = lab.start(OPTIONS)
    status = train(name)
    assert (status.state, status.step, status.epoch, status.has_model) == ("finished", 34, 2, True)
    assert states(lab, name) == ["starting", "training", "finished"]
    assert [event["epoch"] for event in events_of(lab, name, "epoch")] == [1, 2]
    assert events_of(lab, name, "message")[0]["text"] == "Loading the images"
    detail = lab.run(name)
    assert [point.step for point in detail.curve] == list(range(1, 35))
    assert [(c.step, c.epoch) for c in detail.checkpoints] == [(0, 0), (17, 1), (34, 2)]
    assert detail.records[-1].validation_accuracy == status.validation_accuracy
    assert np.mean([point.loss for point in detail.curve[17:]]) < detail.curve[0].loss
    # An ordinary model file, with its provenance.
    recognizer = Recognizer.load(lab.model_path(name))
    assert recognizer.model.training["limit"] is None
    assert recognizer.model.temperature != 1.0


def test_changed_and_rewound_run_is_repeated_to_the_same_bits(lab, train):
    """The rate is changed within an epoch, and the number of epochs after the last one."""
    name = lab.start(replace(OPTIONS, paused=True))
    train(
        name,
        *(Command("step"), Command("step"), Command("learning_rate", 0.02), Command("epoch")),
        *(Command("rewind", 2), Command("step"), Command("learning_rate", 0.001)),
        *(Command("epoch"), Command("epochs", 3), Command("learning_rate", 0.03)),
        Command("continue"),
    )
    changes = lab.run(name).changes
    assert [(c["setting"], c["step"], c["before"], c["after"]) for c in changes] == [
        ("rewind", 17, 17, 2),
        ("learning_rate", 3, 0.004, 0.001),
        ("epochs", 17, 2, 3),
        ("learning_rate", 17, 0.001, 0.03),
    ]
    told = [event["setting"] for event in events_of(lab, name, "changed")]
    assert told == [
        *("learning_rate", "rewind", "learning_rate", "epochs", "learning_rate"),
    ]
    assert lab.runs()[0].epochs == 3
    assert load_model(lab.model_path(name)).training["changes"] == list(changes)

    plain, same = lab.again(name), lab.again(name, replay=True)
    for other in (plain, same):
        assert train(other).state == "finished"
    assert vector_of(lab, same) == vector_of(lab, name)
    assert vector_of(lab, plain) != vector_of(lab, name)
    assert [change["setting"] for change in lab.run(same).changes] == told[2:]
    assert [(e["setting"], e["at"]) for e in events_of(lab, same, "changed")] == [
        ("learning_rate", 3),
        ("epochs", 17),
        ("learning_rate", 17),
    ]


def test_single_step_checks_one_gradient_and_changes_nothing_else(lab, train):
    names = [lab.start(options) for options in (replace(OPTIONS, paused=True), OPTIONS)]
    single = Command("step")
    train(names[0], single, single, single, Command("continue"))
    train(names[1])
    assert vector_of(lab, names[0]) == vector_of(lab, names[1])
    checks = events_of(lab, names[0], "gradient")
    assert [check["step"] for check in checks] == [1, 2, 3]
    for check in checks:
        assert abs(check["difference"]) < 1e-5 * abs(check["numerical"])
        assert abs(check["numerical"]) > 1e-3


def test_stopped_run_continues_to_the_same_bits_here_and_on_the_command_line(
    lab, train, run_inkdigits
):
    """Both apply the learning rate as it was changed, at the step where it was changed."""
    whole = lab.start(replace(OPTIONS, paused=True))
    changed = (Command("step"), Command("learning_rate", 0.02), Command("continue"))
    train(whole, *changed)
    stopped = lab.start(replace(OPTIONS, paused=True))
    status = train(stopped, *changed, stop_at=STEPS)
    assert status.state == "stopped"
    assert status.message == "The process ended as the system asked; continue the run to go on."
    assert STEPS <= status.step < 2 * STEPS
    folder = lab.folder / stopped
    shutil.copytree(folder, lab.folder / "copy")
    # Killed before its last checkpoint, it would repeat steps: from the first on, with the change.
    for path in (lab.folder / "copy").glob("checkpoint-*"):
        if path.stem > "checkpoint-00000000":
            path.unlink()
    train(stopped, Command("continue"))
    train("copy", Command("continue"))
    assert vector_of(lab, stopped) == vector_of(lab, "copy") == vector_of(lab, whole)

    interrupted = lab.start(replace(OPTIONS, paused=True))
    train(interrupted, *changed, stop_at=STEPS)
    command = lab.run(interrupted).resume.split()
    done = run_inkdigits(*command[1:], check=True)
    assert "learning rate of the run was changed from 0.004 to 0.02 at step 1." in done.stdout
    assert vector_of(lab, interrupted) == vector_of(lab, whole)
    summary = next(run for run in lab.runs() if run.name == interrupted)
    assert (summary.state, summary.epoch, summary.has_model) == ("finished", 2, True)


def test_stop_writes_a_model_of_an_unfinished_epoch(lab, train):
    name = lab.start(replace(OPTIONS, paused=True))
    status = train(name, Command("step"), Command("step"), Command("stop"))
    assert (status.state, status.step, status.has_model) == ("stopped", 2, True)
    assert load_model(lab.model_path(name)).metrics["development"] == {}
    # Stopped before the first step, there is nothing to write.
    name = lab.start(replace(OPTIONS, paused=True))
    assert not train(name, Command("stop")).has_model


def test_early_stopping_ends_when_validation_is_no_better(lab, train):
    options = replace(OPTIONS, epochs=50, optimizer="sgd", schedule="constant", learning_rate=3.0)
    name = lab.start(replace(options, paused=True))
    status = train(name, Command("early_stopping", 2), Command("continue"))
    assert status.state == "finished"
    assert status.message.startswith("Stopped early: the validation loss was lowest after epoch ")
    losses = [record.validation_loss for record in lab.run(name).records]
    assert len(losses) < 50
    assert min(losses) == losses[-3]
    assert lab.run(name).options["early_stopping"] == 2


def test_diverged_run_says_so_and_keeps_its_last_good_weights(lab, train):
    options = replace(OPTIONS, hidden=(64, 64, 64), optimizer="sgd", schedule="constant")
    name = lab.start(replace(options, batch_size=4, paused=True))
    # Without batch normalization nothing limits the activations.
    status = train(name, Command("step"), Command("learning_rate", 1e-9), Command("epoch"))
    run = Run(lab.folder / name, 8)
    state, records = run.latest(pytest.fail)
    state.params[:] = np.float32(1e30)
    run.save(replace(state, step=state.step + 1), records)
    status = train(name, Command("continue"))
    assert status.state == "diverged"
    assert "The run diverged: the loss or a weight became NaN or infinite" in status.message
    assert "rewind to it" in status.message
    status = train(name, Command("rewind", 1))
    assert (status.state, status.step) == ("stopped", 1)


class Panic(BaseException):
    """What safetensors, which is written in Rust, raises without memory."""


def failing(monkeypatch, error, after):
    """Let checkpoints fail after some."""
    save, left = Run.save, [after]

    def save_or_fail(*arguments):
        left[0] -= 1
        if left[0] < 0:
            raise error
        return save(*arguments)

    monkeypatch.setattr(Run, "save", save_or_fail)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), "The disk is full: free some space"),
        (OSError(errno.EIO, "Input/output error"), "cannot be written (Input/output error)"),
        (MemoryError(), "Training needs more memory than the limit of 4,096 MiB"),
        (Panic(), "Training needs more memory than the limit of 4,096 MiB"),
    ],
    ids=["disk", "device", "memory", "panic"],
)
def test_failed_run_says_why_and_continues_later(lab, train, monkeypatch, error, message):
    name = lab.start(OPTIONS)
    with monkeypatch.context() as patch:
        failing(patch, error, 2)
        status = train(name)
    assert status.state == "failed"
    assert message in status.message
    assert events_of(lab, name, "state")[-1]["message"] == status.message
    assert train(name, Command("continue")).state == "finished"
    other = lab.start(OPTIONS)
    train(other)
    assert vector_of(lab, name) == vector_of(lab, other)


def test_full_disk_does_not_hide_the_end_of_a_run(lab, train, monkeypatch):
    """No new file can be written, but the status is overwritten in place."""
    name = lab.start(OPTIONS)
    opened = open

    def full(path, mode="r", *arguments, **options):
        if "x" in mode or ".tmp" in str(path):
            raise OSError(errno.ENOSPC, "No space left on device")
        return opened(path, mode, *arguments, **options)

    locked = Run.locked

    @contextmanager
    def fill_the_disk(run, wait_seconds=0):
        with locked(run, wait_seconds), monkeypatch.context() as patch:
            patch.setattr("builtins.open", full)
            patch.setattr("pathlib.Path.write_bytes", lambda path, data: full(path, "x"))
            yield

    monkeypatch.setattr(Run, "locked", fill_the_disk)
    status = train(name)
    assert status.state == "failed"
    assert status.message.startswith("The disk is full: free some space, or delete other runs")


def test_images_that_cannot_be_used_are_told_without_their_path(lab, train, tmp_path, limits):
    own = tmp_path / "own"
    own.mkdir()
    (own / "bad.csv").write_text("label,pixel0\n1,2\n1,x\n")
    lab.limits = replace(limits, own_data=own)
    name = lab.start(LabOptions(data="bad.csv"))
    status = train(name, limits=lab.limits)
    assert status.state == "failed"
    assert "bad.csv" in status.message
    assert str(tmp_path) not in status.message


def test_process_lives_no_longer_than_the_limit(lab, train, limits):
    name = lab.start(OPTIONS)
    status = train(name, limits=replace(limits, seconds=0.0))
    assert status.state == "stopped"
    assert (
        status.message == "The process ended at the limit of its time; continue the run to go on."
    )
    assert train(name).state == "finished"


def test_paused_run_ends_when_its_folder_is_deleted(lab, train, limits):
    """And leaves a new run of its name alone."""
    name = lab.start(replace(OPTIONS, paused=True))
    folder, asked = lab.folder / name, 0

    def delete_while_it_is_paused():
        nonlocal asked
        if Status.read(folder).state == "paused":
            asked += 1
        if asked == 2:
            folder.rename(lab.folder / "trash")
            shutil.rmtree(lab.folder / "trash")
            assert lab.start(OPTIONS) == name
        assert asked < 4, "it still waits"
        return False

    assert process.train_run(folder, None, limits, delete_while_it_is_paused) == 0
    assert asked == 2
    assert Status.read(folder).state == "starting"
    assert not list(folder.glob("checkpoint-*"))


def test_run_has_at_most_so_many_checkpoints(lab, train, limits):
    name = lab.start(replace(OPTIONS, epochs=6))
    train(name, limits=replace(limits, checkpoints=3))
    assert [c.epoch for c in lab.run(name).checkpoints] == [4, 5, 6]


def test_drawing_is_predicted_as_by_the_recognizer(lab, train):
    """The last picture has the prediction of the network whose weights are in the model."""
    options = replace(OPTIONS, recipe="classic", hidden=None, batch_size=None, epochs=1, seed=3)
    name = lab.start(replace(options, paused=True))
    train(name)
    drawing = "tests/golden/7.png"
    lab.watch(name, drawing)
    train(name, Command("continue"))
    told = lab.run(name).picture["drawing"]
    recognizer = Recognizer.load(lab.model_path(name))
    logits = np.log(recognizer.recognize(drawing).probabilities) * recognizer.temperature
    expected = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(told["probabilities"], expected, rtol=2e-3, atol=1e-6)
    lab.unwatch(name)
    train(name)
    assert lab.run(name).picture["drawing"] is None
