"""A trial without Ray: its files are kept in a dictionary, as on the cluster in an actor."""

from dataclasses import replace

import pytest
from sweep_runs import TINY, files_in, sources_from, trials_with

from inkdigits.checkpoints import read_metrics
from inkdigits.model_file import load_model
from inkdigits.nn.schedules import Constant
from inkdigits.runs import Run, RunError
from inkdigits.scale.search_space import Trial
from inkdigits.scale.sweep_files import read_copies, write_copies
from inkdigits.scale.sweep_trial import data_key, prepare, run_trial

(TRIAL,) = trials_with({"learning_rate": 0.01})
SETTINGS = {"limit": None, "data": {"digits": "0" * 64}}


class Interrupted(Exception):
    pass


@pytest.fixture(scope="module")
def data(packaged_splits):
    sources = sources_from(packaged_splits[0])
    return {seed: prepare(TRIAL, sources, seed) for seed in (0, 1)}


@pytest.fixture
def run(tmp_path, data):
    """Run a trial, with its files in a folder; stop before a number of files have been sent."""

    def run(trial=TRIAL, stop_after=None, settings=SETTINGS):
        reports, sent = [], 0

        def send(name, written, removed):
            nonlocal sent
            if sent == stop_after:
                raise Interrupted
            sent += 1
            write_copies(tmp_path / name, written, removed)

        run_trial(
            *(trial, data, settings, lambda name: read_copies(tmp_path / name), send),
            lambda epoch, accuracy: reports.append((epoch, accuracy)),
        )
        return reports

    return run


def test_trial_reports_the_mean_over_the_seeds_after_each_epoch(run, tmp_path):
    reports = run()
    records = [read_metrics(tmp_path / f"0001/seed-{seed}/metrics.jsonl") for seed in (0, 1)]
    assert [epoch for epoch, _ in reports] == [1, 2, 3]
    for (_, accuracy), first, second in zip(reports, *records, strict=True):
        assert accuracy == pytest.approx(
            (first.validation_accuracy + second.validation_accuracy) / 2
        )


def test_files_are_those_of_an_ordinary_run(run, tmp_path):
    run()
    folder = Run(tmp_path / "0001/seed-1")
    folder.check_settings({"recipe": TRIAL.recipe.to_json(), "seed": 1, **SETTINGS})
    state, records = folder.latest(pytest.fail)
    assert (len(records), state.step) == (3, 15)
    assert len(folder.checkpoints()) == 2
    model = load_model(tmp_path / "0001/seed-1/tiny-0001.safetensors")
    assert model.training["seed"] == 1
    assert model.metrics["validation_accuracy"] == records[-1].validation_accuracy


@pytest.fixture(scope="module")
def whole(data, tmp_path_factory):
    """The folder of the same trial, which was not interrupted."""
    folder = tmp_path_factory.mktemp("whole")
    run_trial(
        *(TRIAL, data, SETTINGS, lambda name: {}),
        lambda name, written, removed: write_copies(folder / name, written, removed),
        lambda epoch, accuracy: None,
    )
    return folder


# Two seeds: two beginnings, then after each of three epochs, then two models.
@pytest.mark.parametrize("stop_after", [0, 1, 3, 7, 8, 9])
def test_trial_that_was_interrupted_goes_on_to_the_same_weights(run, tmp_path, whole, stop_after):
    with pytest.raises(Interrupted):
        run(stop_after=stop_after)
    assert [epoch for epoch, _ in run()] == [1, 2, 3]  # earlier ones again, for ASHA
    for seed in (0, 1):
        ours, expected = (folder / f"0001/seed-{seed}" for folder in (tmp_path, whole))
        assert files_in(ours) == files_in(expected)
        model = "tiny-0001.safetensors"
        assert load_model(ours / model).digest == load_model(expected / model).digest


def test_trials_share_images_but_not_batches(run, data, tmp_path):
    (trial,) = trials_with({"batch_size": 50, "augment": "mild", "epochs": 1})
    assert data_key(trial) == data_key(TRIAL)
    run(trial)
    state, _ = Run(tmp_path / "0001/seed-0").latest(pytest.fail)
    assert state.step == 3  # 150 digits
    assert data[0].batches.size == TINY.batch_size


def test_images_that_are_prepared_in_another_way_have_another_key():
    (trial,) = trials_with({"restroked": 0.5})
    assert data_key(trial) != data_key(TRIAL)


def test_files_of_another_training_are_refused(run):
    with pytest.raises(Interrupted):
        run(stop_after=4)
    with pytest.raises(RunError, match="was started with limit None, not 5"):
        run(settings=SETTINGS | {"limit": 5})


def test_divergence_is_an_error(run):
    recipe = replace(TRIAL.recipe, schedule=Constant(1e30))
    with pytest.raises(ArithmeticError, match="the loss is NaN or infinite"):
        run(Trial(1, {}, recipe))
