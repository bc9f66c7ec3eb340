"""The accuracy benchmark: which runs there are, what is recorded of them, and README's table."""

import json

import accuracy
import pytest
import readme_tables
from accuracy import ALL_SOURCES, MNIST_ONLY, is_trained_on, train_and_evaluate, with_summary

from inkdigits.recipes import RECIPES

WRITERS = {
    "total": 200,
    "answered": 190,
    "rejected": 4,
    "log_loss": 0.03,
    "by_writer": {"mean": 0.99, "interval": [0.98, 1.0], "worst": 0.9},
}
EVALUATION = {
    "accuracy": 0.996,
    "log_loss": 0.012,
    "brier": 0.006,
    "rejected": 10,
    "total": 1000,
    "digest": "d1gest",
    "writers": {accuracy.PENDIGITS: WRITERS, "UNIPEN val": WRITERS | {"rejected": 20}},
}


def run_of(seed, accuracy=0.99):
    names = ("log_loss", "writers_mean", "writers_worst", "training_s", "whole_command_s")
    return dict.fromkeys(names, 1.0) | {"seed": seed, "accuracy": accuracy}


@pytest.fixture
def commands(tmp_path, monkeypatch):
    """The commands that the benchmark runs, which do nothing else."""
    called = []

    def inkdigits(command, *arguments):
        called.append((command, *arguments))
        if command == "train":
            run = accuracy.Path(arguments[arguments.index("--run-dir") + 1])
            run.mkdir(parents=True, exist_ok=True)
            (run / "settings.json").write_text("{}")
            epochs = [{"validation_accuracy": value, "seconds": 3} for value in (0.9, 0.95)]
            (run / "metrics.jsonl").write_text("\n".join(map(json.dumps, epochs)))
        return json.dumps(EVALUATION)

    monkeypatch.setattr(accuracy, "inkdigits", inkdigits)
    return called


@pytest.mark.parametrize(("data", "is_limited"), [(MNIST_ONLY, True), (ALL_SOURCES, False)])
def test_other_data_sets_are_used_unless_mnist_alone_is_asked_for(
    data, is_limited, commands, tmp_path
):
    train_and_evaluate("mlp", data, 3, tmp_path)
    train, evaluate = commands
    assert train[:4] == ("train", "mlp", "--seed", "3")
    assert ("--mnist-only" in train) == is_limited
    assert "--resume" not in train
    assert evaluate[0] == "evaluate"


def test_data_have_folders_of_their_own(commands, tmp_path):
    for data in accuracy.DATA:
        train_and_evaluate("mlp", data, 3, tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_run_that_was_begun_is_resumed_and_its_time_unknown(commands, tmp_path):
    first, second = (train_and_evaluate("mlp", ALL_SOURCES, 3, tmp_path) for _ in range(2))
    assert "--resume" in commands[2]
    assert first["whole_command_s"] is not None
    assert second["whole_command_s"] is None


def test_record_has_every_source_of_writers(commands, tmp_path):
    record = train_and_evaluate("mlp", ALL_SOURCES, 3, tmp_path)
    assert (record["accuracy"], record["rejected"]) == (0.996, 0.01)
    assert (record["writers_mean"], record["writers_rejected"]) == (0.99, 0.02)
    assert (record["validation_accuracy"], record["training_s"]) == (0.95, 6)
    assert record["sources"] == {
        accuracy.PENDIGITS: {"mean": 0.99, "worst": 0.9, "rejected": 0.02, "answered": 0.95},
        "UNIPEN val": {"mean": 0.99, "worst": 0.9, "rejected": 0.1, "answered": 0.95},
    }


def test_every_recipe_but_the_write_ups_is_trained_on_all_sources():
    assert all(is_trained_on(recipe, MNIST_ONLY) for recipe in RECIPES)
    assert [recipe for recipe in RECIPES if not is_trained_on(recipe, ALL_SOURCES)] == ["classic"]


def test_rows_of_data_that_is_no_longer_trained_on_are_dropped():
    figures = {"published": 0.9, "MNIST": {"runs": []}, "MNIST + Pendigits": {"runs": []}}
    new = with_summary(figures, ALL_SOURCES, [run_of(0, 0.99), run_of(1, 0.97)])
    assert list(new) == ["published", "MNIST", ALL_SOURCES]
    assert new[ALL_SOURCES]["accuracy_mean"] == pytest.approx(0.98)
    assert len(new[ALL_SOURCES]["runs"]) == 2


def test_readme_shows_the_rows_that_were_measured(tmp_path, monkeypatch):
    monkeypatch.setattr(readme_tables, "RESULTS", tmp_path)
    figures = with_summary({"published": None}, ALL_SOURCES, [run_of(0, 0.99)])
    content = json.dumps({"figures": {"mlp": figures}})
    (tmp_path / "accuracy.json").write_text(content)
    _, _, *rows = readme_tables.recipes().splitlines()
    (row,) = rows
    assert row.startswith("| `mlp` | the same | all data sets | 99.00% | 1 | ")


def test_recipe_that_is_not_described_in_readme_is_an_error(tmp_path, monkeypatch):
    monkeypatch.setattr(readme_tables, "RESULTS", tmp_path)
    figures = with_summary({"published": None}, MNIST_ONLY, [run_of(0)])
    (tmp_path / "accuracy.json").write_text(json.dumps({"figures": {"new": figures}}))
    with pytest.raises(ValueError, match="new"):
        readme_tables.recipes()
