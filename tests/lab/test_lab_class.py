"""The lab: starting, listing, following, limiting and deleting runs."""

import os
from dataclasses import replace

import numpy as np
import pytest
from lab_runs import OPTIONS, events_of
from untrained import untrained

from inkdigits.imaging.errors import ImageError
from inkdigits.lab import Command, Lab, LabError, LabOptions, TooManyRuns, UnknownRun, commands
from inkdigits.lab.files import Status
from inkdigits.lab.options import parse_options
from inkdigits.model_file import load_model, save_model
from inkdigits.recipes import CLASSIC
from inkdigits.runs import Run
from inkdigits.training import Record, init_state


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"recipe": "../mlp"}, "recipe"),
        ({"hidden": [0]}, "hidden"),
        ({"hidden": [10**6]}, "hidden"),
        ({"hidden": [8] * 21}, "hidden"),
        ({"hidden": "8"}, "hidden"),
        ({"recipe": "cnn-small", "hidden": [8]}, "hidden"),
        ({"activation": "tanh"}, "activation"),
        ({"dropout": 1.0}, "dropout"),
        ({"optimizer": "lion"}, "optimizer"),
        ({"schedule": "linear"}, "schedule"),
        ({"learning_rate": 0}, "learning_rate"),
        ({"learning_rate": "0.1"}, "learning_rate"),
        ({"batch_size": 0}, "batch_size"),
        ({"batch_size": 1.5}, "batch_size"),
        ({"epochs": 100_001}, "epochs"),
        ({"epochs": True}, "epochs"),
        ({"augment": "wild"}, "augment"),
        ({"share": 0}, "share"),
        ({"share": 1.01}, "share"),
        ({"seed": -1}, "seed"),
        ({"data": "../digits.npz"}, "data"),
        ({"data": "missing.npz"}, "data"),
        ({"data": ""}, "data"),
        ({"early_stopping": 0}, "early_stopping"),
        ({"recipe": "classic", "early_stopping": 3}, "early_stopping"),
        ({"name": "../run"}, "name"),
        ({"colour": 1}, "colour"),
    ],
    ids=str,
)
def test_wrong_option_is_told_by_its_name(lab, options, field):
    with pytest.raises(LabError) as caught:
        lab.start(parse_options({"data": "digits.npz"} | options))
    assert caught.value.field == field
    assert field in str(caught.value)
    assert str(caught.value).endswith(".")
    assert lab.runs() == []


def test_options_are_read_from_json(lab):
    assert parse_options({"hidden": [8, 4], "share": 1}) == LabOptions(hidden=(8, 4), share=1.0)
    name = lab.start(replace(OPTIONS, optimizer="momentum", schedule="constant", name="mine"))
    assert name == "mine"
    assert lab.start(replace(OPTIONS, name="mine")) == "mine-2"


@pytest.mark.parametrize(
    ("command", "field"),
    [
        (Command("fly"), "command"),
        (Command("pause", 1), "value"),
        (Command("learning_rate"), "value"),
        (Command("learning_rate", float("nan")), "value"),
        (Command("learning_rate", 0), "value"),
        (Command("epochs", 1.5), "value"),
        (Command("epochs", 0), "value"),
        (Command("rewind", -1), "value"),
        (Command("early_stopping", 0.5), "early_stopping"),
    ],
    ids=str,
)
def test_wrong_command_is_told(lab, command, field):
    name = lab.start(OPTIONS)
    with pytest.raises(LabError) as caught:
        lab.command(name, command)
    assert caught.value.field == field


def test_commands_are_taken_in_order_and_damaged_ones_left_out(tmp_path):
    for number in range(1, 12):
        commands.send(tmp_path, Command("rewind", number))
    folder = tmp_path / commands.FOLDER
    (folder / "0.json").write_text('{"command": "rewind", "value": ')
    (folder / "1.json").write_text('{"command": "delete"}')
    (folder / ".inkdigits-x.tmp").write_text("half")
    assert [command.value for command in commands.take(tmp_path)] == list(range(1, 12))
    assert commands.take(tmp_path) == []


