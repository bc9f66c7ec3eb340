"""Sweeps on a cluster of this machine; the command, interrupted and resumed; and their files."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest
from sweep_runs import TINY, broken_sources_from, sources_from, trials_with

from inkdigits.recipe_files import read_recipe
from inkdigits.runs import Run
from inkdigits.scale import sweep as sweep_module
from inkdigits.scale.errors import ScaleError
from inkdigits.scale.sweep import EpochDone, Sweep, TrialEnded
from inkdigits.scale.sweep_results import best_first
from inkdigits.storage.files import FileError

GOOD, BAD = {"learning_rate": 0.01}, {"learning_rate": 1e-6}


@pytest.fixture
def make_sweep(tmp_path, packaged_splits):
    """Make a sweep and its folder."""

    def make(*settings, resume=False, seeds=(0, 1), grace=1):
        sweep = Sweep(
            folder=tmp_path / "sweep",
            recipe=TINY,
            trials=trials_with(*settings),
            seeds=seeds,
            limit=None,
            sources_of=lambda recipe: (
                broken_sources_from if recipe.pendigits_images else sources_from
            )(packaged_splits[0]),
            grace=grace,
            at_once=1,
        )
        sweep.begin({"over": ["x"]}, resume)
        return sweep

    return make


def ended(events):
    return [(event.trial.number, event.outcome) for event in events if type(event) is TrialEnded]


def kill_a_trial():
    """Kill a worker that trains, as the kernel would if the memory were full."""
    for folder in Path("/proc").iterdir():
        try:
            title = (folder / "cmdline").read_bytes()
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            is_ours = str(os.getpid()) in (Path("/proc") / str(parent) / "stat").read_text()
        except (OSError, ValueError):
            continue
        if b"ray::" in title and b"ImplicitFunc" in title and is_ours:
            os.kill(int(folder.name), signal.SIGKILL)
            return
    pytest.fail("no worker trains")


def free_cpus(enough):
    """Return how many CPUs of the cluster are free, once that is enough or does not change."""
    import ray

    until = time.monotonic() + 30
    while (free := ray.available_resources().get("CPU", 0)) < enough and time.monotonic() < until:
        time.sleep(0.1)
    return free


@pytest.mark.ray
def test_trials_end_as_they_should_and_the_best_is_first(ray_cluster, make_sweep):
    # Each step multiplies the weights by about -9.
    diverging = {"optimizer": "sgd", "schedule": "constant", "learning_rate": 10.0}
    diverging |= {"optimizer.weight_decay": 1.0, "batch_size": 4}
    failing = {"pendigits_images": 1}  # whose data are broken
    sweep = make_sweep(GOOD, BAD, diverging, {"learning_rate": 0.02}, failing)
    events = list(sweep.run())
    assert dict(ended(events)) == {
        1: "finished",
        2: "stopped",
        3: "diverged",
        4: "finished",
        5: "failed",
    }
    epochs = [
        event.epoch for event in events if type(event) is EpochDone and event.trial.number == 1
    ]
    assert epochs == [1, 2, 3]
    results = {result.trial.number: result for result in sweep.results()}
    assert results[2].epochs == 1
    assert results[1].epochs == 3
    assert results[1].accuracy == pytest.approx(np.mean(results[1].accuracies))
    assert results[1].curve[-1] == results[1].accuracy > results[2].accuracy
    order = [result.trial.number for result in best_first(results.values())]
    assert set(order[:2]) == {1, 4}
    assert results[5].cause == "KeyError: 'Unknown'"
    assert results[order[0]].accuracy >= results[order[1]].accuracy


@pytest.mark.ray
def test_worker_that_is_killed_changes_no_weight(ray_cluster, make_sweep):
    long = {"epochs": 60}
    sweep = make_sweep(long, long, grace=None)
    killed = False
    for event in sweep.run():
        if not killed and type(event) is EpochDone and event.epoch >= 2:
            kill_a_trial()
            killed = True
    assert killed
    assert [result.outcome for result in sweep.results()] == ["finished", "finished"]
    for seed in sweep.seeds:
        states = [
            Run(sweep.path(trial) / f"seed-{seed}").latest(pytest.fail) for trial in sweep.trials
        ]
        assert np.array_equal(states[0][0].params, states[1][0].params)


@pytest.mark.ray
def test_sweep_that_was_stopped_does_only_what_is_left(ray_cluster, make_sweep):
    sweep = make_sweep(GOOD, {"learning_rate": 0.02}, BAD)
    events = sweep.run()
    next(event for event in events if type(event) is TrialEnded)
    events.close()
    assert free_cpus(ray_cluster.cpus) == ray_cluster.cpus
    (first, *_) = sweep.results()
    assert first.outcome == "finished"
    before = {path: path.stat().st_mtime_ns for path in sweep.path(first.trial).rglob("*")}
    again = make_sweep(GOOD, {"learning_rate": 0.02}, BAD, resume=True)
    # ASHA compares with the trials that had ended.
    assert dict(ended(again.run())) | {2: ""} == {2: "", 3: "stopped"}
    assert before == {path: path.stat().st_mtime_ns for path in sweep.path(first.trial).rglob("*")}


@pytest.mark.ray
def test_trial_that_would_run_for_hours_frees_its_cpu_when_the_sweep_is_stopped(
    ray_cluster, make_sweep
):
    events = make_sweep({"epochs": 50_000}).run()
    next(event for event in events if type(event) is EpochDone)
    events.close()
    assert free_cpus(ray_cluster.cpus) == ray_cluster.cpus


@pytest.mark.ray
def test_node_with_another_version_is_refused(ray_cluster, make_sweep, monkeypatch):
    ours = sweep_module.versions() | {"inkdigits": "99.0"}
    monkeypatch.setattr(sweep_module, "versions", lambda: ours)
    with pytest.raises(ScaleError, match=r"has inkdigits \d\S* instead of 99\.0: install"):
        list(make_sweep(GOOD).run())


@pytest.mark.ray
def test_command_can_be_stopped_and_resumed(inkdigits_command, small_mnist, tmp_path):
    command = [
        *inkdigits_command,
        *("sweep", "mlp", "--over", "learning_rate=[0.001,0.01]", "--over", "augment=[none]"),
        *("--limit", "200", "--mnist-only", "--epochs", "60", "--seeds", "2", "--grace", "60"),
        # One trial at a time, so that there is enough left to do when the signal arrives.
        *("--workers", "1"),
    ]
    process = subprocess.Popen(
        command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    folder = tmp_path / "sweeps/mlp-seed-0"
    run = folder / "trials/0001/seed-0"
    while process.poll() is None and len(list(run.glob("checkpoint-*"))) < 2:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=300)
    assert (process.returncode, err) == (130, "")
    assert "continue with --resume.\nStopped by SIGINT.\n" in out

    done = subprocess.run(
        [*command, "--resume"], cwd=tmp_path, capture_output=True, text=True, timeout=300
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "2 trials trained to the end; ASHA stopped 0 early" in done.stdout
    best = re.search(r"^Best: trial ([12]), ", done.stdout, re.MULTILINE)[1]
    assert read_recipe(folder / "best.toml").name == f"mlp-000{best}"
    assert (folder / "report.html").read_text().count("<polyline") == 4

    resume = subprocess.run(
        [
            *(*inkdigits_command, "train", folder / "trials/0001/recipe.toml", "--limit", "200"),
            *("--mnist-only", "--run-dir", run, "--resume", "--epochs", "61"),
        ],
        capture_output=True,
        text=True,
    )
    assert (resume.returncode, resume.stderr) == (0, "")
    assert "60 epochs done" in resume.stdout


# Without Ray.


def test_folder_tells_the_sweep_and_its_trials(make_sweep):
    sweep = make_sweep(GOOD, {"hidden": (8, 4)})
    content = json.loads((sweep.folder / "sweep.json").read_text())
    assert content["trials"] == [GOOD, {"hidden": [8, 4]}]
    assert read_recipe(sweep.path(sweep.trials[1]) / "recipe.toml") == sweep.trials[1].recipe
    assert [(result.outcome, result.epochs, result.accuracy) for result in sweep.results()] == [
        (None, 0, None)
    ] * 2


def test_sweep_is_resumed_with_the_same_arguments(make_sweep):
    make_sweep(GOOD)
    with pytest.raises(ScaleError, match="already has a sweep: continue it with --resume"):
        make_sweep(GOOD)
    with pytest.raises(ScaleError, match=r"was started with trials\.0\.learning_rate 0\.01, not"):
        make_sweep(BAD, resume=True)
    with pytest.raises(ScaleError, match="was started with seeds"):
        make_sweep(GOOD, seeds=(0, 1, 2), resume=True)
    make_sweep(GOOD, resume=True)


def test_folder_without_a_sweep_cannot_be_resumed(make_sweep):
    with pytest.raises(ScaleError, match="has no sweep to resume"):
        make_sweep(GOOD, resume=True)


@pytest.mark.parametrize("content", ["", "[]", '{"outcome": "won", "cause": ""}', "{}", "\xff"])
def test_damaged_outcome_is_an_error_in_one_sentence(make_sweep, content):
    sweep = make_sweep(GOOD)
    (sweep.path(sweep.trials[0]) / "outcome.json").write_text(content, encoding="latin-1")
    with pytest.raises(FileError, match=r"outcome\.json is damaged"):
        sweep.results()
