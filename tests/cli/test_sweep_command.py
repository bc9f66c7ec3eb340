"""`inkdigits sweep` without Ray: wrong arguments, and the report."""

import re
from dataclasses import replace

import pytest
from click.testing import CliRunner

from inkdigits.cli import main
from inkdigits.cli.sweep_report import write_report
from inkdigits.recipes import MLP
from inkdigits.scale.search_space import Trial, draw_settings, make_trials, parse_dimension
from inkdigits.scale.sweep import Sweep
from inkdigits.scale.sweep_results import Result, best_first
from inkdigits.training import Record


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["mlp", "--over", "learning_rate"], "does not name a setting and its values"),
        (["mlp", "--over", "dropout=[0]", "--over", "dropout=[1]"], "dropout is given twice"),
        (["mlp", "--over", "batch_size=[0]"], "mlp cannot be trained with batch_size 0"),
        (["classic", "--over", "epochs=[1,2]"], "classic holds out no validation digits"),
        (["none", "--over", "epochs=[1,2]"], "neither a file nor a recipe"),
        (["mlp", "--over", "epochs=[1]", "--resume"], "has no sweep to resume"),
        (["mlp", "--over", "epochs=[1]", "--on", "http://a"], "is not ray or ray://HOST"),
    ],
)
def test_wrong_arguments_end_in_one_sentence(arguments, message, tmp_path):
    folder = ["--sweep-dir", str(tmp_path / "sweep"), "--mnist-only"]
    result = CliRunner().invoke(main, ["sweep", *arguments, *folder])
    assert result.exit_code == 1
    assert re.fullmatch(rf"Error: [^\n]*{message}[^\n]*\.\n", result.stderr), result.stderr
    assert not (tmp_path / "sweep").exists()


def records(*accuracies):
    return tuple(
        Record(epoch, 1.0, 0.5, 2 * (1 - accuracy), accuracy, 0.1, 1.0, 100.0)
        for epoch, accuracy in enumerate(accuracies, 1)
    )


@pytest.fixture
def space():
    return [parse_dimension("learning_rate=log(1e-4,1e-2)"), parse_dimension("hidden=[[8],[]]")]


@pytest.fixture
def sweep(tmp_path, space):
    recipe = replace(MLP, epochs=2)
    trials = make_trials(recipe, draw_settings(space, 5, 0))
    return Sweep(tmp_path, recipe, trials, (3, 4), None, pytest.fail)


def test_report_shows_every_trial_and_the_best(sweep, space):
    first, second, third, fourth, fifth = sweep.trials
    results = best_first(
        [
            Result(first, "stopped", "", (records(0.995), records(0.995))),
            Result(second, "finished", "", (records(0.5, 0.97), records(0.6, 0.99))),
            Result(third, "finished", "", (records(0.5, 0.96), records(0.6, 1.0))),
            Result(fourth, "failed", "KeyError: '<b>'", ((), ())),
            Result(fifth, None, "", (records(0.2, 0.3), records(0.4))),
        ]
    )
    # Equal means: the one with the lower loss, which is equal too, so the order is kept.
    assert [result.trial.number for result in results] == [2, 3, 1, 5, 4]
    path = write_report(sweep, space, results)
    page = path.read_text(encoding="utf-8")
    assert "98.00%" in page
    assert f"Its settings are learning_rate {second.settings['learning_rate']:g}" in page
    assert page.count('<polyline class="best"') == 2  # in each chart
    assert page.count('<polyline class="finished"') == 2
    assert page.count('<polyline class="stopped"') == 4
    assert page.count("<tr class=") == 5
    assert "failed: KeyError: &#39;&lt;b&gt;&#39;" in page
    assert "not ended" in page
    numbers = re.findall(r'points="([^"]*)"', page)
    heights = [float(point.split(",")[1]) for points in numbers for point in points.split()]
    assert all(0 < height < 340 for height in heights)


def test_report_without_any_finished_trial(sweep, space):
    results = [Result(trial, "diverged", "", ((), ())) for trial in sweep.trials]
    page = write_report(sweep, space, results).read_text(encoding="utf-8")
    assert "No trial was trained to the end." in page
    assert "<polyline" not in page


def test_perfect_accuracy_can_be_drawn(sweep, space):
    results = [Result(sweep.trials[0], "finished", "", (records(1.0, 1.0), records(1.0, 1.0)))]
    assert "100.00%" in write_report(sweep, space, results).read_text(encoding="utf-8")


def test_mean_and_spread_are_over_the_seeds(sweep):
    result = Result(sweep.trials[0], "finished", "", (records(0.5, 0.9), records(0.7, 1.0)))
    assert result.curve == pytest.approx([0.6, 0.95])
    assert result.accuracy == pytest.approx(0.95)
    assert result.spread == pytest.approx(0.0707, abs=1e-4)
    assert result.loss == pytest.approx(0.1)
    one = Result(sweep.trials[0], None, "", (records(0.5), ()))
    assert (one.epochs, one.accuracy, one.spread, one.loss) == (0, None, None, None)


def test_texts_of_neighboring_axes_do_not_overlap(tmp_path):
    names = ["network.layers.1.initializer.scale", "optimizer.weight_decay", "learning_rate"]
    names += ["batch_size", "dropout", "epochs", "ema_decay"]
    space = [parse_dimension(f"{name}=[1]") for name in names]
    space.append(parse_dimension("hidden=[[1024,1024,512,512,256,256,128],[8]]"))
    trials = [Trial(1, draw_settings(space, 1, 0)[0], MLP)]
    results = [Result(trials[0], "finished", "", (records(0.9),))]
    path = write_report(Sweep(tmp_path, MLP, trials, (0,), None, pytest.fail), space, results)
    page = path.read_text(encoding="utf-8")
    axes = re.findall(r'class="axis" x="([\d.]+)"[^>]*>(.*?)</text>', page)
    assert [name for _, name in axes[:2]] == ["initializer.scale", "optimizer.weight_decay"]
    # A name is centered at its axis; a value is between its axis and the next one.
    places = [float(x) for x, _ in axes]
    distance = places[1] - places[0]
    texts = re.findall(r'<text class="(?:axis|tick)"[^>]*>(.*?)</text>', page)
    assert 6 * max(map(len, texts)) < distance
    width = float(re.search(r'viewBox="0 10 (\d+) ', page)[1])
    assert places[-1] < width - 40