def test_too_many_waiting_commands_are_rejected(tmp_path, monkeypatch):
    monkeypatch.setattr(commands, "MAX_WAITING", 3)
    for _ in range(3):
        commands.send(tmp_path, Command("pause"))
    with pytest.raises(LabError, match="Too many commands"):
        commands.send(tmp_path, Command("pause"))


def test_number_of_runs_and_the_disk_are_limited(lab, limits):
    busy = lab.start(OPTIONS)
    other = lab.start(OPTIONS)
    lab._processes[other].wait()
    lab.limits = replace(limits, running=1)
    with Run(lab.folder / busy).locked():
        with pytest.raises(TooManyRuns, match="1 runs are training or paused"):
            lab.start(OPTIONS)
        with pytest.raises(TooManyRuns):
            lab.command(other, Command("continue"))
        with pytest.raises(LabError, match="stop it before it is deleted"):
            lab.delete(busy)
        # Another lab sees the same.
        with pytest.raises(TooManyRuns):
            Lab(lab.folder, None, lab.limits).start(OPTIONS)
    lab.limits = replace(limits, kept=2)
    with pytest.raises(TooManyRuns, match="as many as may be kept"):
        lab.start(OPTIONS)
    lab.limits = replace(limits, free_bytes=1 << 62)
    with pytest.raises(LabError, match="disk space"):
        lab.start(OPTIONS)
    lab.delete(busy)
    assert [run.name for run in lab.runs()] == [other]


def test_unchanged_runs_are_not_read_again(lab, train, monkeypatch):
    names = [lab.start(OPTIONS) for _ in range(3)]
    train(names[0])
    before = lab.runs()
    assert {run.name: run.state for run in before}[names[0]] == "finished"
    reads = []
    read = Status.read.__func__
    monkeypatch.setattr(Status, "read", classmethod(lambda cls, f: reads.append(f) or read(cls, f)))
    assert lab.runs() == before
    assert reads == []
    train(names[1])
    reads.clear()
    lab.runs()
    assert {folder.name for folder in reads} <= {names[1]}
    assert reads


def test_run_of_the_command_line_is_listed_and_shown(lab):
    folder = lab.folder / "classic-seed-0"
    run = Run(folder)
    recipe = replace(CLASSIC, epochs=2)
    records = [Record(epoch, 1.5, 0.75, None, None, 0.01, 2.0, 50.0) for epoch in (1, 2)]
    with run.locked():
        run.begin({"recipe": recipe.to_json(), "seed": 7, "limit": 100, "data": {}})
        run.save(replace(init_state(recipe, 7), step=100), records[:1])
    (summary,) = lab.runs()
    assert (summary.state, summary.epoch, summary.steps) == ("stopped", 1, 200)
    with run.locked():
        run.save(replace(init_state(recipe, 7), step=200), records)
        save_model(folder / "classic.safetensors", untrained())
    (summary,) = lab.runs()
    assert (summary.state, summary.recipe, summary.step, summary.seconds, summary.has_model) == (
        *("finished", "classic", 200, 4.0, True),
    )
    assert (summary.settings["optimizer"], summary.settings["seed"]) == ("sgd", 7)
    detail = lab.run(summary.name)
    assert detail.records == tuple(records)
    assert (detail.options, detail.curve, detail.resume) == (None, (), None)
    assert lab.model_path(summary.name).name == "classic.safetensors"
    assert lab.record(summary.name)["limit"] == 100
    with pytest.raises(LabError, match="started with inkdigits train"):
        lab.command(summary.name, Command("continue"))
    lab.delete(summary.name)
    assert not folder.exists()


def test_validation_digits_and_confusion_belong_together(lab, train):
    name = lab.start(OPTIONS)
    assert lab.confusion(name) is None
    assert lab.mistakes(name) == []
    train(name)
    confusion = lab.confusion(name)
    assert confusion.counts.sum() == 30
    accuracy = lab.runs()[0].validation_accuracy
    assert np.trace(confusion.counts) == pytest.approx(30 * accuracy)
    mistakes = lab.mistakes(name)
    assert len(mistakes) == 30 - np.trace(confusion.counts)
    confidences = [digit.confidence for digit in mistakes]
    assert confidences == sorted(confidences, reverse=True)
    found = set()
    for row, actual in enumerate(confusion.classes):
        for column, predicted in enumerate(confusion.classes):
            cell = lab.digits(name, actual, predicted)
            assert len(cell) == confusion.counts[row, column]
            assert all((d.actual, d.predicted) == (actual, predicted) for d in cell)
            found |= {digit.number for digit in cell}
            assert all(digit.picture.shape == (28, 28) for digit in cell)
            assert all(digit.picture.max() > 128 for digit in cell)
    assert found == set(range(30))
    with pytest.raises(LabError):
        lab.digits(name, "x", "0")
    (lab.folder / name / "validation-pictures.z").write_bytes(b"damaged")
    with pytest.raises(LabError, match="cannot be read"):
        lab.mistakes(name)


def test_drawings_that_are_no_images_are_rejected(lab, train):
    name = lab.start(OPTIONS)
    with pytest.raises(LabError, match="not loaded its images"):
        lab.watch(name, "tests/golden/7.png")
    train(name)
    with pytest.raises(ImageError):
        lab.watch(name, b"no image")


def test_events_are_followed_from_any_place(lab, train):
    name = lab.start(OPTIONS)
    train(name)
    followed = list(lab.events(name, 0, lambda: False))
    assert [event for _, event in followed] == events_of(lab, name)
    offset, _ = followed[4]
    assert list(lab.events(name, offset, lambda: False)) == followed[5:]
    assert list(lab.events(name, offset - 3, lambda: False)) == followed[5:]
    assert list(lab.events(name, 10**9, lambda: False)) == []
    pictures = [event for _, event in followed if event["type"] == "picture"]
    assert len(pictures) == 1  # only the last has its content
    assert pictures[0]["weights"]["shape"] == [28, 28]
    assert [len(h["weights"]["counts"]) for h in pictures[0]["histograms"]] == [30, 30]
    assert list(lab.events(name, 0, lambda: True)) == []


def test_half_a_line_of_a_killed_process_is_skipped(lab, train):
    name = lab.start(OPTIONS)
    train(name, stop_at=3)
    path = lab.folder / name / "events.jsonl"
    before = len(events_of(lab, name))
    with path.open("ab") as file:
        file.write(b'{"type": "step", "st')
    assert len(events_of(lab, name)) == before
    assert train(name, Command("continue")).state == "finished"
    told = [event["state"] for event in events_of(lab, name, "state")]
    assert told[-4:] == ["starting", "paused", "training", "finished"]


def test_unknown_runs_are_told(lab):
    for function in (lab.run, lab.delete, lab.confusion, lab.model_path, lab.record, lab.again):
        with pytest.raises(UnknownRun):
            function("nothing")
    with pytest.raises(UnknownRun):
        lab.events("nothing", 0, lambda: False)


# Real processes.


def test_killed_run_continues_in_another_process_to_the_same_bits(tmp_path, limits):
    """The process of the run is killed, and the lab that started it is gone."""
    lab = Lab(tmp_path / "runs", None, limits)
    options = replace(OPTIONS, paused=True, epochs=3)
    name = lab.start(options)
    follow = lab.events(name, 0, lambda: False)
    next(event for _, event in follow if event and event.get("state") == "paused")
    assert [run.state for run in lab.runs()] == ["paused"]
    process = lab._processes[name]
    assert os.getsid(process.pid) != os.getsid(0)
    lab.command(name, Command("epoch"))
    next(event for _, event in follow if event and event["type"] == "epoch")
    process.kill()
    process.wait()

    lab = Lab(lab.folder, None, limits)
    (summary,) = lab.runs()
    assert (summary.state, summary.epoch) == ("stopped", 1)
    assert "process died" in summary.message
    lab.command(name, Command("continue"))
    for _ in lab.events(name, 0, lambda: False):
        pass
    (summary,) = lab.runs()
    assert (summary.state, summary.epoch) == ("finished", 3)
    assert (lab.folder / name / "lab.log").read_text() == ""

    uninterrupted = Lab(tmp_path / "other", None, limits)
    other = uninterrupted.start(replace(options, paused=False))
    for _ in uninterrupted.events(other, 0, lambda: False):
        pass
    vectors = [
        load_model(at.model_path(run)).vector for at, run in ((lab, name), (uninterrupted, other))
    ]
    assert vectors[0].tobytes() == vectors[1].tobytes()
